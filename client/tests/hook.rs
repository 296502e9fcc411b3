//! The hook in a real browser: every option and method, against a fake `fetch`.
#![allow(clippy::expect_used, reason = "a test fails loudly")]
#![cfg(target_arch = "wasm32")]

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use client::{OfflineProvider, OfflineSync, OfflineSyncConfig, RoundResult, SyncError, use_rows, use_sync};
use gloo_timers::future::TimeoutFuture;
use sync::conformance::{Add, CounterRow, Counters, counter};
use sync::{
    AppNames, Connection, Cursor, Outcome, PROTOCOL_VERSION, Receipt, SyncRequest, SyncResponse, UnixMillis,
    Verdict, WITHDRAWN,
};
use uuid::Uuid;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::Event;
use yew::prelude::*;

wasm_bindgen_test_configure!(run_in_browser);

/// An interval short enough for a test.
const SHORT_INTERVAL_MILLIS: u64 = 100;
/// Long enough for a wrongly started round.
const QUIET_MILLIS: u32 = 400;
const MAX_WAIT_MILLIS: u32 = 5_000;
const POLL_MILLIS: u32 = 20;

/// Answers `POST` requests to any path with `/sync/` by `window.answer`, as long as `window.serverIsUp`.
const FAKE_FETCH: &str = "
    window.serverIsUp = true;
    if (!window.realFetch) {
        window.realFetch = window.fetch;
        window.fetch = async (request) => {
            const url = typeof request === 'string' ? request : request.url;
            if (!url.includes('/sync/')) return window.realFetch(request);
            if (!window.serverIsUp) throw new TypeError('no network');
            const answer = window.answer(url, await request.text());
            return new Response(answer, { headers: { 'content-type': 'application/json' } });
        };
    }
";

/// A mounted component that uses the hook, with the recorded results.
struct Trial {
    seen: Seen,
    app: yew::AppHandle<Root>,
    host: web_sys::Element,
}

#[derive(Clone, Default)]
struct Seen {
    sync: Rc<RefCell<Option<OfflineSync<Counters>>>>,
    rows: Rc<RefCell<Vec<CounterRow>>>,
    starts: Rc<Cell<usize>>,
    ends: Rc<RefCell<Vec<RoundResult>>>,
}

impl PartialEq for Seen {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.sync, &other.sync)
    }
}

#[derive(Clone, PartialEq, Properties)]
struct RootProps {
    names: &'static AppNames,
    config: OfflineSyncConfig,
    seen: Seen,
}

