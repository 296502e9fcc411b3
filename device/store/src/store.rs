//! The engine's `Store` port on a [`Database`].

use std::future;
use std::marker::PhantomData;
use std::path::Path;
use std::rc::Rc;
use std::task::Poll;

use sync::{
    Commit, Committed, Draft, JournalRecordOf, Mutation, Outbox, Queue, QueueRecord, Read, Reading, Records,
    Relay, RowKey, Store, StoreError, Versioned,
};
use uuid::Uuid;

use crate::database::Database;
use crate::fault::{Fault, corrupt};
use crate::rows::{self, Part};
use crate::schema::Life;
use crate::{commit, meta, queue};

/// A device's database. Clones of a handle, such as [`Store::relay`], share one connection; other handles and other
/// processes may use the same file.
#[derive(Debug)]
pub struct SqliteStore<M: Records> {
    pub(crate) database: Rc<Database>,
    model: PhantomData<M>,
}

impl<M: Records> Clone for SqliteStore<M> {
    fn clone(&self) -> Self {
        Self { database: Rc::clone(&self.database), model: PhantomData }
    }
}

impl<M: Records> SqliteStore<M> {
    /// Opens the database at `path`, or creates it with the client id `client` and the scope `scope`; both are ignored
    /// when it exists. Its log and its reserved space are beside it.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it is not such a database, [`StoreError::Occupied`] if a newer build wrote it,
    /// [`StoreError::Unavailable`] if the file cannot be opened.
    pub fn create(path: &Path, client: Uuid, scope: &str) -> Result<Self, StoreError> {
        Database::open::<M>(path, Some(Life { client, scope })).map(Self::of)
    }

    /// Opens the database at `path`. An empty file is damaged: what was saved in it is gone.
    ///
    /// # Errors
    /// As [`Self::create`]; [`StoreError::Unavailable`] also if there is none.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Database::open::<M>(path, None).map(Self::of)
    }

    /// A database in memory. It is lost with its last handle.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if there is no memory.
    pub fn in_memory(client: Uuid, scope: &str) -> Result<Self, StoreError> {
        Database::in_memory::<M>(Life { client, scope }).map(Self::of)
    }

    fn of(database: Database) -> Self {
        Self { database: Rc::new(database), model: PhantomData }
    }
}

