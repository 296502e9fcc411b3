//! Authentication: a device's token, as a cookie that no script can read or as a bearer token.

use axum::extract::{FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::errors::ApiError;
use super::site;
use super::state::AppState;
use crate::enrolment::hash;
use crate::store::Device;

/// The cookie that carries the token.
pub(super) const COOKIE: &str = "lotbook_device";

/// The query parameter of reads by which an app names the site whose data it holds.
#[derive(Debug, Deserialize)]
struct NamedSite {
    site: Option<String>,
}

/// The device that sent the request. A request that names another site than the device's is refused.
#[derive(Clone)]
pub(super) struct Caller(pub(super) Device);

impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        if let Some(caller) = parts.extensions.get::<Self>() {
            return Ok(caller.clone());
        }
        let needed = || {
            let message = "This device is not connected. Connect it with a new one-time link.";
            ApiError::new(StatusCode::UNAUTHORIZED, "sign_in_needed", message)
        };
        let token = token(&parts.headers).ok_or_else(needed)?;
        let device = state.store.device(hash(token)).await?.ok_or_else(needed)?;
        // A query that cannot be read names none; its handler refuses it.
        let named = Query::<NamedSite>::try_from_uri(&parts.uri).ok().and_then(|Query(named)| named.site);
        site::check_named(&device, named.as_deref())?;
        Ok(Self(device))
    }
}

fn token(headers: &HeaderMap) -> Option<&str> {
    if let Some(authorization) = headers.get(header::AUTHORIZATION) {
        return authorization.to_str().ok()?.strip_prefix("Bearer ");
    }
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == COOKIE).then_some(value))
}

/// Refuses requests that change data and lack the app's header: a form on another site could have sent them, but it
/// cannot set a header.
pub(super) async fn require_header(name: &'static str, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if reads || request.headers().get(name).is_some_and(|value| value == "1") {
        return next.run(request).await;
    }
    let message = format!("The request lacks the header {name}: 1, which the app's own pages send.");
    ApiError::new(StatusCode::FORBIDDEN, "header_missing", message).into_response()
}
