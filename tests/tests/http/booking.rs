//! Facts are always booked, and raise exceptions where somebody has to check.

use anyhow::Result;
use domain::{Action, Quantity, Row};
use serde_json::json;
use sync::Verdict;
use uuid::Uuid;

use crate::{
    lot, lots_that_do_not_add_up, mutation, number, order, pick, receive, send_raw, soap, stocked, vinegar,
};

#[tokio::test]
async fn stock_may_go_below_zero_and_opens_an_exception() -> Result<()> {
    let (server, ada) = stocked().await?;
    let ben = server.device("Ben", "available").await?;
    ben.sync(&server).await?;
    let bin = lot(&vinegar(), "A-1");
    ada.record(pick(&bin, 8)).await?;
    ben.record(order(1, &bin, 5)).await?;
    ada.sync(&server).await?;
    let report = ben.sync(&server).await?;
    assert_eq!((report.acknowledged, report.attention), (1, 0));
    assert_eq!(ben.lot(&bin).await?.expect("the lot").row.quantity, Quantity::units(-3));
    let exceptions = "SELECT count(*) FROM exceptions WHERE kind = 'below_zero' AND after = -3000";
    assert_eq!(number(&server, exceptions)?, 1);
    assert_eq!(number(&server, "SELECT total_minor FROM orders")?, 1_475);
    assert_eq!(lots_that_do_not_add_up(&server)?, 0);
    Ok(())
}

#[tokio::test]
async fn a_count_books_its_variance_and_flags_movements_in_between() -> Result<()> {
    let (server, ada) = stocked().await?;
    let ben = server.device("Ben", "available").await?;
    ben.sync(&server).await?;
    let bin = lot(&vinegar(), "A-1");
    let count =
        Action::CountLot { lot: bin.clone(), counted: Quantity::units(9), basis: Quantity::units(10) };
    ada.record(pick(&bin, 4)).await?;
    ben.record(count).await?;
    ada.sync(&server).await?;
    ben.sync(&server).await?;
    assert_eq!(ben.lot(&bin).await?.expect("the lot").row.quantity, Quantity::units(5));
    let exceptions = "SELECT basis FROM exceptions WHERE kind = 'moved_while_counted' AND before = 6000";
    assert_eq!(number(&server, exceptions)?, 10_000);
    Ok(())
}

#[tokio::test]
async fn moves_from_two_devices_meet_in_one_row() -> Result<()> {
    let (server, ada) = stocked().await?;
    let ben = server.device("Ben", "available").await?;
    ben.sync(&server).await?;
    let bin = lot(&vinegar(), "A-1");
    let step =
        |units| Action::MoveLot { lot: bin.clone(), to: "B-2".into(), quantity: Quantity::units(units) };
    ada.record(step(3)).await?;
    ben.record(step(4)).await?;
    for device in [&ada, &ben, &ada] {
        device.sync(&server).await?;
    }
    assert_eq!(ada.lot(&bin.at("B-2")).await?.expect("the lot").row.quantity, Quantity::units(7));
    assert_eq!(ada.lot(&bin).await?.expect("the lot").row.quantity, Quantity::units(3));
    assert_eq!(ada.rows().await?, ben.rows().await?);
    Ok(())
}

#[tokio::test]
async fn facts_on_a_deleted_product_are_booked() -> Result<()> {
    let (server, ada) = stocked().await?;
    let ben = server.device("Ben", "available").await?;
    ben.sync(&server).await?;
    let bin = lot(&vinegar(), "A-1");
    ada.record(pick(&bin, 10)).await?;
    ada.record(Action::DeleteProduct { id: vinegar().id }).await?;
    ada.sync(&server).await?;
    ben.record(receive(&bin, 2)).await?;
    let report = ben.sync(&server).await?;
    assert_eq!((report.acknowledged, report.attention), (1, 0));
    assert_eq!(ben.lot(&bin).await?.expect("the lot").row.quantity, Quantity::units(2));
    assert_eq!(lots_that_do_not_add_up(&server)?, 0);
    Ok(())
}

