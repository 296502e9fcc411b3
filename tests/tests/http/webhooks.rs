//! Webhooks over HTTP: what a receiver gets, when it is off for long, and from two servers on one database.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use server::DEFAULT_SITE;
use server::clock::Clock;
use server::connections::ConnectionLimits;
use server::database::Database;
use server::enrolment::{Applicant, enrol, new_code};
use server::http::{DeviceLimits, TrustedProxies};
use server::serve::{REVISION_POLL_MILLIS, ServeOptions, Server};
use server::store::webhooks::{EventKind, Secret, Webhook};
use server::store::{MAX_WAITING_WRITES, Store};
use server::webhooks::new_webhook;
use sha2::Sha256;
use sync::RoundLimits;
use test_postgres::Postgres;
use tests::{NativeTransport, Received, Receiver, TestDevice, TestServer};
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::{lot, order, pick, price, receive, stocked, vinegar};

const WAIT_MILLIS: u64 = 20;
/// Half of the time that a server keeps a webhook.
const MAX_WAITS: u32 = 1_500;
const HOUR_MILLIS: i64 = 60 * 60 * 1_000;

/// Creates a webhook for all events. Returns its secret.
pub(crate) async fn create(store: &dyn Store, url: &str) -> Result<Secret> {
    let new = new_webhook(DEFAULT_SITE, url, &EventKind::ALL, Clock::default().now())??;
    let secret = new.secret.clone();
    store.add_webhook(new).await?;
    Ok(secret)
}

async fn webhook(server: &TestServer) -> Result<Webhook> {
    let mut webhooks = server.store()?.webhooks(DEFAULT_SITE).await?;
    ensure!(webhooks.len() == 1, "{webhooks:?}");
    Ok(webhooks.remove(0))
}

/// The type, revision and id of each event, in the order of arrival.
fn events(received: &[Received]) -> Result<Vec<(String, u64, String)>> {
    let mut events = Vec::new();
    for event in received.iter().map(Received::events).collect::<Result<Vec<_>>>()?.concat() {
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        events.push((text(&event["type"]), event["rev"].as_u64().unwrap_or_default(), text(&event["id"])));
    }
    Ok(events)
}

/// Waits until so many events have arrived.
async fn wait_for(receiver: &Receiver, number: usize) -> Result<Vec<(String, u64, String)>> {
    for _ in 0..MAX_WAITS {
        let arrived = events(&receiver.received())?;
        if arrived.len() >= number {
            return Ok(arrived);
        }
        sleep(Duration::from_millis(WAIT_MILLIS)).await;
    }
    bail!("of {number} events these came: {:?}", events(&receiver.received())?)
}

/// Waits until a webhook is as a test wants it.
pub(crate) async fn wait_until(server: &TestServer, is_so: impl Fn(&Webhook) -> bool) -> Result<Webhook> {
    for _ in 0..MAX_WAITS {
        let webhook = webhook(server).await?;
        if is_so(&webhook) {
            return Ok(webhook);
        }
        sleep(Duration::from_millis(WAIT_MILLIS)).await;
    }
    bail!("it stays {:?}", webhook(server).await?.state)
}

/// Checks a request as docs/webhooks.md tells receivers to.
fn verify(request: &Received, secret: &Secret) -> Result<()> {
    let key = BASE64.decode(secret.expose().trim_start_matches("whsec_").as_bytes())?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key)?;
    mac.update(format!("{}.{}.{}", request.id, request.timestamp, request.body).as_bytes());
    let signature = format!("v1,{}", BASE64.encode(mac.finalize().into_bytes().as_slice()));
    ensure!(signature == request.signature, "{request:?}");
    Ok(())
}

