//! Deletes tombstones. A device whose cursor is before `purged_rev` may still hold such a row, and takes a
//! new snapshot.

use sync::UnixMillis;

use super::super::StoreFault;
use super::session::{Session, params};
use super::shape::{CONFLICT, DELIVERY, EXCEPTION, LOT, PERSON, PRODUCT, SETTING, Shape, UNKNOWN_CODE};
use super::sites;

/// Rows deleted in one transaction: other writes wait for it.
const MAX_SLICE_ROWS: u64 = 1_000;
/// Transactions of one purge of a site; the next one goes on.
pub(crate) const MAX_SLICES: usize = 10_000;

/// Deletes some of a site's tombstones older than `before`. Returns their number; 0 if none are left.
pub(crate) fn purge_slice(session: &dyn Session, site: &str, before: UnixMillis) -> Result<u64, StoreFault> {
    sites::lock(session, site)?;
    // A product's tombstone stays as long as one of its lots' does.
    let without_lots = "AND NOT EXISTS (SELECT 1 FROM inventory_lots AS lots \
                        WHERE lots.site = products.site AND lots.product_id = products.product_id)";
    let mut room = MAX_SLICE_ROWS;
    let without_others = [&LOT, &DELIVERY, &EXCEPTION, &UNKNOWN_CODE, &CONFLICT, &PERSON, &SETTING];
    for shape in without_others.into_iter().chain([&PRODUCT]) {
        let condition = if shape.table == PRODUCT.table { without_lots } else { "" };
        room = room.saturating_sub(delete(session, shape, condition, (site, before), room)?);
    }
    let codes = "DELETE FROM enrolment_codes WHERE site = ?1 AND expires_at < ?2";
    session.execute(codes, &params![site, before])?;
    Ok(MAX_SLICE_ROWS - room)
}

/// Deletes at most `max_rows` of a table's tombstones, and raises the site's purged revision.
fn delete(
    session: &dyn Session,
    shape: &Shape,
    condition: &str,
    (site, before): (&str, UnixMillis),
    max_rows: u64,
) -> Result<u64, StoreFault> {
    let (table, key) = (shape.table, shape.key.join(", "));
    let sql = format!(
        "DELETE FROM {table} WHERE site = ?1 AND ({key}) IN (SELECT {key} FROM {table} \
         WHERE site = ?1 AND deleted_at IS NOT NULL AND deleted_at < ?2 {condition} LIMIT ?3) RETURNING rev"
    );
    let revs = session.all(&sql, &params![site, before, max_rows], |row| row.int(0))?;
    if let Some(highest) = revs.iter().max() {
        let sql = "UPDATE sites SET purged_rev = ?2 WHERE site = ?1 AND purged_rev < ?2";
        session.execute(sql, &params![site, *highest])?;
    }
    Ok(u64::try_from(revs.len()).unwrap_or(u64::MAX))
}
