//! The devices of a site: listed, connected, renamed and revoked.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::clean_line;
use office_model::messages::{ConnectAnswer, DeviceItem, DeviceNameRequest};
use office_model::roles::OfficeRoute;
use uuid::Uuid;

use super::caller::SignedIn;
use super::sessions::gone;
use crate::enrolment::{self, CODE_LIFE_MILLIS, MAX_DEVICE_NAME_CHARS};
use crate::http::body::BodyBytes;
use crate::http::errors::ApiError;
use crate::http::openapi::Refused;
use crate::http::state::AppState;
use crate::store::Device;
use crate::store::office::OfficeAct;

/// The connected devices of a site.
#[utoipa::path(
    get,
    path = "/office/sites/{site}/devices",
    operation_id = "office_devices",
    tag = "office",
    params(("site" = String, Path, description = "The site's short name")),
    responses((status = 200, description = "The devices, by name", body = Value)),
    security(("office" = []))
)]
pub(super) async fn list(
    State(state): State<AppState>,
    caller: SignedIn,
    Path(site): Path<String>,
) -> Result<Json<Vec<DeviceItem>>, ApiError> {
    caller.at(&state, OfficeRoute::ListDevices, &site).await?;
    let item = |device: Device| {
        let Device { device, name, prefix, last_seen_at, clock_ahead_millis, .. } = device;
        DeviceItem { device, name, prefix, last_seen_at, clock_ahead_millis }
    };
    Ok(Json(state.store.devices(&site).await?.into_iter().map(item).collect()))
}

/// Makes a one-time code with which one device connects.
#[utoipa::path(
    post,
    path = "/office/sites/{site}/devices",
    operation_id = "office_connect_device",
    tag = "office",
    params(("site" = String, Path, description = "The site's short name")),
    request_body(content = Value, description = "The name of the device; may be empty"),
    responses((status = 200, description = "The code and the path of the link", body = Value)),
    security(("office" = []))
)]
pub(super) async fn connect(
    State(state): State<AppState>,
    caller: SignedIn,
    Path(site): Path<String>,
    body: BodyBytes,
) -> Result<Json<ConnectAnswer>, ApiError> {
    caller.at(&state, OfficeRoute::ConnectDevice, &site).await?;
    let device_name = clean_line(&body.json::<DeviceNameRequest>()?.name, MAX_DEVICE_NAME_CHARS);
    let (code, code_hash) = enrolment::code_and_hash()?;
    let now = state.clock.now();
    let expires_at = now.plus(CODE_LIFE_MILLIS);
    let path = enrolment::link("", &code, &device_name);
    let act = OfficeAct::ConnectDevice { site, code_hash, device_name, expires_at };
    state.store.act(act, caller.actor(), now).await?;
    Ok(Json(ConnectAnswer { code, path, expires_at }))
}

/// Gives a device another name.
#[utoipa::path(
    patch,
    path = "/office/sites/{site}/devices/{device}",
    operation_id = "office_rename_device",
    tag = "office",
    params(
        ("site" = String, Path, description = "The site's short name"),
        ("device" = Uuid, Path, description = "The device")
    ),
    request_body(content = Value, description = "The name"),
    responses(
        (status = 204, description = "It has the name"),
        (status = 404, description = "The site has no such device", body = Refused)
    ),
    security(("office" = []))
)]
pub(super) async fn rename(
    State(state): State<AppState>,
    caller: SignedIn,
    Path((site, device)): Path<(String, Uuid)>,
    body: BodyBytes,
) -> Result<StatusCode, ApiError> {
    caller.at(&state, OfficeRoute::RenameDevice, &site).await?;
    let name = clean_line(&body.json::<DeviceNameRequest>()?.name, MAX_DEVICE_NAME_CHARS);
    if name.is_empty() {
        return Err(ApiError::bad_request("missing", "The device needs a name, such as Forklift 2."));
    }
    let act = OfficeAct::RenameDevice { site, device, name };
    done(state.store.act(act, caller.actor(), state.clock.now()).await?, "device")
}

/// Revokes a device's token. Unsent work stays on the device.
#[utoipa::path(
    delete,
    path = "/office/sites/{site}/devices/{device}",
    operation_id = "office_revoke_device",
    tag = "office",
    params(
        ("site" = String, Path, description = "The site's short name"),
        ("device" = Uuid, Path, description = "The device")
    ),
    responses(
        (status = 204, description = "Its next request is refused"),
        (status = 404, description = "The site has no such device", body = Refused)
    ),
    security(("office" = []))
)]
pub(super) async fn revoke(
    State(state): State<AppState>,
    caller: SignedIn,
    Path((site, device)): Path<(String, Uuid)>,
) -> Result<StatusCode, ApiError> {
    caller.at(&state, OfficeRoute::RevokeDevice, &site).await?;
    let act = OfficeAct::RevokeDevice { site, device };
    let is_done = state.store.act(act, caller.actor(), state.clock.now()).await?;
    if is_done {
        state.streams.end(device);
    }
    done(is_done, "device")
}

/// The answer to an act on something that may not be there any more.
pub(super) fn done(is_done: bool, what: &str) -> Result<StatusCode, ApiError> {
    if is_done { Ok(StatusCode::NO_CONTENT) } else { Err(gone(what)) }
}
