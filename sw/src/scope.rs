//! The browser's globals that the worker uses, and the one error it reports.
//!
//! They are looked up on the global object, so that the same code runs in a service worker and in the tests' window.

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

/// Why the worker could not do what an event asked for.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The worker's program has not called [`run`](crate::run).
    #[error("the worker's program has to call sw::run")]
    NotStarted,
    /// The build description stamped into `sw.js` is not what this worker expects.
    #[error("the build list in sw.js cannot be read ({0}); build the app again")]
    BuildList(String),
    /// A precached file did not arrive whole and unchanged.
    #[error("{path} did not arrive as it was built ({reason}); the update is tried again later")]
    Precache {
        /// The file's path on the server.
        path: String,
        /// What was wrong with the answer.
        reason: String,
    },
    /// The browser refused an operation.
    #[error("the browser refused to {doing}: {reason}")]
    Browser {
        /// What the worker was doing, as a verb phrase.
        doing: &'static str,
        /// The browser's own words.
        reason: String,
    },
}

impl WorkerError {
    /// Wraps an exception the browser threw while the worker was `doing` something.
    pub fn browser(doing: &'static str) -> impl FnOnce(JsValue) -> Self {
        move |error| Self::Browser { doing, reason: describe(&error) }
    }
}

impl From<WorkerError> for JsValue {
    fn from(error: WorkerError) -> Self {
        js_sys::Error::new(&error.to_string()).into()
    }
}

/// A browser exception in words.
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

/// Awaits a promise, naming what it was for when it is rejected.
///
/// # Errors
/// [`WorkerError::Browser`] with the rejection's reason.
pub async fn settle(promise: Promise, doing: &'static str) -> Result<JsValue, WorkerError> {
    JsFuture::from(promise).await.map_err(WorkerError::browser(doing))
}

/// Sends a request over the network.
///
/// # Errors
/// [`WorkerError::Browser`] when no response came at all.
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