#[tokio::test]
async fn one_bad_mutation_neither_blocks_nor_spoils_the_others() -> Result<()> {
    let (server, device) = stocked().await?;
    let bin = lot(&vinegar(), "A-1");
    let good = serde_json::to_value(pick(&bin, 1))?;
    let bad = [
        json!({ "teleport_lot": {} }),
        json!({ "pick_lot": { "lot": bin, "quantity": "three" } }),
        json!({ "pick_lot": { "lot": bin, "quantity": 2_000_000_000_000_i64 } }),
        json!({ "pick_lot": { "lot": bin, "quantity": 0 } }),
        json!({ "move_lot": { "lot": bin, "to": "A-1", "quantity": 1000 } }),
        json!({ "adjust_lot": { "lot": bin, "delta": 5, "reason": "x".repeat(501) } }),
        json!({ "update_product": { "id": vinegar().id, "patch": { "name": " " } } }),
        serde_json::to_value(pick(&lot(&soap(), "A-1"), 1))?,
        serde_json::to_value(Action::CreateProduct(vinegar()))?,
        json!(null),
    ];
    let mut sent = Vec::new();
    for (seq, action) in (1..).zip(bad.iter().flat_map(|bad| [bad, &good])) {
        sent.push(mutation(seq, action));
    }
    let receipts = send_raw(&server, device.token(), Uuid::from_u128(7), json!(sent)).await?;
    let codes: Vec<&str> =
        receipts.iter().filter_map(|receipt| receipt["outcome"]["code"].as_str()).collect();
    let refused: Vec<&str> = codes.iter().copied().step_by(2).collect();
    let expected = [
        "unknown_kind",
        "malformed",
        "bad_quantity",
        "bad_quantity",
        "same_location",
        "too_long",
        "missing",
        "unknown_product",
        "exists",
        "malformed",
    ];
    assert_eq!(refused, expected);
    assert!(receipts.iter().step_by(2).all(|receipt| receipt["outcome"]["verdict"] == "rejected"));
    assert!(receipts.iter().skip(1).step_by(2).all(|receipt| receipt["outcome"]["verdict"] == "applied"));
    let message = receipts[2]["outcome"]["message"].as_str().unwrap_or_default();
    assert!(message.starts_with("The field quantity of pick_lot cannot be read:"), "{message}");
    assert_eq!(number(&server, "SELECT quantity FROM inventory_lots")?, 0);
    Ok(())
}

#[tokio::test]
async fn newer_schemas_long_names_and_duplicate_orders_are_refused_one_by_one() -> Result<()> {
    let (server, device) = stocked().await?;
    let bin = lot(&vinegar(), "A-1");
    let sale = serde_json::to_value(order(1, &bin, 1))?;
    let mut newer = mutation(1, &json!({ "pick_lot": "of another shape" }));
    newer["schema"] = json!(99);
    let mut nameless = mutation(2, &sale);
    nameless["author"] = json!("x".repeat(10_000));
    let sent = json!([newer, nameless, mutation(3, &sale), mutation(4, &sale)]);
    let receipts = send_raw(&server, device.token(), Uuid::from_u128(7), sent).await?;
    let codes: Vec<&str> =
        receipts.iter().filter_map(|receipt| receipt["outcome"]["code"].as_str()).collect();
    assert_eq!(codes, ["newer_schema", "too_long", "", "exists"]);
    assert_eq!(number(&server, "SELECT count(*) FROM orders")?, 1);
    Ok(())
}

#[tokio::test]
async fn mutations_that_depend_on_a_failed_one_are_held() -> Result<()> {
    let (server, device) = stocked().await?;
    device.record(Action::CreateProduct(domain::Product { name: String::new(), ..soap() })).await?;
    device.record(receive(&lot(&soap(), "A-1"), 4)).await?;
    device.record(pick(&lot(&vinegar(), "A-1"), 1)).await?;
    let report = device.sync(&server).await?;
    assert_eq!((report.acknowledged, report.attention), (1, 2));
    let verdicts: Vec<Verdict> =
        device.attention().await?.into_iter().map(|(_, outcome)| outcome.verdict).collect();
    assert_eq!(verdicts, [Verdict::Rejected, Verdict::Held]);
    Ok(())
}

#[tokio::test]
async fn an_outcome_carries_rows_in_scope_and_removes_the_others() -> Result<()> {
    let (server, device) = stocked().await?;
    let bin = lot(&vinegar(), "A-1");
    let reserve = json!({ "update_lot": { "lot": bin, "patch": { "status": "reserved" } } });
    let receipts =
        send_raw(&server, device.token(), Uuid::from_u128(7), json!([mutation(1, &reserve)])).await?;
    let outcome: sync::Outcome<Row> = serde_json::from_value(receipts[0]["outcome"].clone())?;
    assert_eq!(outcome.verdict, Verdict::Applied);
    assert!(matches!(outcome.rows.as_slice(), [row] if row.row.product().is_some()));
    assert_eq!(outcome.removed.len(), 1);
    Ok(())
}
