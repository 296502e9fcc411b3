//! The port to the database, with one implementation per engine. The decisions are in [`crate::booking`].
//!
//! Every write is one transaction that is durable when the call returns. A call that is dropped half-way
//! either takes effect as a whole or not at all.

mod api;
#[cfg(feature = "conformance")]
pub mod conformance;
mod exchange;
mod fault;
mod files;
mod known;
mod meter;
pub mod moving;
pub mod office;
pub mod people;
pub mod postgres;
mod security;
mod sql;
pub mod sqlite;
pub mod transfers;
pub mod webhooks;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use domain::{HistoryAnswer, InventoryLot, LotStatus, Product, UnavailableTotal};
use sync::{AuditRequest, UnixMillis, Versioned};
use uuid::Uuid;

use crate::booking::{Batch, Scope};
use office::OfficeStore;
use people::People;
use transfers::Transfers;
use webhooks::Webhooks;

pub use api::{
    Answered, ApiKey, ApiStore, KeyedRequest, ListQuery, ListTable, Movement, NewKey, OrderOutcome,
    OrderRefusal, Page, PlacedOrder, Position, RequestOutcome, Since,
};
pub use exchange::{Audited, Pull, Pulled, Pushed};
pub use fault::StoreFault;
pub use files::{
    Consent, ExportRow, Import, ImportOutcome, Imported, LotRecord, OnRow, ProductRecord, RowSink,
    StockChange,
};
pub use known::{Keyed, KnownKeys, KnownProduct, NamedKeys};
pub use meter::WriteMeter;
pub use sql::backlog::MAX_WAITING_WRITES;

/// Minimum time between two epochs of a site that proofs of a restore begin: each makes every device of the site fetch
/// all its rows.
pub const MIN_EPOCH_GAP_MILLIS: u64 = 10 * 60 * 1_000;

/// A site as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its short name, which is part of every row.
    pub site: String,
    /// Id of the life of its data: a restored backup has a new one.
    pub epoch: Uuid,
    /// Its revision.
    pub rev: u64,
    /// Tombstones up to this revision have been deleted.
    pub purged_rev: u64,
    /// The server's clock when a proof of a restore last began an epoch.
    pub epoch_renewed_at: Option<UnixMillis>,
    /// Whether the next epoch is deferred.
    pub epoch_is_due: bool,
    /// Whether an import is being written: until its end, nobody else reads or writes the site's rows.
    pub is_importing: bool,
    /// Whether somebody works there whom it knows: then roles decide.
    pub has_people: bool,
}

impl Site {
    /// Whether a deferred epoch begins at `now`. A clock that was set back defers nothing.
    pub fn is_renewal_due(&self, now: UnixMillis) -> bool {
        let has_passed = |at: UnixMillis| at > now || now.since(at) >= MIN_EPOCH_GAP_MILLIS;
        self.epoch_is_due && self.epoch_renewed_at.is_none_or(has_passed)
    }
}

/// What became of the proof that a site's data was restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpochRenewal {
    /// A new epoch has begun.
    Begun,
    /// It comes too soon after the last one: the next epoch is due later.
    Deferred,
    /// Another epoch has begun since, or is due already.
    Unchanged,
}

/// An enrolled device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The device.
    pub device: Uuid,
    /// Its site.
    pub site: String,
    /// Its name.
    pub name: String,
    /// The prefix of its order numbers.
    pub prefix: String,
    /// The time of its last request, to within some minutes.
    pub last_seen_at: UnixMillis,
    /// Milliseconds by which its clock was ahead of the server's then, negative if behind; none if it did not tell.
    pub clock_ahead_millis: Option<i64>,
}

/// The key of a product look-up.
#[derive(Clone, Debug)]
pub enum ProductQuery {
    /// By its id.
    Id(Uuid),
    /// By any spelling of its barcode.
    Barcode(String),
}

/// The query of a product's history.
#[derive(Clone, Copy, Debug)]
pub struct HistoryQuery {
    /// The product.
    pub product: Uuid,
    /// The id of one lot, or `None` for every lot.
    pub lot: Option<Uuid>,
    /// Entries of earlier revisions only; none for the newest.
    pub before: Option<u64>,
}

