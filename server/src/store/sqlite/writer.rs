//! The writing connection, on its own thread. Writes that are queued at the same time share one transaction,
//! and so one wait for the disk. Each runs in a savepoint: a write that fails or panics is rolled back alone.
//! Callers get their results when the commit is durable; if it fails, all of them get the error. Devices take turns.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};
use uuid::Uuid;

use super::super::sql::backlog::Backlog;
use super::super::sql::engine::Decided;
use super::super::sql::queued::{
    MAX_GROUP_MILLIS, MAX_GROUP_WRITES, MAX_QUEUED_WRITES_PER_DEVICE, Waiting, Write, queued,
};
use super::super::sql::session::Session;
use super::super::{StoreFault, WriteMeter};
use super::session::SqliteSession;
use crate::random;

/// Sends writes to the thread. Dropping it waits for the queued ones, then closes the connection.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// A writer that fails every write, for a database that is only read.
    pub(super) fn none() -> Self {
        let queue = Arc::<Queue>::default();
        queue.close();
        Self { queue, thread: None }
    }

    pub(super) fn start(mut connection: Connection) -> Result<Self, StoreFault> {
        let queue = Arc::new(Queue::default());
        let served = Served(Arc::clone(&queue));
        let serve = move || {
            while let Some(first) = served.0.wait() {
                let mut group = vec![first];
                let committed = commit(&mut connection, &served.0, &mut group);
                served.0.meter.ended(group.len());
                group.into_iter().for_each(|write| write.respond(committed.clone()));
            }
        };
        let thread = Builder::new().name("writer".to_owned()).spawn(serve);
        let thread = thread.map_err(|error| StoreFault::Failed(format!("no thread to write on: {error}")))?;
        Ok(Self { queue, thread: Some(thread) })
    }

    /// The figures of the writes.
    pub(super) fn meter(&self) -> WriteMeter {
        self.queue.meter.clone()
    }

    /// The limit of the writes that wait.
    pub(super) fn backlog(&self) -> &Backlog {
        &self.queue.backlog
    }

    /// Runs `work` in a transaction that locks out other processes' writes, in turn with the writes of other devices.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        device: Option<Uuid>,
        work: impl Fn(&dyn Session) -> Result<Decided<T>, StoreFault> + Send + 'static,
    ) -> Result<T, StoreFault> {
        let (write, answered) = queued(work);
        self.queue.push(device, write)?;
        answered.await.map_err(|_| has_ended())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread cannot be reported any more.
            let _ = thread.join();
        }
    }
}

fn has_ended() -> StoreFault {
    StoreFault::Failed("the thread that writes has ended".to_owned())
}

/// The thread's end of the queue. If the thread ends, nobody waits for it any more.
struct Served(Arc<Queue>);

impl Drop for Served {
    fn drop(&mut self) {
        self.0.close();
        while self.0.next().is_some() {}
    }
}

/// The writes that wait for the thread.
#[derive(Debug)]
struct Queue {
    line: Mutex<Line>,
    has_changed: Condvar,
    backlog: Backlog,
    meter: WriteMeter,
}

#[derive(Debug)]
struct Line {
    writes: Waiting,
    is_closed: bool,
}

impl Default for Queue {
    fn default() -> Self {
        let line = Line { writes: Waiting::new(MAX_QUEUED_WRITES_PER_DEVICE), is_closed: false };
        let (has_changed, backlog) = (Condvar::new(), Backlog::new(random::number));
        Self { line: Mutex::new(line), has_changed, backlog, meter: WriteMeter::default() }
    }
}

impl Queue {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, device: Option<Uuid>, write: Box<dyn Write>) -> Result<(), StoreFault> {
        let mut line = self.line();
        if line.is_closed {
            return Err(has_ended());
        }
        self.backlog.enter(device.is_some(), Instant::now())?;
        line.writes.push(device, write).map_err(|_| {
            self.backlog.leave(Instant::now());
            StoreFault::Busy
        })?;
        self.meter.waiting.inc();
        drop(line);
        self.has_changed.notify_one();
        Ok(())
    }

    fn close(&self) {
        self.line().is_closed = true;
        self.has_changed.notify_one();
    }

    /// Waits for the next write; none once the queue is closed and empty.
    fn wait(&self) -> Option<Box<dyn Write>> {
        let waits = |line: &mut Line| line.writes.is_empty() && !line.is_closed;
        let line = self.has_changed.wait_while(self.line(), waits);
        self.pop(&mut line.unwrap_or_else(PoisonError::into_inner))
    }

    /// The next write, if one waits.
    fn next(&self) -> Option<Box<dyn Write>> {
        self.pop(&mut self.line())
    }

    fn pop(&self, line: &mut Line) -> Option<Box<dyn Write>> {
        line.writes.pop().inspect(|_| {
            self.backlog.leave(Instant::now());
            self.meter.waiting.dec();
        })
    }

    fn is_empty(&self) -> bool {
        self.line().writes.is_empty()
    }
}

