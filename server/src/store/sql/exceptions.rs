//! The exceptions that an import raises and clears: the same as for mutations of devices.

use domain::{ExceptionKind, InventoryLot, Quantity, Row, StockException, exception_key, product_key};
use sync::{RowKey, UnixMillis};
use uuid::Uuid;

use super::super::StoreFault;
use super::load;
use super::session::Session;
use crate::booking::{StoredRow, barcode_key};

/// The correct exception of a key; none if there should be no exception.
pub(super) type Finding = (RowKey, Option<StockException>);

/// Finds the exceptions of imported products, which are in the database already.
pub(super) struct Inspector<'i> {
    pub(super) session: &'i dyn Session,
    pub(super) site: &'i str,
    /// The author of exceptions.
    pub(super) author: &'i str,
    pub(super) now: UnixMillis,
}

impl Inspector<'_> {
    /// A product with another barcode than before, and those that shared the old one with it. Of two products
    /// with one barcode, one has the exception.
    pub(super) fn product(&self, id: Uuid) -> Result<Vec<Finding>, StoreFault> {
        let mut findings = Vec::new();
        let second = self.second_product(id)?;
        let key = exception_key(ExceptionKind::DuplicateBarcode, id, None);
        let is_raised_on_other = match second {
            Some(other) => self.shares_with(other)? == Some(id),
            None => false,
        };
        if !is_raised_on_other {
            findings.push((key, second.map(|other| self.shared(id, other))));
        }
        for (key, stored) in load::exceptions_naming(self.session, self.site, id)? {
            let Some(exception) = stored.row.exception() else { continue };
            let other = self.second_product(exception.product_id)?;
            let still_holds = other.is_some() && self.barcode(exception.product_id)? == self.barcode(id)?;
            if !still_holds {
                findings.push((
                    key,
                    other.map(|other| StockException { other: Some(other), ..exception.clone() }),
                ));
            }
        }
        Ok(findings)
    }

    fn barcode(&self, id: Uuid) -> Result<Option<String>, StoreFault> {
        let stored = load::row(self.session, self.site, &product_key(id))?.filter(|row| !row.deleted);
        Ok(stored.and_then(|stored| barcode_key(&stored.row.product()?.barcode)))
    }

    /// Another live product with the same barcode.
    fn second_product(&self, id: Uuid) -> Result<Option<Uuid>, StoreFault> {
        let Some(barcode) = self.barcode(id)? else { return Ok(None) };
        let found = load::with_barcode(self.session, self.site, &barcode)?;
        let ids = found.iter().filter_map(|(_, stored)| stored.row.product()).map(|product| product.id);
        Ok(ids.into_iter().find(|other| *other != id))
    }

    /// The second product of the exception that this one has for its barcode.
    fn shares_with(&self, id: Uuid) -> Result<Option<Uuid>, StoreFault> {
        let key = exception_key(ExceptionKind::DuplicateBarcode, id, None);
        let stored = load::row(self.session, self.site, &key)?.filter(|row| !row.deleted);
        Ok(stored.and_then(|stored| stored.row.exception()?.other))
    }

    fn shared(&self, id: Uuid, other: Uuid) -> StockException {
        StockException { other: Some(other), ..self.exception(ExceptionKind::DuplicateBarcode, id) }
    }

    fn exception(&self, kind: ExceptionKind, product_id: Uuid) -> StockException {
        exception(kind, product_id, self.author, self.now)
    }
}

fn exception(kind: ExceptionKind, product_id: Uuid, author: &str, at: UnixMillis) -> StockException {
    StockException {
        kind,
        product_id,
        lot: None,
        other: None,
        before: Quantity::ZERO,
        after: Quantity::ZERO,
        basis: None,
        author: author.to_owned(),
        at,
    }
}

/// The finding of a lot with another quantity than `before`.
pub(super) fn lot_finding(row: &InventoryLot, before: Quantity, author: &str, now: UnixMillis) -> Finding {
    let (kind, lot) = (ExceptionKind::BelowZero, &row.lot);
    let below = || StockException {
        lot: Some(lot.clone()),
        before,
        after: row.quantity,
        ..exception(kind, lot.product_id, author, now)
    };
    (exception_key(kind, lot.product_id, Some(lot)), (row.quantity < Quantity::ZERO).then(below))
}

/// Whether the stored exception is another one than the finding.
pub(super) fn differs(stored: Option<&StoredRow>, (_, found): &Finding) -> bool {
    let live = stored.filter(|stored| !stored.deleted).and_then(|stored| stored.row.exception());
    match (live, found) {
        (None, None) => false,
        (Some(stored), Some(found)) => (stored.other, stored.after) != (found.other, found.after),
        (Some(_), None) | (None, Some(_)) => true,
    }
}

/// The row of an exception under a revision, or the tombstone of `old` if there should be none.
pub(super) fn row_of(found: Option<StockException>, old: Option<StoredRow>, rev: u64) -> Option<StoredRow> {
    match (found, old) {
        (Some(exception), _) => {
            let row = Row::Exception(exception);
            Some(StoredRow { rev, row, deleted: false, fields: std::collections::BTreeMap::new() })
        }
        (None, Some(old)) => Some(StoredRow { rev, deleted: true, ..old }),
        (None, None) => None,
    }
}
