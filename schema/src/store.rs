//! The engine's `Store` port on IndexedDB.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;

use futures::FutureExt;
use futures::future::{LocalBoxFuture, join_all};
use sync::{
    Commit, Committed, Draft, JournalRecordOf, Mutation, Outbox, Queue, QueueRecord, QueueVersion, Read,
    Reading, Records, Relay, RowKey, Store, StoreError, Versioned,
};
use uuid::Uuid;
use wasm_bindgen::JsValue;

use crate::connection::Connection;
use crate::filter::has_keys_since;
use crate::known::{Filters, Known};
use crate::meta::{
    CURSOR, count_up, cursor_of, number_of, read_number, read_text, read_texts, reset_cursor, setting_key,
    write_text,
};
use crate::migrations::{Needs, version_of};
use crate::rows::corrupt;
use crate::table::{Changes, Table, changes_name, filters_name};
use crate::transaction::{Mode, Tx, of_idb};
use crate::{JOURNAL, META, MUTATION_QUEUE, QUEUE_CHANGES, ROWS_VERSION, outbox, queue, reserve, save};

/// The setting that has the version of the index to which [`IdbStore::reindex_all`] has brought all rows.
const INDEXED_SETTING: &str = "indexed_version";
/// Limit of transactions that give one table's pages new filters.
const MAX_REINDEX_STEPS: usize = 1_000;

/// A device's database. Clones of its handle, such as [`Store::relay`], share one connection.
#[derive(Debug)]
pub struct IdbStore<M: Records> {
    pub(crate) connection: Rc<Connection>,
    pub(crate) known: Rc<RefCell<Known>>,
    model: PhantomData<M>,
}

impl<M: Records> Clone for IdbStore<M> {
    fn clone(&self) -> Self {
        Self { connection: Rc::clone(&self.connection), known: Rc::clone(&self.known), model: PhantomData }
    }
}

/// Work in a durable transaction. Its number is the result of those that have one.
type NumberWork<'a> = &'a dyn Fn(Tx) -> LocalBoxFuture<'a, Result<u64, StoreError>>;

impl<M: Records> IdbStore<M> {
    /// Opens the database `name`. A new one gets the client id `client` and the scope `scope`; both are
    /// ignored when it exists.
    ///
    /// # Errors
    /// [`StoreError::Occupied`] when another build holds it, [`StoreError::Unavailable`] when the browser
    /// refuses it.
    pub async fn open(name: &str, client: Uuid, scope: &str) -> Result<Self, StoreError> {
        let version = const { version_of(M::TABLES_VERSION) };
        let needs = Needs { version, tables: M::TABLES, client, scope: scope.to_owned() };
        let connection = Connection::open(name, needs).await?;
        Ok(Self { connection: Rc::new(connection), known: Rc::default(), model: PhantomData })
    }

    /// Lowers the time limits of every transaction that begins from now on; by default the browser has 10
    /// seconds for each answer, and 30 where rows are stored. An unanswered transaction is tried again on a new handle,
    /// and then fails with [`StoreError::NoAnswer`], or a save with [`StoreError::Undecided`].
    pub fn set_transaction_limit(&self, limit_millis: u32) {
        self.connection.set_max_limit_millis(limit_millis);
    }

