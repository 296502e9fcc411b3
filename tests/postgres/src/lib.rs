//! A throwaway PostgreSQL with a PgBouncer in transaction mode in front of it, on free ports of this machine, from Debian's
//! packages `postgresql-15` and `pgbouncer`.
//!
//! The databases sort text by the rules of a language, so that a query that relies on the order of bytes without saying so
//! fails.

mod database;
mod instance;
mod mirror;
mod packages;

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use instance::{Instance, Settings};
use packages::Packages;

pub use database::Database;

/// The process of a connection, one within a transaction before those that wait for work.
const BUSIEST_PROCESS: &str = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() \
     AND pid <> pg_backend_pid() ORDER BY xact_start IS NULL, backend_start LIMIT 1";

/// A process that is another one after a recovery.
const CHECKPOINTER: &str = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'";

/// A running PostgreSQL and its PgBouncer.
#[derive(Debug)]
pub struct Postgres {
    instance: Instance,
    /// Held shared as long as the servers are needed.
    lock: File,
    settings: Settings,
    /// The folder, if the servers are stopped with this value.
    own: Option<TempDir>,
}

static SHARED: Mutex<Option<&'static Postgres>> = Mutex::new(None);

impl Postgres {
    /// The servers that all test processes of this clone share. They are started by the first, and stop some seconds after
    /// the last has ended. They lose data if the machine fails.
    ///
    /// # Errors
    /// If the packages are missing, or the servers do not start.
    pub fn shared() -> Result<&'static Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(postgres) = *shared {
            return Ok(postgres);
        }
        let clone = env!("CARGO_MANIFEST_DIR").replace(['/', ' '], "-");
        let folder = env::temp_dir().join(format!("lotbook-postgres{clone}"));
        let postgres: &Self = Box::leak(Box::new(Self::in_folder(&folder)?));
        *shared = Some(postgres);
        Ok(postgres)
    }

    /// Servers that are stopped when the value is dropped, or some seconds after the process has ended otherwise. They lose
    /// data if the machine fails.
    ///
    /// # Errors
    /// As [`Self::shared`].
    pub fn start() -> Result<Self> {
        Self::own(Settings::Quick)
    }

    /// Like [`Self::start`], but every commit waits for the disk.
    ///
    /// # Errors
    /// As [`Self::shared`].
    pub fn start_durable() -> Result<Self> {
        Self::own(Settings::Durable)
    }

    /// Like [`Self::start`], but PostgreSQL speaks TLS as well. Returns the file of the certificate, which it has signed itself
    /// for the name `localhost`.
    ///
    /// # Errors
    /// As [`Self::shared`].
    pub fn start_encrypted() -> Result<(Self, PathBuf)> {
        let postgres = Self::own(Settings::Encrypted)?;
        let certificate = postgres.instance.certificate();
        Ok((postgres, certificate))
    }

    fn own(settings: Settings) -> Result<Self> {
        let packages = Packages::find()?;
        let folder = TempDir::with_prefix("lotbook-postgres-")?;
        packages.give(folder.path())?;
        let lock = lock_of(folder.path())?;
        let instance = Instance::start(&packages, folder.path(), settings)?;
        Ok(Self { instance, lock, settings, own: Some(folder) })
    }

    fn in_folder(folder: &Path) -> Result<Self> {
        let packages = Packages::find()?;
        fs::create_dir_all(folder)?;
        packages.give(folder)?;
        // Waits while the servers that nobody used are being stopped.
        let lock = lock_of(folder)?;
        let starting = File::create(folder.join("starting"))?;
        starting.lock()?;
        let instance = match Instance::running(folder) {
            Some(instance) => instance,
            None => Instance::start(&packages, folder, Settings::Quick)?,
        };
        Ok(Self { instance, lock, settings: Settings::Quick, own: None })
    }

    /// A new, empty database, reached directly.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn database(&self) -> Result<Database> {
        Database::create(&self.instance, self.instance.port)
    }

    /// A new, empty database, reached through PgBouncer.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn pooled_database(&self) -> Result<Database> {
        Database::create(&self.instance, self.instance.pooled_port)
    }

    /// Stops PostgreSQL in the middle of its work, without a checkpoint and without an answer to anybody. Not for shared servers.
    pub fn crash(&self) {
        self.instance.stop_postgres();
    }

    /// Starts PostgreSQL again on the data that the crash left, and waits until it has recovered.
    ///
    /// # Errors
    /// If it does not start.
    pub fn recover(&self) -> Result<()> {
        self.instance.start_postgres_again(self.settings)
    }

    /// Kills one of the processes that serve connections to `database`, in the middle of what it does if one is busy. PostgreSQL
    /// takes that for damaged memory: it ends all connections and recovers by itself. Returns once it has. Not for shared servers.
    ///
    /// # Errors
    /// If there is no such process, or PostgreSQL does not recover.
    pub fn kill_connection(&self, database: &Database) -> Result<()> {
        let before = database.as_superuser(CHECKPOINTER)?;
        let pid = database.as_superuser(BUSIEST_PROCESS)?;
        let killed = Command::new("kill").args(["-KILL", &pid]).status()?;
        ensure!(killed.success(), "the process \"{pid}\" cannot be killed");
        self.instance.wait(|| database.as_superuser(CHECKPOINTER).is_ok_and(|now| now != before))
    }

    /// The log files of PostgreSQL and PgBouncer.
    pub fn logs(&self) -> Vec<PathBuf> {
        self.instance.logs()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.own.is_some() {
            self.instance.stop();
        }
        // The lock ends in any case.
        let _ = self.lock.unlock();
    }
}

fn lock_of(folder: &Path) -> Result<File> {
    let file = folder.join("lock");
    let lock = File::options().create(true).append(true).open(&file)?;
    lock.lock_shared().with_context(|| format!("{} cannot be locked", file.display()))?;
    Ok(lock)
}
