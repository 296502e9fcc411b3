//! Work that was recorded before its device had seen another device's count of the lot is booked, and so is the reversal of
//! work from before a count. Then the lot has to be counted again.

use anyhow::{Context as _, Result};
use domain::{Action, ExceptionKind, LotRef, Quantity, StockException};
use serde_json::json;
use sync::Store as _;
use tests::{TestDevice, TestServer};
use uuid::Uuid;

use crate::transfer::import_text;
use crate::{lot, lots_that_do_not_add_up, mutation, order, pick, receive, send_raw, stocked, vinegar};

fn bin() -> LotRef {
    lot(&vinegar(), "A-1")
}

fn count(lot: &LotRef, counted: i64, basis: i64) -> Action {
    Action::CountLot { lot: lot.clone(), counted: Quantity::units(counted), basis: Quantity::units(basis) }
}

/// Ten bottles at A-1; Ada works without a network from now on, and Ben counts `counted` meanwhile.
async fn counted_by_ben(counted: i64) -> Result<(TestServer, TestDevice, TestDevice)> {
    let (server, ada) = stocked().await?;
    let ben = server.device("Ben", "available").await?;
    ben.sync(&server).await?;
    ben.record(count(&bin(), counted, 10)).await?;
    ben.sync(&server).await?;
    Ok((server, ada, ben))
}

async fn the_exception(device: &TestDevice) -> Result<StockException> {
    let [exception] = &device.exceptions().await?[..] else { panic!("one exception") };
    assert_eq!((exception.kind, exception.basis), (ExceptionKind::MovedWhileCounted, None));
    Ok(exception.clone())
}

async fn on_hand(device: &TestDevice, lot: &LotRef) -> Result<Quantity> {
    Ok(device.lot(lot).await?.context("the lot")?.row.quantity)
}

#[tokio::test]
async fn a_receipt_that_a_count_may_include_is_an_exception_everywhere_until_the_next_count() -> Result<()> {
    let (server, ada, ben) = counted_by_ben(15).await?;
    ada.record(receive(&bin(), 5)).await?;
    let report = ada.sync(&server).await?;
    assert_eq!((report.acknowledged, report.attention), (1, 0), "it is booked all the same");
    // Counted before Ben's device has seen the receipt, although the quantities agree.
    ben.record(count(&bin(), 20, 20)).await?;
    ben.sync(&server).await?;
    ada.sync(&server).await?;
    for device in [&ada, &ben] {
        let exception = the_exception(device).await?;
        assert_eq!((exception.before, exception.after), (Quantity::units(15), Quantity::units(20)));
        assert_eq!(on_hand(device, &bin()).await?, Quantity::units(20));
    }
    ben.record(count(&bin(), 15, 20)).await?;
    ben.sync(&server).await?;
    ada.sync(&server).await?;
    assert_eq!((ada.exceptions().await?, ben.exceptions().await?), (Vec::new(), Vec::new()));
    assert_eq!(on_hand(&ada, &bin()).await?, Quantity::units(15));
    assert_eq!((ada.rows().await?, lots_that_do_not_add_up(&server)?), (ben.rows().await?, 0));
    Ok(())
}

#[tokio::test]
async fn a_late_pick_is_told_to_its_device_and_shown_on_the_others() -> Result<()> {
    let (server, ada, ben) = counted_by_ben(7).await?;
    ada.record(pick(&bin(), 3)).await?;
    ada.sync(&server).await?;
    let journal = ada.store().journal(1).await?;
    assert_eq!(journal[0].outcome.code, "late_for_count");
    assert!(journal[0].outcome.message.contains("Stock went from 7 to 4"), "{journal:?}");
    ben.sync(&server).await?;
    for device in [&ada, &ben] {
        let exception = the_exception(device).await?;
        assert_eq!((exception.before, exception.after), (Quantity::units(7), Quantity::units(4)));
        assert_eq!((exception.author.as_str(), exception.lot), ("Ada", Some(bin())));
    }
    Ok(())
}

