//! Pulling: interrupted snapshots resume, cursors skip nothing, rows that leave the scope are removed.

use anyhow::Result;
use domain::{Action, DELIVERIES, EXCEPTIONS, LOTS, LotPatch, LotStatus, PRODUCTS, Warehouse};
use serde_json::{Value, json};
use sync::{Cursor, MAX_PULL_ROWS, Records, RoundLimits, Store, SyncResponse};
use tempfile::TempDir;
use tests::{Catalogue, TestDevice, TestServer};
use uuid::Uuid;

use crate::deliveries::{HEADER, import_deliveries};
use crate::{lot, pick, post, price, receive, send_raw, soap, stocked, sync_body, vinegar};

const SMALL_PAGES: RoundLimits =
    RoundLimits { max_batch_mutations: 100, max_pull_rows: 700, max_exchanges: 2 };

#[tokio::test]
async fn an_interrupted_snapshot_resumes_while_others_write() -> Result<()> {
    let server = TestServer::start().await?;
    let dir = TempDir::new()?;
    Catalogue::made(dir.path(), 2_000)?.import_into(&server).await?;
    let reader = server.device("Reader", "available").await?;
    let writer = server.device("Writer", "all").await?;
    writer.sync(&server).await?;
    let lots = writer.store().scan(domain::LOTS, "", "", 6_000).await?;
    let transport = server.transport(reader.token())?;
    let mut rounds = 0;
    while !reader.sync_by(&transport, SMALL_PAGES).await?.complete {
        let at = rounds * 97 % lots.len();
        let row = lots[at].row.lot().expect("a lot").clone();
        writer.record(pick(&row.lot, 1)).await?;
        let patch = LotPatch { status: Some(LotStatus::Quarantined), expires_on: None };
        writer
            .record(Action::UpdateLot {
                lot: lots[lots.len() - 1 - at].row.lot().expect("a lot").lot.clone(),
                patch,
            })
            .await?;
        writer.sync(&server).await?;
        rounds += 1;
        assert!(rounds < 100, "the snapshot never ends");
    }
    assert!(rounds > 3, "the snapshot was not interrupted");
    reader.sync(&server).await?;
    let mut fresh = server.device("Fresh", "available").await?.rows().await?;
    assert_eq!(fresh, []);
    let fresh_device = server.device("Fresh", "available").await?;
    fresh_device.sync(&server).await?;
    fresh = fresh_device.rows().await?;
    assert_eq!(reader.rows().await?, fresh);
    Ok(())
}

#[tokio::test]
async fn every_row_arrives_once_in_key_order_with_progress() -> Result<()> {
    let server = TestServer::start().await?;
    let dir = TempDir::new()?;
    let catalogue = Catalogue::for_server(&server, dir.path())?;
    catalogue.import_into(&server).await?;
    let token = server.enrol().await?;
    let (mut cursor, mut keys) = (json!("start"), Vec::new());
    let mut more = true;
    while more {
        let mut body = sync_body(Uuid::from_u128(7), &json!([]));
        body["cursor"] = cursor.clone();
        body["max_rows"] = json!(MAX_PULL_ROWS);
        let response = post(&server, &token, "/api/sync", body.to_string().into_bytes()).await?;
        let answer: sync::SyncResponse<domain::Row> = serde_json::from_slice(&response.bytes().await?)?;
        let range = answer.replaced.expect("a part of a snapshot");
        keys.extend(answer.rows.iter().map(|versioned| <Warehouse as sync::Records>::key(&versioned.row)));
        if let (Some(through), Some(last)) = (&range.through, keys.last()) {
            assert_eq!(through, &last.key);
        }
        if let Cursor::Snapshot { progress, .. } = &answer.cursor {
            assert_eq!(progress.done_rows, u64::try_from(keys.len())?);
            assert!(progress.done_rows <= progress.total_rows);
        }
        more = answer.more;
        cursor = serde_json::to_value(answer.cursor)?;
    }
    let is_product = |key: &sync::RowKey| key.table == domain::PRODUCTS;
    let (products, lots) = keys.split_at(keys.iter().filter(|key| is_product(key)).count());
    assert!(products.iter().all(is_product), "products come before lots");
    assert!(products.is_sorted_by(|one, next| one < next) && lots.is_sorted_by(|one, next| one < next));
    let live = "SELECT (SELECT count(*) FROM products) + \
                (SELECT count(*) FROM inventory_lots WHERE status = 'available')";
    assert_eq!(i64::try_from(keys.len())?, crate::number(&server, live)?);
    Ok(())
}

