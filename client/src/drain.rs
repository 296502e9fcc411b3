//! The worker's loop: rounds until nothing is left to send, while the browser's sync event lasts.

use futures::future::{Either, select};
use std::pin::pin;
use sync::{Connection, Ended, Event, Notice, Order, RoundLimits, Scheduler, SchedulerConfig, Store, StoreError};
use sync::{Timer, Transport, Turn, UnixMillis};

use crate::round::{RoundFailure, RoundPorts, WORK_OFFLINE_SETTING};

/// A browser gives a sync event three minutes; what is not done well before that is left to the next event.
const MAX_EVENT_MILLIS: u64 = 90_000;
/// Many requests break in the first seconds after a reconnect, so the worker waits for short times only.
const MAX_RETRY_MILLIS: u64 = 8_000;

/// Why another sync event is needed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DrainError {
    /// The device's storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The last round failed.
    #[error(transparent)]
    Round(RoundFailure),
    /// The time was over before a round ended.
    #[error("the sync event was over before a round ended")]
    OutOfTime,
}

impl<S, T, U, C> RoundPorts<'_, S, T, U, C>
where
    S: Store,
    T: Transport<S::Records>,
    U: Turn,
    C: Timer,
{
    /// Runs rounds until nothing is left to send. While `has_successor`, a failed round is left to the next event: a newer
    /// worker cannot take over before this one's events have ended. `seed` varies the retries' waits.
    ///
    /// # Errors
    /// [`DrainError`], when another attempt is needed.
    pub async fn drain(
        &self,
        seed: u64,
        limits: RoundLimits,
        tell: impl Fn(Notice),
        has_successor: impl Fn() -> bool,
    ) -> Result<(), DrainError> {
        if self.store.setting(WORK_OFFLINE_SETTING).await?.is_some() {
            // The user's choice. The page registers the tag again when it ends.
            return Ok(());
        }
        let config = SchedulerConfig {
            interval_millis: None,
            max_retry_millis: MAX_RETRY_MILLIS,
            ..SchedulerConfig::default()
        };
        let mut scheduler = Scheduler::new(config, seed);
        let begun = self.timer.now();
        let mut orders = scheduler.handle(Event::Poked, begun);
        let mut failure = DrainError::OutOfTime;
        while self.timer.now().since(begun) < MAX_EVENT_MILLIS {
            if orders.iter().any(|order| matches!(order, Order::StartRound { .. })) {
                let Some(result) = self.round_before_end(begun, limits, &tell).await else {
                    return Err(DrainError::OutOfTime);
                };
                let ended = RoundFailure::ended(&result);
                if ended == (Ended::Done { more: false }) {
                    return Ok(());
                }
                if let Err(round) = result {
                    failure = DrainError::Round(round);
                }
                orders = scheduler.handle(Event::RoundEnded(ended), self.timer.now());
            } else if let (Some((due, _)), Connection::Online | Connection::ServerUnreachable) =
                (scheduler.poll_timeout(), scheduler.connection())
                && !has_successor()
            {
                self.timer.sleep(due.since(self.timer.now())).await;
                orders = scheduler.handle(Event::Woken, self.timer.now());
            } else {
                break;
            }
        }
        Err(failure)
    }

    /// One round; `None` if it hangs until the event's time is over.
    async fn round_before_end(
        &self,
        begun: UnixMillis,
        limits: RoundLimits,
        tell: impl Fn(Notice),
    ) -> Option<Result<sync::RoundReport, RoundFailure>> {
        let left = begun.plus(MAX_EVENT_MILLIS).since(self.timer.now());
        let (round, end) = (pin!(self.sync(limits, false, tell)), pin!(self.timer.sleep(left)));
        match select(round, end).await {
            Either::Left((result, _)) => Some(result),
            Either::Right(((), _)) => None,
        }
    }
}
