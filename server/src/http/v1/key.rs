//! Authentication by a key, and what the key may do.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::api_keys::{KeyScope, of_secret};
use crate::http::admission::within_limits;
use crate::http::errors::ApiError;
use crate::http::limits::Kind;
use crate::http::state::AppState;
use crate::http::trace::name_sender;
use crate::store::ApiKey;

/// Minimum time between two updates of a key's `last_used_at`, because each is a write.
const LAST_USED_STEP_MILLIS: u64 = 10 * 60 * 1_000;

/// The key that sent the request; none outside the routes of [`admit`].
#[derive(Clone, Debug)]
pub(super) struct Key(Option<ApiKey>);

impl<S: Sync> FromRequestParts<S> for Key {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get().cloned()))
    }
}

impl Key {
    /// The key, if it has this scope.
    ///
    /// # Errors
    /// 403 if it lacks the scope.
    pub(super) fn with(self, scope: KeyScope) -> Result<ApiKey, ApiError> {
        let key = self.0.ok_or_else(needed)?;
        if key.scopes.contains(&scope) {
            return Ok(key);
        }
        let message = format!(
            "The key \"{}\" lacks the scope {scope}. Make one that has it with `lotbook-server keys create`.",
            key.name
        );
        Err(ApiError::new(StatusCode::FORBIDDEN, "scope_missing", message))
    }
}

/// Middleware: authenticates the key, and holds a place for the request until its answer has been sent.
pub(super) async fn admit(
    State((state, kind)): State<(AppState, Kind)>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let key = match key_of(&parts.headers, &state).await {
        Ok(key) => key,
        Err(refusal) => return refusal.into_response(),
    };
    let id = key.key;
    name_sender(&key.site, id);
    parts.extensions.insert(key);
    within_limits(&state, (id, kind), (parts, body), next).await
}

async fn key_of(headers: &HeaderMap, state: &AppState) -> Result<ApiKey, ApiError> {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let secret = authorization.and_then(|text| text.strip_prefix("Bearer ")).ok_or_else(needed)?;
    let (site, hash) = of_secret(secret.trim()).ok_or_else(needed)?;
    let key = state.store.api_key(&site, hash).await?.ok_or_else(needed)?;
    let now = state.clock.now();
    if key.last_used_at.is_none_or(|at| now.since(at) > LAST_USED_STEP_MILLIS)
        && let Err(fault) = state.store.saw_key(&site, key.key, now).await
    {
        // The next request stores it.
        tracing::debug!(%fault, "the use of a key was not stored");
    }
    Ok(key)
}

fn needed() -> ApiError {
    let message = "The request needs a key of this server: the header \"Authorization: Bearer SECRET\" with the secret that \
                   `lotbook-server keys create` printed.";
    ApiError::new(StatusCode::UNAUTHORIZED, "key_needed", message)
}
