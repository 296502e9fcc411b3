//! The first sync of a large site, against inserting the same rows by hand. It measures, so it runs on request only:
//! `cargo nextest run --release --package device --run-ignored only --no-capture -E 'test(first_sync)'`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rusqlite::Connection;
use server::csv::Source;
use server::import::{ImportOptions, import};
use tests::TestServer;
use tests::processes::peak_memory_bytes;

use crate::machine::{Machine, link};

const PRODUCTS: usize = 100_000;
const LOTS_PER_PRODUCT: usize = 2;
const MAX_RATIO: f64 = 2.0;
const MAX_MEMORY_BYTES: f64 = 100.0 * 1_024.0 * 1_024.0;
/// The tables' and the connection's settings of a device.
const BY_HAND: &str = "
    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE rows (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, key TEXT NOT NULL, rev INTEGER NOT NULL,
                       json TEXT NOT NULL);
    CREATE UNIQUE INDEX rows_by_key ON rows (kind, key);
    CREATE TABLE row_keys (hash INTEGER NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (hash, row)) WITHOUT ROWID;";

async fn large_site(server: &TestServer) -> Result<()> {
    let mut products = "sku,barcode,name,unit,price_minor,currency\n".to_owned();
    let mut lots = "sku,lot_code,location,quantity,status,expires_on,received_on\n".to_owned();
    for number in 0..PRODUCTS {
        writeln!(products, "P-{number:06},,Tin of product {number:06},box,{},EUR", 100 + number % 900)?;
        for lot in 0..LOTS_PER_PRODUCT {
            let (aisle, day) = (number % 97, 1 + number % 28);
            writeln!(
                lots,
                "P-{number:06},L{number:06}-{lot},A-{aisle:02}-{lot},12,available,2030-01-{day:02},"
            )?;
        }
    }
    let options = ImportOptions {
        site: server::DEFAULT_SITE.to_owned(),
        products: Some(Source::text("products.csv", products)),
        lots: Some(Source::text("lots.csv", lots)),
        deliveries: None,
        skip_bad: false,
    };
    import(server.store()?, options, server.clock().now()).await?;
    Ok(())
}

/// Inserts the rows of a device's database into a new one with the same tables, in one transaction.
fn insert_by_hand(database: &Path, to: &Path) -> Result<Duration> {
    let from = Connection::open(database)?;
    let mut rows = from.prepare("SELECT kind, key, rev, json FROM rows ORDER BY kind, key")?;
    let rows: Vec<(i64, String, i64, String)> = rows
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<Result<_, _>>()?;
    let mut keys = from.prepare("SELECT hash, row FROM row_keys ORDER BY row")?;
    let keys: Vec<(i64, i64)> =
        keys.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    let mut hand = Connection::open(to)?;
    hand.execute_batch(BY_HAND)?;
    let begun = Instant::now();
    let tx = hand.transaction()?;
    {
        let mut insert = tx.prepare("INSERT INTO rows (kind, key, rev, json) VALUES (?1, ?2, ?3, ?4)")?;
        rows.iter().try_for_each(|row| insert.execute((row.0, &row.1, row.2, &row.3)).map(drop))?;
        let mut insert = tx.prepare("INSERT INTO row_keys (hash, row) VALUES (?1, ?2)")?;
        keys.iter().try_for_each(|key| insert.execute(*key).map(drop))?;
    }
    tx.commit()?;
    Ok(begun.elapsed())
}

#[ignore = "measures for minutes; see the head of this file"]
#[tokio::test(flavor = "multi_thread")]
async fn a_first_sync_takes_at_most_twice_as_long_as_inserting_by_hand() -> Result<()> {
    let server = TestServer::start().await?;
    large_site(&server).await?;
    let machine = Machine::new()?;
    machine.done(&["connect", &link(&server, &server.url()?).await?])?;
    let begun = Instant::now();
    let mut sync = machine.command(&["sync"]).stderr(Stdio::inherit()).spawn()?;
    let mut peak_bytes: f64 = 0.0;
    while sync.try_wait()?.is_none() {
        peak_bytes = peak_bytes.max(peak_memory_bytes(sync.id()).unwrap_or_default());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let synced = begun.elapsed();
    let database = machine.file("lotbook.db");
    let sql = "SELECT count(*) FROM rows";
    let count: i64 = Connection::open(&database)?.query_row(sql, [], |row| row.get(0))?;
    let count = usize::try_from(count)?;
    ensure!(count == PRODUCTS * (1 + LOTS_PER_PRODUCT), "{count} rows");
    let by_hand = insert_by_hand(&database, &machine.file("hand.db")).context("inserting by hand")?;
    let ratio = synced.as_secs_f64() / by_hand.as_secs_f64();
    let megabytes = peak_bytes / 1_024.0 / 1_024.0;
    println!(
        "{count} rows: synced in {synced:.1?}, by hand {by_hand:.1?}: {ratio:.2} times; peak {megabytes:.0} MiB"
    );
    assert!(
        ratio <= MAX_RATIO && peak_bytes <= MAX_MEMORY_BYTES,
        "the goals are {MAX_RATIO} times and 100 MiB"
    );
    Ok(())
}
