//! Conversions between columns and the domain's types.

use std::str::FromStr;

use domain::{
    CalendarDate, Conflict, Delivery, ExceptionKind, InventoryLot, LotRef, LotStatus, Product, Quantity,
    StockException, UnknownCode,
};
use rusqlite::types::Type;
use sync::{UnixMillis, Verdict};
use uuid::Uuid;

use super::super::StoreFault;

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

pub(super) fn delivery(row: &rusqlite::Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        id: row.get(0)?,
        number: row.get(1)?,
        supplier: row.get(2)?,
        expected_on: date(row, 3)?,
        lines: serde_json::from_str(row.get_ref(4)?.as_str()?)
            .map_err(|_| unreadable(4, "a delivery's lines"))?,
        closed: row.get(5)?,
    })
}

pub(super) fn exception(row: &rusqlite::Row<'_>) -> rusqlite::Result<StockException> {
    let product_id = row.get(0)?;
    let lot = LotRef { product_id, lot_code: row.get(3)?, location: row.get(4)? };
    Ok(StockException {
        kind: ExceptionKind::from_code(row.get_ref(2)?.as_str()?)
            .ok_or_else(|| unreadable(2, "a kind of exception"))?,
        product_id,
        lot: Some(lot).filter(|_| !row.get(1).is_ok_and(|lot_id: Uuid| lot_id.is_nil())),
        other: row.get(5)?,
        before: Quantity(row.get(6)?),
        after: Quantity(row.get(7)?),
        basis: row.get::<_, Option<i64>>(8)?.map(Quantity),
        author: row.get(9)?,
        at: UnixMillis(row.get(10)?),
    })
}

pub(super) fn unknown_code(row: &rusqlite::Row<'_>) -> rusqlite::Result<UnknownCode> {
    Ok(UnknownCode {
        code: row.get(0)?,
        times: from_i64(row.get(1)?),
        devices: serde_json::from_str(row.get_ref(2)?.as_str()?)
            .map_err(|_| unreadable(2, "a code's devices"))?,
    })
}

pub(super) fn conflict(row: &rusqlite::Row<'_>) -> rusqlite::Result<Conflict> {
    Ok(Conflict {
        id: row.get(0)?,
        verdict: verdict(row.get_ref(1)?.as_str()?),
        code: row.get(2)?,
        message: row.get(3)?,
        action: row.get(4)?,
        author: row.get(5)?,
        at: UnixMillis(row.get(6)?),
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

const VERDICTS: [(Verdict, &str); 5] = [
    (Verdict::Applied, "applied"),
    (Verdict::Merged, "merged"),
    (Verdict::Conflict, "conflict"),
    (Verdict::Rejected, "rejected"),
    (Verdict::Held, "held"),
];

/// An unknown verdict is treated as a refusal: the mutation stays with its person, and no data is lost.
pub(super) fn verdict(code: &str) -> Verdict {
    let known = VERDICTS.into_iter().find(|(_, name)| *name == code);
    known.map_or(Verdict::Rejected, |(verdict, _)| verdict)
}

/// A verdict as stored.
pub(super) fn verdict_code(verdict: Verdict) -> &'static str {
    let known = VERDICTS.into_iter().find(|(known, _)| *known == verdict);
    known.map_or("rejected", |(_, code)| code)
}

/// Parses JSON that this server wrote.
pub(super) fn stored_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreFault> {
    serde_json::from_str(text)
        .map_err(|error| StoreFault::Failed(format!("a stored record is damaged: {error}")))
}

/// Writes JSON for a column.
pub(super) fn json<T: serde::Serialize>(value: &T) -> Result<String, StoreFault> {
    serde_json::to_string(value).map_err(|error| StoreFault::Failed(error.to_string()))
}