/// Runs the one write of `group`, and those that wait or arrive meanwhile, which it adds to the group.
fn commit(
    connection: &mut Connection,
    queue: &Queue,
    group: &mut Vec<Box<dyn Write>>,
) -> Result<(), StoreFault> {
    let began = Instant::now();
    let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
    let transaction = begun.inspect_err(|_| {
        // Those that wait have waited for the lock as well.
        group.extend(std::iter::from_fn(|| queue.next()).take(MAX_GROUP_WRITES - 1));
    })?;
    if let ([alone], true) = (&mut group[..], queue.is_empty()) {
        // A single write needs no savepoint, which would store a copy of every page that an import changes.
        return if alone.work(&SqliteSession(&transaction)) {
            Ok(transaction.commit()?)
        } else {
            Ok(transaction.rollback()?)
        };
    }
    let mut at = 0;
    while let Some(write) = group.get_mut(at) {
        transaction.prepare_cached("SAVEPOINT one_write")?.execute([])?;
        if !write.work(&SqliteSession(&transaction)) {
            transaction.prepare_cached("ROLLBACK TO one_write")?.execute([])?;
        }
        transaction.prepare_cached("RELEASE one_write")?.execute([])?;
        at += 1;
        if at < MAX_GROUP_WRITES && began.elapsed() < Duration::from_millis(MAX_GROUP_MILLIS) {
            group.extend(queue.next());
        }
    }
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;
    use crate::store::sql::session::params;

    fn insert(session: &dyn Session, number: i64) -> Result<Decided<i64>, StoreFault> {
        session.execute("INSERT INTO numbers VALUES (?1)", &params![number])?;
        Ok(Decided::Keep(number))
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
        let first = writer.write(None, move |session| {
            held.recv().map_err(|error| StoreFault::Failed(error.to_string()))?;
            insert(session, 0)
        });
        let others = async {
            let one = writer.write(None, |session| insert(session, 1));
            let refused = writer.write(None, |session| {
                insert(session, 2)?;
                Err::<Decided<i64>, _>(StoreFault::invalid("no", "No."))
            });
            let panics = writer.write(None, |session| -> Result<Decided<i64>, _> {
                insert(session, 3)?;
                panic!("on purpose")
            });
            let twice = writer.write(None, |session| insert(session, 1));
            let last = writer.write(None, |session| insert(session, 4));
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

    #[tokio::test]
    async fn devices_take_turns() {
        let dir = tempfile::TempDir::new().expect("a folder");
        let writer = Writer::start(Connection::open(dir.path().join("turns.db")).expect("a database"));
        let writer = writer.expect("a writer");
        let served = Arc::new(Mutex::new(String::new()));
        let (go, held) = sync_channel::<()>(1);
        let first = writer.write(None, move |_| {
            held.recv().map(Decided::Keep).map_err(|error| StoreFault::Failed(error.to_string()))
        });
        let write = |device: u128, name: char| {
            let served = Arc::clone(&served);
            writer.write(Some(Uuid::from_u128(device)), move |_| {
                served.lock().unwrap_or_else(PoisonError::into_inner).push(name);
                Ok(Decided::Keep(()))
            })
        };
        let busy = futures::future::try_join_all((0..5).map(|_| write(1, 'a')));
        let others = futures::future::try_join(write(2, 'b'), write(3, 'c'));
        let release = async { go.send(()).expect("the first write waits") };
        let (first, busy, others, ()) = tokio::join!(first, busy, others, release);
        assert!(first.is_ok() && busy.is_ok() && others.is_ok());
        assert_eq!(*served.lock().unwrap_or_else(PoisonError::into_inner), "abcaaaa");
    }
}
