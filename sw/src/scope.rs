//! The browser's globals that the worker uses, and its error type.
//!
//! They are looked up on the global object, so that the same code runs in a service worker and in a test
//! window.

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{CacheStorage, Crypto, Request, Response};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_name = caches)]
    static CACHES: CacheStorage;

    #[wasm_bindgen(thread_local_v2, js_name = crypto)]
    static CRYPTO: Crypto;

    #[wasm_bindgen(js_name = fetch)]
    fn global_fetch(request: &Request) -> Promise;
}

/// The reason why the worker could not handle an event.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The worker's program has not called [`run`](crate::run).
    #[error("the worker's program has to call sw::run")]
    NotStarted,
    /// The build description stamped into `sw.js` is not what this worker expects.
    #[error("the build list in sw.js cannot be read ({0}); build the app again")]
    BuildList(String),
    /// A precached file was not complete and unchanged.
    #[error("{path} did not arrive as it was built ({reason}); the update is tried again later")]
    Precache {
        /// The file's path on the server.
        path: String,
        /// The problem with the answer.
        reason: String,
    },
    /// The browser refused an operation.
    #[error("the browser refused to {doing}: {reason}")]
    Browser {
        /// The operation, as a verb phrase.
        doing: &'static str,
        /// The browser's message.
        reason: String,
    },
}

impl WorkerError {
    /// Wraps an exception of the browser during the operation `doing`.
    pub fn browser(doing: &'static str) -> impl FnOnce(JsValue) -> Self {
        move |error| Self::Browser { doing, reason: describe(&error) }
    }
}

impl From<WorkerError> for JsValue {
    fn from(error: WorkerError) -> Self {
        js_sys::Error::new(&error.to_string()).into()
    }
}

/// The text of a browser exception.
#[must_use]
pub fn describe(error: &JsValue) -> String {
    error
        .dyn_ref::<js_sys::Error>()
        .map_or_else(|| format!("{error:?}"), |error| String::from(error.to_string()))
}

/// The origin's caches.
#[must_use]
pub fn caches() -> CacheStorage {
    CACHES.with(CacheStorage::clone)
}

/// Awaits a promise; `doing` names the operation in case of a rejection.
///
/// # Errors
/// [`WorkerError::Browser`] with the rejection's reason.
pub async fn settle(promise: Promise, doing: &'static str) -> Result<JsValue, WorkerError> {
    JsFuture::from(promise).await.map_err(WorkerError::browser(doing))
}

/// Sends a request over the network.
///
/// # Errors
/// [`WorkerError::Browser`] when there was no response at all.
pub async fn fetch(request: &Request) -> Result<Response, WorkerError> {
    settle(global_fetch(request), "fetch a file").await.map(Response::from)
}

/// The SHA-256 of some bytes as 64 lower-case hexadecimal digits.
///
/// # Errors
/// [`WorkerError::Browser`] outside a secure context.
pub async fn sha256_hex(bytes: &Uint8Array) -> Result<String, WorkerError> {
    const DOING: &str = "compute a checksum";
    let digest = CRYPTO
        .with(|crypto| crypto.subtle().digest_with_str_and_buffer_source("SHA-256", bytes))
        .map_err(WorkerError::browser(DOING))?;
    let digest = Uint8Array::new(&settle(digest, DOING).await?).to_vec();
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}
