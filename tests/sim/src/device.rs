//! One device: its storage, its windows and its worker, as the browser runs them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use server::store::Device as Enrolled;
use sync::{
    Connection, Ended, Event, Order, RoundError, RoundLimits, Store, TransportError, UnixMillis,
    audit_when_due, run_round,
};
use uuid::Uuid;

use crate::actor::{Actor, Kind, RoundEnd, Task, poll};
use crate::network::{Air, Link};
use crate::person::Diary;
use crate::store::DeviceStore;
use crate::variant::Variant;

/// Exchanges that a round in this small world may take; more means that it goes round in circles.
const MAX_ROUND_EXCHANGES: usize = 150;
/// As the worker has it.
const MAX_WORKER_MILLIS: u64 = 90_000;
/// What the browser lets pass before it tries a sync event again.
const EVENT_AGAIN_MILLIS: u64 = 300_000;
/// Some seconds after the network is back.
const EVENT_MILLIS: u64 = 4_000;
const MAX_EVENT_TRIES: u32 = 3;
/// When the worlds begin, by every clock.
const BEGINNING: i64 = 1_795_000_000_000;

/// The one turn of a device's windows and worker.
#[derive(Debug, Default)]
struct Turn {
    holder: Cell<Option<u64>>,
    given: Cell<u64>,
}

struct Held(Rc<Turn>, u64);

impl Drop for Held {
    fn drop(&mut self) {
        if self.0.holder.get() == Some(self.1) {
            self.0.holder.set(None);
        }
    }
}

fn take_turn(turn: &Rc<Turn>, steal: bool) -> Option<Held> {
    if turn.holder.get().is_some() && !steal {
        return None;
    }
    let number = turn.given.get() + 1;
    turn.given.set(number);
    turn.holder.set(Some(number));
    Some(Held(Rc::clone(turn), number))
}

/// The browser's promise to wake the worker.
#[derive(Clone, Copy, Debug)]
struct SyncEvent {
    due: u64,
    tries: u32,
}

/// A device.
#[derive(Debug)]
pub struct Device {
    /// Its way to the server.
    pub link: Rc<Link>,
    /// Its storage.
    pub store: DeviceStore,
    /// Two windows and the worker.
    pub actors: Vec<Actor>,
    /// What the server knows it as.
    pub enrolled: Enrolled,
    /// This life of its storage.
    pub client: Uuid,
    /// What its person did.
    pub diary: Diary,
    /// How far its clock is from the world's, in milliseconds.
    pub clock_ahead: Rc<Cell<i64>>,
    /// Whether its person chose to work offline.
    pub works_offline: bool,
    turn: Rc<Turn>,
    event: Option<SyncEvent>,
    limits: RoundLimits,
    /// Who made an exchange since this was last looked at.
    progress: Rc<RefCell<Vec<usize>>>,
    seed: u64,
}

impl Device {
    /// A device without windows.
    pub fn new(number: u64, link: Link, enrolled: Enrolled, scope: &str) -> Self {
        let air = Rc::clone(&link.air);
        let client = Uuid::from_u128(0xC0 + u128::from(number));
        let store = DeviceStore::new(client, scope, air.clock.clone(), air.dice.clone(), air.variant);
        let sizes = [(100, 10_000), (2, 3), (5, 10)];
        let (batch, rows) = air.dice.pick(&sizes).copied().unwrap_or((100, 10_000));
        let kinds = [Kind::Window, Kind::Window, Kind::Worker];
        Self {
            link: Rc::new(link),
            store,
            actors: kinds.map(|kind| Actor::new(kind, air.variant, number)).into(),
            enrolled,
            client,
            diary: Diary::default(),
            clock_ahead: Rc::default(),
            works_offline: false,
            turn: Rc::default(),
            event: None,
            limits: RoundLimits { max_batch_mutations: batch, max_pull_rows: rows, max_exchanges: 1_000 },
            progress: Rc::default(),
            seed: number,
        }
    }

    fn air(&self) -> &Air {
        &self.link.air
    }

    /// For the trace; what happens once it is quiet is not worth a line.
    fn tell_of(&self, line: impl FnOnce(&str) -> String) {
        self.air().trace.tell_if(self.air().has_faults.get(), || line(&self.link.name));
    }

    /// What its clock shows.
    pub fn now(&self) -> UnixMillis {
        now_of(&self.link.air, &self.clock_ahead)
    }

