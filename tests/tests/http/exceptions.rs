//! Exceptions are raised on the device and on the server, and cleared when the cause is gone or somebody
//! resolves them.

use anyhow::Result;
use domain::{
    Action, DELIVERIES, ExceptionKind, FIRST_TABLES, LotRef, Product, ProductPatch, Quantity, StockException,
};
use serde_json::json;
use sync::{Cursor, Store, SyncResponse, UnixMillis};
use tests::{TestDevice, TestServer};
use uuid::Uuid;

use crate::{go_back_to, lot, mutation, number, pick, post, receive, soap, stocked, sync_body, vinegar};

fn bin() -> LotRef {
    lot(&vinegar(), "A-1")
}

fn count(counted: i64, basis: i64) -> Action {
    Action::CountLot { lot: bin(), counted: Quantity::units(counted), basis: Quantity::units(basis) }
}

/// The action of an older build, which does not say what it showed (`seen`).
fn resolve(kind: ExceptionKind) -> Action {
    Action::ResolveException {
        kind,
        product_id: vinegar().id,
        lot: Some(bin()),
        reason: "Miscounted pallet".to_owned(),
        seen: None,
    }
}

/// Resolves the one exception that the device shows, with `seen` set to it.
async fn look(device: &TestDevice) -> Result<Action> {
    let [shown] = &device.exceptions().await?[..] else { panic!("one exception") };
    let seen = Some(shown.sighting());
    Ok(match resolve(shown.kind) {
        Action::ResolveException { kind, product_id, lot, reason, .. } => {
            Action::ResolveException { kind, product_id, lot, reason, seen }
        }
        other => other,
    })
}

fn exception(kind: ExceptionKind, author: &str, before: i64, after: i64) -> StockException {
    StockException {
        kind,
        product_id: vinegar().id,
        lot: Some(bin()),
        other: None,
        before: Quantity::units(before),
        after: Quantity::units(after),
        basis: None,
        author: author.to_owned(),
        at: UnixMillis(1_795_000_000_000),
    }
}

/// Ten bottles at A-1, and two devices that know them.
async fn two() -> Result<(TestServer, TestDevice, TestDevice)> {
    let (server, ada) = stocked().await?;
    let ben = server.device("Ben", "available").await?;
    ben.sync(&server).await?;
    Ok((server, ada, ben))
}

#[tokio::test]
async fn a_lot_below_zero_is_one_exception_everywhere_until_a_count_clears_it() -> Result<()> {
    let (server, ada, ben) = two().await?;
    ada.record(pick(&bin(), 12)).await?;
    let shown: Vec<_> = ada.view().await?.into_iter().filter_map(|row| row.exception().cloned()).collect();
    let by_ada = exception(ExceptionKind::BelowZero, "Ada", 10, -2);
    assert_eq!(shown, std::slice::from_ref(&by_ada), "before the first sync");
    ada.sync(&server).await?;
    assert_eq!(ada.exceptions().await?, [by_ada]);
    ben.record(pick(&bin(), 1)).await?;
    ben.sync(&server).await?;
    ada.sync(&server).await?;
    for device in [&ada, &ben] {
        assert_eq!(device.exceptions().await?, [exception(ExceptionKind::BelowZero, "Ben", -2, -3)]);
    }
    ada.record(count(0, -3)).await?;
    assert!(ada.view().await?.iter().all(|row| row.exception().is_none()), "before the next sync");
    ada.sync(&server).await?;
    ben.sync(&server).await?;
    assert_eq!((ada.exceptions().await?, ben.exceptions().await?), (Vec::new(), Vec::new()));
    assert_eq!(ada.rows().await?, ben.rows().await?);
    ben.record(pick(&bin(), 1)).await?;
    ben.sync(&server).await?;
    assert_eq!(ben.exceptions().await?.len(), 1, "a cleared exception can be raised again");
    ben.record(receive(&bin(), 1)).await?;
    ben.sync(&server).await?;
    assert_eq!(ben.exceptions().await?, []);
    Ok(())
}

