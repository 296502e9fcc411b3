//! Deletes tombstones. A device whose cursor is before `purged_rev` may still hold such a row, and takes a
//! new snapshot.

use std::collections::BTreeMap;

use rusqlite::{Transaction, params};
use sync::UnixMillis;

use super::super::StoreFault;
use super::shape::{CONFLICT, DELIVERY, EXCEPTION, LOT, PRODUCT, Shape, UNKNOWN_CODE};

/// Rows deleted in one transaction: other writes wait for it.
const MAX_SLICE_ROWS: usize = 1_000;
/// Transactions of one purge; the next one goes on.
pub(super) const MAX_SLICES: usize = 10_000;

/// Deletes some of the tombstones older than `before`. Returns their number; 0 if none are left.
pub(super) fn purge_slice(transaction: &Transaction<'_>, before: UnixMillis) -> Result<u64, StoreFault> {
    // A product's tombstone stays as long as one of its lots' does.
    let without_lots = "AND NOT EXISTS (SELECT 1 FROM inventory_lots AS lots \
                        WHERE lots.site = products.site AND lots.product_id = products.product_id)";
    let mut room = MAX_SLICE_ROWS;
    for shape in [&LOT, &DELIVERY, &EXCEPTION, &UNKNOWN_CODE, &CONFLICT, &PRODUCT] {
        let condition = if shape.table == PRODUCT.table { without_lots } else { "" };
        room = room.saturating_sub(delete(transaction, shape, condition, before, room)?);
    }
    transaction.execute("DELETE FROM enrolment_codes WHERE expires_at < ?1", params![before.0])?;
    Ok(u64::try_from(MAX_SLICE_ROWS - room).unwrap_or(u64::MAX))
}

/// Deletes at most `max_rows` of a table's tombstones, and raises the purged revisions of their sites.
fn delete(
    transaction: &Transaction<'_>,
    shape: &Shape,
    condition: &str,
    before: UnixMillis,
    max_rows: usize,
) -> Result<usize, StoreFault> {
    let (table, key) = (shape.table, shape.key.join(", "));
    let sql = format!(
        "DELETE FROM {table} WHERE (site, {key}) IN (SELECT site, {key} FROM {table} \
         WHERE deleted_at IS NOT NULL AND deleted_at < ?1 {condition} LIMIT ?2) RETURNING site, rev"
    );
    let mut statement = transaction.prepare_cached(&sql)?;
    let max_rows = i64::try_from(max_rows).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![before.0, max_rows])?;
    let (mut purged, mut deleted) = (BTreeMap::<String, i64>::new(), 0);
    while let Some(row) = rows.next()? {
        let (site, rev): (String, i64) = (row.get(0)?, row.get(1)?);
        let highest = purged.entry(site).or_default();
        *highest = rev.max(*highest);
        deleted += 1;
    }
    for (site, rev) in purged {
        let sql = "UPDATE sites SET purged_rev = max(purged_rev, ?2) WHERE site = ?1";
        transaction.prepare_cached(sql)?.execute(params![site, rev])?;
    }
    Ok(deleted)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use sync::UnixMillis;

    use crate::store::Store;
    use crate::store::sqlite::SqliteStore;

    #[tokio::test]
    async fn other_writes_go_between_the_slices_of_a_purge() {
        let dir = tempfile::TempDir::new().expect("a folder");
        let file = dir.path().join("lotbook.db");
        let store = SqliteStore::open(&file).expect("a store");
        let connection = Connection::open(&file).expect("a database");
        connection
            .execute_batch(
                "INSERT INTO sites (site, name, epoch, rev) VALUES ('s', 's', zeroblob(16), 9);
                 WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2500)
                 INSERT INTO unknown_codes SELECT 's', 'C' || n, 1, '[]', 0, n % 8, 5 FROM n;",
            )
            .expect("tombstones");
        let left = || -> i64 {
            connection.query_row("SELECT count(*) FROM unknown_codes", [], |row| row.get(0)).expect("a count")
        };
        let other = async {
            store.ensure_site("t").await.expect("a site");
            left()
        };
        let (purged, left_meanwhile) = tokio::join!(store.purge(UnixMillis(6)), other);
        assert_eq!((purged.expect("purged"), left()), (2_500, 0));
        assert!(left_meanwhile >= 500, "{left_meanwhile}");
        let purged_rev: i64 = connection
            .query_row("SELECT purged_rev FROM sites WHERE site = 's'", [], |row| row.get(0))
            .expect("a revision");
        assert_eq!(purged_rev, 7);
    }
}
