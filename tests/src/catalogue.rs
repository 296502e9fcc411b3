//! CSV files of products and lots to import, generated or from a folder named by an environment variable.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use server::DEFAULT_SITE;
use server::csv::Source;
use server::import::{ImportOptions, ImportReport, import};
use sync::UnixMillis;

use crate::TestServer;

/// The environment variable that names a folder with `products.csv` and `inventory_lots.csv`.
pub const LOTBOOK_DATA: &str = "LOTBOOK_DATA";

/// The generated products.
const MADE_PRODUCTS: usize = 3_000;

/// A file of products and the file of their lots.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// Path of the products file.
    pub products: PathBuf,
    /// Path of the lots file.
    pub lots: PathBuf,
}

impl Catalogue {
    /// The files of the folder named by [`LOTBOOK_DATA`], or else 3,000 generated products with two lots each
    /// in `dir`.
    ///
    /// # Errors
    /// If the files cannot be written.
    pub fn given_or_made(dir: &Path) -> Result<Self> {
        match env::var_os(LOTBOOK_DATA) {
            Some(given) => {
                let given = PathBuf::from(given);
                Ok(Self { products: given.join("products.csv"), lots: given.join("inventory_lots.csv") })
            }
            None => Self::made(dir, MADE_PRODUCTS),
        }
    }

    /// The given files for a server on a file of SQLite. Other engines take a minute for them, and get the smaller ones.
    ///
    /// # Errors
    /// If the files cannot be written.
    pub fn for_server(server: &TestServer, dir: &Path) -> Result<Self> {
        if server.books().file().is_some() {
            Self::given_or_made(dir)
        } else {
            Self::made(dir, MADE_PRODUCTS)
        }
    }

    /// Generates files in `dir`: `products` products with two lots each; every tenth lot is reserved.
    ///
    /// # Errors
    /// If the files cannot be written.
    pub fn made(dir: &Path, products: usize) -> Result<Self> {
        let mut product_lines = "sku,barcode,name,unit,price_minor,currency,family,variant\n".to_owned();
        let mut lot_lines = "sku,lot_code,location,quantity,status,expires_on,received_on\n".to_owned();
        for number in 0..products {
            let family = number / 3;
            writeln!(
                product_lines,
                "P{number:06},,\"Product \"\"{number}\"\", boxed\",kg,{},EUR,Family {family},{}",
                100 + number,
                number % 3
            )?;
            for lot in 0..2 {
                let status = if (number * 2 + lot) % 10 == 0 { "reserved" } else { "available" };
                writeln!(
                    lot_lines,
                    "P{number:06},L{lot},A-{}-{lot},{}.5,{status},2031-05-0{},",
                    number % 40,
                    number % 90,
                    lot + 1
                )?;
            }
        }
        let made = Self { products: dir.join("products.csv"), lots: dir.join("inventory_lots.csv") };
        fs::write(&made.products, product_lines)?;
        fs::write(&made.lots, lot_lines)?;
        Ok(made)
    }

    /// Imports both files.
    ///
    /// # Errors
    /// If the import refuses a file.
    pub async fn import_into(&self, server: &TestServer) -> Result<ImportReport> {
        let options = ImportOptions {
            site: DEFAULT_SITE.to_owned(),
            products: Some(Source::open(&self.products)?),
            lots: Some(Source::open(&self.lots)?),
            deliveries: None,
            skip_bad: false,
        };
        import(server.store()?, options, UnixMillis(1_795_000_000_000)).await
    }
}