    /// Runs `work` in a transaction over all stores of `tables`, and `others`; as [`Connection::run`].
    pub(crate) async fn run<T>(
        &self,
        tables: &[&str],
        others: &[&str],
        mode: Mode,
        work: impl AsyncFn(Tx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let stores = stores_of(tables, others);
        let stores: Vec<&str> = stores.iter().map(String::as_str).collect();
        self.connection.run(&stores, mode, work).await
    }

    /// Stores an answer or rows, once; as [`Connection::run_once`].
    pub(crate) async fn run_once<T>(
        &self,
        others: &[&str],
        work: impl AsyncFnOnce(Tx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let stores = stores_of(M::TABLES, others);
        let stores: Vec<&str> = stores.iter().map(String::as_str).collect();
        self.connection.run_once(&stores, Mode::Write, work).await
    }

    /// Runs `work` in a durable transaction, and returns its number. If there is no space, deletes the reserve
    /// and runs `work` once more.
    async fn write_durably(&self, stores: &[&str], work: NumberWork<'_>) -> Result<u64, StoreError> {
        let run = async || self.connection.run(stores, Mode::WriteDurably, async |tx| work(tx).await).await;
        reserve::with(&self.connection, run).await
    }

    async fn changes(&self, table: &Table, name: &str, version: u64) -> Result<Rc<Changes>, StoreError> {
        if let Some(changes) = self.known.borrow_mut().changes(version, name) {
            return Ok(changes);
        }
        let changes = Rc::new(table.changes(M::identify_json).await?);
        self.known.borrow_mut().keep_changes(version, name, changes.clone());
        Ok(changes)
    }

    async fn filters(&self, table: &Table, name: &str, version: u64) -> Result<Rc<Filters>, StoreError> {
        if let Some(filters) = self.known.borrow_mut().filters(version, name) {
            return Ok(filters);
        }
        let filters = Rc::new(table.filters().await?);
        self.known.borrow_mut().keep_filters(version, name, filters.clone());
        Ok(filters)
    }

    /// Rows with this index key; `None` if some filters do not have the keys of `version`.
    async fn find_indexed(
        &self,
        table: &'static str,
        index_key: &str,
        version: u8,
    ) -> Result<Option<Vec<Versioned<M::Row>>>, StoreError> {
        self.run(&[table], &[META], Mode::Read, async |tx| {
            let rows_version = read_number(&tx.store(META)?, ROWS_VERSION).await?;
            let stores = Table::of(&tx, table)?;
            let filters = self.filters(&stores, table, rows_version).await?;
            if !filters.iter().all(|page| has_keys_since(&page.hashes, version)) {
                return Ok(None);
            }
            let changes = self.changes(&stores, table, rows_version).await?;
            stores.find::<M>(&changes.rows, &filters, index_key).await.map(Some)
        })
        .await
    }

    /// Brings rows of earlier builds to the keys and index keys of this build, once. Look-ups do so as well where they need
    /// it.
    ///
    /// # Errors
    /// [`StoreError`]. The rows are as usable as before.
    pub async fn reindex_all(&self) -> Result<(), StoreError> {
        let current = M::INDEX_VERSION.to_string();
        if self.setting(INDEXED_SETTING).await?.as_ref() == Some(&current) {
            return Ok(());
        }
        for table in M::TABLES {
            self.reindex(table, M::INDEX_VERSION).await?;
        }
        self.put_setting(INDEXED_SETTING, Some(&current)).await
    }

    /// Gives pages with filters of earlier builds new ones, in several transactions so that others get their turn. The
    /// version of the rows changes only if some move to other keys.
    async fn reindex(&self, table: &str, version: u8) -> Result<(), StoreError> {
        for _ in 0..MAX_REINDEX_STEPS {
            let step = async |tx: Tx| {
                let (meta, stores) = (tx.store(META)?, Table::of(&tx, table)?);
                let mut changes = stores.changes(M::identify_json).await?;
                let done = stores.reindex::<M>(version, &mut changes).await?;
                if done.has_moved {
                    count_up(&meta, ROWS_VERSION).await?;
                }
                tx.commit().await.map(|()| done)
            };
            let done = self.run(&[table], &[META], Mode::Write, step).await?;
            self.known.borrow_mut().forget_filters(table);
            if done.is_done {
                break;
            }
        }
        Ok(())
    }

    /// Runs the queries of one table, each with its position among all queries.
    async fn read_table(
        &self,
        tx: &Tx,
        name: &str,
        version: u64,
        reads: &[Read],
    ) -> Result<Vec<(usize, Vec<Versioned<M::Row>>)>, StoreError> {
        let (table, mut found) = (Table::of(tx, name)?, Vec::new());
        for (at, read) in reads.iter().enumerate().filter(|(_, read)| read.table() == name) {
            let changes = self.changes(&table, name, version).await?;
            let rows = match read {
                Read::Row(key) => table.get::<M>(&changes.rows, &key.key).await?.into_iter().collect(),
                Read::Prefix { prefix, limit, .. } => {
                    table.scan::<M>(&changes.rows, prefix, "", *limit).await?
                }
            };
            found.push((at, rows));
        }
        Ok(found)
    }
}

/// The stores of some tables, with their indexes, and `others`.
fn stores_of(tables: &[&str], others: &[&str]) -> Vec<String> {
    let named = tables.iter().chain(others).map(|&name| name.to_owned());
    named.chain(tables.iter().flat_map(|table| [filters_name(table), changes_name(table)])).collect()
}

impl<M: Records> Store for IdbStore<M> {
    type Records = M;
    type Relay = IdbStore<Relay<M>>;

    fn relay(&self) -> Self::Relay {
        let (connection, known) = (self.connection.clone(), self.known.clone());
        IdbStore { connection, known, model: PhantomData }
    }

    async fn enqueue(&self, draft: Draft<M::Action>) -> Result<Mutation<M::Action>, StoreError> {
        let mut mutation = Mutation::from_draft(draft, 0, M::SCHEMA);
        mutation.seq = save::save(&self.connection, &queue::unread::<M>(&mutation)?).await?;
        Ok(mutation)
    }

    async fn queue(&self) -> Result<Queue<M>, StoreError> {
        self.connection
            .run(&[META, MUTATION_QUEUE], Mode::Read, async |tx| {
                let (waiting, meta) = (tx.store(MUTATION_QUEUE)?, tx.store(META)?);
                let all = async {
                    futures::join!(
                        queue::all_read::<M>(&waiting),
                        queue::last_seq(&waiting),
                        read_number(&meta, QUEUE_CHANGES)
                    )
                };
                let (read, last_seq, changes) = tx.last(all).await;
                let (records, unreadable) = read?;
                let version = QueueVersion { changes: changes?, last_seq: last_seq? };
                Ok(Queue { records, unreadable, version })
            })
            .await
    }

    async fn outbox(&self, max_mutations: usize) -> Result<Outbox<M::Action>, StoreError> {
        let Outbox { client, epoch, last_outcome_seq, cursor, scope, mutations, pending } =
            outbox::read(&self.connection, max_mutations).await?;
        // An unparsable mutation must not block the others.
        let read = mutations.into_iter().filter_map(|mutation| queue::read_mutation::<M>(mutation).ok());
        let mutations = read.collect();
        Ok(Outbox { client, epoch, last_outcome_seq, cursor, scope, mutations, pending })
    }

    async fn commit(&self, commit: Commit<M::Row>) -> Result<Committed, StoreError> {
        self.store_and_fold(commit).await
    }

    async fn withdraw(&self, seq: u64) -> Result<(), StoreError> {
        let withdraw = async move |tx: Tx| {
            let waiting = tx.store(MUTATION_QUEUE)?;
            let held = queue::get(&waiting, seq).await?.filter(QueueRecord::is_pending);
            let mut record = held.ok_or(StoreError::Gone)?;
            record.mutation.withdrawn = true;
            queue::put(&waiting, &record)?;
            count_up(&tx.store(META)?, QUEUE_CHANGES).await?;
            tx.commit().await.map(|()| seq)
        };
        self.write_durably(&[META, MUTATION_QUEUE], &|tx| withdraw(tx).boxed_local()).await.map(drop)
    }

    async fn settle(
        &self,
        seq: u64,
        replacement: Option<Draft<M::Action>>,
    ) -> Result<Option<Mutation<M::Action>>, StoreError> {
        let mut replacement = replacement.map(|draft| Mutation::from_draft(draft, 0, M::SCHEMA));
        let unread = replacement.as_ref().map(queue::unread::<M>).transpose()?;
        let unread = &unread;
        let settle = async move |tx: Tx| {
            let waiting = tx.store(MUTATION_QUEUE)?;
            let held = queue::get(&waiting, seq).await?;
            if held.is_none()
                && let Some(unread) = unread
                && let Some(given) = queue::seq_of_id(&waiting, unread.id).await?
            {
                // An earlier try was not answered, but stored.
                return Ok(given);
            }
            held.filter(|record| !record.is_pending()).ok_or(StoreError::Gone)?;
            queue::remove(&waiting, seq)?;
            let given = match unread {
                Some(unread) => queue::push(&waiting, unread.clone())?.await?,
                None => 0,
            };
            count_up(&tx.store(META)?, QUEUE_CHANGES).await?;
            tx.commit().await?;
            Ok(given)
        };
        let given = self.write_durably(&[META, MUTATION_QUEUE], &|tx| settle(tx).boxed_local()).await?;
        if let Some(replacement) = &mut replacement {
            replacement.seq = given;
        }
        Ok(replacement)
    }

    async fn journal(&self, limit: usize) -> Result<Vec<JournalRecordOf<M>>, StoreError> {
        self.connection
            .run(&[JOURNAL], Mode::Read, async |tx| queue::newest::<M>(&tx.store(JOURNAL)?, limit).await)
            .await
    }

    async fn read(&self, reads: &[Read]) -> Result<Reading<M::Row>, StoreError> {
        if !reads.iter().all(|read| M::TABLES.contains(&read.table())) {
            return Err(corrupt("there is no such table"));
        }
        self.run(M::TABLES, &[META, MUTATION_QUEUE], Mode::Read, async |tx| {
            let (meta, waiting) = (tx.store(META)?, tx.store(MUTATION_QUEUE)?);
            let asked = read_texts(&meta, [ROWS_VERSION, QUEUE_CHANGES, CURSOR]);
            let (texts, last_seq) = futures::join!(asked, queue::last_seq(&waiting));
            let ([version, changes, cursor], last_seq) = (texts?, last_seq?);
            let version = number_of(version)?;
            // A person waits for this: tables are read concurrently. All of them run to completion, so that
            // no request is dropped.
            let tables = M::TABLES.iter().map(|name| self.read_table(&tx, name, version, reads));
            let mut found = vec![Vec::new(); reads.len()];
            for of_table in join_all(tables).await {
                of_table?.into_iter().for_each(|(at, rows)| found[at] = rows);
            }
            let queue_version = QueueVersion { changes: number_of(changes)?, last_seq };
            let site_rev = cursor_of(cursor)?.rev();
            Ok(Reading { rows: found.into_iter().flatten().collect(), queue_version, site_rev })
        })
        .await
    }

    async fn get(&self, key: &RowKey) -> Result<Option<Versioned<M::Row>>, StoreError> {
        self.run(&[&key.table], &[META], Mode::Read, async |tx| {
            let version = read_number(&tx.store(META)?, ROWS_VERSION).await?;
            let table = Table::of(&tx, &key.table)?;
            let changes = self.changes(&table, &key.table, version).await?;
            tx.last(table.get::<M>(&changes.rows, &key.key)).await
        })
        .await
    }

    async fn scan(
        &self,
        table: &'static str,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Versioned<M::Row>>, StoreError> {
        self.run(&[table], &[META], Mode::Read, async |tx| {
            let version = read_number(&tx.store(META)?, ROWS_VERSION).await?;
            let stores = Table::of(&tx, table)?;
            let changes = self.changes(&stores, table, version).await?;
            stores.scan::<M>(&changes.rows, prefix, after, limit).await
        })
        .await
    }

    async fn find(&self, table: &'static str, index_key: &str) -> Result<Vec<Versioned<M::Row>>, StoreError> {
        let since = M::indexed_since(index_key);
        if let Some(found) = self.find_indexed(table, index_key, since).await? {
            return Ok(found);
        }
        // Without room for new filters, the pages themselves are read.
        drop(self.reindex(table, since).await);
        Ok(self.find_indexed(table, index_key, 0).await?.unwrap_or_default())
    }

    async fn restart(&self, scope: &str) -> Result<(), StoreError> {
        self.connection
            .run(&[META], Mode::Write, async |tx| {
                reset_cursor(&tx.store(META)?, scope)?;
                tx.commit().await
            })
            .await
    }

    async fn drop_rows(&self, scope: &str) -> Result<(), StoreError> {
        self.run(M::TABLES, &[META], Mode::Write, async |tx| {
            for name in M::TABLES {
                Table::of(&tx, name)?.clear()?;
            }
            let meta = tx.store(META)?;
            reset_cursor(&meta, scope)?;
            count_up(&meta, ROWS_VERSION).await?;
            tx.commit().await
        })
        .await
    }

    async fn is_full(&self) -> Result<bool, StoreError> {
        reserve::is_missing(&self.connection).await
    }

    async fn next_number(&self, name: &str) -> Result<u64, StoreError> {
        let count = async move |tx: Tx| {
            let number = count_up(&tx.store(META)?, &format!("counter:{name}")).await?;
            tx.commit().await?;
            Ok(number)
        };
        self.write_durably(&[META], &|tx| count(tx).boxed_local()).await
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.connection
            .run(&[META], Mode::Read, async |tx| {
                let meta = tx.store(META)?;
                tx.last(read_text(&meta, &setting_key(name))).await
            })
            .await
    }

    async fn put_setting(&self, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        let put = async move |tx: Tx| {
            let meta = tx.store(META)?;
            match value {
                Some(value) => write_text(&meta, &setting_key(name), value)?,
                None => drop(meta.delete(JsValue::from_str(&setting_key(name))).map_err(of_idb)?),
            }
            tx.commit().await.map(|()| 0)
        };
        self.write_durably(&[META], &|tx| put(tx).boxed_local()).await.map(drop)
    }
}
