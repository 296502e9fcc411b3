//! Runs the scheduler on this page: feeds it what happens, does what it orders, and keeps what it says for display.

use std::cell::RefCell;
use std::rc::Rc;

use browser::{BrowserTimer, FetchTransport, WebLock, now, register_background_sync};
use client::{PAGE_PULL_ROWS, RoundFailure, RoundPorts, WORK_OFFLINE_SETTING, ended, sync_and_audit_once};
use domain::NAMES;
use futures::FutureExt;
use futures::future::{AbortHandle, LocalBoxFuture, abortable};
use gloo_timers::callback::Timeout;
use sync::{
    Connection, Ended, Event, Notice, Order, Progress, RoundLimits, RoundReport, Scheduler, SchedulerConfig,
    Store, TransportError, UnixMillis,
};
use wasm_bindgen_futures::spawn_local;
use wasm_split_helpers::wasm_split;
use yew::Callback;

use crate::book::keeping::Threat;
use crate::book::{Book, Signal};
use crate::rest::NotLoaded;
use crate::words::faults_in_words::{not_loaded, store_fault, sync_failure};
use crate::words::language::t;

/// The setting that is there while rounds do not start by themselves.
const MANUAL_SETTING: &str = "manual_sync";
/// The longest a browser timer can wait.
const MAX_TIMER_MILLIS: u64 = 2_147_000_000;

/// How a round ended, for those who asked to know.
pub(crate) type RoundResult = Result<RoundReport, String>;

/// What is running and what came of the last round.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct EngineState {
    /// Where the running round is, here or elsewhere.
    pub(crate) progress: Option<RunningRound>,
    /// Why the last round failed.
    pub(crate) error: Option<String>,
    /// Rounds that succeeded on this page.
    pub(crate) sync_count: u32,
}

/// Where a running round is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RunningRound {
    /// Mutations decided so far.
    pub(crate) sent: usize,
    /// Mutations to send, those decided included.
    pub(crate) to_send: usize,
    /// The snapshot, while there is one.
    pub(crate) snapshot: Option<Progress>,
}

/// Callbacks that the hook's user asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Observers {
    /// A round starts.
    pub(crate) on_sync_start: Option<Callback<()>>,
    /// A round ended.
    pub(crate) on_sync_complete: Option<Callback<RoundResult>>,
}

/// The engine of this page; clones are the same engine.
#[derive(Clone)]
pub(crate) struct Engine(Rc<Inner>);

struct Inner {
    book: Book,
    scheduler: RefCell<Scheduler>,
    state: RefCell<EngineState>,
    timer: RefCell<Option<Timeout>>,
    observers: RefCell<Observers>,
    on_change: Callback<()>,
    /// Drops the running round.
    running: RefCell<Option<AbortHandle>>,
}

impl PartialEq for Engine {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Engine {
    /// An engine that has not started; `on_change` is called whenever there is something new to show.
    pub(crate) fn new(book: Book, config: SchedulerConfig, on_change: Callback<()>) -> Self {
        Self(Rc::new(Inner {
            book,
            scheduler: RefCell::new(Scheduler::new(config, browser::random_u64())),
            state: RefCell::default(),
            timer: RefCell::default(),
            observers: RefCell::default(),
            on_change,
            running: RefCell::default(),
        }))
    }

    /// Starts: a choice to work offline outlives the page.
    pub(crate) async fn start(&self) {
        let chosen = self.0.book.store().setting(WORK_OFFLINE_SETTING).await;
        if matches!(chosen, Ok(Some(_))) {
            self.handle(Event::WorkOffline(true));
        }
        let automatic = self.0.book.store().setting(MANUAL_SETTING).await;
        if matches!(automatic, Ok(Some(_))) {
            self.handle(Event::Automatic(false));
        }
        // What people chose holds from the first moment; the first round can wait.
        self.0.book.let_picture_first().await;
        self.handle(Event::Started);
    }

