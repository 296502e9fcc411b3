//! Web Locks: one sync round at a time among tabs and worker. Only an optimisation: two simultaneous rounds
//! cost traffic and nothing else.

use futures::channel::oneshot;
use js_sys::{Function, Object, Promise, Reflect};
use sync::{AppNames, Turn};
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    type LockManager;

    #[wasm_bindgen(method, catch)]
    fn request(
        this: &LockManager,
        name: &str,
        options: &Object,
        callback: &Closure<dyn FnMut(JsValue) -> Promise>,
    ) -> Result<Promise, JsValue>;
}

/// Holds the lock until it is dropped.
#[derive(Debug)]
pub struct LockGuard {
    release: Option<Function>,
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        if let Some(release) = &self.release {
            drop(release.call0(&JsValue::UNDEFINED));
        }
    }
}

/// A Web Lock as the engine's [`Turn`]. In a browser without locks, every caller gets the turn.
#[derive(Clone, Debug)]
pub struct WebLock {
    name: String,
}

impl WebLock {
    /// The lock that is held during the app's rounds.
    pub fn new(names: &AppNames) -> Self {
        Self { name: names.lock() }
    }

    /// Another lock of the app: `part` says for what.
    pub fn of_part(names: &AppNames, part: &str) -> Self {
        Self { name: format!("{}-{part}", names.app) }
    }
}

impl Turn for WebLock {
    type Guard = LockGuard;

    async fn take(&self, steal: bool) -> Option<LockGuard> {
        try_lock(&self.name, steal).await
    }
}

async fn try_lock(name: &str, steal: bool) -> Option<LockGuard> {
    let Some(manager) = manager() else { return Some(LockGuard { release: None }) };
    let options = Object::new();
    let option = if steal { "steal" } else { "ifAvailable" };
    Reflect::set(&options, &option.into(), &JsValue::TRUE).ok()?;

    let mut release = None;
    let held = Promise::new(&mut |resolve, _| release = Some(resolve));
    let (granted_sender, granted) = oneshot::channel();
    let mut granted_sender = Some(granted_sender);
    let callback = Closure::new(move |lock: JsValue| {
        let is_granted = !lock.is_null();
        if let Some(sender) = granted_sender.take() {
            sender.send(is_granted).unwrap_or_default();
        }
        if is_granted { held.clone() } else { Promise::resolve(&JsValue::UNDEFINED) }
    });
    let request = manager.request(name, &options, &callback).ok()?;
    // Rejects when the lock is stolen; the round continues all the same.
    wasm_bindgen_futures::spawn_local(async move { drop(JsFuture::from(request).await) });
    granted.await.unwrap_or(false).then_some(LockGuard { release })
}

fn manager() -> Option<LockManager> {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).ok()?;
    let locks = Reflect::get(&navigator, &"locks".into()).ok()?;
    locks.is_object().then(|| locks.unchecked_into())
}
