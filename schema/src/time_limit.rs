//! How long a transaction may take.
//!
//! A browser may forget a transaction: its requests and its commit are never answered, and whoever waits for them waits for
//! ever. Another window that holds a transaction open, frozen or broken, has the same effect.

use std::pin::pin;

use futures::future::{Either, select};
use gloo_timers::future::TimeoutFuture;

/// The default limit of one transaction, from its beginning to its commit. The largest take a few seconds on slow devices.
pub(crate) const TRANSACTION_LIMIT_MILLIS: u32 = 30_000;
/// Timers that the limit is divided into.
const TICKS: u32 = 6;

/// What `work` returns, or `None` if it has not ended after `limit_millis`; then it is dropped. No timer outlives the call.
pub(crate) async fn within<T>(work: impl Future<Output = T>, limit_millis: u32) -> Option<T> {
    match select(pin!(work), pin!(pass(limit_millis))).await {
        Either::Left((ended, _)) => Some(ended),
        Either::Right(_) => None,
    }
}

/// Waits in several ticks, because time passes while a page is frozen: once it resumes, its timer is due at once, perhaps
/// before the answers that have arrived meanwhile. So that counts for one tick and not for the whole limit.
async fn pass(limit_millis: u32) {
    for _ in 0..TICKS {
        TimeoutFuture::new(limit_millis / TICKS).await;
    }
}
