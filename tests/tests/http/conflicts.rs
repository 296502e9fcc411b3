//! Two devices edit one row: which edits merge, which conflict, and the messages people see.

use anyhow::Result;
use domain::{Action, LotPatch, LotStatus, Product, ProductPatch};
use sync::{Outcome, Verdict};
use tests::{TestDevice, TestServer};
use uuid::Uuid;

use crate::{lot, pick, price, receive, soap, stocked, vinegar};

async fn pair() -> Result<(TestServer, TestDevice, TestDevice)> {
    let (server, ada) = stocked().await?;
    let ben = server.device("Ben", "available").await?;
    ben.sync(&server).await?;
    Ok((server, ada, ben))
}

async fn only_attention(device: &TestDevice) -> Result<Outcome<domain::Row>> {
    let mut waiting = device.attention().await?;
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    Ok(waiting.remove(0).1)
}

#[tokio::test]
async fn the_same_field_conflicts_with_a_sentence() -> Result<()> {
    let (server, ada, ben) = pair().await?;
    ada.record(price(&vinegar(), 255)).await?;
    ben.record(price(&vinegar(), 240)).await?;
    ada.sync(&server).await?;
    ben.sync(&server).await?;
    let outcome = only_attention(&ben).await?;
    assert_eq!(outcome.verdict, Verdict::Conflict);
    assert_eq!(outcome.code, "price_changed");
    assert_eq!(
        outcome.message,
        "Somebody else changed the price of Rice vinegar to €\u{a0}2.55 after you opened it. Your €\u{a0}2.40 was \
         not saved."
    );
    assert_eq!(ben.product(vinegar().id).await?.expect("the product").row.price_minor, 255);
    Ok(())
}

#[tokio::test]
async fn an_edit_of_several_fields_names_every_contested_one() -> Result<()> {
    let (server, ada, ben) = pair().await?;
    let edit = |price_minor, unit: &str, name: Option<&str>| {
        let patch = ProductPatch {
            price_minor: Some(price_minor),
            unit: Some(unit.to_owned()),
            name: name.map(str::to_owned),
            ..ProductPatch::default()
        };
        Action::UpdateProduct { id: vinegar().id, patch }
    };
    ada.record(edit(255, "box", None)).await?;
    let mine = edit(240, "crate", Some("Brown rice vinegar"));
    ben.record(mine).await?;
    ada.sync(&server).await?;
    ben.sync(&server).await?;
    let outcome = only_attention(&ben).await?;
    assert_eq!(outcome.code, "unit+price_changed");
    assert_eq!(
        outcome.message,
        "Somebody else changed the unit and the price of Rice vinegar after you opened it. Your change was not \
         saved."
    );
    let product = ben.product(vinegar().id).await?.expect("the product").row;
    assert_eq!((product.price_minor, product.unit.as_str()), (255, "box"));
    assert_eq!(product.name, vinegar().name, "nothing of the edit is booked");
    Ok(())
}

#[tokio::test]
async fn different_fields_merge_and_both_devices_agree() -> Result<()> {
    let (server, ada, ben) = pair().await?;
    ada.record(price(&vinegar(), 255)).await?;
    let patch = ProductPatch { name: Some("Brown rice vinegar".into()), ..ProductPatch::default() };
    ben.record(Action::UpdateProduct { id: vinegar().id, patch }).await?;
    ada.sync(&server).await?;
    let report = ben.sync(&server).await?;
    assert_eq!((report.acknowledged, report.attention), (1, 0));
    ada.sync(&server).await?;
    let expected = Product { name: "Brown rice vinegar".into(), price_minor: 255, ..vinegar() };
    assert_eq!(ada.product(vinegar().id).await?.expect("the product").row, expected);
    assert_eq!(ada.rows().await?, ben.rows().await?);
    Ok(())
}

#[tokio::test]
async fn editing_a_deleted_row_conflicts_and_deleting_it_again_does_not() -> Result<()> {
    let (server, ada, ben) = pair().await?;
    ada.record(pick(&lot(&vinegar(), "A-1"), 10)).await?;
    ada.record(Action::DeleteProduct { id: vinegar().id }).await?;
    ada.sync(&server).await?;
    assert_eq!(ada.attention().await?, []);
    ben.record(price(&vinegar(), 240)).await?;
    ben.record(Action::DeleteProduct { id: vinegar().id }).await?;
    let report = ben.sync(&server).await?;
    assert_eq!((report.acknowledged, report.attention), (1, 1));
    let outcome = only_attention(&ben).await?;
    assert_eq!((outcome.verdict, outcome.code.as_str()), (Verdict::Conflict, "deleted"));
    assert_eq!(outcome.message, "Somebody else deleted Rice vinegar. Your new price was not saved.");
    let held = ben.rows().await?;
    let is_conflict = |row: &sync::Versioned<domain::Row>| row.row.conflict().is_some();
    assert!(
        held.len() == 1 && held.iter().all(is_conflict),
        "the product and its empty lot are gone everywhere"
    );
    Ok(())
}

