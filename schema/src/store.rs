//! The engine's `Store` port on IndexedDB.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;

use futures::future::join_all;
use sync::{
    Commit, Committed, Draft, JournalRecord, JournalRecordOf, Json, Mutation, Outbox, Queue, QueueRecord,
    QueueState, QueueVersion, Read, Reading, Receipt, Records, Relay, RowKey, Settlement, Store, StoreError,
    UnixMillis, Versioned,
};
use uuid::Uuid;
use wasm_bindgen::JsValue;

use crate::connection::Connection;
use crate::known::{Filters, Known, Written};
use crate::meta::{
    CURSOR, begin_anew, count_up, cursor_of, number_of, read_number, read_text, read_texts, setting_key,
    write_number, write_text,
};
use crate::migrations::Beginning;
use crate::outbox::LAST_OUTCOME_SEQ;
use crate::rows::{Rows, corrupt};
use crate::table::{Changes, LEFT_RECENT_ROWS, MAX_RECENT_ROWS, Table, changes_name, filters_name};
use crate::table_change::{TableChange, changes_by_table};
use crate::transaction::{Mode, Tx, of_idb};
use crate::{JOURNAL, META, MUTATION_QUEUE, QUEUE_CHANGES, ROWS_VERSION, outbox, queue, reserve};

/// Transactions that folding one table's changes may take.
const MAX_FOLD_STEPS: usize = 1_000;

/// A device's database. Clones of its handle, such as [`IdbStore::relay`], share one connection.
#[derive(Debug)]
pub struct IdbStore<M: Records> {
    connection: Rc<Connection>,
    known: Rc<RefCell<Known>>,
    model: PhantomData<M>,
}

impl<M: Records> IdbStore<M> {
    /// Opens the database `name`. A new one becomes the client `client` and wants the rows of `scope`; both are
    /// ignored when it exists.
    ///
    /// # Errors
    /// [`StoreError::Occupied`] when another build holds it, [`StoreError::Unavailable`] when the browser refuses it.
    pub async fn open(name: &str, client: Uuid, scope: &str) -> Result<Self, StoreError> {
        let beginning = Beginning { client, scope: scope.to_owned() };
        let connection = Connection::open(name, M::TABLES, beginning).await?;
        Ok(Self { connection: Rc::new(connection), known: Rc::default(), model: PhantomData })
    }

    /// The same database for somebody who only passes rows and actions on.
    pub fn relay(&self) -> IdbStore<Relay<M>> {
        let (connection, known) = (self.connection.clone(), self.known.clone());
        IdbStore { connection, known, model: PhantomData }
    }

    /// Empties every table and takes the cursor back to the start, for rows that cannot be read. Queue, journal and settings
    /// stay.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was changed.
    pub async fn drop_rows(&self, scope: &str) -> Result<(), StoreError> {
        let tx = self.begin(M::TABLES, &[META], Mode::Write).await?;
        for name in M::TABLES {
            Table::of(&tx, name)?.clear()?;
        }
        let meta = tx.store(META)?;
        begin_anew(&meta, scope)?;
        count_up(&meta, ROWS_VERSION).await?;
        tx.commit().await
    }

