//! The server's database: a file of SQLite, or a database of a real PostgreSQL, with all that the simulation does to it beside
//! the server.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::{Context as _, Result, anyhow};
use clap::ValueEnum;
use rusqlite::{Connection, params};
use server::database::Database;
use server::store::Store;
use server::store::sqlite::SqliteStore;
use tempfile::TempDir;
use test_postgres::Postgres;
use tokio::runtime::{Builder, Runtime};

/// The engine of the server's store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// A file of its own.
    #[default]
    Sqlite,
    /// A database of a PostgreSQL that all runs share.
    Postgres,
}

impl Engine {
    /// A runtime for the store.
    ///
    /// # Errors
    /// If its threads cannot be started.
    pub fn runtime(self) -> Result<Runtime> {
        let mut runtime = match self {
            Self::Sqlite => Builder::new_current_thread(),
            // Its connections go on between two requests.
            Self::Postgres => Builder::new_multi_thread(),
        };
        Ok(runtime.worker_threads(1).enable_all().build()?)
    }
}

/// The moment of a write at which the connection is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Within the transaction.
    InWrite,
    /// While it is committed.
    InCommit,
}

/// The server's database.
#[derive(Debug)]
pub(crate) enum Books {
    /// The file is in this folder.
    Sqlite(TempDir),
    Postgres(test_postgres::Database),
}

/// A copy of all data.
#[derive(Debug)]
pub(crate) enum Backup {
    Sqlite(PathBuf),
    Postgres(test_postgres::Database),
}

impl fmt::Display for Backup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => file.display().fmt(f),
            Self::Postgres(database) => database.fmt(f),
        }
    }
}

/// A database with tables and nothing else, which every run begins with a copy of.
fn empty_tables() -> Result<&'static test_postgres::Database> {
    static TABLES: OnceLock<Result<test_postgres::Database, String>> = OnceLock::new();
    let create = || {
        let database = Postgres::shared()?.database()?;
        let store = Database::Postgres(database.url().to_owned());
        Engine::Postgres.runtime()?.block_on(store.open_current())?;
        // The server's only, not those of the simulation.
        database.as_superuser(
            "CREATE FUNCTION lose_connection() RETURNS trigger LANGUAGE plpgsql AS \
             $$BEGIN IF current_user = 'lotbook' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; \
             RETURN NEW; END$$",
        )?;
        database.disconnect_all()?;
        anyhow::Ok(database)
    };
    let created = TABLES.get_or_init(|| create().map_err(|error| format!("{error:#}")));
    created.as_ref().map_err(|error| anyhow!("PostgreSQL for the simulation: {error}"))
}

impl Books {
    pub(crate) fn new(engine: Engine) -> Result<Self> {
        if engine == Engine::Postgres {
            return Ok(Self::Postgres(empty_tables()?.copy()?));
        }
        // In memory if the system has such a folder: a run makes hundreds of commits, and the disk is not
        // under test.
        let shared_memory = Path::new("/dev/shm");
        let folder = if shared_memory.is_dir() { TempDir::new_in(shared_memory)? } else { TempDir::new()? };
        Ok(Self::Sqlite(folder))
    }

    pub(crate) fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    fn file(folder: &TempDir) -> PathBuf {
        folder.path().join("lotbook.db")
    }

    /// As the server opens it.
    pub(crate) async fn open(&self) -> Result<Arc<dyn Store>> {
        match self {
            Self::Sqlite(folder) => Ok(Arc::new(SqliteStore::open(&Self::file(folder))?)),
            Self::Postgres(database) => Database::Postgres(database.url().to_owned()).open_existing().await,
        }
    }

    /// Runs statements in one transaction, beside the server.
    pub(crate) fn run(&self, sql: &str) -> Result<()> {
        match self {
            Self::Sqlite(folder) => {
                let connection = Connection::open(Self::file(folder))?;
                Ok(connection.execute_batch(&format!("BEGIN IMMEDIATE; {sql}; COMMIT"))?)
            }
            Self::Postgres(database) => database.as_superuser(sql).map(drop),
        }
    }

    /// The number of the first device's scans of an unknown code, as an expression.
    pub(crate) fn first_scans(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "json_extract(devices, '$[0].scans.times')",
            Self::Postgres(_) => "(devices::json -> 0 -> 'scans' ->> 'times')::bigint",
        }
    }

    /// All rows, to be read with SQLite.
    pub(crate) fn rows(&self) -> Result<Connection> {
        match self {
            Self::Sqlite(folder) => Ok(Connection::open(Self::file(folder))?),
            Self::Postgres(database) => database.mirrored(),
        }
    }

    /// A copy under new epochs, or with the same ones, like a copy of the files. PostgreSQL is copied while no store is open.
    pub(crate) fn back_up(&self, number: u32, same_epoch: bool) -> Result<Backup> {
        match self {
            Self::Sqlite(folder) => {
                let (from, to) = (Self::file(folder), folder.path().join(format!("backup-{number}.db")));
                server::store::sqlite::backup(&from, &to)?;
                if same_epoch {
                    let copy = Connection::open(&to)?;
                    copy.execute(
                        "ATTACH DATABASE ?1 AS original",
                        params![from.to_str().context("a path")?],
                    )?;
                    let sql = "UPDATE sites SET epoch = (SELECT epoch FROM original.sites AS known WHERE known.site = sites.site)";
                    copy.execute(sql, [])?;
                }
                Ok(Backup::Sqlite(to))
            }
            Self::Postgres(database) => {
                database.disconnect_all()?;
                let copy = database.copy()?;
                if !same_epoch {
                    copy.as_superuser("UPDATE sites SET epoch = gen_random_uuid(), epoch_is_due = false")?;
                }
                Ok(Backup::Postgres(copy))
            }
        }
    }

    /// Puts a backup in the place of all data, while no store is open.
    pub(crate) fn restore(&mut self, backup: &Backup) -> Result<()> {
        match (self, backup) {
            (Self::Sqlite(folder), Backup::Sqlite(backup)) => {
                for ending in ["-wal", "-shm"] {
                    let leftover = folder.path().join(format!("lotbook.db{ending}"));
                    if leftover.exists() {
                        std::fs::remove_file(leftover)?;
                    }
                }
                std::fs::copy(backup, Self::file(folder))?;
            }
            (Self::Postgres(database), Backup::Postgres(backup)) => *database = backup.copy()?,
            (_, backup) => return Err(anyhow!("{backup} is a backup of another engine")),
        }
        Ok(())
    }

    /// Makes the connection of every write be lost at some moment, until [`Books::mend`]. SQLite has no connections.
    pub(crate) fn break_at(&self, loss: Loss) -> Result<()> {
        let Self::Postgres(database) = self else { return Ok(()) };
        let (trigger, when) = match loss {
            Loss::InWrite => ("TRIGGER lost BEFORE", ""),
            Loss::InCommit => ("CONSTRAINT TRIGGER lost AFTER", "DEFERRABLE INITIALLY DEFERRED"),
        };
        let sql = format!(
            "CREATE {trigger} UPDATE ON sites {when} FOR EACH ROW EXECUTE FUNCTION lose_connection()"
        );
        database.as_superuser(&sql).map(drop)
    }

    pub(crate) fn mend(&self) -> Result<()> {
        let Self::Postgres(database) = self else { return Ok(()) };
        database.as_superuser("DROP TRIGGER lost ON sites").map(drop)
    }
}
