//! `POST /api/enrol` turns a one-time code, or a person's token, into a device; `GET /api/device` names the device; `POST
//! /api/sign-out` revokes it.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{DeviceAnswer, EnrolRequest};

use super::auth::Caller;
use super::body::BodyBytes;
use super::errors::{ApiError, BAD_CODE};
use super::openapi::Refused;
use super::origin::Origin;
use super::reader;
use super::session;
use super::site;
use super::state::AppState;
use crate::booking::shortened;
use crate::enrolment::{self, Applicant};
use crate::store::{Device, EnrolRefusal};
use crate::supabase::Person;

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
    headers: HeaderMap,
    body: BodyBytes,
) -> Result<Response, ApiError> {
    state.enrol_limiter.admit(origin.network(), state.clock.now())?;
    let request: EnrolRequest = body.json()?;
    let enrolled = connect(&state, &headers, &request).await;
    // Only wrong codes and tokens count as guesses.
    if !enrolled.as_ref().is_err_and(ApiError::is_guess) {
        state.enrol_limiter.succeeded(origin.network());
    }
    let (device, token) = enrolled?;
    let bearer = request.bearer;
    tracing::info!(site = device.site, device = device.prefix, "enrolled a device");
    if bearer {
        return Ok(Json(answer(device, 0, Some(token))).into_response());
    }
    let lines = session::set(origin, &token, state.clock.now());
    Ok(with_cookies(Json(answer(device, 0, None)), lines))
}

/// A new device with its token, for a code, or for a token of Supabase that takes its place.
async fn connect(
    state: &AppState,
    headers: &HeaderMap,
    request: &EnrolRequest,
) -> Result<(Device, String), ApiError> {
    let EnrolRequest { code, site, device_name, .. } = request;
    let person = if code.is_empty() { reader::person(headers, state).await? } else { None };
    let code = match person {
        Some(person) => &code_for(state, &person, site.as_deref()).await?,
        None => code,
    };
    let applicant = Applicant { device_name, held_site: site.as_deref() };
    let enrolled = enrolment::enrol(state.store.as_ref(), code, applicant, state.clock.now()).await?;
    enrolled.map_err(|refusal| match refusal {
        EnrolRefusal::BadCode => {
            let message = "This code has expired or been used. Ask for a new one.";
            ApiError::new(StatusCode::FORBIDDEN, BAD_CODE, message)
        }
        EnrolRefusal::OtherSite(asked) => site::refusal(site.as_deref().unwrap_or_default(), &asked),
    })
}

/// A code of a site that a person's token names: the person could have asked for one.
async fn code_for(state: &AppState, person: &Person, named: Option<&str>) -> Result<String, ApiError> {
    let site = reader::site_of(person, named)?;
    if !state.store.sites().await?.iter().any(|known| known.site == site) {
        let message = format!("There is no site \"{}\" at this server.", shortened(&site));
        return Err(ApiError::new(StatusCode::FORBIDDEN, "unknown_site", message));
    }
    tracing::info!(site, person = %person.id, "a token of Supabase connects a device");
    Ok(enrolment::new_code(state.store.as_ref(), &site, "", state.clock.now()).await?)
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
