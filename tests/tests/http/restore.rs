//! After a server is restored from a backup, devices send what it lost; nothing is booked twice or forgotten.

use std::fs;

use anyhow::Result;
use domain::Quantity;
use sync::Store;

use crate::{lot, lots_that_do_not_add_up, number, order, pick, price, stocked, vinegar};

#[tokio::test]
async fn devices_resend_mutations_that_a_restored_server_lost() -> Result<()> {
    let (mut server, ada) = stocked().await?;
    let Some(file) = server.file() else { return Ok(()) };
    let ben = server.device("Ben", "available").await?;
    ben.sync(&server).await?;
    let backup = server.path("backup.db");
    server.store()?.backup(&backup).await?;
    let bin = lot(&vinegar(), "A-1");
    ada.record(order(1, &bin, 2)).await?;
    ada.record(price(&vinegar(), 310)).await?;
    ada.sync(&server).await?;
    ben.record(pick(&bin, 1)).await?;
    ben.sync(&server).await?;
    assert_eq!(number(&server, "SELECT count(*) FROM stock_ledger")?, 3);

    server.stop().await?;
    for leftover in ["lotbook.db-wal", "lotbook.db-shm"] {
        let _ = fs::remove_file(server.path(leftover));
    }
    fs::copy(&backup, &file)?;
    server.restart().await?;
    assert_eq!(number(&server, "SELECT count(*) FROM stock_ledger")?, 1);

    ben.record(pick(&bin, 1)).await?;
    for device in [&ada, &ben, &ada] {
        assert!(device.sync(&server).await?.complete);
        assert_eq!(device.store().queue().await?.records, []);
    }
    assert_eq!(number(&server, "SELECT count(*) FROM stock_ledger")?, 4);
    assert_eq!(number(&server, "SELECT count(*) FROM orders")?, 1);
    assert_eq!(ada.lot(&bin).await?.expect("the lot").row.quantity, Quantity::units(6));
    assert_eq!(ada.product(vinegar().id).await?.expect("the product").row.price_minor, 310);
    assert_eq!(ada.rows().await?, ben.rows().await?);
    assert_eq!(lots_that_do_not_add_up(&server)?, 0);
    Ok(())
}

#[tokio::test]
async fn a_device_that_only_reads_notices_a_restored_server() -> Result<()> {
    let (mut server, ada) = stocked().await?;
    let Some(file) = server.file() else { return Ok(()) };
    let reader = server.device("Reader", "available").await?;
    let backup = server.path("backup.db");
    server.store()?.backup(&backup).await?;
    ada.record(price(&vinegar(), 310)).await?;
    ada.sync(&server).await?;
    reader.sync(&server).await?;

    server.stop().await?;
    fs::copy(&backup, &file)?;
    server.restart().await?;
    // The server reaches the reader's revision again, with other changes.
    let ben = server.device("Ben", "available").await?;
    ben.sync(&server).await?;
    for _ in 0..3 {
        ben.record(pick(&lot(&vinegar(), "A-1"), 1)).await?;
    }
    ben.sync(&server).await?;
    let other = TestReader { token: server.enrol().await?, reader };
    other.agrees_with(&server, &ben).await
}

/// The reader's token is not in the backup, so it enrols again and keeps its store.
struct TestReader {
    token: String,
    reader: tests::TestDevice,
}

impl TestReader {
    async fn agrees_with(&self, server: &tests::TestServer, ben: &tests::TestDevice) -> Result<()> {
        let transport = server.transport(&self.token)?;
        self.reader.sync_by(&transport, sync::RoundLimits::default()).await?;
        assert_eq!(self.reader.rows().await?, ben.rows().await?);
        Ok(())
    }
}

#[tokio::test]
async fn a_backup_never_overwrites_a_file() -> Result<()> {
    let (server, _) = stocked().await?;
    let Some(file) = server.file() else { return Ok(()) };
    let error = server.store()?.backup(&file).await.expect_err("refused");
    assert!(error.to_string().contains("exists already"), "{error}");
    Ok(())
}
