//! The notices that an app's windows and its worker send each other.

use serde::{Deserialize, Serialize};

use crate::model::RowKey;
use crate::protocol::Progress;
use crate::round::{Changed, RoundProgress};

/// Something the others may want to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// The queue changed.
    QueueChanged,
    /// The user chose to work offline, or to end that.
    WorkOffline {
        /// Which.
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
        /// The rows it changed; none for more than can be named.
        changed: Option<Vec<RowKey>>,
        /// Whether it changed the queue. Older builds do not say.
        #[serde(default = "unknown")]
        queue: bool,
    },
    /// A round ended; `ok` if nothing failed.
    RoundEnded {
        /// Whether it reached the server and back.
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

/// A queue that may have changed is read again.
fn unknown() -> bool {
    true
}
