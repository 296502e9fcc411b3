//! The hook that keeps a page and the server in sync.

use domain::NAMES;
use futures::StreamExt;
use gloo_events::EventListener;
use gloo_net::eventsource::State;
use gloo_net::eventsource::futures::EventSource;
use gloo_timers::future::TimeoutFuture;
use sync::{Connection, Event, SchedulerConfig, UnixMillis};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::book::Completeness;
use crate::book::keeping::Threat;
use crate::engine::{Engine, Observers, RoundResult, RunningRound};
use crate::use_book::{use_book, use_book_version};
use crate::use_provided::use_provided;

/// A server that refused the stream, or a device that was not known yet, is asked again after this.
const REOPEN_MILLIS: u32 = 30_000;

/// When to sync, and whom to tell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OfflineSyncConfig {
    /// Milliseconds between rounds while all is well.
    pub(crate) auto_sync_interval: u64,
    /// Whether to sync when the connection comes back.
    pub(crate) sync_on_online: bool,
    /// Whether to sync when the page becomes visible.
    pub(crate) sync_on_visibility: bool,
    /// Whether to sync at start-up.
    pub(crate) sync_on_mount: bool,
    /// A round starts.
    pub(crate) on_sync_start: Option<Callback<()>>,
    /// A round ended.
    pub(crate) on_sync_complete: Option<Callback<RoundResult>>,
}

impl Default for OfflineSyncConfig {
    fn default() -> Self {
        Self {
            auto_sync_interval: 60_000,
            sync_on_online: true,
            sync_on_visibility: true,
            sync_on_mount: true,
            on_sync_start: None,
            on_sync_complete: None,
        }
    }
}

/// How syncing goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SyncStatus {
    /// Whether a round runs, here or elsewhere on this device.
    pub(crate) is_running: bool,
    /// When a round last succeeded.
    pub(crate) last_sync_at: Option<UnixMillis>,
    /// When the next is due.
    pub(crate) next_sync_at: Option<UnixMillis>,
    /// Why the last one failed.
    pub(crate) error: Option<String>,
    /// Rounds that succeeded on this page.
    pub(crate) sync_count: u32,
}

/// What the hook returns.
#[derive(Clone, PartialEq)]
pub(crate) struct OfflineSync {
    /// How syncing goes.
    pub(crate) status: SyncStatus,
    /// The connection as far as it is known.
    pub(crate) is_online: Connection,
    /// Whether a round runs.
    pub(crate) is_syncing: bool,
    /// Mutations the server has still to decide.
    pub(crate) pending: usize,
    /// Those of them that another version of the app made.
    pub(crate) unreadable: usize,
    /// Entries that wait for a person.
    pub(crate) attention: usize,
    /// Where the running round is.
    pub(crate) progress: Option<RunningRound>,
    /// Whether rounds start by themselves.
    pub(crate) is_automatic: bool,
    /// How much of the server's rows has arrived.
    pub(crate) catalogue: Completeness,
    /// When the oldest pending mutation was made.
    pub(crate) oldest_pending: Option<UnixMillis>,
    /// What threatens the device's data.
    pub(crate) threats: Vec<Threat>,
    /// Starts a round now.
    pub(crate) perform_sync: Callback<()>,
    /// Fetches everything again.
    pub(crate) refetch_data: Callback<()>,
    /// Drops all rows first, because some cannot be read.
    pub(crate) repair_data: Callback<()>,
    /// A person has taken note.
    pub(crate) dismiss: Callback<Threat>,
    /// Lets rounds start by themselves.
    pub(crate) start_auto_sync: Callback<()>,
    /// Stops that. What is recorded is still sent.
    pub(crate) stop_auto_sync: Callback<()>,
    /// Chooses to work offline, or ends that.
    pub(crate) work_offline: Callback<bool>,
}

/// Keeps this page in sync with the server. Use it once, near the root.
#[hook]
pub(crate) fn use_offline_sync(config: OfflineSyncConfig) -> OfflineSync {
    let book = use_book();
    use_book_version();
    let update = use_force_update();
    let engine = {
        let (book, config) = (book.clone(), config.clone());
        use_memo((), move |()| {
            Engine::new(book, scheduler_config(&config), Callback::from(move |()| update.force_update()))
        })
    };
    {
        let engine = (*engine).clone();
        let observers = Observers {
            on_sync_start: config.on_sync_start.clone(),
            on_sync_complete: config.on_sync_complete.clone(),
        };
        use_effect_with(observers, move |observers| engine.observe(observers.clone()));
    }
    {
        let (engine, book) = ((*engine).clone(), book.clone());
        use_effect_with((), move |()| {
            let hearing = engine.clone();
            let subscription = book.subscribe(Callback::from(move |signal| hearing.hear(&signal)));
            let listeners = listen(&engine);
            spawn_local(async move {
                engine.start().await;
                follow_server(&engine).await;
            });
            move || drop((subscription, listeners))
        });
    }
    let calls = use_memo((), |()| Calls::of(&engine));
    let queue = book.queue();
    let state = engine.state();
    let pending = queue.iter().filter(|record| record.is_pending());
    let is_syncing = engine.is_running();
    OfflineSync {
        status: SyncStatus {
            is_running: is_syncing,
            last_sync_at: book.last_sync_at(),
            next_sync_at: engine.next_sync_at(),
            error: state.error,
            sync_count: state.sync_count,
        },
        is_online: engine.connection(),
        is_syncing,
        pending: pending.clone().count() + book.unreadable(),
        unreadable: book.unreadable(),
        attention: queue.iter().filter(|record| !record.is_pending()).count(),
        progress: state.progress,
        is_automatic: engine.is_automatic(),
        catalogue: book.completeness(),
        oldest_pending: pending.map(|record| record.mutation.captured_at).min(),
        threats: book.threats(),
        perform_sync: calls.perform_sync.clone(),
        refetch_data: calls.refetch_data.clone(),
        repair_data: calls.repair_data.clone(),
        dismiss: calls.dismiss.clone(),
        start_auto_sync: calls.start_auto_sync.clone(),
        stop_auto_sync: calls.stop_auto_sync.clone(),
        work_offline: calls.work_offline.clone(),
    }
}