#[tokio::test]
async fn deltas_are_cut_between_revisions_and_skip_nothing() -> Result<()> {
    let (server, ada) = stocked().await?;
    let ben = server.device("Ben", "available").await?;
    ben.sync(&server).await?;
    let bin = lot(&vinegar(), "A-1");
    for step in 0..30 {
        let to = format!("B-{step}");
        ada.record(Action::MoveLot { lot: bin.clone(), to, quantity: domain::Quantity::units(1) }).await?;
        ada.record(price(&vinegar(), 300 + step)).await?;
    }
    ada.sync(&server).await?;
    for max_pull_rows in [1, 2, 3, 7] {
        let limits = RoundLimits { max_pull_rows, ..RoundLimits::default() };
        let slow = server.device(&format!("Slow {max_pull_rows}"), "available").await?;
        slow.sync_by(&server.transport(slow.token())?, limits).await?;
        ben.sync_by(&server.transport(ben.token())?, limits).await?;
        assert_eq!(slow.rows().await?, ada.rows().await?);
        assert_eq!(ben.rows().await?, ada.rows().await?);
        ada.record(receive(&bin, 1)).await?;
        ada.record(pick(&bin, 2)).await?;
        ada.sync(&server).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_row_that_leaves_the_scope_is_removed_and_returns_with_it() -> Result<()> {
    let (server, ada) = stocked().await?;
    let all = server.device("All", "all").await?;
    all.sync(&server).await?;
    let bin = lot(&vinegar(), "A-1");
    for (status, is_held) in
        [(LotStatus::Reserved, false), (LotStatus::Available, true), (LotStatus::Expired, false)]
    {
        let patch = LotPatch { status: Some(status), expires_on: None };
        all.record(Action::UpdateLot { lot: bin.clone(), patch }).await?;
        all.sync(&server).await?;
        ada.sync(&server).await?;
        assert_eq!(ada.lot(&bin).await?.is_some(), is_held, "{status:?}");
        assert!(all.lot(&bin).await?.is_some());
    }
    ada.store().restart("all").await?;
    ada.sync(&server).await?;
    assert_eq!(ada.rows().await?, all.rows().await?);
    Ok(())
}

#[tokio::test]
async fn a_device_away_longer_than_tombstones_are_kept_gets_a_snapshot_and_keeps_its_queue() -> Result<()> {
    let (server, ada) = stocked().await?;
    ada.record(Action::CreateProduct(soap())).await?;
    ada.sync(&server).await?;
    let ben = server.device("Ben", "available").await?;
    ben.sync(&server).await?;
    let away = server.device("Away", "available").await?;
    away.sync(&server).await?;
    away.record(pick(&lot(&vinegar(), "A-1"), 1)).await?;
    ada.record(Action::DeleteProduct { id: soap().id }).await?;
    ada.sync(&server).await?;
    ben.sync(&server).await?;
    let purged = server.store()?.purge(server.clock().now().plus(1)).await?;
    assert_eq!(purged, 1);
    let delta = ben.sync(&server).await?;
    assert_eq!(delta.received, 0, "a device that is up to date needs no new snapshot");
    let report = away.sync(&server).await?;
    assert_eq!(report.acknowledged, 1);
    assert!(away.product(soap().id).await?.is_none(), "the deleted product is gone");
    ada.sync(&server).await?;
    assert_eq!(away.rows().await?, ada.rows().await?);
    Ok(())
}

#[tokio::test]
async fn a_cursor_ahead_or_of_another_epoch_is_answered_with_a_new_snapshot() -> Result<()> {
    let (server, device) = stocked().await?;
    let other_epoch = json!(Uuid::from_u128(99));
    let ahead = json!({ "live": { "rev": 1_000_000 } });
    let cursors: [(Value, Value); 3] = [
        (ahead, Value::Null),
        (json!({ "live": { "rev": 1 } }), other_epoch.clone()),
        (
            json!({ "snapshot": { "rev": 1, "table": "products", "after": "", "progress": { "done_rows": 0, "total_rows": 9 } } }),
            other_epoch,
        ),
    ];
    for (cursor, epoch) in cursors {
        let mut body = sync_body(Uuid::from_u128(7), &json!([]));
        body["cursor"] = cursor;
        body["epoch"] = epoch;
        let response = post(&server, device.token(), "/api/sync", body.to_string().into_bytes()).await?;
        let answer: Value = serde_json::from_slice(&response.bytes().await?)?;
        assert_eq!(
            answer["replaced"],
            json!({ "table": "products", "after": "", "through": null }),
            "{answer}"
        );
        assert_eq!(answer["cursor"]["snapshot"]["table"], "inventory_lots");
    }
    let receipts = send_raw(&server, device.token(), Uuid::from_u128(7), json!([])).await?;
    assert_eq!(receipts, Vec::<Value>::new());
    Ok(())
}

/// Pulls from the start until live. Returns the tables of the rows sent, by the key that tags a row in JSON
/// (`p`, `l`, ...), and any replaced table that is not in `known`.
async fn tables_sent(server: &TestServer, device: &TestDevice, known: &[&str]) -> Result<Vec<String>> {
    let (mut sent, mut cursor) = (Vec::new(), Cursor::Start);
    while !matches!(cursor, Cursor::Live { .. }) {
        let mut body = sync_body(Uuid::from_u128(7), &json!([]));
        body["cursor"] = serde_json::to_value(&cursor)?;
        body["tables"] = json!(known);
        let response = post(server, device.token(), "/api/sync", body.to_string().into_bytes()).await?;
        let answer: SyncResponse<serde_json::Value> = serde_json::from_slice(&response.bytes().await?)?;
        let kinds = answer.rows.iter().filter_map(|held| held.row.as_object()?.keys().next().cloned());
        sent.extend(kinds);
        sent.extend(
            answer.replaced.map(|range| range.table).filter(|table| !known.contains(&table.as_str())),
        );
        cursor = answer.cursor;
    }
    sent.dedup();
    Ok(sent)
}

#[tokio::test]
async fn a_build_that_knows_three_of_four_tables_gets_those_three() -> Result<()> {
    let (server, ada) = stocked().await?;
    let bin = lot(&vinegar(), "A-1");
    ada.record(pick(&bin, 12)).await?;
    ada.sync(&server).await?;
    import_deliveries(&server, &format!("{HEADER}LS-1,Mill,,VIN-1,12\n"), false).await?;
    let all = tables_sent(&server, &ada, Warehouse::TABLES).await?;
    assert_eq!(all, ["p", "l", "d", "x"]);
    assert_eq!(tables_sent(&server, &ada, &[PRODUCTS, LOTS, EXCEPTIONS]).await?, ["p", "l", "x"]);
    assert_eq!(tables_sent(&server, &ada, &[PRODUCTS, LOTS, DELIVERIES]).await?, ["p", "l", "d"]);
    Ok(())
}
