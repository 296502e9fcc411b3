//! Compares ranges of rows with the digests of a device. One request is answered from one snapshot of the
//! database.

use domain::{Row, Warehouse};
use sync::{
    AuditRequest, Digest, MAX_AUDIT_ROWS, MAX_REPAIR_ROWS, RangeDigest, Records, Repair, ReplacedRange,
    Versioned,
};

use super::super::{Audited, StoreFault};
use super::pull::{Change, columns, read};
use super::session::{Param, Session, params};
use super::shape::Shape;
use super::sites;
use crate::booking::Scope;

/// Maximum rows read of one range. A device limits its ranges to half of [`MAX_REPAIR_ROWS`], so a longer
/// range differs in any case.
const MAX_RANGE_ROWS: i64 = MAX_REPAIR_ROWS as i64 + 1;

pub(crate) fn audit(
    session: &dyn Session,
    site: &str,
    scope: Scope,
    request: &AuditRequest,
) -> Result<Audited, StoreFault> {
    let state = sites::site(session, site)?;
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
        if span.has_later(session, site, request.rev)? {
            continue;
        }
        let rows = span.rows(session, site, scope)?;
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

/// A range of a table's keys.
struct Span<'r> {
    shape: &'static Shape,
    range: &'r ReplacedRange,
}

impl<'r> Span<'r> {
    fn of(range: &'r ReplacedRange) -> Result<Self, StoreFault> {
        Ok(Self { shape: Shape::named(&range.table)?, range })
    }

    /// The condition on the keys, whose values it appends to the parameters.
    fn condition(&self, params: &mut Vec<Param<'r>>) -> Result<String, StoreFault> {
        let after = self.shape.compared(">", &self.range.after, params)?;
        let Some(through) = &self.range.through else { return Ok(after) };
        Ok(format!("{after} AND {}", self.shape.compared("<=", through, params)?))
    }

    /// Whether any row in it, including tombstones and rows outside the scope, is later than `rev`.
    fn has_later(&self, session: &dyn Session, site: &'r str, rev: u64) -> Result<bool, StoreFault> {
        let mut params = params![site, rev].to_vec();
        let condition = self.condition(&mut params)?;
        let table = self.shape.table;
        let sql = format!("SELECT 1 FROM {table} WHERE site = ?1 AND rev > ?2 AND {condition} LIMIT 1");
        session.exists(&sql, &params)
    }

    /// Its rows within the scope, by ascending key.
    fn rows(
        &self,
        session: &dyn Session,
        site: &'r str,
        scope: Scope,
    ) -> Result<Vec<Versioned<Row>>, StoreFault> {
        let mut params = params![site, MAX_RANGE_ROWS].to_vec();
        let sql = format!(
            "SELECT {} FROM {} WHERE site = ?1 AND {} AND {} ORDER BY {} LIMIT ?2",
            columns(self.shape),
            self.shape.table,
            self.condition(&mut params)?,
            self.shape.in_scope(scope, session.dialect()),
            self.shape.key.join(", ")
        );
        let mut found = Vec::new();
        read(session, self.shape, &sql, &params, &mut found)?;
        Ok(found.into_iter().map(|Change { rev, row, .. }| Versioned { rev, row }).collect())
    }
}