#[tokio::test]
async fn a_lot_moved_during_a_count_stays_an_exception_until_a_count_agrees() -> Result<()> {
    let (server, ada, ben) = two().await?;
    ada.record(pick(&bin(), 4)).await?;
    ada.sync(&server).await?;
    ben.record(count(9, 10)).await?;
    ben.sync(&server).await?;
    let moved = exception(ExceptionKind::MovedWhileCounted, "Ben", 6, 5);
    assert_eq!(
        ben.exceptions().await?,
        [StockException { basis: Some(Quantity::units(10)), ..moved.clone() }]
    );
    ada.record(count(6, 6)).await?;
    ada.sync(&server).await?;
    let again = exception(ExceptionKind::MovedWhileCounted, "Ada", 5, 5);
    assert_eq!(ada.exceptions().await?, [StockException { basis: Some(Quantity::units(6)), ..again }]);
    ben.sync(&server).await?;
    ben.record(count(4, 5)).await?;
    ben.sync(&server).await?;
    ada.sync(&server).await?;
    assert_eq!((ada.exceptions().await?, ben.exceptions().await?), (Vec::new(), Vec::new()));
    Ok(())
}

#[tokio::test]
async fn a_resolved_exception_is_gone_on_every_device_and_resolving_it_again_is_a_no_op() -> Result<()> {
    let (server, ada, ben) = two().await?;
    ada.record(pick(&bin(), 12)).await?;
    ada.sync(&server).await?;
    ben.sync(&server).await?;
    ada.record(resolve(ExceptionKind::BelowZero)).await?;
    ben.record(resolve(ExceptionKind::BelowZero)).await?;
    ben.record(resolve(ExceptionKind::MovedWhileCounted)).await?;
    ada.sync(&server).await?;
    let report = ben.sync(&server).await?;
    assert_eq!((report.acknowledged, report.attention), (2, 0));
    assert_eq!((ada.exceptions().await?, ben.exceptions().await?), (Vec::new(), Vec::new()));
    let kept = "SELECT count(*) FROM resolutions WHERE author = 'Ada' AND reason = 'Miscounted pallet'";
    assert_eq!(number(&server, kept)?, 1);
    assert_eq!(number(&server, "SELECT count(*) FROM resolutions")?, 1);
    Ok(())
}

#[tokio::test]
async fn resolving_offline_does_not_clear_an_exception_that_changed_since() -> Result<()> {
    let (server, ada, ben) = two().await?;
    ada.record(pick(&bin(), 12)).await?;
    ada.sync(&server).await?;
    ben.sync(&server).await?;
    let (seen, seen_again) = (look(&ben).await?, look(&ada).await?);
    ben.record(seen).await?;
    assert!(ben.view().await?.iter().all(|row| row.exception().is_none()), "gone from Ben's screen at once");
    ada.record(pick(&bin(), 1)).await?;
    ada.sync(&server).await?;
    let report = ben.sync(&server).await?;
    assert_eq!((report.acknowledged, report.attention), (1, 0));
    assert_eq!(ben.exceptions().await?, [exception(ExceptionKind::BelowZero, "Ada", -2, -3)]);
    assert_eq!(number(&server, "SELECT count(*) FROM resolutions")?, 0, "the changed one stays open");
    ada.record(seen_again).await?;
    ada.record(look(&ben).await?).await?;
    ada.sync(&server).await?;
    assert_eq!((ada.attention().await?, ada.exceptions().await?), (Vec::new(), Vec::new()));
    assert_eq!(number(&server, "SELECT count(*) FROM resolutions")?, 1);
    Ok(())
}

