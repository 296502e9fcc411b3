//! The writing connection, on its own thread. Writes that are queued at the same time share one transaction,
//! and so one wait for the disk. Each runs in a savepoint: a write that fails or panics is rolled back alone.
//! Callers get their results when the commit is durable; if it fails, all of them get the error.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{Builder, JoinHandle};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::super::StoreFault;

/// Limit of writes in one transaction. The first of them waits for the last.
const MAX_GROUP_WRITES: usize = 32;
/// Limit of queued writes; further callers wait for a free place.
const MAX_QUEUED_WRITES: usize = 256;

/// A finished write's value, and whether its changes are kept.
#[derive(Debug)]
pub(super) enum Decided<T> {
    /// They are committed.
    Keep(T),
    /// They are rolled back.
    Undo(T),
}

/// Sends writes to the thread. Dropping it waits for the queued ones, then closes the connection.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Write>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// A writer that fails every write, for a database that is only read.
    pub(super) fn none() -> Self {
        Self { queue: None, thread: None }
    }

    pub(super) fn start(mut connection: Connection) -> Result<Self, StoreFault> {
        let (queue, mut line) = mpsc::channel(MAX_QUEUED_WRITES);
        let serve = move || {
            while let Some(first) = line.blocking_recv() {
                let mut group = vec![first];
                group.extend(std::iter::from_fn(|| line.try_recv().ok()).take(MAX_GROUP_WRITES - 1));
                let committed = commit(&mut connection, &mut group);
                group.into_iter().for_each(|write| write.respond(committed.clone()));
            }
        };
        let thread = Builder::new().name("writer".to_owned()).spawn(serve);
        let thread = thread.map_err(|error| StoreFault::Failed(format!("no thread to write on: {error}")))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Runs `work` in a transaction that locks out other processes' writes, and keeps its changes if it
    /// succeeded.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreFault> + Send + 'static,
    ) -> Result<T, StoreFault> {
        self.write_or_undo(move |transaction| work(transaction).map(Decided::Keep)).await
    }

    /// Like [`Self::write`], for work that decides at its end whether its changes are kept.
    pub(super) async fn write_or_undo<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<Decided<T>, StoreFault> + Send + 'static,
    ) -> Result<T, StoreFault> {
        let ended = || StoreFault::Failed("nothing is written on this connection".to_owned());
        let (answer, answered) = oneshot::channel();
        let write = Box::new(Pending { work: Some(work), worked: None, answer });
        self.queue.as_ref().ok_or_else(ended)?.send(write).await.map_err(|_| ended())?;
        answered.await.map_err(|_| ended())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread cannot be reported any more.
            let _ = thread.join();
        }
    }
}

/// A queued write.
trait Write: Send {
    /// Runs the work. Returns whether to keep its changes.
    fn work(&mut self, transaction: &Transaction<'_>) -> bool;

    /// Sends the result to the caller.
    fn respond(self: Box<Self>, committed: Result<(), StoreFault>);
}

struct Pending<W, T> {
    work: Option<W>,
    worked: Option<Result<T, StoreFault>>,
    answer: oneshot::Sender<Result<T, StoreFault>>,
}

impl<W, T: Send> Write for Pending<W, T>
where
    W: FnOnce(&Transaction<'_>) -> Result<Decided<T>, StoreFault> + Send,
{
    fn work(&mut self, transaction: &Transaction<'_>) -> bool {
        let Some(work) = self.work.take() else { return false };
        // Changes of a panicked write are rolled back, and the work can reach nothing but the database.
        let worked = catch_unwind(AssertUnwindSafe(|| work(transaction)));
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

fn commit(connection: &mut Connection, group: &mut [Box<dyn Write>]) -> Result<(), StoreFault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let [alone] = group {
        // A single write needs no savepoint, which would store a copy of every page that an import changes.
        return if alone.work(&transaction) {
            Ok(transaction.commit()?)
        } else {
            Ok(transaction.rollback()?)
        };
    }
    for write in group {
        transaction.prepare_cached("SAVEPOINT one_write")?.execute([])?;
        if !write.work(&transaction) {
            transaction.prepare_cached("ROLLBACK TO one_write")?.execute([])?;
        }
        transaction.prepare_cached("RELEASE one_write")?.execute([])?;
    }
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use rusqlite::params;

    use super::*;

    fn insert(transaction: &Transaction<'_>, number: i64) -> Result<i64, StoreFault> {
        transaction.execute("INSERT INTO numbers VALUES (?1)", params![number])?;
        Ok(number)
    }

    #[tokio::test]
    async fn a_failing_write_does_not_affect_the_others() {
        let dir = tempfile::TempDir::new().expect("a folder");
        let file = dir.path().join("numbers.db");
        let connection = Connection::open(&file).expect("a database");
        connection
            .execute_batch("PRAGMA journal_mode=WAL; CREATE TABLE numbers (number PRIMARY KEY)")
            .expect("a table");
        let writer = Writer::start(connection).expect("a writer");
        // The first write is held until the others are in line: they make one group.
        let (go, held) = sync_channel::<()>(1);
        let first = writer.write(move |transaction| {
            held.recv().map_err(|error| StoreFault::Failed(error.to_string()))?;
            insert(transaction, 0)
        });
        let others = async {
            let one = writer.write(|transaction| insert(transaction, 1));
            let refused = writer.write(|transaction| {
                insert(transaction, 2)?;
                Err::<i64, _>(StoreFault::invalid("no", "No."))
            });
            let panics = writer.write(|transaction| -> Result<i64, _> {
                insert(transaction, 3)?;
                panic!("on purpose")
            });
            let twice = writer.write(|transaction| insert(transaction, 1));
            let last = writer.write(|transaction| insert(transaction, 4));
            let release = async { go.send(()).expect("the first write waits") };
            let (one, refused, panics, twice, last, ()) =
                tokio::join!(one, refused, panics, twice, last, release);
            assert_eq!((one.expect("1"), last.expect("4")), (1, 4));
            assert!(matches!(refused, Err(StoreFault::Invalid { code: "no", .. })), "{refused:?}");
            assert!(panics.is_err() && twice.is_err(), "{panics:?} {twice:?}");
        };
        assert_eq!(tokio::join!(first, others).0.expect("0"), 0);
        drop(writer);
        let kept = Connection::open(&file).expect("the database");
        let kept: String = kept
            .query_row("SELECT group_concat(number ORDER BY number) FROM numbers", [], |row| row.get(0))
            .expect("numbers");
        assert_eq!(kept, "0,1,4");
    }
}
