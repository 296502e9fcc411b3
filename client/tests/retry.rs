//! The base of a refused edit that is sent again.
#![allow(clippy::expect_used, reason = "a test fails loudly")]

use std::cell::Cell;

use client::{Client, Host, RetryBase};
use futures::executor::block_on;
use futures::future::LocalBoxFuture;
use serde::{Deserialize, Serialize};
use sync::memory::MemoryStore;
use sync::{
    Commit, Cursor, Identity, Model, Mutation, Notice, Outcome, Receipt, Records, Refusal, RowKey, Rows,
    Store as _, Timer, UnixMillis, Verdict, Versioned,
};
use uuid::Uuid;

use down::Down;
use free::Free;

#[path = "ports/down.rs"]
mod down;
#[path = "ports/free.rs"]
mod free;

#[derive(Debug)]
struct Notes;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    key: String,
    title: String,
}

impl Records for Notes {
    type Action = Note;
    type Row = Note;
    const TABLES: &'static [&'static str] = &["notes"];
    const TABLES_VERSION: u32 = 1;
    const SCHEMA: u32 = 1;

    fn identify(row: &Note) -> Identity {
        Identity { key: RowKey::new("notes", &row.key), index_keys: Vec::new() }
    }
}

impl Model for Notes {
    type Effect = ();

    fn edits(action: &Note) -> Option<RowKey> {
        Some(Self::key(action))
    }

    fn apply(mutation: &Mutation<Note>, rows: &mut Rows<Note>) -> Result<Vec<()>, Refusal> {
        rows.insert(Self::key(&mutation.action), mutation.action.clone());
        Ok(Vec::new())
    }
}

/// A clock that stands still.
#[derive(Clone)]
struct Clock;

impl Timer for Clock {
    fn now(&self) -> UnixMillis {
        UnixMillis(7)
    }

    async fn sleep(&self, _: u64) {}
}

struct Window {
    store: MemoryStore<Notes>,
    server: Down,
    channel: fn(&Notice),
    ids: Cell<u128>,
}

impl Host for Window {
    type Model = Notes;
    type Wire = Notes;
    type Store = MemoryStore<Notes>;
    type Transport = Down;
    type Turn = Free;
    type Timer = Clock;
    type Channel = fn(&Notice);

    fn store(&self) -> &MemoryStore<Notes> {
        &self.store
    }

    fn transport(&self) -> &Down {
        &self.server
    }

    fn turn(&self) -> &Free {
        &Free
    }

    fn timer(&self) -> &Clock {
        &Clock
    }

    fn channel(&self) -> &fn(&Notice) {
        &self.channel
    }

    fn scope(&self) -> &str {
        ""
    }

    fn new_id(&self) -> Uuid {
        self.ids.set(self.ids.get() + 1);
        Uuid::from_u128(self.ids.get())
    }

    /// Only redraws are spawned.
    fn spawn(&self, task: LocalBoxFuture<'static, ()>) {
        drop(task);
    }

    fn request_background_sync(&self) {}
}

fn note(title: &str) -> Note {
    Note { key: "a".to_owned(), title: title.to_owned() }
}

/// The note by somebody else at `rev`, with these receipts.
async fn hear(store: &MemoryStore<Notes>, rev: u64, receipts: Vec<Receipt<Note>>) {
    let commit = Commit {
        from: store.outbox(0).await.expect("a cursor").cursor,
        cursor: Cursor::Live { rev },
        receipts,
        rows: vec![Versioned { rev, row: note("Theirs") }],
        removed: Vec::new(),
        replaced: None,
        epoch: Uuid::from_u128(99),
        known_seq: 0,
        last_outcome_seq: 0,
        at: UnixMillis(9),
    };
    store.commit(commit).await.expect("stored");
}

/// An edit made on revision 3 conflicts at 5; the row is at 9 by the time of the retry.
async fn conflict() -> (Client<Window>, Mutation<Note>) {
    let store = MemoryStore::new(Uuid::from_u128(1), "");
    hear(&store, 3, Vec::new()).await;
    let window =
        Window { store: store.clone(), server: Down::default(), channel: |_| {}, ids: Cell::default() };
    let client = Client::open(window).await.expect("opened");
    let mine = client.record(note("Mine"), 3).await.expect("saved");
    let outcome = Outcome {
        verdict: Verdict::Conflict,
        code: "title_changed".to_owned(),
        message: String::new(),
        rows: vec![Versioned { rev: 5, row: note("Theirs") }],
        removed: Vec::new(),
    };
    hear(&store, 5, vec![Receipt { seq: mine.seq, id: mine.id, outcome }]).await;
    hear(&store, 9, Vec::new()).await;
    client.reload_queue().await.expect("read");
    (client, mine)
}

#[test]
fn a_retry_wins_over_what_was_shown_and_not_over_what_came_later() {
    block_on(async {
        let (client, mine) = conflict().await;
        let again = client.retry(mine.id).await.expect("saved");
        assert_eq!((again.base, again.replaces), (5, Some(mine.id)));
        assert_eq!(client.pending().len(), 1, "in place of the refused one");
    });
}

#[test]
fn a_part_of_it_can_keep_the_base_and_win_over_nothing() {
    block_on(async {
        let (client, mine) = conflict().await;
        let part = client.retry_as(mine.id, note("Part"), RetryBase::Unchanged).await.expect("saved");
        assert_eq!((part.base, part.action), (3, note("Part")));
    });
}
