//! The engine's `Store` port on IndexedDB.

use std::marker::PhantomData;

use idb::ObjectStore;
use sync::{
    Commit, Committed, Cursor, Draft, JournalRecord, JournalRecordOf, Model, Mutation, Outbox, Queue,
    QueueRecord, QueueState, Read, Reading, Receipt, Removal, ReplacedRange, RowKey, Store, StoreError,
    UnixMillis, Versioned,
};
use uuid::Uuid;
use wasm_bindgen::JsValue;

use crate::connection::Connection;
use crate::migrations::Beginning;
use crate::pages::changes_by_table;
use crate::transaction::{Mode, Tx, corrupt, of_idb};
use crate::{JOURNAL, META, MUTATION_QUEUE, page_store, queue};

const QUEUE_VERSION: &str = "queue_version";

/// A device's database.
#[derive(Debug)]
pub struct IdbStore<M: Model> {
    connection: Connection,
    model: PhantomData<M>,
}

impl<M: Model> IdbStore<M> {
    /// Opens the database `name`. A new one becomes the client `client` and wants the rows of `scope`; both are
    /// ignored when it exists.
    ///
    /// # Errors
    /// [`StoreError::Occupied`] when another build holds it, [`StoreError::Unavailable`] when the browser refuses it.
    pub async fn open(name: &str, client: Uuid, scope: &str) -> Result<Self, StoreError> {
        let beginning = Beginning { client, scope: scope.to_owned() };
        let connection = Connection::open(name, M::TABLES, beginning).await?;
        Ok(Self { connection, model: PhantomData })
    }

    fn everything() -> Vec<&'static str> {
        [M::TABLES, &[META, MUTATION_QUEUE, JOURNAL]].concat()
    }

    async fn write_rows(
        tx: &Tx,
        rows: &[Versioned<M::Row>],
        removed: &[Removal],
        range: Option<&ReplacedRange>,
    ) -> Result<(), StoreError> {
        for (table, change) in changes_by_table::<M>(rows, removed, range) {
            page_store::write::<M>(&tx.store(&table)?, &change).await?;
        }
        Ok(())
    }

    /// Books receipts in the queue and the journal. Those of other mutations are left out.
    async fn decide(
        tx: &Tx,
        receipts: Vec<Receipt<M::Row>>,
        at: UnixMillis,
        committed: &mut Committed,
    ) -> Result<(), StoreError> {
        let waiting = tx.store(MUTATION_QUEUE)?;
        let (mut rows, mut removed) = (Vec::new(), Vec::new());
        let mut last_outcome_seq = read_number(&tx.store(META)?, "last_outcome_seq").await?;
        for Receipt { seq, id, outcome } in receipts {
            let held = queue::get::<M>(&waiting, seq).await?;
            let Some(record) = held.filter(|record| record.mutation.id == id && record.is_pending()) else {
                continue;
            };
            last_outcome_seq = last_outcome_seq.max(seq);
            rows.extend(outcome.rows.clone());
            removed.extend(outcome.removed.clone());
            if outcome.verdict.is_booked() {
                committed.acknowledged += 1;
                queue::remove(&waiting, seq)?;
                let entry = JournalRecord { mutation: record.mutation, outcome, acknowledged_at: at };
                queue::journal::<M>(&tx.store(JOURNAL)?, &entry).await?;
            } else {
                committed.attention += 1;
                queue::put::<M>(&waiting, &QueueRecord { state: QueueState::Attention(outcome), ..record })?;
            }
        }
        write_text(&tx.store(META)?, "last_outcome_seq", &last_outcome_seq.to_string())?;
        Self::write_rows(tx, &rows, &removed, None).await
    }

    /// Puts what the server lost, `known_seq` to `last_outcome_seq`, back into the queue.
    async fn requeue(tx: &Tx, known_seq: u64, last_outcome_seq: u64) -> Result<usize, StoreError> {
        let lost = queue::take::<M>(&tx.store(JOURNAL)?, known_seq, last_outcome_seq).await?;
        let waiting = tx.store(MUTATION_QUEUE)?;
        let requeued = lost.len();
        for JournalRecord { mutation, .. } in lost {
            queue::put::<M>(&waiting, &QueueRecord { mutation, state: QueueState::Pending })?;
        }
        write_text(&tx.store(META)?, "last_outcome_seq", &known_seq.to_string())?;
        Ok(requeued)
    }
}

