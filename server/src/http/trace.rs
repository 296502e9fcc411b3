//! A span and figures for each request. Its id is the client's, if that has sent a usable one, so that a proxy's log and
//! this one can be read together.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;
use tracing::field::{Empty, display};
use tracing::{Instrument as _, Span};
use uuid::Uuid;

use crate::metrics::Metrics;
use crate::random;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Characters of an id. A UUID has 36, and no proxy in use makes longer ones than this.
const MAX_REQUEST_ID_CHARS: usize = 64;

/// Middleware around everything else.
pub(super) async fn observe(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let id = accepted(request.headers()).map_or_else(new_id, ToOwned::to_owned);
    // The template: an address may have a one-time code.
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    // At the level of errors, so that it is there at every level of the log.
    let span = tracing::error_span!(
        "request",
        id,
        method = %request.method(),
        route = route.as_deref().unwrap_or("other"),
        device = Empty,
        site = Empty
    );
    let began = Instant::now();
    let mut response = next.run(request).instrument(span).await;
    metrics.answered(route.as_deref(), response.status(), began.elapsed());
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Adds the device, key or person and the site to the request's span.
pub(super) fn name_sender(site: &str, sender: Uuid) {
    let span = Span::current();
    span.record("device", display(sender));
    span.record("site", site);
}

/// The client's id, if it has a usable length and nothing that could be taken for something else in a log.
fn accepted(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (!id.is_empty() && id.len() <= MAX_REQUEST_ID_CHARS && id.bytes().all(is_plain)).then_some(id)
}

fn new_id() -> String {
    // Without random numbers nothing else works either, and says so.
    random::uuid().unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_short_and_plain() {
        let read = |id: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_str(id).expect("a value"));
            accepted(&headers).map(ToOwned::to_owned)
        };
        let longest = "a".repeat(MAX_REQUEST_ID_CHARS);
        for id in ["7", "0198c5f2-7d3e-7cc1.a_B", longest.as_str()] {
            assert_eq!(read(id).as_deref(), Some(id));
        }
        for id in ["", "a b", "a\"b", "a=b", "{}", &format!("{longest}a")] {
            assert_eq!(read(id), None, "{id}");
        }
        assert_eq!(accepted(&HeaderMap::new()), None);
    }
}
