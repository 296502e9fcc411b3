//! Admits the requests of devices within their limits.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::OwnedSemaphorePermit;

use super::auth::Caller;
use super::body::drain;
use super::held::Held;
use super::limits::{Kind, Usage};
use super::state::AppState;
use super::trace::name_device;

/// Middleware: authenticates the device, and holds a place for the request until its answer has been sent.
pub(super) async fn admit(
    State((state, kind)): State<(AppState, Kind)>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, mut body) = request.into_parts();
    let caller = match Caller::from_request_parts(&mut parts, &state).await {
        Ok(caller) => caller,
        Err(refusal) => return refusal.into_response(),
    };
    name_device(&caller.0);
    let usage = state.devices.as_ref().map(|devices| devices.of(caller.0.device));
    parts.extensions.insert(caller);
    let Some(usage) = usage else { return next.run(Request::from_parts(parts, body)).await };
    let place = match usage.admit(kind) {
        Ok(place) => place,
        Err(refusal) => {
            drain(&mut body).await;
            return refusal.into_response();
        }
    };
    parts.extensions.insert(Arc::clone(&usage));
    // The others read their body first.
    let turn = if kind == Kind::Read { usage.turn_to_read().await } else { None };
    let response = next.run(Request::from_parts(parts, body)).await;
    drop(turn);
    response.map(|body| Body::new(Held::new(body, place)))
}

/// A device's turn to read from the database.
pub(super) struct ReadTurn(Option<Arc<Usage>>);

impl<S: Sync> FromRequestParts<S> for ReadTurn {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get().cloned()))
    }
}

impl ReadTurn {
    /// Waits until the device may read.
    pub(super) async fn take(&self) -> Option<OwnedSemaphorePermit> {
        self.0.as_ref()?.turn_to_read().await
    }
}
