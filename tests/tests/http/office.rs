//! Unknown codes and refused changes of one device are rows on all devices.

use anyhow::{Context as _, Result};
use domain::{
    Action, CONFLICTS, CodeSighting, Conflict, EXCEPTIONS, ProductPatch, Row, UNKNOWN_CODES, UnknownCode,
};
use serde_json::{Value, json};
use sync::{
    Cursor, QueueState, RoundLimits, Store as _, SyncResponse, UnixMillis, Verdict, server_has_tables,
};
use tests::{TestDevice, TestServer};
use uuid::Uuid;

use crate::{go_back_to, mutation, number, post, price, soap, stocked, sync_body, vinegar};

const CODE: &str = "4006381333931";

fn report(code: &str, times: u32) -> Action {
    let place = "/work/receive".to_owned();
    Action::ReportCode(CodeSighting { code: code.to_owned(), place, at: UnixMillis(5), times })
}

async fn two() -> Result<(TestServer, TestDevice, TestDevice)> {
    let (server, ada) = stocked().await?;
    let ben = server.device("Ben", "available").await?;
    ben.sync(&server).await?;
    Ok((server, ada, ben))
}

async fn codes(device: &TestDevice) -> Result<Vec<UnknownCode>> {
    Ok(device.view().await?.iter().filter_map(Row::unknown_code).cloned().collect())
}

async fn conflicts(device: &TestDevice) -> Result<Vec<Conflict>> {
    Ok(device.view().await?.iter().filter_map(Row::conflict).cloned().collect())
}

#[tokio::test]
async fn reports_of_two_devices_are_one_row_on_both_until_one_of_them_settles_it() -> Result<()> {
    let (server, ada, ben) = two().await?;
    ada.record(report(CODE, 2)).await?;
    ben.record(report(&format!("0{CODE}"), 1)).await?;
    assert_eq!(codes(&ada).await?.len(), 1, "offline, too");
    for device in [&ada, &ben, &ada] {
        device.sync(&server).await?;
    }
    for device in [&ada, &ben] {
        let [code] = &codes(device).await?[..] else { panic!("one code") };
        let authors: Vec<&str> = code.devices.iter().map(|device| device.author.as_str()).collect();
        assert_eq!((code.times, authors), (3, vec!["Ada", "Ben"]));
        assert_eq!(device.attention().await?, []);
    }
    ben.record(Action::SettleCode { code: CODE.to_owned() }).await?;
    ben.sync(&server).await?;
    // Ada has not seen that.
    ada.record(report(CODE, 1)).await?;
    ada.sync(&server).await?;
    ben.sync(&server).await?;
    assert_eq!((codes(&ada).await?, codes(&ben).await?), (Vec::new(), Vec::new()));
    ada.record(report(CODE, 1)).await?;
    ada.sync(&server).await?;
    assert_eq!(codes(&ada).await?[0].times, 1, "scanned again after it was settled");
    Ok(())
}

#[tokio::test]
async fn a_code_is_settled_by_the_product_that_gets_it_and_by_an_import() -> Result<()> {
    let (server, ada, ben) = two().await?;
    ada.record(report(CODE, 1)).await?;
    ada.record(report("X.7/b", 1)).await?;
    ada.sync(&server).await?;
    ben.sync(&server).await?;
    assert_eq!(codes(&ben).await?.len(), 2);
    let patch = ProductPatch { barcode: Some(CODE.to_owned()), ..ProductPatch::default() };
    ben.record(Action::UpdateProduct { id: vinegar().id, patch }).await?;
    assert_eq!(codes(&ben).await?.len(), 1, "before it is sent");
    ben.sync(&server).await?;
    ada.sync(&server).await?;
    let [left] = &codes(&ada).await?[..] else { panic!("one code") };
    assert_eq!(left.code, "X.7/b");
    ada.record(Action::CreateProduct(domain::Product { barcode: "X.7/b".to_owned(), ..soap() })).await?;
    ada.sync(&server).await?;
    assert_eq!(codes(&ada).await?, []);
    assert_eq!(number(&server, "SELECT count(*) FROM unknown_codes WHERE deleted_at IS NULL")?, 0);
    Ok(())
}

