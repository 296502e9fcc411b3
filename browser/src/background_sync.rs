//! Background Sync: asks the browser to wake the worker once there is a network, even with the app closed.
//! Chromium only, and only a window may register; the app does not rely on it.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// The only tag, for the whole queue.
pub const SYNC_TAG: &str = "outbox";

/// Registers a sync event. `false` if the browser does not support or does not allow it.
pub async fn register_background_sync() -> bool {
    try_register().await.is_ok()
}

/// Whether the browser can wake the worker while the app is closed. It may still refuse to.
pub fn has_background_sync() -> bool {
    Reflect::has(&js_sys::global(), &"SyncManager".into()).unwrap_or(false)
}

async fn try_register() -> Result<(), JsValue> {
    let get = |object: &JsValue, name: &str| Reflect::get(object, &name.into());
    let container = get(&get(&js_sys::global(), "navigator")?, "serviceWorker")?;
    let ready: Promise = get(&container, "ready")?.dyn_into()?;
    let registration = JsFuture::from(ready).await?;
    let manager = get(&registration, "sync")?;
    let register: Function = get(&manager, "register")?.dyn_into()?;
    let registered: Promise = register.call1(&manager, &SYNC_TAG.into())?.dyn_into()?;
    JsFuture::from(registered).await.map(drop)
}
