//! `POST /api/enrol` turns a one-time code into a device; `GET /api/device` names the device; `POST
//! /api/sign-out` revokes it.

use std::net::SocketAddr;

use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use domain::{DeviceAnswer, EnrolRequest};

use super::auth::{COOKIE, Caller};
use super::body::BodyBytes;
use super::errors::ApiError;
use super::site;
use super::state::AppState;
use crate::enrolment::{self, Applicant};
use crate::store::{Device, EnrolRefusal};

/// Lifetime of the cookie: longer than that of a device.
const COOKIE_LIFE_SECONDS: u64 = 10 * 365 * 24 * 60 * 60;

pub(super) async fn enrol(
    State(state): State<AppState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: BodyBytes,
) -> Result<Response, ApiError> {
    state.enrol_limiter.admit(peer.ip())?;
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
    if bearer {
        return Ok(Json(answer(device, 0, Some(token))).into_response());
    }
    let cookie = cookie(&headers, &token, COOKIE_LIFE_SECONDS);
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), Json(answer(device, 0, None))).into_response())
}

pub(super) async fn device(
    State(state): State<AppState>,
    Caller(device): Caller,
) -> Result<Json<DeviceAnswer>, ApiError> {
    let lives = state.store.lives(&device.site, device.device).await?;
    Ok(Json(answer(device, lives, None)))
}

/// `POST /api/sign-out`: revokes the token. Unsent mutations stay on the device.
pub(super) async fn sign_out(
    State(state): State<AppState>,
    Caller(device): Caller,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    state.store.revoke(&device.site, device.device, state.clock.now()).await?;
    let cookie = cookie(&headers, "", 0);
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(header::SET_COOKIE, cookie)])).into_response())
}

fn cookie(headers: &HeaderMap, token: &str, life_seconds: u64) -> String {
    let is_https = headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    let secure = if is_https { "; Secure" } else { "" };
    format!("{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={life_seconds}{secure}")
}

fn answer(device: Device, lives: u64, token: Option<String>) -> DeviceAnswer {
    let Device { device, site, name, prefix, .. } = device;
    DeviceAnswer { device, name, prefix, site, lives, token }
}
