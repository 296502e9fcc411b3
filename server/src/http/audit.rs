//! `POST /api/audit`: compares a device's rows with the site's, and answers with the ranges that differ.

use axum::Json;
use axum::extract::State;
use domain::Row;
use sync::{AuditRequest, AuditResponse, PROTOCOL_VERSION};

use super::admission::ReadTurn;
use super::auth::Caller;
use super::body::BodyBytes;
use super::errors::ApiError;
use super::intake;
use super::openapi::Refused;
use super::scope::scope;
use super::site;
use super::state::AppState;
use crate::store::{Audited, StoreFault};

/// Compares a device's rows with the site's and answers with the ranges that differ: the protocol of the app.
#[utoipa::path(
    post,
    path = "/audit",
    operation_id = "audit",
    tag = "devices",
    request_body(content = Value, description = "Digests of ranges of rows, version 1"),
    responses(
        (status = 200, description = "The ranges that differ", body = Value),
        (status = 400, description = "The request cannot be read", body = Refused),
        (status = 409, description = "The device holds the data of another site", body = Refused),
        (status = 426, description = "The request is of another version of the protocol", body = Refused)
    ),
    security(("device" = []), ("cookie" = []))
)]
pub(super) async fn audit(
    State(state): State<AppState>,
    Caller(device): Caller,
    turn: ReadTurn,
    body: BodyBytes,
) -> Result<Json<AuditResponse<Row>>, ApiError> {
    let request = intake::request(&body, |request: &AuditRequest| request.protocol)?;
    site::check_named(&device, request.site.as_deref())?;
    let scope = scope(&request.scope)?;
    intake::check_ranges(&request)?;
    let _reading = turn.take().await;
    let site = state.store.sites().await?.into_iter().find(|site| site.site == device.site);
    let epoch = site.ok_or_else(|| StoreFault::Failed("the device's site is gone".to_owned()))?.epoch;
    let Audited { repairs, compared } = state.store.audit(&device.site, scope, request).await?;
    Ok(Json(AuditResponse { protocol: PROTOCOL_VERSION, epoch, repairs, compared }))
}
