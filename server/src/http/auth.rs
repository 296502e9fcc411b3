//! Authentication: a device's token, as a cookie that no script can read or as a bearer token.

use axum::extract::{FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::errors::ApiError;
use super::origin::Origin;
use super::reader;
use super::session::{self, DueCookie};
use super::site;
use super::state::AppState;
use crate::enrolment::hash;
use crate::store::Device;

/// The query parameter of reads by which an app names the site whose data it holds.
#[derive(Debug, Deserialize)]
pub(super) struct NamedSite {
    pub(super) site: Option<String>,
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
        let device = device_of(parts, state).await?;
        // A query that cannot be read names none; its handler refuses it.
        let named = Query::<NamedSite>::try_from_uri(&parts.uri).ok().and_then(|Query(named)| named.site);
        site::check_named(&device, named.as_deref())?;
        Ok(Self(device))
    }
}

/// The device whose token the request has: as a bearer token, or in one of its cookies.
async fn device_of(parts: &mut Parts, state: &AppState) -> Result<Device, ApiError> {
    if let Some(authorization) = parts.headers.get(header::AUTHORIZATION) {
        let token = authorization.to_str().ok().and_then(|text| text.strip_prefix("Bearer "));
        if state.tokens.is_some() && reader::token_of(&parts.headers).is_some() {
            let message = "A token of Supabase reads and connects devices. This takes a device: connect one with it first.";
            return Err(ApiError::new(StatusCode::FORBIDDEN, "device_needed", message));
        }
        return state.store.device(hash(token.ok_or_else(needed)?)).await?.ok_or_else(needed);
    }
    for cookie in session::cookies(&parts.headers) {
        let Some(device) = state.store.device(hash(&cookie.token)).await? else { continue };
        let Ok(origin) = Origin::from_request_parts(parts, state).await;
        if cookie.is_due(origin, state.clock.now())
            && let Some(due) = parts.extensions.get::<DueCookie>()
        {
            due.leave(&cookie.token);
        }
        return Ok(device);
    }
    Err(needed())
}

fn needed() -> ApiError {
    let message = "This device is not connected. Connect it with a new one-time link.";
    ApiError::new(StatusCode::UNAUTHORIZED, "sign_in_needed", message)
}

/// Which requests that change data need a header, because a browser may have sent them for another site, with its cookie.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeaderRule {
    /// The header.
    pub(super) name: &'static str,
    /// The beginning of the paths at which no cookie is looked at, if there are such.
    pub(super) except: Option<&'static str>,
}

/// Refuses requests that change data and have neither the app's header nor a bearer token: a form on another site could have
/// sent them, but it cannot set a header.
pub(super) async fn require_header(rule: HeaderRule, request: Request, next: Next) -> Response {
    let HeaderRule { name, except } = rule;
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let is_free = except.is_some_and(|beginning| request.uri().path().starts_with(beginning));
    // With this header, cookies are not looked at.
    let has_token = request.headers().contains_key(header::AUTHORIZATION);
    let has_header = request.headers().get(name).is_some_and(|value| value == "1");
    if reads || is_free || has_token || has_header {
        return next.run(request).await;
    }
    let message = format!("The request lacks the header {name}: 1, which the app's own pages send.");
    ApiError::new(StatusCode::FORBIDDEN, "header_missing", message).into_response()
}