    /// Whether mutations are saved in the space that was put by for them, and no rows are stored, because the device is
    /// full.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn is_reserve_spent(&self) -> Result<bool, StoreError> {
        reserve::is_spent(&self.connection).await
    }

    async fn begin(&self, tables: &[&str], others: &[&str], mode: Mode) -> Result<Tx, StoreError> {
        let beside = tables.iter().flat_map(|table| [filters_name(table), changes_name(table)]);
        let beside: Vec<String> = beside.collect();
        let stores: Vec<&str> =
            [tables, others].concat().into_iter().chain(beside.iter().map(String::as_str)).collect();
        self.connection.begin(&stores, mode).await
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

    async fn changes_to_write(&self, table: &Table, name: &str, version: u64) -> Result<Changes, StoreError> {
        let known = self.known.borrow_mut().take_changes(version, name);
        match known {
            Some(changes) => Ok(changes),
            None => table.changes(M::identify_json).await,
        }
    }

    /// What is asked of one table, each with its place among all that is asked.
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

    /// Writes rows of any table. What was `written` before by the same transaction is built upon.
    async fn write_rows(
        &self,
        tx: &Tx,
        version: u64,
        written: &mut Vec<Written>,
        changes: Vec<TableChange>,
    ) -> Result<(), StoreError> {
        for TableChange { name, replaced, rows } in changes {
            let table = Table::of(tx, name)?;
            let before = written.iter().position(|written| written.name == name);
            let mut after = match before {
                Some(at) => written.swap_remove(at),
                None => {
                    let changes = self.changes_to_write(&table, name, version).await?;
                    Written { name: name.to_owned(), changes, has_new_pages: false }
                }
            };
            after.has_new_pages |= replaced.is_some();
            table.write::<M>(&mut after.changes, replaced, Rows::sorted(rows)).await?;
            written.push(after);
        }
        Ok(())
    }

    /// Folds most changes of a table into its pages, a part at a time so that readers get their turn.
    async fn fold(&self, name: &str) -> Result<(), StoreError> {
        for _ in 0..MAX_FOLD_STEPS {
            let tx = self.begin(&[name], &[META], Mode::Write).await?;
            let meta = tx.store(META)?;
            let version = read_number(&meta, ROWS_VERSION).await?;
            let table = Table::of(&tx, name)?;
            let mut changes = self.changes_to_write(&table, name, version).await?;
            table.fold::<M>(&mut changes, LEFT_RECENT_ROWS).await?;
            let is_done = changes.rows.len() <= LEFT_RECENT_ROWS;
            let next = count_up(&meta, ROWS_VERSION).await?;
            tx.commit().await?;
            let written = Written { name: name.to_owned(), changes, has_new_pages: true };
            self.known.borrow_mut().advance(version, next, vec![written]);
            if is_done {
                break;
            }
        }
        Ok(())
    }

    /// Begins to store an answer that decides nothing. Its rows never take the space that is put by for mutations.
    async fn begin_pull(&self, has_rows: bool) -> Result<Tx, StoreError> {
        let tx = self.begin(M::TABLES, &[META], Mode::Write).await?;
        if !has_rows || reserve::is_in(&tx.store(META)?).await? {
            return Ok(tx);
        }
        drop(tx);
        if !reserve::ensure(&self.connection).await? {
            return Err(StoreError::Full);
        }
        self.begin(M::TABLES, &[META], Mode::Write).await
    }

    /// Stores an answer in one transaction; without room for rows, what it decides alone.
    async fn store_answer(
        &self,
        tx: Tx,
        commit: Commit<M::Row>,
        decides: bool,
        has_room: bool,
    ) -> Result<Committed, StoreError> {
        let restored = commit.known_seq < commit.last_outcome_seq;
        let meta = tx.store(META)?;
        let [cursor, version] = read_texts(&meta, [CURSOR, ROWS_VERSION]).await?;
        let (advanced, version) = (has_room && cursor_of(cursor)? == commit.from, number_of(version)?);
        let mut written = Vec::new();
        let mut committed = Committed { advanced, ..Committed::default() };
        if restored {
            committed.requeued = Self::requeue(&tx, commit.known_seq).await?;
        }
        // Receipts first: the changes were read after the mutations were booked.
        if !commit.receipts.is_empty() {
            let changes = Self::decide(&tx, commit.receipts, commit.at, &mut committed).await?;
            self.write_rows(&tx, version, &mut written, changes).await?;
        }
        if advanced {
            let changes = changes_by_table::<M>(commit.rows, commit.removed, commit.replaced)?;
            self.write_rows(&tx, version, &mut written, changes).await?;
            write_text(&meta, CURSOR, &serde_json::to_string(&commit.cursor).map_err(corrupt)?)?;
            write_text(&meta, "epoch", &commit.epoch.to_string())?;
        }
        if decides {
            count_up(&meta, QUEUE_CHANGES).await?;
        }
        let next = if written.is_empty() { version } else { version.wrapping_add(1) };
        if next != version {
            write_number(&meta, ROWS_VERSION, next)?;
        }
        tx.commit().await?;
        let due = written.iter().filter(|written| written.changes.rows.len() > MAX_RECENT_ROWS);
        let due: Vec<String> = due.map(|written| written.name.clone()).collect();
        self.known.borrow_mut().advance(version, next, written);
        for name in due {
            // The answer is stored, whatever becomes of this; the next commit tries again.
            drop(self.fold(&name).await);
        }
        Ok(committed)
    }

    /// Books receipts in the queue and the journal, and returns what they do to rows. Those of other mutations are
    /// left out.
    async fn decide(
        tx: &Tx,
        receipts: Vec<Receipt<M::Row>>,
        at: UnixMillis,
        committed: &mut Committed,
    ) -> Result<Vec<TableChange>, StoreError> {
        let waiting = tx.store(MUTATION_QUEUE)?;
        let (mut rows, mut removed) = (Vec::new(), Vec::new());
        let mut last_outcome_seq = read_number(&tx.store(META)?, LAST_OUTCOME_SEQ).await?;
        for Receipt { seq, id, outcome } in receipts {
            let held = queue::get(&waiting, seq).await?;
            let Some(record) = held.filter(|record| record.mutation.id == id && record.is_pending()) else {
                continue;
            };
            let settlement = record.mutation.settlement(&outcome);
            if settlement == Settlement::Overtaken {
                continue;
            }
            last_outcome_seq = last_outcome_seq.max(seq);
            rows.extend(outcome.rows.clone());
            removed.extend(outcome.removed.clone());
            let outcome = outcome.try_with_rows(|row| Json::of(&row)).map_err(corrupt)?;
            if settlement == Settlement::Acknowledged {
                committed.acknowledged += 1;
                queue::remove(&waiting, seq)?;
                let entry = JournalRecord { mutation: record.mutation, outcome, acknowledged_at: at };
                queue::journal(&tx.store(JOURNAL)?, &entry).await?;
            } else {
                committed.attention += 1;
                queue::put(&waiting, &QueueRecord { state: QueueState::Attention(outcome), ..record })?;
            }
        }
        write_text(&tx.store(META)?, LAST_OUTCOME_SEQ, &last_outcome_seq.to_string())?;
        changes_by_table::<M>(rows, removed, None)
    }

    /// Puts what the server lost, all above `known_seq`, back into the queue. What it has decided since is told again.
    async fn requeue(tx: &Tx, known_seq: u64) -> Result<usize, StoreError> {
        let lost = queue::take(&tx.store(JOURNAL)?, known_seq).await?;
        let waiting = tx.store(MUTATION_QUEUE)?;
        let mut requeued = lost.len();
        let (waited, _) = queue::all(&waiting).await?;
        for record in waited.into_iter().filter(|record| record.mutation.seq > known_seq) {
            // That it was booked before it was undone is no longer so.
            if record.mutation.withdrawn && !record.is_pending() {
                queue::put(&waiting, &QueueRecord { state: QueueState::Pending, ..record })?;
                requeued += 1;
            }
        }
        for JournalRecord { mutation, .. } in lost {
            queue::put(&waiting, &QueueRecord { mutation, state: QueueState::Pending })?;
        }
        let meta = tx.store(META)?;
        let last_outcome_seq = read_number(&meta, LAST_OUTCOME_SEQ).await?.min(known_seq);
        write_text(&meta, LAST_OUTCOME_SEQ, &last_outcome_seq.to_string())?;
        Ok(requeued)
    }
}

