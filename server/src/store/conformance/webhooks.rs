//! Webhooks: what they are told, in which order, and by which server.

use std::sync::Arc;

use anyhow::{Context, Result};
use domain::{Action, Delivery, DeliveryLine, Quantity};
use serde_json::Value;
use sync::UnixMillis;
use uuid::Uuid;

use super::super::webhooks::{
    Event, EventBatch, EventKind, Lease, MAX_BATCH_BYTES, MAX_BATCH_EVENTS, MAX_WEBHOOKS_PER_SITE,
    NewWebhook, Position, Secret, Webhook,
};
use super::super::{Consent, Import, Store, StoreFault};
use super::fixture::{
    Checked, Engine, NOW, SITE, Sender, create, import, lot_of, one_store, order, pick, product, quietly,
    receive, renamed, site, two_stores,
};

const MINUTE_MILLIS: u64 = 60_000;

fn new(number: u128, kinds: &[EventKind]) -> NewWebhook {
    NewWebhook {
        site: SITE.to_owned(),
        id: Uuid::from_u128(number),
        url: format!("https://erp.example/{number}"),
        secret: Secret::new("whsec_AA==".to_owned()),
        kinds: kinds.to_vec(),
        now: NOW,
    }
}

/// Adds the webhook with this number.
async fn add(store: &dyn Store, number: u128, kinds: &[EventKind]) -> Result<Uuid> {
    store.add_webhook(new(number, kinds)).await?;
    Ok(Uuid::from_u128(number))
}

async fn next(store: &dyn Store, id: Uuid) -> Result<(Webhook, EventBatch)> {
    store.next_events(SITE, id).await?.context("the webhook")
}

fn lease(owner: u128, now: UnixMillis) -> Lease {
    Lease { owner: Uuid::from_u128(owner), now, until: now.plus(MINUTE_MILLIS) }
}

/// Tells a webhook its next events.
async fn tell(store: &dyn Store, id: Uuid) -> Result<EventBatch> {
    let lease = lease(1, NOW);
    assert!(store.lease_webhook(SITE, id, lease).await?);
    let (mut webhook, batch) = next(store, id).await?;
    webhook.state.position = batch.through.clone();
    assert!(store.settle_webhook(&webhook, lease.owner, None).await?);
    Ok(batch)
}

fn parsed(event: &Event) -> Result<Value> {
    Ok(serde_json::from_str(event.json.get())?)
}

/// What each event says: its type, and a field of its data.
fn told(batch: &EventBatch) -> Result<Vec<(String, String)>> {
    let of = |event: &Event| -> Result<(String, String)> {
        let json = parsed(event)?;
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let field = match json["type"].as_str() {
            Some("movement.booked") => "delta",
            Some("product.changed") => "sku",
            _ => "number",
        };
        Ok((text(&json["type"]), text(&json["data"][field])))
    };
    batch.events.iter().map(of).collect()
}

fn says(told: &[(String, String)]) -> Vec<(&str, &str)> {
    told.iter().map(|(kind, what)| (kind.as_str(), what.as_str())).collect()
}

