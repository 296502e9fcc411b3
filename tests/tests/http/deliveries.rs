//! Receiving against expected deliveries from several devices, and deliveries as files.

use std::fs;

use anyhow::Result;
use domain::{Action, CalendarDate, Delivery, DeliveryLine, LotRef, Quantity, reversal_of};
use server::DEFAULT_SITE;
use server::csv::Source;
use server::export::export;
use server::import::{ImportOptions, ImportReport, import};
use tests::{TestDevice, TestServer};
use uuid::Uuid;

use crate::{lot, lots_that_do_not_add_up, number, receive, soap, stocked, vinegar};

pub(crate) const HEADER: &str = "number,supplier,expected_on,sku,quantity\n";

pub(crate) async fn import_deliveries(
    server: &TestServer,
    lines: &str,
    skip_bad: bool,
) -> Result<ImportReport> {
    let options = ImportOptions {
        site: DEFAULT_SITE.to_owned(),
        products: None,
        lots: None,
        deliveries: Some(Source::text("deliveries.csv", lines.to_owned())),
        skip_bad,
    };
    import(server.store()?, options, server.clock().now()).await
}

async fn exported(server: &TestServer) -> Result<String> {
    let (products, lots) = (server.path("out-products.csv"), server.path("out-lots.csv"));
    let deliveries = server.path("out-deliveries.csv");
    export(server.store()?, DEFAULT_SITE, &products, &lots, Some(&deliveries)).await?;
    Ok(fs::read_to_string(deliveries)?)
}

/// Two devices that expect twelve bottles of vinegar in delivery LS-1.
async fn expecting() -> Result<(TestServer, TestDevice, TestDevice, Uuid)> {
    let (server, ada) = stocked().await?;
    ada.record(Action::CreateProduct(soap())).await?;
    ada.sync(&server).await?;
    import_deliveries(&server, &format!("{HEADER}LS-1,Mill,2026-12-01,VIN-1,12\n"), false).await?;
    let ben = server.device("Ben", "available").await?;
    ada.sync(&server).await?;
    ben.sync(&server).await?;
    let id = ada.deliveries().await?[0].id;
    Ok((server, ada, ben, id))
}

fn received(lot: &LotRef, units: i64, delivery: Uuid) -> Action {
    match receive(lot, units) {
        Action::ReceiveLot { lot, quantity, expires_on, received_on, .. } => {
            Action::ReceiveLot { lot, quantity, expires_on, received_on, delivery: Some(delivery) }
        }
        other => other,
    }
}

fn line(product_id: Uuid, expected: i64, received: i64) -> DeliveryLine {
    DeliveryLine { product_id, expected: Quantity::units(expected), received: Quantity::units(received) }
}

#[tokio::test]
async fn two_devices_that_receive_one_delivery_offline_add_up() -> Result<()> {
    let (server, ada, ben, id) = expecting().await?;
    let expected_on: Option<CalendarDate> = "2026-12-01".parse().ok();
    let [Delivery { number: called, supplier, expected_on: due, .. }] = &ada.deliveries().await?[..] else {
        panic!()
    };
    assert_eq!((called.as_str(), supplier.as_str(), *due), ("LS-1", "Mill", expected_on));
    let bin = lot(&vinegar(), "R-1");
    ada.record(received(&bin, 7, id)).await?;
    ben.record(received(&bin, 3, id)).await?;
    let shown = ada.view().await?.into_iter().find_map(|row| row.delivery().cloned());
    assert_eq!(shown.expect("shown at once").lines, [line(vinegar().id, 12, 7)]);
    ada.sync(&server).await?;
    ben.sync(&server).await?;
    ada.sync(&server).await?;
    for device in [&ada, &ben] {
        assert_eq!(device.deliveries().await?[0].lines, [line(vinegar().id, 12, 10)]);
    }
    // More than expected, and a product that was not expected: both are booked.
    ben.record(received(&lot(&soap(), "R-1"), 1, id)).await?;
    ada.record(received(&bin, 4, id)).await?;
    ben.sync(&server).await?;
    assert_eq!(ben.deliveries().await?[0].lines, [line(vinegar().id, 12, 10), line(soap().id, 0, 1)]);
    ada.sync(&server).await?;
    ben.sync(&server).await?;
    for device in [&ada, &ben] {
        assert_eq!(device.attention().await?, []);
        assert_eq!(device.deliveries().await?, [], "a complete delivery is no longer listed");
    }
    assert_eq!(number(&server, "SELECT count(*) FROM stock_ledger WHERE note = 'LS-1'")?, 4);
    assert_eq!(lots_that_do_not_add_up(&server)?, 0);
    let fresh = server.device("Fresh", "available").await?;
    fresh.sync(&server).await?;
    assert_eq!(fresh.rows().await?, ada.rows().await?);
    Ok(())
}

