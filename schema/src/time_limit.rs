//! The time limit of a transaction.
//!
//! A browser may lose a transaction: its requests and its commit are never answered, and code that waits for
//! them waits forever. A transaction that another frozen or broken window holds open has the same effect.

use std::pin::pin;

use futures::future::{Either, select};
use gloo_timers::future::TimeoutFuture;

/// The default limit of one transaction, from its beginning to its commit. The largest transactions take a
/// few seconds on slow devices.
pub(crate) const TRANSACTION_LIMIT_MILLIS: u32 = 30_000;
/// Timers that the limit is divided into.
const TICKS: u32 = 6;

/// The result of `work`, or `None` if it has not ended after `limit_millis`; then it is dropped. No timer
/// outlives the call.
pub(crate) async fn within<T>(work: impl Future<Output = T>, limit_millis: u32) -> Option<T> {
    match select(pin!(work), pin!(pass(limit_millis))).await {
        Either::Left((ended, _)) => Some(ended),
        Either::Right(_) => None,
    }
}

/// Waits in several ticks, because time passes while a page is frozen: once it resumes, its timer is due at
/// once, perhaps before answers that arrived meanwhile. Such a pause counts as one tick and not as the whole
/// limit.
async fn pass(limit_millis: u32) {
    for _ in 0..TICKS {
        TimeoutFuture::new(limit_millis / TICKS).await;
    }
}
