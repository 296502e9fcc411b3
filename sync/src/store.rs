//! The port to what the device keeps: server rows, the outbound queue, the journal and the cursor.
//!
//! Server rows hold server truth only; what is pending is folded over them ([`crate::fold`]). Every method is one
//! transaction. Several tabs and a worker may use one store at once: nothing may rest on being alone.

use std::future::Future;

use uuid::Uuid;

use crate::model::{Records, RowKey};
use crate::mutation::{Draft, JournalRecordOf, Mutation, QueueRecordOf, UnixMillis};
use crate::protocol::{Cursor, Receipt, Removal, ReplacedRange, Versioned};

/// Why the store could not do it. Nothing of the transaction was kept, unless the variant says otherwise. The texts are for
/// logs; the app has sentences for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The quota is used up.
    #[error("no space left on this device")]
    Full,
    /// Another build of the app holds the database, or a newer one has upgraded it.
    #[error("another version of the app holds the database")]
    Occupied,
    /// The database is gone or does not answer. What an unanswered commit was to store may be there all the same.
    #[error("storage unavailable: {0}")]
    Unavailable(String),
    /// A record could not be read.
    #[error("unreadable record: {0}")]
    Corrupt(String),
    /// The record is not in the queue (any more).
    #[error("no such entry in the queue")]
    Gone,
}

/// What the next exchange is to carry.
#[derive(Clone, Debug, PartialEq)]
pub struct Outbox<A> {
    /// This life of the database.
    pub client: Uuid,
    /// The server's epoch as last seen.
    pub epoch: Option<Uuid>,
    /// The highest `seq` with a stored outcome; 0 for none.
    pub last_outcome_seq: u64,
    /// How far the rows reach.
    pub cursor: Cursor,
    /// The scope the rows belong to.
    pub scope: String,
    /// The first pending mutations, by rising `seq`.
    pub mutations: Vec<Mutation<A>>,
    /// Pending mutations in all.
    pub pending: usize,
}

/// A server's answer, ready to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit<R: Clone> {
    /// The cursor the request was made with. If the store has moved on since, only receipts are kept.
    pub from: Cursor,
    /// The cursor after `rows` and `removed`.
    pub cursor: Cursor,
    /// Outcomes.
    pub receipts: Vec<Receipt<R>>,
    /// Changed rows; an older revision never replaces a newer one.
    pub rows: Vec<Versioned<R>>,
    /// Rows to remove, unless the store has a newer revision.
    pub removed: Vec<Removal>,
    /// The range of a snapshot that `rows` are all of.
    pub replaced: Option<ReplacedRange>,
    /// The server's epoch.
    pub epoch: Uuid,
    /// The server's highest receipt for this client before the request.
    pub known_seq: u64,
    /// The highest `seq` the device held an outcome for when it made the request. If the server knew less, it was
    /// restored, and whatever the journal has above `known_seq` goes back into the queue.
    pub last_outcome_seq: u64,
    /// The device's clock, for the journal.
    pub at: UnixMillis,
}

/// What a [`Commit`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Mutations that left the queue.
    pub acknowledged: usize,
    /// Mutations that now wait for a person.
    pub attention: usize,
    /// Mutations that went back from the journal into the queue.
    pub requeued: usize,
    /// Whether the rows and the cursor were kept, too.
    pub advanced: bool,
}

/// One thing to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// One row.
    Row(RowKey),
    /// The first rows of a table whose key starts with a prefix.
    Prefix {
        /// The table.
        table: &'static str,
        /// What the keys start with.
        prefix: String,
        /// Rows at most.
        limit: usize,
    },
}

impl Read {
    /// The table it reads.
    #[must_use]
    pub fn table(&self) -> &str {
        match self {
            Self::Row(key) => &key.table,
            Self::Prefix { table, .. } => table,
        }
    }
}

/// Rows, and the state of the queue they go with.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading<R: Clone> {
    /// What was found, in the order asked for.
    pub rows: Vec<Versioned<R>>,
    /// The queue's version at the same moment: folding any other version over these rows would count a mutation twice or
    /// not at all.
    pub queue_version: QueueVersion,
}

/// Which state of the queue is meant: no two of them are equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueVersion {
    /// Changes with everything but [`Store::enqueue`].
    pub changes: u64,
    /// The `seq` of the last record; 0 where there is none.
    pub last_seq: u64,
}