#[tokio::test]
async fn a_duplicate_barcode_is_an_exception_of_the_later_product_until_it_is_changed() -> Result<()> {
    let (server, ada, ben) = two().await?;
    // The same GTIN with a leading zero.
    let twin = Product { barcode: format!("0{}", vinegar().barcode), ..soap() };
    ada.record(Action::CreateProduct(twin)).await?;
    ada.sync(&server).await?;
    ben.sync(&server).await?;
    let [exception] = &ben.exceptions().await?[..] else { panic!("one exception") };
    assert_eq!((exception.kind, exception.product_id), (ExceptionKind::DuplicateBarcode, soap().id));
    assert_eq!(
        (exception.other, &exception.lot, exception.author.as_str()),
        (Some(vinegar().id), &None, "Ada")
    );
    ben.record(barcode(soap().id, "96385074")).await?;
    ben.sync(&server).await?;
    assert_eq!(ben.exceptions().await?, []);
    ben.record(barcode(soap().id, &vinegar().barcode)).await?;
    ben.sync(&server).await?;
    ada.sync(&server).await?;
    assert_eq!(ada.exceptions().await?.len(), 1);
    ada.record(Action::DeleteProduct { id: soap().id }).await?;
    ada.sync(&server).await?;
    ben.sync(&server).await?;
    assert_eq!((ada.exceptions().await?, ben.exceptions().await?), (Vec::new(), Vec::new()));
    Ok(())
}

fn barcode(id: Uuid, text: &str) -> Action {
    let patch = ProductPatch { barcode: Some(text.to_owned()), ..ProductPatch::default() };
    Action::UpdateProduct { id, patch }
}

#[tokio::test]
async fn correcting_the_other_product_clears_a_duplicate_barcode() -> Result<()> {
    let (server, ada, ben) = two().await?;
    let shared = vinegar().barcode;
    let salt =
        Product { id: Uuid::from_u128(0xA9), sku: "SALT".to_owned(), name: "Salt".to_owned(), ..soap() };
    ada.record(Action::CreateProduct(Product { barcode: shared.clone(), ..soap() })).await?;
    ada.record(Action::CreateProduct(Product { barcode: shared.clone(), ..salt.clone() })).await?;
    ada.sync(&server).await?;
    let others = async || -> Result<Vec<(Uuid, Option<Uuid>)>> {
        Ok(ada.exceptions().await?.iter().map(|exception| (exception.product_id, exception.other)).collect())
    };
    assert_eq!(others().await?, [(soap().id, Some(vinegar().id)), (salt.id, Some(vinegar().id))]);
    // Vinegar gets another code; soap and salt still share theirs.
    ada.record(barcode(vinegar().id, "96385074")).await?;
    ada.sync(&server).await?;
    assert_eq!(others().await?, [(soap().id, Some(salt.id)), (salt.id, Some(soap().id))]);
    ada.record(Action::DeleteProduct { id: salt.id }).await?;
    ada.sync(&server).await?;
    assert_eq!(others().await?, []);
    // In one batch, soap gets the code that vinegar has, and vinegar is set to the code it has already.
    ada.record(barcode(soap().id, "96385074")).await?;
    ada.record(barcode(vinegar().id, "96385074")).await?;
    ada.sync(&server).await?;
    assert_eq!(others().await?.len(), 2, "both share one code");
    ada.record(barcode(vinegar().id, "")).await?;
    ada.sync(&server).await?;
    ben.sync(&server).await?;
    assert_eq!((others().await?, ben.exceptions().await?), (Vec::new(), Vec::new()));
    assert_eq!(ada.rows().await?, ben.rows().await?);
    Ok(())
}

#[tokio::test]
async fn swapping_barcodes_in_one_batch_leaves_no_exception() -> Result<()> {
    let (server, ada, _) = two().await?;
    ada.record(Action::CreateProduct(Product { barcode: "96385074".to_owned(), ..soap() })).await?;
    ada.sync(&server).await?;
    for (id, barcode) in
        [(soap().id, ""), (vinegar().id, "96385074"), (soap().id, vinegar().barcode.as_str())]
    {
        ada.record(self::barcode(id, barcode)).await?;
    }
    ada.sync(&server).await?;
    assert_eq!((ada.attention().await?, ada.exceptions().await?), (Vec::new(), Vec::new()));
    Ok(())
}