impl<M: Records> Store<M> for IdbStore<M> {
    async fn enqueue(&self, draft: Draft<M::Action>) -> Result<Mutation<M::Action>, StoreError> {
        let mut mutation = Mutation::from_draft(draft, 0, M::SCHEMA);
        let unread = queue::unread::<M>(&mutation)?;
        let save = async || queue::save(&self.connection, unread.clone()).await;
        mutation.seq = reserve::with(&self.connection, save).await?;
        Ok(mutation)
    }

    async fn queue(&self) -> Result<Queue<M>, StoreError> {
        let tx = self.connection.begin(&[META, MUTATION_QUEUE], Mode::Read).await?;
        let (waiting, meta) = (tx.store(MUTATION_QUEUE)?, tx.store(META)?);
        let (read, last_seq, changes) = futures::join!(
            queue::all_read::<M>(&waiting),
            queue::last_seq(&waiting),
            read_number(&meta, QUEUE_CHANGES)
        );
        let (records, unreadable) = read?;
        Ok(Queue { records, unreadable, version: QueueVersion { changes: changes?, last_seq: last_seq? } })
    }

    async fn outbox(&self, max_mutations: usize) -> Result<Outbox<M::Action>, StoreError> {
        let Outbox { client, epoch, last_outcome_seq, cursor, scope, mutations, pending } =
            outbox::read(&self.connection, max_mutations).await?;
        // One that nobody can read must not hold up the others.
        let read = mutations.into_iter().filter_map(|mutation| queue::read_mutation::<M>(mutation).ok());
        let mutations = read.collect();
        Ok(Outbox { client, epoch, last_outcome_seq, cursor, scope, mutations, pending })
    }

