//! The log of what accounts did.

use axum::Json;
use axum::extract::{Query, State};
use office_model::messages::{LogAnswer, LogItem, MAX_LOG_ENTRIES};
use office_model::roles::{OfficeRoute, Place};
use serde::Deserialize;
use sync::UnixMillis;
use utoipa::IntoParams;
use uuid::Uuid;

use super::caller::SignedIn;
use crate::http::errors::ApiError;
use crate::http::state::AppState;
use crate::store::office::LogEntry;

/// Which part of the log.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct LogQuery {
    /// The site; without one everything, which takes an admin of the company.
    site: Option<String>,
    /// The time of the last entry that is known, in milliseconds since 1970, with `before`: older ones follow.
    at: Option<i64>,
    /// The id of that entry.
    before: Option<Uuid>,
}

/// The log of a site, or of the company.
#[utoipa::path(
    get,
    path = "/office/log",
    operation_id = "office_log",
    tag = "office",
    params(LogQuery),
    responses((status = 200, description = "A part of the log, the newest entry first", body = Value)),
    security(("office" = []))
)]
pub(super) async fn read(
    State(state): State<AppState>,
    caller: SignedIn,
    Query(query): Query<LogQuery>,
) -> Result<Json<LogAnswer>, ApiError> {
    match &query.site {
        Some(site) => caller.at(&state, OfficeRoute::ReadLog, site).await?,
        None => caller.check(OfficeRoute::ReadLog, Place::Company)?,
    }
    let before = query.at.map(UnixMillis).zip(query.before);
    // One more tells whether there are more.
    let mut found = state.store.office_log(query.site.as_deref(), before, MAX_LOG_ENTRIES + 1).await?;
    let more = found.len() > MAX_LOG_ENTRIES;
    found.truncate(MAX_LOG_ENTRIES);
    let item = |entry: LogEntry| {
        let LogEntry { entry: id, at, site, actor, act, subject } = entry;
        LogItem { id, at, site, login: actor.login, act, subject }
    };
    Ok(Json(LogAnswer { entries: found.into_iter().map(item).collect(), more }))
}
