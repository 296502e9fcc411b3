//! The file of products.

use std::collections::HashMap;

use domain::{GtinFault, Product, check_gtin, guarded, is_harmful};
use uuid::Uuid;

use super::barcode::{Barcode, read_barcode};
use super::file::{Fault, Line, Parsed, Source, read_file, reason};
use crate::booking::shortened;
use crate::store::ProductRecord;

/// The columns of an exported file of products.
pub const PRODUCT_HEADER: [&str; 8] =
    ["sku", "barcode", "name", "unit", "price_minor", "currency", "family", "variant"];

/// The columns that an imported file must have.
const REQUIRED: &[&str] = &["sku", "barcode", "name", "unit", "price_minor", "currency"];

/// A product and its line. Its id is still nil: the caller looks it up by the SKU.
#[derive(Clone, Debug)]
pub struct ProductLine {
    /// Counted from 1.
    pub line: u64,
    /// The product.
    pub record: ProductRecord,
}

/// Lines with one remark.
#[derive(Default)]
struct Tally {
    lines: u64,
    first: Option<String>,
}

impl Tally {
    fn add(&mut self, line: u64, remark: impl FnOnce() -> String) {
        self.lines += 1;
        self.first.get_or_insert_with(|| format!("line {line}: {}", remark()));
    }

    /// The warning, if there is a line.
    fn warning(self, what: &str) -> Option<String> {
        Some(format!("{} {what}; the first is in {}", self.lines, self.first?))
    }
}

/// Parses a file of products. Mended barcodes, wrong check digits and mended names are counted, not refused. `key_of` makes all spellings
/// of one product's SKU the same text.
pub fn read_products(source: Source, key_of: impl Fn(&str) -> String) -> Parsed<ProductLine> {
    let mut seen: HashMap<String, u64> = HashMap::new();
    let (mut mended, mut odd, mut renamed) = (Tally::default(), Tally::default(), Tally::default());
    let mut parsed = read_file(source, REQUIRED, |line, fields| {
        let (record, is_mended) = product(fields)?;
        let Product { sku, barcode, .. } = &record.product;
        if let Some(earlier) = seen.insert(key_of(sku), line) {
            return Err(("sku", format!("SKU {} stands in line {earlier} already", shortened(sku))));
        }
        if fields.text("name").is_some_and(|name| name != record.product.name) {
            renamed.add(line, || shortened(&record.product.name));
        }
        if is_mended {
            let cell = fields.raw("barcode").unwrap_or_default();
            mended.add(line, || format!("{} was read as {barcode}", shortened(cell)));
        }
        if let Err(fault @ GtinFault::CheckDigit { .. }) = check_gtin(barcode) {
            odd.add(line, || format!("{barcode} {fault}"));
        }
        Ok(ProductLine { line, record })
    });
    let warnings = [
        mended.warning("barcodes were damaged by a spreadsheet and have been mended"),
        odd.warning("barcodes look mistyped but are taken as they are"),
        renamed.warning("names had invisible control characters, which were left out"),
    ];
    parsed.warnings.extend(warnings.into_iter().flatten());
    parsed
}

/// The product in a line, and whether its barcode was mended.
fn product(fields: &Line<'_>) -> Result<(ProductRecord, bool), Fault> {
    let text = |column: &str| fields.text(column).unwrap_or_default().to_owned();
    // A wrong encoding on the file's way leaves such characters. ASCII's, such as a line break, tell of a broken line.
    let is_kept = |char: &char| char.is_ascii() || !is_harmful(*char);
    let legible = |column: &str| text(column).chars().filter(is_kept).collect::<String>().trim().to_owned();
    let price = fields.text("price_minor").unwrap_or_default();
    let price_minor = price.parse().map_err(|_| {
        let reason = format!("\"{}\" is not a whole number of minor units, such as 240", shortened(price));
        ("price_minor", reason)
    })?;
    let barcode = read_barcode(fields.raw("barcode").unwrap_or_default());
    let Barcode { text: barcode, is_mended } = barcode.map_err(|reason| ("barcode", reason))?;
    let product = Product {
        id: Uuid::nil(),
        sku: text("sku"),
        barcode,
        name: legible("name"),
        unit: text("unit"),
        price_minor,
        currency: text("currency"),
        family: legible("family"),
        variant: legible("variant"),
    };
    product.validate().map_err(|refusal| (column_of(&refusal.message), reason(&refusal)))?;
    let has = |column: &str| fields.text(column).is_some();
    let record = ProductRecord { product, has_family: has("family"), has_variant: has("variant") };
    Ok((record, is_mended))
}

/// The column of a product's refusal, whose sentence begins with the field's name.
fn column_of(message: &str) -> &'static str {
    let first = message.split(' ').next().unwrap_or_default().to_lowercase();
    PRODUCT_HEADER
        .into_iter()
        .find(|column| column.split('_').next() == Some(first.as_str()))
        .unwrap_or_default()
}

/// Writes a product as a line below [`PRODUCT_HEADER`].
///
/// # Errors
/// When the file cannot be written.
pub fn write_product<W: std::io::Write>(writer: &mut csv::Writer<W>, product: &Product) -> csv::Result<()> {
    let Product { id: _, sku, barcode, name, unit, price_minor, currency, family, variant } = product;
    let price_minor = price_minor.to_string();
    let cells = [sku, barcode, name, unit, &price_minor, currency, family, variant];
    writer.write_record(cells.map(|cell| guarded(cell).into_owned()))
}
