//! The sites that an account may see.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use office_model::messages::{NewSiteRequest, SiteItem};
use office_model::roles::{OfficeRoute, Place};

use super::caller::SignedIn;
use crate::http::body::BodyBytes;
use crate::http::errors::ApiError;
use crate::http::openapi::Refused;
use crate::http::state::AppState;
use crate::store::office::OfficeAct;

/// Characters of a site's short name.
const MAX_SITE_CHARS: usize = 32;

/// The sites where the account has a role.
#[utoipa::path(
    get,
    path = "/office/sites",
    operation_id = "office_sites",
    tag = "office",
    responses((status = 200, description = "The sites, by name", body = Value)),
    security(("office" = []))
)]
pub(super) async fn list(
    State(state): State<AppState>,
    caller: SignedIn,
) -> Result<Json<Vec<SiteItem>>, ApiError> {
    caller.check(OfficeRoute::ListSites, Place::Own)?;
    let mut items = Vec::new();
    for known in state.store.sites().await? {
        if caller.account.grants.at(&known.site).is_none() {
            continue;
        }
        let devices = state.store.devices(&known.site).await?;
        let last_seen_at = devices.iter().map(|device| device.last_seen_at).max();
        items.push(SiteItem { site: known.site, devices: devices.len(), last_seen_at });
    }
    Ok(Json(items))
}

/// Creates a site.
#[utoipa::path(
    post,
    path = "/office/sites",
    operation_id = "office_add_site",
    tag = "office",
    request_body(content = Value, description = "Its short name"),
    responses(
        (status = 204, description = "There is the site"),
        (status = 400, description = "The name cannot be used", body = Refused),
        (status = 409, description = "There is a site of this name", body = Refused)
    ),
    security(("office" = []))
)]
pub(super) async fn add(
    State(state): State<AppState>,
    caller: SignedIn,
    body: BodyBytes,
) -> Result<StatusCode, ApiError> {
    caller.check(OfficeRoute::AddSite, Place::Company)?;
    let site = body.json::<NewSiteRequest>()?.site;
    let is_letter = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-';
    if site.is_empty() || site.len() > MAX_SITE_CHARS || !site.chars().all(is_letter) {
        let message = format!(
            "A site's name has 1 to {MAX_SITE_CHARS} small letters, digits and hyphens. It cannot be changed later."
        );
        return Err(ApiError::bad_request("bad_site", message));
    }
    let is_new = state.store.act(OfficeAct::AddSite { site }, caller.actor(), state.clock.now()).await?;
    if is_new {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(ApiError::new(
        StatusCode::CONFLICT,
        "site_taken",
        "There is a site of this name already. Choose another one.",
    ))
}
