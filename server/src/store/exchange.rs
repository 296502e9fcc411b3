//! What a device's exchange asks for and gets: booked work, changes, compared rows.

use domain::Row;
use sync::{Cursor, Receipt, Removal, Repair, ReplacedRange, UnixMillis, Versioned};
use uuid::Uuid;

use crate::booking::Scope;

/// The result of a batch.
#[derive(Clone, Debug, Default)]
pub struct Pushed {
    /// The site's revision before.
    pub rev_before: u64,
    /// The site's revision afterwards.
    pub rev: u64,
    /// The client's highest `seq` before.
    pub known_seq: u64,
    /// One for each mutation; empty if the device holds outcomes that the store has lost.
    pub receipts: Vec<Receipt<Row>>,
}

/// A request for changes.
#[derive(Clone, Debug)]
pub struct Pull {
    /// The site.
    pub site: String,
    /// The epoch of the site's data that `cursor` belongs to, as far as the device knows.
    pub epoch: Option<Uuid>,
    /// The device's cursor.
    pub cursor: Cursor,
    /// The rows on the device.
    pub scope: Scope,
    /// Maximum number of rows; at least one.
    pub max_rows: usize,
    /// The server's clock.
    pub now: UnixMillis,
}

/// Changes for a device.
#[derive(Clone, Debug)]
pub struct Pulled {
    /// The epoch of the site's data.
    pub epoch: Uuid,
    /// Whether a new epoch was deferred and is due now: see [`super::Store::renew_epoch`].
    pub is_renewal_due: bool,
    /// Rows changed, or a snapshot's next rows.
    pub rows: Vec<Versioned<Row>>,
    /// Rows to remove.
    pub removed: Vec<Removal>,
    /// The key range that a snapshot's rows replace.
    pub replaced: Option<ReplacedRange>,
    /// The cursor after these.
    pub cursor: Cursor,
    /// Whether there are more changes.
    pub more: bool,
}

/// The result of an audit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Audited {
    /// The ranges that differ.
    pub repairs: Vec<Repair<Row>>,
    /// The number of ranges compared, if they had too many rows for one request.
    pub compared: Option<usize>,
}
