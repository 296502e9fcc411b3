//! The file of lots.

use std::collections::HashMap;

use domain::{CalendarDate, InventoryLot, LotRef, LotStatus, guarded};
use uuid::Uuid;

use super::file::{Fault, Line, Parsed, Source, date, read_file, reason};
use crate::booking::shortened;
use crate::store::{KnownProduct, LotRecord};

/// The columns of an exported file of lots.
pub const LOT_HEADER: [&str; 7] =
    ["sku", "lot_code", "location", "quantity", "status", "expires_on", "received_on"];

/// The columns that an imported file must have.
const REQUIRED: &[&str] = &["sku", "lot_code", "location", "quantity"];

/// A lot and its line.
#[derive(Clone, Debug)]
pub struct LotLine {
    /// Counted from 1.
    pub line: u64,
    /// The product's SKU.
    pub sku: String,
    /// The lot.
    pub record: LotRecord,
}

/// Parses a file of lots. `product_of` finds the product of a SKU.
pub fn read_lots<'p>(
    source: Source,
    product_of: impl Fn(&str) -> Option<&'p KnownProduct>,
) -> Parsed<LotLine> {
    let mut seen: HashMap<(Uuid, Uuid), u64> = HashMap::new();
    read_file(source, REQUIRED, |line, fields| {
        let sku = fields.text("sku").unwrap_or_default();
        let product = product_of(sku).ok_or_else(|| {
            let reason = format!("no product has the SKU \"{}\"; import its product first", shortened(sku));
            ("sku", reason)
        })?;
        let record = lot(product, fields)?;
        if let Some(earlier) = seen.insert((product.id, record.lot.id()), line) {
            let reason = format!("{} of this product stands in line {earlier} already", record.lot);
            return Err(("lot_code", reason));
        }
        Ok(LotLine { line, sku: sku.to_owned(), record })
    })
}

fn lot(product: &KnownProduct, fields: &Line<'_>) -> Result<LotRecord, Fault> {
    let text = |column: &str| fields.text(column).unwrap_or_default();
    let lot = LotRef::new(product.id, text("lot_code"), text("location"));
    lot.validate().map_err(|refusal| {
        let column = if refusal.message.starts_with("Bin") { "location" } else { "lot_code" };
        (column, reason(&refusal))
    })?;
    Ok(LotRecord {
        lot,
        quantity: fields.quantity("quantity", &product.unit)?,
        status: fields.text("status").map(status).transpose()?,
        expires_on: fields.text("expires_on").map(|text| date("expires_on", text)).transpose()?,
        received_on: fields.text("received_on").map(|text| date("received_on", text)).transpose()?,
    })
}

fn status(text: &str) -> Result<LotStatus, Fault> {
    LotStatus::from_code(text).ok_or_else(|| {
        let known = LotStatus::ALL.map(LotStatus::code).join(", ");
        ("status", format!("\"{}\" is none of {known}", shortened(text)))
    })
}

/// Writes a lot as a line below [`LOT_HEADER`].
///
/// # Errors
/// When the file cannot be written.
pub fn write_lot<W: std::io::Write>(
    writer: &mut csv::Writer<W>,
    sku: &str,
    row: &InventoryLot,
) -> csv::Result<()> {
    let InventoryLot { lot, quantity, status, expires_on, received_on } = row;
    let text = |date: &Option<CalendarDate>| date.map(|date| date.to_string()).unwrap_or_default();
    let quantity = quantity.for_files();
    let (expires_on, received_on) = (text(expires_on), text(received_on));
    writer.write_record([
        &*guarded(sku),
        &guarded(&lot.lot_code),
        &guarded(&lot.location),
        &quantity,
        status.code(),
        &expires_on,
        &received_on,
    ])
}
