//! Conversions between columns and the domain's types.

use std::str::FromStr;

use domain::{
    CalendarDate, Conflict, Delivery, ExceptionKind, InventoryLot, LotRef, LotStatus, Person, Product,
    Quantity, Role, SiteSetting, StockException, UnknownCode,
};
use sync::{UnixMillis, Verdict};

use super::super::StoreFault;
use super::session::Columns;

pub(crate) fn product(row: &dyn Columns) -> Result<Product, StoreFault> {
    Ok(Product {
        id: row.id(0)?,
        sku: row.text(1)?.to_owned(),
        barcode: row.text(2)?.to_owned(),
        name: row.text(3)?.to_owned(),
        unit: row.text(4)?.to_owned(),
        price_minor: row.int(5)?,
        currency: row.text(6)?.to_owned(),
        family: row.text(7)?.to_owned(),
        variant: row.text(8)?.to_owned(),
    })
}

pub(crate) fn lot(row: &dyn Columns) -> Result<InventoryLot, StoreFault> {
    Ok(InventoryLot {
        lot: LotRef {
            product_id: row.id(0)?,
            lot_code: row.text(1)?.to_owned(),
            location: row.text(2)?.to_owned(),
        },
        quantity: Quantity(row.int(3)?),
        status: LotStatus::from_code(row.text(4)?).ok_or_else(|| unreadable("a lot status"))?,
        expires_on: date(row, 5)?,
        received_on: date(row, 6)?,
    })
}

pub(super) fn delivery(row: &dyn Columns) -> Result<Delivery, StoreFault> {
    Ok(Delivery {
        id: row.id(0)?,
        number: row.text(1)?.to_owned(),
        supplier: row.text(2)?.to_owned(),
        expected_on: date(row, 3)?,
        lines: stored_json(row.text(4)?)?,
        closed: row.flag(5)?,
    })
}

pub(super) fn exception(row: &dyn Columns) -> Result<StockException, StoreFault> {
    let (product_id, lot_id) = (row.id(0)?, row.id(1)?);
    let lot = LotRef { product_id, lot_code: row.text(3)?.to_owned(), location: row.text(4)?.to_owned() };
    Ok(StockException {
        kind: exception_kind(row, 2)?,
        product_id,
        lot: Some(lot).filter(|_| !lot_id.is_nil()),
        other: row.optional_id(5)?,
        before: Quantity(row.int(6)?),
        after: Quantity(row.int(7)?),
        basis: row.optional_int(8)?.map(Quantity),
        author: row.text(9)?.to_owned(),
        at: UnixMillis(row.int(10)?),
    })
}

pub(super) fn exception_kind(row: &dyn Columns, at: usize) -> Result<ExceptionKind, StoreFault> {
    ExceptionKind::from_code(row.text(at)?).ok_or_else(|| unreadable("a kind of exception"))
}

pub(super) fn unknown_code(row: &dyn Columns) -> Result<UnknownCode, StoreFault> {
    let devices = stored_json(row.text(2)?)?;
    Ok(UnknownCode { code: row.text(0)?.to_owned(), times: from_i64(row.int(1)?), devices })
}

pub(super) fn conflict(row: &dyn Columns) -> Result<Conflict, StoreFault> {
    Ok(Conflict {
        id: row.id(0)?,
        verdict: verdict(row.text(1)?),
        code: row.text(2)?.to_owned(),
        message: row.text(3)?.to_owned(),
        action: row.text(4)?.to_owned(),
        author: row.text(5)?.to_owned(),
        at: UnixMillis(row.int(6)?),
    })
}

pub(super) fn person(row: &dyn Columns) -> Result<Person, StoreFault> {
    Ok(Person {
        id: row.id(0)?,
        name: row.text(1)?.to_owned(),
        initials: row.text(2)?.to_owned(),
        badge: row.optional_id(3)?,
        pin: row.optional_text(4)?.map(stored_json).transpose()?,
        language: row.text(5)?.to_owned(),
        role: Role::from_code(row.text(6)?).ok_or_else(|| unreadable("a role"))?,
        active: row.flag(7)?,
    })
}

pub(super) fn setting(row: &dyn Columns) -> Result<SiteSetting, StoreFault> {
    Ok(SiteSetting { code: row.text(0)?.to_owned(), value: row.text(1)?.to_owned() })
}

fn date(row: &dyn Columns, at: usize) -> Result<Option<CalendarDate>, StoreFault> {
    let date = row.optional_text(at)?.map(CalendarDate::from_str).transpose();
    date.map_err(|_| unreadable("a date"))
}

/// The fault of a column whose value is not of its kind.
pub(super) fn unreadable(kind: &str) -> StoreFault {
    StoreFault::Failed(format!("a stored record is damaged: a value is not {kind}"))
}

/// Revisions and sequence numbers are far below 2^63; the columns are signed.
pub(crate) fn to_i64(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(crate) fn from_i64(value: i64) -> u64 {
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
