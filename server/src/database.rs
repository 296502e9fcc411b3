//! Where a server's data is.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, bail};

use crate::store::Store;
use crate::store::postgres::PostgresStore;
use crate::store::sqlite::SqliteStore;

/// The beginnings of a URL of PostgreSQL.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// A file of SQLite, or a database of PostgreSQL.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// The file.
    File(PathBuf),
    /// The URL, which may hold a password.
    Postgres(String),
}

impl From<PathBuf> for Database {
    fn from(file: PathBuf) -> Self {
        Self::File(file)
    }
}

impl From<OsString> for Database {
    fn from(given: OsString) -> Self {
        match given.to_str() {
            Some(url) if SCHEMES.iter().any(|scheme| url.starts_with(scheme)) => {
                Self::Postgres(url.to_owned())
            }
            _ => Self::File(given.into()),
        }
    }
}

/// Without the password.
impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.display().fmt(f),
            Self::Postgres(url) => f.write_str(&PostgresStore::shown(url)),
        }
    }
}

/// Without the password.
impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Database({self})")
    }
}

impl Database {
    /// The file.
    ///
    /// # Errors
    /// For PostgreSQL, which has its own tools for what is done with the file.
    pub fn file(&self) -> Result<&Path> {
        match self {
            Self::File(file) => Ok(file),
            Self::Postgres(_) => bail!(
                "This command is for SQLite files. PostgreSQL is backed up and restored with its own tools: use pg_dump and \
                 pg_restore, or the backups of its provider."
            ),
        }
    }

    /// Whether it is a file that does not exist.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::File(file) if !file.is_file())
    }

    /// Opens the database, and creates it if it is empty or missing, but refuses tables of an earlier version: a running
    /// server may need them.
    ///
    /// # Errors
    /// If it cannot be used, or has tables of another version.
    pub async fn open_current(&self) -> Result<Arc<dyn Store>> {
        Ok(match self {
            Self::File(file) => Arc::new(SqliteStore::open_current(file)?),
            Self::Postgres(url) => Arc::new(PostgresStore::open_current(url).await?),
        })
    }

    /// Opens a database that has tables.
    ///
    /// # Errors
    /// As [`Self::open_current`], and if there are none.
    pub async fn open_existing(&self) -> Result<Arc<dyn Store>> {
        self.check_exists()?;
        Ok(match self {
            Self::File(file) => Arc::new(SqliteStore::open_current(file)?),
            Self::Postgres(url) => Arc::new(PostgresStore::open_existing(url).await?),
        })
    }

    /// Opens a database that has tables, for commands that only read; a file may be write-protected.
    ///
    /// # Errors
    /// As [`Self::open_existing`].
    pub async fn open_to_read(&self) -> Result<Arc<dyn Store>> {
        match self {
            Self::File(file) => {
                self.check_exists()?;
                Ok(Arc::new(SqliteStore::open_to_read(file)?))
            }
            Self::Postgres(_) => self.open_existing().await,
        }
    }

    /// Fails if the file is missing: a mistyped path must not create a new database.
    ///
    /// # Errors
    /// If it is.
    pub fn check_exists(&self) -> Result<()> {
        if self.is_missing() {
            bail!("There is no database {self}. Check --database.");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_told_from_a_file_and_shown_without_its_password() {
        let database = |given: &str| Database::from(OsString::from(given));
        assert_eq!(database("postgres.db"), Database::File("postgres.db".into()));
        assert_eq!(database("./a b.db").to_string(), "./a b.db");
        for url in ["postgres://ada:secret@db.example/stock", "postgresql://ada:secret@db.example:5432/stock"]
        {
            let database = database(url);
            assert_eq!(database, Database::Postgres(url.to_owned()));
            assert_eq!(database.to_string(), "db.example:5432/stock");
            assert_eq!(format!("{database:?}"), "Database(db.example:5432/stock)");
            assert!(!database.is_missing() && database.file().is_err());
        }
        assert!(!database("postgres://ada:secret@host:port/stock").to_string().contains("secret"));
    }
}
