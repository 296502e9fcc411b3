//! The settings of connections, and the migrations.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::super::StoreFault;
use super::rekey::rekey;
use crate::private_file;

/// Each migration upgrades the tables from the version of its index to the next. Released ones never change.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("../../../migrations/sqlite/0001_warehouse.sql"),
    include_str!("../../../migrations/sqlite/0002_floor.sql"),
    include_str!("../../../migrations/sqlite/0003_desk.sql"),
    include_str!("../../../migrations/sqlite/0004_lot_codes.sql"),
    include_str!("../../../migrations/sqlite/0005_clocks.sql"),
    include_str!("../../../migrations/sqlite/0006_edits.sql"),
    include_str!("../../../migrations/sqlite/0007_office.sql"),
    include_str!("../../../migrations/sqlite/0008_keys.sql"),
    include_str!("../../../migrations/sqlite/0009_receipt_revisions.sql"),
    include_str!("../../../migrations/sqlite/0010_sites.sql"),
    include_str!("../../../migrations/sqlite/0011_order_numbers.sql"),
    include_str!("../../../migrations/sqlite/0012_imports.sql"),
    include_str!("../../../migrations/sqlite/0013_growth.sql"),
    include_str!("../../../migrations/sqlite/0014_ledger_months.sql"),
    include_str!("../../../migrations/sqlite/0015_ledger_index.sql"),
    include_str!("../../../migrations/sqlite/0016_api.sql"),
    include_str!("../../../migrations/sqlite/0017_webhooks.sql"),
    include_str!("../../../migrations/sqlite/0018_office.sql"),
    include_str!("../../../migrations/sqlite/0019_people.sql"),
    include_str!("../../../migrations/sqlite/0020_transfers.sql"),
];
/// Databases of earlier versions have rows under other keys.
pub(super) const KEYS_VERSION: u32 = 8;
/// From this version on, sites know when their epoch was renewed.
pub(super) const RENEWALS_VERSION: u32 = 10;
/// Timeout for the write lock of another process.
const BUSY_TIMEOUT_MILLIS: u64 = 5_000;
/// Prepared statements cached per connection.
const STATEMENT_CACHE_CAPACITY: usize = 128;
/// Page cache of the writing connection, in KiB. Large, because writes touch pages all over the tables.
const WRITER_CACHE_KIB: i64 = 32 * 1024;
/// Page cache of each reading connection, in KiB. Small: reads are of one key or of long runs, and the system
/// caches the file.
const READER_CACHE_KIB: i64 = 4 * 1024;
/// Length of the write-ahead log that starts a checkpoint, in pages of 4 KiB (64 MB). A page that many
/// commits changed is copied once.
const CHECKPOINT_PAGES: u32 = 16_000;

/// What to do with a database of an earlier version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Earlier {
    /// Migrate it.
    Migrate,
    /// Refuse it, and leave it as it is for the server that serves it.
    Refuse,
}

/// Opens the database to write, creates it if needed, and migrates it.
#[cfg(test)]
pub(super) fn open_writer(file: &Path) -> Result<Connection, StoreFault> {
    open_writer_unless(file, Earlier::Migrate)
}

/// Opens the database to write, and creates it if needed.
pub(super) fn open_writer_unless(file: &Path, earlier: Earlier) -> Result<Connection, StoreFault> {
    // SQLite gives the log and its index the mode of the database.
    private_file::open_or_create(file).map_err(|error| unusable(file, &error))?;
    let mut connection = Connection::open(file).map_err(|error| unusable(file, &error))?;
    set_timeout(&connection)?;
    if earlier == Earlier::Refuse {
        refuse_earlier(version(&connection).map_err(|error| unusable(file, &error))?, file)?;
    }
    connection
        .execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;")
        .map_err(|error| unusable(file, &error))?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    // The undo data of savepoints: needed for one group of writes, and never after a crash.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    tune(&connection, WRITER_CACHE_KIB)?;
    migrate(&mut connection, file)?;
    Ok(connection)
}

pub(super) fn set_timeout(connection: &Connection) -> Result<(), StoreFault> {
    Ok(connection.busy_timeout(Duration::from_millis(BUSY_TIMEOUT_MILLIS))?)
}

/// The version of a database's tables; 0 for an empty file.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// The version that this build writes.
pub(super) fn newest_version() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