#[tokio::test]
async fn receipts_for_a_complete_or_unknown_delivery_are_booked() -> Result<()> {
    let (server, ada, ben, id) = expecting().await?;
    let bin = lot(&vinegar(), "R-1");
    ada.record(received(&bin, 12, id)).await?;
    ada.sync(&server).await?;
    ben.sync(&server).await?;
    ben.record(received(&bin, 1, id)).await?;
    ben.record(received(&bin, 1, Uuid::from_u128(99))).await?;
    let report = ben.sync(&server).await?;
    assert_eq!((report.acknowledged, report.attention), (2, 0));
    assert_eq!(ben.lot(&bin).await?.expect("the lot").row.quantity, Quantity::units(14));
    assert_eq!(exported(&server).await?.lines().last(), Some("LS-1,Mill,2026-12-01,VIN-1,12,13"));
    Ok(())
}

#[tokio::test]
async fn closing_a_short_delivery_closes_it_on_every_device_and_records_the_shortage() -> Result<()> {
    let (server, ada, ben, id) = expecting().await?;
    let bin = lot(&vinegar(), "R-1");
    ada.record(received(&bin, 7, id)).await?;
    ada.sync(&server).await?;
    ben.record(Action::CloseDelivery { id, reason: "Supplier has no more".to_owned() }).await?;
    assert!(ben.view().await?.iter().filter_map(|row| row.delivery()).all(|delivery| !delivery.is_open()));
    ben.sync(&server).await?;
    ada.record(Action::CloseDelivery { id, reason: String::new() }).await?;
    ada.sync(&server).await?;
    ben.sync(&server).await?;
    for device in [&ada, &ben] {
        assert_eq!((device.attention().await?, device.deliveries().await?), (Vec::new(), Vec::new()));
    }
    let missing = "SELECT count(*) FROM shortages WHERE expected = 12000 AND received = 7000 AND author = 'Ben' \
                   AND number = 'LS-1' AND reason = 'Supplier has no more'";
    assert_eq!((number(&server, missing)?, number(&server, "SELECT count(*) FROM shortages")?), (1, 1));
    // A late pallet is booked, but the closed delivery stays closed.
    ada.record(received(&bin, 2, id)).await?;
    ada.sync(&server).await?;
    assert_eq!(ada.deliveries().await?, []);
    let out = exported(&server).await?;
    assert_eq!(out.lines().last(), Some("LS-1,Mill,2026-12-01,VIN-1,12,9"));
    assert_eq!(import_deliveries(&server, &out, false).await?.imported.unchanged, 1);
    import_deliveries(&server, &format!("{HEADER}LS-1,Mill,2026-12-01,VIN-1,14\n"), false).await?;
    ben.sync(&server).await?;
    assert_eq!(ben.deliveries().await?[0].lines, [line(vinegar().id, 14, 9)], "more is expected");
    Ok(())
}

#[tokio::test]
async fn reversing_a_receipt_reopens_its_delivery() -> Result<()> {
    let (server, ada, ben, id) = expecting().await?;
    let receipt = received(&lot(&vinegar(), "R-1"), 12, id);
    ada.record(receipt.clone()).await?;
    ada.sync(&server).await?;
    ben.sync(&server).await?;
    assert_eq!(ben.deliveries().await?, []);
    for back in reversal_of(&receipt).expect("a reversal") {
        ada.record(back).await?;
    }
    ada.sync(&server).await?;
    ben.sync(&server).await?;
    for device in [&ada, &ben] {
        assert_eq!(device.deliveries().await?[0].lines, [line(vinegar().id, 12, 0)]);
    }
    assert_eq!(lots_that_do_not_add_up(&server)?, 0);
    Ok(())
}

