//! One sync round as windows and worker run it: alone on the device, with everyone told.

use futures::channel::mpsc::UnboundedReceiver;
use sync::{
    AuditLimits, AuditReport, Changed, Ended, MAX_AUDIT_RANGES, Notice, RoundError, RoundLimits, RoundProgress,
    RoundReport, Store, Timer, Transport, Turn, audit_part, audit_when_due, run_round,
};

/// Rows that a page stores at a time: more would block the page for too long.
pub const PAGE_PULL_ROWS: usize = 2_500;
/// The setting that is there while the user works offline by choice.
pub const WORK_OFFLINE_SETTING: &str = "work_offline";
/// The setting that holds when a round last succeeded, in milliseconds since 1970.
pub const LAST_SYNC_SETTING: &str = "last_sync_at";
/// Parts of one whole audit: some 10 million rows.
const MAX_AUDIT_PARTS: usize = 1_000;

/// Why there was no complete round.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoundFailure {
    /// Another window or the worker runs one.
    #[error("another window is syncing")]
    Elsewhere,
    /// It failed.
    #[error(transparent)]
    Round(#[from] RoundError),
}

impl RoundFailure {
    /// A round's end as the scheduler wants to know it.
    pub fn ended(result: &Result<RoundReport, Self>) -> Ended {
        match result {
            Ok(report) => Ended::Done { more: !report.complete },
            Err(Self::Elsewhere) => Ended::Elsewhere,
            Err(Self::Round(RoundError::Transport(error))) => Ended::Failed(error.clone()),
            Err(Self::Round(RoundError::Store(_))) => Ended::StoreFailed,
        }
    }
}

/// The ports that a round runs on.
#[derive(Debug)]
pub struct RoundPorts<'a, S, T, U, C> {
    /// The device's storage; best one that leaves rows unparsed ([`Store::relay`]).
    pub store: &'a S,
    /// The way to the server.
    pub transport: &'a T,
    /// One round at a time.
    pub turn: &'a U,
    /// The clock.
    pub timer: &'a C,
}

impl<S, T, U, C> RoundPorts<'_, S, T, U, C>
where
    S: Store,
    T: Transport<S::Records>,
    U: Turn,
    C: Timer,
{
    /// Runs one round and hands `tell` the notices for others. `steal` takes the turn from a holder that has been silent
    /// for too long.
    ///
    /// # Errors
    /// [`RoundFailure`]. What was committed before stays.
    pub async fn sync(
        &self,
        limits: RoundLimits,
        steal: bool,
        tell: impl Fn(Notice),
    ) -> Result<RoundReport, RoundFailure> {
        self.round(limits, steal, tell, async || {}).await
    }

    /// As [`RoundPorts::sync`], and when it is due the next rows are compared with the server's. For pages only: the
    /// worker's time is short.
    ///
    /// # Errors
    /// [`RoundFailure`]. What was committed before stays.
    pub async fn sync_and_audit(
        &self,
        limits: RoundLimits,
        steal: bool,
        tell: impl Fn(Notice),
    ) -> Result<RoundReport, RoundFailure> {
        let audit = async || {
            // The next round reports a failure; this one has done its work.
            let audited = audit_when_due(self.store, self.transport, || self.timer.now()).await;
            audited.iter().for_each(|report| tell_repaired(report, &tell));
        };
        self.round(limits, steal, &tell, audit).await
    }

    async fn round(
        &self,
        limits: RoundLimits,
        steal: bool,
        tell: impl Fn(Notice),
        once_complete: impl AsyncFnOnce(),
    ) -> Result<RoundReport, RoundFailure> {
        let Some(_turn) = self.turn.take(steal).await else { return Err(RoundFailure::Elsewhere) };
        let now = || self.timer.now();
        let ended =
            run_round(self.store, self.transport, limits, now, |progress| tell(progress.into())).await;
        if ended.as_ref().is_ok_and(|report| report.complete) {
            once_complete().await;
        }
        if ended.is_ok() {
            let at = now().0.to_string();
            self.store.put_setting(LAST_SYNC_SETTING, Some(&at)).await.map_err(RoundError::from)?;
        }
        tell(Notice::RoundEnded { ok: ended.is_ok() });
        Ok(ended?)
    }

    /// Compares every row with the server's and hands `on_progress` the rows compared so far. Returns their number, and
    /// the number of ranges that were fetched again.
    ///
    /// # Errors
    /// The first failure; repairs before it stay.
    pub async fn audit_all(
        &self,
        tell: impl Fn(Notice),
        on_progress: impl Fn(usize),
    ) -> Result<(usize, usize), RoundError> {
        let limits = AuditLimits { max_ranges: MAX_AUDIT_RANGES, ..AuditLimits::default() };
        let (mut checked_rows, mut repaired_ranges, mut position) = (0, 0, None);
        for _ in 0..MAX_AUDIT_PARTS {
            let report =
                audit_part(self.store, self.transport, position, limits, || self.timer.now()).await?;
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
}

fn tell_repaired(report: &AuditReport, tell: &impl Fn(Notice)) {
    if report.repaired_ranges > 0 {
        tell(RoundProgress { changed: Changed::Many, ..RoundProgress::default() }.into());
    }
}

/// The next notice, and every further one that waits already: a reader that is slower than the round catches up in one
/// step. `None` once the round is over.
pub(crate) async fn next_notices(notices: &mut UnboundedReceiver<Notice>) -> Option<Vec<Notice>> {
    use futures::StreamExt;
    let mut waiting = vec![notices.next().await?];
    while let Ok(Some(notice)) = notices.try_next() {
        waiting.push(notice);
    }
    Some(waiting)
}
