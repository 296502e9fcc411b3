//! The port to the device's storage: server rows, the outbound queue, the journal and the cursor.
//!
//! Server rows hold the server's state only; pending mutations are folded over them ([`crate::fold`]). Every
//! method is one transaction. Several tabs and a worker may use one store at the same time: no code may
//! assume exclusive access.

use std::future::Future;

use uuid::Uuid;

use crate::model::{Records, RowKey};
use crate::mutation::{Draft, JournalRecordOf, Mutation, QueueRecordOf, UnixMillis};
use crate::protocol::{Cursor, Receipt, Removal, ReplacedRange, Versioned};

/// The reason why a store operation failed. Nothing of the transaction was kept, unless the variant says
/// otherwise. The texts are for logs; the app has its own sentences for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The quota is used up.
    #[error("no space left on this device")]
    Full,
    /// Another build of the app holds the database, or a newer one has upgraded it.
    #[error("another version of the app holds the database")]
    Occupied,
    /// The database is gone.
    #[error("storage unavailable: {0}")]
    Unavailable(String),
    /// The database did not answer for this many milliseconds, also when it was asked again. Nothing was saved;
    /// an answer of the server may have been stored.
    #[error("the database gave no answer for {0} ms")]
    NoAnswer(u32),
    /// A save was not answered, and the database does not say whether it is stored.
    #[error("no answer whether the save is stored")]
    Undecided,
    /// A record could not be read.
    #[error("unreadable record: {0}")]
    Corrupt(String),
    /// The record is not in the queue (or no longer).
    #[error("no such entry in the queue")]
    Gone,
}

/// The input of the next exchange.
#[derive(Clone, Debug, PartialEq)]
pub struct Outbox<A> {
    /// The id of this life of the database.
    pub client: Uuid,
    /// The server's epoch as last received.
    pub epoch: Option<Uuid>,
    /// The highest `seq` with a stored outcome; 0 for none.
    pub last_outcome_seq: u64,
    /// The cursor of the rows.
    pub cursor: Cursor,
    /// The scope the rows belong to.
    pub scope: String,
    /// The first pending mutations, by ascending `seq`.
    pub mutations: Vec<Mutation<A>>,
    /// Total number of pending mutations.
    pub pending: usize,
}

/// A server's answer, ready to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit<R: Clone> {
    /// The cursor of the request. If the store's cursor has changed since, only receipts are kept.
    pub from: Cursor,
    /// The cursor after `rows` and `removed`.
    pub cursor: Cursor,
    /// Outcomes.
    pub receipts: Vec<Receipt<R>>,
    /// Changed rows; an older revision never replaces a newer one.
    pub rows: Vec<Versioned<R>>,
    /// Rows to remove, unless the store has a newer revision.
    pub removed: Vec<Removal>,
    /// The range of a snapshot that `rows` replace completely.
    pub replaced: Option<ReplacedRange>,
    /// The server's epoch.
    pub epoch: Uuid,
    /// The server's highest receipt for this client before the request.
    pub known_seq: u64,
    /// The highest `seq` with an outcome on the device when it made the request. If the server knew less, it
    /// was restored, and all journal records above `known_seq` go back into the queue.
    pub last_outcome_seq: u64,
    /// The device's clock, for the journal.
    pub at: UnixMillis,
}

/// The effect of a [`Commit`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Mutations that left the queue.
    pub acknowledged: usize,
    /// Mutations that now need a person's attention.
    pub attention: usize,
    /// Mutations that went back from the journal into the queue.
    pub requeued: usize,
    /// Whether the rows and the cursor were kept as well.
    pub advanced: bool,
}

/// One query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// One row.
    Row(RowKey),
    /// The first rows of a table whose key starts with a prefix.
    Prefix {
        /// The table.
        table: &'static str,
        /// The prefix of the keys.
        prefix: String,
        /// Maximum number of rows.
        limit: usize,
    },
}

impl Read {
    /// The table of the query.
    #[must_use]
    pub fn table(&self) -> &str {
        match self {
            Self::Row(key) => &key.table,
            Self::Prefix { table, .. } => table,
        }
    }
}

/// Rows, and the version of the queue that belongs to them.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading<R: Clone> {
    /// The rows found, in the order of the queries.
    pub rows: Vec<Versioned<R>>,
    /// The queue's version at the same moment: folding any other version over these rows would count a
    /// mutation twice or not at all.
    pub queue_version: QueueVersion,
    /// The site's revision of the device at the same moment: [`Cursor::rev`].
    pub site_rev: u64,
}

/// Identifies one state of the queue: no two states have equal versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueVersion {
    /// Changed by every write except [`Store::enqueue`].
    pub changes: u64,
    /// The `seq` of the last record; 0 if there is none.
    pub last_seq: u64,
}