#[tokio::test]
async fn a_product_with_stock_cannot_be_deleted() -> Result<()> {
    let (server, ada, ben) = pair().await?;
    ben.record(receive(&lot(&vinegar(), "B-2"), 3)).await?;
    ben.sync(&server).await?;
    ada.record(Action::DeleteProduct { id: vinegar().id }).await?;
    ada.sync(&server).await?;
    let outcome = only_attention(&ada).await?;
    assert_eq!((outcome.verdict, outcome.code.as_str()), (Verdict::Rejected, "has_stock"));
    let expected = "Stock of Rice vinegar isn't zero (2 lots: 13 bottle). Pick, move or adjust it first.";
    assert_eq!(outcome.message, expected);
    Ok(())
}

#[tokio::test]
async fn a_device_that_has_not_seen_a_change_cannot_delete_the_row() -> Result<()> {
    let (server, ada, ben) = pair().await?;
    ada.record(Action::CreateProduct(soap())).await?;
    ada.sync(&server).await?;
    ben.sync(&server).await?;
    ada.record(price(&soap(), 99)).await?;
    ben.record(Action::DeleteProduct { id: soap().id }).await?;
    ada.sync(&server).await?;
    ben.sync(&server).await?;
    let outcome = only_attention(&ben).await?;
    assert_eq!((outcome.verdict, outcome.code.as_str()), (Verdict::Conflict, "changed"));
    Ok(())
}

#[tokio::test]
async fn lots_conflict_by_field_like_products() -> Result<()> {
    let (server, ada, ben) = pair().await?;
    let bin = lot(&vinegar(), "A-1");
    let status = |status| Action::UpdateLot {
        lot: bin.clone(),
        patch: LotPatch { status: Some(status), expires_on: None },
    };
    ada.record(status(LotStatus::Quarantined)).await?;
    ben.record(status(LotStatus::Reserved)).await?;
    let expiry = LotPatch { status: None, expires_on: "2027-01-31".parse().ok() };
    ben.record(Action::UpdateLot { lot: bin.clone(), patch: expiry }).await?;
    ada.sync(&server).await?;
    let report = ben.sync(&server).await?;
    assert_eq!((report.acknowledged, report.attention), (1, 1));
    let outcome = only_attention(&ben).await?;
    assert_eq!(outcome.code, "status_changed");
    assert_eq!(
        outcome.message,
        "Somebody else changed the status of lot L1 at A-1 to quarantined after you opened it. Your reserved was \
         not saved."
    );
    Ok(())
}

#[tokio::test]
async fn a_sku_belongs_to_one_product_and_is_free_again_afterwards() -> Result<()> {
    let (server, ada, ben) = pair().await?;
    ben.record(Action::CreateProduct(Product { sku: " VIN-1 ".into(), ..soap() })).await?;
    ben.record(receive(&lot(&soap(), "A-1"), 4)).await?;
    ben.sync(&server).await?;
    let waiting = ben.attention().await?;
    let outcomes: Vec<_> =
        waiting.iter().map(|(_, outcome)| (outcome.verdict, outcome.code.as_str())).collect();
    assert_eq!(outcomes, [(Verdict::Rejected, "sku_taken"), (Verdict::Held, "held")]);
    assert_eq!(waiting[0].1.message, "SKU VIN-1 is already used by Rice vinegar. Choose another one.");

    let sku = |id: Uuid, sku: &str| {
        let patch = ProductPatch { sku: Some(sku.into()), ..ProductPatch::default() };
        Action::UpdateProduct { id, patch }
    };
    ada.record(Action::CreateProduct(soap())).await?;
    for (product, new) in [(vinegar(), "TEMP"), (soap(), "VIN-1"), (vinegar(), "SOAP-1")] {
        ada.record(sku(product.id, new)).await?;
    }
    ada.sync(&server).await?;
    assert_eq!(ada.attention().await?, [], "two products exchange their SKUs in one batch");
    assert_eq!(ada.product(soap().id).await?.expect("soap").row.sku, "VIN-1");
    Ok(())
}