    /// Lets rounds start by themselves, or not, from now on.
    pub(crate) fn automatic(&self, on: bool) {
        let engine = self.clone();
        spawn_local(async move {
            let value = (!on).then_some("yes");
            match engine.0.book.store().put_setting(MANUAL_SETTING, value).await {
                Ok(()) => engine.handle(Event::Automatic(on)),
                Err(error) => engine.fail(store_fault(&error)),
            }
        });
    }

    /// Replaces the callbacks.
    pub(crate) fn observe(&self, observers: Observers) {
        self.0.observers.replace(observers);
    }

    /// The state to show.
    pub(crate) fn state(&self) -> EngineState {
        self.0.state.borrow().clone()
    }

    /// The connection as far as it is known.
    pub(crate) fn connection(&self) -> Connection {
        self.0.scheduler.borrow().connection()
    }

    /// Whether a round runs on this page or elsewhere.
    pub(crate) fn is_running(&self) -> bool {
        self.0.scheduler.borrow().is_running() || self.0.state.borrow().progress.is_some()
    }

    /// Whether rounds start by themselves.
    pub(crate) fn is_automatic(&self) -> bool {
        self.0.scheduler.borrow().is_automatic()
    }

    /// When the next round is due.
    pub(crate) fn next_sync_at(&self) -> Option<UnixMillis> {
        self.0.scheduler.borrow().poll_timeout().map(|(due, _)| due)
    }

    /// Feeds the scheduler, and does what it orders.
    pub(crate) fn handle(&self, event: Event) {
        let orders = self.0.scheduler.borrow_mut().handle(event, now());
        for order in orders {
            match order {
                Order::StartRound { steal, .. } => self.start_round(steal),
                Order::AbandonRound => self.abandon_round(),
                Order::RegisterBackgroundSync => spawn_local(async {
                    register_background_sync().await;
                }),
            }
        }
        self.set_timer();
        self.0.on_change.emit(());
    }

    fn start_round(&self, steal: bool) {
        let engine = self.clone();
        let (round, handle) = abortable(run_round(engine.clone(), steal));
        self.0.running.replace(Some(handle));
        spawn_local(async move {
            // An abandoned round has nothing to say.
            if let Ok(Err(error)) = round.await {
                engine.fail(not_loaded(error));
                engine.handle(Event::RoundEnded(Ended::Failed(TransportError::Unreachable)));
            }
        });
    }

    fn abandon_round(&self) {
        if let Some(running) = self.0.running.take() {
            running.abort();
        }
        self.0.state.borrow_mut().progress = None;
        self.fail(t("The last sync did not come to an end. It is tried again by itself.").to_owned());
    }

    /// What the book says that concerns rounds.
    pub(crate) fn hear(&self, signal: &Signal) {
        match signal {
            Signal::Enqueued => self.handle(Event::Enqueued),
            Signal::SignedIn => self.handle(Event::SignedIn),
            Signal::Changed => self.0.on_change.emit(()),
            Signal::Surveyed => {}
            Signal::Heard(notice) => self.hear_notice(notice),
        }
    }

    /// Takes the whole snapshot again; the queue and everything shown stay meanwhile.
    pub(crate) fn full_sync(&self) {
        let engine = self.clone();
        spawn_local(async move {
            match engine.0.book.store().restart(NAMES.scope).await {
                Ok(()) => engine.handle(Event::Manual),
                Err(error) => engine.fail(store_fault(&error)),
            }
        });
    }

    /// Drops every row and takes the whole snapshot anew, where rows cannot be read; the queue stays.
    pub(crate) fn repair(&self) {
        let engine = self.clone();
        spawn_local(async move {
            match engine.0.book.drop_rows().await {
                Ok(()) => engine.handle(Event::Manual),
                Err(error) => engine.fail(store_fault(&error)),
            }
        });
    }

    /// A person has taken note of a threat.
    pub(crate) fn dismiss(&self, threat: Threat) {
        let book = self.0.book.clone();
        spawn_local(async move { book.dismiss(threat).await });
    }