/// The queue at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Queue<M: Records> {
    /// Every record by ascending `seq`.
    pub records: Vec<QueueRecordOf<M>>,
    /// The version of this state.
    pub version: QueueVersion,
    /// Records that this build cannot parse, because another build wrote them. They are kept and sent all the
    /// same.
    pub unreadable: usize,
}

/// An action as the store `S` returns it.
pub type ActionIn<S> = <<S as Store>::Records as Records>::Action;

/// A row as the store `S` returns it.
pub type RowIn<S> = <<S as Store>::Records as Records>::Row;

/// Keeps a device's data. `Ok` from [`Store::enqueue`] means that the mutation survives a power cut.
pub trait Store {
    /// The model of its rows and actions.
    type Records: Records;
    /// The same data for code that only stores and forwards rows, such as [`run_round`](crate::run_round): it need not
    /// parse them.
    type Relay: Store + 'static;

    /// Another handle on the same data, as [`Store::Relay`].
    fn relay(&self) -> Self::Relay;

    /// Appends a draft to the queue and numbers it. After [`StoreError::Undecided`] it may be stored; after any other
    /// error it is not, and will not be.
    fn enqueue(
        &self,
        draft: Draft<ActionIn<Self>>,
    ) -> impl Future<Output = Result<Mutation<ActionIn<Self>>, StoreError>>;

    /// The whole queue.
    fn queue(&self) -> impl Future<Output = Result<Queue<Self::Records>, StoreError>>;

    /// The input of the next exchange: at most `max_mutations`, and at most [`crate::MAX_BATCH_BYTES`] of
    /// them where the store knows their size.
    fn outbox(
        &self,
        max_mutations: usize,
    ) -> impl Future<Output = Result<Outbox<ActionIn<Self>>, StoreError>>;

    /// Stores an answer: outcomes, rows and cursor together.
    fn commit(&self, commit: Commit<RowIn<Self>>) -> impl Future<Output = Result<Committed, StoreError>>;

    /// Withdraws a pending mutation. It may have been sent already, so the record stays until the server's
    /// answer to the withdrawal, and is not part of the view meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Gone`] if it is not pending (or no longer).
    fn withdraw(&self, seq: u64) -> impl Future<Output = Result<(), StoreError>>;

    /// Removes a record that waits for a person; with `replacement`, enqueues that in its place.
    ///
    /// # Errors
    /// [`StoreError::Gone`] if it does not wait for a person (or no longer).
    fn settle(
        &self,
        seq: u64,
        replacement: Option<Draft<ActionIn<Self>>>,
    ) -> impl Future<Output = Result<Option<Mutation<ActionIn<Self>>>, StoreError>>;

    /// The newest `limit` journal records, newest first.
    fn journal(
        &self,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<JournalRecordOf<Self::Records>>, StoreError>>;

    /// Rows together with the version of the queue that belongs to them.
    fn read(&self, reads: &[Read]) -> impl Future<Output = Result<Reading<RowIn<Self>>, StoreError>>;

    /// One row.
    fn get(&self, key: &RowKey) -> impl Future<Output = Result<Option<Versioned<RowIn<Self>>>, StoreError>>;

    /// Rows of a table by ascending key: those after `after` whose key starts with `prefix`, at most `limit`.
    fn scan(
        &self,
        table: &'static str,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Versioned<RowIn<Self>>>, StoreError>>;

    /// Rows of a table with this index key, by ascending key.
    fn find(
        &self,
        table: &'static str,
        index_key: &str,
    ) -> impl Future<Output = Result<Vec<Versioned<RowIn<Self>>>, StoreError>>;

    /// Sets the scope and resets the cursor to the start; rows stay until the snapshot replaces them.
    fn restart(&self, scope: &str) -> impl Future<Output = Result<(), StoreError>>;

    /// Removes every row and resets the cursor to the start of a snapshot of `scope`, for rows that cannot be
    /// parsed. Queue, journal and settings stay.
    fn drop_rows(&self, scope: &str) -> impl Future<Output = Result<(), StoreError>>;

    /// Whether the device is full, so that mutations are saved in reserved space and rows are refused. Refills the reserve
    /// if there is space again. `false` for a store without such a reserve.
    fn is_full(&self) -> impl Future<Output = Result<bool, StoreError>> {
        async { Ok(false) }
    }

    /// Increments the counter `name` and returns it, from 1; no number is returned twice.
    fn next_number(&self, name: &str) -> impl Future<Output = Result<u64, StoreError>>;

    /// The current value of a setting.
    fn setting(&self, name: &str) -> impl Future<Output = Result<Option<String>, StoreError>>;

    /// Sets a setting, or removes it with `None`.
    fn put_setting(&self, name: &str, value: Option<&str>) -> impl Future<Output = Result<(), StoreError>>;
}