#[tokio::test]
async fn a_receiver_is_told_what_devices_book_and_can_verify_it() -> Result<()> {
    let (server, ada) = stocked().await?;
    let receiver = Receiver::start().await?;
    let secret = create(server.store()?, &receiver.url()).await?;
    ada.record(pick(&lot(&vinegar(), "A-1"), 2)).await?;
    ada.record(order(1, &lot(&vinegar(), "A-1"), 3)).await?;
    ada.record(price(&vinegar(), 310)).await?;
    assert!(ada.sync(&server).await?.complete);
    let told = wait_for(&receiver, 4).await?;
    let kinds: Vec<_> = told.iter().map(|(kind, ..)| kind.as_str()).collect();
    assert_eq!(kinds, ["movement.booked", "movement.booked", "order.booked", "product.changed"]);
    assert!(told.is_sorted_by_key(|(_, rev, _)| *rev), "{told:?}");
    for request in receiver.received() {
        verify(&request, &secret)?;
        let other = Received { body: request.body.replace("310", "311"), ..request.clone() };
        assert!(verify(&other, &secret).is_err() || other.body == request.body, "a changed body passes");
        let now = Clock::default().now().0 / 1_000;
        assert!((now - request.timestamp.parse::<i64>()?).abs() < 60, "{request:?}");
    }
    let state = wait_until(&server, |webhook| webhook.state.delivered_at.is_some()).await?.state;
    assert_eq!((state.failures, state.last_error.as_str()), (0, ""));
    sleep(Duration::from_millis(1_500)).await;
    assert_eq!(events(&receiver.received())?, told, "nothing is told twice");
    Ok(())
}

#[tokio::test]
async fn a_receiver_that_was_off_for_an_hour_is_told_everything_in_order() -> Result<()> {
    let (server, ada) = stocked().await?;
    let mut receiver = Receiver::start().await?;
    create(server.store()?, &receiver.url()).await?;
    receiver.kill().await;
    for units in 1..=5 {
        ada.record(receive(&lot(&vinegar(), "A-1"), units)).await?;
        assert!(ada.sync(&server).await?.complete, "devices do not wait for receivers");
    }
    let failing = wait_until(&server, |webhook| webhook.state.failures > 0).await?;
    assert!(failing.state.last_error.starts_with("no connection: "), "{failing:?}");
    server.clock().advance(HOUR_MILLIS);
    wait_until(&server, |webhook| webhook.state.failures > 1).await?;
    receiver.answer(503, "retry-after: 120\r\n");
    receiver.restart().await?;
    server.clock().advance(HOUR_MILLIS);
    let busy = wait_until(&server, |webhook| webhook.state.last_error == "it answered 503").await?;
    assert!(busy.state.next_attempt_at.since(server.clock().now()) > 100_000, "{busy:?}");
    receiver.answer(204, "");
    server.clock().advance(HOUR_MILLIS);
    wait_until(&server, |webhook| webhook.state.delivered_at.is_some()).await?;
    let told = events(&receiver.received())?;
    assert_eq!(told.len(), 10, "five that were refused, and five again: {told:?}");
    assert_eq!(told[..5], told[5..]);
    assert!(told[..5].is_sorted_by(|a, b| a.1 < b.1), "{told:?}");
    Ok(())
}

#[tokio::test]
async fn redirects_are_not_followed_and_410_ends_a_webhook() -> Result<()> {
    let (server, ada) = stocked().await?;
    let (receiver, elsewhere) = (Receiver::start().await?, Receiver::start().await?);
    create(server.store()?, &receiver.url()).await?;
    receiver.answer(307, &format!("location: {}\r\n", elsewhere.url()));
    ada.record(receive(&lot(&vinegar(), "A-1"), 1)).await?;
    ada.sync(&server).await?;
    let refused = wait_until(&server, |webhook| webhook.state.failures == 1).await?;
    assert_eq!(refused.state.last_error, "it answered 307; redirects are not followed");
    receiver.answer(410, "");
    server.clock().advance(HOUR_MILLIS);
    let dead = wait_until(&server, |webhook| webhook.state.dead_at.is_some()).await?;
    assert_eq!(dead.state.last_error, "it answered 410: it wants no more events");
    assert_eq!(server.store()?.pending_events(&dead, 100).await?, 1);
    receiver.answer(200, "");
    assert!(server.store()?.retry_webhook(DEFAULT_SITE, dead.id).await?);
    let alive = wait_until(&server, |webhook| webhook.state.delivered_at.is_some()).await?;
    assert_eq!(alive.state.dead_at, None);
    assert_eq!(elsewhere.received().len(), 0);
    Ok(())
}

