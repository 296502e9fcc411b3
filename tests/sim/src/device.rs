//! One device with its storage, windows and worker, in the role of the browser.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use client::{Client, DrainError, Engine, EngineConfig, Observers, RoundPorts, WORK_OFFLINE_SETTING, drain};
use futures::executor::block_on;
use server::store::Device as Enrolled;
use sync::{Event, Notice, RoundLimits, Store as _, Timer as _};
use uuid::Uuid;

use crate::actor::{Actor, Kind, Page, Task, poll, window_schedule};
use crate::data::DeviceData;
use crate::host::{DeviceChannel, DeviceTimer, DeviceTurn, Ids, Mail, WindowHost};
use crate::network::{Air, Link};
use crate::person::Diary;
use crate::staff;
use crate::store::DeviceStore;
use crate::variant::Variant;

/// Maximum number of exchanges of a round in this small world; more means an endless loop.
const MAX_ROUND_EXCHANGES: usize = 150;
/// Maximum duration of a sync event in a browser.
const MAX_WORKER_MILLIS: u64 = 180_000;
/// Delay before the browser fires a failed sync event again.
const EVENT_AGAIN_MILLIS: u64 = 300_000;
/// Delay of a sync event after the network is back.
const EVENT_MILLIS: u64 = 4_000;
const MAX_EVENT_TRIES: u32 = 3;
/// One device in so many has the store of native devices.
const NATIVE_ONE_OF: u64 = 3;
/// Delay before a person retries a page that could not open the storage.
const REOPEN_MILLIS: u64 = 1_000;

/// A registered sync event.
#[derive(Clone, Copy, Debug)]
struct SyncEvent {
    due: u64,
    tries: u32,
}

/// A device.
#[derive(Debug)]
pub struct Device {
    /// Its link to the server.
    pub link: Rc<Link>,
    /// Its storage.
    pub store: DeviceStore,
    /// Two windows and the worker.
    pub actors: Vec<Actor>,
    /// Its identity on the server.
    pub enrolled: Enrolled,
    /// The id of this life of its storage.
    pub client: Uuid,
    /// The record of its person's actions.
    pub diary: Rc<RefCell<Diary>>,
    /// Offset of its clock from the world's, in milliseconds.
    pub clock_ahead: Rc<Cell<i64>>,
    scope: Rc<str>,
    ids: Rc<Ids>,
    turn: DeviceTurn,
    mail: Mail,
    wants_event: Rc<Cell<bool>>,
    event: Option<SyncEvent>,
    limits: RoundLimits,
    seed: u64,
}

impl Device {
    /// A device without windows.
    pub fn new(number: u64, link: Link, enrolled: Enrolled, scope: &str) -> Self {
        let air = Rc::clone(&link.air);
        let client = Uuid::from_u128(0xC0 + u128::from(number));
        let diary = Rc::<RefCell<Diary>>::default();
        // Variants tamper with maps; other worlds have native devices among theirs.
        let is_native = air.variant == Variant::None && number.is_multiple_of(NATIVE_ONE_OF);
        let store = DeviceStore::new(DeviceData::new(client, scope, is_native), &air, Rc::clone(&diary));
        link.storage.replace(Some(store.kept.clone()));
        let sizes = [(100, 10_000), (2, 3), (5, 10)];
        let (batch, rows) = air.dice.pick(&sizes).copied().unwrap_or((100, 10_000));
        let kinds = [Kind::Window, Kind::Window, Kind::Worker];
        Self {
            link: Rc::new(link),
            store,
            actors: kinds.map(Actor::new).into(),
            enrolled,
            client,
            diary,
            clock_ahead: Rc::default(),
            scope: scope.into(),
            ids: Rc::new(Ids::new(client)),
            turn: DeviceTurn::default(),
            mail: Mail::default(),
            wants_event: Rc::default(),
            event: None,
            limits: RoundLimits { max_batch_mutations: batch, max_pull_rows: rows, max_exchanges: 1_000 },
            seed: number,
        }
    }

    fn air(&self) -> &Rc<Air> {
        &self.link.air
    }

    /// Adds a line to the trace; skipped after the faults have ended.
    fn tell_of(&self, line: impl FnOnce(&str) -> String) {
        self.air().trace.tell_if(self.air().has_faults.get(), || line(&self.link.name));
    }

    fn timer(&self) -> DeviceTimer {
        DeviceTimer { air: Rc::clone(self.air()), ahead: Rc::clone(&self.clock_ahead) }
    }

