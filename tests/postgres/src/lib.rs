//! A throwaway PostgreSQL with a PgBouncer in transaction mode in front of it, on free ports of this machine, from Debian's
//! packages `postgresql-15` and `pgbouncer`.
//!
//! The databases sort text by the rules of a language, so that a query that relies on the order of bytes without saying so
//! fails.

mod database;
mod instance;
mod packages;

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use instance::{Instance, Settings};
use packages::Packages;

pub use database::Database;

/// A running PostgreSQL and its PgBouncer.
#[derive(Debug)]
pub struct Postgres {
    instance: Instance,
    /// Held shared as long as the servers are needed.
    lock: File,
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
        Ok(Self { instance, lock, own: Some(folder) })
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
        Ok(Self { instance, lock, own: None })
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
