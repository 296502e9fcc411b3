//! Rounds against a small in-memory server that loses answers, corrupts them, or was restored from a backup.
#![allow(clippy::expect_used, reason = "a test fails loudly")]

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use futures::executor::block_on;
use sync::conformance::{Add, CounterRow, Counters, add, commit, counter};
use sync::memory::MemoryStore;
use sync::{
    AuditLimits, AuditRequest, AuditResponse, Cursor, Digest, Model, Mutation, Outcome, PROTOCOL_VERSION,
    RangeDigest, Receipt, Records, Removal, Repair, ReplacedRange, RoundError, RoundLimits, Rows, Store,
    SyncRequest, SyncResponse, Transport, TransportError, UnixMillis, Verdict, Versioned, audit_part,
    run_round, server_has_tables, tables_of,
};
use uuid::Uuid;

/// The fault of an exchange.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    BeforeTheServer,
    AfterTheServer,
    WrongReceipts,
    NothingDecided,
}

#[derive(Clone, Default)]
struct Books {
    rows: Rows<CounterRow>,
    revs: BTreeMap<String, u64>,
    rev: u64,
    booked: BTreeMap<(Uuid, u64), Uuid>,
}

struct Server {
    books: RefCell<Books>,
    fault: Cell<Fault>,
    exchanges: Cell<usize>,
    biggest_batch: Cell<usize>,
    /// The tables that its answers name; empty for a server of an older build.
    tables: RefCell<Vec<Cow<'static, str>>>,
    /// The tables that it was asked to compare last.
    compared: RefCell<Vec<String>>,
}

impl Server {
    fn new() -> Self {
        Self {
            books: RefCell::default(),
            fault: Cell::new(Fault::None),
            exchanges: Cell::new(0),
            biggest_batch: Cell::new(0),
            tables: RefCell::new(tables_of::<Counters>()),
            compared: RefCell::default(),
        }
    }

    fn value(&self, key: &str) -> i64 {
        let key = sync::RowKey::new("counters", key);
        match self.books.borrow().rows.get(&key) {
            Some(CounterRow::Counter { value, .. }) => *value,
            _ => 0,
        }
    }

    fn book(&self, client: Uuid, mutation: &Mutation<Add>) -> Receipt<CounterRow> {
        let books = &mut *self.books.borrow_mut();
        if books.booked.insert((client, mutation.seq), mutation.id).is_none() {
            Counters::apply(mutation, &mut books.rows).expect("adding always works");
            books.rev += 1;
            books.revs.insert(mutation.action.key.clone(), books.rev);
        }
        let outcome = Outcome {
            verdict: Verdict::Applied,
            code: String::new(),
            message: String::new(),
            rows: Vec::new(),
            removed: Vec::new(),
        };
        Receipt { seq: mutation.seq, id: mutation.id, outcome }
    }

    fn answer(&self, request: &SyncRequest<Add>) -> SyncResponse<CounterRow> {
        let known_seq = {
            let books = self.books.borrow();
            books
                .booked
                .keys()
                .filter(|(client, _)| *client == request.client)
                .map(|(_, seq)| *seq)
                .max()
                .unwrap_or(0)
        };
        let was_restored = known_seq < request.last_outcome_seq;
        let decided = if was_restored { &[] } else { request.mutations.as_slice() };
        let receipts = decided.iter().map(|mutation| self.book(request.client, mutation)).collect();
        let books = self.books.borrow();
        let since = match request.cursor {
            Cursor::Live { rev } if !was_restored => rev,
            _ => 0,
        };
        let changed = books.rows.values().filter_map(|row| {
            let rev = books.revs[&Counters::key(row).key];
            (rev > since).then(|| Versioned { rev, row: row.clone() })
        });
        SyncResponse {
            protocol: PROTOCOL_VERSION,
            site: None,
            epoch: Uuid::from_u128(9),
            server_time: UnixMillis(0),
            receipts,
            known_seq,
            rows: changed.collect(),
            removed: Vec::new(),
            replaced: None,
            cursor: Cursor::Live { rev: books.rev },
            more: false,
            tables: self.tables.borrow().clone(),
        }
    }
}

impl Transport<Counters> for Server {
    async fn exchange(&self, request: &SyncRequest<Add>) -> Result<SyncResponse<CounterRow>, TransportError> {
        self.exchanges.set(self.exchanges.get() + 1);
        self.biggest_batch.set(self.biggest_batch.get().max(request.mutations.len()));
        let fault = self.fault.replace(Fault::None);
        if fault == Fault::BeforeTheServer {
            return Err(TransportError::Unreachable);
        }
        let mut response = self.answer(request);
        match fault {
            Fault::AfterTheServer => return Err(TransportError::TimedOut),
            Fault::WrongReceipts => response.receipts.iter_mut().for_each(|receipt| receipt.id = Uuid::nil()),
            Fault::NothingDecided => response.receipts.clear(),
            Fault::None | Fault::BeforeTheServer => {}
        }
        Ok(response)
    }

