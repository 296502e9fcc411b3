//! The notices that an app's windows and its worker send each other.

use serde::{Deserialize, Serialize};

use crate::model::RowKey;
use crate::protocol::Progress;
use crate::round::{Changed, RoundProgress};

/// An event for the app's other windows and its worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// The queue changed.
    QueueChanged,
    /// The user switched *work offline* on or off.
    WorkOffline {
        /// Whether it is on.
        chosen: bool,
    },
    /// A round made an exchange.
    RoundProgress {
        /// Mutations decided.
        sent: usize,
        /// Mutations to send, those decided included.
        to_send: usize,
        /// The snapshot, while there is one.
        snapshot: Option<Progress>,
        /// The rows it changed; `None` for more than [`MAX_NAMED_KEYS`](crate::MAX_NAMED_KEYS).
        changed: Option<Vec<RowKey>>,
        /// Whether it changed the queue. Notices of older builds lack this field.
        #[serde(default = "unknown")]
        queue: bool,
    },
    /// A round ended; `ok` if nothing failed.
    RoundEnded {
        /// Whether it completed an exchange with the server.
        ok: bool,
    },
}

impl From<RoundProgress> for Notice {
    fn from(progress: RoundProgress) -> Self {
        let RoundProgress { sent, to_send, snapshot, changed, queue } = progress;
        let changed = match changed {
            Changed::Nothing => Some(Vec::new()),
            Changed::Rows(keys) => Some(keys),
            Changed::Many => None,
        };
        Self::RoundProgress { sent, to_send, snapshot, changed, queue }
    }
}

/// Without this field, the queue may have changed and is read again.
fn unknown() -> bool {
    true
}
