//! One sync round as windows and worker run it: alone on the device, with everyone told.

use futures::StreamExt;
use futures::channel::mpsc::UnboundedReceiver;
use sync::{
    AuditLimits, AuditReport, Changed, Channel, Ended, MAX_AUDIT_RANGES, Notice, RoundError, RoundLimits,
    RoundProgress, RoundReport, Store, Timer, Transport, Turn, audit_part, audit_when_due, run_round,
};

/// Rows that a page stores at a time: more would block it for too long.
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
    /// Another window or the worker runs one.
    #[error("another window runs a round")]
    Elsewhere,
    /// It failed.
    #[error(transparent)]
    Round(#[from] RoundError),
}

/// What a round needs of its host.
#[derive(Debug)]
pub struct RoundPorts<'a, T, U, K, C> {
    /// Reaches the server.
    pub transport: &'a T,
    /// Keeps other windows' rounds apart from this one.
    pub turn: &'a U,
    /// The device's clock.
    pub timer: &'a K,
    /// Hears of every exchange and of the end. A closure that takes a `&Notice` will do.
    pub channel: &'a C,
}

/// Runs one round, unless somebody else does; with `steal`, the turn is taken from a holder that has been silent for too long.
///
/// # Errors
/// [`RoundFailure`]. What was committed before stays.
pub async fn sync_once<S: Store, T: Transport<S::Records>, U: Turn, K: Timer, C: Channel>(
    store: &S,
    ports: &RoundPorts<'_, T, U, K, C>,
    limits: RoundLimits,
    steal: bool,
) -> Result<RoundReport, RoundFailure> {
    round(store, ports, limits, steal, async || {}).await
}

/// As [`sync_once`]; then, when it is due, the next rows are compared with the server's. For pages: a worker has little time,
/// and rows that nobody sees can wait.
///
/// # Errors
/// [`RoundFailure`]. What was committed before stays.
pub async fn sync_and_audit_once<S: Store, T: Transport<S::Records>, U: Turn, K: Timer, C: Channel>(
    store: &S,
    ports: &RoundPorts<'_, T, U, K, C>,
    limits: RoundLimits,
    steal: bool,
) -> Result<RoundReport, RoundFailure> {
    let audit = async || {
        // The next round reports a lasting failure; this round has done its own work.
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
    if ended.is_ok() {
        let at = timer.now().0.to_string();
        store.put_setting(LAST_SYNC_SETTING, Some(&at)).await.map_err(RoundError::from)?;
    }
    channel.tell(&Notice::RoundEnded { ok: ended.is_ok() });
    Ok(ended?)
}

/// Compares every row with the server, and hands `on_progress` how many have been so far. Returns those, and how many ranges had to be
/// put right. It takes no turn: repairs and rounds do not disturb each other.
///
/// # Errors
/// The first failure; what was put right before stays.
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

/// How a round ended, as the scheduler wants to know it.
pub fn ended(result: &Result<RoundReport, RoundFailure>) -> Ended {
    match result {
        Ok(report) => Ended::Done { more: !report.complete },
        Err(RoundFailure::Elsewhere) => Ended::Elsewhere,
        Err(RoundFailure::Round(RoundError::Transport(error))) => Ended::Failed(error.clone()),
        Err(RoundFailure::Round(RoundError::Store(_))) => Ended::StoreFailed,
    }
}

/// The next notice, and every further one that waits already, so that a reader slower than the round catches up in one
/// step. `None` once the round is over.
pub(crate) async fn next_notices(notices: &mut UnboundedReceiver<Notice>) -> Option<Vec<Notice>> {
    let mut waiting = vec![notices.next().await?];
    while let Ok(notice) = notices.try_recv() {
        waiting.push(notice);
    }
    Some(waiting)
}
