//! Compares ranges of rows with what a device says it holds. One state of the database for all of a request.

use domain::{LOTS, PRODUCTS, Row, Warehouse};
use rusqlite::{Connection, named_params};
use sync::{AuditRequest, Digest, MAX_REPAIR_ROWS, RangeDigest, Records, Repair, ReplacedRange, Versioned};

use super::super::StoreFault;
use super::convert::{Key, to_i64};
use super::pull::{Change, columns, position, read, table_named};
use super::schema;
use crate::booking::Scope;

/// Rows read of one range. A device that holds its ranges to half of [`MAX_REPAIR_ROWS`] has fewer: then it differs anyway.
const MAX_RANGE_ROWS: usize = MAX_REPAIR_ROWS + 1;

pub(super) fn audit(
    connection: &Connection,
    site: &str,
    scope: Scope,
    request: &AuditRequest,
) -> Result<Vec<Repair<Row>>, StoreFault> {
    let state = schema::site(connection, site)?;
    let mut repairs = Vec::new();
    // Another life of the data, or a revision that this one has not reached: the next pull begins a snapshot.
    if request.epoch != Some(state.epoch) || request.rev > state.rev {
        return Ok(repairs);
    }
    let mut room = MAX_REPAIR_ROWS;
    for RangeDigest { range, digest } in &request.ranges {
        let span = Span::of(range)?;
        if span.has_later(connection, site, request.rev)? {
            continue;
        }
        let rows = span.rows(connection, site, scope)?;
        if digest_of(&rows)? != *digest && room > 0 {
            let repair = cut(range.clone(), rows, room);
            room -= repair.rows.len();
            repairs.push(repair);
        }
    }
    Ok(repairs)
}

/// A range's rows, as many as there is room for: then its beginning.
fn cut(range: ReplacedRange, mut rows: Vec<Versioned<Row>>, room: usize) -> Repair<Row> {
    if rows.len() <= room {
        return Repair { range, rows };
    }
    rows.truncate(room);
    let through = rows.last().map(|last| Warehouse::key(&last.row).key);
    Repair { range: ReplacedRange { through, ..range }, rows }
}

fn digest_of(rows: &[Versioned<Row>]) -> Result<u64, StoreFault> {
    let mut digest = Digest::default();
    for Versioned { rev, row } in rows {
        let json = serde_json::to_string(row).map_err(|error| StoreFault::Failed(error.to_string()))?;
        digest.add(&Warehouse::key(row).key, *rev, &json);
    }
    Ok(digest.value())
}

/// A range as its table's columns have it.
struct Span {
    table: &'static str,
    after: (Vec<u8>, Vec<u8>),
    /// None for the table's end.
    through: Option<(Vec<u8>, Vec<u8>)>,
}

impl Span {
    fn of(range: &ReplacedRange) -> Result<Self, StoreFault> {
        let table = table_named(&range.table)?;
        let through = range.through.as_deref().map(|key| position(table, key)).transpose()?.flatten();
        let after = bounds(position(table, &range.after)?);
        Ok(Self { table, after, through: through.map(|key| bounds(Some(key))) })
    }

    /// The condition on the keys. Lots sort by product and lot; a product's second column is empty.
    fn condition(&self) -> &'static str {
        if self.table == PRODUCTS {
            "site = :site AND product_id > :after AND (:open OR product_id <= :through) AND :after_lot = :through_lot"
        } else {
            "site = :site AND (product_id, lot_id) > (:after, :after_lot) \
             AND (:open OR (product_id, lot_id) <= (:through, :through_lot))"
        }
    }

    /// Whether anything in it, tombstones and rows outside the scope too, is later than `rev`.
    fn has_later(&self, connection: &Connection, site: &str, rev: u64) -> Result<bool, StoreFault> {
        let sql =
            format!("SELECT EXISTS (SELECT 1 FROM {} WHERE {} AND rev > :rev)", self.table, self.condition());
        let through = self.through.clone().unwrap_or_default();
        let params = named_params! {
            ":site": site, ":after": self.after.0, ":after_lot": self.after.1, ":open": self.through.is_none(),
            ":through": through.0, ":through_lot": through.1, ":rev": to_i64(rev),
        };
        Ok(connection.prepare_cached(&sql)?.query_row(params, |row| row.get(0))?)
    }

    /// Its rows within the scope, by rising key.
    fn rows(
        &self,
        connection: &Connection,
        site: &str,
        scope: Scope,
    ) -> Result<Vec<Versioned<Row>>, StoreFault> {
        let (key, status) = match scope.lot_status().filter(|_| self.table == LOTS) {
            Some(status) => ("product_id, lot_id", status.code()),
            None if self.table == LOTS => ("product_id, lot_id", ""),
            None => ("product_id", ""),
        };
        let of_scope = if status.is_empty() { ":status = ''" } else { "status = :status" };
        let sql = format!(
            "SELECT {} FROM {} WHERE {} AND deleted_at IS NULL AND {of_scope} ORDER BY {key} LIMIT {MAX_RANGE_ROWS}",
            columns(self.table),
            self.table,
            self.condition()
        );
        let through = self.through.clone().unwrap_or_default();
        let params = named_params! {
            ":site": site, ":after": self.after.0, ":after_lot": self.after.1, ":open": self.through.is_none(),
            ":through": through.0, ":through_lot": through.1, ":status": status,
        };
        let mut found = Vec::new();
        read(connection, self.table, &sql, params, &mut found)?;
        Ok(found.into_iter().map(|Change { rev, row, .. }| Versioned { rev, row }).collect())
    }
}

/// A key's columns; empty ones sort before all others.
fn bounds(key: Option<Key>) -> (Vec<u8>, Vec<u8>) {
    match key {
        Some(Key::Product(product)) => (product.as_bytes().to_vec(), Vec::new()),
        Some(Key::Lot(product, lot)) => (product.as_bytes().to_vec(), lot.as_bytes().to_vec()),
        None => (Vec::new(), Vec::new()),
    }
}
