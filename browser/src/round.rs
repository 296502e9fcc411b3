//! One sync round as tabs and worker run it: under the lock, with everybody told.

use sync::{
    AuditLimits, AuditReport, Changed, Ended, MAX_AUDIT_RANGES, Records, RoundError, RoundLimits,
    RoundProgress, RoundReport, Store, audit_part, audit_when_due, run_round,
};

use crate::channel::Notice;
use crate::clock::now;
use crate::lock::try_lock;
use crate::transport::FetchTransport;

const LOCK: &str = "lotbook-sync-round";

/// Rows that a page takes in at a time: more would hold up the person at work.
pub const PAGE_PULL_ROWS: usize = 2_500;

/// The setting that is there while the user works offline by choice.
pub const WORK_OFFLINE_SETTING: &str = "work_offline";

/// Parts of one whole audit: some 10 million rows.
const MAX_AUDIT_PARTS: usize = 1_000;

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
    round(store, limits, steal, tell, async || {}).await
}

/// The same, and when it is due the next rows are compared with the server's. That is for a page: the worker's time is short, and
/// rows that nobody sees can wait.
///
/// # Errors
/// [`RoundFailure`]. What was committed before stays.
pub async fn sync_and_audit_once<M: Records, S: Store<M>>(
    store: &S,
    limits: RoundLimits,
    steal: bool,
    tell: impl Fn(Notice),
) -> Result<RoundReport, RoundFailure> {
    let audit = async || {
        // Its failures are told by the next round; this one has done what it was for.
        let audited = audit_when_due::<M, S, _>(store, &FetchTransport, now).await;
        audited.iter().for_each(|report| tell_repaired(report, &tell));
    };
    round(store, limits, steal, &tell, audit).await
}

async fn round<M: Records, S: Store<M>>(
    store: &S,
    limits: RoundLimits,
    steal: bool,
    tell: impl Fn(Notice),
    once_complete: impl AsyncFnOnce(),
) -> Result<RoundReport, RoundFailure> {
    let Some(_turn) = try_lock(LOCK, steal).await else { return Err(RoundFailure::Elsewhere) };
    let ended =
        run_round::<M, S, _>(store, &FetchTransport, limits, now, |progress| tell(progress.into())).await;
    if ended.as_ref().is_ok_and(|report| report.complete) {
        once_complete().await;
    }
    if ended.is_ok() {
        store.put_setting(LAST_SYNC_SETTING, Some(&now().0.to_string())).await.map_err(RoundError::from)?;
    }
    tell(Notice::RoundEnded { ok: ended.is_ok() });
    Ok(ended?)
}

/// Compares every row with the server, and hands `on_progress` how many have been so far. Returns those, and how many ranges had to be
/// put right.
///
/// # Errors
/// The first failure; what was put right before stays.
pub async fn audit_all<M: Records, S: Store<M>>(
    store: &S,
    tell: impl Fn(Notice),
    on_progress: impl Fn(usize),
) -> Result<(usize, usize), RoundError> {
    let limits = AuditLimits { max_ranges: MAX_AUDIT_RANGES, ..AuditLimits::default() };
    let (mut checked_rows, mut repaired_ranges, mut position) = (0, 0, None);
    for _ in 0..MAX_AUDIT_PARTS {
        let report = audit_part::<M, S, _>(store, &FetchTransport, position, limits, now).await?;
        tell_repaired(&report, &tell);
        checked_rows += report.checked_rows;
        repaired_ranges += report.repaired_ranges;
        on_progress(checked_rows);
        position = report.next;
        if position.is_none() {
            break;
        }
    }
    Ok((checked_rows, repaired_ranges))
}

fn tell_repaired(report: &AuditReport, tell: &impl Fn(Notice)) {
    if report.repaired_ranges > 0 {
        tell(RoundProgress { changed: Changed::Many, ..RoundProgress::default() }.into());
    }
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
