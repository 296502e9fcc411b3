//! The store on an embedded SQLite file in WAL mode: one writing connection on its own thread, and several
//! reading ones.
//!
//! `synchronous=FULL` makes every commit reach the disk before it is acknowledged. The work of a dropped call
//! still runs to its end.

mod audit;
mod backup;
mod convert;
mod devices;
mod exceptions;
mod export;
mod fair_queue;
mod history;
mod import;
mod load;
mod pool;
mod probe;
mod products;
mod pull;
mod purge;
mod push;
mod rekey;
mod restore;
mod retention;
mod save;
mod schema;
mod security_log;
mod shape;
mod sites;
mod sql;
mod unavailable;
mod upgrade;
mod writer;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use domain::HistoryAnswer;
use rusqlite::Transaction;
use sync::{AuditRequest, UnixMillis};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::{
    Audited, Consent, Device, EnrolRefusal, Enrolment, EpochRenewal, HistoryQuery, Import, ImportOutcome,
    KnownKeys, LotPosition, LotsByCode, OnRow, ProductQuery, ProductWithLots, Pull, Pulled, Pushed, RowSink,
    Site, Store, StoreFault, Unavailable,
};
use crate::booking::{Batch, Scope};
use crate::database_lock::real_path;
use pool::Pool;
use schema::Earlier;
use security_log::SecurityLog;

pub use backup::backup;
pub use restore::{Restored, restore};
pub use security_log::CarriedOver;
pub use upgrade::{check_servable, copy_before_upgrade};

