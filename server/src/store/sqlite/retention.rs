//! Deletes unknown codes and conflicts that nobody has settled for long, so that devices do not hold them for ever.

use rusqlite::{Transaction, params};
use sync::UnixMillis;

use super::super::StoreFault;
use super::convert::to_i64;
use super::schema;

/// Days after the last scan of an unknown code.
const UNKNOWN_CODE_RETENTION_DAYS: i64 = 90;
/// Days after a change was refused. Its device drops the change with the row.
const CONFLICT_RETENTION_DAYS: i64 = 365;
/// Unknown codes of a site; those that were not scanned for longest are deleted.
const MAX_UNKNOWN_CODES_PER_SITE: i64 = 5_000;
/// Conflicts of a site; the oldest are deleted.
const MAX_CONFLICTS_PER_SITE: i64 = 1_000;
/// Rows of a table deleted under one revision: devices pull whole revisions. The next call goes on.
const MAX_ROWS_PER_REVISION: i64 = 1_000;
const MILLIS_A_DAY: i64 = 24 * 60 * 60 * 1_000;

/// Turns them into tombstones. Returns their number.
pub(super) fn expire(transaction: &Transaction<'_>, now: UnixMillis) -> Result<u64, StoreFault> {
    let mut expired = 0;
    for site in schema::sites(transaction)? {
        let rev = site.rev + 1;
        let count = expire_table(transaction, (&site.site, rev), "unknown_codes", "code", now)?
            + expire_table(transaction, (&site.site, rev), "conflicts", "mutation_id", now)?;
        if count > 0 {
            schema::set_rev(transaction, &site.site, rev)?;
        }
        expired += count;
    }
    Ok(u64::try_from(expired).unwrap_or(u64::MAX))
}

fn expire_table(
    transaction: &Transaction<'_>,
    (site, rev): (&str, u64),
    table: &str,
    key: &str,
    now: UnixMillis,
) -> Result<usize, StoreFault> {
    let (days, max_rows) = match table {
        "unknown_codes" => (UNKNOWN_CODE_RETENTION_DAYS, MAX_UNKNOWN_CODES_PER_SITE),
        _ => (CONFLICT_RETENTION_DAYS, MAX_CONFLICTS_PER_SITE),
    };
    let sql = format!(
        "UPDATE {table} SET rev = ?2, deleted_at = ?3 WHERE site = ?1 AND {key} IN (
             SELECT {key} FROM {table} WHERE site = ?1 AND deleted_at IS NULL AND (booked_at < ?4 OR {key} IN (
                 SELECT {key} FROM {table} WHERE site = ?1 AND deleted_at IS NULL
                 ORDER BY booked_at DESC LIMIT -1 OFFSET ?5
             )) ORDER BY booked_at LIMIT ?6
         )"
    );
    let before = now.0.saturating_sub(days * MILLIS_A_DAY);
    Ok(transaction
        .execute(&sql, params![site, to_i64(rev), now.0, before, max_rows, MAX_ROWS_PER_REVISION])?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::schema::open_writer;

    #[test]
    fn old_codes_and_conflicts_become_tombstones_under_one_revision() {
        let dir = tempfile::TempDir::new().expect("a folder");
        let mut connection = open_writer(&dir.path().join("lotbook.db")).expect("a database");
        let transaction = connection.transaction().expect("a transaction");
        let day = MILLIS_A_DAY;
        transaction
            .execute_batch(&format!(
                "INSERT INTO sites (site, name, epoch, rev, purged_rev) VALUES ('s', 's', zeroblob(16), 9, 0), ('t', 't', zeroblob(16), 4, 0);
                 INSERT INTO unknown_codes VALUES
                     ('s', 'OLD', 1, '[]', {}, 5, NULL), ('s', 'NEW', 1, '[]', {}, 6, NULL), ('t', 'NEW', 1, '[]', {}, 3, NULL);
                 INSERT INTO conflicts VALUES
                     ('s', X'01', 'rejected', '', '', '', 'Ada', 0, {}, 7, NULL),
                     ('s', X'02', 'rejected', '', '', '', 'Ada', 0, {}, 8, NULL);",
                309 * day, 311 * day, 311 * day, 34 * day, 36 * day
            ))
            .expect("rows");
        assert_eq!(expire(&transaction, UnixMillis(400 * day)).expect("expired"), 2);
        let left = "SELECT group_concat(code || rev) FROM (SELECT code, rev FROM unknown_codes WHERE deleted_at IS NULL \
                    UNION ALL SELECT hex(mutation_id), rev FROM conflicts WHERE deleted_at IS NULL)";
        let left: String = transaction.query_row(left, [], |row| row.get(0)).expect("rows");
        assert_eq!(left, "NEW6,NEW3,028");
        let revs: String = transaction
            .query_row("SELECT group_concat(rev) FROM sites", [], |row| row.get(0))
            .expect("sites");
        assert_eq!(revs, "10,4");
        assert_eq!(expire(&transaction, UnixMillis(400 * day)).expect("nothing is left to do"), 0);
    }

    #[test]
    fn the_oldest_conflicts_give_way() {
        let dir = tempfile::TempDir::new().expect("a folder");
        let mut connection = open_writer(&dir.path().join("lotbook.db")).expect("a database");
        let transaction = connection.transaction().expect("a transaction");
        let most = MAX_CONFLICTS_PER_SITE;
        transaction
            .execute_batch(&format!(
                "INSERT INTO sites (site, name, epoch, rev, purged_rev) VALUES ('s', 's', zeroblob(16), 9, 0);
                 WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {most} + 2)
                 INSERT INTO conflicts
                 SELECT 's', CAST(n AS BLOB), 'rejected', '', '', '', 'Ada', 0, n, 7, NULL FROM n;"
            ))
            .expect("rows");
        assert_eq!(expire(&transaction, UnixMillis(MILLIS_A_DAY)).expect("expired"), 2);
        let oldest = "SELECT min(booked_at) FROM conflicts WHERE deleted_at IS NULL";
        let oldest: i64 = transaction.query_row(oldest, [], |row| row.get(0)).expect("rows");
        assert_eq!(oldest, 3);
    }
}
