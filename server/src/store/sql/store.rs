//! The store on any engine of SQL.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use domain::HistoryAnswer;
use sync::{AuditRequest, UnixMillis};
use uuid::Uuid;

use super::super::{
    Audited, Consent, Device, EnrolRefusal, Enrolment, EpochRenewal, HistoryQuery, Import, ImportOutcome,
    KnownKeys, LotPosition, LotsByCode, OnRow, ProductQuery, ProductWithLots, Pull, Pulled, Pushed, RowSink,
    Site, Store, StoreFault, Unavailable, WriteMeter,
};
use super::engine::{Decided, Engine, Lane};
use super::session::Session;
use super::staging::{self, Progress};
use super::{
    audit, devices, export, history, import_run, keys, ledger_months, products, pull, purge, push, retention,
    sites, transfers, unavailable,
};
use crate::booking::{Batch, Scope};

/// The store on one engine.
#[derive(Debug)]
pub struct SqlStore<E> {
    engine: E,
    /// The imports in progress at the last look.
    imports: Mutex<HashMap<String, Progress>>,
    /// The last of the expected transfers that were looked at.
    pub(super) transfers_after: Mutex<transfers::Position>,
}

#[expect(private_bounds, reason = "engines are this crate's")]
impl<E: Engine> SqlStore<E> {
    pub(crate) fn on(engine: E) -> Self {
        Self { engine, imports: Mutex::default(), transfers_after: Mutex::default() }
    }

    pub(crate) fn engine(&self) -> &E {
        &self.engine
    }

    /// Runs `work` in a transaction, and keeps its changes if it succeeded.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        lane: Lane,
        work: impl Fn(&dyn Session) -> Result<T, StoreFault> + Send + 'static,
    ) -> Result<T, StoreFault> {
        self.engine.write(lane, move |session| work(session).map(Decided::Keep)).await
    }

    /// Runs `slice` for each site, in a transaction each, until it has nothing left to do there. Returns the sum of the
    /// numbers that it returns. A site that is closed for an import has its turn the next time.
    async fn in_slices(
        &self,
        slice: impl Fn(&dyn Session, &str) -> Result<u64, StoreFault> + Clone + Send + 'static,
    ) -> Result<u64, StoreFault> {
        let mut done = 0;
        for Site { site, .. } in self.sites().await? {
            for _ in 0..purge::MAX_SLICES {
                let (name, slice) = (site.clone(), slice.clone());
                let sliced = self.write(Lane::of(&site), move |session| slice(session, &name)).await;
                match unless_importing(sliced)? {
                    0 => break,
                    rows => done += rows,
                }
            }
        }
        Ok(done)
    }
}

#[async_trait]
impl<E: Engine> Store for SqlStore<E> {
    async fn push(&self, batch: Batch) -> Result<Pushed, StoreFault> {
        let lane = Lane { site: Some(batch.site.clone()), device: Some(batch.device) };
        self.write(lane, move |session| push::push(session, &batch)).await
    }

    async fn push_nothing(&self, site: &str, client: Uuid) -> Result<Pushed, StoreFault> {
        let site = site.to_owned();
        self.engine.read(move |session| push::push_nothing(session, &site, client)).await
    }

    async fn pull(&self, pull: Pull) -> Result<Pulled, StoreFault> {
        self.engine.read(move |session| pull::pull(session, &pull)).await
    }

    async fn audit(&self, site: &str, scope: Scope, request: AuditRequest) -> Result<Audited, StoreFault> {
        let site = site.to_owned();
        self.engine.read(move |session| audit::audit(session, &site, scope, &request)).await
    }

    async fn product(&self, site: &str, query: ProductQuery) -> Result<Option<ProductWithLots>, StoreFault> {
        let site = site.to_owned();
        self.engine.read(move |session| products::find(session, &site, &query)).await
    }

    async fn lots_by_code(&self, site: &str, code: String) -> Result<LotsByCode, StoreFault> {
        let site = site.to_owned();
        self.engine.read(move |session| products::with_lot_code(session, &site, &code)).await
    }

    async fn history(&self, site: &str, query: HistoryQuery) -> Result<HistoryAnswer, StoreFault> {
        let site = site.to_owned();
        self.engine.read(move |session| history::history(session, &site, query)).await
    }

    async fn unavailable(&self, site: &str, after: Option<LotPosition>) -> Result<Unavailable, StoreFault> {
        let site = site.to_owned();
        self.engine.read(move |session| unavailable::unavailable(session, &site, after)).await
    }

    async fn sites(&self) -> Result<Vec<Site>, StoreFault> {
        self.engine.read(sites::sites).await
    }

    async fn renew_epoch(
        &self,
        site: &str,
        epoch: Uuid,
        now: UnixMillis,
    ) -> Result<EpochRenewal, StoreFault> {
        let name = site.to_owned();
        self.write(Lane::of(site), move |session| sites::renew_epoch(session, &name, epoch, now)).await
    }

    async fn other_site_of(
        &self,
        site: &str,
        client: Uuid,
        epoch: Option<Uuid>,
    ) -> Result<Option<String>, StoreFault> {
        let site = site.to_owned();
        self.engine.read(move |session| sites::other_site_of(session, &site, client, epoch)).await
    }

