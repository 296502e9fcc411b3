//! The history of a product: movements, resolutions and shortages, newest first, in pages.

use anyhow::Result;
use domain::{
    Action, ExceptionKind, HistoryAnswer, HistoryEdit, Movement, NoteTopic, ProductPatch, Quantity,
};
use reqwest::{Client, Response};
use tests::{TestDevice, TestServer};

use crate::deliveries::{HEADER, import_deliveries};
use crate::{lot, order, pick, price, receive, soap, stocked, vinegar};

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
async fn lists_movements_with_author_and_bin_newest_first() -> Result<()> {
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

    let HistoryAnswer { entries, more, .. } = history(&server, &ada, "").await?;
    assert!(!more);
    let listed: Vec<_> = entries
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
    assert_eq!(listed, expected);
    assert!(entries.is_sorted_by(|a, b| a.rev >= b.rev));
    let pick = &entries[3];
    assert_eq!((pick.author.as_str(), pick.device.as_str(), pick.lot_code.as_str()), ("Ben", "Ben", "L1"));
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
async fn resolutions_and_shortages_stay_in_the_history() -> Result<()> {
    let (server, ada) = stocked().await?;
    let bin = lot(&vinegar(), "A-1");
    ada.record(pick(&bin, 12)).await?;
    ada.sync(&server).await?;
    let below = ada.exceptions().await?[0].clone();
    import_deliveries(&server, &format!("{HEADER}LS-1,Mill,,VIN-1,12\n"), false).await?;
    ada.sync(&server).await?;
    ada.record(Action::ResolveException {
        kind: below.kind,
        product_id: below.product_id,
        lot: below.lot.clone(),
        reason: "Receipt is booked late".to_owned(),
        seen: Some(below.sighting()),
    })
    .await?;
    let id = ada.deliveries().await?[0].id;
    ada.record(Action::CloseDelivery { id, reason: "Supplier has no more".to_owned() }).await?;
    ada.record(receive(&bin, 2)).await?;
    ada.sync(&server).await?;
    let all = history(&server, &ada, "").await?;
    let listed: Vec<_> =
        all.notes.iter().map(|note| (&note.topic, note.reason.as_str(), note.author.as_str())).collect();
    let short = NoteTopic::Short {
        number: "LS-1".to_owned(),
        expected: Quantity::units(12),
        received: Quantity::ZERO,
    };
    let looked = NoteTopic::Resolved {
        kind: ExceptionKind::BelowZero,
        lot_code: "L1".to_owned(),
        location: "A-1".to_owned(),
    };
    assert_eq!(listed, [(&short, "Supplier has no more", "Ada"), (&looked, "Receipt is booked late", "Ada")]);
    assert!(all.notes.iter().all(|note| note.device == "Ada" && note.booked_at.0 > 0));
    let of_lot = history(&server, &ada, &format!("?lot={}", bin.id())).await?;
    assert_eq!(of_lot.notes, all.notes[1..], "a shortage belongs to no lot");
    let elsewhere = history(&server, &ada, &format!("?lot={}", bin.at("B-9").id())).await?;
    assert_eq!((elsewhere.entries, elsewhere.notes), (Vec::new(), Vec::new()));
    let earlier = history(&server, &ada, &format!("?before={}", all.notes[1].rev)).await?;
    assert_eq!((earlier.entries.len(), earlier.notes.len()), (2, 0));
    Ok(())
}

#[tokio::test]
async fn notes_are_listed_once_on_the_page_of_their_revision() -> Result<()> {
    let (server, ada) = stocked().await?;
    let bin = lot(&vinegar(), "A-1");
    ada.record(pick(&bin, 10)).await?;
    for _ in 0..110_u8 {
        ada.record(pick(&bin, 1)).await?;
        let shown =
            ada.view().await?.into_iter().find_map(|row| row.exception().cloned()).expect("below zero");
        ada.record(Action::ResolveException {
            kind: shown.kind,
            product_id: shown.product_id,
            lot: shown.lot.clone(),
            reason: String::new(),
            seen: Some(shown.sighting()),
        })
        .await?;
    }
    ada.sync(&server).await?;
    let (mut entries, mut notes, mut query, mut pages) = (0, 0, String::new(), 0);
    loop {
        let page = history(&server, &ada, &query).await?;
        assert!(page.entries.len() <= 100 && page.notes.len() <= 100);
        (entries, notes, pages) = (entries + page.entries.len(), notes + page.notes.len(), pages + 1);
        query = format!("?before={}", page.oldest_rev().expect("a revision"));
        if !page.more {
            break;
        }
    }
    assert_eq!((entries, notes, pages), (112, 110, 2));
    Ok(())
}

#[tokio::test]
async fn a_revision_longer_than_a_page_is_not_split() -> Result<()> {
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
async fn history_needs_a_token_and_a_valid_query() -> Result<()> {
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

/// The edits of a history: the fields before and after, author and device.
fn listed(all: &HistoryAnswer) -> Vec<(ProductPatch, ProductPatch, &str, &str)> {
    fn one(
        HistoryEdit { edit, author, device, .. }: &HistoryEdit,
    ) -> (ProductPatch, ProductPatch, &str, &str) {
        (edit.before.clone(), edit.after.clone(), author, device)
    }
    all.edits.iter().map(one).collect()
}

fn priced(minor: i64) -> ProductPatch {
    let currency = Some("EUR".to_owned());
    ProductPatch { price_minor: Some(minor), currency, ..ProductPatch::default() }
}

#[tokio::test]
async fn edits_are_in_the_history_with_who_and_what_before() -> Result<()> {
    let (server, ada) = stocked().await?;
    let ben = server.device("Ben", "available").await?;
    ben.sync(&server).await?;
    ben.record(price(&vinegar(), 1_750)).await?;
    ben.sync(&server).await?;
    // Ada has not seen Ben's price: her name merges.
    let name = Some("Brown vinegar".to_owned());
    let patch = ProductPatch { name: name.clone(), ..ProductPatch::default() };
    ada.record(Action::UpdateProduct { id: vinegar().id, patch }).await?;
    ada.record(pick(&lot(&vinegar(), "A-1"), 1)).await?;
    ada.sync(&server).await?;
    let all = history(&server, &ada, "").await?;
    let named = |name: &str| ProductPatch { name: Some(name.to_owned()), ..ProductPatch::default() };
    assert_eq!(
        listed(&all),
        [
            (named("Rice vinegar"), named("Brown vinegar"), "Ada", "Ada"),
            (priced(295), priced(1_750), "Ben", "Ben"),
        ]
    );
    assert_eq!((all.entries.len(), all.more), (2, false));
    assert!(all.edits.iter().all(|edit| edit.captured_at.0 == 1_795_000_000_000 && edit.booked_at.0 > 0));
    // The same edit once more changes nothing and is no entry; a refused one is none either.
    ben.sync(&server).await?;
    ben.record(price(&vinegar(), 1_750)).await?;
    ben.sync(&server).await?;
    assert_eq!(history(&server, &ada, "").await?.edits, all.edits);

    let earlier = history(&server, &ada, &format!("?before={}", all.edits[0].rev)).await?;
    assert_eq!(earlier.edits, all.edits[1..]);
    let of_lot = history(&server, &ada, &format!("?lot={}", lot(&vinegar(), "A-1").id())).await?;
    assert_eq!(of_lot.edits, [], "an edit belongs to no lot");
    Ok(())
}

#[tokio::test]
async fn edits_by_an_import_are_in_the_history() -> Result<()> {
    use server::import::{ImportOptions, import};
    let (server, ada) = stocked().await?;
    for price in [300, 300, 310] {
        let file = format!(
            "sku,barcode,name,unit,price_minor,currency\nVIN-1,7622210434593,Rice vinegar,bottle,{price},EUR\n"
        );
        let options = ImportOptions {
            site: server::DEFAULT_SITE.to_owned(),
            products: Some(server::csv::Source::text("products.csv", file)),
            lots: None,
            deliveries: None,
            skip_bad: false,
        };
        import(server.store()?, options, server.clock().now()).await?;
    }
    let all = history(&server, &ada, "").await?;
    let expected = [(priced(300), priced(310), "import", ""), (priced(295), priced(300), "import", "")];
    assert_eq!(listed(&all), expected);
    Ok(())
}

#[tokio::test]
async fn a_long_list_of_edits_comes_in_pages() -> Result<()> {
    let (server, ada) = stocked().await?;
    for minor in 1..=130 {
        ada.record(price(&vinegar(), minor)).await?;
    }
    ada.sync(&server).await?;
    let first = history(&server, &ada, "").await?;
    assert_eq!((first.edits.len(), first.entries.len(), first.more), (100, 0, true));
    let rest =
        history(&server, &ada, &format!("?before={}", first.oldest_rev().expect("a revision"))).await?;
    assert_eq!((rest.edits.len(), rest.entries.len(), rest.more), (30, 1, false));
    let last = rest.edits.last().expect("the first edit");
    assert_eq!((&last.edit.before, &last.edit.after), (&priced(295), &priced(1)));
    Ok(())
}