    /// Opens a window, or starts the worker.
    pub fn start(&mut self, at: usize) {
        self.seed += 7;
        let (variant, seed, begun) = (self.air().variant, self.seed, self.air().clock.millis());
        let Some(actor) = self.actors.get_mut(at) else { return };
        actor.kill();
        *actor = Actor { is_alive: true, begun, ..Actor::new(actor.kind, variant, seed) };
        if actor.kind == Kind::Worker {
            return self.tell(at, Event::Poked);
        }
        if self.works_offline {
            self.tell(at, Event::WorkOffline(true));
        }
        self.tell(at, Event::Started);
    }

    /// Tells every window.
    pub fn tell_windows(&mut self, event: &Event) {
        for at in 0..self.actors.len() {
            if self.actors.get(at).is_some_and(|actor| actor.can_run() && actor.kind == Kind::Window) {
                self.tell(at, event.clone());
            }
        }
    }

    /// Tells a scheduler what happened, and does what it orders.
    pub fn tell(&mut self, at: usize, event: Event) {
        let now = self.now();
        let Some(actor) = self.actors.get_mut(at) else { return };
        let orders = actor.scheduler.handle(event, now);
        for order in orders {
            match order {
                Order::StartRound { reason, steal } => {
                    self.tell_of(|name| format!("{name} {at} starts a round: {reason}"));
                    let round = self.round(at, steal);
                    if let Some(actor) = self.actors.get_mut(at) {
                        actor.round = Some(round);
                    }
                }
                Order::AbandonRound => {
                    self.tell_of(|name| format!("{name} {at} gives its round up"));
                    if let Some(actor) = self.actors.get_mut(at) {
                        actor.round = None;
                    }
                }
                Order::RegisterBackgroundSync => {
                    let due = self.air().clock.millis() + EVENT_MILLIS;
                    self.event = Some(SyncEvent { due, tries: 0 });
                }
            }
        }
        let millis = self.air().clock.millis();
        if let Some(actor) = self.actors.get_mut(at) {
            actor.timer = actor.scheduler.poll_timeout().map(|(due, _)| millis + due.since(now));
        }
    }

    fn round(&self, at: usize, steal: bool) -> Task<RoundEnd> {
        let (store, link, turn) = (self.store.clone(), Rc::clone(&self.link), Rc::clone(&self.turn));
        let (progress, limits, ahead) =
            (Rc::clone(&self.progress), self.limits, Rc::clone(&self.clock_ahead));
        let audits = self.actors.get(at).is_some_and(|actor| actor.kind == Kind::Window);
        Box::pin(async move {
            let Some(_turn) = take_turn(&turn, steal) else {
                return RoundEnd { ended: Ended::Elsewhere, report: None };
            };
            let now = || now_of(&link.air, &ahead);
            let told = |_| progress.borrow_mut().push(at);
            let result = run_round(&store, &*link, limits, now, told).await;
            if audits && result.as_ref().is_ok_and(|report| report.complete) {
                drop(audit_when_due(&store, &*link, now).await);
            }
            let ended = match &result {
                Ok(report) => Ended::Done { more: !report.complete },
                Err(RoundError::Transport(error)) => Ended::Failed(error.clone()),
                Err(RoundError::Store(_)) => Ended::StoreFailed,
            };
            if link.air.variant == Variant::DropOnSignIn
                && ended == Ended::Failed(TransportError::SignInNeeded)
            {
                store.kept.tamper(|queue, _| queue.retain(|_, record| !record.is_pending()));
            }
            RoundEnd { ended, report: result.ok() }
        })
    }

    /// Lets an actor's tasks go on by a step.
    pub fn poll(&mut self, at: usize) {
        let Some(actor) = self.actors.get_mut(at).filter(|actor| actor.can_run()) else { return };
        if let Some(kept) = poll(&mut actor.work) {
            self.diary.keep(kept, &self.link.air.trace, &self.link.name);
            self.tell(at, Event::Enqueued);
            for other in (0..self.actors.len()).filter(|other| *other != at) {
                if self.actors.get(other).is_some_and(|actor| actor.can_run() && actor.kind == Kind::Window) {
                    self.tell(other, Event::Enqueued);
                }
            }
        }
        let Some(actor) = self.actors.get_mut(at) else { return };
        let ended = poll(&mut actor.round);
        self.pass_progress_on();
        if let Some(end) = ended {
            self.round_ended(at, end);
        }
    }

