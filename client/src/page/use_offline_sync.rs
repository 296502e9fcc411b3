//! The hook that keeps a page and its server in sync.

use std::cell::RefCell;
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;

use browser::random_u64;
use futures::FutureExt;
use futures::future::{LocalBoxFuture, abortable, ready};
use serde::Serialize;
use sync::{Event, Model, Mutation, SchedulerConfig};
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::download::DownloadError;
use super::host::{Page, PageClient};
use super::provider::use_client;
use super::{listeners, server_events};
use crate::engine::{Engine, EngineConfig, Observers, RoundRunner, page_limits, run_in_place};
use crate::record::{Entities, RecordError};
use crate::status::{RoundResult, SyncState};
use crate::threats::Threat;

/// When to sync, and the callbacks. Callbacks may change at any render; the other options are read at the
/// first one.
#[derive(Clone, Debug, PartialEq)]
pub struct OfflineSyncConfig {
    /// Milliseconds between rounds while online; 0 for no periodic rounds.
    pub auto_sync_interval: u64,
    /// Whether to sync when the connection returns.
    pub sync_on_online: bool,
    /// Whether to sync when the page becomes visible.
    pub sync_on_visibility: bool,
    /// Whether to sync at start-up.
    pub sync_on_mount: bool,
    /// A round of this page starts.
    pub on_sync_start: Option<Callback<()>>,
    /// A round of this page ended.
    pub on_sync_complete: Option<Callback<RoundResult>>,
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

impl OfflineSyncConfig {
    fn scheduler(&self) -> SchedulerConfig {
        SchedulerConfig {
            interval_millis: (self.auto_sync_interval > 0).then_some(self.auto_sync_interval),
            on_online: self.sync_on_online,
            on_visible: self.sync_on_visibility,
            on_start: self.sync_on_mount,
            ..SchedulerConfig::default()
        }
    }

    fn observers(&self) -> Observers {
        let on_sync_start = self.on_sync_start.clone().map(|callback| {
            let call: Rc<dyn Fn()> = Rc::new(move || callback.emit(()));
            call
        });
        let on_sync_complete = self.on_sync_complete.clone().map(|callback| {
            let call: Rc<dyn Fn(RoundResult)> = Rc::new(move |result| callback.emit(result));
            call
        });
        Observers { on_sync_start, on_sync_complete }
    }
}

/// Application-specific parts of an engine's start.
pub struct Startup<M: Model> {
    /// Runs the rounds, for instance once their code is loaded.
    pub run_round: RoundRunner<Page<M>>,
    /// The first round waits for this, for instance for the first paint.
    pub first_paint: LocalBoxFuture<'static, ()>,
}

impl<M: Model> Default for Startup<M> {
    fn default() -> Self {
        Self { run_round: run_in_place(), first_paint: ready(()).boxed_local() }
    }
}

impl<M: Model> fmt::Debug for Startup<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Startup")
    }
}

/// The sync state, by `Deref`, and the methods that change it.
#[derive(Debug)]
pub struct OfflineSync<M: Model> {
    state: Rc<SyncState>,
    engine: Engine<Page<M>>,
}

impl<M: Model> Clone for OfflineSync<M> {
    fn clone(&self) -> Self {
        Self { state: Rc::clone(&self.state), engine: self.engine.clone() }
    }
}

impl<M: Model> PartialEq for OfflineSync<M> {
    fn eq(&self, other: &Self) -> bool {
        self.state == other.state && self.engine == other.engine
    }
}

impl<M: Model> Deref for OfflineSync<M> {
    type Target = SyncState;

    fn deref(&self) -> &SyncState {
        &self.state
    }
}

impl<M: Model> OfflineSync<M> {
    /// The device's data.
    pub fn client(&self) -> &PageClient<M> {
        self.engine.client()
    }

