//! The page's side of the service worker: registration, checks for new builds, and their activation.

use std::cell::{Cell, RefCell};

use gloo_events::EventListener;
use gloo_timers::callback::Interval;
use js_sys::{Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    RegistrationOptions, ServiceWorkerContainer, ServiceWorkerRegistration, ServiceWorkerState,
    ServiceWorkerUpdateViaCache,
};
use yew::prelude::*;

use crate::watchers::{Watch, Watchers};

const SCRIPT: &str = "/sw.js";
/// A kiosk's page never navigates, so the browser would not check for new builds by itself.
const UPDATE_CHECK_MILLIS: u32 = 3_600_000;

/// Whether the app can be opened without a network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OfflineStart {
    /// Not known yet: the service worker is being installed.
    #[default]
    Pending,
    /// A service worker is installed.
    Ready,
    /// There is none: the browser, this window or the address does not allow it, or its installation failed. Nothing is
    /// sent while the app is closed either.
    Missing,
}

thread_local! {
    static OFFLINE_START: Cell<OfflineStart> = const { Cell::new(OfflineStart::Pending) };
    static OFFLINE_START_WATCHERS: Watchers<OfflineStart> = Watchers::default();
    static WAITING: RefCell<Option<ServiceWorkerRegistration>> = const { RefCell::new(None) };
    static WATCHERS: Watchers<()> = Watchers::default();
    static IS_APPLYING: Cell<bool> = const { Cell::new(false) };
}

/// Registers the service worker (`/sw.js`) and asks the browser to keep this device's data. Call it once,
/// first. The engine requests Background Sync at every start and at every saved mutation.
pub fn init_offline_sync() {
    spawn_local(async {
        // Without a worker the application still works while its page is open.
        if register().await.is_err() {
            let is_kept = container().is_some_and(|container| container.controller().is_some());
            set_offline_start(if is_kept { OfflineStart::Ready } else { OfflineStart::Missing });
        }
    });
    spawn_local(ask_to_keep_data());
}

/// Asks the browser not to evict this device's data when storage is short.
pub async fn ask_to_keep_data() {
    let Some(window) = web_sys::window() else { return };
    let manager = window.navigator().storage();
    // Undefined outside secure contexts, contrary to the bindings.
    if !AsRef::<JsValue>::as_ref(&manager).is_object() {
        return;
    }
    if let Ok(asked) = manager.persist() {
        drop(JsFuture::from(asked).await);
    }
}

/// Reloads the page.
pub fn reload() {
    if let Some(window) = web_sys::window() {
        drop(window.location().reload());
    }
}

/// Whether a new build waits for activation, and the callback that activates it.
#[hook]
pub fn use_update_ready() -> (bool, Callback<()>) {
    let is_ready = use_state(bool::default);
    {
        let setter = is_ready.setter();
        use_effect_with((), move |()| {
            let watch = on_update_ready(move || setter.set(true));
            move || drop(watch)
        });
    }
    (*is_ready, Callback::from(|()| apply_update()))
}

/// Whether the app can be opened without a network.
#[hook]
pub fn use_offline_start() -> OfflineStart {
    let state = use_state_eq(|| OFFLINE_START.get());
    {
        let setter = state.setter();
        use_effect_with((), move |()| {
            // It may have changed since the first rendering.
            setter.set(OFFLINE_START.get());
            let watch = OFFLINE_START_WATCHERS
                .with(|watchers| watchers.watch(move |now: &OfflineStart| setter.set(*now)));
            move || drop(watch)
        });
    }
    *state
}

fn set_offline_start(now: OfflineStart) {
    OFFLINE_START.set(now);
    OFFLINE_START_WATCHERS.with(|watchers| watchers.emit(&now));
}

/// Follows the first worker of this device until it is active, or has failed to install.
fn watch_first(registration: &ServiceWorkerRegistration) {
    if registration.active().is_some() {
        return set_offline_start(OfflineStart::Ready);
    }
    let Some(worker) = registration.installing().or_else(|| registration.waiting()) else {
        return set_offline_start(OfflineStart::Missing);
    };
    let (first, registration) = (worker.clone(), registration.clone());
    EventListener::new(&worker, "statechange", move |_| match first.state() {
        ServiceWorkerState::Activated => set_offline_start(OfflineStart::Ready),
        // A worker that an update replaces is redundant as well.
        ServiceWorkerState::Redundant if registration.active().is_none() => {
            set_offline_start(OfflineStart::Missing);
        }
        _ => {}
    })
    .forget();
}

/// Calls `callback` when a new build waits, or at once if one does already, until the guard is dropped.
fn on_update_ready(callback: impl Fn() + 'static) -> Watch {
    if WAITING.with_borrow(Option::is_some) {
        callback();
    }
    WATCHERS.with(|watchers| watchers.watch(move |()| callback()))
}

/// Activates the waiting build; the page reloads when it is active.
fn apply_update() {
    let waiting = WAITING
        .with_borrow(|registration| registration.as_ref().and_then(ServiceWorkerRegistration::waiting));
    match waiting {
        Some(worker) => {
            IS_APPLYING.set(true);
            let message = Object::new();
            drop(Reflect::set(&message, &"type".into(), &"skip-waiting".into()));
            drop(worker.post_message(&message));
        }
        None => reload(),
    }
}

fn container() -> Option<ServiceWorkerContainer> {
    let navigator = web_sys::window()?.navigator();
    let container = Reflect::get(&navigator, &"serviceWorker".into()).ok()?;
    container.dyn_into().ok()
}

async fn register() -> Result<(), JsValue> {
    let container = container().ok_or("no service workers here")?;
    // Another window may have activated the update: this one has to reload, too.
    let had_controller = container.controller().is_some();
    EventListener::new(&container, "controllerchange", move |_| {
        if had_controller || IS_APPLYING.get() {
            reload();
        }
    })
    .forget();
    let options = RegistrationOptions::new();
    options.set_update_via_cache(ServiceWorkerUpdateViaCache::None);
    let registered = JsFuture::from(container.register_with_options(SCRIPT, &options)).await?;
    let registration: ServiceWorkerRegistration = registered.dyn_into()?;
    watch_first(&registration);
    watch(&registration);
    let checked = registration.clone();
    Interval::new(UPDATE_CHECK_MILLIS, move || check(&checked)).forget();
    if let Some(window) = web_sys::window() {
        let checked = registration.clone();
        EventListener::new(&window, "online", move |_| check(&checked)).forget();
    }
    Ok(())
}

fn check(registration: &ServiceWorkerRegistration) {
    if let Ok(asked) = registration.update() {
        spawn_local(async move { drop(JsFuture::from(asked).await) });
    }
}

fn watch(registration: &ServiceWorkerRegistration) {
    if registration.waiting().is_some()
        && container().is_some_and(|container| container.controller().is_some())
    {
        announce(registration);
    }
    let found = registration.clone();
    EventListener::new(registration, "updatefound", move |_| {
        watch_first(&found);
        let Some(worker) = found.installing() else { return };
        let registration = found.clone();
        let installing = worker.clone();
        EventListener::new(&worker, "statechange", move |_| {
            let is_update = container().is_some_and(|container| container.controller().is_some());
            if installing.state() == ServiceWorkerState::Installed && is_update {
                announce(&registration);
            }
        })
        .forget();
    })
    .forget();
}

fn announce(registration: &ServiceWorkerRegistration) {
    WAITING.with_borrow_mut(|waiting| *waiting = Some(registration.clone()));
    WATCHERS.with(|watchers| watchers.emit(&()));
}