impl<M: Model> Store<M> for IdbStore<M> {
    async fn enqueue(&self, draft: Draft<M::Action>) -> Result<Mutation<M::Action>, StoreError> {
        let tx = self.connection.begin(&[META, MUTATION_QUEUE], Mode::WriteDurably).await?;
        let mutation = Mutation::from_draft(draft, 0, M::SCHEMA);
        let mutation = queue::push::<M>(&tx.store(MUTATION_QUEUE)?, mutation).await?;
        count_up(&tx.store(META)?, QUEUE_VERSION).await?;
        tx.commit().await?;
        Ok(mutation)
    }

    async fn queue(&self) -> Result<Queue<M>, StoreError> {
        let tx = self.connection.begin(&[META, MUTATION_QUEUE], Mode::Read).await?;
        let records = queue::all::<M>(&tx.store(MUTATION_QUEUE)?).await?;
        Ok(Queue { records, version: read_number(&tx.store(META)?, QUEUE_VERSION).await? })
    }

    async fn outbox(&self, max_mutations: usize) -> Result<Outbox<M::Action>, StoreError> {
        let tx = self.connection.begin(&[META, MUTATION_QUEUE], Mode::Read).await?;
        let meta = tx.store(META)?;
        let client =
            read_text(&meta, "client").await?.ok_or_else(|| corrupt("the client's id is missing"))?;
        let epoch = read_text(&meta, "epoch").await?;
        let (mutations, pending) = queue::pending::<M>(&tx.store(MUTATION_QUEUE)?, max_mutations).await?;
        Ok(Outbox {
            client: client.parse().map_err(corrupt)?,
            epoch: epoch.map(|text| text.parse()).transpose().map_err(corrupt)?,
            last_outcome_seq: read_number(&meta, "last_outcome_seq").await?,
            cursor: read_cursor(&meta).await?,
            scope: read_text(&meta, "scope").await?.unwrap_or_default(),
            mutations,
            pending,
        })
    }

    async fn commit(&self, commit: Commit<M::Row>) -> Result<Committed, StoreError> {
        // A pull alone leaves the queue out of its transaction, so that nobody waits for it to save something.
        let restored = commit.known_seq < commit.last_outcome_seq;
        let decides = restored || !commit.receipts.is_empty();
        let stores = if decides { Self::everything() } else { [M::TABLES, &[META]].concat() };
        let tx = self.connection.begin(&stores, Mode::Write).await?;
        let meta = tx.store(META)?;
        let advanced = read_cursor(&meta).await? == commit.from;
        let mut committed = Committed { advanced, ..Committed::default() };
        if restored {
            committed.requeued = Self::requeue(&tx, commit.known_seq, commit.last_outcome_seq).await?;
        }
        // Receipts first: the changes were read after the mutations were booked.
        if !commit.receipts.is_empty() {
            Self::decide(&tx, commit.receipts, commit.at, &mut committed).await?;
        }
        if advanced {
            Self::write_rows(&tx, &commit.rows, &commit.removed, commit.replaced.as_ref()).await?;
            write_text(&meta, "cursor", &serde_json::to_string(&commit.cursor).map_err(corrupt)?)?;
            write_text(&meta, "epoch", &commit.epoch.to_string())?;
        }
        if decides {
            count_up(&meta, QUEUE_VERSION).await?;
        }
        tx.commit().await?;
        Ok(committed)
    }

    async fn settle(
        &self,
        seq: u64,
        replacement: Option<Draft<M::Action>>,
    ) -> Result<Option<Mutation<M::Action>>, StoreError> {
        let tx = self.connection.begin(&[META, MUTATION_QUEUE], Mode::WriteDurably).await?;
        let waiting = tx.store(MUTATION_QUEUE)?;
        let mut record = queue::get::<M>(&waiting, seq).await?.ok_or(StoreError::Gone)?;
        if record.is_pending() {
            record.mutation.withdrawn = true;
            queue::put::<M>(&waiting, &record)?;
        } else {
            queue::remove(&waiting, seq)?;
        }
        let replaced = match replacement {
            Some(draft) => Some(queue::push::<M>(&waiting, Mutation::from_draft(draft, 0, M::SCHEMA)).await?),
            None => None,
        };
        count_up(&tx.store(META)?, QUEUE_VERSION).await?;
        tx.commit().await?;
        Ok(replaced)
    }

