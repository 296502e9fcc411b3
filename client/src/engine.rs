//! A window's loop: feeds the scheduler with events, executes its orders, and keeps the state for screens.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures::channel::mpsc;
use futures::future::{AbortHandle, LocalBoxFuture, abortable, join};
use sync::{
    Connection, Ended, Event, Notice, Order, RoundLimits, RoundReport, Scheduler, SchedulerConfig, Timer,
    TransportError, UnixMillis,
};

use crate::client::{Change, Client, Signal};
use crate::host::Host;
use crate::round::{PAGE_PULL_ROWS, RoundFailure, RoundPorts, ended, next_notices, sync_and_audit_once};
use crate::status::{NotLoaded, RoundResult, RunningRound, SyncError, SyncState, SyncStatus};
use crate::watchers::{Watch, Watchers};

/// Maximum timeout of a browser's timer.
const MAX_TIMER_MILLIS: u64 = 2_147_000_000;

/// Runs a round of an engine: [`Engine::round`], directly or after loading its code.
pub type RoundRunner<H> = Rc<dyn Fn(Engine<H>, bool) -> LocalBoxFuture<'static, Result<(), NotLoaded>>>;

/// The options of an engine.
pub struct EngineConfig<H: Host> {
    /// When to sync.
    pub scheduler: SchedulerConfig,
    /// Varies the waits between retries.
    pub seed: u64,
    /// The limits of a round.
    pub limits: RoundLimits,
    /// Runs the rounds.
    pub run_round: RoundRunner<H>,
}

impl<H: Host> EngineConfig<H> {
    /// Rounds run directly, with a page's limits.
    pub fn new(scheduler: SchedulerConfig, seed: u64) -> Self {
        Self { scheduler, seed, limits: page_limits(), run_round: run_in_place() }
    }
}

/// The limits of a page's rounds.
pub(crate) fn page_limits() -> RoundLimits {
    RoundLimits { max_pull_rows: PAGE_PULL_ROWS, ..RoundLimits::default() }
}

/// Runs rounds without loading anything first.
pub(crate) fn run_in_place<H: Host>() -> RoundRunner<H> {
    Rc::new(|engine, steal| {
        Box::pin(async move {
            engine.round(steal).await;
            Ok(())
        })
    })
}

/// Callbacks of the engine's user.
#[derive(Clone, Default)]
pub struct Observers {
    /// A round starts.
    pub on_sync_start: Option<Rc<dyn Fn()>>,
    /// A round of this window ended.
    pub on_sync_complete: Option<Rc<dyn Fn(RoundResult)>>,
}

/// A window's engine. Clones are the same engine.
pub struct Engine<H: Host>(Rc<Inner<H>>);

struct Inner<H: Host> {
    client: Client<H>,
    scheduler: RefCell<Scheduler>,
    limits: RoundLimits,
    run_round: RoundRunner<H>,
    progress: Cell<Option<RunningRound>>,
    error: RefCell<Option<SyncError>>,
    sync_count: Cell<u32>,
    timer: RefCell<Option<AbortHandle>>,
    /// Drops the running round.
    running: RefCell<Option<AbortHandle>>,
    observers: RefCell<Observers>,
    watchers: Watchers<()>,
    signals: RefCell<Option<Watch>>,
}

impl<H: Host> Clone for Engine<H> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<H: Host> PartialEq for Engine<H> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl<H: Host> Engine<H> {
    /// An engine that has not started.
    pub fn new(client: Client<H>, config: EngineConfig<H>) -> Self {
        let engine = Self(Rc::new(Inner {
            client,
            scheduler: RefCell::new(Scheduler::new(config.scheduler, config.seed)),
            limits: config.limits,
            run_round: config.run_round,
            progress: Cell::default(),
            error: RefCell::default(),
            sync_count: Cell::default(),
            timer: RefCell::default(),
            running: RefCell::default(),
            observers: RefCell::default(),
            watchers: Watchers::default(),
            signals: RefCell::default(),
        }));
        let weak = Rc::downgrade(&engine.0);
        let watch = engine.0.client.watch(move |signal| {
            if let Some(inner) = weak.upgrade() {
                Self(inner).hear(signal);
            }
        });
        engine.0.signals.replace(Some(watch));
        engine
    }