    async fn commit(&self, commit: Commit<M::Row>) -> Result<Committed, StoreError> {
        let decides = commit.known_seq < commit.last_outcome_seq || !commit.receipts.is_empty();
        let has_rows = !commit.rows.is_empty() || commit.replaced.is_some();
        if !decides {
            // A pull alone leaves the queue out of its transaction, so that nobody waits for it to save something.
            let tx = self.begin_pull(has_rows).await?;
            return self.store_answer(tx, commit, false, true).await;
        }
        // Without room for rows, outcomes alone are kept.
        let has_room = !has_rows || reserve::ensure(&self.connection).await?;
        let store = async || {
            let tx = self.begin(M::TABLES, &[META, MUTATION_QUEUE, JOURNAL], Mode::Write).await?;
            self.store_answer(tx, commit.clone(), true, has_room).await
        };
        reserve::with(&self.connection, store).await
    }

    async fn withdraw(&self, seq: u64) -> Result<(), StoreError> {
        reserve::with(&self.connection, async || {
            let tx = self.connection.begin(&[META, MUTATION_QUEUE], Mode::WriteDurably).await?;
            let waiting = tx.store(MUTATION_QUEUE)?;
            let held = queue::get(&waiting, seq).await?.filter(QueueRecord::is_pending);
            let mut record = held.ok_or(StoreError::Gone)?;
            record.mutation.withdrawn = true;
            queue::put(&waiting, &record)?;
            count_up(&tx.store(META)?, QUEUE_CHANGES).await?;
            tx.commit().await
        })
        .await
    }

    async fn settle(
        &self,
        seq: u64,
        replacement: Option<Draft<M::Action>>,
    ) -> Result<Option<Mutation<M::Action>>, StoreError> {
        let mut replacement = replacement.map(|draft| Mutation::from_draft(draft, 0, M::SCHEMA));
        let unread = replacement.as_ref().map(queue::unread::<M>).transpose()?;
        let given = reserve::with(&self.connection, async || {
            let tx = self.connection.begin(&[META, MUTATION_QUEUE], Mode::WriteDurably).await?;
            let waiting = tx.store(MUTATION_QUEUE)?;
            let held = queue::get(&waiting, seq).await?;
            held.filter(|record| !record.is_pending()).ok_or(StoreError::Gone)?;
            queue::remove(&waiting, seq)?;
            let given = match &unread {
                Some(unread) => queue::push(&waiting, unread.clone())?.await?,
                None => 0,
            };
            count_up(&tx.store(META)?, QUEUE_CHANGES).await?;
            tx.commit().await?;
            Ok(given)
        })
        .await?;
        if let Some(replacement) = &mut replacement {
            replacement.seq = given;
        }
        Ok(replacement)
    }

