//! One connection: how it is opened, and its transactions.

use std::cell::RefCell;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use sync::{Records, StoreError};

use crate::fault::{Fault, Kept};
use crate::reindex::reindex;
use crate::reserve::Reserve;
use crate::schema::{Kinds, Life, is_there, prepare};

/// The longest wait for another process's transaction.
pub const MAX_BUSY_MILLIS: u32 = 10_000;
/// Pages in memory.
const MAX_CACHE_KIBIBYTES: i64 = 24 * 1024;
/// Pages in the log, 4 KiB each, before they are moved into the database.
const MAX_LOG_PAGES: i64 = 4_000;
/// The log is cut to this size after they were.
const MAX_LEFT_LOG_BYTES: i64 = 4 * 1024 * 1024;
/// Prepared statements that are kept.
const MAX_STATEMENTS: usize = 64;

/// A connection with what is known of its tables.
#[derive(Debug)]
pub(crate) struct Database {
    connection: RefCell<Connection>,
    pub(crate) kinds: Kinds,
    pub(crate) reserve: Reserve,
}

impl Database {
    /// Opens a file. With `life` it is created if there is none.
    pub(crate) fn open<M: Records>(path: &Path, life: Option<Life<'_>>) -> Result<Self, StoreError> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if life.is_some() {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        }
        let open = || {
            let connection = Connection::open_with_flags(path, flags)?;
            Self::begin::<M>(connection, Some(path), life)
        };
        let opened = match open() {
            // Even a reader needs some space beside the file, for the index of the log.
            Err(Fault(StoreError::Full | StoreError::Unavailable(_)))
                if path.exists() && Reserve::of(Some(path)).release()? =>
            {
                open()
            }
            opened => opened,
        };
        opened.map_err(|Fault(error)| error)
    }

    /// A database in memory, lost with its last handle.
    pub(crate) fn in_memory<M: Records>(life: Life<'_>) -> Result<Self, StoreError> {
        Connection::open_in_memory()
            .map_err(Fault::from)
            .and_then(|connection| Self::begin::<M>(connection, None, Some(life)))
            .map_err(|Fault(error)| error)
    }

    fn begin<M: Records>(
        mut connection: Connection,
        path: Option<&Path>,
        life: Option<Life<'_>>,
    ) -> Kept<Self> {
        connection.busy_timeout(Duration::from_millis(MAX_BUSY_MILLIS.into()))?;
        connection.set_prepared_statement_cache_capacity(MAX_STATEMENTS);
        is_there(&connection, life.is_some())?;
        let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        if path.is_some() && mode != "wal" {
            let reason = format!("the file system allows no write-ahead log (journal mode {mode})");
            return Err(StoreError::Unavailable(reason).into());
        }
        for (setting, value) in [
            // Every commit is flushed: "saved" survives a power cut.
            ("synchronous", 2),
            ("cache_size", -MAX_CACHE_KIBIBYTES),
            ("wal_autocheckpoint", MAX_LOG_PAGES),
            ("journal_size_limit", MAX_LEFT_LOG_BYTES),
        ] {
            connection.pragma_update(None, setting, value)?;
        }
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let kinds = prepare::<M>(&tx, life)?;
        reindex::<M>(&tx)?;
        tx.commit()?;
        Ok(Self { connection: RefCell::new(connection), kinds, reserve: Reserve::of(path) })
    }

    /// Runs `work` on one state of the database.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Connection) -> Kept<T>) -> Result<T, StoreError> {
        let read = || {
            let mut connection = self.connection.borrow_mut();
            let tx = connection.transaction()?;
            work(&tx)
        };
        read().map_err(|Fault(error)| error)
    }

    /// Runs `work` in a transaction that is on the disk when this returns `Ok`. If there is no space, it is run once
    /// more without the reserve.
    pub(crate) fn write<T>(&self, work: impl Fn(&Connection) -> Kept<T>) -> Result<T, StoreError> {
        match self.write_once(&work) {
            Err(StoreError::Full) if self.reserve.release()? => self.write_once(work),
            written => written,
        }
    }

    /// As [`Self::write`], within the space that is left beside the reserve.
    pub(crate) fn write_once<T>(&self, work: impl FnOnce(&Connection) -> Kept<T>) -> Result<T, StoreError> {
        self.run(work, |fault| fault)
    }

    /// As [`Self::write`]. After [`StoreError::Undecided`] it may be stored: pages of an unflushed log may be found
    /// whole after a power cut.
    pub(crate) fn save<T>(&self, work: impl Fn(&Connection) -> Kept<T>) -> Result<T, StoreError> {
        let undecided = |fault: StoreError| match fault {
            StoreError::Full | StoreError::NoAnswer(_) => fault,
            _ => StoreError::Undecided,
        };
        match self.run(&work, undecided) {
            Err(StoreError::Full) if self.reserve.release()? => self.run(work, undecided),
            saved => saved,
        }
    }

    fn run<T>(
        &self,
        work: impl FnOnce(&Connection) -> Kept<T>,
        uncommitted: impl FnOnce(StoreError) -> StoreError,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection.borrow_mut();
        let of_sqlite = |error: rusqlite::Error| Fault::from(error).0;
        let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let tx = begun.map_err(of_sqlite)?;
        let done = work(&tx).map_err(|Fault(error)| error)?;
        #[cfg(test)]
        if self.reserve.is_full.get() && !self.reserve.is_spent()? {
            return Err(StoreError::Full);
        }
        tx.commit().map_err(|error| uncommitted(of_sqlite(error)))?;
        Ok(done)
    }
}
