//! The page's side of the service worker: registration, the search for new builds, and their activation.

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
/// A kiosk's page never navigates, so the browser would not look for a new build by itself.
const UPDATE_CHECK_MILLIS: u32 = 3_600_000;

thread_local! {
    static WAITING: RefCell<Option<ServiceWorkerRegistration>> = const { RefCell::new(None) };
    static WATCHERS: Watchers<()> = Watchers::default();
    static IS_APPLYING: Cell<bool> = const { Cell::new(false) };
}

/// Registers the service worker (`/sw.js`) and asks the browser to keep this device's data. Call it once, first thing.
/// The engine asks for Background Sync at every start and at every saved mutation.
pub fn init_offline_sync() {
    spawn_local(async {
        // Without a worker the application still works while its page is open.
        drop(register().await);
    });
    spawn_local(ask_to_keep_data());
}

/// Asks the browser not to evict this device's data when space is short.
pub async fn ask_to_keep_data() {
    let Some(window) = web_sys::window() else { return };
    let manager = window.navigator().storage();
    // Undefined outside secure contexts, whatever the bindings say.
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

/// Whether a new build waits for the user's consent, and the callback that activates it.
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

/// Calls `callback` when a new build waits, at once if it does already, until the guard is dropped.
fn on_update_ready(callback: impl Fn() + 'static) -> Watch {
    if WAITING.with_borrow(Option::is_some) {
        callback();
    }
    WATCHERS.with(|watchers| watchers.watch(move |()| callback()))
}

/// Activates the waiting build; the page reloads once it is in charge.
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
    // Another window may have applied the update: this one has to follow.
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
