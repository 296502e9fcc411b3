//! The write path of [`Store::commit`](sync::Store::commit): stores an answer's outcomes, rows and cursor in
//! one transaction, and folds changes into pages afterwards.

use sync::{
    Commit, Committed, JournalRecord, Json, QueueRecord, QueueState, Receipt, Records, Settlement,
    StoreError, UnixMillis,
};

use crate::known::Written;
use crate::meta::{
    CURSOR, count_up, cursor_of, number_of, read_number, read_texts, write_number, write_text,
};
use crate::outbox::LAST_OUTCOME_SEQ;
use crate::rows::{Rows, corrupt};
use crate::store::IdbStore;
use crate::table::{Changes, LEFT_RECENT_ROWS, MAX_RECENT_ROWS, Table};
use crate::table_change::{TableChange, changes_by_table};
use crate::transaction::{Mode, Tx};
use crate::{JOURNAL, META, MUTATION_QUEUE, QUEUE_CHANGES, ROWS_VERSION, queue, reserve};

/// Limit of transactions that fold one table's changes.
const MAX_FOLD_STEPS: usize = 1_000;

/// Attempts to store rows: the first, and another once the reserve is back.
const MAX_PULL_TRIES: usize = 2;

/// A stored answer.
struct Stored {
    committed: Committed,
    /// The tables whose changes are due to be folded into pages.
    due: Vec<String>,
}

impl<M: Records> IdbStore<M> {
    /// Stores an answer, then folds the changes of tables that have many.
    pub(crate) async fn store_and_fold(&self, commit: Commit<M::Row>) -> Result<Committed, StoreError> {
        let decides = commit.known_seq < commit.last_outcome_seq || !commit.receipts.is_empty();
        let Stored { committed, due } =
            if decides { self.decide_and_store(commit).await } else { self.pull(commit).await }?;
        for name in due {
            // The answer is stored even if folding fails; the next commit retries.
            drop(self.fold(&name).await);
        }
        Ok(committed)
    }

    /// Stores an answer with outcomes. Without room for rows, only the outcomes are kept.
    async fn decide_and_store(&self, commit: Commit<M::Row>) -> Result<Stored, StoreError> {
        let has_room = !has_rows(&commit) || reserve::ensure(&self.connection).await?;
        let store = async || {
            let others = [META, MUTATION_QUEUE, JOURNAL];
            self.run_once(&others, async |tx| self.store_answer(tx, commit.clone(), true, has_room).await)
                .await
        };
        reserve::with(&self.connection, store).await
    }

    /// Stores an answer without outcomes. Its transaction does not include the queue, so that saving a
    /// mutation does not wait for it, and its rows never use the reserved space.
    async fn pull(&self, commit: Commit<M::Row>) -> Result<Stored, StoreError> {
        let mut commit = commit;
        for _ in 0..MAX_PULL_TRIES {
            let tried = self.run_once(&[META], async |tx| {
                if has_rows(&commit) && !reserve::is_in(&tx.store(META)?).await? {
                    return Ok(Err(commit));
                }
                self.store_answer(tx, commit, false, true).await.map(Ok)
            });
            commit = match tried.await? {
                Ok(stored) => return Ok(stored),
                Err(without_reserve) => without_reserve,
            };
            if !reserve::ensure(&self.connection).await? {
                break;
            }
        }
        Err(StoreError::Full)
    }

    async fn changes_to_write(&self, table: &Table, name: &str, version: u64) -> Result<Changes, StoreError> {
        let known = self.known.borrow_mut().take_changes(version, name);
        match known {
            Some(changes) => Ok(changes),
            None => table.changes(M::identify_json).await,
        }
    }

    /// Writes rows of any table, on top of the rows in `written` from earlier calls in the same transaction.
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

    /// Folds most changes of a table into its pages, in several transactions so that readers get their turn.
    async fn fold(&self, name: &str) -> Result<(), StoreError> {
        for _ in 0..MAX_FOLD_STEPS {
            let fold = async |tx| self.fold_some(tx, name).await;
            if self.run(&[name], &[META], Mode::Write, fold).await? {
                break;
            }
        }
        Ok(())
    }

    /// Folds one part, and returns whether folding is complete.
    async fn fold_some(&self, tx: Tx, name: &str) -> Result<bool, StoreError> {
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
        Ok(is_done)
    }

    /// Stores an answer in one transaction; without room for rows, only its outcomes.
    async fn store_answer(
        &self,
        tx: Tx,
        commit: Commit<M::Row>,
        decides: bool,
        has_room: bool,
    ) -> Result<Stored, StoreError> {
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
        Ok(Stored { committed, due })
    }

    /// Applies receipts to the queue and the journal, and returns their row changes. Receipts of unknown
    /// mutations are skipped.
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

    /// Puts the mutations that the server lost, all above `known_seq`, back into the queue. The next exchange
    /// reports the server's decisions since then again.
    async fn requeue(tx: &Tx, known_seq: u64) -> Result<usize, StoreError> {
        let lost = queue::take(&tx.store(JOURNAL)?, known_seq).await?;
        let waiting = tx.store(MUTATION_QUEUE)?;
        let mut requeued = lost.len();
        let (waited, _) = queue::all(&waiting).await?;
        for record in waited.into_iter().filter(|record| record.mutation.seq > known_seq) {
            // The receipt said that it was booked before the withdrawal; the restored server has lost that
            // booking.
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

fn has_rows<R: Clone>(commit: &Commit<R>) -> bool {
    !commit.rows.is_empty() || commit.replaced.is_some()
}
