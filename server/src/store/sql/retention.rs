//! Deletes unknown codes and conflicts that nobody has settled for long, so that devices do not hold them for ever, and
//! receipts that no device asks for any more.

use sync::{MIN_RECEIPT_DAYS, UnixMillis};

use super::super::StoreFault;
use super::session::{Session, params};
use super::sites;

/// Days after the last scan of an unknown code.
const UNKNOWN_CODE_RETENTION_DAYS: i64 = 90;
/// Days after a change was refused. Its device drops the change with the row.
const CONFLICT_RETENTION_DAYS: i64 = 365;
/// Unknown codes of a site; those that were not scanned for longest are deleted.
const MAX_UNKNOWN_CODES_PER_SITE: i64 = 5_000;
/// Conflicts of a site; the oldest are deleted.
pub(crate) const MAX_CONFLICTS_PER_SITE: i64 = 1_000;
/// Rows of a table deleted under one revision: devices pull whole revisions. The next call goes on.
const MAX_ROWS_PER_REVISION: i64 = 1_000;
const MILLIS_A_DAY: i64 = 24 * 60 * 60 * 1_000;

/// Turns those of a site into tombstones. Returns their number.
pub(crate) fn expire(session: &dyn Session, site: &str, now: UnixMillis) -> Result<u64, StoreFault> {
    let rev = sites::lock(session, site)?.rev + 1;
    let expired = expire_table(session, (site, rev), "unknown_codes", "code", now)?
        + expire_table(session, (site, rev), "conflicts", "mutation_id", now)?;
    if expired > 0 {
        sites::set_rev(session, site, rev)?;
    }
    Ok(expired)
}

fn expire_table(
    session: &dyn Session,
    (site, rev): (&str, u64),
    table: &str,
    key: &str,
    now: UnixMillis,
) -> Result<u64, StoreFault> {
    let (days, max_rows) = match table {
        "unknown_codes" => (UNKNOWN_CODE_RETENTION_DAYS, MAX_UNKNOWN_CODES_PER_SITE),
        _ => (CONFLICT_RETENTION_DAYS, MAX_CONFLICTS_PER_SITE),
    };
    let sql = format!(
        "UPDATE {table} SET rev = ?2, deleted_at = ?3 WHERE site = ?1 AND {key} IN (
             SELECT {key} FROM {table} WHERE site = ?1 AND deleted_at IS NULL AND (booked_at < ?4 OR {key} IN (
                 SELECT {key} FROM {table} WHERE site = ?1 AND deleted_at IS NULL
                 ORDER BY booked_at DESC LIMIT {} OFFSET ?5
             )) ORDER BY booked_at LIMIT ?6
         )",
        i64::MAX
    );
    let before = now.0.saturating_sub(days * MILLIS_A_DAY);
    session.execute(&sql, &params![site, rev, now, before, max_rows, MAX_ROWS_PER_REVISION])
}

/// Days after which a receipt is deleted whose outcome is on its device. Until then it answers files of unsent work, and
/// tells which counts a reversal of the work comes after.
const RECEIPT_RETENTION_DAYS: i64 = MIN_RECEIPT_DAYS as i64;
/// Days after which any receipt is deleted: its device has not come back.
const MAX_RECEIPT_DAYS: i64 = 400;
/// Receipts deleted in one transaction.
const MAX_SLICE_RECEIPTS: i64 = 1_000;

/// Days for which a request of a key is known by its name.
const REQUEST_RETENTION_DAYS: i64 = 30;

/// Deletes some of a site's old receipts and requests of keys. Returns their number; 0 if none are left.
pub(crate) fn forget_receipts(session: &dyn Session, site: &str, now: UnixMillis) -> Result<u64, StoreFault> {
    sites::lock(session, site)?;
    let before = |days: i64| now.0.saturating_sub(days * MILLIS_A_DAY);
    let sql = "DELETE FROM receipts WHERE site = ?1 AND (client, seq) IN (
             SELECT receipts.client, seq FROM receipts
             JOIN clients ON clients.site = ?1 AND clients.client = receipts.client
             WHERE receipts.site = ?1 AND booked_at < ?2 AND (seq <= acknowledged_seq OR booked_at < ?3)
             ORDER BY booked_at LIMIT ?4
         )";
    let params = params![site, before(RECEIPT_RETENTION_DAYS), before(MAX_RECEIPT_DAYS), MAX_SLICE_RECEIPTS];
    let receipts = session.execute(sql, &params)?;
    let sql = "DELETE FROM api_requests WHERE site = ?1 AND (key_id, request) IN (
             SELECT key_id, request FROM api_requests WHERE site = ?1 AND booked_at < ?2 ORDER BY booked_at LIMIT ?3
         )";
    let requests =
        session.execute(sql, &params![site, before(REQUEST_RETENTION_DAYS), MAX_SLICE_RECEIPTS])?;
    Ok(receipts + requests)
}
