//! The wire format: one request carries a device's next mutations and its cursor, one response carries an
//! outcome for each mutation and the changes since that cursor.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::mutation::{Mutation, UnixMillis};

/// The protocol version, which must be the same on both sides.
pub const PROTOCOL_VERSION: u32 = 1;
/// Mutations in one request.
pub const MAX_BATCH_MUTATIONS: usize = 100;
/// Bytes of one request's mutations, unless a single one is larger. A server accepts twice as much.
pub const MAX_BATCH_BYTES: usize = 2 * 1024 * 1024;
/// Rows and removals in one response's changes.
pub const MAX_PULL_ROWS: usize = 10_000;

/// The code of a booked outcome of a mutation that was withdrawn in time: nothing was booked.
pub const WITHDRAWN: &str = "withdrawn";

/// The code of a refused withdrawal: the mutation had been booked before.
pub const ALREADY_BOOKED: &str = "already_booked";

/// The code of a refused request: the device holds the data of another site. Nothing of it was used.
pub const OTHER_SITE: &str = "other_site";

/// The revision up to which a device has the rows. Revisions rise in commit order, so `rev > cursor` never skips a late commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cursor {
    /// No rows yet.
    #[default]
    Start,
    /// Within a snapshot begun at `rev`: tables before `table` are complete, `table` up to and including key `after`.
    /// Changes after `rev` follow once the snapshot is complete.
    Snapshot {
        /// The site's revision when the snapshot began.
        rev: u64,
        /// The table being filled.
        table: String,
        /// The last key received of it; empty before the first.
        after: String,
        /// The progress of the snapshot.
        progress: Progress,
    },
    /// Every change up to and including `rev`.
    Live {
        /// The site's revision.
        rev: u64,
    },
}

impl Cursor {
    /// The newest revision of the site that the device knows of; 0 before its first rows.
    pub fn rev(&self) -> u64 {
        match self {
            Self::Start => 0,
            Self::Snapshot { rev, .. } | Self::Live { rev } => *rev,
        }
    }
}

/// Rows received of the rows there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Rows received.
    pub done_rows: u64,
    /// Rows there were when the snapshot began.
    pub total_rows: u64,
}

/// A row at a revision; on the wire the pair `[rev, row]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "(u64, R)", into = "(u64, R)")]
pub struct Versioned<R: Clone> {
    /// The site's revision that wrote the row.
    pub rev: u64,
    /// The row.
    pub row: R,
}

impl<R: Clone> From<(u64, R)> for Versioned<R> {
    fn from((rev, row): (u64, R)) -> Self {
        Self { rev, row }
    }
}

impl<R: Clone> From<Versioned<R>> for (u64, R) {
    fn from(versioned: Versioned<R>) -> Self {
        (versioned.rev, versioned.row)
    }
}

/// A row the device must no longer hold: deleted, or outside its scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// The row's table.
    pub table: Cow<'static, str>,
    /// The row's key.
    pub key: String,
    /// The revision that removed it.
    pub rev: u64,
}

/// The keys of one table that a snapshot's rows replace: everything after `after`, through `through` where there is
/// one, else to the end of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplacedRange {
    /// The table.
    pub table: String,
    /// Exclusive lower bound; empty for the table's beginning.
    pub after: String,
    /// Inclusive upper bound; none for the table's end.
    pub through: Option<String>,
}

/// The server's decision about a mutation. Final for its `seq`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Booked as sent.
    Applied,
    /// Booked, together with concurrent changes of others.
    Merged,
    /// Not booked: another change of the same field was booked first.
    Conflict,
    /// Not booked: it breaks a rule.
    Rejected,
    /// Not booked: it depends on a mutation that was not booked.
    Held,
}

impl Verdict {
    /// Whether the mutation took effect.
    pub fn is_booked(self) -> bool {
        match self {
            Self::Applied | Self::Merged => true,
            Self::Conflict | Self::Rejected | Self::Held => false,
        }
    }
}

