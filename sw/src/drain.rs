//! Drains the queue when the browser wakes the worker, with or without a page open.

use browser::{
    BroadcastEnd, BrowserTimer, FetchTransport, RoundPorts, WORK_OFFLINE_SETTING, WebLock, ended,
    new_uuid_v7, now, random_u64, sync_once,
};
use domain::{NAMES, Warehouse};
use schema::IdbStore;
use sync::{Connection, Ended, Event, Order, Relay, RoundLimits, Scheduler, SchedulerConfig, Store, Timer};

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
    let opened = IdbStore::<Relay<Warehouse>>::open(NAMES.database(), new_uuid_v7(), NAMES.scope).await;
    let store = opened.map_err(say)?;
    if store.setting(WORK_OFFLINE_SETTING).await.map_err(say)?.is_some() {
        // The user's choice. The page registers the tag again when it ends.
        return Ok(());
    }
    let (transport, turn) = (FetchTransport::new(&NAMES), WebLock::new(&NAMES));
    let (timer, channel) = (BrowserTimer, BroadcastEnd::to_tell(&NAMES));
    let ports = RoundPorts { transport: &transport, turn: &turn, timer: &timer, channel: &channel };
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
            let result = sync_once(&store, &ports, limits, false).await;
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
            timer.sleep(due.since(now())).await;
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