    async fn audit(&self, request: &AuditRequest) -> Result<AuditResponse<CounterRow>, TransportError> {
        let compared = request.ranges.iter().map(|asked| asked.range.table.clone());
        self.compared.replace(compared.collect());
        let books = self.books.borrow();
        let held = |range: &ReplacedRange| -> Vec<Versioned<CounterRow>> {
            let is_inside = |key: &str| {
                key > range.after.as_str() && range.through.as_ref().is_none_or(|through| key <= through)
            };
            let keys = books.rows.iter().filter(|(key, _)| key.table == range.table && is_inside(&key.key));
            keys.map(|(key, row)| Versioned { rev: books.revs[&key.key], row: row.clone() }).collect()
        };
        let differs = |asked: &&RangeDigest| {
            let mut digest = Digest::default();
            for Versioned { rev, row } in held(&asked.range) {
                let json = serde_json::to_string(&row).expect("JSON");
                digest.add(&Counters::key(&row).key, rev, &json);
            }
            digest.value() != asked.digest
        };
        let differing = request.ranges.iter().filter(differs);
        let repairs = differing.map(|asked| Repair { range: asked.range.clone(), rows: held(&asked.range) });
        let (protocol, epoch) = (PROTOCOL_VERSION, Uuid::from_u128(9));
        Ok(AuditResponse { protocol, epoch, repairs: repairs.collect(), compared: None })
    }
}

fn device(n: u128) -> MemoryStore<Counters> {
    MemoryStore::new(Uuid::from_u128(n), "all")
}

fn round(store: &MemoryStore<Counters>, server: &Server) -> Result<sync::RoundReport, RoundError> {
    block_on(run_round(store, server, RoundLimits::default(), || UnixMillis(1), |_| {}))
}

fn pending(store: &MemoryStore<Counters>) -> usize {
    block_on(store.outbox(0)).expect("memory").pending
}

#[test]
fn every_mutation_is_booked_once_for_every_fault_of_an_exchange() {
    let faults = [
        Fault::BeforeTheServer,
        Fault::AfterTheServer,
        Fault::WrongReceipts,
        Fault::NothingDecided,
        Fault::AfterTheServer,
    ];
    let (server, store) = (Server::new(), device(1));
    for n in 0..10 {
        block_on(store.enqueue(add(n, "a", 3))).expect("memory");
    }
    for fault in faults {
        server.fault.set(fault);
        assert!(round(&store, &server).is_err(), "{fault:?}");
        assert_eq!(pending(&store), 10, "nothing leaves the queue undecided: {fault:?}");
    }
    let report = round(&store, &server).expect("no fault");
    assert_eq!((report.acknowledged, report.complete, pending(&store)), (10, true, 0));
    assert_eq!(server.value("a"), 30);
    let held = block_on(store.scan("counters", "", "", 9)).expect("memory");
    assert_eq!(held, [counter("a", 30, 10)]);
}

#[test]
fn a_long_queue_is_sent_in_batches() {
    let (server, store) = (Server::new(), device(1));
    for n in 0..250 {
        block_on(store.enqueue(add(n, "a", 1))).expect("memory");
    }
    let report = round(&store, &server).expect("no fault");
    assert_eq!((report.acknowledged, report.exchanges, server.biggest_batch.get()), (250, 3, 100));
}

#[test]
fn the_limit_of_exchanges_ends_a_round_as_incomplete() {
    let (server, store) = (Server::new(), device(1));
    for n in 0..250 {
        block_on(store.enqueue(add(n, "a", 1))).expect("memory");
    }
    let limits = RoundLimits { max_exchanges: 2, ..RoundLimits::default() };
    let report = block_on(run_round(&store, &server, limits, || UnixMillis(1), |_| {})).expect("no fault");
    assert_eq!((report.complete, pending(&store)), (false, 50));
}

#[test]
fn mutations_lost_by_a_restored_server_are_sent_before_new_ones() {
    let (server, store) = (Server::new(), device(1));
    block_on(store.enqueue(add(1, "a", 1))).expect("memory");
    round(&store, &server).expect("no fault");
    let backup = server.books.borrow().clone();
    block_on(store.enqueue(add(2, "a", 10))).expect("memory");
    round(&store, &server).expect("no fault");
    server.books.replace(backup);

    block_on(store.enqueue(add(3, "a", 100))).expect("memory");
    round(&store, &server).expect("no fault");
    assert_eq!((server.value("a"), pending(&store)), (111, 0));
    let order: Vec<u128> = server.books.borrow().booked.values().map(Uuid::as_u128).collect();
    assert_eq!(order, [1, 2, 3]);
}

#[test]
fn two_concurrent_rounds_book_everything_once() {
    let (server, store) = (Server::new(), device(1));
    for n in 0..30 {
        block_on(store.enqueue(add(n, "a", 1))).expect("memory");
    }
    let limits = RoundLimits { max_batch_mutations: 7, ..RoundLimits::default() };
    let both = futures::future::join(
        run_round(&store, &server, limits, || UnixMillis(1), |_| {}),
        run_round(&store, &server, limits, || UnixMillis(1), |_| {}),
    );
    let (first, second) = block_on(both);
    first.expect("no fault");
    second.expect("no fault");
    assert_eq!((server.value("a"), pending(&store)), (30, 0));
}