/// Lets tasks beside this one begin, before this one keeps their thread: the request of a snapshot's next part is then
/// on its way while the current part is stored.
async fn let_others_begin() {
    let mut has_let = false;
    future::poll_fn(|context| {
        if std::mem::replace(&mut has_let, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl<M: Records> Store for SqliteStore<M> {
    type Records = M;
    type Relay = SqliteStore<Relay<M>>;

    fn relay(&self) -> Self::Relay {
        SqliteStore { database: Rc::clone(&self.database), model: PhantomData }
    }

    async fn enqueue(&self, draft: Draft<M::Action>) -> Result<Mutation<M::Action>, StoreError> {
        let mut mutation = Mutation::from_draft(draft, 0, M::SCHEMA);
        let unread = queue::unread::<M>(&mutation).map_err(|Fault(error)| error)?;
        mutation.seq = self.database.save(|tx| queue::push(tx, &unread))?;
        Ok(mutation)
    }

    async fn queue(&self) -> Result<Queue<M>, StoreError> {
        self.database.read(|tx| {
            let (records, unreadable) = queue::all_read::<M>(tx)?;
            Ok(Queue { records, unreadable, version: queue::version(tx)? })
        })
    }

    async fn outbox(&self, max_mutations: usize) -> Result<Outbox<M::Action>, StoreError> {
        self.database.read(|tx| {
            let client =
                meta::text(tx, meta::CLIENT)?.ok_or_else(|| corrupt("the client's id is missing"))?;
            let epoch = meta::text(tx, meta::EPOCH)?;
            let (mutations, pending) = queue::pending(tx, max_mutations)?;
            // An unparsable mutation must not block the others.
            let read = mutations.into_iter().filter_map(|mutation| queue::read_mutation::<M>(mutation).ok());
            Ok(Outbox {
                client: client.parse().map_err(corrupt)?,
                epoch: epoch.map(|text| text.parse()).transpose().map_err(corrupt)?,
                last_outcome_seq: meta::number(tx, meta::LAST_OUTCOME_SEQ)?,
                cursor: meta::cursor(tx)?,
                scope: meta::text(tx, meta::SCOPE)?.unwrap_or_default(),
                mutations: read.collect(),
                pending,
            })
        })
    }

    async fn commit(&self, commit: Commit<M::Row>) -> Result<Committed, StoreError> {
        let_others_begin().await;
        commit::store::<M>(&self.database, &commit)
    }

    async fn withdraw(&self, seq: u64) -> Result<(), StoreError> {
        self.database.write(|tx| {
            let held = queue::get(tx, seq)?.filter(QueueRecord::is_pending);
            let mut record = held.ok_or(StoreError::Gone)?;
            record.mutation.withdrawn = true;
            queue::put(tx, &record)?;
            meta::count_up(tx, meta::QUEUE_CHANGES).map(drop)
        })
    }

    async fn settle(
        &self,
        seq: u64,
        replacement: Option<Draft<M::Action>>,
    ) -> Result<Option<Mutation<M::Action>>, StoreError> {
        let mut replacement = replacement.map(|draft| Mutation::from_draft(draft, 0, M::SCHEMA));
        let unread = replacement.as_ref().map(queue::unread::<M>).transpose();
        let unread = unread.map_err(|Fault(error)| error)?;
        let given = self.database.save(|tx| {
            let held = queue::get(tx, seq)?.filter(|record| !record.is_pending());
            held.ok_or(StoreError::Gone)?;
            queue::remove(tx, seq)?;
            meta::count_up(tx, meta::QUEUE_CHANGES)?;
            unread.as_ref().map(|unread| queue::push(tx, unread)).transpose()
        })?;
        if let (Some(replacement), Some(given)) = (&mut replacement, given) {
            replacement.seq = given;
        }
        Ok(replacement)
    }

    async fn journal(&self, limit: usize) -> Result<Vec<JournalRecordOf<M>>, StoreError> {
        self.database.read(|tx| queue::newest::<M>(tx, limit))
    }

    async fn read(&self, reads: &[Read]) -> Result<Reading<M::Row>, StoreError> {
        self.database.read(|tx| {
            let mut found = Vec::new();
            for read in reads {
                let kinds = &self.database.kinds;
                match read {
                    Read::Row(key) => found.extend(rows::get::<M>(tx, kinds, key)?),
                    Read::Prefix { table, prefix, limit } => {
                        let part = Part { table, prefix, after: "", limit: *limit };
                        found.extend(rows::scan::<M>(tx, kinds, part)?);
                    }
                }
            }
            let site_rev = meta::cursor(tx)?.rev();
            Ok(Reading { rows: found, queue_version: queue::version(tx)?, site_rev })
        })
    }

    async fn get(&self, key: &RowKey) -> Result<Option<Versioned<M::Row>>, StoreError> {
        self.database.read(|tx| rows::get::<M>(tx, &self.database.kinds, key))
    }

    async fn scan(
        &self,
        table: &'static str,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Versioned<M::Row>>, StoreError> {
        let part = Part { table, prefix, after, limit };
        self.database.read(|tx| rows::scan::<M>(tx, &self.database.kinds, part))
    }

    async fn find(&self, table: &'static str, index_key: &str) -> Result<Vec<Versioned<M::Row>>, StoreError> {
        self.database.read(|tx| rows::find::<M>(tx, &self.database.kinds, table, index_key))
    }

    async fn restart(&self, scope: &str) -> Result<(), StoreError> {
        self.database.write(|tx| meta::restart(tx, scope))
    }

    async fn drop_rows(&self, scope: &str) -> Result<(), StoreError> {
        self.database.write(|tx| {
            tx.execute_batch("DELETE FROM rows; DELETE FROM row_keys;")?;
            meta::restart(tx, scope)
        })
    }

    async fn is_full(&self) -> Result<bool, StoreError> {
        let reserve = &self.database.reserve;
        Ok(reserve.is_spent()? && !reserve.ensure()?)
    }

    async fn next_number(&self, name: &str) -> Result<u64, StoreError> {
        self.database.write(|tx| meta::count_up(tx, &meta::counter(name)))
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.database.read(|tx| meta::text(tx, &meta::setting(name)))
    }

    async fn put_setting(&self, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        self.database.write(|tx| meta::put(tx, &meta::setting(name), value))
    }
}
