//! The queue in memory, as last read or added to, and the version it was read at.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use sync::{Mutation, QueueRecord, QueueRecordOf, QueueState, QueueVersion, Records};

/// Queue records by rising `seq`. Shared: a record is never copied for a screen.
pub type Queue<M> = Rc<Vec<Rc<QueueRecordOf<M>>>>;

/// A copy of the stored queue.
#[derive(Debug)]
pub(crate) struct Mirror<M: Records> {
    records: RefCell<Queue<M>>,
    version: Cell<QueueVersion>,
    /// The highest `seq` that this window has seen given.
    last_given_seq: Cell<u64>,
    unreadable: Cell<usize>,
}

impl<M: Records> Default for Mirror<M> {
    fn default() -> Self {
        Self {
            records: RefCell::default(),
            version: Cell::default(),
            last_given_seq: Cell::default(),
            unreadable: Cell::default(),
        }
    }
}

impl<M: Records> Mirror<M> {
    /// Replaces the copy and returns the one before.
    pub(crate) fn load(&self, queue: sync::Queue<M>) -> Queue<M> {
        self.version.set(queue.version);
        self.note_given(queue.version.last_seq);
        self.unreadable.set(queue.unreadable);
        // An undone mutation only waits for the server to take note.
        let is_shown = |record: &QueueRecordOf<M>| !(record.is_pending() && record.mutation.withdrawn);
        let shown = queue.records.into_iter().filter(is_shown).map(Rc::new).collect();
        self.records.replace(Rc::new(shown))
    }

    /// Adds a mutation that was just saved. `None` if another window saved one in between: the queue has to be read again.
    pub(crate) fn add(&self, mutation: Mutation<M::Action>) -> Option<Rc<QueueRecordOf<M>>> {
        if mutation.seq != self.last_given_seq.get() + 1 {
            return None;
        }
        self.note_given(mutation.seq);
        // Any other change of the queue has changed its version in the store: the next view reads it again.
        self.version.set(QueueVersion { last_seq: mutation.seq, ..self.version.get() });
        let record = Rc::new(QueueRecord { mutation, state: QueueState::Pending });
        Rc::make_mut(&mut *self.records.borrow_mut()).push(Rc::clone(&record));
        Some(record)
    }

    pub(crate) fn records(&self) -> Queue<M> {
        Rc::clone(&self.records.borrow())
    }

    pub(crate) fn version(&self) -> QueueVersion {
        self.version.get()
    }

    pub(crate) fn unreadable(&self) -> usize {
        self.unreadable.get()
    }

    fn note_given(&self, seq: u64) {
        self.last_given_seq.set(self.last_given_seq.get().max(seq));
    }
}