#[tokio::test]
async fn deliveries_round_trip_through_a_file_and_keep_received_quantities() -> Result<()> {
    let (server, ada, _, id) = expecting().await?;
    ada.record(received(&lot(&vinegar(), "R-1"), 5, id)).await?;
    ada.record(received(&lot(&soap(), "R-1"), 2, id)).await?;
    ada.sync(&server).await?;
    let out = exported(&server).await?;
    let expected = "number,supplier,expected_on,sku,quantity,received\n\
                    LS-1,Mill,2026-12-01,VIN-1,12,5\nLS-1,Mill,2026-12-01,SOAP-1,0,2\n";
    assert_eq!(out, expected);
    let again = import_deliveries(&server, &out, false).await?;
    assert_eq!((again.imported.added, again.imported.changed, again.imported.unchanged), (0, 0, 1));
    // The same number in another case updates the expected quantities and keeps the received ones.
    let file = format!("{HEADER}ls-1,Mill,,VIN-1,6\n");
    assert_eq!(import_deliveries(&server, &file, false).await?.imported.changed, 1);
    ada.sync(&server).await?;
    let held = &ada.deliveries().await?[0];
    assert_eq!((held.id, held.expected_on), (id, None));
    assert_eq!(held.lines, [line(vinegar().id, 6, 5), line(soap().id, 0, 2)]);

    let copy = TestServer::start().await?;
    let (products, lots) = (server.path("out-products.csv"), server.path("out-lots.csv"));
    let options = ImportOptions {
        site: DEFAULT_SITE.to_owned(),
        products: Some(Source::open(&products)?),
        lots: Some(Source::open(&lots)?),
        deliveries: Some(Source::text("deliveries.csv", out.clone())),
        skip_bad: false,
    };
    import(copy.store()?, options, copy.clock().now()).await?;
    assert_eq!(exported(&copy).await?, out);
    Ok(())
}

#[tokio::test]
async fn bad_lines_of_deliveries_are_named() -> Result<()> {
    let (server, _, _, _) = expecting().await?;
    let lines = format!(
        "{HEADER}LS-2,Mill,,VIN-1,5\n,Mill,,VIN-1,5\nLS-3,Mill,,NO-1,5\nLS-3,Mill,1.12.2026,VIN-1,5\nLS-3,Mill,,VIN-1,some\n\
         LS-3,Mill,,VIN-1,-5\nLS-2,Depot,,SOAP-1,5\nLS-2,Mill,2026-12-24,SOAP-1,5\nls-2,Mill,,VIN-1,5\nLS-4,{},,VIN-1,5\n",
        "x".repeat(201)
    );
    let error = import_deliveries(&server, &lines, false).await.expect_err("bad lines").to_string();
    let expected = [
        "line 3, column number: number is missing",
        "line 4, column sku: no product has the SKU \"NO-1\"; import its product first",
        "line 5, column expected_on: \"1.12.2026\" is not a date like 2026-11-24",
        "line 6, column quantity: \"some\" is not a number",
        "line 7, column quantity: quantity must be between 0 and 1,000,000,000",
        "line 8, column supplier: line 2 says otherwise of delivery LS-2",
        "line 9, column expected_on: line 2 says otherwise of delivery LS-2",
        "line 10, column sku: delivery ls-2 has this product already",
        "line 11, column supplier: supplier has 201 characters; at most 200 fit",
        "9 bad lines in all",
    ];
    let listed: Vec<&str> =
        error.lines().skip(1).map(|line| line.trim().trim_start_matches("deliveries.csv, ")).collect();
    assert_eq!(listed, expected);
    assert_eq!(number(&server, "SELECT count(*) FROM deliveries")?, 1);
    let report = import_deliveries(&server, &lines, true).await?;
    assert_eq!((report.imported.added, report.skipped.len()), (1, 9));
    Ok(())
}