#[tokio::test]
async fn deleting_a_product_deletes_its_exceptions() -> Result<()> {
    let (server, ada, ben) = two().await?;
    ada.record(pick(&bin(), 4)).await?;
    ada.sync(&server).await?;
    ben.record(count(4, 10)).await?;
    ben.sync(&server).await?;
    assert_eq!(ben.exceptions().await?.len(), 1);
    assert_eq!(ben.lot(&bin()).await?.expect("the lot").row.quantity, Quantity::ZERO);
    ben.record(Action::DeleteProduct { id: vinegar().id }).await?;
    ben.sync(&server).await?;
    ada.sync(&server).await?;
    assert_eq!((ada.rows().await?, ben.rows().await?), (Vec::new(), Vec::new()));
    Ok(())
}

async fn cursor_of(device: &TestDevice) -> Result<Cursor> {
    Ok(device.store().outbox(0).await?.cursor)
}

/// Sends a sync request without the `tables` field, as older builds do.
async fn ask_as_an_older_build(
    server: &TestServer,
    device: &TestDevice,
    cursor: &Cursor,
    mutations: serde_json::Value,
) -> Result<SyncResponse<serde_json::Value>> {
    let mut body = sync_body(Uuid::from_u128(7), &mutations);
    body["cursor"] = serde_json::to_value(cursor)?;
    let response = post(server, device.token(), "/api/sync", body.to_string().into_bytes()).await?;
    Ok(serde_json::from_slice(&response.bytes().await?)?)
}

#[tokio::test]
async fn an_older_build_is_not_sent_unknown_tables_and_gets_them_after_its_upgrade() -> Result<()> {
    let (server, ada, ben) = two().await?;
    let Cursor::Live { rev } = cursor_of(&ben).await? else { panic!("not live") };
    ada.record(pick(&bin(), 12)).await?;
    ada.sync(&server).await?;
    let of_old_tables = |answer: &SyncResponse<serde_json::Value>| {
        let outcomes = answer.receipts.iter().flat_map(|receipt| &receipt.outcome.rows);
        let rows = answer.rows.iter().chain(outcomes);
        let known = rows.filter(|held| held.row.get("p").is_some() || held.row.get("l").is_some()).count();
        let sent =
            answer.rows.len() + answer.receipts.iter().map(|one| one.outcome.rows.len()).sum::<usize>();
        let gone = answer.removed.iter().chain(answer.receipts.iter().flat_map(|one| &one.outcome.removed));
        assert!(gone.clone().all(|removal| FIRST_TABLES.contains(&&*removal.table)));
        (known, sent)
    };
    let picked = json!([mutation(1, &serde_json::to_value(pick(&bin(), 1))?)]);
    let answer = ask_as_an_older_build(&server, &ben, &Cursor::Live { rev }, picked).await?;
    assert_eq!(of_old_tables(&answer), (3, 3), "a lot by the pull, a lot and a product by the outcome");
    let reached = answer.cursor.clone();
    let mut cursor = Cursor::Start;
    while !matches!(cursor, Cursor::Live { .. }) {
        let answer = ask_as_an_older_build(&server, &ben, &cursor, json!([])).await?;
        let (known, sent) = of_old_tables(&answer);
        assert_eq!(known, sent);
        cursor = answer.cursor;
    }
    assert_eq!(cursor, reached);

    // Builds before the tables of unknown codes went back to the first new table.
    go_back_to(&ben, DELIVERIES, rev).await?;
    ben.sync(&server).await?;
    assert_eq!(ben.exceptions().await?.len(), 1);
    ada.sync(&server).await?;
    assert_eq!(ben.rows().await?, ada.rows().await?);
    assert_eq!(ben.rows().await?.len(), 3);
    Ok(())
}