pub(super) fn refuse_newer(version: u32, file: &Path) -> Result<(), StoreFault> {
    if version <= newest_version() {
        return Ok(());
    }
    let message = format!(
        "The database {} was written by a newer lotbook-server (version {version} of its tables; this one knows {}). \
         Use the newer one.",
        file.display(),
        newest_version()
    );
    Err(StoreFault::invalid("newer_database", message))
}

/// Refuses a database that has to be migrated first. An empty file needs no migration of rows.
pub(super) fn refuse_earlier(version: u32, file: &Path) -> Result<(), StoreFault> {
    if version == 0 || version >= newest_version() {
        return Ok(());
    }
    let message = format!(
        "The database {} has the tables of an earlier lotbook-server (version {version}; this one writes {}). Run \
         `lotbook-server backup`, then start `serve` once: it upgrades the database.",
        file.display(),
        newest_version()
    );
    Err(StoreFault::invalid("earlier_database", message))
}

pub(super) fn open_reader(file: &Path) -> Result<Connection, StoreFault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).map_err(|error| unusable(file, &error))?;
    connection.busy_timeout(Duration::from_millis(BUSY_TIMEOUT_MILLIS))?;
    tune(&connection, READER_CACHE_KIB)?;
    Ok(connection)
}

fn tune(connection: &Connection, cache_kib: i64) -> Result<(), StoreFault> {
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE_CAPACITY);
    Ok(())
}

pub(super) fn unusable(file: &Path, error: &dyn std::fmt::Display) -> StoreFault {
    StoreFault::invalid(
        "bad_database",
        format!(
            "The database {} cannot be used: {error}. Check the path and who may write there.",
            file.display()
        ),
    )
}