    fn pass_progress_on(&mut self) {
        let told: Vec<usize> = self.progress.borrow_mut().drain(..).collect();
        for teller in told {
            self.tell(teller, Event::Progressed);
            for other in (0..self.actors.len()).filter(|other| *other != teller) {
                // A message may be lost.
                let hears =
                    self.actors.get(other).is_some_and(|actor| actor.can_run() && actor.kind == Kind::Window);
                if hears && !self.air().dice.once_in(10) {
                    self.tell(other, Event::Heard);
                }
            }
        }
    }

    fn round_ended(&mut self, at: usize, end: RoundEnd) {
        self.tell_of(|name| format!("{name} {at} ended its round: {:?}", end.ended));
        let exchanges = end.report.map_or(0, |report| report.exchanges);
        if exchanges > MAX_ROUND_EXCHANGES {
            self.air().alarm(format!("a round of {} took {exchanges} exchanges", self.link.name));
        }
        let is_done = end.ended == (Ended::Done { more: false });
        self.tell(at, Event::RoundEnded(end.ended));
        let Some(actor) = self.actors.get_mut(at).filter(|actor| actor.kind == Kind::Worker) else { return };
        let goes_on = actor.round.is_some()
            || (actor.timer.is_some()
                && matches!(
                    actor.scheduler.connection(),
                    Connection::Online | Connection::ServerUnreachable
                ));
        if is_done || !goes_on {
            self.end_worker(at, is_done);
        }
    }

    fn end_worker(&mut self, at: usize, is_done: bool) {
        if let Some(actor) = self.actors.get_mut(at) {
            actor.kill();
        }
        let due = self.air().clock.millis() + EVENT_AGAIN_MILLIS;
        self.event = self.event.filter(|event| !is_done && event.tries < MAX_EVENT_TRIES);
        if let Some(event) = &mut self.event {
            event.due = event.due.max(due);
        }
    }

    /// Fires what is due: timers, and the browser's sync event.
    pub fn fire(&mut self) {
        let millis = self.air().clock.millis();
        for at in 0..self.actors.len() {
            let Some(actor) = self.actors.get_mut(at) else { continue };
            if !actor.can_run() {
                continue;
            }
            if actor.kind == Kind::Worker && millis > actor.begun + MAX_WORKER_MILLIS {
                self.end_worker(at, false);
            } else if actor.timer.is_some_and(|due| due <= millis) {
                actor.timer = None;
                self.tell(at, Event::Woken);
            }
        }
        let worker = self.actors.iter().position(|actor| actor.kind == Kind::Worker && !actor.is_alive);
        if let (Some(event), Some(worker)) = (self.event.as_mut(), worker)
            && event.due <= millis
            && self.link.is_online.get()
            && !self.works_offline
        {
            event.tries += 1;
            self.start(worker);
        }
    }

    /// When the next of those is due.
    pub fn next_due(&self) -> Option<u64> {
        let timers = self.actors.iter().filter(|actor| actor.can_run()).filter_map(|actor| actor.timer);
        let workers = self.actors.iter().filter(|actor| actor.can_run() && actor.kind == Kind::Worker);
        let ends = workers.map(|worker| worker.begun + MAX_WORKER_MILLIS + 1);
        let can_wake = self.link.is_online.get()
            && !self.works_offline
            && self.actors.iter().any(|actor| actor.kind == Kind::Worker && !actor.is_alive);
        timers.chain(ends).chain(self.event.filter(|_| can_wake).map(|event| event.due)).min()
    }

    /// How many mutations wait to be sent.
    pub fn pending(&self) -> usize {
        self.store.kept.tamper(|queue, _| queue.values().filter(|record| record.is_pending()).count())
    }

    /// Chooses the rows anew.
    pub fn choose_scope(&self, scope: &str) {
        // The memory store never fails, and never waits.
        drop(futures::executor::block_on(self.store.kept.restart(scope)));
    }
}

fn now_of(air: &Air, ahead: &Cell<i64>) -> UnixMillis {
    let millis = i64::try_from(air.clock.millis()).unwrap_or(i64::MAX);
    UnixMillis(BEGINNING.saturating_add(millis).saturating_add(ahead.get()))
}
