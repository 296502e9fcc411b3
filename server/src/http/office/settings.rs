//! The settings of a site that limit work.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::{SettingName, SiteSetting};
use office_model::messages::{SettingItem, SettingRequest};
use office_model::roles::OfficeRoute;

use super::caller::SignedIn;
use super::devices::done;
use super::sessions::gone;
use crate::http::body::BodyBytes;
use crate::http::errors::ApiError;
use crate::http::openapi::Refused;
use crate::http::state::AppState;
use crate::store::office::OfficeAct;
use crate::store::people::SiteChange;

/// The settings of a site.
#[utoipa::path(
    get,
    path = "/office/sites/{site}/settings",
    operation_id = "office_settings",
    tag = "office",
    params(("site" = String, Path, description = "The site's short name")),
    responses((status = 200, description = "The settings, each with its value", body = Value)),
    security(("office" = []))
)]
pub(super) async fn list(
    State(state): State<AppState>,
    caller: SignedIn,
    Path(site): Path<String>,
) -> Result<Json<Vec<SettingItem>>, ApiError> {
    caller.at(&state, OfficeRoute::ListSettings, &site).await?;
    let found = state.store.site_people(&site).await?;
    let typed = SettingName::ALL.into_iter().filter(|name| *name != SettingName::BadgeKey);
    let item = |name: SettingName| SettingItem {
        name: name.code().to_owned(),
        value: found.setting(name).to_owned(),
    };
    Ok(Json(typed.map(item).collect()))
}

/// Changes a setting.
#[utoipa::path(
    patch,
    path = "/office/sites/{site}/settings/{name}",
    operation_id = "office_change_setting",
    tag = "office",
    params(("site" = String, Path, description = "The site's short name"), ("name" = String, Path, description = "The setting")),
    request_body(content = Value, description = "The value"),
    responses(
        (status = 204, description = "It has the value"),
        (status = 400, description = "The value is not of its kind", body = Refused),
        (status = 404, description = "There is no such setting", body = Refused)
    ),
    security(("office" = []))
)]
pub(super) async fn change(
    State(state): State<AppState>,
    caller: SignedIn,
    Path((site, name)): Path<(String, String)>,
    body: BodyBytes,
) -> Result<StatusCode, ApiError> {
    caller.at(&state, OfficeRoute::ChangeSetting, &site).await?;
    let known = SettingName::from_code(&name).filter(|known| *known != SettingName::BadgeKey);
    let code = known.ok_or_else(|| gone("setting"))?.code().to_owned();
    let value = body.json::<SettingRequest>()?.value.trim().to_owned();
    let now = state.clock.now();
    let settings = vec![SiteSetting { code, value }];
    let act = OfficeAct::Settings(SiteChange { site, people: Vec::new(), settings, now });
    done(state.store.act(act, caller.actor(), now).await?, "setting")
}