fn migrate(connection: &mut Connection, file: &Path) -> Result<(), StoreFault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = version(&transaction)?;
    refuse_newer(version, file)?;
    let due = MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or(usize::MAX));
    due.copied().try_for_each(|migration| transaction.execute_batch(migration))?;
    if version < KEYS_VERSION {
        rekey(&transaction)?;
    }
    transaction.pragma_update(None, "user_version", newest_version())?;
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite::params;
    use uuid::Uuid;

    use super::super::super::sql::sites::sites;
    use super::super::session::SqliteSession;
    use super::*;

    /// A lot of product `X'01'` with a log entry for each booking that raised an exception.
    const LOGGED: &str = "
        INSERT INTO sites VALUES ('s', 's', X'00', 9, 0);
        INSERT INTO products VALUES ('s', zeroblob(16), 'A', 'A', '', '', 'A', 'each', 1, 'EUR', '', '', 1, '{}', NULL);
        INSERT INTO inventory_lots VALUES
            ('s', zeroblob(16), X'11111111111111111111111111111111', 'L', 'below', -3000, 'available', NULL, NULL, 5, '{}', NULL),
            ('s', zeroblob(16), X'22222222222222222222222222222222', 'L', 'again', 1000, 'available', NULL, NULL, 7, '{}', NULL),
            ('s', zeroblob(16), X'33333333333333333333333333333333', 'L', 'moved', 5000, 'available', NULL, NULL, 8, '{}', NULL),
            ('s', zeroblob(16), X'44444444444444444444444444444444', 'L', 'counted', 5000, 'available', NULL, NULL, 9, '{}', NULL);
        INSERT INTO stock_ledger
            (site, rev, line, product_id, lot_id, lot_code, location, delta, movement, note, author, captured_at, booked_at)
        VALUES
            ('s', 2, 0, zeroblob(16), X'11111111111111111111111111111111', 'L', 'below', -1000, 'pick', '', 'Ada', 1, 20),
            ('s', 5, 0, zeroblob(16), X'11111111111111111111111111111111', 'L', 'below', -2000, 'pick', '', 'Ben', 1, 50),
            ('s', 6, 0, zeroblob(16), X'22222222222222222222222222222222', 'L', 'again', -1000, 'pick', '', 'Ada', 1, 60),
            ('s', 8, 0, zeroblob(16), X'33333333333333333333333333333333', 'L', 'moved', -1000, 'count', '', 'Cy', 1, 80),
            ('s', 3, 0, zeroblob(16), X'44444444444444444444444444444444', 'L', 'counted', -1000, 'count', '', 'Cy', 1, 30),
            ('s', 9, 0, zeroblob(16), X'44444444444444444444444444444444', 'L', 'counted', 0, 'count', '', 'Cy', 1, 90);
        INSERT INTO exceptions
            (site, rev, line, kind, product_id, lot_id, lot_code, location, quantity, basis, mutation_id, client, author, booked_at)
        VALUES
            ('s', 2, 1, 'below_zero', zeroblob(16), X'11111111111111111111111111111111', 'L', 'below', -1000, NULL, X'', X'', 'Ada', 20),
            ('s', 5, 1, 'below_zero', zeroblob(16), X'11111111111111111111111111111111', 'L', 'below', -3000, NULL, X'', X'', 'Ben', 50),
            ('s', 6, 1, 'below_zero', zeroblob(16), X'22222222222222222222222222222222', 'L', 'again', -1000, NULL, X'', X'', 'Ada', 60),
            ('s', 8, 1, 'moved_while_counted', zeroblob(16), X'33333333333333333333333333333333', 'L', 'moved', 6000, 10000, X'', X'', 'Cy', 80),
            ('s', 3, 1, 'moved_while_counted', zeroblob(16), X'44444444444444444444444444444444', 'L', 'counted', 6000, 10000, X'', X'', 'Cy', 30);";

    #[test]
    fn log_entries_that_still_apply_become_exceptions() {
        let dir = tempfile::TempDir::new().expect("a folder");
        let file = dir.path().join("lotbook.db");
        let old = Connection::open(&file).expect("a database");
        old.execute_batch(MIGRATIONS[0]).expect("the first tables");
        old.execute_batch(LOGGED).expect("rows");
        old.pragma_update(None, "user_version", 1).expect("a version");
        drop(old);
        let connection = open_writer(&file).expect("an upgrade");
        let sql =
            "SELECT location, kind, before, after, basis, author, rev FROM exceptions ORDER BY location";
        let mut statement = connection.prepare(sql).expect("a query");
        let row = |row: &rusqlite::Row<'_>| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?))
        };
        type Found = (String, String, i64, i64, Option<i64>, String, i64);
        let found: Vec<Found> =
            statement.query_map([], row).expect("rows").collect::<Result<_, _>>().expect("rows");
        let expected = [
            ("below".to_owned(), "below_zero".to_owned(), -1_000, -3_000, None, "Ben".to_owned(), 5),
            (
                "moved".to_owned(),
                "moved_while_counted".to_owned(),
                6_000,
                5_000,
                Some(10_000),
                "Cy".to_owned(),
                8,
            ),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_database_of_the_last_release_keeps_its_devices() {
        let dir = tempfile::TempDir::new().expect("a folder");
        let file = dir.path().join("lotbook.db");
        let old = Connection::open(&file).expect("a database");
        MIGRATIONS[..3].iter().for_each(|migration| old.execute_batch(migration).expect("older tables"));
        old.execute_batch(
            "INSERT INTO sites VALUES ('s', 's', X'00', 9, 0);
             INSERT INTO devices VALUES ('s', X'01', 'Phone', 'D01', X'02', 5, 6, NULL);",
        )
        .expect("rows");
        old.pragma_update(None, "user_version", 3).expect("a version");
        drop(old);
        let connection = open_writer(&file).expect("an upgrade");
        let sql = "SELECT name, last_seen_at, clock_ahead_millis, (SELECT count(*) FROM product_edits) FROM devices";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        let found: (String, i64, Option<i64>, i64) = connection.query_row(sql, [], row).expect("the device");
        assert_eq!(found, ("Phone".to_owned(), 6, None, 0));
    }

    #[test]
    fn sites_that_share_the_epoch_of_a_backup_get_their_own() {
        let dir = tempfile::TempDir::new().expect("a folder");
        let file = dir.path().join("lotbook.db");
        let old = Connection::open(&file).expect("a database");
        // Those before 0010_sites.sql.
        let before = 9;
        MIGRATIONS[..before].iter().for_each(|migration| old.execute_batch(migration).expect("older tables"));
        let epochs = [("a", 1), ("b", 1), ("c", 1), ("d", 2)];
        for (site, epoch) in epochs {
            let sql = "INSERT INTO sites VALUES (?1, ?1, ?2, 9, 0)";
            old.execute(sql, params![site, Uuid::from_u128(epoch)]).expect("a site");
        }
        old.pragma_update(None, "user_version", u32::try_from(before).expect("few")).expect("a version");
        drop(old);
        let connection = open_writer(&file).expect("an upgrade");
        let found = sites(&SqliteSession(&connection)).expect("the sites");
        let different: std::collections::BTreeSet<Uuid> = found.iter().map(|site| site.epoch).collect();
        assert_eq!((found.len(), different.len()), (4, 4));
        let kept = |site: &str| found.iter().any(|known| known.site == site && known.epoch.as_u128() < 9);
        assert_eq!(["a", "b", "c", "d"].map(kept), [false, false, false, true]);
    }

    #[test]
    fn frequent_queries_use_an_index() {
        let dir = tempfile::TempDir::new().expect("a folder");
        let connection = open_writer(&dir.path().join("lotbook.db")).expect("a database");
        let hot = [
            (
                "SELECT * FROM products WHERE site = '' AND barcode_key <> '' AND barcode_key = ''",
                "products_by_barcode",
            ),
            (
                "SELECT * FROM products WHERE site = '' AND sku_key = '' AND deleted_at IS NULL",
                "products_by_sku",
            ),
            ("SELECT * FROM products WHERE site = '' AND rev > '' ORDER BY rev LIMIT 9", "products_by_rev"),
            ("SELECT * FROM inventory_lots WHERE site = '' AND rev > '' ORDER BY rev LIMIT 9", "lots_by_rev"),
            (
                "SELECT count(*) FROM inventory_lots WHERE site = '' AND status = '' AND deleted_at IS NULL",
                "lots_by_status",
            ),
            (
                "SELECT * FROM inventory_lots WHERE site = '' AND product_id = ''",
                "PRIMARY KEY (site=? AND product_id=?)",
            ),
            (
                "SELECT * FROM inventory_lots WHERE site = '' AND code_key = '' AND deleted_at IS NULL",
                "lots_by_code",
            ),
            (
                "SELECT sum(delta) FROM stock_ledger WHERE site = '' AND product_id = '' AND lot_id = ''",
                "ledger_by_product",
            ),
            (
                "SELECT * FROM exceptions WHERE site = '' AND rev > '' ORDER BY rev LIMIT 9",
                "exceptions_by_rev",
            ),
            (
                "SELECT * FROM deliveries WHERE site = '' AND rev > '' ORDER BY rev LIMIT 9",
                "deliveries_by_rev",
            ),
            (
                "SELECT count(*) FROM deliveries WHERE site = '' AND is_open AND deleted_at IS NULL",
                "deliveries_open",
            ),
            (
                "SELECT * FROM deliveries WHERE site = '' AND delivery_id > '' AND deleted_at IS NULL AND is_open \
                 ORDER BY delivery_id LIMIT 9",
                "deliveries_open",
            ),
            (
                "SELECT * FROM exceptions WHERE site = '' AND other = '' AND deleted_at IS NULL",
                "exceptions_by_other",
            ),
            (
                "SELECT * FROM exceptions WHERE site = '' AND (product_id, lot_id, kind) = ('', '', '')",
                "PRIMARY KEY (site=? AND product_id=? AND lot_id=? AND kind=?)",
            ),
            (
                "SELECT * FROM unknown_codes WHERE site = '' AND rev > '' ORDER BY rev LIMIT 9",
                "unknown_codes_by_rev",
            ),
            (
                "SELECT code FROM unknown_codes WHERE site = '' AND deleted_at IS NULL ORDER BY booked_at DESC",
                "unknown_codes_by_age",
            ),
            ("SELECT * FROM conflicts WHERE site = '' AND rev > '' ORDER BY rev LIMIT 9", "conflicts_by_rev"),
            (
                "SELECT mutation_id FROM conflicts WHERE site = '' AND deleted_at IS NULL ORDER BY booked_at DESC",
                "conflicts_by_age",
            ),
            (
                "SELECT * FROM product_edits WHERE site = '' AND product_id = '' AND rev < ''",
                "edits_by_product",
            ),
            ("SELECT touched FROM receipts WHERE site = '' AND mutation_id = ''", "receipts_by_mutation"),
            ("SELECT name FROM devices WHERE token_hash = ''", "devices_by_token"),
            ("SELECT site FROM clients WHERE client = ''", "clients_by_client"),
            ("SELECT 1 FROM orders WHERE site = '' AND number = ''", "orders_by_number"),
        ];
        for (sql, index) in hot {
            let plan: String =
                connection.query_row(&format!("EXPLAIN QUERY PLAN {sql}"), [], |row| row.get(3)).expect(sql);
            assert!(plan.contains(index) && plan.contains("SEARCH"), "{sql}: {plan}");
        }
    }
}
