//! The deliverer on SQLite, with receivers that answer as a test says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::Value;
use sync::UnixMillis;
use tempfile::TempDir;
use tokio::sync::watch;
use uuid::Uuid;

use super::deliverer::Deliverer;
use super::new_webhook;
use super::receiver::{Answer, Receiver, Request};
use crate::clock::Clock;
use crate::demo::demo;
use crate::store::Store;
use crate::store::sqlite::SqliteStore;
use crate::store::webhooks::{EventKind, Lease, Webhook, Webhooks as _};
use crate::unsent::book_unsent;

const SITE: &str = "main";
const MINUTE_MILLIS: i64 = 60_000;

/// Gives the answers of a script, then `Delivered`, and keeps what it was sent.
#[derive(Clone, Default)]
struct Scripted {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    sent: Arc<Mutex<Vec<Request>>>,
    /// Run within a request.
    meanwhile: Arc<Mutex<Option<Arc<World>>>>,
}

#[async_trait]
impl Receiver for Scripted {
    async fn post(&self, request: Request) -> Answer {
        let world = self.meanwhile.lock().expect("a lock").take();
        if let Some(world) = world {
            world.take_over().await;
        }
        self.sent.lock().expect("a lock").push(request);
        self.answers.lock().expect("a lock").pop_front().unwrap_or(Answer::Delivered)
    }
}

impl Scripted {
    fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.answers.lock().expect("a lock").extend(answers);
    }

    /// The ids of the events of each request since the last call.
    fn told(&self) -> Vec<Vec<String>> {
        let ids = |request: &Request| {
            let body: Value = serde_json::from_str(&request.body).expect("JSON");
            let events = body["events"].as_array().expect("events").iter();
            events.map(|event| event["id"].as_str().expect("an id").to_owned()).collect()
        };
        std::mem::take(&mut *self.sent.lock().expect("a lock")).iter().map(ids).collect()
    }
}

/// A site with a webhook, and its deliverer.
struct World {
    _dir: TempDir,
    store: Arc<SqliteStore>,
    clock: Clock,
    id: Uuid,
}

impl World {
    async fn new(kinds: &[EventKind]) -> Arc<Self> {
        let dir = TempDir::new().expect("a folder");
        let store = Arc::new(SqliteStore::open(&dir.path().join("lotbook.db")).expect("a store"));
        store.ensure_site(SITE).await.expect("a site");
        let clock = Clock::default();
        let new = new_webhook(SITE, "https://erp.example/", kinds, clock.now()).expect("random numbers");
        let new = new.expect("a webhook");
        let id = new.id;
        store.add_webhook(new).await.expect("added");
        Arc::new(Self { _dir: dir, store, clock, id })
    }

    fn deliverer(&self, receiver: &Scripted) -> Deliverer {
        let (store, receiver): (Arc<dyn Store>, _) = (self.store.clone(), Box::new(receiver.clone()));
        Deliverer::new(store, receiver, self.clock.clone(), || Ok(0)).expect("a deliverer")
    }

    /// One look of a deliverer, as in its loop.
    async fn look(&self, deliverer: &Deliverer) {
        let (_running, is_down) = watch::channel(false);
        for key in deliverer.due().await {
            deliverer.turn(&key, &is_down).await;
        }
    }

    async fn webhook(&self) -> Webhook {
        self.store.webhooks(SITE).await.expect("webhooks").pop().expect("the webhook")
    }

    /// Another server takes the webhook, long after the lease.
    async fn take_over(&self) {
        let now = self.clock.now().plus(10 * 60_000);
        let lease = Lease { owner: Uuid::from_u128(9), now, until: now.plus(60_000) };
        assert!(self.store.lease_webhook(SITE, self.id, lease).await.expect("a lease"));
    }
}

#[tokio::test]
async fn what_failed_is_sent_again_later_and_before_what_follows() {
    let world = World::new(&[EventKind::ProductChanged, EventKind::DeliveryChanged]).await;
    let receiver = Scripted::default();
    let deliverer = world.deliverer(&receiver);
    world.look(&deliverer).await;
    assert_eq!(receiver.told().len(), 0, "nothing is booked");
    demo(world.store.as_ref(), SITE, world.clock.now()).await.expect("rows");

    receiver.answer([Answer::Refused { status: 500, retry_after_millis: None }]);
    world.look(&deliverer).await;
    let first = receiver.told();
    assert_eq!(first.len(), 1);
    world.look(&deliverer).await;
    assert_eq!(receiver.told().len(), 0, "it waits");
    let state = world.webhook().await.state;
    assert_eq!((state.failures, state.last_error.as_str()), (1, "it answered 500"));

    world.clock.advance(3_000);
    receiver.answer([Answer::Unreachable("no connection".to_owned())]);
    world.look(&deliverer).await;
    assert_eq!(receiver.told(), first, "the same events again");
    world.clock.advance(3_000);
    world.look(&deliverer).await;
    assert_eq!(receiver.told().len(), 0, "it waits longer");
    world.clock.advance(3_000);
    world.look(&deliverer).await;
    assert_eq!(receiver.told(), first);
    let state = world.webhook().await.state;
    assert_eq!((state.failures, state.failing_since, state.last_error.as_str()), (0, None, ""));
    world.look(&deliverer).await;
    assert_eq!(receiver.told().len(), 0, "delivered once");
}

