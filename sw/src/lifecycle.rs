//! Install, activation and messages: how a new build replaces the previous one.

use crate::policy::Message;
use crate::precache::{self, Build};
use crate::routes;
use crate::scope::{self, WorkerError};
use crate::shell::Shell;
use js_sys::Reflect;
use wasm_bindgen::JsValue;
use web_sys::ServiceWorkerGlobalScope;

/// Caches the build's files. The first build on a device takes over at once; a later one waits until the user
/// agrees, because an open page still runs the old build.
///
/// # Errors
/// As [`precache::fill`]; the browser then drops this worker and keeps the active one.
pub async fn install(
    shell: &Shell,
    global: &ServiceWorkerGlobalScope,
    build: &Build,
    event: &JsValue,
) -> Result<(), WorkerError> {
    precache::fill(shell, build).await?;
    routes::add(shell, event, build).await;
    if global.registration().active().is_none() { skip_waiting(global).await } else { Ok(()) }
}

/// Deletes the caches of older builds and claims the open windows.
///
/// # Errors
/// As [`precache::sweep`]. No lock and no sync is awaited here: they would delay the activation.
pub async fn activate(
    shell: &Shell,
    global: &ServiceWorkerGlobalScope,
    build: &Build,
) -> Result<(), WorkerError> {
    precache::sweep(shell, build).await?;
    scope::settle(global.clients().claim(), "take charge of open windows").await.map(drop)
}

/// Ends the waiting state of an installed update.
///
/// # Errors
/// [`WorkerError::Browser`] when the browser refuses.
pub async fn skip_waiting(global: &ServiceWorkerGlobalScope) -> Result<(), WorkerError> {
    const DOING: &str = "start the new version";
    let promise = global.skip_waiting().map_err(WorkerError::browser(DOING))?;
    scope::settle(promise, DOING).await.map(drop)
}

/// Parses a posted `{"type": ...}`; `None` for any other message.
#[must_use]
pub fn read_message(data: &JsValue) -> Option<Message> {
    let kind = Reflect::get(data, &JsValue::from_str("type")).ok()?.as_string()?;
    Message::from_type(&kind)
}
