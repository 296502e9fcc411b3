//! Drains the queue when the browser wakes the worker, with or without a page open.

use browser::{Channel, WORK_OFFLINE_SETTING, ended, new_uuid_v7, now, random_u64, sync_once};
use domain::{DEFAULT_SCOPE, Warehouse};
use gloo_timers::future::TimeoutFuture;
use schema::{DATABASE_NAME, IdbStore};
use sync::{Connection, Ended, Event, Order, Relay, RoundLimits, Scheduler, SchedulerConfig, Store};

/// A browser gives a sync event three minutes; what is not done well before that is left to the next.
const MAX_EVENT_MILLIS: u64 = 90_000;
/// The first seconds after a reconnect break many a request, so the worker does not wait long.
const MAX_RETRY_MILLIS: u64 = 8_000;

/// Runs rounds until nothing is left to send. While `has_successor`, a round that fails is left to the next event: a newer worker
/// cannot take over before this one's events have ended.
///
/// # Errors
/// A sentence for the log, when another attempt is needed.
pub async fn drain(has_successor: impl Fn() -> bool) -> Result<(), String> {
    // Against expectation, the worker may be the first to open the database.
    let store =
        IdbStore::<Relay<Warehouse>>::open(DATABASE_NAME, new_uuid_v7(), DEFAULT_SCOPE).await.map_err(say)?;
    if Store::setting(&store, WORK_OFFLINE_SETTING).await.map_err(say)?.is_some() {
        // The user's choice. The page registers the tag again when it ends.
        return Ok(());
    }
    let channel = Channel::to_tell();
    let config = SchedulerConfig {
        interval_millis: None,
        max_retry_millis: MAX_RETRY_MILLIS,
        ..SchedulerConfig::default()
    };
    let mut scheduler = Scheduler::new(config, random_u64());
    let begun = now();
    let mut orders = scheduler.handle(Event::Poked, begun);
    let mut trouble = "the event was over before anything was sent".to_owned();
    while now().since(begun) < MAX_EVENT_MILLIS {
        if orders.iter().any(|order| matches!(order, Order::StartRound { .. })) {
            let limits = RoundLimits::default();
            let result = sync_once(&store, limits, false, |notice| channel.tell(&notice)).await;
            if let Err(failure) = &result {
                trouble = failure.to_string();
            }
            let ended = ended(&result);
            if ended == (Ended::Done { more: false }) {
                return Ok(());
            }
            orders = scheduler.handle(Event::RoundEnded(ended), now());
        } else if let (Some((due, _)), Connection::Online | Connection::ServerUnreachable) =
            (scheduler.poll_timeout(), scheduler.connection())
            && !has_successor()
        {
            TimeoutFuture::new(u32::try_from(due.since(now())).unwrap_or_default()).await;
            orders = scheduler.handle(Event::Woken, now());
        } else {
            break;
        }
    }
    Err(trouble)
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn say(error: impl ToString) -> String {
    error.to_string()
}
