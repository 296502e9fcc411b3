//! Between columns and the domain's types.

use std::str::FromStr;

use domain::{CalendarDate, InventoryLot, LotRef, LotStatus, PRODUCTS, Product, Quantity};
use rusqlite::types::Type;
use sync::{RowKey, Verdict};
use uuid::Uuid;

use super::super::StoreFault;

/// Columns that [`product`] reads, in order.
pub(super) const PRODUCT_COLUMNS: &str =
    "product_id, sku, barcode, name, unit, price_minor, currency, family, variant";
/// How many those are: what follows them in a query.
pub(super) const PRODUCT_WIDTH: usize = 9;
/// Columns that [`lot`] reads, in order.
pub(super) const LOT_COLUMNS: &str =
    "product_id, lot_code, location, quantity, status, expires_on, received_on";
/// How many those are.
pub(super) const LOT_WIDTH: usize = 7;

pub(super) fn product(row: &rusqlite::Row<'_>) -> rusqlite::Result<Product> {
    Ok(Product {
        id: row.get(0)?,
        sku: row.get(1)?,
        barcode: row.get(2)?,
        name: row.get(3)?,
        unit: row.get(4)?,
        price_minor: row.get(5)?,
        currency: row.get(6)?,
        family: row.get(7)?,
        variant: row.get(8)?,
    })
}

pub(super) fn lot(row: &rusqlite::Row<'_>) -> rusqlite::Result<InventoryLot> {
    Ok(InventoryLot {
        lot: LotRef { product_id: row.get(0)?, lot_code: row.get(1)?, location: row.get(2)? },
        quantity: Quantity(row.get(3)?),
        status: LotStatus::from_code(row.get_ref(4)?.as_str()?)
            .ok_or_else(|| unreadable(4, "a lot status"))?,
        expires_on: date(row, 5)?,
        received_on: date(row, 6)?,
    })
}

fn date(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Option<CalendarDate>> {
    let Some(text) = row.get_ref(column)?.as_str_or_null()? else { return Ok(None) };
    CalendarDate::from_str(text).map(Some).map_err(|_| unreadable(column, "a date"))
}

fn unreadable(column: usize, what: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, format!("not {what}").into())
}

/// Revisions and sequence numbers are far below 2^63; the columns are signed.
pub(super) fn to_i64(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn from_i64(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

pub(super) const VERDICTS: [(Verdict, &str); 5] = [
    (Verdict::Applied, "applied"),
    (Verdict::Merged, "merged"),
    (Verdict::Conflict, "conflict"),
    (Verdict::Rejected, "rejected"),
    (Verdict::Held, "held"),
];

/// A row's key as columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Product(Uuid),
    Lot(Uuid, Uuid),
}

impl Key {
    /// None if `key` is no row's key.
    pub(super) fn parse(key: &RowKey) -> Option<Self> {
        if key.table == PRODUCTS {
            return Uuid::try_parse(&key.key).ok().map(Self::Product);
        }
        let (product, lot) = key.key.split_once('.')?;
        Some(Self::Lot(Uuid::try_parse(product).ok()?, Uuid::try_parse(lot).ok()?))
    }
}

/// Reads JSON that this server wrote.
pub(super) fn stored_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreFault> {
    serde_json::from_str(text)
        .map_err(|error| StoreFault::Failed(format!("a stored record is damaged: {error}")))
}

/// Writes JSON for a column.
pub(super) fn json<T: serde::Serialize>(value: &T) -> Result<String, StoreFault> {
    serde_json::to_string(value).map_err(|error| StoreFault::Failed(error.to_string()))
}
