//! `export`: a site's products, lots and deliveries into files that `import` reads.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use uuid::Uuid;

use crate::csv::{DELIVERY_HEADER, LOT_HEADER, PRODUCT_HEADER, write_delivery, write_lot, write_product};
use crate::store::{ExportRow, Store};

/// Rows written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Products.
    pub products: u64,
    /// Lots.
    pub lots: u64,
    /// Lines of deliveries.
    pub delivery_lines: u64,
}

/// Files under temporary names, which are renamed when they are complete.
struct Files {
    products: csv::Writer<File>,
    lots: csv::Writer<File>,
    deliveries: Option<csv::Writer<File>>,
    skus: HashMap<Uuid, String>,
    exported: Exported,
}

/// Writes the files. Existing files are replaced only when the new ones are complete.
///
/// # Errors
/// When a file cannot be written, or the database fails.
pub async fn export(
    store: &dyn Store,
    site: &str,
    products: &Path,
    lots: &Path,
    deliveries: Option<&Path>,
) -> Result<Exported> {
    [Some(products), Some(lots), deliveries].into_iter().flatten().try_for_each(check_is_file)?;
    let (unfinished_products, unfinished_lots) = (unfinished(products), unfinished(lots));
    let unfinished_deliveries = deliveries.map(unfinished);
    let mut files = Files {
        products: create(&unfinished_products)?,
        lots: create(&unfinished_lots)?,
        deliveries: unfinished_deliveries.as_deref().map(create).transpose()?,
        skus: HashMap::new(),
        exported: Exported::default(),
    };
    files.products.write_record(PRODUCT_HEADER)?;
    files.lots.write_record(LOT_HEADER)?;
    if let Some(deliveries) = &mut files.deliveries {
        deliveries.write_record(DELIVERY_HEADER)?;
    }
    let files = Arc::new(Mutex::new(files));
    let taken = Arc::clone(&files);
    let sink = move |row| {
        let mut files = taken.lock().unwrap_or_else(PoisonError::into_inner);
        files.take(&row).map_err(|error| format!("the file cannot be written: {error}"))
    };
    store.export(site, Box::new(sink)).await?;
    let mut files = files.lock().unwrap_or_else(PoisonError::into_inner);
    files.products.flush()?;
    files.lots.flush()?;
    fs::rename(&unfinished_products, products)?;
    fs::rename(&unfinished_lots, lots)?;
    if let (Some(writer), Some(from), Some(to)) = (&mut files.deliveries, &unfinished_deliveries, deliveries)
    {
        writer.flush()?;
        fs::rename(from, to)?;
    }
    Ok(files.exported)
}

fn unfinished(path: &Path) -> PathBuf {
    path.with_added_extension("part")
}

/// A device, such as `/dev/null`, would be replaced by a file.
fn check_is_file(path: &Path) -> Result<()> {
    if path.exists() && !path.is_file() {
        bail!("{} is no file. Name a file to write or to replace.", path.display());
    }
    Ok(())
}

fn create(path: &Path) -> Result<csv::Writer<File>> {
    let file = File::create(path).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(csv::Writer::from_writer(file))
}

impl Files {
    fn take(&mut self, row: &ExportRow) -> csv::Result<()> {
        match row {
            ExportRow::Product(product) => {
                self.skus.insert(product.id, product.sku.clone());
                self.exported.products += 1;
                write_product(&mut self.products, product)
            }
            ExportRow::Lot(lot) => {
                let Some(sku) = self.skus.get(&lot.lot.product_id) else { return Ok(()) };
                self.exported.lots += 1;
                write_lot(&mut self.lots, sku, lot)
            }
            ExportRow::Delivery(delivery) => {
                let Some(writer) = &mut self.deliveries else { return Ok(()) };
                let sku_of = |product: Uuid| self.skus.get(&product).map(String::as_str);
                self.exported.delivery_lines += write_delivery(writer, sku_of, delivery)?;
                Ok(())
            }
        }
    }
}
