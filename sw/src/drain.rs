//! Drains the queue when the browser wakes the worker, with or without a page open.

use browser::{BroadcastEnd, BrowserTimer, FetchTransport, WebLock, new_uuid_v7, random_u64};
use client::RoundPorts;
use domain::{NAMES, Warehouse};
use schema::IdbStore;
use sync::{Relay, RoundLimits};

/// Runs rounds until nothing is left to send. If `has_successor`, a failed round is not retried here: a newer
/// worker cannot take over before this one's events have ended.
///
/// # Errors
/// A sentence for the log, when a retry is needed.
pub async fn drain(has_successor: impl Fn() -> bool) -> Result<(), String> {
    // The worker may be the first to open the database, although that is unlikely.
    let opened = IdbStore::<Relay<Warehouse>>::open(NAMES.database(), new_uuid_v7(), NAMES.scope).await;
    let store = opened.map_err(|error| error.to_string())?;
    let (transport, turn, channel) =
        (FetchTransport::new(&NAMES), WebLock::new(&NAMES), BroadcastEnd::to_tell(&NAMES));
    let ports = RoundPorts { transport: &transport, turn: &turn, timer: &BrowserTimer, channel: &channel };
    let drained = client::drain(&store, &ports, RoundLimits::default(), random_u64(), has_successor).await;
    drained.map_err(|error| error.to_string())
}