/// The functions the hook returns, made once: a new callback would count as a change.
struct Calls {
    perform_sync: Callback<()>,
    refetch_data: Callback<()>,
    repair_data: Callback<()>,
    dismiss: Callback<Threat>,
    start_auto_sync: Callback<()>,
    stop_auto_sync: Callback<()>,
    work_offline: Callback<bool>,
}

impl Calls {
    fn of(engine: &Engine) -> Self {
        Self {
            perform_sync: does(engine, |engine, ()| engine.handle(Event::Manual)),
            refetch_data: does(engine, |engine, ()| engine.full_sync()),
            repair_data: does(engine, |engine, ()| engine.repair()),
            dismiss: does(engine, Engine::dismiss),
            start_auto_sync: does(engine, |engine, ()| engine.automatic(true)),
            stop_auto_sync: does(engine, |engine, ()| engine.automatic(false)),
            work_offline: does(engine, Engine::work_offline),
        }
    }
}

fn does<T>(engine: &Engine, what: impl Fn(&Engine, T) + 'static) -> Callback<T> {
    let engine = engine.clone();
    Callback::from(move |value| what(&engine, value))
}

fn scheduler_config(config: &OfflineSyncConfig) -> SchedulerConfig {
    SchedulerConfig {
        interval_millis: Some(config.auto_sync_interval),
        on_online: config.sync_on_online,
        on_visible: config.sync_on_visibility,
        on_start: config.sync_on_mount,
        ..SchedulerConfig::default()
    }
}

/// Tells the engine what the browser notices about the network and the page.
fn listen(engine: &Engine) -> Vec<EventListener> {
    let Some(window) = web_sys::window() else { return Vec::new() };
    let Some(document) = window.document() else { return Vec::new() };
    if !window.navigator().on_line() {
        engine.handle(Event::Offline);
    }
    let on =
        |target: &web_sys::EventTarget, name: &'static str, event: fn(&web_sys::Event) -> Option<Event>| {
            let engine = engine.clone();
            EventListener::new(target, name, move |heard| {
                event(heard).into_iter().for_each(|event| engine.handle(event))
            })
        };
    vec![
        on(&window, "online", |_| Some(Event::Online)),
        on(&window, "offline", |_| Some(Event::Offline)),
        // Taken out of the back/forward cache, or thawed: timers stood still.
        on(&window, "pageshow", |shown| {
            let is_persisted = js_sys::Reflect::get(shown, &"persisted".into());
            is_persisted.is_ok_and(|persisted| persisted.is_truthy()).then_some(Event::Visible)
        }),
        on(&document, "resume", |_| Some(Event::Visible)),
        on(&document, "visibilitychange", |_| {
            let is_visible = web_sys::window()
                .and_then(|window| window.document())
                .is_some_and(|document| !document.hidden());
            is_visible.then_some(Event::Visible)
        }),
    ]
}

/// Listens to the server's word that the site has moved on. A stream that ends is opened again after a while; until then
/// the interval remains.
async fn follow_server(engine: &Engine) {
    loop {
        listen_to_server(engine).await;
        TimeoutFuture::new(REOPEN_MILLIS).await;
    }
}

async fn listen_to_server(engine: &Engine) {
    let Ok(mut source) = EventSource::new(NAMES.events_path) else { return };
    let Ok(mut revisions) = source.subscribe("message") else { return };
    let mut is_first = true;
    while let Some(revision) = revisions.next().await {
        // The first word only says where the site is; a round at start-up asks for that anyway.
        if revision.is_ok() && !std::mem::take(&mut is_first) && engine.connection() == Connection::Online {
            engine.handle(Event::Poked);
        }
        if source.state() == State::Closed {
            return;
        }
    }
}

/// What [`SyncProvider`] wraps.
#[derive(Properties, PartialEq)]
pub(crate) struct SyncProviderProps {
    pub(crate) children: Html,
}

/// Keeps the page in sync and lets every component below see how that goes.
#[component]
pub(crate) fn SyncProvider(props: &SyncProviderProps) -> Html {
    let sync = use_offline_sync(OfflineSyncConfig::default());
    html! { <ContextProvider<OfflineSync> context={sync}>{ props.children.clone() }</ContextProvider<OfflineSync>> }
}

/// How syncing goes, anywhere below the provider.
#[hook]
pub(crate) fn use_sync() -> OfflineSync {
    use_provided()
}
