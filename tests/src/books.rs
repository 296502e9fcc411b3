//! The database of a test server, on the engine that the environment names, and questions to it that no store answers.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, OpenFlags};
use server::database::Database;
use test_postgres::Postgres;

/// The variable that names the engine: `sqlite`, which is the default, `postgres`, or `pgbouncer` for PostgreSQL through that.
pub const ENGINE: &str = "LOTBOOK_TEST_ENGINE";
/// Whose privileges statements have: the server's own.
const AS_SERVER: &str = "SET ROLE lotbook";

/// A database of its own. It is deleted with its last copy, or with its folder.
#[derive(Clone, Debug)]
pub enum Books {
    /// A file.
    File(PathBuf),
    /// A database of the shared PostgreSQL.
    Postgres(Arc<test_postgres::Database>),
}

impl Books {
    /// An empty database; a file is in `folder`.
    ///
    /// # Errors
    /// If the environment names no engine, or PostgreSQL cannot be started.
    pub fn new(folder: &Path) -> Result<Self> {
        match env::var(ENGINE).as_deref() {
            Err(_) | Ok("" | "sqlite") => Ok(Self::File(folder.join("lotbook.db"))),
            Ok("postgres") => Ok(Self::on(Postgres::shared()?.database()?)),
            Ok("pgbouncer") => Ok(Self::on(Postgres::shared()?.pooled_database()?)),
            Ok(other) => bail!("{ENGINE} is \"{other}\"; it may be sqlite, postgres or pgbouncer"),
        }
    }

    /// A database of PostgreSQL.
    pub fn on(database: test_postgres::Database) -> Self {
        Self::Postgres(Arc::new(database))
    }

    /// As the server opens it.
    pub fn database(&self) -> Database {
        match self {
            Self::File(file) => Database::File(file.clone()),
            Self::Postgres(database) => Database::Postgres(database.url().to_owned()),
        }
    }

    /// The file, on SQLite.
    pub fn file(&self) -> Option<&Path> {
        if let Self::File(file) = self { Some(file) } else { None }
    }

    /// The first column of a query's first row.
    ///
    /// # Errors
    /// If the query fails, or that is no number.
    pub fn number(&self, sql: &str) -> Result<i64> {
        match self {
            Self::File(file) => {
                let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
                Ok(connection.query_row(sql, [], |row| row.get(0))?)
            }
            Self::Postgres(database) => {
                let rows = database.as_superuser(sql)?;
                let first = rows.lines().next().and_then(|row| row.split('|').next());
                first.and_then(|number| number.trim().parse().ok()).with_context(|| format!("{sql}: {rows}"))
            }
        }
    }

    /// Runs statements with the privileges of the server.
    ///
    /// # Errors
    /// If one of them fails.
    pub fn run(&self, sql: &str) -> Result<()> {
        match self {
            Self::File(file) => Ok(Connection::open(file)?.execute_batch(sql)?),
            Self::Postgres(database) => database.as_superuser(&format!("{AS_SERVER}; {sql}")).map(drop),
        }
    }

    /// The expression of a random id.
    pub fn random_id(&self) -> &'static str {
        match self {
            Self::File(_) => "randomblob(16)",
            Self::Postgres(_) => "gen_random_uuid()",
        }
    }
}