    fn channel(&self, from: usize) -> DeviceChannel {
        DeviceChannel { from, mail: Rc::clone(&self.mail) }
    }

    /// The ports of a window.
    pub fn host(&self, at: usize) -> WindowHost {
        WindowHost {
            // A clone of its own: variants cache reads of the window.
            store: self.store.for_window(),
            link: Rc::clone(&self.link),
            turn: self.turn.clone(),
            timer: self.timer(),
            channel: self.channel(at),
            ids: Rc::clone(&self.ids),
            drafts: Rc::default(),
            tasks: self.actors.get(at).map(|actor| Rc::clone(&actor.tasks)).unwrap_or_default(),
            wants_event: Rc::clone(&self.wants_event),
            scope: Rc::clone(&self.scope),
        }
    }

    /// Number of ids given to drafts.
    pub fn drafts(&self) -> u128 {
        self.ids.given()
    }

    /// Whether its person chose *work offline*.
    pub fn works_offline(&self) -> bool {
        block_on(self.store.kept.setting(WORK_OFFLINE_SETTING)).is_ok_and(|chosen| chosen.is_some())
    }

    /// Ends *work offline*, in its storage and in every running window.
    pub fn end_offline(&mut self) {
        // Neither store fails here, or waits.
        drop(block_on(self.store.kept.put_setting(WORK_OFFLINE_SETTING, None)));
        self.tell_windows(&Event::WorkOffline(false));
    }

    /// Opens a window, or starts the worker.
    pub fn start(&mut self, at: usize) {
        self.seed += 7;
        let (seed, begun) = (self.seed, self.air().clock.millis());
        let Some(actor) = self.actors.get_mut(at) else { return };
        actor.kill();
        (actor.is_alive, actor.begun) = (true, begun);
        if actor.kind == Kind::Worker {
            let drain = self.drain(at, seed);
            self.actors[at].drain = Some(drain);
            return;
        }
        let page = Rc::clone(&actor.page);
        let opening = open(self.host(at), self.limits, seed, page);
        self.actors[at].tasks.borrow_mut().push(Box::pin(opening));
    }

    fn drain(&self, at: usize, seed: u64) -> Task<Result<(), DrainError>> {
        let (store, link, turn) = (self.store.clone(), Rc::clone(&self.link), self.turn.clone());
        let (timer, channel, limits) = (self.timer(), self.channel(at), self.limits);
        Box::pin(async move {
            let ports = RoundPorts { transport: &*link, turn: &turn, timer: &timer, channel: &channel };
            drain(&store, &ports, limits, seed, || false).await
        })
    }

    /// Sends an event to every running window.
    pub fn tell_windows(&mut self, event: &Event) {
        for at in 0..self.actors.len() {
            self.tell(at, event.clone());
        }
    }

    /// Sends an event to a window, if it is running.
    pub fn tell(&mut self, at: usize, event: Event) {
        if let Some(page) = self.actors.get(at).and_then(Actor::open_page) {
            page.handle(event);
        }
    }

    /// Polls an actor's tasks once.
    pub fn poll(&mut self, at: usize) {
        let Some(actor) = self.actors.get_mut(at).filter(|actor| actor.can_run()) else { return };
        if let Some(kept) = poll(&mut actor.work) {
            self.diary.borrow_mut().keep(kept, &self.link.air.trace, &self.link.name);
        }
        let drained = poll(&mut actor.drain);
        actor.poll_tasks();
        self.deliver_mail();
        if self.wants_event.take() {
            let due = self.air().clock.millis() + EVENT_MILLIS;
            self.event = Some(SyncEvent { due, tries: 0 });
        }
        if let Some(drained) = drained {
            self.tell_of(|name| format!("{name} {at} drained: {drained:?}"));
            self.end_worker(at, drained.is_ok());
        }
    }

    /// Delivers each notice to the other running windows. While there are faults, a notice may be lost.
    fn deliver_mail(&mut self) {
        let mail: Vec<_> = self.mail.borrow_mut().drain(..).collect();
        for (from, notice) in mail {
            self.count_exchanges(from, &notice);
            for other in (0..self.actors.len()).filter(|other| *other != from) {
                let Some(page) = self.actors.get(other).and_then(Actor::open_page) else { continue };
                if self.air().has_faults.get() && self.air().dice.once_in(10) {
                    continue;
                }
                let (client, notice) = (page.client().clone(), notice.clone());
                let hearing: Task<()> = Box::pin(async move { client.hear(notice).await });
                self.actors[other].tasks.borrow_mut().push(hearing);
            }
        }
    }

