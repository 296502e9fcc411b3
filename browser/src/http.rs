//! JSON over `fetch`, with a timeout, and the errors of HTTP statuses.

use gloo_net::http::{Request, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sync::{ErrorBody, TransportError};
use web_sys::AbortSignal;

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
    let request = json_post(header, path, timeout_millis).build().map_err(unsendable)?;
    let response = request.send().await.map_err(|error| broken(&error))?;
    if response.ok() { Ok(()) } else { Err(refusal(response).await) }
}

/// A `POST` request of JSON with the app's own header, still without a body.
pub(crate) fn json_post(header: &str, path: &str, timeout_millis: u32) -> RequestBuilder {
    let request = Request::post(path).header("content-type", "application/json").header(header, "1");
    limited(request.cache(web_sys_no_store()), timeout_millis)
}

fn limited(request: RequestBuilder, timeout_millis: u32) -> RequestBuilder {
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

/// Sends, and returns the body of a success. One copy serves answers of every type.
async fn answer_text(request: Request) -> Result<String, TransportError> {
    let response = request.send().await.map_err(|error| broken(&error))?;
    if !response.ok() {
        return Err(refusal(response).await);
    }
    let body = response.binary().await.map_err(|error| broken(&error))?;
    String::from_utf8(body).map_err(|_| TransportError::Garbled)
}

fn broken(error: &gloo_net::Error) -> TransportError {
    match error {
        gloo_net::Error::JsError(error) if matches!(error.name.as_str(), "TimeoutError" | "AbortError") => {
            TransportError::TimedOut
        }
        _ => TransportError::Unreachable,
    }
}

async fn refusal(response: Response) -> TransportError {
    let status = response.status();
    let retry_after = response.headers().get("retry-after").and_then(|text| text.parse::<u64>().ok());
    let body = response.text().await.ok().and_then(|text| serde_json::from_str::<ErrorBody>(&text).ok());
    classify(status, retry_after.map(|seconds| seconds.saturating_mul(1_000)), body)
}

/// The error for an unsuccessful status. Only our server answers with an [`ErrorBody`].
fn classify(status: u16, retry_after_millis: Option<u64>, body: Option<ErrorBody>) -> TransportError {
    match (status, body) {
        (408 | 425 | 429 | 500..=510, _) => TransportError::Busy { retry_after_millis },
        (401 | 403, Some(_)) => TransportError::SignInNeeded,
        (426, Some(_)) => TransportError::UpgradeNeeded,
        (status, Some(body)) => TransportError::Refused { status, message: body.message },
        (_, None) => TransportError::Garbled,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(message: &str) -> Option<ErrorBody> {
        Some(ErrorBody { code: "any".to_owned(), message: message.to_owned() })
    }

    #[test]
    fn distinguishes_failures() {
        let busy = TransportError::Busy { retry_after_millis: None };
        for status in [408, 425, 429, 500, 502, 503, 504] {
            assert_eq!(classify(status, None, None), busy, "{status}");
        }
        assert_eq!(
            classify(503, Some(9_000), None),
            TransportError::Busy { retry_after_millis: Some(9_000) }
        );
        assert_eq!(classify(401, None, ours("who?")), TransportError::SignInNeeded);
        assert_eq!(classify(426, None, ours("old")), TransportError::UpgradeNeeded);
        let refused = TransportError::Refused { status: 400, message: "bad".to_owned() };
        assert_eq!(classify(400, None, ours("bad")), refused);
        for status in [401, 403, 404, 511] {
            assert_eq!(classify(status, None, None), TransportError::Garbled, "a portal's {status}");
        }
    }
}
