//! Drains the queue when the browser wakes the worker, with or without a page open.

use browser::{BroadcastEnd, BrowserTimer, FetchTransport, WebLock, new_uuid_v7, random_u64};
use client::RoundPorts;
use schema::IdbStore;
use sync::{AppNames, Records, Relay, RoundLimits};

/// Runs rounds until nothing is left to send. If `has_successor`, a failed round is not retried here: a newer
/// worker cannot take over before this one's events have ended.
///
/// # Errors
/// A sentence for the log, when a retry is needed.
pub async fn drain<M: Records>(
    names: &'static AppNames,
    has_successor: impl Fn() -> bool,
) -> Result<(), String> {
    // The worker may be the first to open the database, although that is unlikely.
    let opened = IdbStore::<Relay<M>>::open(names.database(), new_uuid_v7(), names.scope).await;
    let store = opened.map_err(|error| error.to_string())?;
    let (transport, turn, channel) =
        (FetchTransport::new(names), WebLock::new(names), BroadcastEnd::to_tell(names));
    let ports = RoundPorts { transport: &transport, turn: &turn, timer: &BrowserTimer, channel: &channel };
    let drained = client::drain(&store, &ports, RoundLimits::default(), random_u64(), has_successor).await;
    drained.map_err(|error| error.to_string())
}
