//! Keeps the screen on while people work with both hands.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo_events::EventListener;
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::VisibilityState;
use yew::prelude::*;

/// A request to keep the screen on. The browser releases the lock whenever the page is hidden; it is
/// requested again when the page becomes visible.
#[derive(Default)]
struct Awake {
    is_wanted: Cell<bool>,
    is_asking: Cell<bool>,
    lock: RefCell<Option<JsValue>>,
}

impl Awake {
    fn ask(self: &Rc<Self>) {
        let is_held =
            self.lock.borrow().as_ref().is_some_and(|lock| get(lock, "released") != Some(JsValue::TRUE));
        if is_held || !is_visible() || self.is_asking.replace(true) {
            return;
        }
        let itself = self.clone();
        spawn_local(async move {
            let lock = request().await;
            itself.is_asking.set(false);
            itself.lock.replace(lock);
            // The component may be gone by the time the browser grants the lock.
            if !itself.is_wanted.get() {
                itself.release();
            }
        });
    }

    fn release(&self) {
        if let Some(released) = self.lock.take().and_then(|lock| call(&lock, "release", &[])) {
            // A lock that the browser has released already is fine.
            spawn_local(async move { drop(JsFuture::from(released).await) });
        }
    }
}

/// Keeps the screen on while `is_wanted` and the page is visible; a no-op if the browser does not support it.
#[hook]
pub(crate) fn use_wake_lock(is_wanted: bool) {
    use_effect_with(is_wanted, |is_wanted| {
        let awake = Rc::new(Awake::default());
        awake.is_wanted.set(*is_wanted);
        let document = web_sys::window().and_then(|window| window.document()).filter(|_| *is_wanted);
        let listener = document.map(|document| {
            awake.ask();
            let seen = awake.clone();
            EventListener::new(&document, "visibilitychange", move |_| seen.ask())
        });
        move || {
            drop(listener);
            awake.is_wanted.set(false);
            awake.release();
        }
    });
}

fn is_visible() -> bool {
    let document = web_sys::window().and_then(|window| window.document());
    document.is_some_and(|document| document.visibility_state() == VisibilityState::Visible)
}

/// `None` if it is not supported, or if the device saves its battery.
async fn request() -> Option<JsValue> {
    let wake_lock = get(&web_sys::window()?.navigator(), "wakeLock")?;
    JsFuture::from(call(&wake_lock, "request", &["screen".into()])?).await.ok()
}

// Its bindings are not stable yet.
fn get(object: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(object, &name.into()).ok().filter(|value| !value.is_undefined())
}

fn call(object: &JsValue, name: &str, values: &[JsValue]) -> Option<Promise> {
    let function: Function = get(object, name)?.dyn_into().ok()?;
    let values: js_sys::Array = values.iter().collect();
    function.apply(object, &values).ok()?.dyn_into().ok()
}