    async fn journal(&self, limit: usize) -> Result<Vec<JournalRecordOf<M>>, StoreError> {
        let tx = self.connection.begin(&[JOURNAL], Mode::Read).await?;
        queue::newest::<M>(&tx.store(JOURNAL)?, limit).await
    }

    async fn read(&self, reads: &[Read]) -> Result<Reading<M::Row>, StoreError> {
        let tx = self.connection.begin(&[M::TABLES, &[META]].concat(), Mode::Read).await?;
        let mut rows = Vec::new();
        for read in reads {
            match read {
                Read::Row(key) => rows.extend(page_store::get::<M>(&tx.store(&key.table)?, &key.key).await?),
                Read::Prefix { table, prefix, limit } => {
                    rows.extend(page_store::scan::<M>(&tx.store(table)?, prefix, "", *limit).await?);
                }
            }
        }
        Ok(Reading { rows, queue_version: read_number(&tx.store(META)?, QUEUE_VERSION).await? })
    }

    async fn get(&self, key: &RowKey) -> Result<Option<Versioned<M::Row>>, StoreError> {
        let tx = self.connection.begin(&[&key.table], Mode::Read).await?;
        page_store::get::<M>(&tx.store(&key.table)?, &key.key).await
    }

    async fn scan(
        &self,
        table: &'static str,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Versioned<M::Row>>, StoreError> {
        let tx = self.connection.begin(&[table], Mode::Read).await?;
        page_store::scan::<M>(&tx.store(table)?, prefix, after, limit).await
    }

    async fn find(&self, table: &'static str, index_key: &str) -> Result<Vec<Versioned<M::Row>>, StoreError> {
        let tx = self.connection.begin(&[table], Mode::Read).await?;
        page_store::find::<M>(&tx.store(table)?, index_key).await
    }

    async fn restart(&self, scope: &str) -> Result<(), StoreError> {
        let tx = self.connection.begin(&[META], Mode::Write).await?;
        let meta = tx.store(META)?;
        write_text(&meta, "scope", scope)?;
        write_text(&meta, "cursor", &serde_json::to_string(&Cursor::Start).map_err(corrupt)?)?;
        tx.commit().await
    }

    async fn next_number(&self, name: &str) -> Result<u64, StoreError> {
        let tx = self.connection.begin(&[META], Mode::WriteDurably).await?;
        let meta = tx.store(META)?;
        let number = count_up(&meta, &format!("counter:{name}")).await?;
        tx.commit().await?;
        Ok(number)
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        let tx = self.connection.begin(&[META], Mode::Read).await?;
        read_text(&tx.store(META)?, &setting_key(name)).await
    }

    async fn put_setting(&self, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        let tx = self.connection.begin(&[META], Mode::WriteDurably).await?;
        let meta = tx.store(META)?;
        match value {
            Some(value) => write_text(&meta, &setting_key(name), value)?,
            None => drop(meta.delete(JsValue::from_str(&setting_key(name))).map_err(of_idb)?),
        }
        tx.commit().await
    }
}

fn setting_key(name: &str) -> String {
    format!("setting:{name}")
}

async fn read_text(meta: &ObjectStore, key: &str) -> Result<Option<String>, StoreError> {
    let value = meta.get(JsValue::from_str(key)).map_err(of_idb)?.await.map_err(of_idb)?;
    Ok(value.and_then(|value| value.as_string()))
}

async fn read_number(meta: &ObjectStore, key: &str) -> Result<u64, StoreError> {
    read_text(meta, key).await?.map_or(Ok(0), |text| text.parse().map_err(corrupt))
}

async fn count_up(meta: &ObjectStore, key: &str) -> Result<u64, StoreError> {
    let number = read_number(meta, key).await?.saturating_add(1);
    write_text(meta, key, &number.to_string())?;
    Ok(number)
}

async fn read_cursor(meta: &ObjectStore) -> Result<Cursor, StoreError> {
    let text = read_text(meta, "cursor").await?;
    text.map_or(Ok(Cursor::Start), |text| serde_json::from_str(&text).map_err(corrupt))
}

fn write_text(meta: &ObjectStore, key: &str, value: &str) -> Result<(), StoreError> {
    meta.put(&JsValue::from_str(value), Some(&JsValue::from_str(key))).map(drop).map_err(of_idb)
}
