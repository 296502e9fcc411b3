//! A device with the data of one site and the token of another: nothing is sent there, and nothing is stored.
#![allow(clippy::expect_used, reason = "a test fails loudly")]

use std::cell::RefCell;

use futures::executor::block_on;
use sync::conformance::{Add, CounterRow, Counters, add};
use sync::memory::MemoryStore;
use sync::{
    AuditLimits, AuditRequest, AuditResponse, Cursor, OtherSite, PROTOCOL_VERSION, RoundError, RoundLimits,
    Store, SyncRequest, SyncResponse, Transport, TransportError, UnixMillis, Unsent, UnsentError, audit_part,
    held_site, hold_site, run_round,
};
use uuid::Uuid;

/// A server whose answers name a site, and that never refuses.
struct Server {
    site: Option<&'static str>,
    rev: u64,
    /// The sites that requests named.
    named: RefCell<Vec<Option<String>>>,
}

impl Server {
    fn of(site: Option<&'static str>) -> Self {
        Self { site, rev: 1, named: RefCell::default() }
    }

    fn round(&self, store: &MemoryStore<Counters>) -> Result<sync::RoundReport, RoundError> {
        block_on(run_round(store, self, RoundLimits::default(), || UnixMillis(1), |_| {}))
    }
}

impl Transport<Counters> for Server {
    async fn exchange(&self, request: &SyncRequest<Add>) -> Result<SyncResponse<CounterRow>, TransportError> {
        self.named.borrow_mut().push(request.site.clone());
        Ok(SyncResponse {
            protocol: PROTOCOL_VERSION,
            site: self.site.map(str::to_owned),
            epoch: Uuid::from_u128(9),
            server_time: UnixMillis(0),
            receipts: Vec::new(),
            known_seq: 0,
            rows: Vec::new(),
            removed: Vec::new(),
            replaced: None,
            cursor: Cursor::Live { rev: self.rev },
            more: false,
            tables: Vec::new(),
        })
    }

    async fn audit(&self, request: &AuditRequest) -> Result<AuditResponse<CounterRow>, TransportError> {
        self.named.borrow_mut().push(request.site.clone());
        let (protocol, epoch) = (PROTOCOL_VERSION, Uuid::from_u128(9));
        Ok(AuditResponse { protocol, epoch, repairs: Vec::new(), compared: None })
    }
}

fn device() -> MemoryStore<Counters> {
    MemoryStore::new(Uuid::from_u128(1), "all")
}

fn sites(held: &str, asked: &str) -> OtherSite {
    OtherSite { held: held.to_owned(), asked: asked.to_owned() }
}

#[test]
fn a_device_names_the_site_of_its_first_answer_from_then_on() {
    let (server, store) = (Server::of(Some("north")), device());
    server.round(&store).expect("a round");
    server.round(&store).expect("a round");
    block_on(audit_part(&store, &server, None, AuditLimits::default(), || UnixMillis(1))).expect("an audit");
    let north = Some("north".to_owned());
    assert_eq!(*server.named.borrow(), [None, north.clone(), north.clone()]);
    assert_eq!(block_on(held_site(&store)), Ok(north));
}

#[test]
fn an_enrolment_names_the_site_before_the_first_answer_and_never_another_one_later() {
    let store = device();
    assert_eq!(block_on(hold_site(&store, "north")), Ok("north".to_owned()));
    assert_eq!(block_on(hold_site(&store, "south")), Ok("north".to_owned()));
    let server = Server::of(None);
    server.round(&store).expect("an older server's answer");
    assert_eq!(*server.named.borrow(), [Some("north".to_owned())]);
}

#[test]
fn an_answer_of_another_site_is_not_stored() {
    let store = device();
    Server::of(Some("north")).round(&store).expect("a round");
    let before = block_on(store.outbox(9)).expect("memory");
    let south = Server { rev: 7, ..Server::of(Some("south")) };
    let refused = south.round(&store);
    assert_eq!(refused, Err(TransportError::OtherSite(sites("north", "south")).into()));
    assert_eq!(block_on(store.outbox(9)).expect("memory"), before);
}

#[test]
fn a_file_of_unsent_work_stays_at_its_site() {
    let (north, south, new) = (device(), device(), device());
    block_on(hold_site(&north, "north")).expect("memory");
    block_on(hold_site(&south, "south")).expect("memory");
    block_on(north.enqueue(add(1, "a", 3))).expect("memory");
    let file = block_on(Unsent::of(&north, UnixMillis(5))).expect("a file");
    assert_eq!(file.site.as_deref(), Some("north"));
    let refused = block_on(file.clone().take_in(&south, UnixMillis(5)));
    assert_eq!(refused, Err(UnsentError::OtherSite(sites("south", "north"))));
    assert_eq!(block_on(south.outbox(9)).expect("memory").pending, 0);
    assert_eq!(
        block_on(file.clone().take_in(&new, UnixMillis(5))).expect("a device without a site").added,
        1
    );
    // A file of an older build does not name its site.
    let older = Unsent { site: None, ..file };
    assert_eq!(block_on(older.take_in(&south, UnixMillis(5))).expect("taken in").added, 1);
}

#[test]
fn work_that_the_server_may_have_forgotten_is_not_taken_in() {
    const DAY: i64 = 24 * 60 * 60 * 1_000;
    let (north, other) = (device(), device());
    block_on(north.enqueue(add(1, "a", 3))).expect("memory");
    let at = |written: i64, captured: i64| {
        let mut file = block_on(Unsent::of(&north, UnixMillis(written * DAY))).expect("a file");
        file.mutations[0].captured_at = UnixMillis(captured * DAY);
        file
    };
    let now = |day: i64, millis: i64| UnixMillis(day * DAY + millis);
    for (file, time) in
        [(at(300, 300), now(480, 1)), (at(470, 300), now(480, 1)), (at(300, 470), now(480, 1))]
    {
        assert_eq!(block_on(file.take_in(&other, time)), Err(UnsentError::TooOld));
        assert_eq!(block_on(other.outbox(9)).expect("memory").pending, 0);
    }
    // A clock that is behind that of the file does not make it old.
    assert_eq!(block_on(at(300, 300).take_in(&other, now(480, 0))).expect("taken in").added, 1);
    assert_eq!(block_on(at(300, 300).take_in(&other, now(1, 0))).expect("taken in").skipped, 1);
}