/// A decision, its reason, and the current state of the rows it concerns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome<R: Clone> {
    /// The decision.
    pub verdict: Verdict,
    /// A stable code, such as `price_changed`; empty when there is no reason to give.
    #[serde(default)]
    pub code: String,
    /// A sentence for a person; empty when there is no reason to give.
    #[serde(default)]
    pub message: String,
    /// Touched rows within the device's scope in the server's current state.
    #[serde(default = "Vec::new")]
    pub rows: Vec<Versioned<R>>,
    /// Touched rows the device must not hold.
    #[serde(default)]
    pub removed: Vec<Removal>,
}

impl<R: Clone> Outcome<R> {
    /// The same outcome with its rows in another form.
    ///
    /// # Errors
    /// The first error of `read`.
    pub fn try_with_rows<S: Clone, E>(self, read: impl Fn(R) -> Result<S, E>) -> Result<Outcome<S>, E> {
        let Self { verdict, code, message, rows, removed } = self;
        let read = |Versioned { rev, row }| Ok(Versioned { rev, row: read(row)? });
        let rows = rows.into_iter().map(read).collect::<Result<_, E>>()?;
        Ok(Outcome { verdict, code, message, rows, removed })
    }
}

/// The outcome of one mutation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt<R: Clone> {
    /// The mutation's position in the device's queue.
    pub seq: u64,
    /// The mutation's id; a receipt with another id is not for this mutation.
    pub id: Uuid,
    /// The server's decision.
    pub outcome: Outcome<R>,
}

/// `POST /api/sync`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SyncRequest<A> {
    /// [`PROTOCOL_VERSION`] of the sender.
    pub protocol: u32,
    /// The id of one life of one device's database.
    pub client: Uuid,
    /// The site whose data the device holds. Not sent before the first answer that names it, and by builds before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// The server's epoch as last received, if any.
    #[serde(default)]
    pub epoch: Option<Uuid>,
    /// The highest `seq` with an outcome on the device; 0 for none.
    #[serde(default)]
    pub last_outcome_seq: u64,
    /// At most [`MAX_BATCH_MUTATIONS`], by ascending `seq`.
    #[serde(default = "Vec::new")]
    pub mutations: Vec<Mutation<A>>,
    /// The device's cursor.
    #[serde(default)]
    pub cursor: Cursor,
    /// The scope of rows that the device wants: a name known to the server, such as `available`.
    pub scope: String,
    /// The tables that the sender knows, because it cannot parse rows of others. Builds that do not send this
    /// field know the first tables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<Cow<'static, str>>,
    /// Maximum number of rows in `changes`; the server may send fewer.
    pub max_rows: u32,
    /// The device's clock at sending, so that the server can tell how far it is off. Builds before it and parts of a
    /// snapshot that are requested ahead do not send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<UnixMillis>,
}

/// The answer to a [`SyncRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SyncResponse<R: Clone> {
    /// [`PROTOCOL_VERSION`] of the server.
    pub protocol: u32,
    /// The site that the answer is of; none from a server without sites, or before this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// Id of one life of the server's database.
    pub epoch: Uuid,
    /// The server's clock.
    pub server_time: UnixMillis,
    /// One receipt for each mutation sent, in the same order; none at all from a restored server.
    pub receipts: Vec<Receipt<R>>,
    /// The highest `seq` of this client with a receipt on the server before this request; 0 for none. A value
    /// below the device's highest outcome means that the server was restored from an older backup.
    pub known_seq: u64,
    /// Rows changed since the request's cursor, or the snapshot's next rows by ascending key.
    #[serde(default = "Vec::new")]
    pub rows: Vec<Versioned<R>>,
    /// Rows to remove.
    #[serde(default)]
    pub removed: Vec<Removal>,
    /// Set when `rows` are part of a snapshot: every other row of that range is removed.
    #[serde(default)]
    pub replaced: Option<ReplacedRange>,
    /// The cursor after these changes.
    pub cursor: Cursor,
    /// Whether there are more changes to pull.
    pub more: bool,
    /// The tables of the request that the server has; none from servers before this field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<Cow<'static, str>>,
}

/// The body of every error response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// A stable code, such as `sign_in_needed`.
    pub code: String,
    /// One sentence that names the problem, its place and its solution.
    pub message: String,
    /// The two sites of a refusal with the code [`OTHER_SITE`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sites: Option<OtherSite>,
}

/// The data on a device is of one site, its token or code of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherSite {
    /// The site of the data.
    pub held: String,
    /// The site of the token or code.
    pub asked: String,
}
