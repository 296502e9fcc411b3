//! One sync round as tabs and worker run it: under the lock, with everybody told.

use sync::{Ended, Records, RoundError, RoundLimits, RoundReport, Store, run_round};

use crate::channel::Notice;
use crate::clock::now;
use crate::lock::try_lock;
use crate::transport::FetchTransport;

const LOCK: &str = "lotbook-sync-round";

/// Rows that a page takes in at a time: more would hold up the person at work.
pub const PAGE_PULL_ROWS: usize = 2_500;

/// The setting that is there while the user works offline by choice.
pub const WORK_OFFLINE_SETTING: &str = "work_offline";

/// The setting that holds when a round last succeeded, in milliseconds since 1970.
pub const LAST_SYNC_SETTING: &str = "last_sync_at";

/// Why there was no complete round.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoundFailure {
    /// Another tab or the worker is at it.
    #[error("Another window is syncing.")]
    Elsewhere,
    /// It failed.
    #[error(transparent)]
    Round(#[from] RoundError),
}

/// Runs one round and hands `tell` what others want to know, unless somebody else does; `steal` takes the turn of one who has not been heard of for long.
///
/// # Errors
/// [`RoundFailure`]. What was committed before stays.
pub async fn sync_once<M: Records, S: Store<M>>(
    store: &S,
    limits: RoundLimits,
    steal: bool,
    tell: impl Fn(Notice),
) -> Result<RoundReport, RoundFailure> {
    let Some(_turn) = try_lock(LOCK, steal).await else { return Err(RoundFailure::Elsewhere) };
    let ended =
        run_round::<M, S, _>(store, &FetchTransport, limits, now, |progress| tell(progress.into())).await;
    if ended.is_ok() {
        store.put_setting(LAST_SYNC_SETTING, Some(&now().0.to_string())).await.map_err(RoundError::from)?;
    }
    tell(Notice::RoundEnded { ok: ended.is_ok() });
    Ok(ended?)
}

/// How a round ended, as the scheduler wants to know it.
pub fn ended(result: &Result<RoundReport, RoundFailure>) -> Ended {
    match result {
        Ok(report) => Ended::Done { more: !report.complete },
        Err(RoundFailure::Elsewhere) => Ended::Elsewhere,
        Err(RoundFailure::Round(RoundError::Transport(error))) => Ended::Failed(error.clone()),
        Err(RoundFailure::Round(RoundError::Store(_))) => Ended::StoreFailed,
    }
}
