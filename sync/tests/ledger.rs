//! Devices in memory against a [`Ledger`] that is read back from its entries, loses answers or was restored.
#![allow(clippy::expect_used, reason = "a test fails loudly")]

use std::cell::{Cell, RefCell};

use futures::executor::block_on;
use serde::{Deserialize, Serialize};
use sync::ledger::{Entry, Ledger};
use sync::memory::MemoryStore;
use sync::{
    AuditLimits, AuditRequest, AuditResponse, Draft, Identity, Model, Mutation, QueueState, Records, Refusal,
    RoundError, RoundLimits, RoundReport, RowKey, Rows, Store, SyncRequest, SyncResponse, Transport,
    TransportError, UnixMillis, Verdict, audit_part, run_round,
};
use uuid::Uuid;

/// Notes and tags: a model whose edits may conflict, with two tables.
#[derive(Debug)]
struct Notes;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "table", rename_all = "snake_case")]
enum Row {
    Note { key: String, text: String },
    Tag { key: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Write { key: String, text: String },
    Erase { key: String },
    Tag { key: String },
}

impl Action {
    fn key(&self) -> RowKey {
        match self {
            Self::Write { key, .. } | Self::Erase { key } => RowKey::new("notes", key),
            Self::Tag { key } => RowKey::new("tags", key),
        }
    }
}

impl Records for Notes {
    type Action = Action;
    type Row = Row;
    const TABLES: &'static [&'static str] = &["notes", "tags"];
    const TABLES_VERSION: u32 = 1;
    const SCHEMA: u32 = 1;

    fn identify(row: &Row) -> Identity {
        let key = match row {
            Row::Note { key, .. } => RowKey::new("notes", key),
            Row::Tag { key } => RowKey::new("tags", key),
        };
        Identity { key, index_keys: Vec::new() }
    }
}

impl Model for Notes {
    type Effect = ();

    fn touches(action: &Action) -> Vec<RowKey> {
        vec![action.key()]
    }

    fn edits(action: &Action) -> Option<RowKey> {
        (!matches!(action, Action::Tag { .. })).then(|| action.key())
    }

    fn creates(_: &Action) -> Option<RowKey> {
        None
    }

    fn apply(mutation: &Mutation<Action>, rows: &mut Rows<Row>) -> Result<Vec<()>, Refusal> {
        match mutation.action.clone() {
            Action::Write { text, .. } if text.is_empty() => {
                return Err(Refusal::new("empty", "Write something."));
            }
            Action::Write { key, text } => _ = rows.insert(mutation.action.key(), Row::Note { key, text }),
            Action::Erase { .. } => _ = rows.remove(&mutation.action.key()),
            Action::Tag { key } => _ = rows.insert(mutation.action.key(), Row::Tag { key }),
        }
        Ok(Vec::new())
    }
}

/// A server that keeps its entries as JSON, as a file would.
struct Server {
    ledger: RefCell<Ledger<Notes>>,
    entries: RefCell<Vec<String>>,
    loses_next_answer: Cell<bool>,
}

impl Server {
    fn new(epoch: u128) -> Self {
        let server = Self {
            ledger: RefCell::default(),
            entries: RefCell::default(),
            loses_next_answer: Cell::new(false),
        };
        server.keep(Entry::Epoch(Uuid::from_u128(epoch)));
        server
    }

    fn keep(&self, entry: Entry<Row>) {
        self.entries.borrow_mut().push(serde_json::to_string(&entry).expect("JSON"));
        self.ledger.borrow_mut().apply(entry);
    }

    /// Begins again from the first `kept` entries: all of them after a power cut, fewer from a backup.
    fn restart(&self, kept: usize) {
        self.entries.borrow_mut().truncate(kept);
        let mut ledger = Ledger::default();
        for entry in self.entries.borrow().iter() {
            ledger.apply(serde_json::from_str(entry).expect("an entry"));
        }
        self.ledger.replace(ledger);
    }

    fn texts(&self) -> Vec<String> {
        let rows = self.ledger.borrow().rows("notes").map(|held| held.row).collect::<Vec<_>>();
        rows.into_iter()
            .filter_map(|row| if let Row::Note { text, .. } = row { Some(text) } else { None })
            .collect()
    }
}

/// The same as it is after the way over the wire.
fn sent<T: Serialize, U: serde::de::DeserializeOwned>(value: &T) -> U {
    serde_json::from_str(&serde_json::to_string(value).expect("JSON")).expect("the same shape")
}