/// A webhook is told the events of its kinds after its creation, in the order of revisions, with ids that stay.
///
/// # Errors
/// If the store fails.
pub async fn a_webhook_is_told_what_is_booked_in_order(engine: &dyn Engine) -> Checked {
    let store = one_store(engine).await?;
    let (product, lot) = (product(1), lot_of(&product(1), "A-1"));
    let mut ada = Sender::new(SITE, 1);
    ada.book(store.as_ref(), [create(2)]).await?;
    let all = add(store.as_ref(), 1, &EventKind::ALL).await?;
    let orders = add(store.as_ref(), 2, &[EventKind::OrderBooked]).await?;
    assert_eq!(next(store.as_ref(), all).await?.1.events.len(), 0, "what was booked before is not told");
    assert_eq!(store.due_webhooks(Uuid::nil(), NOW).await?, []);

    ada.book(store.as_ref(), [create(1), receive(&lot, Quantity::units(9))]).await?;
    ada.book(store.as_ref(), [order(7, "D01-7", std::slice::from_ref(&lot))]).await?;
    let line = DeliveryLine { product_id: product.id, expected: Quantity::units(4), received: Quantity(0) };
    let delivery = Delivery {
        id: Uuid::from_u128(3),
        number: "PO-3".into(),
        supplier: String::new(),
        expected_on: None,
        lines: vec![line],
        closed: false,
    };
    let rows =
        Import { deliveries: vec![delivery], ..import(Vec::new(), vec![(lot.clone(), Quantity::units(5))]) };
    store.import(Arc::new(rows), Consent::Everything, quietly()).await?;

    let due = [(SITE.to_owned(), all), (SITE.to_owned(), orders)];
    assert_eq!(store.due_webhooks(Uuid::nil(), NOW).await?, due);
    let (webhook, batch) = next(store.as_ref(), all).await?;
    let expected = [
        ("product.changed", "SKU-1"),
        ("movement.booked", "9000"),
        ("movement.booked", "-1000"),
        ("order.booked", "D01-7"),
        ("delivery.changed", "PO-3"),
        ("movement.booked", "-3000"),
    ];
    assert_eq!(says(&told(&batch)?), expected);
    assert!(batch.events.is_sorted_by(|a, b| a.position < b.position), "{batch:?}");
    assert!(batch.is_last && batch.through == Position::end_of(site(store.as_ref(), SITE).await?.rev));
    assert_eq!(store.pending_events(&webhook, 100).await?, 6);
    assert_eq!(store.pending_events(&webhook, 4).await?, 4);
    let movement = parsed(&batch.events[1])?;
    assert_eq!(
        (movement["data"]["sku"].as_str(), movement["data"]["movement"].as_str()),
        (Some("SKU-1"), Some("receive"))
    );
    let line = &parsed(&batch.events[3])?["data"]["lines"][0];
    assert_eq!((line["quantity"].as_i64(), line["lot"]["location"].as_str()), (Some(1_000), Some("A-1")));

    let again = tell(store.as_ref(), all).await?;
    let ids = |batch: &EventBatch| batch.events.iter().map(|event| event.id).collect::<Vec<_>>();
    assert_eq!(ids(&again), ids(&batch), "an event keeps its id");
    assert_eq!(tell(store.as_ref(), all).await?.events.len(), 0);
    assert_eq!(store.due_webhooks(Uuid::nil(), NOW).await?, due[1..]);
    assert_eq!(says(&told(&tell(store.as_ref(), orders).await?)?), [("order.booked", "D01-7")]);
    Ok(())
}

/// A product that changes twice before it is told is one event; movements are told one by one.
///
/// # Errors
/// If the store fails.
pub async fn a_row_that_changes_again_is_told_as_it_is(engine: &dyn Engine) -> Checked {
    let store = one_store(engine).await?;
    let lot = lot_of(&product(1), "A-1");
    let mut ada = Sender::new(SITE, 1);
    let id = add(store.as_ref(), 1, &EventKind::ALL).await?;
    ada.book(store.as_ref(), [create(1), receive(&lot, Quantity::units(2)), create(2)]).await?;
    ada.base = site(store.as_ref(), SITE).await?.rev;
    ada.book(store.as_ref(), [renamed(1, "NEW-1"), pick(&lot, 2)]).await?;
    let expected = [
        ("movement.booked", "2000"),
        ("product.changed", "SKU-2"),
        ("product.changed", "NEW-1"),
        ("movement.booked", "-2000"),
    ];
    assert_eq!(says(&told(&tell(store.as_ref(), id).await?)?), expected);
    ada.base = site(store.as_ref(), SITE).await?.rev;
    ada.book(store.as_ref(), [Action::DeleteProduct { id: product(2).id }]).await?;
    let batch = tell(store.as_ref(), id).await?;
    assert_eq!(says(&told(&batch)?), [("product.changed", "SKU-2")]);
    assert_eq!(parsed(&batch.events[0])?["data"]["deleted"], true);
    Ok(())
}

/// An import is told in several batches, and what changes between them comes again.
///
/// # Errors
/// If the store fails.
pub async fn events_are_told_in_batches_within_a_revision(engine: &dyn Engine) -> Checked {
    let store = one_store(engine).await?;
    let id = add(store.as_ref(), 1, &EventKind::ALL).await?;
    let products: Vec<_> = (0..150).map(product).collect();
    let lots = products.iter().map(|product| (lot_of(product, "A-1"), Quantity::units(1))).collect();
    store.import(Arc::new(import(products, lots)), Consent::Everything, quietly()).await?;
    let first = tell(store.as_ref(), id).await?;
    assert_eq!((first.events.len(), first.is_last), (MAX_BATCH_EVENTS, false));
    // A product of the first batch and one of the second change before the second is told.
    let told_first = parsed(&first.events[0])?["data"]["sku"].as_str().context("a SKU")?.to_owned();
    let mut ada = Sender::new(SITE, 1);
    ada.base = site(store.as_ref(), SITE).await?.rev;
    let number: u128 = told_first.trim_start_matches("SKU-").parse()?;
    ada.book(store.as_ref(), [renamed(number, "AGAIN")]).await?;
    let mut all = first.events;
    for _ in 0..3 {
        let batch = tell(store.as_ref(), id).await?;
        assert!(
            batch.events.iter().all(|event| all.last().is_some_and(|last| last.position < event.position))
        );
        all.extend(batch.events);
    }
    let mut names = Vec::new();
    for event in &all {
        let json = parsed(event)?;
        if json["type"] == "product.changed" {
            names.extend(json["data"]["sku"].as_str().map(str::to_owned));
        }
    }
    assert_eq!((all.len(), names.len()), (301, 151), "150 products, one of them twice, and 150 movements");
    assert_eq!(names.last().map(String::as_str), Some("AGAIN"));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 151);
    Ok(())
}

