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
use super::scope::scope;
use super::site;
use super::state::AppState;
use crate::store::{Audited, StoreFault};

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
