//! Tests of the retention and of purges, on rows that are written by hand.

mod plans;

use rusqlite::Connection;
use sync::UnixMillis;

use super::super::Store;
use super::super::sql::retention;
use super::SqliteStore;

const DAY: i64 = 24 * 60 * 60 * 1_000;

fn store() -> (tempfile::TempDir, SqliteStore, Connection) {
    let dir = tempfile::TempDir::new().expect("a folder");
    let file = dir.path().join("lotbook.db");
    let store = SqliteStore::open(&file).expect("a store");
    let connection = Connection::open(&file).expect("a database");
    (dir, store, connection)
}

#[tokio::test]
async fn old_codes_and_conflicts_become_tombstones_under_one_revision() {
    let (_dir, store, connection) = store();
    connection
        .execute_batch(&format!(
            "INSERT INTO sites (site, name, epoch, rev, purged_rev) VALUES ('s', 's', zeroblob(16), 9, 0), ('t', 't', zeroblob(16), 4, 0);
             INSERT INTO unknown_codes VALUES
                 ('s', 'OLD', 1, '[]', {}, 5, NULL), ('s', 'NEW', 1, '[]', {}, 6, NULL), ('t', 'NEW', 1, '[]', {}, 3, NULL);
             INSERT INTO conflicts VALUES
                 ('s', X'01', 'rejected', '', '', '', 'Ada', 0, {}, 7, NULL),
                 ('s', X'02', 'rejected', '', '', '', 'Ada', 0, {}, 8, NULL);",
            309 * DAY, 311 * DAY, 311 * DAY, 34 * DAY, 36 * DAY
        ))
        .expect("rows");
    assert_eq!(store.expire(UnixMillis(400 * DAY)).await.expect("expired"), 2);
    let left = "SELECT group_concat(code || rev) FROM (SELECT code, rev FROM unknown_codes WHERE deleted_at IS NULL \
                UNION ALL SELECT hex(mutation_id), rev FROM conflicts WHERE deleted_at IS NULL)";
    let left: String = connection.query_row(left, [], |row| row.get(0)).expect("rows");
    assert_eq!(left, "NEW6,NEW3,028");
    let revs: String =
        connection.query_row("SELECT group_concat(rev) FROM sites", [], |row| row.get(0)).expect("sites");
    assert_eq!(revs, "10,4");
    assert_eq!(store.expire(UnixMillis(400 * DAY)).await.expect("nothing is left to do"), 0);
}

#[tokio::test]
async fn the_oldest_conflicts_give_way() {
    let (_dir, store, connection) = store();
    let most = retention::MAX_CONFLICTS_PER_SITE;
    connection
        .execute_batch(&format!(
            "INSERT INTO sites (site, name, epoch, rev, purged_rev) VALUES ('s', 's', zeroblob(16), 9, 0);
             WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {most} + 2)
             INSERT INTO conflicts
             SELECT 's', CAST(n AS BLOB), 'rejected', '', '', '', 'Ada', 0, n, 7, NULL FROM n;"
        ))
        .expect("rows");
    assert_eq!(store.expire(UnixMillis(DAY)).await.expect("expired"), 2);
    let oldest = "SELECT min(booked_at) FROM conflicts WHERE deleted_at IS NULL";
    let oldest: i64 = connection.query_row(oldest, [], |row| row.get(0)).expect("rows");
    assert_eq!(oldest, 3);
}

#[tokio::test]
async fn other_writes_go_between_the_slices_of_a_purge() {
    let (_dir, store, connection) = store();
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

#[tokio::test]
async fn a_backup_has_new_epochs_and_none_that_is_due() {
    let (dir, store, connection) = store();
    store.ensure_site("s").await.expect("a site");
    connection.execute("UPDATE sites SET epoch_is_due = 1, epoch_renewed_at = 7", []).expect("a site");
    let copy = dir.path().join("copy.db");
    store.backup(&copy).await.expect("a backup");
    let copied = SqliteStore::open(&copy).expect("the copy").sites().await.expect("its sites");
    let own = store.sites().await.expect("the sites");
    assert!(own[0].epoch_is_due && !copied[0].epoch_is_due);
    assert_ne!(copied[0].epoch, own[0].epoch);
}

#[tokio::test]
async fn the_ledger_loses_only_what_is_packed_into_less_than_a_quarter() {
    let (_dir, store, connection) = store();
    connection
        .execute_batch(
            "INSERT INTO sites (site, name, epoch, rev) VALUES ('s', 's', zeroblob(16), 20001);
             CREATE TABLE of_product AS
             WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 199)
             SELECT n, randomblob(16) AS product, randomblob(16) AS lot, randomblob(16) AS client FROM n;
             WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 20000)
             INSERT INTO stock_ledger
             SELECT 's', n.n, 0, product, lot, 'L' || (p.n * 7919), 'A-' || p.n, -1000 * (n.n % 12), 'pick', '',
                    randomblob(16), client, 'Ada Picker', n.n * 60000, n.n * 60000 + 1234
             FROM n JOIN of_product AS p ON p.n = n.n % 200;
             INSERT INTO stock_ledger
             SELECT 's', 20001, 0, zeroblob(16), zeroblob(16), '', '', 1, 'pick', '', NULL, NULL, '', 0, 40000000000;",
        )
        .expect("entries");
    let number = |sql: &str| -> i64 { connection.query_row(sql, [], |row| row.get(0)).expect(sql) };
    let pages = "SELECT sum(pgsize) FROM dbstat WHERE name IN ('stock_ledger', 'ledger_by_product')";
    let before = number(pages);
    let after_a_year = UnixMillis(500 * 24 * 60 * 60 * 1_000);
    assert_eq!(store.pack_ledger(after_a_year).await.expect("packed"), 20_000);
    let packed = number("SELECT sum(pgsize) FROM dbstat WHERE name LIKE '%ledger_months%'");
    assert!(packed * 4 < before, "{before} bytes of the ledger became {packed}");
    assert_eq!(number("SELECT count(*) FROM stock_ledger"), 1);
    let refused = connection.execute("DELETE FROM stock_ledger", []).expect_err("it is not packed");
    assert!(refused.to_string().contains("append-only"), "{refused}");
}
