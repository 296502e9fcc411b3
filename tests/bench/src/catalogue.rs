//! The rows that the benches work on: the first rows of given files, or generated ones in the same form.
//!
//! Lots are kept only together with their product, so a smaller catalogue is consistent, too.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::settings::{Settings, Size};

const PRODUCTS: &str = "products.csv";
const LOTS: &str = "inventory_lots.csv";
/// Words in several languages, so that searches over generated names find something.
const NAMES: [&str; 6] =
    ["Crème brûlée", "Schokolade", "Fromage blanc", "Queso fresco", "Bon bon", "Çikolata"];

/// A file of products, the file of their lots, and the number of rows in each.
#[derive(Clone, Debug)]
pub(crate) struct Catalogue {
    /// Path of the products file.
    pub(crate) products: PathBuf,
    /// Path of the lots file.
    pub(crate) lots: PathBuf,
    /// Rows of each file.
    pub(crate) size: Size,
}

impl Catalogue {
    /// Writes files of this size into `folder`: the first rows of the given ones, or else generated rows.
    ///
    /// # Errors
    /// When the given files have too few rows, or a file cannot be read or written.
    pub(crate) fn write(settings: &Settings, size: Size, folder: &Path) -> Result<Self> {
        let (products, lots) = match &settings.data {
            Some(data) => cut(data, size)?,
            None => made(size),
        };
        let catalogue = Self { products: folder.join(PRODUCTS), lots: folder.join(LOTS), size };
        for (file, text) in [(&catalogue.products, products), (&catalogue.lots, lots)] {
            fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))?;
        }
        Ok(catalogue)
    }
}

fn cut(data: &Path, size: Size) -> Result<(String, String)> {
    let mut skus = HashSet::new();
    let products =
        head(&data.join(PRODUCTS), size.products, |line| skus.insert(first_field(line).to_owned()))?;
    let lots = head(&data.join(LOTS), size.lots, |line| skus.contains(first_field(line)))?;
    Ok((products, lots))
}

fn first_field(line: &str) -> &str {
    line.split(',').next().unwrap_or_default()
}

/// Returns the header and the first `count` wanted lines. Fields of these files contain no line breaks.
fn head(file: &Path, count: usize, mut is_wanted: impl FnMut(&str) -> bool) -> Result<String> {
    let opened = File::open(file).with_context(|| format!("{} cannot be opened", file.display()))?;
    let mut lines = BufReader::new(opened).lines();
    let mut text = lines.next().transpose()?.unwrap_or_default() + "\n";
    let mut kept = 0;
    while let Some(line) = lines.next().filter(|_| kept < count) {
        let line = line.with_context(|| format!("{} cannot be read", file.display()))?;
        if is_wanted(&line) {
            text.push_str(&line);
            text.push('\n');
            kept += 1;
        }
    }
    ensure!(kept == count, "{} has only {kept} of the {count} rows that are needed", file.display());
    Ok(text)
}

fn made(size: Size) -> (String, String) {
    let mut products = "sku,barcode,name,unit,price_minor,currency\n".to_owned();
    let mut lots = "sku,lot_code,location,quantity,status,expires_on,received_on\n".to_owned();
    for (number, name) in (0..size.products).zip(NAMES.into_iter().cycle()) {
        let barcode = gtin13(number);
        // Writing to a string cannot fail.
        let _ = writeln!(products, "P{number:06},{barcode},{name} {number},kg,{},EUR", 100 + number % 9_000);
    }
    for number in 0..size.lots {
        let (product, status) =
            (number % size.products, if number % 10 < 7 { "available" } else { "quarantined" });
        let (aisle, bay, level) = (char::from(b'A' + (number % 12) as u8), number % 40, number % 6);
        let _ = writeln!(
            lots,
            "P{product:06},L{number:06},{aisle}-{bay:02}-{level},{},{status},2031-05-01,",
            1 + number % 900
        );
    }
    (products, lots)
}

/// A valid GTIN of thirteen digits.
fn gtin13(number: usize) -> String {
    let digits = format!("20{number:010}");
    let sum: usize = digits
        .bytes()
        .zip([1, 3].into_iter().cycle())
        .map(|(digit, weight)| usize::from(digit - b'0') * weight)
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_rows_have_the_requested_size_and_valid_codes() {
        let (products, lots) = made(Size { products: 30, lots: 60 });
        assert_eq!((products.lines().count(), lots.lines().count()), (31, 61));
        for line in products.lines().skip(1) {
            domain::check_gtin(line.split(',').nth(1).unwrap()).unwrap();
        }
    }

    #[test]
    fn a_smaller_catalogue_has_no_lot_without_its_product() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(PRODUCTS), "sku,name\nA,a\nB,b\nC,c\n").unwrap();
        fs::write(folder.path().join(LOTS), "sku,lot\nC,1\nA,2\nB,3\nA,4\n").unwrap();
        let (products, lots) = cut(folder.path(), Size { products: 2, lots: 2 }).unwrap();
        assert_eq!(products, "sku,name\nA,a\nB,b\n");
        assert_eq!(lots, "sku,lot\nA,2\nB,3\n");
        assert!(cut(folder.path(), Size { products: 2, lots: 4 }).is_err());
    }
}
