//! Compares ranges of rows with the digests of a device. One request is answered from one snapshot of the
//! database.

use domain::{Row, Warehouse};
use rusqlite::types::Value;
use rusqlite::{Connection, Params, params_from_iter};
use sync::{
    AuditRequest, Digest, MAX_AUDIT_ROWS, MAX_REPAIR_ROWS, RangeDigest, Records, Repair, ReplacedRange,
    Versioned,
};

use super::super::{Audited, StoreFault};
use super::convert::to_i64;
use super::pull::{Change, columns, read};
use super::schema;
use super::shape::Shape;
use crate::booking::Scope;

/// Maximum rows read of one range. A device limits its ranges to half of [`MAX_REPAIR_ROWS`], so a longer
/// range differs in any case.
const MAX_RANGE_ROWS: i64 = MAX_REPAIR_ROWS as i64 + 1;

pub(super) fn audit(
    connection: &Connection,
    site: &str,
    scope: Scope,
    request: &AuditRequest,
) -> Result<Audited, StoreFault> {
    let state = schema::site(connection, site)?;
    let mut audited = Audited::default();
    // Another epoch, or a revision ahead of the site's: the next pull begins a snapshot.
    if request.epoch != Some(state.epoch) || request.rev > state.rev {
        return Ok(audited);
    }
    let (mut read_rows, mut room) = (0, MAX_REPAIR_ROWS);
    for (at, RangeDigest { range, digest }) in request.ranges.iter().enumerate() {
        if read_rows >= MAX_AUDIT_ROWS || room == 0 {
            audited.compared = Some(at);
            break;
        }
        let span = Span::of(range)?;
        if span.has_later(connection, site, request.rev)? {
            continue;
        }
        let rows = span.rows(connection, site, scope)?;
        read_rows += rows.len();
        if digest_of(&rows)? != *digest {
            let repair = cut(range.clone(), rows, room);
            room -= repair.rows.len();
            audited.repairs.push(repair);
        }
    }
    Ok(audited)
}

/// A range's rows; if there is no room for all of them, the beginning of the range.
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

/// A range as values of its table's columns.
struct Span {
    shape: &'static Shape,
    after: Vec<Value>,
    /// None for the end of the table.
    through: Option<Vec<Value>>,
}

impl Span {
    fn of(range: &ReplacedRange) -> Result<Self, StoreFault> {
        let shape = Shape::named(&range.table)?;
        let after = shape.position(&range.after)?;
        let through = range.through.as_deref().map(|key| shape.position(key)).transpose()?;
        Ok(Self { shape, after, through })
    }

    /// The condition on the keys. Their values are the parameters from `?3` on.
    fn condition(&self) -> String {
        let after = self.shape.compared(">", 3);
        match &self.through {
            Some(_) => format!("{after} AND {}", self.shape.compared("<=", 3 + self.after.len())),
            None => after,
        }
    }

    fn params(&self, site: &str, second: i64) -> impl Params {
        let first = [Value::Text(site.to_owned()), Value::Integer(second)];
        let keys = self.after.iter().chain(self.through.iter().flatten()).cloned();
        params_from_iter(first.into_iter().chain(keys).collect::<Vec<_>>())
    }

    /// Whether any row in it, including tombstones and rows outside the scope, is later than `rev`.
    fn has_later(&self, connection: &Connection, site: &str, rev: u64) -> Result<bool, StoreFault> {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM {} WHERE site = ?1 AND rev > ?2 AND {})",
            self.shape.table,
            self.condition()
        );
        let params = self.params(site, to_i64(rev));
        Ok(connection.prepare_cached(&sql)?.query_row(params, |row| row.get(0))?)
    }

    /// Its rows within the scope, by ascending key.
    fn rows(
        &self,
        connection: &Connection,
        site: &str,
        scope: Scope,
    ) -> Result<Vec<Versioned<Row>>, StoreFault> {
        let sql = format!(
            "SELECT {} FROM {} WHERE site = ?1 AND {} AND {} ORDER BY {} LIMIT ?2",
            columns(self.shape),
            self.shape.table,
            self.condition(),
            self.shape.in_scope(scope),
            self.shape.key.join(", ")
        );
        let mut found = Vec::new();
        read(connection, self.shape, &sql, self.params(site, MAX_RANGE_ROWS), &mut found)?;
        Ok(found.into_iter().map(|Change { rev, row, .. }| Versioned { rev, row }).collect())
    }
}
