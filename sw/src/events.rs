//! The functions that `public/sw.js` calls, one for each listener. An `Err` rejects the event.

use std::cell::Cell;
use std::panic;
use std::pin::Pin;

use js_sys::JsString;
use sync::Records;
use wasm_bindgen::prelude::*;
use web_sys::{Request, Response, ServiceWorkerGlobalScope, console};

use crate::drain::drain;
use crate::lifecycle;
use crate::policy::Message;
use crate::precache::Build;
use crate::respond::respond;
use crate::scope::WorkerError;
use crate::shell::Shell;

/// The app of this worker.
#[derive(Clone, Copy)]
struct App {
    shell: Shell,
    drain: fn(&Shell) -> Draining,
}

type Draining = Pin<Box<dyn Future<Output = Result<(), String>>>>;

thread_local! {
    static APP: Cell<Option<App>> = const { Cell::new(None) };
}

/// Makes this program the service worker of an app with the rows of `M`. Call it once, in `main`:
///
/// ```no_run
/// # use sync::conformance::Counters as Notes;
/// # use sync::AppNames;
/// const NAMES: AppNames = AppNames::new("notes", "all");
///
/// fn main() {
///     sw::run::<Notes>(sw::Shell::new(&NAMES));
/// }
/// ```
pub fn run<M: Records>(shell: Shell) {
    // A panic traps the instance. The next event gets a new one, so that a single failing event does not end the
    // worker.
    panic::set_hook(Box::new(|info| {
        console::error_1(&info.to_string().into());
        wasm_bindgen::handler::schedule_reinit();
    }));
    APP.set(Some(App {
        shell,
        drain: |shell| Box::pin(drain::<M>(shell.names, || scope().registration().waiting().is_some())),
    }));
}

fn app() -> Result<App, WorkerError> {
    APP.get().ok_or(WorkerError::NotStarted)
}

fn scope() -> ServiceWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Caches the files of the stamped `build`, all or none.
///
/// # Errors
/// Names the file that failed verification.
#[wasm_bindgen]
pub async fn on_install(build: JsValue, event: JsValue) -> Result<(), JsValue> {
    Ok(lifecycle::install(&app()?.shell, &scope(), &Build::from_js(&build)?, &event).await?)
}

/// Deletes the caches of older builds and claims the open windows.
///
/// # Errors
/// The browser's error.
#[wasm_bindgen]
pub async fn on_activate(build: JsValue) -> Result<(), JsValue> {
    Ok(lifecycle::activate(&app()?.shell, &scope(), &Build::from_js(&build)?).await?)
}

/// Answers a request from the cache of build `build_id` or the network.
///
/// Exports take no Rust string: the glue would write it into an instance that has just trapped.
///
/// # Errors
/// The network's error when there is no answer.
#[wasm_bindgen]
pub async fn on_fetch(request: Request, build_id: JsString) -> Result<Response, JsValue> {
    let origin = scope().location().origin();
    Ok(respond(&app()?.shell, &request, &origin, &String::from(build_id)).await?)
}

/// Handles a posted message: `{"type": "skip-waiting"}` or `{"type": "sync"}`.
///
/// # Errors
/// As the requested operation.
#[wasm_bindgen]
pub async fn on_message(data: JsValue) -> Result<(), JsValue> {
    match lifecycle::read_message(&data) {
        Some(Message::SkipWaiting) => Ok(lifecycle::skip_waiting(&scope()).await?),
        Some(Message::Sync) => on_sync(false).await,
        None => Ok(()),
    }
}

/// Drains the queue. All events have the same tag. A rejected event is fired again by the browser, except on
/// its `last_chance`; then the next start of the app registers it again.
///
/// # Errors
/// When mutations are left that a retry may send.
#[wasm_bindgen]
pub async fn on_sync(last_chance: bool) -> Result<(), JsValue> {
    let App { shell, drain } = app()?;
    let drained = drain(&shell).await;
    if drained.is_err() && last_chance {
        console::warn_1(
            &"The browser gives up sending in the background; it goes on when the app is opened.".into(),
        );
    }
    Ok(drained?)
}