    fn count_exchanges(&mut self, from: usize, notice: &Notice) {
        let Some(actor) = self.actors.get_mut(from) else { return };
        match notice {
            Notice::RoundProgress { .. } => actor.exchanges += 1,
            Notice::RoundEnded { .. } => actor.exchanges = 0,
            Notice::QueueChanged | Notice::WorkOffline { .. } => {}
        }
        let exchanges = actor.exchanges;
        if exchanges > MAX_ROUND_EXCHANGES {
            self.air().alarm(format!("a round of {} took {exchanges} exchanges", self.link.name));
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

    /// Kills a sync event that runs too long, and fires the one that is due.
    pub fn fire(&mut self) {
        let millis = self.air().clock.millis();
        for at in 0..self.actors.len() {
            let is_over = |actor: &Actor| {
                actor.can_run() && actor.kind == Kind::Worker && millis > actor.begun + MAX_WORKER_MILLIS
            };
            if self.actors.get(at).is_some_and(is_over) {
                self.end_worker(at, false);
            }
        }
        let worker = self.actors.iter().position(|actor| actor.kind == Kind::Worker && !actor.is_alive);
        if let (Some(event), Some(worker)) = (self.event.as_mut(), worker)
            && event.due <= millis
            && self.link.is_online.get()
        {
            event.tries += 1;
            self.start(worker);
        }
    }

    /// The time of the next such event. Timers are in the clock.
    pub fn next_due(&self) -> Option<u64> {
        let workers = self.actors.iter().filter(|actor| actor.can_run() && actor.kind == Kind::Worker);
        let ends = workers.map(|worker| worker.begun + MAX_WORKER_MILLIS + 1);
        let can_wake = self.link.is_online.get()
            && self.actors.iter().any(|actor| actor.kind == Kind::Worker && !actor.is_alive);
        ends.chain(self.event.filter(|_| can_wake).map(|event| event.due)).min()
    }

    /// Number of pending mutations.
    pub fn pending(&self) -> usize {
        self.store.kept.pending()
    }

    /// Sets the scope.
    pub fn choose_scope(&self, scope: &str) {
        // Neither store fails here, or waits.
        drop(block_on(self.store.kept.restart(scope)));
    }
}

/// Opens a page like the app: the storage, the preferences, then rounds.
async fn open(host: WindowHost, limits: RoundLimits, seed: u64, page: Page) {
    let (air, name, at) = (Rc::clone(&host.link.air), host.link.name.clone(), host.channel.from);
    let client = loop {
        match Client::open(host.clone()).await {
            Ok(client) => break client,
            // The page shows the error, and its person retries.
            Err(_) => host.timer.sleep(REOPEN_MILLIS).await,
        }
    };
    client.set_author(&name);
    permit(&client, &host);
    let config = EngineConfig { limits, ..EngineConfig::new(window_schedule(air.variant), seed) };
    let engine = Engine::new(client, config);
    engine.observe(observers(air, &name, at));
    engine.read_choices().await;
    page.replace(Some(engine.clone()));
    engine.handle(Event::Started);
}

/// Lets the device ask what its person may do.
fn permit(client: &Client<WindowHost>, host: &WindowHost) {
    let (link, kept) = (Rc::clone(&host.link), host.store.kept.clone());
    client.permit_with(move |mutation, _| {
        staff::permit(&link.air, &link.home, &kept, &mutation.action, mutation.signed_by)
    });
}

impl Drop for Device {
    /// Tasks own their client, which owns the list of tasks: unless they end, the world and its server's files stay open.
    fn drop(&mut self) {
        self.actors.iter_mut().for_each(Actor::kill);
    }
}

fn observers(air: Rc<Air>, name: &str, at: usize) -> Observers {
    let (started, name) = (Rc::clone(&air), name.to_owned());
    let begins = format!("{name} {at} starts a round");
    Observers {
        on_sync_start: Some(Rc::new(move || {
            started.trace.tell_if(started.has_faults.get(), || begins.clone());
        })),
        on_sync_complete: Some(Rc::new(move |result| {
            air.trace.tell_if(air.has_faults.get(), || format!("{name} {at} ended its round: {result:?}"));
        })),
    }
}
