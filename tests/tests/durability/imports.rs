//! `kill -9` of an import: the running server ends it, to its end if rows were booked already.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rusqlite::Connection;
use sync::{RoundError, TransportError};
use tests::{Catalogue, TestDevice};

use crate::server::Server;

const PRODUCTS: usize = 8_000;
/// The server ends a dead import after two looks, five seconds apart.
const PATIENCE: Duration = Duration::from_secs(60);

fn count(server: &Server, sql: &str) -> Result<i64> {
    let connection = Connection::open(server.database())?;
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

/// Waits until a count is as it should be.
fn wait(server: &Server, what: &str, is_so: impl Fn(i64) -> bool, sql: &str) -> Result<()> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if is_so(count(server, sql)?) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    bail!("waited in vain: {what}")
}

fn import(server: &Server, files: &Catalogue) -> Result<Child> {
    let mut command = server.command("import")?;
    command.arg("--products").arg(&files.products).arg("--lots").arg(&files.lots);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("starting the import")
}

fn kill(mut import: Child) -> Result<()> {
    import.kill()?;
    import.wait()?;
    Ok(())
}

#[tokio::test]
async fn an_import_that_is_killed_is_ended_by_the_server() -> Result<()> {
    let server = Server::stopped()?;
    let tokens = server.enrol(1).await?;
    server.start()?;
    let reader = TestDevice::new("Reader", "all", tokens[0].clone());
    reader.sync_by(&server.transport(reader.token())?, sync::RoundLimits::default()).await?;
    let dir = tempfile::TempDir::new()?;
    let files = Catalogue::made(dir.path(), PRODUCTS)?;

    // Killed before a row was booked: nothing is left of it.
    let dropped = import(&server, &files)?;
    wait(&server, "rows are stored", |rows| rows > 0, "SELECT count(*) FROM import_rows")?;
    kill(dropped)?;
    let state = count(&server, "SELECT count(*) FROM imports WHERE state = 'applying'")?;
    assert_eq!(state, 0, "killed too late");
    wait(&server, "it is dropped", |imports| imports == 0, "SELECT count(*) FROM imports")?;
    for table in ["import_rows", "products", "inventory_lots"] {
        assert_eq!(count(&server, &format!("SELECT count(*) FROM {table}"))?, 0, "{table}");
    }

    // Killed while rows are booked: the site is closed until all of them are.
    let half = import(&server, &files)?;
    wait(&server, "rows are booked", |products| products > 0, "SELECT count(*) FROM products")?;
    kill(half)?;
    let booked = count(&server, "SELECT count(*) FROM inventory_lots")?;
    assert!(usize::try_from(booked)? < 2 * PRODUCTS, "killed too late");
    let transport = server.transport(reader.token())?;
    let closed = reader.sync_by(&transport, sync::RoundLimits::default()).await.expect_err("a closed site");
    let busy = TransportError::Busy { retry_after_millis: Some(2_000) };
    assert_eq!(closed.downcast::<RoundError>()?, RoundError::Transport(busy));
    wait(&server, "it is written", |imports| imports == 0, "SELECT count(*) FROM imports")?;
    let lots = count(&server, "SELECT count(*) FROM inventory_lots")?;
    assert_eq!(usize::try_from(lots)?, 2 * PRODUCTS);
    let sums = "SELECT count(*) FROM inventory_lots AS lot WHERE quantity <> (SELECT sum(delta) FROM stock_ledger AS entry \
                WHERE entry.site = lot.site AND entry.product_id = lot.product_id AND entry.lot_id = lot.lot_id)";
    assert_eq!(count(&server, sums)?, 0, "quantities are the sums of the ledger");
    reader.sync_by(&transport, sync::RoundLimits::default()).await?;
    assert_eq!(reader.rows().await?.len(), 3 * PRODUCTS);
    Ok(())
}