/// Large orders are told in batches of limited size.
///
/// # Errors
/// If the store fails.
pub async fn batches_have_a_limit_of_bytes(engine: &dyn Engine) -> Checked {
    let store = one_store(engine).await?;
    let lots: Vec<_> =
        (0..200).map(|bin| lot_of(&product(1), &format!("{bin:04}{}", "X".repeat(40)))).collect();
    let mut ada = Sender::new(SITE, 1);
    ada.book(store.as_ref(), [create(1)]).await?;
    let id = add(store.as_ref(), 1, &[EventKind::OrderBooked]).await?;
    for number in 0..12 {
        ada.push(store.as_ref(), [order(number, &format!("N-{number}"), &lots)]).await?;
    }
    let (mut told, mut requests) = (0, 0);
    while told < 12 {
        let batch = tell(store.as_ref(), id).await?;
        let bytes: usize = batch.events.iter().map(|event| event.json.get().len()).sum();
        assert!(bytes <= MAX_BATCH_BYTES && !batch.events.is_empty(), "{bytes} bytes");
        assert_eq!(batch.is_last, told + batch.events.len() == 12);
        told += batch.events.len();
        requests += 1;
    }
    assert!(requests > 1, "the orders fit into one batch");
    Ok(())
}

/// A server delivers while it has the lease, and another one after its end.
///
/// # Errors
/// If the store fails.
pub async fn one_server_delivers_a_webhook_at_a_time(engine: &dyn Engine) -> Checked {
    let [first, second] = two_stores(engine).await?;
    let id = add(first.as_ref(), 1, &EventKind::ALL).await?;
    Sender::new(SITE, 1).book(first.as_ref(), [create(1)]).await?;
    let (own, other) = (lease(1, NOW), lease(2, NOW.plus(MINUTE_MILLIS - 1)));
    assert!(first.lease_webhook(SITE, id, own).await?);
    assert!(first.lease_webhook(SITE, id, own).await?, "it is prolonged");
    assert!(!second.lease_webhook(SITE, id, other).await?);
    assert_eq!(second.due_webhooks(other.owner, other.now).await?, []);
    assert_eq!(first.due_webhooks(own.owner, NOW).await?.len(), 1);
    // The first server is silent for too long, and comes back.
    let late = lease(2, own.until);
    assert_eq!(second.due_webhooks(late.owner, late.now).await?.len(), 1);
    assert!(second.lease_webhook(SITE, id, late).await?);
    let (mut webhook, batch) = next(first.as_ref(), id).await?;
    webhook.state.position = batch.through.clone();
    assert!(!first.settle_webhook(&webhook, own.owner, None).await?);
    assert_eq!(next(first.as_ref(), id).await?.1.events.len(), 1, "it moves nothing");
    assert!(second.settle_webhook(&webhook, late.owner, Some(late.until)).await?);
    assert_eq!(next(first.as_ref(), id).await?.1.events.len(), 0);
    assert!(!first.lease_webhook(SITE, id, lease(1, late.now)).await?, "the second keeps it");
    assert!(second.settle_webhook(&webhook, late.owner, None).await?);
    assert!(first.lease_webhook(SITE, id, lease(1, late.now)).await?, "and gives it back");
    Ok(())
}

