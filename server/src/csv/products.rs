//! The file of products.

use std::collections::HashMap;

use domain::{GtinFault, Product, check_gtin};
use uuid::Uuid;

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

/// Parses a file of products. Wrong check digits are counted, not refused.
pub fn read_products(source: Source) -> Parsed<ProductLine> {
    let mut seen: HashMap<String, u64> = HashMap::new();
    let (mut odd_barcodes, mut first_odd) = (0_u64, None);
    let mut parsed = read_file(source, REQUIRED, |line, fields| {
        let record = product(fields)?;
        if let Some(earlier) = seen.insert(record.product.sku.clone(), line) {
            return Err((
                "sku",
                format!("SKU {} stands in line {earlier} already", shortened(&record.product.sku)),
            ));
        }
        if let Err(fault @ GtinFault::CheckDigit { .. }) = check_gtin(&record.product.barcode) {
            odd_barcodes += 1;
            first_odd.get_or_insert_with(|| format!("line {line}: {} {fault}", record.product.barcode));
        }
        Ok(ProductLine { line, record })
    });
    if let Some(first) = first_odd {
        let warning = format!(
            "{odd_barcodes} barcodes look mistyped but are taken as they are; the first is in {first}"
        );
        parsed.warnings.push(warning);
    }
    parsed
}

fn product(fields: &Line<'_>) -> Result<ProductRecord, Fault> {
    let text = |column: &str| fields.text(column).unwrap_or_default().to_owned();
    let price = fields.text("price_minor").unwrap_or_default();
    let price_minor = price.parse().map_err(|_| {
        let reason = format!("\"{}\" is not a whole number of minor units, such as 240", shortened(price));
        ("price_minor", reason)
    })?;
    let product = Product {
        id: Uuid::nil(),
        sku: text("sku"),
        barcode: text("barcode"),
        name: text("name"),
        unit: text("unit"),
        price_minor,
        currency: text("currency"),
        family: text("family"),
        variant: text("variant"),
    };
    product.validate().map_err(|refusal| (column_of(&refusal.message), reason(&refusal)))?;
    let has = |column: &str| fields.text(column).is_some();
    Ok(ProductRecord { product, has_family: has("family"), has_variant: has("variant") })
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
    writer.write_record([sku, barcode, name, unit, &price_minor.to_string(), currency, family, variant])
}
