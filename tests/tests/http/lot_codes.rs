//! Lots by the code that is printed on them.

use anyhow::Result;
use domain::{Action, LotPatch, LotRef, LotStatus, LotsAnswer, MAX_LOTS_BY_CODE, Product};
use reqwest::{Client, Response};
use tests::{TestDevice, TestServer};

use crate::{lot, pick, receive, soap, stocked, vinegar};

async fn ask(server: &TestServer, device: &TestDevice, code: &str) -> Result<Response> {
    let url = format!("{}/api/lots/by-code/{code}", server.url()?);
    Ok(Client::new().get(url).bearer_auth(device.token()).send().await?)
}

async fn by_code(server: &TestServer, device: &TestDevice, code: &str) -> Result<LotsAnswer> {
    let response = ask(server, device, code).await?;
    assert_eq!(response.status(), 200, "{code}");
    Ok(serde_json::from_slice(&response.bytes().await?)?)
}

/// Product, bin, status and units of every lot of an answer.
fn listed(answer: &LotsAnswer) -> Vec<(Product, &str, LotStatus, i64)> {
    let rows = answer.products.iter().flat_map(|found| found.lots.iter().map(move |(_, lot)| (found, lot)));
    rows.map(|(found, lot)| {
        (found.product.clone(), lot.lot.location.as_str(), lot.status, lot.quantity.0 / 1_000)
    })
    .collect()
}

#[tokio::test]
async fn lots_of_every_product_and_status_are_found_by_any_spelling_of_their_code() -> Result<()> {
    let (server, device) = stocked().await?;
    let blocked = lot(&vinegar(), "B-2");
    device.record(receive(&blocked, 3)).await?;
    device.record(Action::CreateProduct(soap())).await?;
    device.record(receive(&lot(&soap(), "A-1"), 5)).await?;
    device.record(receive(&LotRef::new(soap().id, "L1/7", "A-1"), 1)).await?;
    device.sync(&server).await?;
    let patch = LotPatch { status: Some(LotStatus::Quarantined), expires_on: None };
    device.record(Action::UpdateLot { lot: blocked, patch }).await?;
    device.record(pick(&lot(&vinegar(), "A-1"), 10)).await?;
    device.sync(&server).await?;
    assert_eq!(device.attention().await?, []);
    for code in ["L1", "l1", "%20L1"] {
        let answer = by_code(&server, &device, code).await?;
        let expected = [
            (vinegar(), "B-2", LotStatus::Quarantined, 3),
            (vinegar(), "A-1", LotStatus::Available, 0),
            (soap(), "A-1", LotStatus::Available, 5),
        ];
        assert_eq!(listed(&answer), expected, "{code}");
        assert!(!answer.more && answer.products.iter().all(|found| found.rev > 0 && found.as_of.0 > 0));
    }
    let other = by_code(&server, &device, "L1%2F7").await?;
    assert_eq!(listed(&other), [(soap(), "A-1", LotStatus::Available, 1)]);
    Ok(())
}

#[tokio::test]
async fn an_answer_has_a_limit_and_no_lots_of_deleted_products() -> Result<()> {
    let (server, device) = stocked().await?;
    let lots = MAX_LOTS_BY_CODE;
    // With the one that is stocked, one more than fits.
    for at in 0..lots {
        device.record(receive(&lot(&vinegar(), &format!("B-{at}")), 1)).await?;
    }
    device.record(Action::CreateProduct(soap())).await?;
    device.record(receive(&LotRef::new(soap().id, "S1", "A-1"), 1)).await?;
    device.record(pick(&LotRef::new(soap().id, "S1", "A-1"), 1)).await?;
    assert!(device.sync(&server).await?.complete);
    let answer = by_code(&server, &device, "L1").await?;
    assert_eq!((listed(&answer).len(), answer.more), (lots, true));
    assert_eq!(listed(&by_code(&server, &device, "S1").await?), [(soap(), "A-1", LotStatus::Available, 0)]);
    device.record(Action::DeleteProduct { id: soap().id }).await?;
    device.sync(&server).await?;
    assert_eq!(device.attention().await?, []);
    assert_eq!(ask(&server, &device, "S1").await?.status(), 404);
    Ok(())
}
