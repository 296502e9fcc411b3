//! A database of one test.

use std::fmt;
use std::ops::Deref;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Result;
use rusqlite::Connection;

use crate::instance::Instance;
use crate::mirror::mirrored;

/// The role that owns the databases. It is no superuser: privileges count for it.
pub(crate) const ROLE: &str = "lotbook";

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A database of its own; it reads as its URL. It is deleted when the value is dropped, whoever is connected.
#[derive(Debug)]
pub struct Database {
    instance: Instance,
    name: String,
    url: String,
}

impl Database {
    pub(crate) fn create(instance: &Instance, port: u16) -> Result<Self> {
        Self::from_template(instance, port, "template1")
    }

    /// A new database with the same content, reached directly. Nobody may be connected to this one.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn copy(&self) -> Result<Self> {
        Self::from_template(&self.instance, self.instance.port, &self.name)
    }

    fn from_template(instance: &Instance, port: u16, template: &str) -> Result<Self> {
        let name = format!("t{}_{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        // One of an earlier process with the same number may be left.
        instance.admin(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
        instance.admin(&format!("CREATE DATABASE {name} OWNER {ROLE} TEMPLATE {template}"))?;
        let url = format!("postgres://{ROLE}@127.0.0.1:{port}/{name}");
        Ok(Self { instance: instance.clone(), name, url })
    }

    /// `postgres://...`
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL of the same database without PgBouncer.
    pub fn direct_url(&self) -> String {
        format!("postgres://{ROLE}@127.0.0.1:{}/{}", self.instance.port, self.name)
    }

    /// The URL of the same database through PgBouncer.
    pub fn pooled_url(&self) -> String {
        format!("postgres://{ROLE}@127.0.0.1:{}/{}", self.instance.pooled_port, self.name)
    }

    /// A copy of all rows in memory, as SQLite has them, for checks. Columns of bytes are left out.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn mirrored(&self) -> Result<Connection> {
        mirrored(self)
    }

    /// Ends all connections.
    ///
    /// # Errors
    /// With the server's message.
    pub fn disconnect_all(&self) -> Result<()> {
        let sql = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        self.as_superuser(sql).map(drop)
    }

    /// Runs statements as the superuser, in one transaction. Returns the rows as text: columns are separated by `|`.
    ///
    /// # Errors
    /// With the server's message.
    pub fn as_superuser(&self, sql: &str) -> Result<String> {
        self.instance.psql(&self.name, sql)
    }
}

impl Deref for Database {
    type Target = str;

    fn deref(&self) -> &str {
        &self.url
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // The whole server is thrown away in the end.
        let _ = self.instance.admin(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}