    async fn journal(&self, limit: usize) -> Result<Vec<JournalRecordOf<M>>, StoreError> {
        let tx = self.connection.begin(&[JOURNAL], Mode::Read).await?;
        queue::newest::<M>(&tx.store(JOURNAL)?, limit).await
    }

    async fn read(&self, reads: &[Read]) -> Result<Reading<M::Row>, StoreError> {
        if !reads.iter().all(|read| M::TABLES.contains(&read.table())) {
            return Err(corrupt("there is no such table"));
        }
        let tx = self.begin(M::TABLES, &[META, MUTATION_QUEUE], Mode::Read).await?;
        let (meta, waiting) = (tx.store(META)?, tx.store(MUTATION_QUEUE)?);
        let asked = read_texts(&meta, [ROWS_VERSION, QUEUE_CHANGES]);
        let (texts, last_seq) = futures::join!(asked, queue::last_seq(&waiting));
        let ([version, changes], last_seq) = (texts?, last_seq?);
        let version = number_of(version)?;
        // A person waits for this: tables are asked together. All of them come to an end, so that no request is forgotten.
        let tables = M::TABLES.iter().map(|name| self.read_table(&tx, name, version, reads));
        let mut found = vec![Vec::new(); reads.len()];
        for of_table in join_all(tables).await {
            of_table?.into_iter().for_each(|(at, rows)| found[at] = rows);
        }
        let queue_version = QueueVersion { changes: number_of(changes)?, last_seq };
        Ok(Reading { rows: found.into_iter().flatten().collect(), queue_version })
    }

    async fn get(&self, key: &RowKey) -> Result<Option<Versioned<M::Row>>, StoreError> {
        let tx = self.begin(&[&key.table], &[META], Mode::Read).await?;
        let version = read_number(&tx.store(META)?, ROWS_VERSION).await?;
        let table = Table::of(&tx, &key.table)?;
        let changes = self.changes(&table, &key.table, version).await?;
        table.get::<M>(&changes.rows, &key.key).await
    }

    async fn scan(
        &self,
        table: &'static str,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Versioned<M::Row>>, StoreError> {
        let tx = self.begin(&[table], &[META], Mode::Read).await?;
        let version = read_number(&tx.store(META)?, ROWS_VERSION).await?;
        let stores = Table::of(&tx, table)?;
        let changes = self.changes(&stores, table, version).await?;
        stores.scan::<M>(&changes.rows, prefix, after, limit).await
    }

    async fn find(&self, table: &'static str, index_key: &str) -> Result<Vec<Versioned<M::Row>>, StoreError> {
        let tx = self.begin(&[table], &[META], Mode::Read).await?;
        let version = read_number(&tx.store(META)?, ROWS_VERSION).await?;
        let stores = Table::of(&tx, table)?;
        let changes = self.changes(&stores, table, version).await?;
        let filters = self.filters(&stores, table, version).await?;
        stores.find::<M>(&changes.rows, &filters, index_key).await
    }

    async fn restart(&self, scope: &str) -> Result<(), StoreError> {
        let tx = self.connection.begin(&[META], Mode::Write).await?;
        begin_anew(&tx.store(META)?, scope)?;
        tx.commit().await
    }

    async fn next_number(&self, name: &str) -> Result<u64, StoreError> {
        reserve::with(&self.connection, async || {
            let tx = self.connection.begin(&[META], Mode::WriteDurably).await?;
            let number = count_up(&tx.store(META)?, &format!("counter:{name}")).await?;
            tx.commit().await?;
            Ok(number)
        })
        .await
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        let tx = self.connection.begin(&[META], Mode::Read).await?;
        read_text(&tx.store(META)?, &setting_key(name)).await
    }

    async fn put_setting(&self, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        reserve::with(&self.connection, async || {
            let tx = self.connection.begin(&[META], Mode::WriteDurably).await?;
            let meta = tx.store(META)?;
            match value {
                Some(value) => write_text(&meta, &setting_key(name), value)?,
                None => drop(meta.delete(JsValue::from_str(&setting_key(name))).map_err(of_idb)?),
            }
            tx.commit().await
        })
        .await
    }
}
