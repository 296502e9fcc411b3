//! Requests below `/api/office/`.

use gloo_net::http::{Request, RequestBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sync::ErrorBody;
use web_sys::{AbortSignal, RequestCache};

use crate::faults::Fault;

/// The header without which the server changes nothing.
const HEADER: &str = "x-lotbook";
const TIMEOUT_MILLIS: u32 = 30_000;

/// How a request acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Post,
    Patch,
    Delete,
}

/// A part of a path.
pub(crate) fn encoded(text: &str) -> String {
    js_sys::encode_uri_component(text).into()
}

/// Reads what a path has.
pub(crate) async fn get<T: DeserializeOwned>(path: &str) -> Result<T, Fault> {
    let text = answer(limited(Request::get(&full(path))).build()).await?;
    serde_json::from_str(&text).map_err(|_| Fault::garbled())
}

/// Acts with a body, and parses the answer.
pub(crate) async fn send<T: DeserializeOwned>(
    act: Act,
    path: &str,
    body: &impl Serialize,
) -> Result<T, Fault> {
    let body = serde_json::to_string(body).map_err(|_| Fault::garbled())?;
    let request = begun(act, path).header("content-type", "application/json").body(body);
    serde_json::from_str(&answer(request).await?).map_err(|_| Fault::garbled())
}

/// Acts with a body, and takes no answer.
pub(crate) async fn put(act: Act, path: &str, body: &impl Serialize) -> Result<(), Fault> {
    let body = serde_json::to_string(body).map_err(|_| Fault::garbled())?;
    answer(begun(act, path).header("content-type", "application/json").body(body)).await.map(drop)
}

/// Acts without a body.
pub(crate) async fn act(act: Act, path: &str) -> Result<(), Fault> {
    answer(begun(act, path).build()).await.map(drop)
}

fn full(path: &str) -> String {
    format!("/api/office/{path}")
}

fn begun(act: Act, path: &str) -> RequestBuilder {
    let path = full(path);
    let request = match act {
        Act::Post => Request::post(&path),
        Act::Patch => Request::patch(&path),
        Act::Delete => Request::delete(&path),
    };
    limited(request).header(HEADER, "1")
}

fn limited(request: RequestBuilder) -> RequestBuilder {
    request.cache(RequestCache::NoStore).abort_signal(Some(&AbortSignal::timeout_with_u32(TIMEOUT_MILLIS)))
}

/// The body of a success.
async fn answer(request: Result<Request, gloo_net::Error>) -> Result<String, Fault> {
    let response = request.map_err(|_| Fault::garbled())?.send().await.map_err(|_| Fault::unreachable())?;
    let text = response.text().await.map_err(|_| Fault::unreachable())?;
    if response.ok() {
        return Ok(text);
    }
    let body: Option<ErrorBody> = serde_json::from_str(&text).ok();
    let (code, message) = body.map_or_else(Default::default, |body| (body.code, body.message));
    Err(Fault { status: response.status(), code, message })
}
