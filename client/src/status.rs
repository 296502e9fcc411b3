//! The state of syncing, as screens show it.

use sync::{Connection, Progress, RoundReport, StoreError, UnixMillis};

use crate::completeness::Completeness;
use crate::round::RoundFailure;
use crate::threats::Threat;

/// How a round ended, for callbacks.
pub type RoundResult = Result<RoundReport, SyncError>;

/// Why the last sync failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyncError {
    /// The round failed.
    #[error(transparent)]
    Round(#[from] RoundFailure),
    /// The device's storage failed outside a round.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The round made no progress and was abandoned. The next one starts by itself.
    #[error("the round made no progress and was abandoned")]
    Abandoned,
    /// The code that runs rounds could not be loaded.
    #[error(transparent)]
    NotLoaded(#[from] NotLoaded),
}

/// A part of the application's code could not be loaded; it needs the network until all of it is on the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a part of the app could not be loaded")]
pub struct NotLoaded;

/// How syncing goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncStatus {
    /// Whether a round runs, in this window or elsewhere on this device.
    pub is_running: bool,
    /// When a round last succeeded.
    pub last_sync_at: Option<UnixMillis>,
    /// When the next is due.
    pub next_sync_at: Option<UnixMillis>,
    /// Why the last one failed.
    pub error: Option<SyncError>,
    /// Rounds of this window that succeeded.
    pub sync_count: u32,
}

/// A running round's progress.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunningRound {
    /// Mutations decided so far.
    pub sent: usize,
    /// Mutations to send, those decided included.
    pub to_send: usize,
    /// The snapshot's progress, while there is one.
    pub snapshot: Option<Progress>,
}

/// Everything that screens may show of syncing.
#[derive(Clone, Debug, PartialEq)]
pub struct SyncState {
    /// How syncing goes.
    pub status: SyncStatus,
    /// The connection as far as it is known. The name is the specification's; it has more states than two.
    pub is_online: Connection,
    /// Whether a round runs.
    pub is_syncing: bool,
    /// Mutations that the server has still to decide.
    pub pending: usize,
    /// Those of them that another version of the application made.
    pub unreadable: usize,
    /// Queue entries that wait for a person.
    pub attention: usize,
    /// The running round's progress.
    pub progress: Option<RunningRound>,
    /// Whether rounds start by themselves.
    pub is_automatic: bool,
    /// How much of the server's rows has arrived.
    pub catalogue: Completeness,
    /// When the oldest pending mutation was made.
    pub oldest_pending: Option<UnixMillis>,
    /// What endangers the device's data.
    pub threats: Vec<Threat>,
}
