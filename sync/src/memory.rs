//! A [`Store`] in memory: the reference for other stores, and the store of simulated devices.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use uuid::Uuid;

use crate::model::{Records, RowKey};
use crate::mutation::{
    Draft, JournalRecord, JournalRecordOf, Mutation, QueueRecord, QueueRecordOf, QueueState, Settlement,
};
use crate::protocol::{Cursor, Outcome, Removal, ReplacedRange, Versioned};
use crate::store::{Commit, Committed, Outbox, Queue, QueueVersion, Read, Reading, Store, StoreError};

/// Keeps everything in maps. Clones are handles on the same data, which is lost when the last handle is
/// dropped.
pub struct MemoryStore<M: Records> {
    state: Rc<RefCell<State<M>>>,
}

impl<M: Records> Clone for MemoryStore<M> {
    fn clone(&self) -> Self {
        Self { state: Rc::clone(&self.state) }
    }
}

impl<M: Records> fmt::Debug for MemoryStore<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

struct State<M: Records> {
    client: Uuid,
    epoch: Option<Uuid>,
    next_seq: u64,
    last_outcome_seq: u64,
    queue_changes: u64,
    cursor: Cursor,
    scope: String,
    queue: BTreeMap<u64, QueueRecordOf<M>>,
    journal: BTreeMap<u64, JournalRecordOf<M>>,
    rows: BTreeMap<RowKey, Versioned<M::Row>>,
    settings: BTreeMap<String, String>,
    counters: BTreeMap<String, u64>,
    is_full: bool,
    is_reserve_spent: bool,
}

impl<M: Records> MemoryStore<M> {
    /// An empty store of the client `client` with the scope `scope`.
    pub fn new(client: Uuid, scope: &str) -> Self {
        Self {
            state: Rc::new(RefCell::new(State {
                client,
                epoch: None,
                next_seq: 1,
                last_outcome_seq: 0,
                queue_changes: 0,
                cursor: Cursor::Start,
                scope: scope.to_owned(),
                queue: BTreeMap::new(),
                journal: BTreeMap::new(),
                rows: BTreeMap::new(),
                settings: BTreeMap::new(),
                counters: BTreeMap::new(),
                is_full: false,
                is_reserve_spent: false,
            })),
        }
    }
}

impl<M: Records> MemoryStore<M> {
    /// Behaves from now on as if the device's storage was full, or no longer full: mutations are saved in a
    /// reserve, and rows are refused.
    pub fn set_full(&self, is_full: bool) {
        self.state.borrow_mut().is_full = is_full;
    }

    /// Changes the queue and the journal directly, bypassing the store's checks. Tests simulate a faulty
    /// engine with it.
    pub fn tamper<T>(
        &self,
        change: impl FnOnce(&mut BTreeMap<u64, QueueRecordOf<M>>, &mut BTreeMap<u64, JournalRecordOf<M>>) -> T,
    ) -> T {
        let state = &mut *self.state.borrow_mut();
        state.queue_changes += 1;
        change(&mut state.queue, &mut state.journal)
    }
}

impl<M: Records> State<M> {
    fn queue_version(&self) -> QueueVersion {
        let last_seq = self.queue.last_key_value().map_or(0, |(seq, _)| *seq);
        QueueVersion { changes: self.queue_changes, last_seq }
    }

    fn enqueue(&mut self, draft: Draft<M::Action>) -> Mutation<M::Action> {
        let mutation = Mutation::from_draft(draft, self.next_seq, M::SCHEMA);
        self.next_seq += 1;
        self.is_reserve_spent |= self.is_full;
        let record = QueueRecord { mutation: mutation.clone(), state: QueueState::Pending };
        self.queue.insert(mutation.seq, record);
        mutation
    }

    /// Whether rows may be stored. With free space, the reserve is refilled first.
    fn has_room_for_rows(&mut self) -> bool {
        self.refill_reserve();
        !self.is_full
    }

    fn refill_reserve(&mut self) {
        self.is_reserve_spent &= self.is_full;
    }

