//! What an import leaves for people to look at, and what it puts right: the same as if people had done it.

use domain::{ExceptionKind, InventoryLot, Quantity, Row, StockException, exception_key, product_key};
use rusqlite::Connection;
use sync::{RowKey, UnixMillis};
use uuid::Uuid;

use super::super::StoreFault;
use super::load;
use crate::booking::{StoredRow, barcode_key};

/// An exception as it should be; none if nothing is odd.
pub(super) type Finding = (RowKey, Option<StockException>);

/// Looks at imported rows in a database that has them already.
pub(super) struct Inspector<'i> {
    pub(super) connection: &'i Connection,
    pub(super) site: &'i str,
    /// Who is named.
    pub(super) author: &'i str,
    pub(super) now: UnixMillis,
}

impl Inspector<'_> {
    /// A lot with another quantity than `before`.
    pub(super) fn lot(&self, row: &InventoryLot, before: Quantity) -> Finding {
        let (kind, lot) = (ExceptionKind::BelowZero, &row.lot);
        let below = || StockException {
            lot: Some(lot.clone()),
            before,
            after: row.quantity,
            ..self.odd(kind, lot.product_id)
        };
        (exception_key(kind, lot.product_id, Some(lot)), (row.quantity < Quantity::ZERO).then(below))
    }

    /// A product with another barcode than before, and those that shared the old one with it. Of two products with one
    /// barcode, one is told of.
    pub(super) fn product(&self, id: Uuid) -> Result<Vec<Finding>, StoreFault> {
        let mut findings = Vec::new();
        let namesake = self.namesake(id)?;
        let key = exception_key(ExceptionKind::DuplicateBarcode, id, None);
        let is_told = match namesake {
            Some(other) => self.shares_with(other)? == Some(id),
            None => false,
        };
        if !is_told {
            findings.push((key, namesake.map(|other| self.shared(id, other))));
        }
        for (key, held) in load::named_in(self.connection, self.site, id)? {
            let Some(exception) = held.row.exception() else { continue };
            let other = self.namesake(exception.product_id)?;
            let is_so = other.is_some() && self.barcode(exception.product_id)? == self.barcode(id)?;
            if !is_so {
                findings.push((
                    key,
                    other.map(|other| StockException { other: Some(other), ..exception.clone() }),
                ));
            }
        }
        Ok(findings)
    }

    /// Whether what is found is not what is there; then the row that was there.
    pub(super) fn differs(&self, (key, odd): &Finding) -> Result<Option<Option<StoredRow>>, StoreFault> {
        let held = load::row(self.connection, self.site, key)?;
        let live = held.as_ref().filter(|held| !held.deleted).and_then(|held| held.row.exception());
        let is_same = match (live, odd) {
            (None, None) => true,
            (Some(held), Some(odd)) => (held.other, held.after) == (odd.other, odd.after),
            _ => false,
        };
        Ok((!is_same).then_some(held))
    }

    fn barcode(&self, id: Uuid) -> Result<Option<String>, StoreFault> {
        let held = load::row(self.connection, self.site, &product_key(id))?.filter(|held| !held.deleted);
        Ok(held.and_then(|held| barcode_key(&held.row.product()?.barcode)))
    }

    /// Another live product with the same barcode.
    fn namesake(&self, id: Uuid) -> Result<Option<Uuid>, StoreFault> {
        let Some(barcode) = self.barcode(id)? else { return Ok(None) };
        let found = load::with_barcode(self.connection, self.site, &barcode)?;
        let ids = found.iter().filter_map(|(_, held)| held.row.product()).map(|product| product.id);
        Ok(ids.into_iter().find(|other| *other != id))
    }

    /// The product that this one is told to share its barcode with.
    fn shares_with(&self, id: Uuid) -> Result<Option<Uuid>, StoreFault> {
        let key = exception_key(ExceptionKind::DuplicateBarcode, id, None);
        let held = load::row(self.connection, self.site, &key)?.filter(|held| !held.deleted);
        Ok(held.and_then(|held| held.row.exception()?.other))
    }

    fn shared(&self, id: Uuid, other: Uuid) -> StockException {
        StockException { other: Some(other), ..self.odd(ExceptionKind::DuplicateBarcode, id) }
    }

    fn odd(&self, kind: ExceptionKind, product_id: Uuid) -> StockException {
        StockException {
            kind,
            product_id,
            lot: None,
            other: None,
            before: Quantity::ZERO,
            after: Quantity::ZERO,
            basis: None,
            author: self.author.to_owned(),
            at: self.now,
        }
    }
}

/// The row that takes the place of `held` under a revision; a tombstone if nothing is odd any more.
pub(super) fn row_of(odd: Option<StockException>, held: Option<StoredRow>, rev: u64) -> Option<StoredRow> {
    match (odd, held) {
        (Some(odd), _) => {
            let row = Row::Exception(odd);
            Some(StoredRow { rev, row, deleted: false, fields: std::collections::BTreeMap::new() })
        }
        (None, Some(held)) => Some(StoredRow { rev, deleted: true, ..held }),
        (None, None) => None,
    }
}