    async fn ensure_site(&self, site: &str) -> Result<(), StoreFault> {
        let name = site.to_owned();
        self.write(Lane::of(site), move |session| sites::ensure_site(session, &name)).await
    }

    async fn device(&self, token_hash: [u8; 32]) -> Result<Option<Device>, StoreFault> {
        self.engine.read(move |session| devices::by_token(session, token_hash)).await
    }

    async fn devices(&self, site: &str) -> Result<Vec<Device>, StoreFault> {
        let site = site.to_owned();
        self.engine.read(move |session| devices::all(session, &site)).await
    }

    async fn revoke(&self, site: &str, device: Uuid, now: UnixMillis) -> Result<bool, StoreFault> {
        let (name, recorder) = (site.to_owned(), self.engine.recorder());
        let lane = Lane { site: Some(site.to_owned()), device: Some(device) };
        self.write(lane, move |session| devices::revoke(session, &recorder, &name, device, now)).await
    }

    async fn revoke_enrolled_since(
        &self,
        site: &str,
        since: UnixMillis,
        now: UnixMillis,
    ) -> Result<u64, StoreFault> {
        let (name, recorder) = (site.to_owned(), self.engine.recorder());
        self.write(Lane::of(site), move |session| {
            devices::revoke_enrolled_since(session, &recorder, &name, since, now)
        })
        .await
    }

    async fn revoked(&self) -> Result<HashSet<Uuid>, StoreFault> {
        self.engine.read(devices::revoked).await
    }

    async fn lives(&self, site: &str, device: Uuid) -> Result<u64, StoreFault> {
        let site = site.to_owned();
        self.engine.read(move |session| devices::lives(session, &site, device)).await
    }

    async fn saw_device(&self, device: &Device) -> Result<(), StoreFault> {
        let device = device.clone();
        let lane = Lane { site: Some(device.site.clone()), device: Some(device.device) };
        self.write(lane, move |session| devices::saw(session, &device)).await
    }

    async fn enrol(&self, enrolment: Enrolment) -> Result<Result<Device, EnrolRefusal>, StoreFault> {
        let recorder = self.engine.recorder();
        // The code tells the site.
        let lane = Lane::default();
        self.write(lane, move |session| devices::enrol(session, &recorder, &enrolment)).await
    }

    async fn add_code(
        &self,
        site: &str,
        code_hash: [u8; 32],
        device_name: &str,
        expires_at: UnixMillis,
    ) -> Result<(), StoreFault> {
        let (name, device_name) = (site.to_owned(), device_name.to_owned());
        self.write(Lane::of(site), move |session| {
            devices::add_code(session, &name, code_hash, &device_name, expires_at)
        })
        .await
    }

    async fn known_keys(&self, site: &str) -> Result<KnownKeys, StoreFault> {
        let site = site.to_owned();
        self.engine.read(move |session| keys::known_keys(session, &site)).await
    }

    async fn import(
        &self,
        import: Arc<Import>,
        consent: Consent,
        on_row: OnRow,
    ) -> Result<ImportOutcome, StoreFault> {
        import_run::import(&self.engine, import, consent, on_row).await
    }

    async fn resume_imports(&self) -> Result<u64, StoreFault> {
        let found: HashMap<String, Progress> = self.engine.read(staging::all).await?.into_iter().collect();
        let before = {
            let mut imports = self.imports.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *imports, found.clone())
        };
        let dead = found.into_iter().filter(|(site, progress)| before.get(site) == Some(progress));
        let mut ended = 0;
        for (site, progress) in dead {
            import_run::take_over(&self.engine, &site, progress).await?;
            ended += 1;
        }
        Ok(ended)
    }

    async fn export(&self, site: &str, sink: RowSink) -> Result<(), StoreFault> {
        let site = site.to_owned();
        self.engine.read(move |session| export::export(session, &site, sink)).await
    }

    async fn expire(&self, now: UnixMillis) -> Result<u64, StoreFault> {
        let mut expired = 0;
        for Site { site, .. } in self.sites().await? {
            let lane = Lane::of(&site);
            let of_site = self.write(lane, move |session| retention::expire(session, &site, now)).await;
            expired += unless_importing(of_site)?;
        }
        Ok(expired)
    }

    async fn forget_receipts(&self, now: UnixMillis) -> Result<u64, StoreFault> {
        self.in_slices(move |session, site| retention::forget_receipts(session, site, now)).await
    }

    async fn pack_ledger(&self, now: UnixMillis) -> Result<u64, StoreFault> {
        self.in_slices(move |session, site| ledger_months::pack(session, site, now)).await
    }

    async fn purge(&self, before: UnixMillis) -> Result<u64, StoreFault> {
        self.in_slices(move |session, site| purge::purge_slice(session, site, before)).await
    }

    fn write_meter(&self) -> WriteMeter {
        self.engine.write_meter()
    }

    async fn check_writable(&self) -> Result<(), StoreFault> {
        self.engine.check_writable().await
    }

    async fn backup(&self, to: &Path) -> Result<(), StoreFault> {
        self.engine.backup(to).await
    }
}

/// The number of rows; none of a site that is closed for an import. Its turn comes later.
pub(super) fn unless_importing(rows: Result<u64, StoreFault>) -> Result<u64, StoreFault> {
    match rows {
        Err(StoreFault::Importing) => Ok(0),
        rows => rows,
    }
}