impl Transport<Notes> for Server {
    async fn exchange(&self, request: &SyncRequest<Action>) -> Result<SyncResponse<Row>, TransportError> {
        let request = sent(request);
        let decided = self.ledger.borrow().decide(&request, Uuid::from_u128(77));
        if let Some(entry) = decided.entry.clone() {
            self.keep(entry);
        }
        let response = self.ledger.borrow().answer(&request, decided, UnixMillis(1));
        if self.loses_next_answer.take() { Err(TransportError::TimedOut) } else { Ok(sent(&response)) }
    }

    async fn audit(&self, request: &AuditRequest) -> Result<AuditResponse<Row>, TransportError> {
        Ok(sent(&self.ledger.borrow().audit(&sent(request)).expect("JSON")))
    }
}

fn device(n: u128) -> MemoryStore<Notes> {
    MemoryStore::new(Uuid::from_u128(n), "all")
}

fn draft(n: u128, base: u64, action: Action) -> Draft<Action> {
    let (author, captured_at) = ("suite".to_owned(), UnixMillis(5));
    Draft {
        id: Uuid::from_u128(n),
        action,
        base,
        author,
        signed_by: None,
        captured_at,
        depends_on: None,
        replaces: None,
    }
}

fn write(key: &str, text: &str) -> Action {
    Action::Write { key: key.to_owned(), text: text.to_owned() }
}

fn save(device: &MemoryStore<Notes>, draft: Draft<Action>) -> u64 {
    block_on(device.enqueue(draft)).expect("a saved draft").seq
}

fn try_sync(device: &MemoryStore<Notes>, server: &Server) -> Result<RoundReport, RoundError> {
    block_on(run_round(device, server, RoundLimits::default(), || UnixMillis(2), |_| {}))
}

fn sync(device: &MemoryStore<Notes>, server: &Server) -> RoundReport {
    try_sync(device, server).expect("a round")
}

fn notes(device: &MemoryStore<Notes>) -> Vec<(u64, Row)> {
    let rows = block_on(device.scan("notes", "", "", 100)).expect("rows");
    rows.into_iter().map(|held| (held.rev, held.row)).collect()
}

/// The verdict and the code of what waits for a person.
fn attention(device: &MemoryStore<Notes>) -> Vec<(Verdict, String)> {
    let queue = block_on(device.queue()).expect("a queue").records;
    let outcomes = queue.into_iter().filter_map(|record| match record.state {
        QueueState::Attention(outcome) => Some((outcome.verdict, outcome.code)),
        QueueState::Pending => None,
    });
    outcomes.collect()
}

#[test]
fn an_answer_that_was_lost_is_given_again_also_by_a_server_that_was_restarted() {
    let (server, device) = (Server::new(1), device(1));
    save(&device, draft(1, 0, write("a", "once")));
    server.loses_next_answer.set(true);
    assert!(try_sync(&device, &server).is_err());
    server.restart(usize::MAX);
    let (rev, kept) = (server.ledger.borrow().rev(), server.entries.borrow().len());
    assert_eq!(sync(&device, &server).acknowledged, 1);
    assert_eq!((server.ledger.borrow().rev(), server.entries.borrow().len()), (rev, kept), "booked once");
    assert_eq!(notes(&device).len(), 1);
}

#[test]
fn a_second_device_gets_everything_in_parts_and_then_only_changes() {
    let (server, first, second) = (Server::new(1), device(1), device(2));
    for n in 1..=7 {
        save(&first, draft(n, 0, write(&format!("n{n}"), "text")));
    }
    save(&first, draft(8, 0, Action::Tag { key: "t".to_owned() }));
    sync(&first, &server);
    let limits = RoundLimits { max_pull_rows: 3, ..RoundLimits::default() };
    let report = block_on(run_round(&second, &server, limits, || UnixMillis(2), |_| {})).expect("a round");
    assert_eq!((report.received, report.rev), (8, 8));
    save(&first, draft(9, 1, Action::Erase { key: "n1".to_owned() }));
    save(&first, draft(10, 2, write("n2", "changed")));
    sync(&first, &server);
    assert_eq!(sync(&second, &server).received, 2);
    assert_eq!(notes(&second), notes(&first));
    assert_eq!(notes(&second).len(), 6);
}

