//! The sites that an account may see.

use axum::Json;
use axum::extract::State;
use office_model::messages::SiteItem;
use office_model::roles::{OfficeRoute, Place};

use super::caller::SignedIn;
use crate::http::errors::ApiError;
use crate::http::state::AppState;

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
