//! Drains the queue when the browser wakes the worker, with or without a page open.

use browser::{Channel, RoundFailure, WORK_OFFLINE_SETTING, new_uuid_v7, sync_once};
use domain::Warehouse;
use gloo_timers::future::TimeoutFuture;
use schema::{DATABASE_NAME, IdbStore};
use sync::{RoundLimits, Store};

/// The scope of a database that the worker, against expectation, finds first.
const SCOPE: &str = "available";
/// Rounds a page may be in the middle of before the browser is asked to come back later.
const MAX_ATTEMPTS: u32 = 20;
const WAIT_MILLIS: u32 = 1_000;

/// Runs rounds until nothing is left to send.
///
/// # Errors
/// A sentence for the log, when another attempt is needed.
pub async fn drain() -> Result<(), String> {
    let store = IdbStore::<Warehouse>::open(DATABASE_NAME, new_uuid_v7(), SCOPE).await.map_err(say)?;
    if Store::<Warehouse>::setting(&store, WORK_OFFLINE_SETTING).await.map_err(say)?.is_some() {
        // The user's choice. The page registers the tag again when it ends.
        return Ok(());
    }
    let channel = Channel::open(|_| {});
    for attempt in 1..=MAX_ATTEMPTS {
        let last = attempt == MAX_ATTEMPTS;
        match sync_once::<Warehouse, _>(&store, RoundLimits::default(), false, |notice| channel.tell(&notice))
            .await
        {
            Ok(report) if report.complete => return Ok(()),
            Ok(_) => {}
            Err(RoundFailure::Elsewhere) if !last => TimeoutFuture::new(WAIT_MILLIS).await,
            Err(failure) => return Err(say(failure)),
        }
    }
    Err("there is more to sync than one event has time for".to_owned())
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn say(error: impl ToString) -> String {
    error.to_string()
}
