//! Responses that are not a success. Each carries an [`ErrorBody`]: a stable code and a sentence.

use axum::Json;
use axum::extract::{OriginalUri, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sync::{ErrorBody, OtherSite};
use utoipa::ToSchema;

use crate::store::StoreFault;

/// Seconds after which a client may retry a 503 or 429, unless it is told otherwise.
const RETRY_AFTER_SECONDS: u32 = 2;

/// The codes of refusals that a wrong guess gets.
pub(super) const BAD_CODE: &str = "bad_code";
pub(super) const BAD_TOKEN: &str = "bad_token";

/// A refusal of a whole request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after_seconds: u32,
    sites: Option<OtherSite>,
    items: Vec<BadItem>,
}

/// A part of a request that cannot be booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct BadItem {
    /// Its place in the body, such as `products[2].sku`.
    pub(super) at: String,
    /// What is wrong with it.
    pub(super) reason: String,
}

/// A refusal as sent.
#[derive(Serialize)]
struct Body {
    #[serde(flatten)]
    refusal: ErrorBody,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    items: Vec<BadItem>,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            status,
            code,
            message,
            retry_after_seconds: RETRY_AFTER_SECONDS,
            sites: None,
            items: Vec::new(),
        }
    }

    /// A request beyond a device's limits, which may be sent again after this time.
    pub(super) fn too_many(code: &'static str, message: impl Into<String>, seconds: u32) -> Self {
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, code, message);
        Self { retry_after_seconds: seconds, ..error }
    }

    /// The same refusal with the two sites that it is about.
    pub(super) fn of_sites(self, sites: OtherSite) -> Self {
        Self { sites: Some(sites), ..self }
    }

    /// The same refusal with the parts of the request that it is about.
    pub(super) fn of_items(self, items: Vec<BadItem>) -> Self {
        Self { items, ..self }
    }

    /// Whether it is the answer to a code or a token that may have been guessed.
    pub(super) fn is_guess(&self) -> bool {
        [BAD_CODE, BAD_TOKEN].contains(&self.code)
    }

    /// Status, code and sentence.
    #[cfg(test)]
    pub(super) fn parts(self) -> (StatusCode, &'static str, String) {
        (self.status, self.code, self.message)
    }

    pub(super) fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Self { status, code, message, retry_after_seconds, sites, items } = self;
        let refusal = ErrorBody { code: code.to_owned(), message, sites };
        let mut response = (status, Json(Body { refusal, items })).into_response();
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after_seconds));
        }
        response
    }
}

impl From<StoreFault> for ApiError {
    fn from(fault: StoreFault) -> Self {
        match fault {
            StoreFault::Busy => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", StoreFault::Busy.to_string())
            }
            StoreFault::Overloaded { retry_after_seconds } => {
                let (status, message) = (StatusCode::SERVICE_UNAVAILABLE, fault.to_string());
                Self { retry_after_seconds, ..Self::new(status, "overloaded", message) }
            }
            StoreFault::Importing => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "importing", StoreFault::Importing.to_string())
            }
            StoreFault::Invalid { code, message } => Self::bad_request(code, message),
            StoreFault::Failed(cause) => {
                tracing::error!(%cause, "the database failed");
                let message = "The server's database failed. Nothing was booked; the server's log says why.";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "database_failed", message)
            }
        }
    }
}

/// Adds a body to refusals of other layers that lack one.
pub(super) async fn with_body(request: Request, next: Next) -> Response {
    let uri = request.extensions().get::<OriginalUri>().map_or_else(|| request.uri(), |original| &original.0);
    let (method, path) = (request.method().clone(), uri.path().to_owned());
    let response = next.run(request).await;
    let status = response.status();
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let has_body = content_type.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if has_body || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let allow = response.headers().get(header::ALLOW).cloned();
    let mut replaced = described(status, method.as_str(), &path).into_response();
    if let Some(allow) = allow {
        replaced.headers_mut().insert(header::ALLOW, allow);
    }
    replaced
}

fn described(status: StatusCode, method: &str, path: &str) -> ApiError {
    match status {
        StatusCode::NOT_FOUND => ApiError::new(status, "not_found", format!("There is nothing at {path}.")),
        StatusCode::METHOD_NOT_ALLOWED => {
            ApiError::new(status, "bad_method", format!("{path} does not take {method}."))
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            let message = "The body's content-encoding is none of gzip, br and identity. Send one of those.";
            ApiError::new(status, "bad_encoding", message)
        }
        StatusCode::INTERNAL_SERVER_ERROR => {
            let message = "The server made a mistake. Nothing was booked; its log says why.";
            ApiError::new(status, "server_error", message)
        }
        _ => ApiError::new(status, "refused", format!("{method} {path} was refused ({status}).")),
    }
}
