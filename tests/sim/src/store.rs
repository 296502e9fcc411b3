//! A device's storage: its data, with the faults of a browser's storage.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use domain::{Action, Row, Warehouse};
use sync::{
    Commit, Committed, Draft, JournalRecordOf, Mutation, Outbox, Queue, QueueVersion, Read, Reading, RowKey,
    Store, StoreError, Versioned,
};

use crate::clock::VirtualClock;
use crate::data::DeviceData;
use crate::dice::Dice;
use crate::network::Air;
use crate::person::Diary;
use crate::variant::Variant;

/// The time limit of a transaction, as in the shipped store.
const TRANSACTION_LIMIT_MILLIS: u64 = 30_000;

/// Steps of the variant that stores the cursor before its rows in which only the cursor is stored.
const STEPS_BETWEEN_COMMITS: u32 = 6;

/// One device's storage. Its windows and its worker have clones that share the data.
#[derive(Clone, Debug)]
pub struct DeviceStore {
    /// The stored data.
    pub kept: DeviceData,
    clock: VirtualClock,
    dice: Dice,
    variant: Variant,
    /// Whether faults happen.
    pub has_faults: Rc<Cell<bool>>,
    /// Whether the quota is used up.
    pub is_full: Rc<Cell<bool>>,
    diary: Rc<RefCell<Diary>>,
    /// The queue's version at this window's last read, for the variant that always reports it.
    last_version: Cell<QueueVersion>,
}

impl DeviceStore {
    /// An empty storage of these data.
    pub fn new(kept: DeviceData, air: &Air, diary: Rc<RefCell<Diary>>) -> Self {
        Self {
            kept,
            clock: air.clock.clone(),
            dice: air.dice.clone(),
            variant: air.variant,
            has_faults: Rc::new(Cell::new(true)),
            is_full: Rc::default(),
            diary,
            last_version: Cell::default(),
        }
    }

    /// A handle for a new window, without earlier reads.
    pub fn for_window(&self) -> Self {
        Self { last_version: Cell::default(), ..self.clone() }
    }

    fn note_draft(&self, draft: &Draft<Action>) {
        let mut diary = self.diary.borrow_mut();
        diary.drafted.insert(draft.id, draft.action.clone());
        diary.bases.insert(draft.id, draft.base);
        diary.signed.extend(draft.signed_by.map(|signed| (draft.id, signed)));
        diary.replaces.extend(draft.replaces.map(|replaced| (draft.id, replaced)));
    }

    /// Before a transaction: yields to other tasks; the handle may be lost, or not answer within the time
    /// limit.
    async fn begin(&self) -> Result<(), StoreError> {
        self.clock.step().await;
        if self.has_faults.get() {
            match self.dice.roll(400) {
                399 => {
                    self.clock.sleep(TRANSACTION_LIMIT_MILLIS).await;
                    return Err(StoreError::Unavailable("the database gave no answer".to_owned()));
                }
                394..=398 => return Err(StoreError::Unavailable("the handle is dead".to_owned())),
                _ => {}
            }
        }
        Ok(())
    }

    /// As [`Self::begin`], for a transaction that needs space.
    async fn begin_to_write(&self) -> Result<(), StoreError> {
        self.begin().await?;
        if self.is_full.get() { Err(StoreError::Full) } else { Ok(()) }
    }

    /// Reads `seq` outside the transaction: another window may read the same one before this write.
    async fn enqueue_after_max(&self, draft: Draft<Action>) -> Result<Mutation<Action>, StoreError> {
        let max = self.kept.queue().await?.records.last().map(|record| record.mutation.seq);
        self.clock.step().await;
        let mutation = self.kept.enqueue(draft).await?;
        self.kept.tamper(|queue, _| {
            let taken: Vec<u64> =
                queue.range(max.map_or(0, |max| max + 1)..mutation.seq).map(|(seq, _)| *seq).collect();
            taken.iter().for_each(|seq| drop(queue.remove(seq)));
        });
        Ok(mutation)
    }

    fn break_commit(&self, commit: &mut Commit<Row>) {
        match self.variant {
            Variant::RefusedStaysPending => {
                commit.receipts.retain(|receipt| receipt.outcome.verdict.is_booked());
            }
            Variant::SnapshotOnlyAdds => commit.replaced = None,
            Variant::NoRemovals => {
                commit.removed.clear();
                commit.receipts.iter_mut().for_each(|receipt| receipt.outcome.removed.clear());
            }
            _ => {}
        }
    }
}

impl Store for DeviceStore {
    type Records = Warehouse;
    type Relay = Self;

