//! Changes for a device: the rows after its revision, or the next page of a snapshot. Each is read from one
//! snapshot of the database.

use domain::{DELIVERIES, LOTS, LotStatus, Row, Warehouse};
use sync::{Cursor, Progress, Records, Removal, ReplacedRange, Versioned};

use super::super::{Pull, Pulled, Site, StoreFault};
use super::convert::from_i64;
use super::session::{Columns, Param, Query, Session, params};
use super::shape::{PRODUCT, Shape};
use super::sites;
use crate::booking::Scope;

/// A row or a tombstone with its revision.
pub(super) struct Change {
    pub(super) rev: u64,
    pub(super) row: Row,
    pub(super) deleted: bool,
}

/// A position within a device's snapshot.
struct Snapshot {
    rev: u64,
    shape: &'static Shape,
    after: String,
    progress: Progress,
}

pub(crate) fn pull(session: &dyn Session, pull: &Pull) -> Result<Pulled, StoreFault> {
    let site = sites::site(session, &pull.site)?;
    let same_life = pull.epoch.is_none_or(|epoch| epoch == site.epoch);
    // A cursor ahead of the site's revision, or before purged tombstones, cannot be continued: start again.
    let reaches = |rev: u64| same_life && rev <= site.rev && rev >= site.purged_rev;
    match &pull.cursor {
        Cursor::Live { rev } if reaches(*rev) => changes(session, pull, &site, *rev),
        Cursor::Snapshot { rev, table, after, progress } if reaches(*rev) => {
            let shape = Shape::named(table)?;
            // This build does not know the table any more.
            if !pull.scope.has_table(table) {
                return begin(session, pull, &site);
            }
            let snapshot = Snapshot { rev: *rev, shape, after: after.clone(), progress: *progress };
            page(session, pull, &site, snapshot)
        }
        Cursor::Start | Cursor::Live { .. } | Cursor::Snapshot { .. } => begin(session, pull, &site),
    }
}

fn begin(session: &dyn Session, pull: &Pull, site: &Site) -> Result<Pulled, StoreFault> {
    let progress = Progress { done_rows: 0, total_rows: count(session, pull)? };
    let first = Snapshot { rev: site.rev, shape: &PRODUCT, after: String::new(), progress };
    page(session, pull, site, first)
}

fn changes(session: &dyn Session, pull: &Pull, site: &Site, after: u64) -> Result<Pulled, StoreFault> {
    let wanted = pull.max_rows;
    let mut found = changed_between(session, pull, after, u64::MAX, wanted.saturating_add(1))?;
    let mut reached = site.rev;
    if let Some(cut) = found.get(wanted).map(|first_too_many| first_too_many.rev) {
        // A revision is never split between two answers: the next answer starts after a whole one.
        found.retain(|change| change.rev < cut);
        reached = cut - 1;
        if found.is_empty() {
            found = changed_between(session, pull, cut - 1, cut, usize::MAX)?;
            reached = cut;
        }
    }
    let (rows, removed) = split(found, pull.scope);
    let cursor = Cursor::Live { rev: reached };
    let (epoch, is_renewal_due) = (site.epoch, site.is_renewal_due(pull.now));
    let more = reached < site.rev;
    Ok(Pulled { epoch, is_renewal_due, rows, removed, replaced: None, cursor, more })
}

/// Changes after one revision up to another, the first `limit` by ascending revision.
fn changed_between(
    session: &dyn Session,
    pull: &Pull,
    after: u64,
    through: u64,
    limit: usize,
) -> Result<Vec<Change>, StoreFault> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (mut shapes, mut queries, mut found) = (Vec::new(), Vec::new(), Vec::new());
    for table in pull.scope.tables() {
        let shape = Shape::named(table)?;
        let sql = format!(
            "SELECT {} FROM {table} WHERE site = ?1 AND rev > ?2 AND rev <= ?3 ORDER BY rev LIMIT ?4",
            columns(shape)
        );
        shapes.push(shape);
        queries.push(Query::Plain(sql, params![&pull.site, after, through, limit].to_vec()));
    }
    session.ask(&queries, &mut |at, columns| {
        found.extend(shapes.get(at).map(|shape| change(shape, columns)).transpose()?);
        Ok(())
    })?;
    found.sort_by_key(|change| change.rev);
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found)
}

fn split(found: Vec<Change>, scope: Scope) -> (Vec<Versioned<Row>>, Vec<Removal>) {
    let (mut rows, mut removed) = (Vec::with_capacity(found.len()), Vec::new());
    for Change { rev, row, deleted } in found {
        if !deleted && scope.holds(&row) {
            rows.push(Versioned { rev, row });
        } else {
            let key = Warehouse::key(&row);
            removed.push(Removal { table: key.table, key: key.key, rev });
        }
    }
    (rows, removed)
}

