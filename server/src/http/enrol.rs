//! `POST /api/enrol` turns a one-time code into a device; `GET /api/device` names the device; `POST
//! /api/sign-out` revokes it.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{DeviceAnswer, EnrolRequest};

use super::auth::Caller;
use super::body::BodyBytes;
use super::errors::ApiError;
use super::openapi::Refused;
use super::origin::Origin;
use super::session;
use super::site;
use super::state::AppState;
use crate::enrolment::{self, Applicant};
use crate::store::{Device, EnrolRefusal};

/// Turns a one-time code into a device. Its token comes as a cookie, or in the answer if `bearer` is true.
#[utoipa::path(
    post,
    path = "/enrol",
    operation_id = "enrol",
    tag = "devices",
    request_body(content = Value, description = "The code, and the name of the device"),
    responses(
        (status = 200, description = "The device", body = Value),
        (status = 400, description = "The request cannot be read", body = Refused),
        (status = 403, description = "The code has expired or been used, or the app's header is missing", body = Refused),
        (status = 409, description = "The device holds the data of another site", body = Refused),
        (status = 429, description = "Too many wrong codes from this address", body = Refused)
    )
)]
pub(super) async fn enrol(
    State(state): State<AppState>,
    origin: Origin,
    body: BodyBytes,
) -> Result<Response, ApiError> {
    state.enrol_limiter.admit(origin.network(), state.clock.now())?;
    let EnrolRequest { code, site, device_name, bearer } = body.json()?;
    let applicant = Applicant { device_name: &device_name, held_site: site.as_deref() };
    let enrolled = enrolment::enrol(state.store.as_ref(), &code, applicant, state.clock.now()).await?;
    let (device, token) = enrolled.map_err(|refusal| match refusal {
        EnrolRefusal::BadCode => {
            let message = "This code has expired or been used. Ask for a new one.";
            ApiError::new(StatusCode::FORBIDDEN, "bad_code", message)
        }
        EnrolRefusal::OtherSite(asked) => site::refusal(site.as_deref().unwrap_or_default(), &asked),
    })?;
    state.enrol_limiter.succeeded(origin.network());
    tracing::info!(site = device.site, device = device.prefix, "enrolled a device");
    if bearer {
        return Ok(Json(answer(device, 0, Some(token))).into_response());
    }
    let lines = session::set(origin, &token, state.clock.now());
    Ok(with_cookies(Json(answer(device, 0, None)), lines))
}

/// Names the device.
#[utoipa::path(
    get,
    path = "/device",
    operation_id = "device",
    tag = "devices",
    params(("site" = Option<String>, Query, description = "The site whose data the app holds: another one than the device's is refused")),
    responses(
        (status = 200, description = "The device", body = Value),
        (status = 409, description = "The device holds the data of another site", body = Refused)
    ),
    security(("device" = []), ("cookie" = []))
)]
pub(super) async fn device(
    State(state): State<AppState>,
    Caller(device): Caller,
) -> Result<Json<DeviceAnswer>, ApiError> {
    let lives = state.store.lives(&device.site, device.device).await?;
    Ok(Json(answer(device, lives, None)))
}

/// `POST /api/sign-out`: revokes the token. Unsent mutations stay on the device.
/// Revokes the device's token. Unsent work stays on the device.
#[utoipa::path(
    post,
    path = "/sign-out",
    operation_id = "sign_out",
    tag = "devices",
    params(("site" = Option<String>, Query, description = "The site whose data the app holds: another one than the device's is refused")),
    responses(
        (status = 204, description = "The token is revoked"),
        (status = 409, description = "The device holds the data of another site", body = Refused)
    ),
    security(("device" = []), ("cookie" = []))
)]
pub(super) async fn sign_out(
    State(state): State<AppState>,
    Caller(device): Caller,
) -> Result<Response, ApiError> {
    state.store.revoke(&device.site, device.device, state.clock.now()).await?;
    state.streams.end(device.device);
    tracing::info!(site = device.site, device = device.prefix, "signed a device out");
    Ok(with_cookies(StatusCode::NO_CONTENT, session::removed()))
}

fn with_cookies(response: impl IntoResponse, lines: Vec<HeaderValue>) -> Response {
    let mut response = response.into_response();
    for line in lines {
        response.headers_mut().append(header::SET_COOKIE, line);
    }
    response
}

fn answer(device: Device, lives: u64, token: Option<String>) -> DeviceAnswer {
    let Device { device, site, name, prefix, .. } = device;
    DeviceAnswer { device, name, prefix, site, lives, token }
}