#[tokio::test]
async fn both_lots_of_a_late_move_and_every_lot_of_a_late_order_are_judged() -> Result<()> {
    let (server, ada, ben) = counted_by_ben(10).await?;
    let there = bin().at("B-2");
    ben.record(count(&there, 4, 0)).await?;
    ben.sync(&server).await?;
    ada.record(Action::MoveLot { lot: bin(), to: there.location.clone(), quantity: Quantity::units(2) })
        .await?;
    ada.sync(&server).await?;
    let mut lots: Vec<LotRef> = ada.exceptions().await?.into_iter().filter_map(|odd| odd.lot).collect();
    lots.sort();
    assert_eq!(lots, [bin(), there.clone()]);
    // By now Ada's device has seen the counts.
    ben.sync(&server).await?;
    ben.record(count(&bin(), 8, 8)).await?;
    ben.record(count(&there, 6, 6)).await?;
    ben.sync(&server).await?;
    assert_eq!(ben.exceptions().await?, []);
    ada.sync(&server).await?;
    ada.record(order(1, &bin(), 1)).await?;
    ada.sync(&server).await?;
    assert_eq!(ada.exceptions().await?, []);
    ben.sync(&server).await?;
    ben.record(count(&bin(), 7, 7)).await?;
    ben.sync(&server).await?;
    ada.record(order(2, &bin(), 1)).await?;
    ada.sync(&server).await?;
    assert_eq!(the_exception(&ada).await?.lot, Some(bin()));
    Ok(())
}

#[tokio::test]
async fn own_work_after_an_own_count_and_work_of_older_builds_raise_nothing() -> Result<()> {
    let (server, ada) = stocked().await?;
    ada.record(count(&bin(), 12, 10)).await?;
    ada.record(receive(&bin(), 5)).await?;
    ada.record(pick(&bin(), 1)).await?;
    ada.sync(&server).await?;
    assert_eq!(ada.exceptions().await?, []);
    // A mutation without a base.
    let picked = json!([mutation(1, &serde_json::to_value(pick(&bin(), 1))?)]);
    let receipts = send_raw(&server, ada.token(), Uuid::from_u128(7), picked).await?;
    assert_eq!(receipts[0]["outcome"]["verdict"], "applied");
    ada.sync(&server).await?;
    assert_eq!((ada.exceptions().await?, on_hand(&ada, &bin()).await?), (Vec::new(), Quantity::units(15)));
    Ok(())
}

#[tokio::test]
async fn a_reversal_is_compared_with_the_counts_since_the_reversed_work() -> Result<()> {
    let (server, ada) = stocked().await?;
    let client = Uuid::from_u128(7);
    let send = async |seq: u64, action: Action, replaces: Option<Uuid>| -> Result<String> {
        let mut sent = mutation(seq, &serde_json::to_value(action)?);
        sent["replaces"] = json!(replaces);
        let receipts = send_raw(&server, ada.token(), client, json!([sent])).await?;
        Ok(receipts[0]["outcome"]["code"].as_str().unwrap_or_default().to_owned())
    };
    let back = || Action::AdjustLot {
        lot: bin(),
        delta: Quantity::units(4),
        reason: "reversal:pick".to_owned(),
        delivery: None,
    };
    let picked = |seq: u64| Uuid::from_u128(0xF000 + u128::from(seq));
    send(1, pick(&bin(), 4), None).await?;
    assert_eq!(send(2, back(), Some(picked(1))).await?, "", "nobody has counted");
    send(3, pick(&bin(), 4), None).await?;
    send(4, count(&bin(), 10, 6), None).await?;
    assert_eq!(send(5, back(), Some(picked(3))).await?, "late_for_count");
    ada.sync(&server).await?;
    let exception = the_exception(&ada).await?;
    assert_eq!((exception.before, exception.after), (Quantity::units(10), Quantity::units(14)));
    Ok(())
}

#[tokio::test]
async fn work_that_had_not_seen_an_import_of_quantities_is_late() -> Result<()> {
    let (server, ada) = stocked().await?;
    let header = "sku,lot_code,location,quantity\n";
    let products = "sku,barcode,name,unit,price_minor,currency\n";
    for (quantity, exceptions) in [(10, 0), (12, 1)] {
        ada.sync(&server).await?;
        let lots = format!("{header}VIN-1,L1,A-1,{quantity}\n");
        import_text(&server, products, Some(&lots), false).await?;
        ada.record(pick(&bin(), 1)).await?;
        ada.record(receive(&bin(), 1)).await?;
        ada.sync(&server).await?;
        assert_eq!(ada.exceptions().await?.len(), exceptions, "{quantity}");
    }
    Ok(())
}
