//! The notices that an app's windows and its worker send each other.

use serde::{Deserialize, Serialize};

use crate::model::RowKey;
use crate::protocol::Progress;
use crate::round::{Changed, RoundProgress};

/// An event for the app's other windows and its worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", try_from = "Received")]
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

/// A notice as it arrives, with the fields of every kind: a parser for each kind would be kilobytes of the app's size.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Received {
    QueueChanged,
    WorkOffline(Fields),
    RoundProgress(Fields),
    RoundEnded(Fields),
}

#[derive(Deserialize)]
struct Fields {
    chosen: Option<bool>,
    sent: Option<usize>,
    to_send: Option<usize>,
    snapshot: Option<Progress>,
    changed: Option<Vec<RowKey>>,
    queue: Option<bool>,
    ok: Option<bool>,
}

impl TryFrom<Received> for Notice {
    type Error = &'static str;

    fn try_from(received: Received) -> Result<Self, &'static str> {
        let notice = match received {
            Received::QueueChanged => Some(Self::QueueChanged),
            Received::WorkOffline(fields) => fields.chosen.map(|chosen| Self::WorkOffline { chosen }),
            Received::RoundEnded(fields) => fields.ok.map(|ok| Self::RoundEnded { ok }),
            Received::RoundProgress(Fields { sent, to_send, snapshot, changed, queue, .. }) => {
                // Without `queue`, it may have changed and is read again.
                let queue = queue.unwrap_or(true);
                sent.zip(to_send).map(|(sent, to_send)| Self::RoundProgress {
                    sent,
                    to_send,
                    snapshot,
                    changed,
                    queue,
                })
            }
        };
        notice.ok_or("a notice lacks a field")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_read_as_it_was_written() {
        let key = RowKey::new("notes", "1");
        let snapshot = Some(Progress { done_rows: 1, total_rows: 2 });
        let notices = [
            Notice::QueueChanged,
            Notice::WorkOffline { chosen: true },
            Notice::RoundProgress { sent: 1, to_send: 2, snapshot, changed: Some(vec![key]), queue: false },
            Notice::RoundProgress { sent: 0, to_send: 0, snapshot: None, changed: None, queue: true },
            Notice::RoundEnded { ok: false },
        ];
        for notice in notices {
            let json = serde_json::to_string(&notice).expect("JSON");
            assert_eq!(serde_json::from_str::<Notice>(&json).expect("a notice"), notice, "{json}");
        }
    }

    #[test]
    fn a_notice_of_an_older_build_may_have_changed_the_queue_and_one_without_its_fields_is_refused() {
        let older = r#"{"round_progress":{"sent":1,"to_send":1,"snapshot":null,"changed":[]}}"#;
        let read: Notice = serde_json::from_str(older).expect("a notice");
        assert!(matches!(read, Notice::RoundProgress { queue: true, .. }));
        for part in [r#"{"work_offline":{}}"#, r#"{"round_ended":{}}"#, r#"{"round_progress":{"sent":1}}"#] {
            assert!(serde_json::from_str::<Notice>(part).is_err(), "{part}");
        }
    }
}