    /// Returns whether the mutation is settled; `None` if it was not waiting for this receipt.
    fn decide(
        &mut self,
        seq: u64,
        id: Uuid,
        outcome: Outcome<M::Row>,
        at: crate::UnixMillis,
    ) -> Option<bool> {
        let record = self.queue.get_mut(&seq)?;
        if record.mutation.id != id || !record.is_pending() {
            return None;
        }
        let settlement = record.mutation.settlement(&outcome);
        match settlement {
            Settlement::Overtaken => return None,
            Settlement::Attention => record.state = QueueState::Attention(outcome),
            Settlement::Acknowledged => {
                let QueueRecord { mutation, .. } = self.queue.remove(&seq)?;
                self.journal.insert(seq, JournalRecord { mutation, outcome, acknowledged_at: at });
            }
        }
        self.last_outcome_seq = self.last_outcome_seq.max(seq);
        self.queue_changes += 1;
        Some(settlement == Settlement::Acknowledged)
    }

    fn put(&mut self, versioned: Versioned<M::Row>) {
        let key = M::key(&versioned.row);
        if self.rows.get(&key).is_none_or(|held| held.rev <= versioned.rev) {
            self.rows.insert(key, versioned);
        }
    }

    fn remove(&mut self, removal: Removal) {
        let key = RowKey { table: removal.table, key: removal.key };
        if self.rows.get(&key).is_some_and(|held| held.rev <= removal.rev) {
            self.rows.remove(&key);
        }
    }

    fn clear_range(&mut self, range: &ReplacedRange) {
        self.rows.retain(|key, _| {
            let inside = key.table == range.table
                && key.key > range.after
                && range.through.as_ref().is_none_or(|through| key.key <= *through);
            !inside
        });
    }

    /// Puts the mutations that the server lost, all above `known_seq`, back into the queue. The next exchange
    /// reports the server's decisions since then again.
    fn requeue(&mut self, known_seq: u64) -> usize {
        let lost = self.journal.split_off(&(known_seq + 1));
        let mut requeued = lost.len();
        self.queue_changes += 1;
        for (_, record) in self.queue.range_mut(known_seq + 1..) {
            // The receipt said that it was booked before the withdrawal; the restored server has lost that
            // booking.
            if record.mutation.withdrawn && !record.is_pending() {
                record.state = QueueState::Pending;
                requeued += 1;
            }
        }
        for (seq, JournalRecord { mutation, .. }) in lost {
            self.queue.insert(seq, QueueRecord { mutation, state: QueueState::Pending });
        }
        self.last_outcome_seq = self.last_outcome_seq.min(known_seq);
        requeued
    }
}

impl<M: Records> Store for MemoryStore<M> {
    type Records = M;
    type Relay = Self;

    fn relay(&self) -> Self {
        self.clone()
    }

    async fn enqueue(&self, draft: Draft<M::Action>) -> Result<Mutation<M::Action>, StoreError> {
        Ok(self.state.borrow_mut().enqueue(draft))
    }

    async fn queue(&self) -> Result<Queue<M>, StoreError> {
        let state = self.state.borrow();
        Ok(Queue {
            records: state.queue.values().cloned().collect(),
            version: state.queue_version(),
            unreadable: 0,
        })
    }

    async fn outbox(&self, max_mutations: usize) -> Result<Outbox<M::Action>, StoreError> {
        let state = self.state.borrow();
        let pending = || state.queue.values().filter(|record| record.is_pending());
        Ok(Outbox {
            client: state.client,
            epoch: state.epoch,
            last_outcome_seq: state.last_outcome_seq,
            cursor: state.cursor.clone(),
            scope: state.scope.clone(),
            mutations: pending().take(max_mutations).map(|record| record.mutation.clone()).collect(),
            pending: pending().count(),
        })
    }

    async fn commit(&self, commit: Commit<M::Row>) -> Result<Committed, StoreError> {
        let state = &mut *self.state.borrow_mut();
        let has_rows = !commit.rows.is_empty() || commit.replaced.is_some();
        let has_room = !has_rows || state.has_room_for_rows();
        if !has_room && commit.receipts.is_empty() && commit.known_seq >= commit.last_outcome_seq {
            return Err(StoreError::Full);
        }
        let advanced = has_room && state.cursor == commit.from;
        let mut committed = Committed { advanced, ..Committed::default() };
        if commit.known_seq < commit.last_outcome_seq {
            committed.requeued = state.requeue(commit.known_seq);
        }
        // Receipts first: the changes were read after the mutations were booked.
        for receipt in commit.receipts {
            let (rows, removed) = (receipt.outcome.rows.clone(), receipt.outcome.removed.clone());
            match state.decide(receipt.seq, receipt.id, receipt.outcome, commit.at) {
                Some(true) => committed.acknowledged += 1,
                Some(false) => committed.attention += 1,
                None => continue,
            }
            rows.into_iter().for_each(|versioned| state.put(versioned));
            removed.into_iter().for_each(|removal| state.remove(removal));
        }
        if committed.advanced {
            if let Some(range) = &commit.replaced {
                state.clear_range(range);
            }
            commit.rows.into_iter().for_each(|versioned| state.put(versioned));
            commit.removed.into_iter().for_each(|removal| state.remove(removal));
            state.cursor = commit.cursor;
            state.epoch = Some(commit.epoch);
        }
        Ok(committed)
    }

