//! A new epoch makes every device of a site fetch all rows: only a device with receipts can bring it about, and not often.

use std::fs;

use anyhow::{Context, Result};
use domain::Quantity;
use serde_json::{Value, json};
use server::store::MIN_EPOCH_GAP_MILLIS;
use sync::{Cursor, RoundLimits, Store};
use tests::{TestDevice, TestServer};
use uuid::Uuid;

use crate::{lot, number, pick, post, price, stocked, sync_body, vinegar};

async fn epoch(server: &TestServer) -> Result<Uuid> {
    Ok(server.store()?.sites().await?.first().context("the site")?.epoch)
}

/// The answer to a client that claims to hold more outcomes than it has.
async fn claim(server: &TestServer, token: &str, client: Uuid, site: Option<&str>) -> Result<Value> {
    let mut body = sync_body(client, &json!([]));
    body["last_outcome_seq"] = json!(99);
    body["epoch"] = json!(epoch(server).await?);
    if let Some(site) = site {
        body["site"] = json!(site);
    }
    let response = post(server, token, "/api/sync", body.to_string().into_bytes()).await?;
    Ok(serde_json::from_slice(&response.bytes().await?)?)
}

fn gap() -> Result<i64> {
    Ok(i64::try_from(MIN_EPOCH_GAP_MILLIS)?)
}

#[tokio::test]
async fn a_client_without_receipts_begins_no_epoch() -> Result<()> {
    let (server, device) = stocked().await?;
    let before = epoch(&server).await?;
    for site in [None, Some("main")] {
        let answer = claim(&server, device.token(), Uuid::from_u128(0xF1), site).await?;
        // It sends its work again, and fetches its rows; that concerns nobody else.
        assert_eq!((&answer["known_seq"], &answer["epoch"]), (&json!(0), &json!(before)));
        assert!(answer["replaced"].is_object(), "{answer}");
    }
    assert_eq!(epoch(&server).await?, before);
    let report = device.sync(&server).await?;
    assert_eq!((report.received, report.complete), (0, true), "others fetch nothing again");
    Ok(())
}

#[tokio::test]
async fn repeated_proofs_begin_one_epoch_and_one_more_after_some_minutes() -> Result<()> {
    let (server, device) = stocked().await?;
    let reader = server.device("Reader", "available").await?;
    reader.sync(&server).await?;
    let first = epoch(&server).await?;
    claim(&server, device.token(), device.client(), None).await?;
    let second = epoch(&server).await?;
    assert_ne!(second, first);
    for _ in 0..5 {
        server.clock().advance(gap()? / 10);
        let answer = claim(&server, device.token(), device.client(), None).await?;
        assert_eq!(answer["receipts"], json!([]), "it is answered all the same");
        assert!(answer["replaced"].is_object(), "{answer}");
        assert_eq!(epoch(&server).await?, second);
    }
    // The device that only reads ends its first sync in between, and is told of the deferred epoch when it is due.
    assert!(reader.sync(&server).await?.complete);
    assert_eq!(reader.store().outbox(0).await?.epoch, Some(second));
    server.clock().advance(gap()? / 2 + 1_000);
    reader.sync(&server).await?;
    let third = epoch(&server).await?;
    assert_ne!(third, second, "the deferred epoch");
    reader.sync(&server).await?;
    assert_eq!(reader.store().outbox(0).await?.epoch, Some(third));
    server.clock().advance(gap()? + 1_000);
    reader.sync(&server).await?;
    assert_eq!(epoch(&server).await?, third, "it was due once");
    Ok(())
}

#[tokio::test]
async fn a_clock_that_was_set_back_defers_no_epoch() -> Result<()> {
    let (server, device) = stocked().await?;
    claim(&server, device.token(), device.client(), None).await?;
    let second = epoch(&server).await?;
    server.clock().advance(-30 * 86_400_000);
    claim(&server, device.token(), device.client(), None).await?;
    assert_ne!(epoch(&server).await?, second);
    Ok(())
}

/// Puts the server back to a copy of its file, which has the epoch of the original.
async fn put_back(server: &mut TestServer, copy: &str) -> Result<()> {
    let file = server.file().context("a file")?;
    server.stop().await?;
    for leftover in ["lotbook.db-wal", "lotbook.db-shm"] {
        let _ = fs::remove_file(server.path(leftover));
    }
    fs::copy(server.path(copy), file)?;
    server.restart().await
}

async fn copy_file(server: &mut TestServer, to: &str) -> Result<()> {
    let file = server.file().context("a file")?;
    // Without a running server, all is in the one file.
    server.stop().await?;
    fs::copy(file, server.path(to))?;
    server.restart().await
}