#[tokio::test]
async fn a_refused_change_is_on_all_devices_until_it_is_sent_again_or_closed() -> Result<()> {
    let (server, ada, ben) = two().await?;
    ada.record(price(&vinegar(), 255)).await?;
    ben.record(price(&vinegar(), 240)).await?;
    for device in [&ada, &ben, &ada] {
        device.sync(&server).await?;
    }
    let [by_ben] = &conflicts(&ada).await?[..] else { panic!("one conflict") };
    assert_eq!((by_ben.author.as_str(), by_ben.verdict), ("Ben", Verdict::Conflict));
    assert_eq!(by_ben.action(), Some(price(&vinegar(), 240)));
    assert_eq!(conflicts(&ben).await?, std::slice::from_ref(by_ben));
    let held = ben.attention().await?;
    assert!(held[0].1.rows.iter().any(|row| row.row.conflict().is_some()));

    // Ben sends it again.
    let queue = ben.store().queue().await?.records;
    let refused = queue.iter().find(|record| matches!(record.state, QueueState::Attention(_)));
    let refused = refused.context("the refused change")?.mutation.clone();
    let mut again = refused.clone().into_draft();
    again.id = Uuid::from_u128(0xB1);
    again.replaces = Some(refused.id);
    again.base = ben.product(vinegar().id).await?.context("the product")?.rev;
    ben.store().settle(refused.seq, Some(again)).await?;
    ben.sync(&server).await?;
    ada.sync(&server).await?;
    assert_eq!((conflicts(&ada).await?, conflicts(&ben).await?), (Vec::new(), Vec::new()));

    // Ada closes another one of Ben's.
    ada.record(price(&vinegar(), 270)).await?;
    ben.record(price(&vinegar(), 280)).await?;
    for device in [&ada, &ben, &ada] {
        device.sync(&server).await?;
    }
    let [second] = &conflicts(&ada).await?[..] else { panic!("one conflict") };
    ada.record(Action::CloseConflict { id: second.id }).await?;
    assert_eq!(conflicts(&ada).await?, []);
    ada.sync(&server).await?;
    ben.sync(&server).await?;
    assert_eq!(conflicts(&ben).await?, []);
    assert_eq!(ada.rows().await?, ben.rows().await?);
    Ok(())
}

#[tokio::test]
async fn a_device_knows_whether_the_server_has_its_tables() -> Result<()> {
    let (server, ada) = stocked().await?;
    assert!(server_has_tables(ada.store()).await?);
    let body = sync_body(Uuid::from_u128(7), &json!([])).to_string().into_bytes();
    let answer: Value =
        serde_json::from_slice(&post(&server, ada.token(), "/api/sync", body).await?.bytes().await?)?;
    assert_eq!(answer.get("tables"), None, "the answer to an older build is the same as before");
    Ok(())
}

#[tokio::test]
async fn an_older_build_holds_none_of_the_new_rows_and_gets_them_after_its_upgrade() -> Result<()> {
    let (server, ada, ben) = two().await?;
    let Cursor::Live { rev } = ben.store().outbox(0).await?.cursor else { panic!("not live") };
    ada.record(report(CODE, 1)).await?;
    ada.record(price(&soap(), 1)).await?;
    ada.sync(&server).await?;
    let mut body =
        sync_body(Uuid::from_u128(7), &json!([mutation(1, &serde_json::to_value(price(&soap(), 2))?)]));
    body["cursor"] = serde_json::to_value(Cursor::Live { rev })?;
    body["tables"] = json!(["products", "inventory_lots", "deliveries", "exceptions"]);
    let response = post(&server, ben.token(), "/api/sync", body.to_string().into_bytes()).await?;
    let answer: SyncResponse<Value> = serde_json::from_slice(&response.bytes().await?)?;
    assert_eq!((answer.rows.len(), answer.removed.len()), (0, 0));
    let outcome = &answer.receipts[0].outcome;
    assert_eq!((outcome.verdict, outcome.rows.len(), outcome.removed.len()), (Verdict::Rejected, 0, 0));
    assert_eq!(number(&server, "SELECT count(*) FROM conflicts WHERE deleted_at IS NULL")?, 2);

    // An upgraded device goes back to the last table that it knew.
    let Cursor::Live { rev } = answer.cursor else { panic!("not live") };
    go_back_to(&ben, EXCEPTIONS, rev).await?;
    ben.sync_by(&server.transport(ben.token())?, RoundLimits { max_pull_rows: 1, ..RoundLimits::default() })
        .await?;
    for (table, rows) in [(UNKNOWN_CODES, 1), (CONFLICTS, 2)] {
        assert_eq!(ben.store().scan(table, "", "", 9).await?.len(), rows, "{table}");
    }
    ada.sync(&server).await?;
    assert_eq!(ada.rows().await?, ben.rows().await?);
    Ok(())
}