    /// The device's data.
    pub fn client(&self) -> &Client<H> {
        &self.0.client
    }

    /// Cancels the running round and the timer, and stops following the client. Stored data stays.
    pub fn stop(&self) {
        let tasks = [self.0.running.take(), self.0.timer.take()];
        tasks.into_iter().flatten().for_each(|task| task.abort());
        self.0.signals.take();
    }

    /// Calls `callback` whenever the state may have changed, until the guard is dropped.
    pub fn watch(&self, callback: impl Fn() + 'static) -> Watch {
        self.0.watchers.watch(move |()| callback())
    }

    /// Replaces the observers.
    pub fn observe(&self, observers: Observers) {
        self.0.observers.replace(observers);
    }

    /// The connection as far as it is known.
    pub fn connection(&self) -> Connection {
        self.0.scheduler.borrow().connection()
    }

    /// The time of the next round, or the deadline of the running one.
    pub fn next_due(&self) -> Option<UnixMillis> {
        self.0.scheduler.borrow().poll_timeout().map(|(due, _)| due)
    }

    /// The state for screens.
    pub fn state(&self) -> SyncState {
        let Inner { client, scheduler, progress, error, sync_count, .. } = &*self.0;
        let (scheduler, queue) = (scheduler.borrow(), client.queue());
        let pending = queue.iter().filter(|record| record.is_pending());
        let is_syncing = scheduler.is_running() || progress.get().is_some();
        SyncState {
            status: SyncStatus {
                is_running: is_syncing,
                last_sync_at: client.last_sync_at(),
                next_sync_at: scheduler.poll_timeout().map(|(due, _)| due),
                error: error.borrow().clone(),
                sync_count: sync_count.get(),
            },
            is_online: scheduler.connection(),
            is_syncing,
            pending: pending.clone().count() + client.unreadable(),
            unreadable: client.unreadable(),
            attention: queue.iter().filter(|record| !record.is_pending()).count(),
            progress: progress.get(),
            is_automatic: scheduler.is_automatic(),
            catalogue: client.completeness(),
            oldest_pending: pending.map(|record| record.mutation.captured_at).min(),
            threats: client.threats(),
        }
    }

    /// Feeds the scheduler and executes its orders.
    pub fn handle(&self, event: Event) {
        let orders = self.0.scheduler.borrow_mut().handle(event, self.now());
        for order in orders {
            match order {
                Order::StartRound { steal, .. } => self.start_round(steal),
                Order::AbandonRound => self.abandon_round(),
                Order::RegisterBackgroundSync => self.0.client.host().request_background_sync(),
            }
        }
        self.set_timer();
        self.changed();
    }

    fn start_round(&self, steal: bool) {
        let (round, handle) = abortable((self.0.run_round)(self.clone(), steal));
        self.0.running.replace(Some(handle));
        let engine = self.clone();
        self.spawn(async move {
            // The result of an abandoned round is ignored.
            if let Ok(Err(error)) = round.await {
                engine.fail(error.into());
                engine.handle(Event::RoundEnded(Ended::Failed(TransportError::Unreachable)));
            }
        });
    }

    fn abandon_round(&self) {
        if let Some(running) = self.0.running.take() {
            running.abort();
        }
        self.0.progress.set(None);
        self.fail(SyncError::Abandoned);
        // The abandoned round may have stored data without a notice.
        let client = self.0.client.clone();
        self.spawn(async move { client.follow(Change::of_everything()).await });
    }

    /// Runs one round. Only for [`EngineConfig::run_round`]; other code sends [`Event::Manual`].
    pub async fn round(&self, steal: bool) {
        let on_start = self.0.observers.borrow().on_sync_start.clone();
        if let Some(on_start) = on_start {
            on_start();
        }
        let (sender, mut notices) = mpsc::unbounded();
        let tell = |notice: &Notice| {
            self.0.client.tell(notice);
            if self.show_progress(notice) {
                self.handle(Event::Progressed);
                // Fails only if the round was dropped.
                drop(sender.unbounded_send(notice.clone()));
            }
        };
        let host = self.0.client.host();
        let ports = RoundPorts {
            transport: host.transport(),
            turn: host.turn(),
            timer: host.timer(),
            channel: &tell,
        };
        let running = async {
            let result = sync_and_audit_once(self.0.client.relay(), &ports, self.0.limits, steal).await;
            sender.close_channel();
            result
        };
        // The next exchange runs while screens follow this one.
        let following = async {
            while let Some(notices) = next_notices(&mut notices).await {
                self.0.client.follow_round(notices).await;
            }
        };
        let (result, ()) = join(running, following).await;
        self.ended(result).await;
    }