/// The store on one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
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
        Self::with_pool(file, Pool::open(file, Earlier::Migrate)?)
    }

    /// Opens `file` and creates it if needed, but refuses tables of an earlier version: a running server may need them.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_current(file: &Path) -> Result<Self, StoreFault> {
        Self::with_pool(file, Pool::open(file, Earlier::Refuse)?)
    }

    /// Opens an existing file, which may be write-protected. Writes fail; tables of an earlier version are refused.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_to_read(file: &Path) -> Result<Self, StoreFault> {
        Self::with_pool(file, Pool::open_to_read(file)?)
    }

    fn with_pool(file: &Path, pool: Pool) -> Result<Self, StoreFault> {
        let real = real_path(file).map_err(|error| schema::unusable(file, &error))?;
        Ok(Self { file: file.to_owned(), pool, security_log: SecurityLog::beside(&real) })
    }

    /// Starts the security log if it is missing.
    ///
    /// # Errors
    /// [`StoreFault`] if it cannot be written.
    pub async fn begin_security_log(&self) -> Result<(), StoreFault> {
        let log = self.security_log.clone();
        self.pool.writer().write(move |transaction| log.begin(transaction)).await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn push(&self, batch: Batch) -> Result<Pushed, StoreFault> {
        let device = batch.device;
        self.pool.writer().write_of(device, move |transaction| push::push(transaction, batch)).await
    }

    async fn push_nothing(&self, site: &str, client: Uuid) -> Result<Pushed, StoreFault> {
        let site = site.to_owned();
        self.pool.read(move |connection| push::push_nothing(connection, &site, client)).await
    }

    async fn pull(&self, pull: Pull) -> Result<Pulled, StoreFault> {
        self.pool.read(move |connection| pull::pull(connection, &pull)).await
    }

    async fn audit(&self, site: &str, scope: Scope, request: AuditRequest) -> Result<Audited, StoreFault> {
        let site = site.to_owned();
        self.pool.read(move |connection| audit::audit(connection, &site, scope, &request)).await
    }

    async fn product(&self, site: &str, query: ProductQuery) -> Result<Option<ProductWithLots>, StoreFault> {
        let site = site.to_owned();
        self.pool.read(move |connection| products::find(connection, &site, &query)).await
    }

    async fn lots_by_code(&self, site: &str, code: String) -> Result<LotsByCode, StoreFault> {
        let site = site.to_owned();
        self.pool.read(move |connection| products::with_lot_code(connection, &site, &code)).await
    }

    async fn history(&self, site: &str, query: HistoryQuery) -> Result<HistoryAnswer, StoreFault> {
        let site = site.to_owned();
        self.pool.read(move |connection| history::history(connection, &site, query)).await
    }

    async fn unavailable(&self, site: &str, after: Option<LotPosition>) -> Result<Unavailable, StoreFault> {
        let site = site.to_owned();
        self.pool.read(move |connection| unavailable::unavailable(connection, &site, after)).await
    }

    async fn sites(&self) -> Result<Vec<Site>, StoreFault> {
        self.pool.read(schema::sites).await
    }

    async fn renew_epoch(
        &self,
        site: &str,
        epoch: Uuid,
        now: UnixMillis,
    ) -> Result<EpochRenewal, StoreFault> {
        let site = site.to_owned();
        self.pool.writer().write(move |transaction| sites::renew_epoch(transaction, &site, epoch, now)).await
    }

    async fn other_site_of(
        &self,
        site: &str,
        client: Uuid,
        epoch: Option<Uuid>,
    ) -> Result<Option<String>, StoreFault> {
        let site = site.to_owned();
        self.pool.read(move |connection| sites::other_site_of(connection, &site, client, epoch)).await
    }

    async fn ensure_site(&self, site: &str) -> Result<(), StoreFault> {
        let site = site.to_owned();
        self.pool.writer().write(move |transaction| schema::ensure_site(transaction, &site)).await
    }

    async fn device(&self, token_hash: [u8; 32]) -> Result<Option<Device>, StoreFault> {
        self.pool.read(move |connection| devices::by_token(connection, token_hash)).await
    }

    async fn devices(&self, site: &str) -> Result<Vec<Device>, StoreFault> {
        let site = site.to_owned();
        self.pool.read(move |connection| devices::all(connection, &site)).await
    }

    async fn revoke(&self, site: &str, device: Uuid, now: UnixMillis) -> Result<bool, StoreFault> {
        let site = site.to_owned();
        let log = self.security_log.clone();
        let work =
            move |transaction: &Transaction<'_>| devices::revoke(transaction, &log, &site, device, now);
        self.pool.writer().write_of(device, work).await
    }

    async fn revoke_enrolled_since(
        &self,
        site: &str,
        since: UnixMillis,
        now: UnixMillis,
    ) -> Result<u64, StoreFault> {
        let (site, log) = (site.to_owned(), self.security_log.clone());
        let revoke = move |transaction: &Transaction<'_>| {
            devices::revoke_enrolled_since(transaction, &log, &site, since, now)
        };
        self.pool.writer().write(revoke).await
    }

    async fn revoked(&self) -> Result<HashSet<Uuid>, StoreFault> {
        self.pool.read(devices::revoked).await
    }

    async fn lives(&self, site: &str, device: Uuid) -> Result<u64, StoreFault> {
        let site = site.to_owned();
        self.pool.read(move |connection| devices::lives(connection, &site, device)).await
    }

    async fn saw_device(&self, device: &Device) -> Result<(), StoreFault> {
        let device = device.clone();
        self.pool
            .writer()
            .write_of(device.device, move |transaction| devices::saw(transaction, &device))
            .await
    }

    async fn enrol(&self, enrolment: Enrolment) -> Result<Result<Device, EnrolRefusal>, StoreFault> {
        let log = self.security_log.clone();
        self.pool.writer().write(move |transaction| devices::enrol(transaction, &log, &enrolment)).await
    }

    async fn add_code(
        &self,
        site: &str,
        code_hash: [u8; 32],
        device_name: &str,
        expires_at: UnixMillis,
    ) -> Result<(), StoreFault> {
        let (site, name) = (site.to_owned(), device_name.to_owned());
        self.pool
            .writer()
            .write(move |transaction| devices::add_code(transaction, &site, code_hash, &name, expires_at))
            .await
    }

    async fn known_keys(&self, site: &str) -> Result<KnownKeys, StoreFault> {
        let site = site.to_owned();
        self.pool.read(move |connection| import::known_keys(connection, &site)).await
    }

    async fn import(
        &self,
        import: Arc<Import>,
        consent: Consent,
        on_row: OnRow,
    ) -> Result<ImportOutcome, StoreFault> {
        self.pool
            .writer()
            .write_or_undo(move |transaction| import::import(transaction, &import, &consent, &on_row))
            .await
    }

    async fn export(&self, site: &str, sink: RowSink) -> Result<(), StoreFault> {
        let site = site.to_owned();
        self.pool.read(move |connection| export::export(connection, &site, sink)).await
    }

    async fn expire(&self, now: UnixMillis) -> Result<u64, StoreFault> {
        self.pool.writer().write(move |transaction| retention::expire(transaction, now)).await
    }

    async fn purge(&self, before: UnixMillis) -> Result<u64, StoreFault> {
        let mut purged = 0;
        for _ in 0..purge::MAX_SLICES {
            let slice = self.pool.writer().write(move |transaction| purge::purge_slice(transaction, before));
            match slice.await? {
                0 => break,
                rows => purged += rows,
            }
        }
        Ok(purged)
    }

    async fn check_writable(&self) -> Result<(), StoreFault> {
        // Nobody else holds the write lock for long, and the disk has room.
        self.pool.writer().write(|_| Ok(())).await?;
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
