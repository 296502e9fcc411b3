//! Who did what where and when.

use anyhow::Result;
use domain::{Action, HistoryAnswer, Movement, Quantity};
use reqwest::{Client, Response};
use tests::{TestDevice, TestServer};

use crate::{lot, order, pick, receive, soap, stocked, vinegar};

async fn ask(server: &TestServer, token: &str, query: &str) -> Result<Response> {
    let url = format!("{}/api/products/{}/history{query}", server.url()?, vinegar().id);
    Ok(Client::new().get(url).bearer_auth(token).send().await?)
}

async fn history(server: &TestServer, device: &TestDevice, query: &str) -> Result<HistoryAnswer> {
    let response = ask(server, device.token(), query).await?;
    assert_eq!(response.status(), 200, "{query}");
    Ok(serde_json::from_slice(&response.bytes().await?)?)
}

#[tokio::test]
async fn says_who_did_what_where_newest_first() -> Result<()> {
    let (server, ada) = stocked().await?;
    let ben = server.device("Ben", "available").await?;
    ben.sync(&server).await?;
    let bin = lot(&vinegar(), "A-1");
    let reason = "Carton torn".to_owned();
    ben.record(Action::PickLot { lot: bin.clone(), quantity: Quantity::units(3), reason }).await?;
    ben.record(Action::MoveLot { lot: bin.clone(), to: "B-2".into(), quantity: Quantity::units(2) }).await?;
    ben.sync(&server).await?;
    ada.record(Action::CreateProduct(soap())).await?;
    ada.record(receive(&lot(&soap(), "A-1"), 9)).await?;
    ada.record(order(1, &bin, 1)).await?;
    ada.sync(&server).await?;

    let HistoryAnswer { entries, more } = history(&server, &ada, "").await?;
    assert!(!more);
    let told: Vec<_> = entries
        .iter()
        .map(|entry| (entry.movement, entry.delta.0 / 1_000, entry.location.as_str(), entry.note.as_str()))
        .collect();
    let expected = [
        (Movement::Sale, -1, "A-1", "D01-000001"),
        (Movement::Move, 2, "B-2", "from A-1"),
        (Movement::Move, -2, "A-1", "to B-2"),
        (Movement::Pick, -3, "A-1", "Carton torn"),
        (Movement::Receive, 10, "A-1", ""),
    ];
    assert_eq!(told, expected);
    assert!(entries.is_sorted_by(|a, b| a.rev >= b.rev));
    let pick = &entries[3];
    assert_eq!(
        (pick.author.as_str(), pick.device.as_str(), pick.lot_code.as_str()),
        ("Ben", "Device 2", "L1")
    );
    assert!(pick.captured_at.0 == 1_795_000_000_000 && pick.booked_at.0 > 0);

    let of_lot = history(&server, &ada, &format!("?lot={}", bin.at("B-2").id())).await?;
    assert_eq!(of_lot.entries, [entries[1].clone()]);
    let earlier = history(&server, &ada, &format!("?before={}", pick.rev)).await?;
    assert_eq!((earlier.entries.as_slice(), earlier.more), (&entries[4..], false));
    Ok(())
}

#[tokio::test]
async fn a_long_history_comes_in_pages_that_split_no_revision() -> Result<()> {
    let (server, ada) = stocked().await?;
    let bin = lot(&vinegar(), "A-1");
    for number in 0..120_u8 {
        if number % 3 == 0 {
            let to = format!("B-{number}");
            ada.record(Action::MoveLot { lot: bin.clone(), to, quantity: Quantity::units(1) }).await?;
        } else {
            ada.record(pick(&bin, 1)).await?;
        }
    }
    ada.sync(&server).await?;
    for lot in [String::new(), format!("lot={}&", bin.id())] {
        let (mut entries, mut query, mut pages) = (Vec::new(), format!("?{lot}"), 0);
        loop {
            let page = history(&server, &ada, &query).await?;
            assert!((1..=100).contains(&page.entries.len()), "{}", page.entries.len());
            query = format!("?{lot}before={}", page.entries[page.entries.len() - 1].rev);
            entries.extend(page.entries);
            pages += 1;
            if !page.more {
                break;
            }
        }
        assert_eq!((pages, entries.len()), if lot.is_empty() { (2, 161) } else { (2, 121) });
        let sum = entries.iter().map(|entry| entry.delta.0).sum::<i64>();
        assert_eq!(sum, if lot.is_empty() { -70_000 } else { -110_000 }, "every entry came once");
    }
    Ok(())
}

#[tokio::test]
async fn a_revision_that_is_longer_than_a_page_comes_whole() -> Result<()> {
    use server::import::{ImportOptions, import};
    let (server, ada) = stocked().await?;
    let lots = (0..150).map(|at| format!("VIN-1,L9,Z-{at},1\n")).collect::<String>();
    let lots = format!("sku,lot_code,location,quantity\n{lots}");
    let options = ImportOptions {
        site: server::DEFAULT_SITE.to_owned(),
        products: None,
        lots: Some(server::csv::Source::text("lots.csv", lots)),
        deliveries: None,
        skip_bad: false,
    };
    import(server.store()?, options, server.clock().now()).await?;
    ada.sync(&server).await?;
    ada.record(pick(&lot(&vinegar(), "A-1"), 1)).await?;
    ada.sync(&server).await?;
    let newest = history(&server, &ada, "").await?;
    assert_eq!((newest.entries.len(), newest.more), (1, true));
    let import = history(&server, &ada, &format!("?before={}", newest.entries[0].rev)).await?;
    assert_eq!((import.entries.len(), import.more), (150, true));
    assert!(import.entries.iter().all(|entry| entry.movement == Movement::Import && entry.device.is_empty()));
    let first = history(&server, &ada, &format!("?before={}", import.entries[0].rev)).await?;
    assert_eq!((first.entries.len(), first.more), (1, false));
    Ok(())
}

#[tokio::test]
async fn is_for_those_who_may_sync_and_asks_for_what_it_needs() -> Result<()> {
    let (server, ada) = stocked().await?;
    assert_eq!(ask(&server, "nobody", "").await?.status(), 401);
    for query in ["?lot=seven", "?before=-1", "?before=yesterday"] {
        let response = ask(&server, ada.token(), query).await?;
        assert_eq!(response.status(), 400, "{query}");
        let text = response.text().await?;
        assert!(text.contains("bad_query") && text.contains("lot=<lot id>"), "{text}");
    }
    let url = format!("{}/api/products/seven/history", server.url()?);
    assert_eq!(Client::new().get(url).bearer_auth(ada.token()).send().await?.status(), 400);
    Ok(())
}