/// States come back as they were settled; dead and waiting webhooks are not delivered.
///
/// # Errors
/// If the store fails.
pub async fn keeps_the_state_of_webhooks(engine: &dyn Engine) -> Checked {
    let store = one_store(engine).await?;
    store.ensure_site("north").await?;
    let id = add(store.as_ref(), 1, &[EventKind::MovementBooked, EventKind::OrderBooked]).await?;
    Sender::new(SITE, 1).book(store.as_ref(), [create(1)]).await?;
    assert!(store.lease_webhook(SITE, id, lease(1, NOW)).await?);
    let mut webhook = store.webhooks(SITE).await?.pop().context("the webhook")?;
    let NewWebhook { url, secret, kinds, now, .. } =
        new(1, &[EventKind::MovementBooked, EventKind::OrderBooked]);
    assert_eq!(
        (&webhook.url, &webhook.secret, &webhook.kinds, webhook.created_at),
        (&url, &secret, &kinds, now)
    );
    webhook.state.failures = 3;
    webhook.state.failing_since = Some(NOW);
    webhook.state.next_attempt_at = NOW.plus(9);
    webhook.state.last_error = "it answered 500".to_owned();
    webhook.state.delivered_at = Some(UnixMillis(5));
    assert!(store.settle_webhook(&webhook, Uuid::from_u128(1), None).await?);
    assert_eq!(store.webhooks(SITE).await?, std::slice::from_ref(&webhook));
    assert_eq!(store.due_webhooks(Uuid::nil(), NOW.plus(8)).await?, [], "it waits");
    assert!(!store.lease_webhook(SITE, id, lease(1, NOW.plus(8))).await?);
    assert_eq!(store.due_webhooks(Uuid::nil(), NOW.plus(9)).await?.len(), 1);

    assert!(store.lease_webhook(SITE, id, lease(1, NOW.plus(9))).await?);
    webhook.state.dead_at = Some(NOW.plus(9));
    assert!(store.settle_webhook(&webhook, Uuid::from_u128(1), None).await?);
    let later = NOW.plus(MINUTE_MILLIS);
    assert_eq!(store.due_webhooks(Uuid::nil(), later).await?, [], "it is dead");
    assert!(!store.lease_webhook(SITE, id, lease(1, later)).await?);
    assert!(!store.retry_webhook("north", id).await?, "it is of another site");
    assert!(store.retry_webhook(SITE, id).await?);
    assert!(store.lease_webhook(SITE, id, lease(1, NOW)).await?);

    let behind = webhook.state.position.clone();
    store.skip_to(&webhook, Position::end_of(behind.rev + 1)).await?;
    store.skip_to(&webhook, Position::end_of(behind.rev)).await?;
    let moved = store.webhooks(SITE).await?.pop().context("the webhook")?;
    assert_eq!(moved.state.position.rev, behind.rev + 1, "what was read before it moved moves nothing");

    assert!(!store.remove_webhook("north", id, NOW).await?);
    assert!(store.remove_webhook(SITE, id, NOW).await?);
    assert!(!store.remove_webhook(SITE, id, NOW).await?);
    assert!(!store.settle_webhook(&moved, Uuid::from_u128(1), None).await?, "it is not brought back");
    assert_eq!(store.webhooks(SITE).await?, []);
    assert!(store.next_events(SITE, id).await?.is_none());
    Ok(())
}

/// A site has a limited number of webhooks.
///
/// # Errors
/// If the store fails.
pub async fn webhooks_of_a_site_are_limited(engine: &dyn Engine) -> Checked {
    let store = one_store(engine).await?;
    for number in 0..MAX_WEBHOOKS_PER_SITE {
        add(store.as_ref(), number.into(), &[EventKind::OrderBooked]).await?;
    }
    let one_more = store.add_webhook(new(99, &[EventKind::OrderBooked])).await;
    assert!(matches!(&one_more, Err(StoreFault::Invalid { code: "too_many_webhooks", .. })), "{one_more:?}");
    let nowhere = NewWebhook { site: "moon".into(), ..new(99, &[EventKind::OrderBooked]) };
    let nowhere = store.add_webhook(nowhere).await;
    assert!(matches!(&nowhere, Err(StoreFault::Invalid { code: "unknown_site", .. })), "{nowhere:?}");
    Ok(())
}

/// Nothing of a large import is told before all of it is booked.
///
/// # Errors
/// If the store fails.
pub async fn an_import_is_told_whole(engine: &dyn Engine) -> Checked {
    const PRODUCTS: u64 = 2_500;
    let [writer, reader] = two_stores(engine).await?;
    let id = add(writer.as_ref(), 1, &[EventKind::ProductChanged]).await?;
    let rows = import((0..PRODUCTS).map(|number| product(number.into())).collect(), Vec::new());
    let importing =
        tokio::spawn(async move { writer.import(Arc::new(rows), Consent::Everything, quietly()).await });
    let mut closed = 0;
    loop {
        let is_done = importing.is_finished();
        match reader.next_events(SITE, id).await? {
            None => closed += 1,
            Some((_, batch)) if batch.events.is_empty() => assert!(!is_done, "it is not told"),
            Some((webhook, _)) => {
                assert_eq!(reader.pending_events(&webhook, u64::MAX).await?, PRODUCTS, "a part is told");
                break;
            }
        }
        tokio::task::yield_now().await;
    }
    importing.await??;
    assert!(closed > 0, "the import did not close the site");
    Ok(())
}