/// The queue at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Queue<M: Records> {
    /// Every record by rising `seq`.
    pub records: Vec<QueueRecordOf<M>>,
    /// Which state of the queue this is.
    pub version: QueueVersion,
    /// Records that this build cannot read: another one made them. They are kept and sent all the same.
    pub unreadable: usize,
}

/// An action as the store `S` returns it.
pub type ActionIn<S> = <<S as Store>::Records as Records>::Action;

/// A row as the store `S` returns it.
pub type RowIn<S> = <<S as Store>::Records as Records>::Row;

/// Keeps a device's data. A returned `Ok` of [`Store::enqueue`] means that the mutation survives a power cut.
pub trait Store {
    /// The model whose rows and actions it keeps.
    type Records: Records;
    /// The same data for code that only stores and forwards rows, such as [`run_round`](crate::run_round): it need not
    /// parse them.
    type Relay: Store + 'static;

    /// Another handle on the same data, as [`Store::Relay`].
    fn relay(&self) -> Self::Relay;

    /// Saves a draft at the queue's end and numbers it.
    fn enqueue(
        &self,
        draft: Draft<ActionIn<Self>>,
    ) -> impl Future<Output = Result<Mutation<ActionIn<Self>>, StoreError>>;

    /// The whole queue.
    fn queue(&self) -> impl Future<Output = Result<Queue<Self::Records>, StoreError>>;

    /// What the next exchange is to carry: at most `max_mutations`, and at most [`crate::MAX_BATCH_BYTES`] of them where
    /// the store knows their size.
    fn outbox(
        &self,
        max_mutations: usize,
    ) -> impl Future<Output = Result<Outbox<ActionIn<Self>>, StoreError>>;

    /// Stores an answer: outcomes, rows and cursor together.
    fn commit(&self, commit: Commit<RowIn<Self>>) -> impl Future<Output = Result<Committed, StoreError>>;

    /// Undoes a pending mutation. It may have been sent already, so the record stays until the server has told what became of
    /// it, and is no part of the view meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Gone`] if it is not pending (any more).
    fn withdraw(&self, seq: u64) -> impl Future<Output = Result<(), StoreError>>;

    /// Removes a record that waits for a person; with `replacement`, enqueues that in its place.
    ///
    /// # Errors
    /// [`StoreError::Gone`] if it does not wait for a person (any more).
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

    /// Rows together with the version of the queue that they go with.
    fn read(&self, reads: &[Read]) -> impl Future<Output = Result<Reading<RowIn<Self>>, StoreError>>;

    /// One row.
    fn get(&self, key: &RowKey) -> impl Future<Output = Result<Option<Versioned<RowIn<Self>>>, StoreError>>;

    /// Rows of a table by rising key: those after `after` whose key starts with `prefix`, at most `limit`.
    fn scan(
        &self,
        table: &'static str,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Versioned<RowIn<Self>>>, StoreError>>;

    /// Rows of a table with this index key, by rising key.
    fn find(
        &self,
        table: &'static str,
        index_key: &str,
    ) -> impl Future<Output = Result<Vec<Versioned<RowIn<Self>>>, StoreError>>;

    /// Chooses the scope and takes the cursor back to the start; rows stay until the snapshot replaces them.
    fn restart(&self, scope: &str) -> impl Future<Output = Result<(), StoreError>>;

    /// Removes every row and takes the cursor back to the start of a snapshot of `scope`, for rows that cannot be read. Queue,
    /// journal and settings stay.
    fn drop_rows(&self, scope: &str) -> impl Future<Output = Result<(), StoreError>>;

    /// Whether mutations are saved in space that was reserved for them, and rows are refused, because the device is full.
    /// A store without such a reserve says no.
    fn is_reserve_spent(&self) -> impl Future<Output = Result<bool, StoreError>> {
        async { Ok(false) }
    }

    /// Counts the counter `name` up, from 1; no number is given twice.
    fn next_number(&self, name: &str) -> impl Future<Output = Result<u64, StoreError>>;

    /// A setting as last put.
    fn setting(&self, name: &str) -> impl Future<Output = Result<Option<String>, StoreError>>;

    /// Puts or, with `None`, forgets a setting.
    fn put_setting(&self, name: &str, value: Option<&str>) -> impl Future<Output = Result<(), StoreError>>;
}
