//! The page's side of the service worker: registering it, looking for new builds, and putting one in place.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo_events::EventListener;
use gloo_timers::callback::Interval;
use js_sys::{Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    RegistrationOptions, ServiceWorkerContainer, ServiceWorkerRegistration, ServiceWorkerState,
    ServiceWorkerUpdateViaCache,
};

const SCRIPT: &str = "/sw.js";
/// A kiosk's page never navigates, so the browser would not look by itself.
const UPDATE_CHECK_MILLIS: u32 = 3_600_000;

type Watchers = RefCell<Vec<(u64, Rc<dyn Fn()>)>>;

thread_local! {
    static WAITING: RefCell<Option<ServiceWorkerRegistration>> = const { RefCell::new(None) };
    static WATCHERS: Watchers = const { RefCell::new(Vec::new()) };
    static NEXT_WATCHER: Cell<u64> = const { Cell::new(0) };
    static IS_APPLYING: Cell<bool> = const { Cell::new(false) };
}

/// Registers the service worker and asks the browser to keep this device's data. Background Sync is asked for by the
/// engine at every start and at every saved mutation.
pub(crate) fn init_offline_sync() {
    spawn_local(async {
        // Without a worker the app still works while its page is open; there is nobody to tell.
        drop(register().await);
    });
    spawn_local(crate::device::storage::ask_to_keep());
}

/// Loads the page anew.
pub(crate) fn reload() {
    if let Some(window) = web_sys::window() {
        drop(window.location().reload());
    }
}

/// Ends a watch when dropped.
pub(crate) struct UpdateWatch(u64);

impl Drop for UpdateWatch {
    fn drop(&mut self) {
        WATCHERS.with_borrow_mut(|watchers| watchers.retain(|(id, _)| *id != self.0));
    }
}

/// Calls `callback` when a new build waits, at once if it does already.
pub(crate) fn on_update_ready(callback: impl Fn() + 'static) -> UpdateWatch {
    if WAITING.with_borrow(Option::is_some) {
        callback();
    }
    let id = NEXT_WATCHER.replace(NEXT_WATCHER.get() + 1);
    WATCHERS.with_borrow_mut(|watchers| watchers.push((id, Rc::new(callback))));
    UpdateWatch(id)
}

/// Lets the waiting build take over; the page reloads once it has.
pub(crate) fn apply_update() {
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
    let watchers: Vec<_> = WATCHERS.with_borrow(Clone::clone);
    watchers.iter().for_each(|(_, callback)| callback());
}