fn page(session: &dyn Session, pull: &Pull, site: &Site, snapshot: Snapshot) -> Result<Pulled, StoreFault> {
    let Snapshot { rev, shape, after, progress } = snapshot;
    let mut found = rows_after(session, pull, shape, &after)?;
    let is_last = found.len() <= pull.max_rows;
    found.truncate(pull.max_rows);
    let through = if is_last { None } else { found.last().map(|change| Warehouse::key(&change.row).key) };
    let done_rows = progress.done_rows.saturating_add(u64::try_from(found.len()).unwrap_or(u64::MAX));
    let total_rows = progress.total_rows.max(done_rows);
    let progress = Progress { done_rows, total_rows };
    let next =
        |table: &str, after: String| Cursor::Snapshot { rev, table: table.to_owned(), after, progress };
    let cursor = match (&through, next_table(pull.scope, shape.table)) {
        (Some(through), _) => next(shape.table, through.clone()),
        (None, Some(following)) => next(following, String::new()),
        (None, None) => Cursor::Live { rev },
    };
    let more = match &cursor {
        Cursor::Live { rev } => *rev < site.rev,
        Cursor::Start | Cursor::Snapshot { .. } => true,
    };
    let rows = found.into_iter().map(|change| Versioned { rev: change.rev, row: change.row }).collect();
    let replaced = Some(ReplacedRange { table: shape.table.to_owned(), after, through });
    let (epoch, is_renewal_due) = (site.epoch, site.is_renewal_due(pull.now));
    Ok(Pulled { epoch, is_renewal_due, rows, removed: Vec::new(), replaced, cursor, more })
}

fn next_table(scope: Scope, table: &str) -> Option<&'static str> {
    scope.tables().skip_while(|name| *name != table).nth(1)
}

/// The rows in scope after a key, one more than wanted, by ascending key.
fn rows_after(
    session: &dyn Session,
    pull: &Pull,
    shape: &Shape,
    after: &str,
) -> Result<Vec<Change>, StoreFault> {
    let limit = i64::try_from(pull.max_rows).unwrap_or(i64::MAX).saturating_add(1);
    let mut params = params![&pull.site, limit].to_vec();
    let sql = format!(
        "SELECT {} FROM {} WHERE site = ?1 AND {} AND {} ORDER BY {} LIMIT ?2",
        columns(shape),
        shape.table,
        shape.compared(">", after, &mut params)?,
        shape.in_scope(pull.scope, session.dialect()),
        shape.key.join(", ")
    );
    let mut found = Vec::new();
    read(session, shape, &sql, &params, &mut found)?;
    Ok(found)
}

pub(super) fn columns(shape: &Shape) -> String {
    format!("{}, rev, deleted_at IS NOT NULL", shape.columns)
}

pub(super) fn read(
    session: &dyn Session,
    shape: &Shape,
    sql: &str,
    params: &[Param<'_>],
    into: &mut Vec<Change>,
) -> Result<(), StoreFault> {
    session.query(sql, params, &mut |columns| {
        into.push(change(shape, columns)?);
        Ok(())
    })
}

fn change(shape: &Shape, columns: &dyn Columns) -> Result<Change, StoreFault> {
    let (rev, deleted) = (from_i64(columns.int(shape.width)?), columns.flag(shape.width + 1)?);
    Ok(Change { rev, row: shape.row(columns)?, deleted })
}

/// The number of rows in scope: all rows minus deleted ones and those with another status. Counting these
/// from indexes takes a tenth of the time of a scan.
fn count(session: &dyn Session, pull: &Pull) -> Result<u64, StoreFault> {
    let count_of = |sql: &str, params: &[Param<'_>]| -> Result<u64, StoreFault> {
        Ok(session.first(sql, params, |columns| columns.int(0))?.map_or(0, from_i64))
    };
    let mut total = 0_u64;
    for table in pull.scope.tables() {
        if table == DELIVERIES {
            let open = "SELECT count(*) FROM deliveries WHERE site = ?1 AND is_open AND deleted_at IS NULL";
            total += count_of(open, &params![&pull.site])?;
            continue;
        }
        let all = count_of(&format!("SELECT count(*) FROM {table} WHERE site = ?1"), &params![&pull.site])?;
        let sql = format!("SELECT count(*) FROM {table} WHERE site = ?1 AND deleted_at IS NOT NULL");
        total += all.saturating_sub(count_of(&sql, &params![&pull.site])?);
    }
    if let Some(wanted) = pull.scope.lot_status() {
        for other in LotStatus::ALL.into_iter().filter(|status| *status != wanted) {
            let sql =
                format!("SELECT count(*) FROM {LOTS} WHERE site = ?1 AND status = ?2 AND deleted_at IS NULL");
            total = total.saturating_sub(count_of(&sql, &params![&pull.site, other.code()])?);
        }
    }
    Ok(total)
}