    async fn withdraw(&self, seq: u64) -> Result<(), StoreError> {
        let state = &mut *self.state.borrow_mut();
        let pending = state.queue.get_mut(&seq).filter(|record| record.is_pending());
        pending.ok_or(StoreError::Gone)?.mutation.withdrawn = true;
        state.queue_changes += 1;
        Ok(())
    }

    async fn settle(
        &self,
        seq: u64,
        replacement: Option<Draft<M::Action>>,
    ) -> Result<Option<Mutation<M::Action>>, StoreError> {
        let state = &mut *self.state.borrow_mut();
        if state.queue.get(&seq).is_none_or(QueueRecord::is_pending) {
            return Err(StoreError::Gone);
        }
        state.queue.remove(&seq);
        state.queue_changes += 1;
        Ok(replacement.map(|draft| state.enqueue(draft)))
    }

    async fn journal(&self, limit: usize) -> Result<Vec<JournalRecordOf<M>>, StoreError> {
        Ok(self.state.borrow().journal.values().rev().take(limit).cloned().collect())
    }

    async fn read(&self, reads: &[Read]) -> Result<Reading<M::Row>, StoreError> {
        let mut rows = Vec::new();
        for read in reads {
            match read {
                Read::Row(key) => rows.extend(self.get(key).await?),
                Read::Prefix { table, prefix, limit } => {
                    rows.extend(self.scan(table, prefix, "", *limit).await?)
                }
            }
        }
        let state = self.state.borrow();
        Ok(Reading { rows, queue_version: state.queue_version(), site_rev: state.cursor.rev() })
    }

    async fn get(&self, key: &RowKey) -> Result<Option<Versioned<M::Row>>, StoreError> {
        Ok(self.state.borrow().rows.get(key).cloned())
    }

    async fn scan(
        &self,
        table: &'static str,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Versioned<M::Row>>, StoreError> {
        let state = self.state.borrow();
        let from = RowKey::new(table, prefix.max(after));
        let matching = state
            .rows
            .range(from..)
            .take_while(|(key, _)| key.table == table && key.key.starts_with(prefix))
            .filter(|(key, _)| after.is_empty() || key.key.as_str() > after);
        Ok(matching.take(limit).map(|(_, versioned)| versioned.clone()).collect())
    }

    async fn find(&self, table: &'static str, index_key: &str) -> Result<Vec<Versioned<M::Row>>, StoreError> {
        let state = self.state.borrow();
        let of_table = state.rows.iter().filter(|(key, _)| key.table == table);
        let found =
            of_table.filter(|(_, held)| M::identify(&held.row).index_keys.iter().any(|key| key == index_key));
        Ok(found.map(|(_, versioned)| versioned.clone()).collect())
    }

    async fn restart(&self, scope: &str) -> Result<(), StoreError> {
        let mut state = self.state.borrow_mut();
        scope.clone_into(&mut state.scope);
        state.cursor = Cursor::Start;
        Ok(())
    }

    async fn drop_rows(&self, scope: &str) -> Result<(), StoreError> {
        self.state.borrow_mut().rows.clear();
        self.restart(scope).await
    }

    async fn is_full(&self) -> Result<bool, StoreError> {
        let state = &mut *self.state.borrow_mut();
        state.refill_reserve();
        Ok(state.is_reserve_spent)
    }

    async fn next_number(&self, name: &str) -> Result<u64, StoreError> {
        let mut state = self.state.borrow_mut();
        let number = state.counters.entry(name.to_owned()).or_insert(0);
        *number += 1;
        Ok(*number)
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(self.state.borrow().settings.get(name).cloned())
    }

    async fn put_setting(&self, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        let settings = &mut self.state.borrow_mut().settings;
        match value {
            Some(value) => settings.insert(name.to_owned(), value.to_owned()),
            None => settings.remove(name),
        };
        Ok(())
    }
}
