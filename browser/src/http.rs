//! JSON over `fetch`, with a timeout.

use gloo_net::http::{Request, RequestBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sync::{Answer, TransportError};
use web_sys::{AbortSignal, RequestRedirect, ResponseType};

/// `GET`s a JSON document. `None` for a 404.
///
/// # Errors
/// [`TransportError`].
pub async fn get_json<T: DeserializeOwned>(
    path: &str,
    timeout_millis: u32,
) -> Result<Option<T>, TransportError> {
    let request = Request::get(path).cache(web_sys_no_store());
    match answer(limited(request, timeout_millis).build().map_err(unsendable)?).await {
        Ok(value) => Ok(Some(value)),
        Err(TransportError::Refused { status: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// `POST`s a JSON document with the app's own `header` ([`AppNames::header`](sync::AppNames)), and parses the
/// JSON answer.
///
/// # Errors
/// [`TransportError`].
pub async fn post_json<T: DeserializeOwned>(
    header: &str,
    path: &str,
    body: &impl Serialize,
    timeout_millis: u32,
) -> Result<T, TransportError> {
    let text = serde_json::to_string(body).map_err(|_| TransportError::Garbled)?;
    let request = json_post(header, path, timeout_millis);
    answer(request.body(text).map_err(unsendable)?).await
}

/// `POST`s an empty body with the app's own `header`, and ignores the body of a success.
///
/// # Errors
/// [`TransportError`].
pub async fn post_empty(header: &str, path: &str, timeout_millis: u32) -> Result<(), TransportError> {
    answer_text(json_post(header, path, timeout_millis).build().map_err(unsendable)?).await.map(drop)
}

/// A `POST` request of JSON with the app's own header, still without a body.
pub(crate) fn json_post(header: &str, path: &str, timeout_millis: u32) -> RequestBuilder {
    let request = Request::post(path).header("content-type", "application/json").header(header, "1");
    limited(request.cache(web_sys_no_store()), timeout_millis)
}

fn limited(request: RequestBuilder, timeout_millis: u32) -> RequestBuilder {
    // A followed redirect to another origin would look like a lost connection.
    let request = request.redirect(RequestRedirect::Manual);
    request.abort_signal(Some(&AbortSignal::timeout_with_u32(timeout_millis)))
}

fn web_sys_no_store() -> web_sys::RequestCache {
    web_sys::RequestCache::NoStore
}

pub(crate) fn unsendable(error: gloo_net::Error) -> TransportError {
    TransportError::Refused { status: 0, message: error.to_string() }
}

/// Sends, and parses the JSON of a success.
pub(crate) async fn answer<T: DeserializeOwned>(request: Request) -> Result<T, TransportError> {
    // From text like everywhere else: `from_slice` would compile the parser a second time.
    serde_json::from_str(&answer_text(request).await?).map_err(|_| TransportError::Garbled)
}

/// The lowest status of errors of the server.
const FIRST_SERVER_ERROR: u16 = 500;

/// Sends, and returns the body of a success. One copy serves answers of every type.
async fn answer_text(request: Request) -> Result<String, TransportError> {
    let response = request.send().await.map_err(|error| broken(&error))?;
    let header = |name: &str| response.headers().get(name);
    let content_type = header("content-type").unwrap_or_default();
    let retry_after = header("retry-after").and_then(|text| text.parse::<u64>().ok());
    let body = response.binary().await.map_err(|error| broken(&error));
    // A server in trouble is told by its status and its delay, also if its answer breaks off.
    if let (Err(error), false) = (&body, response.status() >= FIRST_SERVER_ERROR) {
        return Err(error.clone());
    }
    let body = body.and_then(|body| String::from_utf8(body).map_err(|_| TransportError::Garbled));
    let answer = Answer {
        is_redirect: response.type_() == ResponseType::Opaqueredirect,
        status: response.status(),
        content_type: &content_type,
        retry_after_millis: retry_after.map(|seconds| seconds.saturating_mul(1_000)),
        body: body.as_deref().unwrap_or_default(),
    };
    match answer.failure() {
        Some(failure) => Err(failure),
        None => body,
    }
}

fn broken(error: &gloo_net::Error) -> TransportError {
    match error {
        gloo_net::Error::JsError(error) if matches!(error.name.as_str(), "TimeoutError" | "AbortError") => {
            TransportError::TimedOut
        }
        _ => TransportError::Unreachable,
    }
}