#[tokio::test]
async fn two_restores_within_minutes_lose_nothing() -> Result<()> {
    let (mut server, ada) = stocked().await?;
    if server.file().is_none() {
        return Ok(());
    }
    let (ben, reader) =
        (server.device("Ben", "available").await?, server.device("Reader", "available").await?);
    let bin = lot(&vinegar(), "A-1");
    copy_file(&mut server, "first.db").await?;
    ada.record(pick(&bin, 1)).await?;
    ada.sync(&server).await?;
    put_back(&mut server, "first.db").await?;
    ada.sync(&server).await?;
    assert_eq!(number(&server, "SELECT count(*) FROM sites WHERE epoch_renewed_at IS NOT NULL")?, 1);

    // The copy is of the minutes after that proof.
    ben.sync(&server).await?;
    copy_file(&mut server, "second.db").await?;
    ada.record(pick(&bin, 2)).await?;
    ada.record(price(&vinegar(), 310)).await?;
    ada.sync(&server).await?;
    reader.sync(&server).await?;
    put_back(&mut server, "second.db").await?;
    // Ben's work takes the revision of work that was lost.
    ben.record(pick(&bin, 1)).await?;
    ben.sync(&server).await?;
    let renewed = epoch(&server).await?;
    let report = ada.sync(&server).await?;
    assert!(report.complete);
    assert_eq!(epoch(&server).await?, renewed, "too soon for another epoch");
    assert_eq!(ada.store().queue().await?.records, []);
    assert_eq!(number(&server, "SELECT count(*) FROM stock_ledger WHERE movement = 'pick'")?, 3);
    assert_eq!(ada.lot(&bin).await?.context("the lot")?.row.quantity, Quantity::units(6));
    assert_eq!(ada.product(vinegar().id).await?.context("the product")?.row.price_minor, 310);

    // The reader has rows of the lost history; the deferred epoch replaces them.
    server.clock().advance(gap()? + 1_000);
    ada.sync(&server).await?;
    agree(&server, &[&ada, &reader]).await
}

async fn agree(server: &TestServer, devices: &[&TestDevice]) -> Result<()> {
    let fresh = server.device("Fresh", "available").await?;
    fresh.sync(server).await?;
    for device in devices {
        device.sync(server).await?;
        assert!(matches!(device.store().outbox(0).await?.cursor, Cursor::Live { .. }));
        assert_eq!(device.rows().await?, fresh.rows().await?);
    }
    Ok(())
}

#[tokio::test]
async fn work_acknowledged_after_the_restored_backup_of_a_client_unknown_to_it_is_sent_again() -> Result<()> {
    let (mut server, ada) = stocked().await?;
    if server.file().is_none() {
        return Ok(());
    }
    let ben = server.device("Ben", "available").await?;
    ben.sync(&server).await?;
    copy_file(&mut server, "copy.db").await?;
    let bin = lot(&vinegar(), "A-1");
    ben.record(pick(&bin, 1)).await?;
    ben.sync(&server).await?;
    let before = epoch(&server).await?;
    put_back(&mut server, "copy.db").await?;
    let limits = RoundLimits { max_pull_rows: 1, ..RoundLimits::default() };
    ben.sync_by(&server.transport(ben.token())?, limits).await?;
    assert_eq!(epoch(&server).await?, before);
    assert_eq!(number(&server, "SELECT count(*) FROM stock_ledger WHERE movement = 'pick'")?, 1);
    assert_eq!(ben.store().outbox(9).await?.pending, 0);
    agree(&server, &[&ada, &ben]).await
}

#[tokio::test]
async fn rows_of_a_later_revision_than_the_servers_prove_a_restore_also_while_work_is_sent() -> Result<()> {
    let (mut server, ada) = stocked().await?;
    if server.file().is_none() {
        return Ok(());
    }
    let ben = server.device("Ben", "available").await?;
    ben.sync(&server).await?;
    copy_file(&mut server, "copy.db").await?;
    // Ben does not come back, and Ada has rows of his work.
    ben.record(price(&vinegar(), 310)).await?;
    ben.sync(&server).await?;
    ada.sync(&server).await?;
    put_back(&mut server, "copy.db").await?;
    let before = epoch(&server).await?;
    for _ in 0..3 {
        ada.record(pick(&lot(&vinegar(), "A-1"), 1)).await?;
    }
    ada.sync(&server).await?;
    assert_ne!(epoch(&server).await?, before);
    assert_eq!(ada.product(vinegar().id).await?.context("the product")?.row.price_minor, 295);
    agree(&server, &[&ada]).await
}
