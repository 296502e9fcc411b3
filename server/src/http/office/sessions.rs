//! The account that is signed in, and the places where it is.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use office_model::messages::{MeAnswer, SessionItem};
use office_model::roles::{OfficeRoute, Place};
use uuid::Uuid;

use super::caller::{SignedIn, with_cookie};
use super::sign_in;
use crate::http::errors::ApiError;
use crate::http::openapi::Refused;
use crate::http::origin::Origin;
use crate::http::state::AppState;
use crate::store::office::OfficeSession;

/// The account that is signed in.
#[utoipa::path(
    get,
    path = "/office/me",
    operation_id = "office_me",
    tag = "office",
    responses((status = 200, description = "The account", body = Value)),
    security(("office" = []))
)]
pub(super) async fn me(caller: SignedIn) -> Result<Json<MeAnswer>, ApiError> {
    caller.check(OfficeRoute::Me, Place::Own)?;
    Ok(Json(sign_in::me(caller.account)))
}

/// The sessions of the account.
#[utoipa::path(
    get,
    path = "/office/sessions",
    operation_id = "office_sessions",
    tag = "office",
    responses((status = 200, description = "The sessions, the last used first", body = Value)),
    security(("office" = []))
)]
pub(super) async fn list(
    State(state): State<AppState>,
    caller: SignedIn,
) -> Result<Json<Vec<SessionItem>>, ApiError> {
    caller.check(OfficeRoute::ListSessions, Place::Own)?;
    let sessions = state.store.sessions(caller.account.account, state.clock.now()).await?;
    let item = |session: OfficeSession| {
        let OfficeSession { session: id, client, created_at, last_used_at } = session;
        SessionItem { id, client, created_at, last_used_at, is_own: id == caller.session.session }
    };
    Ok(Json(sessions.into_iter().map(item).collect()))
}

/// Ends a session of the account.
#[utoipa::path(
    delete,
    path = "/office/sessions/{session}",
    operation_id = "office_end_session",
    tag = "office",
    params(("session" = Uuid, Path, description = "The session")),
    responses(
        (status = 204, description = "It has ended"),
        (status = 404, description = "The account has no such session", body = Refused)
    ),
    security(("office" = []))
)]
pub(super) async fn end(
    State(state): State<AppState>,
    caller: SignedIn,
    Path(session): Path<Uuid>,
) -> Result<StatusCode, ApiError> {
    caller.check(OfficeRoute::EndSession, Place::Own)?;
    if state.store.end_session(caller.actor(), session, state.clock.now()).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(gone("session"))
}

/// What an act is about is not there.
pub(super) fn gone(what: &str) -> ApiError {
    let message = format!("This {what} is not there any more. Load the list again.");
    ApiError::new(StatusCode::NOT_FOUND, "gone", message)
}

/// Ends the session.
#[utoipa::path(
    post,
    path = "/office/sign-out",
    operation_id = "office_sign_out",
    tag = "office",
    responses((status = 204, description = "The session has ended")),
    security(("office" = []))
)]
pub(super) async fn sign_out(
    State(state): State<AppState>,
    origin: Origin,
    caller: SignedIn,
) -> Result<Response, ApiError> {
    caller.check(OfficeRoute::SignOut, Place::Own)?;
    state.store.end_session(caller.actor(), caller.session.session, state.clock.now()).await?;
    Ok(with_cookie(StatusCode::NO_CONTENT, origin, None))
}
