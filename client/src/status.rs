//! The sync state for screens.

use sync::{Connection, Progress, RoundReport, StoreError, UnixMillis};

use crate::completeness::Completeness;
use crate::round::RoundFailure;
use crate::threats::Threat;

/// A round's result, for callbacks.
pub type RoundResult = Result<RoundReport, SyncError>;

/// The error of the last sync.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyncError {
    /// The round failed.
    #[error(transparent)]
    Round(#[from] RoundFailure),
    /// The device's storage failed outside a round.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The round made no progress and was abandoned. The next one starts automatically.
    #[error("the round made no progress and was abandoned")]
    Abandoned,
    /// The code of rounds could not be loaded.
    #[error(transparent)]
    NotLoaded(#[from] NotLoaded),
}

/// A part of the application's code could not be loaded; until all of it is on the device, this needs the
/// network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a part of the app could not be loaded")]
pub struct NotLoaded;

/// The result of syncing so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncStatus {
    /// Whether a round is running, in this window or elsewhere on this device.
    pub is_running: bool,
    /// The time of the last successful round.
    pub last_sync_at: Option<UnixMillis>,
    /// The time of the next round.
    pub next_sync_at: Option<UnixMillis>,
    /// The error of the last round.
    pub error: Option<SyncError>,
    /// Number of successful rounds of this window.
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

/// The whole sync state for screens.
#[derive(Clone, Debug, PartialEq)]
pub struct SyncState {
    /// The result of syncing so far.
    pub status: SyncStatus,
    /// The connection as far as it is known. The field's name is from the specification; there are more than
    /// two states.
    pub is_online: Connection,
    /// Whether a round is running.
    pub is_syncing: bool,
    /// Number of pending mutations.
    pub pending: usize,
    /// Those of them that another version of the application created.
    pub unreadable: usize,
    /// Queue entries that a person has to resolve.
    pub attention: usize,
    /// The running round's progress.
    pub progress: Option<RunningRound>,
    /// Whether automatic rounds are on.
    pub is_automatic: bool,
    /// The part of the server's rows that has arrived.
    pub catalogue: Completeness,
    /// The time of the oldest pending mutation.
    pub oldest_pending: Option<UnixMillis>,
    /// Dangers to the device's data.
    pub threats: Vec<Threat>,
}
