//! The lots that devices do not hold, for reports: totals by status, and the lots in parts.

use std::collections::BTreeSet;

use anyhow::Result;
use domain::{
    Action, InventoryLot, LotPatch, LotStatus, MAX_UNAVAILABLE_LOTS, UnavailableAnswer, UnavailableTotal,
};
use reqwest::{Client, Response};
use server::import::{ImportOptions, import};
use tests::{TestDevice, TestServer};

use crate::{lot, pick, receive, soap, stocked, vinegar};

async fn ask(server: &TestServer, token: &str, query: &str) -> Result<Response> {
    let url = format!("{}/api/lots/unavailable{query}", server.url()?);
    Ok(Client::new().get(url).bearer_auth(token).send().await?)
}

async fn unavailable(server: &TestServer, device: &TestDevice, query: &str) -> Result<UnavailableAnswer> {
    let response = ask(server, device.token(), query).await?;
    assert_eq!(response.status(), 200, "{query}");
    Ok(serde_json::from_slice(&response.bytes().await?)?)
}

fn total(status: LotStatus, currency: &str, lots: u64, exact: i64) -> UnavailableTotal {
    UnavailableTotal { status, currency: currency.to_owned(), lots, exact }
}

#[tokio::test]
async fn the_lots_that_devices_do_not_hold_come_with_their_totals() -> Result<()> {
    let (server, ada) = stocked().await?;
    assert_eq!(unavailable(&server, &ada, "").await?.lots, []);
    let dollars = domain::Product { currency: "USD".into(), price_minor: 7, ..soap() };
    ada.record(Action::CreateProduct(dollars)).await?;
    let aside = [
        (lot(&vinegar(), "Q-1"), 3, LotStatus::Quarantined),
        (lot(&vinegar(), "Q-2"), 2, LotStatus::Quarantined),
        (lot(&vinegar(), "R-1"), 4, LotStatus::Reserved),
        (lot(&soap(), "E-1"), 5, LotStatus::Expired),
        (lot(&soap(), "E-2"), 1, LotStatus::Expired),
    ];
    for (lot, units, status) in &aside {
        ada.record(receive(lot, *units)).await?;
        let patch = LotPatch { status: Some(*status), ..LotPatch::default() };
        ada.record(Action::UpdateLot { lot: lot.clone(), patch }).await?;
    }
    ada.sync(&server).await?;
    assert_eq!(ada.attention().await?, []);
    // An empty lot is no stock.
    ada.record(pick(&lot(&soap(), "E-2"), 1)).await?;
    ada.sync(&server).await?;

    let answer = unavailable(&server, &ada, "").await?;
    let expected = [
        total(LotStatus::Reserved, "EUR", 1, 4_000 * 295),
        total(LotStatus::Quarantined, "EUR", 2, 5_000 * 295),
        total(LotStatus::Expired, "USD", 1, 5_000 * 7),
    ];
    assert_eq!((answer.totals.as_slice(), &answer.next), (&expected[..], &None));
    let found: BTreeSet<(LotStatus, String, i64)> = answer
        .lots
        .iter()
        .map(|InventoryLot { lot, status, quantity, .. }| (*status, lot.location.clone(), quantity.0 / 1_000))
        .collect();
    let kept = aside.iter().filter(|(lot, ..)| lot.location != "E-2");
    assert_eq!(found, kept.map(|(lot, units, status)| (*status, lot.location.clone(), *units)).collect());
    let held = ada.rows().await?;
    let is_held =
        |lot: &InventoryLot| held.iter().any(|row| row.row.lot().is_some_and(|one| one.lot == lot.lot));
    assert!(!answer.lots.iter().any(is_held), "the device holds none of them");
    assert!(answer.as_of.0 > 0);
    Ok(())
}

#[tokio::test]
async fn many_lots_come_in_parts_each_once() -> Result<()> {
    let (server, ada) = stocked().await?;
    let half = MAX_UNAVAILABLE_LOTS / 2;
    let row = |at: usize| {
        let status = if at < half * 3 { "reserved" } else { "expired" };
        format!("VIN-1,L{at},Z-{at},1,{status}\n")
    };
    let lots: String = (0..half * 4).map(row).collect();
    let options = ImportOptions {
        site: server::DEFAULT_SITE.to_owned(),
        products: None,
        lots: Some(server::csv::Source::text(
            "lots.csv",
            format!("sku,lot_code,location,quantity,status\n{lots}"),
        )),
        deliveries: None,
        skip_bad: false,
    };
    import(server.store()?, options, server.clock().now()).await?;
    let (mut codes, mut query, mut parts) = (BTreeSet::new(), String::new(), Vec::new());
    loop {
        let part = unavailable(&server, &ada, &query).await?;
        assert_eq!(part.totals.is_empty(), !query.is_empty(), "the totals come once");
        parts.push(part.lots.len());
        codes.extend(part.lots.into_iter().map(|lot| lot.lot.lot_code));
        let Some(next) = part.next else { break };
        query = format!("?after={next}");
    }
    assert_eq!((parts, codes.len()), (vec![MAX_UNAVAILABLE_LOTS; 2], half * 4));
    Ok(())
}

#[tokio::test]
async fn they_need_a_token_and_a_valid_position() -> Result<()> {
    let (server, ada) = stocked().await?;
    assert_eq!(ask(&server, "nobody", "").await?.status(), 401);
    for query in ["?after=", "?after=reserved", "?after=lost.1.2", "?after=reserved.1.2"] {
        let response = ask(&server, ada.token(), query).await?;
        assert_eq!(response.status(), 400, "{query}");
        let text = response.text().await?;
        assert!(text.contains("bad_query") && text.contains("after=<the answer's next>"), "{text}");
    }
    Ok(())
}
