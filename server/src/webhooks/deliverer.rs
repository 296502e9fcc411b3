//! Delivers events: looks for webhooks that have something to be told, and tells each of them in order. Of the servers that
//! share a database, one delivers a webhook at a time, by a lease in its row.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sync::UnixMillis;
use tokio::sync::{Semaphore, watch};
use tokio::task::{Id, JoinSet};
use tokio::time::{MissedTickBehavior, interval, timeout};
use uuid::Uuid;

use super::receiver::{REQUEST_MILLIS, Receiver};
use super::{message, progress};
use crate::clock::Clock;
use crate::store::webhooks::{Lease, Position, Webhook};
use crate::store::{Store, StoreFault};

/// Interval of looks for webhooks that have something to be told.
const POLL_MILLIS: u64 = 1_000;
/// The right to deliver a webhook, after which another server may: longer than any request, and prolonged after each.
const LEASE_MILLIS: u64 = 4 * REQUEST_MILLIS;
/// Webhooks that are told at once.
const MAX_TURNS_AT_ONCE: usize = 32;
/// Requests of a webhook before others have their turn.
const MAX_REQUESTS_PER_TURN: u32 = 50;
/// Revisions without an event for a webhook after which its position is moved.
const MAX_IDLE_REVISIONS: u64 = 100;
/// Timeout of requests under way after the stop signal. What is cut off is sent again by the next server.
const STOP_MILLIS: u64 = 5_000;

/// Any number, for jitter.
pub(crate) type Random = fn() -> Result<u64, StoreFault>;

/// Delivers the events of all sites.
pub(crate) struct Deliverer {
    store: Arc<dyn Store>,
    receiver: Box<dyn Receiver>,
    clock: Clock,
    random: Random,
    /// This process.
    owner: Uuid,
    turns: Semaphore,
}

/// A webhook: its site and its id.
type Key = (String, Uuid);

/// Delivers until the server goes down, then lets the requests under way end.
pub(crate) async fn run(deliverer: Arc<Deliverer>, is_down: watch::Receiver<bool>) {
    let mut ticks = interval(Duration::from_millis(POLL_MILLIS));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut down = is_down.clone();
    let (mut turns, mut busy) = (JoinSet::new(), HashMap::<Id, Key>::new());
    loop {
        tokio::select! {
            () = wait_until(&mut down) => break,
            Some(ended) = turns.join_next_with_id() => {
                let id = match ended {
                    Ok((id, ())) => id,
                    Err(panicked) => panicked.id(),
                };
                busy.remove(&id);
            }
            _ = ticks.tick() => {
                for key in deliverer.due().await {
                    if busy.values().any(|known| *known == key) {
                        continue;
                    }
                    let (deliverer, is_down, of_turn) = (Arc::clone(&deliverer), is_down.clone(), key.clone());
                    let turn = async move { deliverer.turn(&of_turn, &is_down).await };
                    busy.insert(turns.spawn(turn).id(), key);
                }
            }
        }
    }
    let ending = async { while turns.join_next().await.is_some() {} };
    if timeout(Duration::from_millis(STOP_MILLIS), ending).await.is_err() {
        tracing::warn!("a webhook's request was cut off; its events are sent again");
    }
}

async fn wait_until(down: &mut watch::Receiver<bool>) {
    // An error means that the server has ended.
    let _ = down.wait_for(|down| *down).await;
}

impl Deliverer {
    /// A deliverer of this process.
    ///
    /// # Errors
    /// [`StoreFault::Failed`] if the system provides no random numbers.
    pub(crate) fn new(
        store: Arc<dyn Store>,
        receiver: Box<dyn Receiver>,
        clock: Clock,
        random: Random,
    ) -> Result<Self, StoreFault> {
        let owner = crate::random::uuid()?;
        Ok(Self { store, receiver, clock, random, owner, turns: Semaphore::new(MAX_TURNS_AT_ONCE) })
    }

    /// The webhooks that may have something to be told.
    pub(super) async fn due(&self) -> Vec<Key> {
        match self.store.due_webhooks(self.owner, self.clock.now()).await {
            Ok(due) => due,
            Err(fault) => {
                tracing::warn!(%fault, "the webhooks could not be read");
                Vec::new()
            }
        }
    }

    /// Tells a webhook its next events, unless another server does.
    pub(super) async fn turn(&self, (site, id): &Key, is_down: &watch::Receiver<bool>) {
        // It is never closed.
        let Ok(_permit) = self.turns.acquire().await else { return };
        if let Err(fault) = self.tell(site, *id, is_down).await {
            tracing::warn!(site, webhook = %id, %fault, "a webhook could not be told");
        }
    }

    async fn tell(&self, site: &str, id: Uuid, is_down: &watch::Receiver<bool>) -> Result<(), StoreFault> {
        let Some((webhook, batch)) = self.store.next_events(site, id).await? else { return Ok(()) };
        if batch.events.is_empty() {
            return self.skip(&webhook, batch.through).await;
        }
        let now = self.clock.now();
        if !self.store.lease_webhook(site, id, self.lease(now)).await? {
            return Ok(());
        }
        for left in (0..MAX_REQUESTS_PER_TURN).rev() {
            // Read again: before the lease, another server may have told some.
            let Some((webhook, batch)) = self.store.next_events(site, id).await? else { return Ok(()) };
            if batch.events.is_empty() {
                self.store.settle_webhook(&webhook, self.owner, None).await?;
                return Ok(());
            }
            let request = message::request(&webhook, &batch.events, self.clock.now())?;
            let answer = self.receiver.post(request).await;
            let (now, random) = (self.clock.now(), (self.random)()?);
            let state = progress::after(&webhook.state, &answer, &batch.through, now, random);
            let goes_on = state.failures == 0 && !batch.is_last && left > 0 && !*is_down.borrow();
            if state.failures > 0 {
                let (is_dead, failures) = (state.dead_at.is_some(), state.failures);
                tracing::warn!(site, webhook = %id, failures, is_dead, reason = %answer, "a webhook failed");
            }
            let until = goes_on.then(|| self.lease(now).until);
            let is_kept = self.store.settle_webhook(&Webhook { state, ..webhook }, self.owner, until).await?;
            if !goes_on || !is_kept {
                return Ok(());
            }
        }
        Ok(())
    }

    fn lease(&self, now: UnixMillis) -> Lease {
        Lease { owner: self.owner, now, until: now.plus(LEASE_MILLIS) }
    }

    /// Moves the position of a webhook with nothing to be told, now and then.
    async fn skip(&self, webhook: &Webhook, to: Position) -> Result<(), StoreFault> {
        if to.rev.saturating_sub(webhook.state.position.rev) < MAX_IDLE_REVISIONS {
            return Ok(());
        }
        self.store.skip_to(webhook, to).await
    }
}
