//! The connections: one for writes, several for reads.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::super::StoreFault;
use super::backup::open_as_it_is;
use super::schema::{self, Earlier};
use super::writer::Writer;

/// Connections for reads. More would only wait for the CPU.
const READER_CONNECTIONS: usize = 4;
/// How often, and how long apart, a pool that is closed looks for reads that still run.
const MAX_CLOSE_LOOKS: u32 = 100;
const CLOSE_LOOK_MILLIS: u64 = 10;

#[derive(Debug)]
pub(super) struct Pool {
    readers: Arc<Mutex<Vec<Connection>>>,
    /// Declared after the readers, so that it is closed last: only a writing connection can empty the WAL.
    writer: Writer,
    /// In place of the writer's in a pool that only reads.
    _last: Option<Mutex<Connection>>,
    free_readers: Arc<Semaphore>,
}

impl Pool {
    /// The writer is opened first: it migrates the tables or refuses to, and puts the file into WAL mode for the readers.
    pub(super) fn open(file: &Path, earlier: Earlier) -> Result<Self, StoreFault> {
        let writer = schema::open_writer_unless(file, earlier)?;
        Self::with_readers(file, Writer::start(writer)?, None)
    }

    /// A pool whose writer refuses. The file may be write-protected.
    pub(super) fn open_to_read(file: &Path) -> Result<Self, StoreFault> {
        let last = open_as_it_is(file)?;
        let version = schema::version(&last).map_err(|error| schema::unusable(file, &error))?;
        schema::refuse_newer(version, file)?;
        schema::refuse_earlier(version, file)?;
        Self::with_readers(file, Writer::none(), Some(Mutex::new(last)))
    }

    fn with_readers(
        file: &Path,
        writer: Writer,
        last: Option<Mutex<Connection>>,
    ) -> Result<Self, StoreFault> {
        let readers: Vec<Connection> =
            (0..READER_CONNECTIONS).map(|_| schema::open_reader(file)).collect::<Result<_, _>>()?;
        Ok(Self {
            writer,
            _last: last,
            readers: Arc::new(Mutex::new(readers)),
            free_readers: Arc::new(Semaphore::new(READER_CONNECTIONS)),
        })
    }

    /// The connection that writes.
    pub(super) fn writer(&self) -> &Writer {
        &self.writer
    }

    /// Runs `work` on one snapshot of the database.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreFault> + Send + 'static,
    ) -> Result<T, StoreFault> {
        let permit = Arc::clone(&self.free_readers).acquire_owned().await;
        let permit = permit.map_err(|error| StoreFault::Failed(error.to_string()))?;
        let readers = Arc::clone(&self.readers);
        let read = spawn_blocking(move || {
            let mut reader = Borrowed::take(&readers)?;
            let value = {
                let transaction = reader.connection()?.transaction()?;
                work(&transaction)?
            };
            drop(reader);
            drop(permit);
            Ok(value)
        });
        read.await.map_err(|error| StoreFault::Failed(error.to_string()))?
    }
}

impl Drop for Pool {
    /// Waits for reads whose callers are gone: if a reader is closed after the writer, the WAL stays.
    fn drop(&mut self) {
        for _ in 0..MAX_CLOSE_LOOKS {
            // Each read has a clone until its connection is returned.
            if Arc::strong_count(&self.readers) == 1 {
                return;
            }
            thread::sleep(Duration::from_millis(CLOSE_LOOK_MILLIS));
        }
    }
}

/// A borrowed reading connection, which is returned to the pool even after a panic.
struct Borrowed<'r> {
    readers: &'r Mutex<Vec<Connection>>,
    connection: Option<Connection>,
}

impl<'r> Borrowed<'r> {
    fn take(readers: &'r Mutex<Vec<Connection>>) -> Result<Self, StoreFault> {
        let connection = readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if connection.is_none() {
            return Err(StoreFault::Failed("no reading connection is left".to_owned()));
        }
        Ok(Self { readers, connection })
    }

    fn connection(&mut self) -> Result<&mut Connection, StoreFault> {
        self.connection.as_mut().ok_or_else(|| StoreFault::Failed("the connection is in use".to_owned()))
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.readers.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }
}