    /// A callback that calls a method of this handle, such as
    /// `sync.callback(|sync, _: MouseEvent| sync.perform_sync())`.
    pub fn callback<T: 'static>(&self, call: impl Fn(&Self, T) + 'static) -> Callback<T> {
        let sync = self.clone();
        Callback::from(move |value| call(&sync, value))
    }

    /// Starts a round now.
    pub fn perform_sync(&self) {
        self.engine.handle(Event::Manual);
    }

    /// Downloads the whole snapshot again; queue and rows stay in the meantime.
    pub fn full_sync(&self) {
        self.engine.full_sync();
    }

    /// An alias of [`OfflineSync::full_sync`].
    pub fn refetch_data(&self) {
        self.full_sync();
    }

    /// Like [`OfflineSync::full_sync`], but drops all rows first, for unreadable ones; the queue stays.
    pub fn repair_data(&self) {
        self.engine.repair();
    }

    /// Clears a threat that a person has acknowledged.
    pub fn dismiss(&self, threat: Threat) {
        self.engine.dismiss(threat);
    }

    /// Switches automatic rounds on.
    pub fn start_auto_sync(&self) {
        self.engine.set_automatic(true);
    }

    /// Switches automatic rounds off. New mutations are still sent.
    pub fn stop_auto_sync(&self) {
        self.engine.set_automatic(false);
    }

    /// Switches working offline on or off.
    pub fn work_offline(&self, chosen: bool) {
        self.engine.work_offline(chosen);
    }

    /// Saves an operation on an entity, such as `("UPDATE", "course")`, based on the current row. After `Ok`,
    /// it survives a power cut; it is sent automatically.
    ///
    /// # Errors
    /// [`RecordError`]; nothing was saved.
    pub async fn queue_mutation(
        &self,
        operation: &str,
        entity: &str,
        id: Uuid,
        data: impl Serialize,
    ) -> Result<Mutation<M::Action>, RecordError>
    where
        M: Entities,
    {
        self.client().queue_mutation(operation, entity, id, data).await
    }

    /// Fetches rows from `path` and stores them, like [`Client::download`](crate::Client::download).
    ///
    /// # Errors
    /// [`DownloadError`].
    pub async fn download(&self, path: &str) -> Result<bool, DownloadError> {
        self.client().download(path).await
    }

    /// Retries a refused mutation on the current row.
    ///
    /// # Errors
    /// [`RecordError`]; the entry is unchanged.
    pub async fn retry(&self, id: Uuid) -> Result<Mutation<M::Action>, RecordError> {
        self.client().retry(id).await
    }

    /// Drops a queue entry: undoes a pending one, or keeps the server's row.
    ///
    /// # Errors
    /// [`RecordError`]; the entry is unchanged, or was handled already.
    pub async fn discard(&self, id: Uuid) -> Result<(), RecordError> {
        self.client().discard(id).await
    }
}

/// Keeps the page in sync while the calling component is mounted. Use it once, near the root, below the provider of the
/// client: [`SyncProvider`](crate::SyncProvider) does that.
///
/// ```no_run
/// use client::{OfflineSyncConfig, use_offline_sync};
/// use yew::prelude::*;
/// # use sync::conformance::Counters as Notes;
///
/// #[component]
/// fn Status() -> Html {
///     let sync = use_offline_sync::<Notes>(OfflineSyncConfig {
///         auto_sync_interval: 30_000,
///         ..OfflineSyncConfig::default()
///     });
///     let onclick = {
///         let sync = sync.clone();
///         move |_| sync.perform_sync()
///     };
///     html! { <button {onclick} disabled={sync.is_syncing}>{ format!("{} to send", sync.pending) }</button> }
/// }
/// ```
#[hook]
pub fn use_offline_sync<M: Model>(config: OfflineSyncConfig) -> OfflineSync<M> {
    let client = use_client::<M>();
    use_offline_sync_of(&client, config, Startup::default)
}

/// Like [`use_offline_sync`], for a given client, with the application's own start.
#[hook]
pub fn use_offline_sync_of<M: Model>(
    client: &PageClient<M>,
    config: OfflineSyncConfig,
    startup: impl FnOnce() -> Startup<M>,
) -> OfflineSync<M> {
    let update = use_force_update();
    let started = use_memo(client.clone(), |client| {
        let Startup { run_round, first_paint } = startup();
        // Not by `EngineConfig::new`: its code for rounds would be downloaded with this hook.
        let (scheduler, seed, limits) = (config.scheduler(), random_u64(), page_limits());
        let engine = Engine::new(client.clone(), EngineConfig { scheduler, seed, limits, run_round });
        (engine, RefCell::new(Some(first_paint)))
    });
    {
        let engine = started.0.clone();
        let callbacks = (config.on_sync_start.clone(), config.on_sync_complete.clone());
        use_effect_with((client.clone(), callbacks), move |_| engine.observe(config.observers()));
    }
    {
        let started = Rc::clone(&started);
        use_effect_with(client.clone(), move |_| {
            let engine = started.0.clone();
            let watch = engine.watch(move || update.force_update());
            let listeners = listeners::listen(&engine);
            let (task, handle) = abortable(run(engine.clone(), started.1.take()));
            spawn_local(task.map(drop));
            move || {
                handle.abort();
                drop((watch, listeners));
                engine.stop();
            }
        });
    }
    let engine = started.0.clone();
    OfflineSync { state: Rc::new(engine.state()), engine }
}

async fn run<M: Model>(engine: Engine<Page<M>>, first_paint: Option<LocalBoxFuture<'static, ()>>) {
    // The user's choices apply before the first round, which may be delayed.
    engine.read_choices().await;
    if let Some(first_paint) = first_paint {
        first_paint.await;
    }
    engine.handle(Event::Started);
    server_events::follow(&engine, engine.client().host().names()).await;
}
