//! Compares ranges of rows with what a device says it holds. One state of the database for all of a request.

use domain::{LOTS, PRODUCTS, Row, Warehouse};
use rusqlite::{Connection, named_params};
use sync::{AuditRequest, Digest, MAX_REPAIR_ROWS, RangeDigest, Records, Repair, ReplacedRange, Versioned};

use super::super::StoreFault;
use super::convert::Key;
use super::pull::{Change, columns, position, read, table_named};
use super::schema;
use crate::booking::Scope;

/// Rows looked at for one range, tombstones and rows outside the scope among them.
const MAX_RANGE_ROWS: i64 = 50_000;

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
        let found = rows_in(connection, site, range)?;
        if found.iter().any(|change| change.rev > request.rev) {
            continue;
        }
        let held = found.into_iter().filter(|change| !change.deleted && scope.holds(&change.row));
        let rows: Vec<_> = held.map(|Change { rev, row, .. }| Versioned { rev, row }).collect();
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

/// Every row of a range by rising key, deleted or not, whatever its status.
fn rows_in(connection: &Connection, site: &str, range: &ReplacedRange) -> Result<Vec<Change>, StoreFault> {
    let table = table_named(&range.table)?;
    let after = bounds(position(table, &range.after)?);
    let through = range.through.as_deref().map(|key| position(table, key)).transpose()?.flatten();
    let through = through.map(|key| bounds(Some(key)));
    let is_open = through.is_none();
    let through = through.unwrap_or_default();
    let select = format!("SELECT {} FROM {table} WHERE site = :site", columns(table));
    let mut found = Vec::new();
    if table == PRODUCTS {
        let sql = format!(
            "{select} AND product_id > :after AND (:open OR product_id <= :through) ORDER BY product_id LIMIT :limit"
        );
        let params = named_params! {
            ":site": site, ":after": after.0, ":through": through.0, ":open": is_open, ":limit": MAX_RANGE_ROWS,
        };
        read(connection, PRODUCTS, &sql, params, &mut found)?;
    } else {
        let sql = format!(
            "{select} AND (product_id, lot_id) > (:after_product, :after_lot) \
             AND (:open OR (product_id, lot_id) <= (:through_product, :through_lot)) \
             ORDER BY product_id, lot_id LIMIT :limit"
        );
        let params = named_params! {
            ":site": site, ":after_product": after.0, ":after_lot": after.1, ":through_product": through.0,
            ":through_lot": through.1, ":open": is_open, ":limit": MAX_RANGE_ROWS,
        };
        read(connection, LOTS, &sql, params, &mut found)?;
    }
    Ok(found)
}

/// A key's columns; empty ones sort before all others.
fn bounds(key: Option<Key>) -> (Vec<u8>, Vec<u8>) {
    match key {
        Some(Key::Product(product)) => (product.as_bytes().to_vec(), Vec::new()),
        Some(Key::Lot(product, lot)) => (product.as_bytes().to_vec(), lot.as_bytes().to_vec()),
        None => (Vec::new(), Vec::new()),
    }
}
