//! Webhooks while the server and the receiver are killed: every event arrives, in order.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use domain::{Action, LotRef, Product, Quantity};
use rusqlite::Connection;
use server::DEFAULT_SITE;
use server::clock::Clock;
use server::store::sqlite::SqliteStore;
use server::store::webhooks::{EventKind, Webhooks as _};
use server::webhooks::new_webhook;
use sync::RoundLimits;
use tests::{Received, Receiver, TestDevice};
use tokio::time::sleep;
use uuid::Uuid;

use crate::dice::Dice;
use crate::server::Server;

const KILLS: u32 = 14;
/// Every third time, the receiver is killed too.
const RECEIVER_EVERY_KILLS: u32 = 3;
const MAX_UP_MILLIS: u64 = 1_800;
const PAUSE_MILLIS: u64 = 15;
/// Long enough for kills during requests.
const ANSWER_MILLIS: u64 = 250;
/// Two minutes: a killed server keeps a webhook for one.
const MAX_WAITS: u32 = 8_000;

fn product() -> Product {
    Product {
        id: Uuid::from_u128(0xA1),
        sku: "VIN-1".into(),
        barcode: String::new(),
        name: "Rice vinegar".into(),
        unit: "bottle".into(),
        price_minor: 295,
        currency: "EUR".into(),
        family: String::new(),
        variant: String::new(),
    }
}

/// The place and the id of each event, in the order of arrival.
fn events(received: &[Received]) -> Result<Vec<((u64, u64), String)>> {
    let of = |event: &serde_json::Value| {
        let place = (event["rev"].as_u64()?, event["data"]["line"].as_u64()?);
        Some((place, event["id"].as_str()?.to_owned()))
    };
    let all = received.iter().map(Received::events).collect::<Result<Vec<_>>>()?.concat();
    all.iter().map(|event| of(event).context("an event")).collect()
}

/// Books movements for a while.
async fn book(server: &Server, device: &TestDevice, millis: u64) -> Result<()> {
    let transport = server.transport(device.token())?;
    let lot = LotRef::new(product().id, "L1", "A-1");
    for _ in 0..millis / PAUSE_MILLIS {
        let (lot, quantity) = (lot.clone(), Quantity::units(1));
        let action =
            Action::ReceiveLot { lot, quantity, expires_on: None, received_on: None, delivery: None };
        device.record(action).await?;
        device.sync_by(&transport, RoundLimits::default()).await?;
        sleep(Duration::from_millis(PAUSE_MILLIS)).await;
    }
    Ok(())
}

/// Books movements until a request has come that is kept and not answered yet: every second one.
async fn book_until_a_request(server: &Server, device: &TestDevice, receiver: &Receiver) -> Result<()> {
    let known = receiver.received().len();
    for _ in 0..MAX_WAITS {
        let kept = receiver.received().len();
        if kept > known && kept.is_multiple_of(2) {
            return Ok(());
        }
        book(server, device, PAUSE_MILLIS).await?;
    }
    bail!("no request came")
}

#[tokio::test]
async fn kills_of_server_and_receiver_lose_no_event_and_keep_the_order() -> Result<()> {
    let server = Server::stopped()?;
    let token = server.enrol(1).await?.pop().context("a token")?;
    let mut receiver = Receiver::start().await?;
    receiver.answer_after(Duration::from_millis(ANSWER_MILLIS));
    let store = SqliteStore::open(&server.database())?;
    let new =
        new_webhook(DEFAULT_SITE, &receiver.url(), &[EventKind::MovementBooked], Clock::default().now())??;
    store.add_webhook(new).await?;
    drop(store);
    let (device, dice) = (TestDevice::new("Ada", "available", token), Dice::new(0x40_0C5));
    device.record(Action::CreateProduct(product())).await?;
    server.start()?;
    for kill in 0..KILLS {
        book(&server, &device, dice.roll(MAX_UP_MILLIS)).await?;
        if kill == 0 {
            // A killed server keeps the webhook for a minute: this is the kill that comes before an answer.
            book_until_a_request(&server, &device, &receiver).await?;
        } else if kill % RECEIVER_EVERY_KILLS == 0 {
            receiver.kill().await;
            book(&server, &device, 2 * PAUSE_MILLIS).await?;
        }
        server.kill()?;
        receiver.restart().await?;
        server.start()?;
    }
    book(&server, &device, 2 * PAUSE_MILLIS).await?;
    let booked = {
        let books = Connection::open(server.database())?;
        let sql = "SELECT count(*) FROM stock_ledger";
        usize::try_from(books.query_row(sql, [], |row| row.get::<_, i64>(0))?)?
    };
    let (mut arrived, mut waits) = (Vec::new(), 0);
    while arrived.iter().map(|(place, _)| place).collect::<HashSet<_>>().len() < booked {
        waits += 1;
        if waits > MAX_WAITS {
            bail!("of {booked} events {} came", arrived.len());
        }
        sleep(Duration::from_millis(PAUSE_MILLIS)).await;
        arrived = events(&receiver.received())?;
    }
    let (mut known, mut first_times) = (HashSet::new(), Vec::new());
    for (place, id) in &arrived {
        if known.insert(id) {
            first_times.push(*place);
        }
    }
    assert_eq!(first_times.len(), booked, "an event has one id");
    assert!(first_times.is_sorted_by(|a, b| a < b), "{first_times:?}");
    let requests = receiver.received().len();
    println!("{KILLS} kills, {booked} events in {requests} requests, {} again", arrived.len() - booked);
    assert!(arrived.len() > booked, "no kill came between a request and its answer");
    Ok(())
}