#[test]
fn an_audit_finds_differing_ranges_and_fetches_only_those() {
    let (server, store) = (Server::new(), device(1));
    for n in 0..30_u32 {
        block_on(store.enqueue(add(n.into(), &format!("{n:02}"), 1))).expect("memory");
    }
    round(&store, &server).expect("no fault");
    let truth = block_on(store.scan("counters", "", "", 99)).expect("memory");
    let cursor = block_on(store.outbox(0)).expect("memory").cursor;
    // Differences that no cursor reveals: a wrong value, a missing row, an extra row.
    let mut damage = commit(cursor.clone(), 0);
    damage.cursor = cursor;
    damage.epoch = Uuid::from_u128(9);
    damage.rows = vec![counter("07", 9, 8), counter("30", 5, 1)];
    damage.removed = vec![Removal { table: "counters".into(), key: "22".to_owned(), rev: 99 }];
    block_on(store.commit(damage)).expect("memory");
    assert_ne!(block_on(store.scan("counters", "", "", 99)).expect("memory"), truth);

    let limits = AuditLimits { range_rows: 4, max_ranges: 3 };
    let (mut position, mut repaired, mut parts) = (None, 0, 0);
    loop {
        let part = audit_part(&store, &server, position, limits, || UnixMillis(1));
        let report = block_on(part).expect("no fault");
        (repaired, parts) = (repaired + report.repaired_ranges, parts + 1);
        position = report.next;
        if position.is_none() {
            break;
        }
    }
    assert_eq!(block_on(store.scan("counters", "", "", 99)).expect("memory"), truth);
    assert_eq!((repaired, parts), (3, 3), "30 rows and an empty table, 12 rows a part");
}

/// A server that is restored from a backup between a snapshot's first part and its second.
struct Restored {
    answers: Cell<u64>,
}

impl Transport<Counters> for Restored {
    async fn exchange(&self, request: &SyncRequest<Add>) -> Result<SyncResponse<CounterRow>, TransportError> {
        let answers = self.answers.replace(self.answers.get() + 1);
        let after_first = Cursor::Snapshot {
            rev: 8,
            table: "labels".to_owned(),
            after: String::new(),
            progress: sync::Progress { done_rows: 1, total_rows: 2 },
        };
        let (epoch, cursor) = match answers {
            0 => (1, after_first),
            1 | 2 => (2, after_first),
            _ => (2, Cursor::Live { rev: 8 }),
        };
        Ok(SyncResponse {
            protocol: request.protocol,
            site: None,
            epoch: Uuid::from_u128(epoch),
            server_time: UnixMillis(0),
            receipts: Vec::new(),
            known_seq: 0,
            rows: Vec::new(),
            removed: Vec::new(),
            replaced: None,
            more: matches!(cursor, Cursor::Snapshot { .. }),
            cursor,
            tables: Vec::new(),
        })
    }

    async fn audit(&self, _: &AuditRequest) -> Result<AuditResponse<CounterRow>, TransportError> {
        Err(TransportError::Unreachable)
    }
}

#[test]
fn a_server_that_lacks_a_table_is_known_and_not_asked_to_compare_it() {
    let (server, store) = (Server::new(), device(1));
    let has = || block_on(server_has_tables(&store)).expect("memory");
    let audit = || {
        let limits = AuditLimits::default();
        block_on(audit_part(&store, &server, None, limits, || UnixMillis(1))).expect("compared");
        server.compared.borrow().clone()
    };
    assert!(!has(), "no answer yet");
    block_on(store.enqueue(add(1, "a", 3))).expect("memory");
    round(&store, &server).expect("a round");
    assert!(has());
    assert_eq!(audit(), ["counters", "labels"]);
    for tables in [vec![Cow::Borrowed("counters")], Vec::new()] {
        server.tables.replace(tables);
        round(&store, &server).expect("a round");
        assert!(!has());
        assert_eq!(audit(), ["counters"]);
    }
    server.tables.replace(tables_of::<Counters>());
    round(&store, &server).expect("a round");
    assert!(has(), "it was updated");
}

#[test]
fn a_restored_servers_new_snapshot_may_have_the_cursor_of_the_old_one() {
    let (server, store) = (Restored { answers: Cell::new(0) }, device(1));
    let limits = RoundLimits { max_exchanges: 1, ..RoundLimits::default() };
    for _ in 0..2 {
        block_on(run_round(&store, &server, limits, || UnixMillis(1), |_| {}))
            .expect("the server's own answer");
    }
    let outbox = block_on(store.outbox(0)).expect("memory");
    assert_eq!(outbox.epoch, Some(Uuid::from_u128(2)));
    let same =
        block_on(run_round(&store, &Restored { answers: Cell::new(1) }, limits, || UnixMillis(1), |_| {}));
    assert!(same.is_err(), "an answer of the same life that leads nowhere is none of the server's");
}
