//! The worker's loop: rounds until the queue is sent, within the time of the browser's sync event.

use std::pin::pin;

use futures::future::{Either, select};
use sync::{
    Channel, Connection, Ended, Event, Order, RoundLimits, Scheduler, SchedulerConfig, Store, StoreError,
    Timer, Transport, Turn,
};

use crate::round::{RoundFailure, RoundPorts, WORK_OFFLINE_SETTING, ended, sync_once};

/// A browser ends a sync event after three minutes; the rest is left to the next event.
const MAX_EVENT_MILLIS: u64 = 90_000;
/// Many requests fail in the first seconds after a reconnect, so the worker's retries start with short waits.
const MAX_RETRY_MILLIS: u64 = 8_000;

/// The reason for another sync event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DrainError {
    /// The device's storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The last round failed.
    #[error(transparent)]
    Round(RoundFailure),
    /// The time ran out during a round.
    #[error("the sync event was over before a round ended")]
    OutOfTime,
}

/// Runs rounds until the queue is sent; none if it is empty. With `has_successor`, a failed round is left to the
/// next event, because a newer worker cannot activate before this worker's events end. `seed` varies the waits
/// between retries.
///
/// # Errors
/// [`DrainError`], if another attempt is needed.
pub async fn drain<S: Store, T: Transport<S::Records>, U: Turn, K: Timer, C: Channel>(
    store: &S,
    ports: &RoundPorts<'_, T, U, K, C>,
    limits: RoundLimits,
    seed: u64,
    has_successor: impl Fn() -> bool,
) -> Result<(), DrainError> {
    // While the user works offline, nothing is sent; the page registers the tag again afterwards. Without pending
    // mutations no round is needed, because pages download by themselves. A round that failed would delay the next
    // mutation's event, in Chromium by five minutes.
    if store.setting(WORK_OFFLINE_SETTING).await?.is_some() || is_sent(store).await? {
        return Ok(());
    }
    let timer = ports.timer;
    let mut scheduler = Scheduler::new(config(), seed);
    let begun = timer.now();
    let mut orders = scheduler.handle(Event::Poked, begun);
    let mut failure = DrainError::OutOfTime;
    while timer.now().since(begun) < MAX_EVENT_MILLIS {
        if orders.iter().any(|order| matches!(order, Order::StartRound { .. })) {
            let left_millis = begun.plus(MAX_EVENT_MILLIS).since(timer.now());
            let (round, end) = (pin!(sync_once(store, ports, limits, false)), pin!(timer.sleep(left_millis)));
            let Either::Left((result, _)) = select(round, end).await else {
                return Err(DrainError::OutOfTime);
            };
            let ended = ended(&result);
            if ended == (Ended::Done { more: false }) || is_sent(store).await? {
                return Ok(());
            }
            failure = result.err().map_or(failure, DrainError::Round);
            orders = scheduler.handle(Event::RoundEnded(ended), timer.now());
        } else if let (
            Some((due, _)),
            Connection::Connecting | Connection::Online | Connection::ServerUnreachable,
        ) = (scheduler.poll_timeout(), scheduler.connection())
            && !has_successor()
        {
            timer.sleep(due.since(timer.now())).await;
            orders = scheduler.handle(Event::Woken, timer.now());
        } else {
            break;
        }
    }
    Err(failure)
}

async fn is_sent<S: Store>(store: &S) -> Result<bool, StoreError> {
    Ok(store.outbox(1).await?.pending == 0)
}

fn config() -> SchedulerConfig {
    SchedulerConfig {
        interval_millis: None,
        max_retry_millis: MAX_RETRY_MILLIS,
        ..SchedulerConfig::default()
    }
}
