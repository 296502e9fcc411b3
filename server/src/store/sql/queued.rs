//! Writes that wait for an engine's transaction, and the limits of those that share one.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;
use uuid::Uuid;

use super::super::StoreFault;
use super::engine::Decided;
use super::fair_queue::FairQueue;
use super::session::Session;

/// Limit of writes in one transaction. The first of them waits for the last.
pub(crate) const MAX_GROUP_WRITES: usize = 32;
/// Time after which a transaction takes no further write.
pub(crate) const MAX_GROUP_MILLIS: u64 = 100;
/// Limit of queued writes of one device; further ones are refused.
pub(crate) const MAX_QUEUED_WRITES_PER_DEVICE: usize = 256;

/// Writes in the order of their devices' turns. None stands for nobody in particular.
pub(crate) type Waiting = FairQueue<Option<Uuid>, Box<dyn Write>>;

/// A queued write.
pub(crate) trait Write: Send + std::fmt::Debug {
    /// Runs the work, in place of an earlier run. Returns whether to keep its changes.
    fn work(&mut self, session: &dyn Session) -> bool;

    /// Sends the result to the caller.
    fn respond(self: Box<Self>, committed: Result<(), StoreFault>);
}

/// A write, and where its result arrives.
pub(crate) fn queued<T: Send + 'static>(
    work: impl Fn(&dyn Session) -> Result<Decided<T>, StoreFault> + Send + 'static,
) -> (Box<dyn Write>, oneshot::Receiver<Result<T, StoreFault>>) {
    let (answer, answered) = oneshot::channel();
    (Box::new(Pending { work, worked: None, answer }), answered)
}

struct Pending<W, T> {
    work: W,
    worked: Option<Result<T, StoreFault>>,
    answer: oneshot::Sender<Result<T, StoreFault>>,
}

impl<W, T> std::fmt::Debug for Pending<W, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pending")
    }
}

impl<W, T: Send> Write for Pending<W, T>
where
    W: Fn(&dyn Session) -> Result<Decided<T>, StoreFault> + Send,
{
    fn work(&mut self, session: &dyn Session) -> bool {
        // Changes of a panicked write are rolled back, and the work can reach nothing but the database.
        let worked = catch_unwind(AssertUnwindSafe(|| (self.work)(session)));
        let worked = worked.unwrap_or_else(|_| Err(StoreFault::Failed("the write panicked".to_owned())));
        let (is_kept, worked) = match worked {
            Ok(Decided::Keep(value)) => (true, Ok(value)),
            Ok(Decided::Undo(value)) => (false, Ok(value)),
            Err(fault) => (false, Err(fault)),
        };
        self.worked = Some(worked);
        is_kept
    }

    fn respond(self: Box<Self>, committed: Result<(), StoreFault>) {
        let worked =
            self.worked.unwrap_or_else(|| Err(StoreFault::Failed("the write was not run".to_owned())));
        // Fails if the caller is gone.
        let _ = self.answer.send(committed.and(worked));
    }
}