    async fn ended(&self, result: Result<RoundReport, RoundFailure>) {
        if result == Err(RoundFailure::Elsewhere) {
            return self.handle(Event::RoundEnded(Ended::Elsewhere));
        }
        let client = &self.0.client;
        match &result {
            Ok(report) => {
                if let Some(heard) = report.heard {
                    client.hear_time(heard.into());
                }
                client.set_last_sync(Some(self.now()));
            }
            Err(RoundFailure::Round(error)) => client.note_round_error(error),
            Err(RoundFailure::Elsewhere) => {}
        }
        client.catch_up().await;
        client.look_for_threats().await;
        self.0.progress.set(None);
        self.0.error.replace(result.as_ref().err().cloned().map(SyncError::Round));
        self.0.sync_count.set(self.0.sync_count.get() + u32::from(result.is_ok()));
        let ended = ended(&result);
        let on_complete = self.0.observers.borrow().on_sync_complete.clone();
        if let Some(on_complete) = on_complete {
            on_complete(result.map_err(SyncError::Round));
        }
        self.handle(Event::RoundEnded(ended));
    }

    /// Handles those signals of the client that concern rounds.
    fn hear(&self, signal: &Signal) {
        match signal {
            Signal::Enqueued => self.handle(Event::Enqueued),
            Signal::SignedIn => {
                // The sign-in has answered it.
                self.0.error.replace(None);
                self.handle(Event::SignedIn);
            }
            Signal::Changed(_) | Signal::Status => self.changed(),
            Signal::Heard(notice) => self.hear_notice(notice),
        }
    }

    fn hear_notice(&self, notice: &Notice) {
        self.show_progress(notice);
        let from_server = matches!(notice, Notice::RoundProgress { .. } | Notice::RoundEnded { ok: true });
        self.handle(Event::Heard { from_server });
        match notice {
            Notice::RoundProgress { .. } => {}
            Notice::RoundEnded { .. } => {
                self.0.progress.set(None);
                self.changed();
            }
            Notice::WorkOffline { chosen } => self.handle(Event::WorkOffline(*chosen)),
            Notice::QueueChanged => self.handle(Event::Enqueued),
        }
    }

    /// Shows a round's progress. Returns whether the notice contains any.
    fn show_progress(&self, notice: &Notice) -> bool {
        let Notice::RoundProgress { sent, to_send, snapshot, .. } = notice else { return false };
        self.0.progress.set(Some(RunningRound { sent: *sent, to_send: *to_send, snapshot: *snapshot }));
        true
    }

    pub(crate) fn fail(&self, error: SyncError) {
        self.0.error.replace(Some(error));
        self.changed();
    }

    fn changed(&self) {
        self.0.watchers.emit(&());
    }

    /// Sends [`Event::Woken`] at the time that the scheduler asks for.
    fn set_timer(&self) {
        let due = self.next_due();
        let next = due.map(|due| {
            let wait = due.since(self.now()).min(MAX_TIMER_MILLIS);
            let (timer, engine) = (self.0.client.host().timer().clone(), self.clone());
            let (sleep, handle) = abortable(async move { timer.sleep(wait).await });
            self.spawn(async move {
                if sleep.await.is_ok() {
                    engine.handle(Event::Woken);
                }
            });
            handle
        });
        if let Some(before) = self.0.timer.replace(next) {
            before.abort();
        }
    }

    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.0.client.host().spawn(Box::pin(task));
    }

    fn now(&self) -> UnixMillis {
        self.0.client.now()
    }
}

impl<H: Host> std::fmt::Debug for Engine<H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("scheduler", &self.0.scheduler).finish_non_exhaustive()
    }
}

impl<H: Host> std::fmt::Debug for EngineConfig<H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineConfig").field("scheduler", &self.scheduler).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Observers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Observers")
    }
}