/// A position among the lots that are not available, in the order of their statuses and keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LotPosition {
    /// The lot's status.
    pub status: LotStatus,
    /// Its product.
    pub product: Uuid,
    /// Its id.
    pub lot: Uuid,
}

/// A part of the lots with stock that are not available.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unavailable {
    /// The totals of all of them; only in the first part.
    pub totals: Vec<UnavailableTotal>,
    /// The lots.
    pub lots: Vec<InventoryLot>,
    /// The last lot, if there are more.
    pub next: Option<LotPosition>,
}

/// A product with its revision, and all its lots with theirs.
pub type ProductWithLots = (Versioned<Product>, Vec<Versioned<InventoryLot>>);

/// The lots with one code.
#[derive(Clone, Debug, Default)]
pub struct LotsByCode {
    /// Their products, each with only these lots.
    pub products: Vec<ProductWithLots>,
    /// Whether there are more such lots.
    pub more: bool,
}

/// A device to be enrolled.
#[derive(Clone, Debug)]
pub struct Enrolment {
    /// SHA-256 of the one-time code.
    pub code_hash: [u8; 32],
    /// Its name; if empty, that of the code, or a running number.
    pub device_name: String,
    /// The device's id.
    pub device: Uuid,
    /// SHA-256 of its token.
    pub token_hash: [u8; 32],
    /// The site whose data the device holds, if any.
    pub held_site: Option<String>,
    /// The server's clock.
    pub now: UnixMillis,
}

/// The reason why a code was not exchanged. It is as unused as before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnrolRefusal {
    /// It is unknown, used or expired.
    BadCode,
    /// It is of this site, and the device holds the data of another.
    OtherSite(String),
}