    fn relay(&self) -> Self {
        self.clone()
    }

    async fn enqueue(&self, draft: Draft<Action>) -> Result<Mutation<Action>, StoreError> {
        self.note_draft(&draft);
        self.begin_to_write().await?;
        let mutation = match self.variant {
            Variant::SeqFromMax => self.enqueue_after_max(draft).await?,
            _ => self.kept.enqueue(draft).await?,
        };
        // Stored, but the task may be killed before its caller knows.
        self.clock.step().await;
        self.last_version.set(QueueVersion { last_seq: mutation.seq, ..self.last_version.get() });
        Ok(mutation)
    }

    async fn queue(&self) -> Result<Queue<Warehouse>, StoreError> {
        self.begin().await?;
        let mut queue = self.kept.queue().await?;
        self.last_version.set(queue.version);
        if self.variant == Variant::NoFold {
            queue.records.retain(|record| !record.is_pending());
        }
        Ok(queue)
    }

    async fn outbox(&self, max_mutations: usize) -> Result<Outbox<Action>, StoreError> {
        self.begin().await?;
        let outbox = self.kept.outbox(max_mutations).await?;
        if self.variant == Variant::DeleteBeforeAck {
            self.kept.tamper(|queue, _| {
                outbox.mutations.iter().for_each(|mutation| drop(queue.remove(&mutation.seq)));
            });
        }
        Ok(outbox)
    }

    async fn commit(&self, mut commit: Commit<Row>) -> Result<Committed, StoreError> {
        self.begin_to_write().await?;
        self.break_commit(&mut commit);
        if self.variant == Variant::CursorBeforeRows {
            let early = Commit { rows: Vec::new(), removed: Vec::new(), replaced: None, ..commit.clone() };
            self.kept.commit(early).await?;
            for _ in 0..STEPS_BETWEEN_COMMITS {
                self.clock.step().await;
            }
            commit.from = commit.cursor.clone();
        }
        let committed = self.kept.commit(commit).await?;
        if self.variant == Variant::NoJournal {
            self.kept.tamper(|_, journal| journal.clear());
        }
        self.clock.step().await;
        Ok(committed)
    }

    async fn withdraw(&self, seq: u64) -> Result<(), StoreError> {
        self.begin_to_write().await?;
        if self.variant == Variant::UndoDeletes {
            self.kept.tamper(|queue, _| drop(queue.remove(&seq)));
            return Ok(());
        }
        let withdrawn = self.kept.withdraw(seq).await;
        self.clock.step().await;
        withdrawn
    }

    async fn settle(
        &self,
        seq: u64,
        replacement: Option<Draft<Action>>,
    ) -> Result<Option<Mutation<Action>>, StoreError> {
        replacement.iter().for_each(|draft| self.note_draft(draft));
        self.begin_to_write().await?;
        let replaced = self.kept.settle(seq, replacement).await;
        self.clock.step().await;
        replaced
    }

    async fn journal(&self, limit: usize) -> Result<Vec<JournalRecordOf<Warehouse>>, StoreError> {
        self.begin().await?;
        self.kept.journal(limit).await
    }

    async fn read(&self, reads: &[Read]) -> Result<Reading<Row>, StoreError> {
        self.begin().await?;
        let reading = self.kept.read(reads).await?;
        Ok(match self.variant {
            Variant::StaleQueue => Reading { queue_version: self.last_version.get(), ..reading },
            _ => reading,
        })
    }

    async fn get(&self, key: &RowKey) -> Result<Option<Versioned<Row>>, StoreError> {
        self.begin().await?;
        self.kept.get(key).await
    }

    async fn scan(
        &self,
        table: &'static str,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Versioned<Row>>, StoreError> {
        self.begin().await?;
        self.kept.scan(table, prefix, after, limit).await
    }

    async fn find(&self, table: &'static str, index_key: &str) -> Result<Vec<Versioned<Row>>, StoreError> {
        self.begin().await?;
        self.kept.find(table, index_key).await
    }

    async fn restart(&self, scope: &str) -> Result<(), StoreError> {
        self.begin().await?;
        self.kept.restart(scope).await
    }

    async fn drop_rows(&self, scope: &str) -> Result<(), StoreError> {
        self.begin().await?;
        self.kept.drop_rows(scope).await
    }

    async fn next_number(&self, name: &str) -> Result<u64, StoreError> {
        self.begin_to_write().await?;
        self.kept.next_number(name).await
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.begin().await?;
        self.kept.setting(name).await
    }

    async fn put_setting(&self, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        self.begin_to_write().await?;
        self.kept.put_setting(name, value).await
    }
}