#[component]
fn Root(props: &RootProps) -> Html {
    html! {
        <OfflineProvider<Counters> names={props.names} config={props.config.clone()}>
            <Look seen={props.seen.clone()} />
        </OfflineProvider<Counters>>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct LookProps {
    seen: Seen,
}

#[component]
fn Look(props: &LookProps) -> Html {
    props.seen.sync.replace(Some(use_sync::<Counters>()));
    props.seen.rows.replace(use_rows::<Counters>("counters"));
    Html::default()
}

impl Trial {
    /// Mounts the hook over a new database and waits until it is open.
    async fn mount(name: &'static str, config: OfflineSyncConfig) -> Self {
        js_sys::eval(FAKE_FETCH).expect("the script runs");
        let answer = Closure::<dyn Fn(String, String) -> String>::new(answer);
        let window = web_sys::window().expect("a window");
        js_sys::Reflect::set(&window, &"answer".into(), &answer.into_js_value()).expect("set");
        let sync_path: &'static str = Box::leak(format!("/sync/{name}").into_boxed_str());
        let names = AppNames { sync_path, ..AppNames::new(name, "all") };
        let seen = Seen::default();
        let (starts, ends) = (Rc::clone(&seen.starts), Rc::clone(&seen.ends));
        let config = OfflineSyncConfig {
            on_sync_start: Some(Callback::from(move |()| starts.set(starts.get() + 1))),
            on_sync_complete: Some(Callback::from(move |ended| ends.borrow_mut().push(ended))),
            ..config
        };
        let document = window.document().expect("a document");
        let host = document.create_element("div").expect("an element");
        document.body().expect("a body").append_child(&host).expect("appended");
        let props = RootProps { names: Box::leak(Box::new(names)), config, seen: seen.clone() };
        let app = yew::Renderer::<Root>::with_root_and_props(host.clone(), props).render();
        let trial = Self { seen, app, host };
        trial.until(|trial| trial.seen.sync.borrow().is_some()).await;
        trial
    }

    fn sync(&self) -> OfflineSync<Counters> {
        self.seen.sync.borrow().clone().expect("mounted")
    }

    fn rounds(&self) -> usize {
        self.seen.ends.borrow().len()
    }

    async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        for _ in 0..MAX_WAIT_MILLIS / POLL_MILLIS {
            if is_so(self) {
                return;
            }
            TimeoutFuture::new(POLL_MILLIS).await;
        }
        let sync = self.seen.sync.borrow().clone();
        panic!("waited in vain; {} rounds, state {sync:?}", self.rounds());
    }

    /// Waits for a time in which no round may start, and returns the number of rounds before it.
    async fn quiet(&self) -> usize {
        let before = self.seen.starts.get();
        TimeoutFuture::new(QUIET_MILLIS).await;
        assert_eq!(self.seen.starts.get(), before, "a round started");
        self.rounds()
    }

    async fn record(&self, key: &str, amount: i64) {
        let client = self.sync().client().clone();
        client.record(Add { key: key.to_owned(), amount }, 0).await.expect("saved");
    }

    fn unmount(self) {
        self.app.destroy();
        self.host.remove();
    }
}

/// The fake server: applies every mutation that was not withdrawn, and is always at revision 1.
fn answer(_: String, body: String) -> String {
    let request: SyncRequest<Add> = serde_json::from_str(&body).expect("a request");
    let receipts = request.mutations.iter().map(|mutation| {
        let Add { key, amount } = mutation.action.clone();
        let (verdict, code, rows) = match mutation.withdrawn {
            true => (Verdict::Rejected, WITHDRAWN, Vec::new()),
            false => (Verdict::Applied, "", vec![counter(&key, amount, 1)]),
        };
        let (code, message) = (code.to_owned(), String::new());
        let outcome = Outcome { verdict, code, message, rows, removed: Vec::new() };
        Receipt { seq: mutation.seq, id: mutation.id, outcome }
    });
    let response = SyncResponse {
        protocol: PROTOCOL_VERSION,
        site: None,
        epoch: Uuid::from_u128(1),
        server_time: UnixMillis(0),
        receipts: receipts.collect(),
        known_seq: request.last_outcome_seq,
        rows: Vec::new(),
        removed: Vec::new(),
        replaced: None,
        cursor: Cursor::Live { rev: 1 },
        more: false,
        tables: Vec::new(),
    };
    serde_json::to_string(&response).expect("JSON")
}

/// No automatic rounds.
fn no_automatic_rounds() -> OfflineSyncConfig {
    OfflineSyncConfig {
        auto_sync_interval: 0,
        sync_on_online: false,
        sync_on_visibility: false,
        sync_on_mount: false,
        ..OfflineSyncConfig::default()
    }
}

fn dispatch(target: &web_sys::EventTarget, name: &str) {
    target.dispatch_event(&Event::new(name).expect("an event")).expect("dispatched");
}

fn window() -> web_sys::Window {
    web_sys::window().expect("a window")
}

fn set_server(is_up: bool) {
    js_sys::eval(&format!("window.serverIsUp = {is_up}")).expect("the script runs");
}

#[wasm_bindgen_test]
fn the_defaults_are_those_of_the_specification() {
    let config = OfflineSyncConfig::default();
    assert_eq!(config.auto_sync_interval, 60_000);
    assert!(config.sync_on_online && config.sync_on_visibility && config.sync_on_mount);
    assert!(config.on_sync_start.is_none() && config.on_sync_complete.is_none());
}

#[wasm_bindgen_test]
async fn with_everything_off_only_perform_sync_starts_a_round() {
    let trial = Trial::mount("still", no_automatic_rounds()).await;
    dispatch(&window(), "offline");
    dispatch(&window(), "online");
    dispatch(&window().document().expect("a document"), "visibilitychange");
    assert_eq!(trial.quiet().await, 0);
    trial.sync().perform_sync();
    trial.until(|trial| trial.rounds() == 1).await;
    let sync = trial.sync();
    assert_eq!((sync.status.sync_count, sync.is_online), (1, Connection::Online));
    assert!(sync.status.last_sync_at.is_some() && sync.status.next_sync_at.is_none());
    assert_eq!(trial.quiet().await, 1);
    trial.unmount();
}

#[wasm_bindgen_test]
async fn mounting_starts_a_round_with_sync_on_mount() {
    let trial =
        Trial::mount("mount", OfflineSyncConfig { sync_on_mount: true, ..no_automatic_rounds() }).await;
    trial.until(|trial| trial.rounds() == 1).await;
    assert_eq!(trial.quiet().await, 1);
    trial.unmount();
}

#[wasm_bindgen_test]
async fn the_return_of_the_network_starts_a_round_with_its_option() {
    let trial =
        Trial::mount("online", OfflineSyncConfig { sync_on_online: true, ..no_automatic_rounds() }).await;
    dispatch(&window(), "offline");
    trial.until(|trial| trial.sync().is_online == Connection::Offline).await;
    assert_eq!(trial.quiet().await, 0);
    dispatch(&window(), "online");
    trial.until(|trial| trial.rounds() == 1).await;
    trial.unmount();
}

#[wasm_bindgen_test]
async fn becoming_visible_starts_a_round_with_its_option() {
    let trial =
        Trial::mount("visible", OfflineSyncConfig { sync_on_visibility: true, ..no_automatic_rounds() })
            .await;
    assert_eq!(trial.quiet().await, 0);
    dispatch(&window().document().expect("a document"), "visibilitychange");
    trial.until(|trial| trial.rounds() == 1).await;
    trial.unmount();
}

#[wasm_bindgen_test]
async fn the_interval_starts_rounds_until_it_is_stopped() {
    let config = OfflineSyncConfig { auto_sync_interval: SHORT_INTERVAL_MILLIS, ..no_automatic_rounds() };
    let trial = Trial::mount("interval", config).await;
    trial.sync().perform_sync();
    trial.until(|trial| trial.rounds() >= 3).await;
    trial.sync().stop_auto_sync();
    trial.until(|trial| !trial.sync().is_automatic && !trial.sync().is_syncing).await;
    trial.quiet().await;
    trial.sync().start_auto_sync();
    let before = trial.rounds();
    trial.until(|trial| trial.rounds() > before).await;
    trial.unmount();
}

#[wasm_bindgen_test]
async fn the_callbacks_get_every_round_and_its_result() {
    let trial = Trial::mount("callbacks", no_automatic_rounds()).await;
    trial.sync().perform_sync();
    trial.until(|trial| trial.rounds() == 1).await;
    set_server(false);
    trial.sync().perform_sync();
    trial.until(|trial| trial.rounds() == 2).await;
    set_server(true);
    assert_eq!(trial.seen.starts.get(), 2);
    let ends = trial.seen.ends.borrow().clone();
    assert!(ends[0].is_ok() && matches!(ends[1], Err(SyncError::Round(_))), "{ends:?}");
    assert_eq!(trial.sync().status.error, ends[1].clone().err());
    trial.unmount();
}

#[wasm_bindgen_test]
async fn a_mutation_is_shown_at_once_and_sent_automatically() {
    let trial = Trial::mount("mutation", no_automatic_rounds()).await;
    set_server(false);
    trial.record("apples", 3).await;
    let apples = CounterRow::Counter { key: "apples".to_owned(), value: 3 };
    trial.until(|trial| *trial.seen.rows.borrow() == [apples.clone()]).await;
    trial.until(|trial| trial.sync().pending == 1 && trial.rounds() > 0).await;
    set_server(true);
    trial.sync().perform_sync();
    trial.until(|trial| trial.sync().pending == 0).await;
    trial.until(|trial| *trial.seen.rows.borrow() == [apples.clone()]).await;
    trial.unmount();
}

#[wasm_bindgen_test]
async fn a_discarded_mutation_is_not_sent() {
    let trial = Trial::mount("discard", no_automatic_rounds()).await;
    trial.sync().work_offline(true);
    trial.until(|trial| trial.sync().is_online == Connection::WorkingOffline).await;
    trial.record("pears", 1).await;
    trial.until(|trial| trial.sync().pending == 1).await;
    let id = trial.sync().client().pending()[0].mutation.id;
    trial.sync().discard(id).await.expect("discarded");
    trial.until(|trial| trial.sync().pending == 0 && trial.seen.rows.borrow().is_empty()).await;
    assert_eq!(trial.rounds(), 0, "it works offline by choice");
    trial.sync().work_offline(false);
    trial.until(|trial| trial.rounds() == 1).await;
    trial.unmount();
}

#[wasm_bindgen_test]
async fn an_unmounted_hook_starts_no_rounds() {
    let config =
        OfflineSyncConfig { auto_sync_interval: SHORT_INTERVAL_MILLIS, ..OfflineSyncConfig::default() };
    let trial = Trial::mount("unmount", config).await;
    trial.until(|trial| trial.rounds() > 0).await;
    let seen = trial.seen.clone();
    trial.unmount();
    let started = seen.starts.get();
    dispatch(&window(), "offline");
    dispatch(&window(), "online");
    TimeoutFuture::new(QUIET_MILLIS).await;
    assert_eq!(seen.starts.get(), started);
}