    /// Keeps the user's choice, for this page, the others and the worker.
    pub(crate) fn work_offline(&self, chosen: bool) {
        let engine = self.clone();
        spawn_local(async move {
            let value = chosen.then_some("yes");
            let kept = engine.0.book.store().put_setting(WORK_OFFLINE_SETTING, value).await;
            match kept {
                Ok(()) => {
                    engine.0.book.tell(&Notice::WorkOffline { chosen });
                    engine.handle(Event::WorkOffline(chosen));
                }
                Err(error) => engine.fail(store_fault(&error)),
            }
        });
    }

    fn fail(&self, error: String) {
        self.0.state.borrow_mut().error = Some(error);
        self.0.on_change.emit(());
    }

    fn hear_notice(&self, notice: &Notice) {
        self.handle(Event::Heard);
        match notice {
            Notice::RoundProgress { .. } => self.show_progress(notice),
            Notice::RoundEnded { .. } => {
                self.0.state.borrow_mut().progress = None;
                self.0.on_change.emit(());
            }
            Notice::WorkOffline { chosen } => self.handle(Event::WorkOffline(*chosen)),
            Notice::QueueChanged => self.handle(Event::Enqueued),
        }
    }

    fn show_progress(&self, notice: &Notice) {
        if let Notice::RoundProgress { sent, to_send, snapshot, .. } = notice {
            let running = RunningRound { sent: *sent, to_send: *to_send, snapshot: *snapshot };
            self.0.state.borrow_mut().progress = Some(running);
            self.0.on_change.emit(());
        }
    }

    /// Runs one round.
    pub(crate) async fn round(&self, steal: bool) {
        if let Some(callback) = self.0.observers.borrow().on_sync_start.clone() {
            callback.emit(());
        }
        let tell = |notice: &Notice| {
            self.0.book.tell(notice);
            self.handle(Event::Progressed);
            self.show_progress(notice);
            let (book, notice) = (self.0.book.clone(), notice.clone());
            spawn_local(async move { book.take_in(notice, false).await });
        };
        self.0.book.ask_after_device().await;
        let limits = RoundLimits { max_pull_rows: PAGE_PULL_ROWS, ..RoundLimits::default() };
        let (transport, turn) = (FetchTransport::new(&NAMES), WebLock::new(&NAMES));
        let ports = RoundPorts { transport: &transport, turn: &turn, timer: &BrowserTimer, channel: &tell };
        let result = sync_and_audit_once(&self.0.book.store().relay(), &ports, limits, steal).await;
        self.ended(result).await;
    }

    async fn ended(&self, result: Result<RoundReport, RoundFailure>) {
        if result == Err(RoundFailure::Elsewhere) {
            return self.handle(Event::RoundEnded(Ended::Elsewhere));
        }
        if let Err(RoundFailure::Round(error)) = &result {
            self.0.book.note_round_error(error);
        }
        // What is shown is read from memory: bring that up to date first.
        let read = self.0.book.reload().await;
        self.0.book.look_for_threats().await;
        {
            let mut state = self.0.state.borrow_mut();
            state.progress = None;
            state.error =
                result.as_ref().err().map(sync_failure).or(read.err().map(|error| store_fault(&error)));
            state.sync_count += u32::from(result.is_ok());
        }
        if let Some(callback) = self.0.observers.borrow().on_sync_complete.clone() {
            callback.emit(result.clone().map_err(|error| sync_failure(&error)));
        }
        self.handle(Event::RoundEnded(ended(&result)));
        self.0.book.emit(&Signal::Changed);
    }

    fn set_timer(&self) {
        let due = self.0.scheduler.borrow().poll_timeout();
        let timer = due.map(|(due, _)| {
            let wait = due.since(now()).min(MAX_TIMER_MILLIS);
            let engine = self.clone();
            Timeout::new(u32::try_from(wait).unwrap_or(u32::MAX), move || engine.handle(Event::Woken))
        });
        self.0.timer.replace(timer);
    }
}

/// Runs one round with the code of the rest.
#[wasm_split(rest, fallible, return_wrapper(let round = _; { round.await; Ok(()) } -> Result<(), NotLoaded>))]
fn run_round(engine: Engine, steal: bool) -> LocalBoxFuture<'static, ()> {
    async move { engine.round(steal).await }.boxed_local()
}
