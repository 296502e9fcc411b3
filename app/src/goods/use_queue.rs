//! The queue, and the latest changes of this device.

use domain::{Action, Row};
use sync::{Mutation, Outcome, QueueState, UnixMillis};
use yew::prelude::*;

use crate::book::{Queue, Queued};
use crate::ui::use_loaded::{Loaded, use_loaded};
use crate::use_book::{use_book, use_book_version};
use crate::words::faults_in_words::store_fault;

/// Maximum number of recent changes.
const MAX_RECENT: usize = 50;

/// A change made on this device.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Recent {
    pub(crate) mutation: Mutation<Action>,
    pub(crate) state: RecentState,
}

/// The state of a change.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RecentState {
    /// Saved on this device.
    Pending,
    /// Booked by the server.
    Sent {
        /// The time at which this device received the outcome.
        at: UnixMillis,
    },
    /// It needs a person's attention.
    Attention(Outcome<Row>),
}

/// Pending entries and those that need attention, by ascending `seq`.
#[hook]
pub(crate) fn use_queue() -> Queue {
    let book = use_book();
    use_book_version();
    book.client().queue()
}

/// The latest changes of this device, newest first.
#[hook]
pub(crate) fn use_recent() -> Loaded<Vec<Recent>> {
    let book = use_book();
    let version = use_book_version();
    use_loaded((), version, move |()| async move {
        let journal = book.client().journal().await.map_err(|error| store_fault(&error))?;
        let sent = journal.into_iter().filter(|record| !record.mutation.withdrawn).map(|record| Recent {
            state: RecentState::Sent { at: record.acknowledged_at },
            mutation: record.mutation,
        });
        let mut all: Vec<Recent> = sent.collect();
        for waiting in book.client().queue().iter().rev().take(MAX_RECENT).map(|record| recent(record)) {
            let newer = all.partition_point(|other| other.mutation.seq > waiting.mutation.seq);
            all.insert(newer, waiting);
        }
        all.truncate(MAX_RECENT);
        Ok(all)
    })
}

fn recent(record: &Queued) -> Recent {
    let state = match &record.state {
        QueueState::Pending => RecentState::Pending,
        QueueState::Attention(outcome) => RecentState::Attention(outcome.clone()),
    };
    Recent { mutation: record.mutation.clone(), state }
}
