//! Admits the requests of devices and keys within their limits.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use super::auth::Caller;
use super::body::drain;
use super::held::Held;
use super::limits::{Kind, Usage};
use super::reader::Reader;
use super::state::AppState;
use super::trace::name_sender;

/// Middleware: authenticates the device, or the person who only reads, and holds a place for the request until its answer has been sent.
pub(super) async fn admit(
    State((state, kind)): State<(AppState, Kind)>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let admitted = match kind {
        Kind::Read => Reader::from_request_parts(&mut parts, &state).await.map(|reader| {
            let id = reader.id;
            name_sender(&reader.site, id);
            parts.extensions.insert(reader);
            id
        }),
        Kind::Sync | Kind::Audit | Kind::Stream => {
            Caller::from_request_parts(&mut parts, &state).await.map(|caller| {
                let id = caller.0.device;
                name_sender(&caller.0.site, id);
                parts.extensions.insert(caller);
                id
            })
        }
    };
    match admitted {
        Ok(id) => within_limits(&state, (id, kind), (parts, body), next).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// Answers a request of a device, a key or a person within its limits.
pub(super) async fn within_limits(
    state: &AppState,
    (sender, kind): (Uuid, Kind),
    (mut parts, mut body): (Parts, Body),
    next: Next,
) -> Response {
    let usage = state.devices.as_ref().map(|devices| devices.of(sender));
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