#[test]
fn an_edit_conflicts_only_with_somebody_elses() {
    let (server, mine, theirs) = (Server::new(1), device(1), device(2));
    save(&mine, draft(1, 0, write("a", "first")));
    sync(&mine, &server);
    sync(&theirs, &server);
    // Two edits offline on one revision: the second one builds on the first.
    save(&mine, draft(2, 1, write("a", "second")));
    save(&mine, draft(3, 1, write("a", "third")));
    sync(&mine, &server);
    assert!(attention(&mine).is_empty());
    save(&theirs, draft(4, 1, write("a", "theirs")));
    sync(&theirs, &server);
    assert_eq!(attention(&theirs), [(Verdict::Conflict, "changed".to_owned())]);
    assert_eq!(server.texts(), ["third"]);
    assert_eq!(notes(&theirs), notes(&mine), "the conflict brings the row as it is");
}

#[test]
fn what_breaks_a_rule_or_needs_what_did_is_not_booked() {
    let (server, device) = (Server::new(1), device(1));
    save(&device, draft(1, 0, write("a", "")));
    save(&device, Draft { depends_on: Some(Uuid::from_u128(1)), ..draft(2, 0, write("b", "text")) });
    let undone = save(&device, draft(3, 0, write("c", "text")));
    block_on(device.withdraw(undone)).expect("withdrawn");
    sync(&device, &server);
    let expected = [(Verdict::Rejected, "empty".to_owned()), (Verdict::Held, "held".to_owned())];
    assert_eq!(attention(&device), expected);
    assert!(server.texts().is_empty());
}

#[test]
fn an_undo_that_comes_after_the_booking_says_so() {
    let (server, device) = (Server::new(1), device(1));
    let seq = save(&device, draft(1, 0, write("a", "booked")));
    server.loses_next_answer.set(true);
    assert!(try_sync(&device, &server).is_err());
    block_on(device.withdraw(seq)).expect("withdrawn");
    sync(&device, &server);
    assert_eq!(attention(&device), [(Verdict::Rejected, "already_booked".to_owned())]);
}

#[test]
fn a_server_restored_from_a_backup_gets_back_what_it_lost_once() {
    let (server, device, reader) = (Server::new(1), device(1), device(2));
    save(&device, draft(1, 0, write("a", "kept")));
    sync(&device, &server);
    let backup = server.entries.borrow().len();
    save(&device, draft(2, 0, write("b", "lost")));
    sync(&device, &server);
    sync(&reader, &server);
    server.restart(backup);
    save(&device, draft(3, 0, write("c", "new")));
    sync(&device, &server);
    assert_eq!(server.texts(), ["kept", "lost", "new"]);
    assert_eq!(server.ledger.borrow().epoch(), Uuid::from_u128(77));
    sync(&reader, &server);
    assert_eq!(notes(&reader), notes(&device), "a device that only reads notices the new epoch, too");
}

#[test]
fn one_id_is_booked_once_whichever_device_sends_it() {
    let (server, first, second) = (Server::new(1), device(1), device(2));
    save(&first, draft(1, 0, write("a", "once")));
    save(&second, draft(1, 0, write("a", "once")));
    sync(&first, &server);
    sync(&second, &server);
    assert_eq!(server.ledger.borrow().rev(), 1);
    assert_eq!(sync(&second, &server).exchanges, 1, "its answer counts as one of this server's");
}

#[test]
fn rows_of_the_server_reach_devices_and_an_audit_puts_a_damaged_one_right() {
    let (server, device) = (Server::new(1), device(1));
    let note = |text: &str| Row::Note { key: "a".to_owned(), text: text.to_owned() };
    let entry = server.ledger.borrow().put([note("first"), Row::Tag { key: "t".to_owned() }]);
    server.keep(entry);
    sync(&device, &server);
    let audit = || {
        let limits = AuditLimits::default();
        block_on(audit_part(&device, &server, None, limits, || UnixMillis(3))).expect("an audit")
    };
    assert_eq!(audit().repaired_ranges, 0);
    let outbox = block_on(device.outbox(0)).expect("an outbox");
    let damage = sync::Commit {
        from: outbox.cursor.clone(),
        cursor: outbox.cursor,
        receipts: Vec::new(),
        rows: vec![sync::Versioned { rev: 1, row: note("damaged") }],
        removed: Vec::new(),
        replaced: None,
        epoch: Uuid::from_u128(1),
        known_seq: 0,
        last_outcome_seq: 0,
        at: UnixMillis(0),
    };
    block_on(device.commit(damage)).expect("stored");
    assert_eq!(audit().repaired_ranges, 1);
    assert_eq!(notes(&device), [(1, note("first"))]);
}
