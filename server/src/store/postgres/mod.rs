//! The store on PostgreSQL 15 or later, directly or through a pooler that gives each transaction another connection.
//!
//! A write locks its site's row first, so that revisions are in the order of commits, whichever server writes. The work of a
//! dropped call still runs to its end.

mod announcer;
mod arrays;
mod fault;
mod lanes;
mod listener;
mod policies;
mod pool;
mod schema;
mod session;
mod statement;
mod target;
#[cfg(test)]
mod tests;
mod tls;

use std::path::Path;
use std::sync::Arc;

use super::sql::engine::{Decided, Engine, Lane, Recorder};
use super::sql::session::{Columns, Session};
use super::sql::store::SqlStore;
use super::{StoreFault, WriteMeter};
use crate::supabase::ClaimPath;
use announcer::Announcer;
use lanes::Lanes;
pub use listener::Listener;
pub use policies::policies;
use pool::Pool;
use schema::Earlier;
use target::Target;

/// The store on one database of PostgreSQL.
pub type PostgresStore = SqlStore<Postgres>;

/// One database of PostgreSQL.
#[derive(Debug)]
pub struct Postgres {
    pool: Pool,
    lanes: Lanes,
    announcer: Announcer,
    target: Target,
}

impl Postgres {
    async fn open(url: &str, earlier: Earlier) -> Result<Self, StoreFault> {
        let target = Target::parse(url)?;
        let pool = Pool::new(target.clone())?;
        schema::open(&pool, earlier).await?;
        let announcer = Announcer::new(pool.clone());
        let lanes = Lanes::new(pool.clone(), announcer.clone());
        Ok(Self { pool, lanes, announcer, target })
    }
}

impl PostgresStore {
    /// Connects to the database of a URL such as `postgres://user:password@host:5432/database`, and creates or migrates its
    /// tables.
    ///
    /// # Errors
    /// [`StoreFault`] if the database cannot be used, or was written by a newer server.
    pub async fn open(url: &str) -> Result<Self, StoreFault> {
        Ok(SqlStore::on(Postgres::open(url, Earlier::Migrate).await?))
    }

    /// Connects, and creates tables in an empty database, but refuses those of an earlier version: a running server may
    /// need them.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_current(url: &str) -> Result<Self, StoreFault> {
        Ok(SqlStore::on(Postgres::open(url, Earlier::Refuse).await?))
    }

    /// `host:port/database` of a URL, without the password; for messages.
    pub fn shown(url: &str) -> String {
        Target::parse(url).map_or_else(|_| "of the URL".to_owned(), |target| target.name)
    }

    /// Connects to a database that has the tables of this version.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_existing(url: &str) -> Result<Self, StoreFault> {
        Ok(SqlStore::on(Postgres::open(url, Earlier::RefuseAll).await?))
    }
}

impl PostgresStore {
    /// Lets people who sign in with Supabase read the rows of the sites that a claim of their token names, and nobody else of
    /// its clients anything.
    ///
    /// # Errors
    /// [`StoreFault`] if the database is not Supabase's, or cannot be used.
    pub async fn apply_policies(&self, claim: &ClaimPath) -> Result<(), StoreFault> {
        policies::apply(&self.engine().pool, claim).await
    }

    /// Limits the writes of devices that wait, of all sites together; further ones are told when to come again.
    pub fn limit_waiting(&self, max_writes: usize) {
        self.engine().lanes.backlog().limit(max_writes);
    }

    /// What hears of the revisions that other servers announce. Of a database that is reached through a pooler, `direct` is
    /// the URL of a connection of its own.
    ///
    /// # Errors
    /// [`StoreFault`] if that is no URL of a database.
    pub fn listener(&self, direct: Option<&str>) -> Result<Listener, StoreFault> {
        let Postgres { announcer, target, .. } = self.engine();
        Listener::new(announcer.clone(), target.clone(), direct)
    }
}

impl Engine for Postgres {
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Session) -> Result<T, StoreFault> + Send + 'static,
    ) -> Result<T, StoreFault> {
        self.pool.read(work).await
    }

    async fn write<T: Send + 'static>(
        &self,
        lane: Lane,
        work: impl Fn(&dyn Session) -> Result<Decided<T>, StoreFault> + Send + 'static,
    ) -> Result<T, StoreFault> {
        self.lanes.write(lane, work).await
    }

    /// Nothing is kept apart: how a database is restored, and to which second, is up to its operator.
    fn recorder(&self) -> Recorder {
        Arc::new(|_, _| Ok(()))
    }

    fn write_meter(&self) -> WriteMeter {
        self.lanes.meter()
    }

    async fn check_writable(&self) -> Result<(), StoreFault> {
        let sql = "SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'";
        let check = |session: &dyn Session| {
            let state = |row: &dyn Columns| Ok((row.flag(0)?, row.flag(1)?));
            match session.first(sql, &[], state)? {
                Some((true, _)) => {
                    Err(StoreFault::Failed("it is a standby, which accepts no writes".to_owned()))
                }
                Some((_, true)) => Err(StoreFault::Failed("it is set to be read only".to_owned())),
                _ => Ok(Decided::Keep(())),
            }
        };
        self.write(Lane::default(), check).await
    }

    async fn backup(&self, _: &Path) -> Result<(), StoreFault> {
        let message =
            "PostgreSQL is backed up with its own tools. Use pg_dump, or the backups of its provider.";
        Err(StoreFault::invalid("no_backup", message))
    }
}
