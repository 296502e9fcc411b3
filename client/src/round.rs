//! One sync round in a window or the worker: under the device's lock, with notices to all.

use futures::StreamExt;
use futures::channel::mpsc::UnboundedReceiver;
use sync::{
    AuditLimits, AuditReport, Changed, Channel, Ended, MAX_AUDIT_RANGES, Notice, RoundError, RoundLimits,
    RoundProgress, RoundReport, Store, StoredTime, Timer, Transport, Turn, audit_part, audit_when_due,
    run_round,
};

use crate::server_time::HEARD_TIME_SETTING;

/// Maximum rows that a page stores at a time: more would block it for too long.
pub const PAGE_PULL_ROWS: usize = 2_500;

/// The setting that exists while the user works offline.
pub const WORK_OFFLINE_SETTING: &str = "work_offline";

/// Maximum parts of one whole audit: some 10 million rows.
const MAX_AUDIT_PARTS: usize = 1_000;

/// The setting with the time of the last successful round, in milliseconds since 1970.
pub const LAST_SYNC_SETTING: &str = "last_sync_at";

/// The reason why a round did not complete.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoundFailure {
    /// Another window or the worker is running one.
    #[error("another window runs a round")]
    Elsewhere,
    /// It failed.
    #[error(transparent)]
    Round(#[from] RoundError),
}

/// The ports of a round.
#[derive(Debug)]
pub struct RoundPorts<'a, T, U, K, C> {
    /// The transport to the server.
    pub transport: &'a T,
    /// The lock that allows one round at a time.
    pub turn: &'a U,
    /// The device's clock.
    pub timer: &'a K,
    /// Gets a notice of every exchange and of the end; for example a closure over `&Notice`.
    pub channel: &'a C,
}

/// Runs one round, unless another one is running; with `steal`, takes the lock from a holder that has been
/// silent for too long.
///
/// # Errors
/// [`RoundFailure`]. Earlier commits stay.
pub async fn sync_once<S: Store, T: Transport<S::Records>, U: Turn, K: Timer, C: Channel>(
    store: &S,
    ports: &RoundPorts<'_, T, U, K, C>,
    limits: RoundLimits,
    steal: bool,
) -> Result<RoundReport, RoundFailure> {
    round(store, ports, limits, steal, async || {}).await
}

/// Like [`sync_once`], then compares the next rows with the server's if that is due. Only for pages, because
/// a worker has little time.
///
/// # Errors
/// [`RoundFailure`]. Earlier commits stay.
pub async fn sync_and_audit_once<S: Store, T: Transport<S::Records>, U: Turn, K: Timer, C: Channel>(
    store: &S,
    ports: &RoundPorts<'_, T, U, K, C>,
    limits: RoundLimits,
    steal: bool,
) -> Result<RoundReport, RoundFailure> {
    let audit = async || {
        // A lasting failure is reported by the next round; this round succeeded.
        let audited = audit_when_due(store, ports.transport, || ports.timer.now()).await;
        audited.iter().for_each(|report| tell_repaired(report, ports.channel));
    };
    round(store, ports, limits, steal, audit).await
}

async fn round<S: Store, T: Transport<S::Records>, U: Turn, K: Timer, C: Channel>(
    store: &S,
    ports: &RoundPorts<'_, T, U, K, C>,
    limits: RoundLimits,
    steal: bool,
    once_complete: impl AsyncFnOnce(),
) -> Result<RoundReport, RoundFailure> {
    let RoundPorts { transport, turn, timer, channel } = *ports;
    let Some(_turn) = turn.take(steal).await else { return Err(RoundFailure::Elsewhere) };
    let on_progress = |progress: RoundProgress| channel.tell(&progress.into());
    let ended = run_round(store, transport, limits, || timer.now(), on_progress).await;
    if ended.as_ref().is_ok_and(|report| report.complete) {
        once_complete().await;
    }
    if let Ok(report) = &ended {
        if let Some(heard) = report.heard {
            let text = StoredTime::from(heard).to_string();
            store.put_setting(HEARD_TIME_SETTING, Some(&text)).await.map_err(RoundError::from)?;
        }
        let at = timer.now().0.to_string();
        store.put_setting(LAST_SYNC_SETTING, Some(&at)).await.map_err(RoundError::from)?;
    }
    channel.tell(&Notice::RoundEnded { ok: ended.is_ok() });
    Ok(ended?)
}

/// Compares every row with the server and passes `on_progress` the number so far. Returns the number of rows,
/// and the number of repaired ranges. It takes no lock: repairs and rounds do not interfere.
///
/// # Errors
/// The first failure; earlier repairs stay.
pub(crate) async fn audit_all<S: Store, T: Transport<S::Records>>(
    store: &S,
    transport: &T,
    timer: &impl Timer,
    channel: &impl Channel,
    on_progress: impl Fn(usize),
) -> Result<(usize, usize), RoundError> {
    let limits = AuditLimits { max_ranges: MAX_AUDIT_RANGES, ..AuditLimits::default() };
    let (mut checked_rows, mut repaired_ranges, mut position) = (0, 0, None);
    for _ in 0..MAX_AUDIT_PARTS {
        let report = audit_part(store, transport, position, limits, || timer.now()).await?;
        tell_repaired(&report, channel);
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

fn tell_repaired(report: &AuditReport, channel: &impl Channel) {
    if report.repaired_ranges > 0 {
        channel.tell(&RoundProgress { changed: Changed::Many, ..RoundProgress::default() }.into());
    }
}

/// A round's result in the scheduler's terms.
pub fn ended(result: &Result<RoundReport, RoundFailure>) -> Ended {
    match result {
        Ok(report) => Ended::Done { more: !report.complete },
        Err(RoundFailure::Elsewhere) => Ended::Elsewhere,
        Err(RoundFailure::Round(RoundError::Transport(error))) => Ended::Failed(error.clone()),
        Err(RoundFailure::Round(RoundError::Store(_))) => Ended::StoreFailed,
    }
}

/// The next notice and all further ones that are ready, so that a slow reader catches up in one step. `None`
/// after the round.
pub(crate) async fn next_notices(notices: &mut UnboundedReceiver<Notice>) -> Option<Vec<Notice>> {
    let mut waiting = vec![notices.next().await?];
    while let Ok(notice) = notices.try_recv() {
        waiting.push(notice);
    }
    Some(waiting)
}
