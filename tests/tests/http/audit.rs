//! The audit finds rows that differ from the server's although nothing changed them, which no cursor reveals.

use anyhow::{Context, Result};
use domain::Row;
use sync::{AuditLimits, AuditReport, Commit, Store, UnixMillis, Versioned, audit_part};
use tests::{TestDevice, TestServer};

use crate::{empty_commit, lot, pick, receive, soap, stocked, vinegar};

async fn audit(server: &TestServer, device: &TestDevice) -> Result<AuditReport> {
    let transport = server.transport(device.token())?;
    let limits = AuditLimits { range_rows: 2, max_ranges: 40 };
    Ok(audit_part(device.store(), &transport, None, limits, || UnixMillis(0)).await?)
}

/// Changes a row on the device without a mutation and without a pull.
async fn damage(device: &TestDevice, change: impl FnOnce(&mut Commit<Row>, Versioned<Row>)) -> Result<()> {
    let held = device.store().get(&sync::RowKey::new("products", vinegar().id.to_string())).await?;
    let mut commit = empty_commit(device).await?;
    change(&mut commit, held.context("the device has no vinegar")?);
    device.store().commit(commit).await?;
    Ok(())
}

#[tokio::test]
async fn rows_that_differ_are_fetched_again_and_others_are_not() -> Result<()> {
    let (server, device) = stocked().await?;
    for at in 1..=9 {
        device.record(receive(&lot(&vinegar(), &format!("B-{at}")), at)).await?;
    }
    device.record(domain::Action::CreateProduct(soap())).await?;
    device.sync(&server).await?;
    let truth = device.rows().await?;
    assert_eq!(audit(&server, &device).await?.repaired_ranges, 0);

    damage(&device, |commit, mut held| {
        if let Row::Product(product) = &mut held.row {
            product.price_minor = 1;
        }
        commit.rows.push(held);
    })
    .await?;
    assert_ne!(device.rows().await?, truth);
    let report = audit(&server, &device).await?;
    assert_eq!((report.repaired_ranges, report.checked_rows, report.next), (1, truth.len(), None));
    assert_eq!(device.rows().await?, truth);
    Ok(())
}

#[tokio::test]
async fn changes_since_the_cursor_are_left_to_the_next_pull() -> Result<()> {
    let (server, device) = stocked().await?;
    let other = server.device("Ben", "available").await?;
    other.sync(&server).await?;
    other.record(pick(&lot(&vinegar(), "A-1"), 1)).await?;
    other.sync(&server).await?;
    let before = device.rows().await?;
    assert_eq!(audit(&server, &device).await?.repaired_ranges, 0, "the device is only behind");
    assert_eq!(device.rows().await?, before);
    Ok(())
}

#[tokio::test]
async fn an_audit_detects_a_server_restored_by_copying_its_file() -> Result<()> {
    let (mut server, device) = stocked().await?;
    let reader = server.device("Reader", "available").await?;
    reader.sync(&server).await?;
    let Some(file) = server.file() else { return Ok(()) };
    server.stop().await?;
    let copy = server.path("copy.db");
    std::fs::copy(&file, &copy)?;
    server.restart().await?;
    device.record(pick(&lot(&vinegar(), "A-1"), 4)).await?;
    device.sync(&server).await?;
    reader.sync(&server).await?;

    // Same epoch, and as many revisions as before: the cursor does not show that they are different ones.
    server.stop().await?;
    std::fs::copy(&copy, &file)?;
    server.restart().await?;
    let ben = server.device("Ben", "available").await?;
    ben.record(pick(&lot(&vinegar(), "A-1"), 1)).await?;
    ben.sync(&server).await?;
    reader.sync(&server).await?;
    assert_ne!(reader.rows().await?, ben.rows().await?, "the reader must differ before the audit");
    assert_eq!(audit(&server, &reader).await?.repaired_ranges, 1);
    assert_eq!(reader.rows().await?, ben.rows().await?);
    Ok(())
}

#[tokio::test]
async fn a_range_too_long_for_one_repair_is_repaired_in_parts() -> Result<()> {
    let (server, device) = stocked().await?;
    let id = server.books().random_id();
    server.books().run(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10500)
         INSERT INTO products (site, product_id, sku, sku_key, barcode, barcode_key, name, unit, price_minor, currency, family, variant, rev, field_revs)
         SELECT site, {id}, 'X' || i, 'x' || i, '', '', 'N', 'each', 1, 'EUR', '', '', rev, '{{}}'
         FROM products, n WHERE sku = 'VIN-1'",
    ))?;
    let transport = server.transport(device.token())?;
    let limits = AuditLimits { range_rows: 20_000, max_ranges: 40 };
    let mut repaired = Vec::new();
    for _ in 0..3 {
        let report = audit_part(device.store(), &transport, None, limits, || UnixMillis(0)).await?;
        repaired.push((report.repaired_ranges, device.rows().await?.len()));
    }
    assert_eq!(repaired, [(1, 10_001), (1, 10_502), (0, 10_502)]);
    Ok(())
}

#[tokio::test]
async fn many_rows_outside_the_scope_do_not_remove_rows_inside_it() -> Result<()> {
    let (server, device) = stocked().await?;
    for at in 1..=9 {
        device.record(receive(&lot(&vinegar(), &format!("B-{at}")), at)).await?;
    }
    device.sync(&server).await?;
    let truth = device.rows().await?;
    let id = server.books().random_id();
    server.books().run(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
         INSERT INTO inventory_lots (site, product_id, lot_id, lot_code, code_key, location, quantity, status, rev, field_revs)
         SELECT site, product_id, {id}, 'X' || i, '', 'X', 0, 'reserved', rev, '{{}}'
         FROM inventory_lots, n WHERE location = 'A-1'",
    ))?;
    let transport = server.transport(device.token())?;
    let whole = AuditLimits { range_rows: 250, max_ranges: 40 };
    let report = audit_part(device.store(), &transport, None, whole, || UnixMillis(0)).await?;
    assert_eq!((report.checked_rows, report.repaired_ranges), (truth.len(), 0));
    assert_eq!(device.rows().await?, truth);
    Ok(())
}