#[tokio::test]
async fn a_backlog_is_told_in_one_turn_batch_by_batch() {
    let world = World::new(&EventKind::ALL).await;
    let receiver = Scripted::default();
    let deliverer = world.deliverer(&receiver);
    demo(world.store.as_ref(), SITE, world.clock.now()).await.expect("rows");
    let pending = world.store.pending_events(&world.webhook().await, 10_000).await.expect("a number");
    // The second request fails: what it had comes again before the rest.
    receiver.answer([Answer::Delivered, Answer::Gone]);
    world.look(&deliverer).await;
    let begun = receiver.told();
    assert_eq!(begun.iter().map(Vec::len).collect::<Vec<_>>()[0], 100);
    assert_eq!(begun.len(), 2);
    assert!(world.webhook().await.state.dead_at.is_some(), "410 ends it");
    world.clock.advance(24 * 60 * MINUTE_MILLIS);
    world.look(&deliverer).await;
    assert_eq!(receiver.told().len(), 0, "it is dead");
    assert!(world.store.retry_webhook(SITE, world.id).await.expect("a webhook"));
    world.look(&deliverer).await;
    let rest = receiver.told();
    assert_eq!(rest[0], begun[1]);
    let all: Vec<&String> = begun[0].iter().chain(rest.iter().flatten()).collect();
    assert_eq!(u64::try_from(all.len()).expect("a number"), pending);
    let mut distinct = all.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), all.len(), "an id is of one event");
}

#[tokio::test]
async fn a_server_that_lost_its_lease_moves_nothing() {
    let world = World::new(&[EventKind::ProductChanged]).await;
    let receiver = Scripted::default();
    let deliverer = world.deliverer(&receiver);
    demo(world.store.as_ref(), SITE, world.clock.now()).await.expect("rows");
    *receiver.meanwhile.lock().expect("a lock") = Some(Arc::clone(&world));
    let before = world.webhook().await.state;
    world.look(&deliverer).await;
    assert_eq!(receiver.told().len(), 1);
    assert_eq!(world.webhook().await.state, before, "the other server decides");
    world.look(&deliverer).await;
    assert_eq!(receiver.told().len(), 0, "the other server delivers");
}

#[tokio::test]
async fn a_position_moves_on_now_and_then_without_events() {
    let world = World::new(&[EventKind::OrderBooked]).await;
    let receiver = Scripted::default();
    let deliverer = world.deliverer(&receiver);
    let start = world.webhook().await.state.position;
    demo(world.store.as_ref(), SITE, world.clock.now()).await.expect("rows");
    world.look(&deliverer).await;
    assert_eq!(world.webhook().await.state.position, start, "a few revisions are no reason to write");
    let report = serde_json::json!({ "report_code": { "code": "12345", "at": 0, "times": 1 } });
    let mutations: Vec<Value> = (1_u128..=120)
        .map(|seq| {
            serde_json::json!({ "seq": seq, "id": Uuid::from_u128(seq), "base": 0, "author": "Ada", "captured_at": 0,
                                "schema": 1, "action": report })
        })
        .collect();
    let unsent = serde_json::json!({ "format": "unsent-work", "version": 1, "client": Uuid::from_u128(7),
                                     "written_at": 0, "mutations": mutations });
    let unsent = sync::Unsent::read(&unsent.to_string()).expect("a file");
    book_unsent(world.store.as_ref(), SITE, unsent, world.clock.now()).await.expect("booked");
    world.look(&deliverer).await;
    let rev = world.store.sites().await.expect("sites").pop().expect("the site").rev;
    assert!(rev > 100, "{rev}");
    assert_eq!(world.webhook().await.state.position.rev, rev);
    assert_eq!(receiver.told().len(), 0);
}

#[tokio::test]
async fn what_devices_send_again_after_a_restore_keeps_its_id() {
    let mutation = |seq: u128, action: Value| {
        serde_json::json!({ "seq": seq, "id": Uuid::from_u128(seq), "base": 0, "author": "Ada", "captured_at": 0,
                            "schema": 1, "action": action })
    };
    let product = Uuid::from_u128(4);
    let create = serde_json::json!({ "create_product": {
        "id": product, "sku": "NEW", "name": "New", "unit": "each", "price_minor": 1, "currency": "EUR",
    } });
    let receive = serde_json::json!({ "receive_lot": {
        "quantity": 1_000, "lot": { "product_id": product, "lot_code": "L", "location": "A" },
    } });
    let unsent = serde_json::json!({
        "format": "unsent-work", "version": 1, "client": Uuid::from_u128(7), "written_at": 0,
        "mutations": [mutation(1, create), mutation(2, receive)],
    });
    let unsent = sync::Unsent::read(&unsent.to_string()).expect("a file");
    let mut ids = Vec::new();
    for has_demo in [false, true] {
        let world = World::new(&[EventKind::MovementBooked]).await;
        if has_demo {
            demo(world.store.as_ref(), SITE, world.clock.now()).await.expect("rows");
        }
        book_unsent(world.store.as_ref(), SITE, unsent.clone(), UnixMillis(1)).await.expect("booked");
        let receiver = Scripted::default();
        world.look(&world.deliverer(&receiver)).await;
        ids.extend(receiver.told().concat().pop());
    }
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1], "under another revision");
}