#[tokio::test]
async fn a_server_that_stops_gives_its_webhooks_back() -> Result<()> {
    let (mut server, ada) = stocked().await?;
    let receiver = Receiver::start().await?;
    create(server.store()?, &receiver.url()).await?;
    ada.record(receive(&lot(&vinegar(), "A-1"), 1)).await?;
    ada.sync(&server).await?;
    wait_for(&receiver, 1).await?;
    server.stop().await?;
    server.restart().await?;
    ada.record(receive(&lot(&vinegar(), "A-1"), 2)).await?;
    ada.sync(&server).await?;
    // A lease that the first server had kept would last a minute.
    let told = wait_for(&receiver, 2).await?;
    assert_eq!(told.len(), 2, "{told:?}");
    Ok(())
}

/// A server in this process that stops when it is dropped.
struct Replica {
    address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

async fn replica(url: &str) -> Result<(Replica, std::sync::Arc<dyn Store>)> {
    let options = ServeOptions {
        database: Database::Postgres(url.to_owned()),
        database_listen: None,
        revision_poll: Duration::from_millis(REVISION_POLL_MILLIS),
        dist: None,
        retention_days: 90,
        has_upgrade_copy: false,
        proxies: TrustedProxies::default(),
        supabase: None,
        drain: Duration::ZERO,
        clock: Clock::default(),
        device_limits: DeviceLimits::default(),
        connection_limits: ConnectionLimits::default(),
        max_waiting_writes: MAX_WAITING_WRITES,
        webhook_ca: None,
        tls: None,
        metrics_listen: None,
        backups: None,
    };
    let server = Server::bind(options, SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let (address, store) = (server.address()?, server.store());
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(server.run(async move {
        // An error means that the sender was dropped.
        let _ = stopped.await;
    }));
    Ok((Replica { address, _stop: stop }, store))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_on_one_database_tell_everything_once_and_in_order() -> Result<()> {
    const BOOKINGS: u32 = 60;
    let database = Postgres::shared()?.pooled_database()?;
    let (first, store) = replica(database.url()).await?;
    let (second, _) = replica(database.url()).await?;
    let receiver = Receiver::start().await?;
    create(store.as_ref(), &receiver.url()).await?;
    let now = Clock::default().now();
    let code = new_code(store.as_ref(), DEFAULT_SITE, "", now).await?;
    let Ok((_, token)) = enrol(store.as_ref(), &code, Applicant::default(), now).await? else {
        bail!("a fresh code was refused")
    };
    let ada = TestDevice::new("Ada", "available", token.clone());
    ada.record(domain::Action::CreateProduct(vinegar())).await?;
    for booking in 0..BOOKINGS {
        ada.record(receive(&lot(&vinegar(), "A-1"), i64::from(booking) + 1)).await?;
        let replica = if booking % 2 == 0 { &first } else { &second };
        let transport = NativeTransport::new(&format!("http://{}", replica.address), &token)?;
        assert!(ada.sync_by(&transport, RoundLimits::default()).await?.complete);
        sleep(Duration::from_millis(70)).await;
    }
    let told = wait_for(&receiver, 61).await?;
    sleep(Duration::from_millis(1_500)).await;
    let told_later = events(&receiver.received())?;
    assert_eq!(told_later, told, "nothing is told twice");
    let distinct: HashSet<_> = told.iter().map(|(.., id)| id).collect();
    assert_eq!((told.len(), distinct.len()), (61, 61));
    assert!(told.is_sorted_by_key(|(_, rev, _)| *rev), "{told:?}");
    assert!(receiver.received().len() > 2, "one request has no order");
    Ok(())
}