/// Keeps sites, rows, receipts and devices.
#[async_trait]
pub trait Store: ApiStore + OfficeStore + People + Transfers + Webhooks + Send + Sync + 'static {
    /// Decides and books a batch.
    async fn push(&self, batch: Batch) -> Result<Pushed, StoreFault>;

    /// The result of a batch without mutations.
    async fn push_nothing(&self, site: &str, client: Uuid) -> Result<Pushed, StoreFault>;

    /// Changes after a cursor. A cursor that cannot be continued is answered with the start of a new
    /// snapshot.
    async fn pull(&self, pull: Pull) -> Result<Pulled, StoreFault>;

    /// The ranges of a device that differ from the site's, with their rows. Ranges with changes after the
    /// device's revision are left out. It ends after [`sync::MAX_AUDIT_ROWS`].
    async fn audit(&self, site: &str, scope: Scope, request: AuditRequest) -> Result<Audited, StoreFault>;

    /// A product that is not deleted, with its lots, soonest to expire first.
    async fn product(&self, site: &str, query: ProductQuery) -> Result<Option<ProductWithLots>, StoreFault>;

    /// The lots with a code, whatever its case and their status, up to [`domain::MAX_LOTS_BY_CODE`]. Those with stock come
    /// first. Lots of deleted products are left out.
    async fn lots_by_code(&self, site: &str, code: String) -> Result<LotsByCode, StoreFault>;

    /// The newest entries of a product's ledger before a revision.
    async fn history(&self, site: &str, query: HistoryQuery) -> Result<HistoryAnswer, StoreFault>;

    /// The lots with stock that are not available, after a position.
    async fn unavailable(&self, site: &str, after: Option<LotPosition>) -> Result<Unavailable, StoreFault>;

    /// Every site.
    async fn sites(&self) -> Result<Vec<Site>, StoreFault>;

    /// Begins a new epoch of a site's data, unless it has changed since `epoch`: at most one in
    /// [`MIN_EPOCH_GAP_MILLIS`]. One that comes sooner is deferred, and due from then on.
    async fn renew_epoch(&self, site: &str, epoch: Uuid, now: UnixMillis)
    -> Result<EpochRenewal, StoreFault>;

    /// The site, other than `site`, that a client or the epoch of its rows belongs to. `None` if `site` knows the client,
    /// or no site does.
    async fn other_site_of(
        &self,
        site: &str,
        client: Uuid,
        epoch: Option<Uuid>,
    ) -> Result<Option<String>, StoreFault>;

    /// Creates a site, unless one with this name exists.
    async fn ensure_site(&self, site: &str) -> Result<(), StoreFault>;

    /// The device with this token, unless it was revoked.
    async fn device(&self, token_hash: [u8; 32]) -> Result<Option<Device>, StoreFault>;

    /// Every device of a site that was not revoked, by name.
    async fn devices(&self, site: &str) -> Result<Vec<Device>, StoreFault>;

    /// Revokes a device's token; its data on the server stays. False if the device is unknown or revoked
    /// already.
    async fn revoke(&self, site: &str, device: Uuid, now: UnixMillis) -> Result<bool, StoreFault>;

    /// Revokes every device of a site that was enrolled at `since` or later. Returns their number.
    async fn revoke_enrolled_since(
        &self,
        site: &str,
        since: UnixMillis,
        now: UnixMillis,
    ) -> Result<u64, StoreFault>;

    /// Every revoked device of every site.
    async fn revoked(&self) -> Result<HashSet<Uuid>, StoreFault>;

    /// The number of clients (lives of its database) of a device that have sent mutations. More than one
    /// means that a browser lost its data.
    async fn lives(&self, site: &str, device: Uuid) -> Result<u64, StoreFault>;

    /// Stores `last_seen_at` and `clock_ahead_millis` of a device.
    async fn saw_device(&self, device: &Device) -> Result<(), StoreFault>;

    /// Consumes a code and creates its device, or says why not.
    async fn enrol(&self, enrolment: Enrolment) -> Result<Result<Device, EnrolRefusal>, StoreFault>;

    /// Stores the hash of a one-time code.
    async fn add_code(
        &self,
        site: &str,
        code_hash: [u8; 32],
        device_name: &str,
        expires_at: UnixMillis,
    ) -> Result<(), StoreFault>;

    /// The product of every SKU in use, and the delivery of every number.
    async fn known_keys(&self, site: &str) -> Result<KnownKeys, StoreFault>;

    /// Imports rows, as far as `consent` goes. Readers see all of them or none: while a large import is written, in slices
    /// that let other sites write, what touches the site's rows fails with [`StoreFault::Importing`].
    async fn import(
        &self,
        import: Arc<Import>,
        consent: Consent,
        on_row: OnRow,
    ) -> Result<ImportOutcome, StoreFault>;

    /// Ends imports whose process has died: one that was being written is written to its end, another is dropped. An import
    /// counts as dead if it has made no progress since the last call. Returns the number of imports ended.
    async fn resume_imports(&self) -> Result<u64, StoreFault>;

    /// Passes every product, then every lot, then every delivery of one snapshot to `sink`. Lots of deleted
    /// products are left out.
    async fn export(&self, site: &str, sink: RowSink) -> Result<(), StoreFault>;

    /// Deletes unknown codes and conflicts that nobody has settled for long. Returns their number.
    async fn expire(&self, now: UnixMillis) -> Result<u64, StoreFault>;

    /// Deletes receipts that no device asks for any more: those acknowledged and 180 days old, and any that are 400 days old;
    /// and requests of keys that are 30 days old. Returns their number.
    async fn forget_receipts(&self, now: UnixMillis) -> Result<u64, StoreFault>;

    /// Packs the ledger entries of months that ended more than 400 days ago; histories still have them. Returns their number.
    async fn pack_ledger(&self, now: UnixMillis) -> Result<u64, StoreFault>;

    /// Deletes tombstones older than `before`. Returns their number.
    async fn purge(&self, before: UnixMillis) -> Result<u64, StoreFault>;

    /// The figures of its writes.
    fn write_meter(&self) -> WriteMeter;

    /// Checks that work can be stored durably, without changing any.
    async fn check_writable(&self) -> Result<(), StoreFault>;

    /// Writes a consistent copy of all data to a new file, under new epochs.
    async fn backup(&self, to: &Path) -> Result<(), StoreFault>;
}
