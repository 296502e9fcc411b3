//! `GET /api/lots/unavailable`: the lots that devices do not hold, for reports.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use domain::{LotStatus, UnavailableAnswer};
use serde::Deserialize;
use uuid::Uuid;

use super::errors::ApiError;
use super::openapi::Refused;
use super::reader::Reader;
use super::state::AppState;
use crate::booking::shortened;
use crate::store::{LotPosition, Unavailable};

/// The query parameters.
#[derive(Debug, Deserialize)]
pub(super) struct UnavailableParams {
    after: Option<String>,
}

/// `GET /api/lots/unavailable?after={next}`: the next part of them.
/// The lots that devices do not hold, in parts.
#[utoipa::path(
    get,
    path = "/lots/unavailable",
    operation_id = "unavailable_lots",
    tag = "devices",
    params(("site" = Option<String>, Query, description = "The site whose data the app holds: another one than the device's is refused"), ("after" = Option<String>, Query, description = "`next` of the part before")),
    responses(
        (status = 200, description = "A part of the lots, the first with totals", body = Value),
        (status = 400, description = "The query cannot be read", body = Refused),
        (status = 409, description = "The device holds the data of another site", body = Refused)
    ),
    security(("device" = []), ("cookie" = []))
)]
pub(super) async fn unavailable(
    State(state): State<AppState>,
    reader: Reader,
    params: Result<Query<UnavailableParams>, QueryRejection>,
) -> Result<Json<UnavailableAnswer>, ApiError> {
    let Query(UnavailableParams { after }) = params.map_err(|rejection| bad_query(&rejection.body_text()))?;
    let after = match after {
        Some(text) => Some(position(&text).ok_or_else(|| bad_query(&text))?),
        None => None,
    };
    let Unavailable { totals, lots, next } = state.store.unavailable(&reader.site, after).await?;
    let next = next.map(|LotPosition { status, product, lot }| format!("{}.{product}.{lot}", status.code()));
    Ok(Json(UnavailableAnswer { totals, lots, next, as_of: state.clock.now() }))
}

fn position(text: &str) -> Option<LotPosition> {
    let mut parts = text.split('.');
    let status = LotStatus::from_code(parts.next()?)?;
    let mut id = || Uuid::try_parse(parts.next()?).ok();
    let position = LotPosition { status, product: id()?, lot: id()? };
    parts.next().is_none().then_some(position)
}

fn bad_query(text: &str) -> ApiError {
    let message =
        format!("The query cannot be read: {}. It may have after=<the answer's next>.", shortened(text));
    ApiError::bad_request("bad_query", message)
}
