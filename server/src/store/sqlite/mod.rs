//! The store on an embedded SQLite file in WAL mode: one writing connection on its own thread, and several
//! reading ones.
//!
//! `synchronous=FULL` makes every commit reach the disk before it is acknowledged. The work of a dropped call
//! still runs to its end.

mod backup;
mod pool;
mod probe;
mod rekey;
mod restore;
mod schema;
mod security_log;
mod session;
#[cfg(test)]
mod tests;
mod upgrade;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::sql::engine::{Decided, Engine, Lane, Recorder};
use super::sql::session::Session;
use super::sql::store::SqlStore;
use super::{StoreFault, WriteMeter};
use crate::database_lock::real_path;
use pool::Pool;
use schema::Earlier;
use security_log::SecurityLog;
use session::SqliteSession;

pub use backup::backup;
pub use restore::{Restored, check_backup, restore};
pub use security_log::CarriedOver;
pub use upgrade::{check_servable, copy_before_upgrade};

/// The store on one SQLite file.
pub type SqliteStore = SqlStore<Sqlite>;

/// One SQLite file.
#[derive(Debug)]
pub struct Sqlite {
    file: PathBuf,
    pool: Pool,
    security_log: SecurityLog,
}

impl SqliteStore {
    /// Opens `file`, creates it if needed, and migrates its tables.
    ///
    /// # Errors
    /// [`StoreFault`] if the file cannot be used, or was written by a newer server.
    pub fn open(file: &Path) -> Result<Self, StoreFault> {
        with_pool(file, Pool::open(file, Earlier::Migrate)?)
    }

    /// Opens `file` and creates it if needed, but refuses tables of an earlier version: a running server may need them.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_current(file: &Path) -> Result<Self, StoreFault> {
        with_pool(file, Pool::open(file, Earlier::Refuse)?)
    }

    /// Opens an existing file, which may be write-protected. Writes fail; tables of an earlier version are refused.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_to_read(file: &Path) -> Result<Self, StoreFault> {
        with_pool(file, Pool::open_to_read(file)?)
    }

    /// Limits the writes of devices that wait; further ones are told when to come again.
    pub fn limit_waiting(&self, max_writes: usize) {
        self.engine().pool.writer().backlog().limit(max_writes);
    }

    /// Starts the security log if it is missing.
    ///
    /// # Errors
    /// [`StoreFault`] if it cannot be written.
    pub async fn begin_security_log(&self) -> Result<(), StoreFault> {
        let log = self.engine().security_log.clone();
        let begin = move |session: &dyn Session| log.begin(session).map(Decided::Keep);
        self.engine().write(Lane::default(), begin).await
    }
}

fn with_pool(file: &Path, pool: Pool) -> Result<SqliteStore, StoreFault> {
    let real = real_path(file).map_err(|error| schema::unusable(file, &error))?;
    let security_log = SecurityLog::beside(&real);
    Ok(SqlStore::on(Sqlite { file: file.to_owned(), pool, security_log }))
}

impl Engine for Sqlite {
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Session) -> Result<T, StoreFault> + Send + 'static,
    ) -> Result<T, StoreFault> {
        self.pool.read(move |connection| work(&SqliteSession(connection))).await
    }

    async fn write<T: Send + 'static>(
        &self,
        lane: Lane,
        work: impl Fn(&dyn Session) -> Result<Decided<T>, StoreFault> + Send + 'static,
    ) -> Result<T, StoreFault> {
        // All sites share the file's one writer.
        self.pool.writer().write(lane.device, work).await
    }

    fn recorder(&self) -> Recorder {
        let log = self.security_log.clone();
        Arc::new(move |session, events| log.append(session, events))
    }

    fn write_meter(&self) -> WriteMeter {
        self.pool.writer().meter()
    }

    async fn check_writable(&self) -> Result<(), StoreFault> {
        // Nobody else holds the write lock for long, and the disk has room.
        self.write(Lane::default(), |_| Ok(Decided::Keep(()))).await?;
        let file = self.file.clone();
        let probed = spawn_blocking(move || probe::write_beside(&file)).await;
        probed.map_err(|error| StoreFault::Failed(error.to_string()))?
    }

    async fn backup(&self, to: &Path) -> Result<(), StoreFault> {
        let (file, to) = (self.file.clone(), to.to_owned());
        let copied = spawn_blocking(move || backup(&file, &to)).await;
        copied.map_err(|error| StoreFault::Failed(error.to_string()))?
    }
}

/// Runs `work` on one snapshot of a file with tables of this version, which may be write-protected.
pub(super) fn read_whole<T>(
    file: &Path,
    work: impl FnOnce(&dyn Session) -> Result<T, StoreFault>,
) -> Result<T, StoreFault> {
    let mut connection = backup::open_as_it_is(file)?;
    let version = schema::version(&connection).map_err(|error| schema::unusable(file, &error))?;
    schema::refuse_newer(version, file)?;
    schema::refuse_earlier(version, file)?;
    let transaction = connection.transaction()?;
    work(&SqliteSession(&transaction))
}
