//! `POST /api/enrol` turns a one-time code into a device; `GET /api/device` says who the device is; `POST /api/sign-out` ends that.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;

use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use domain::{DeviceAnswer, EnrolRequest};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::AppState;
use super::auth::{COOKIE, Caller};
use super::errors::ApiError;
use super::intake::BodyBytes;
use crate::enrolment;
use crate::store::Device;

/// Attempts of one address in a minute: codes are far too many to guess at this rate, devices far fewer.
const MAX_ENROLMENTS_PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(29);
/// How long a browser keeps the cookie: for as long as the device lasts.
const COOKIE_LIFE_SECONDS: u64 = 10 * 365 * 24 * 60 * 60;

/// Slows down who tries codes.
#[derive(Debug)]
pub(super) struct EnrolLimiter(DefaultKeyedRateLimiter<IpAddr>);

impl Default for EnrolLimiter {
    fn default() -> Self {
        Self(RateLimiter::keyed(Quota::per_minute(MAX_ENROLMENTS_PER_MINUTE)))
    }
}

impl EnrolLimiter {
    fn admit(&self, address: IpAddr) -> Result<(), ApiError> {
        self.0.retain_recent();
        self.0.check_key(&address).map_err(|_| {
            let message = "Too many attempts from this address. Wait a minute, then try again.";
            ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", message)
        })
    }
}

pub(super) async fn enrol(
    State(state): State<AppState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: BodyBytes,
) -> Result<Response, ApiError> {
    state.enrol_limiter.admit(peer.ip())?;
    let EnrolRequest { code, device_name, bearer } = body.json()?;
    let enrolled = enrolment::enrol(state.store.as_ref(), &code, &device_name, state.clock.now()).await?;
    let Some((device, token)) = enrolled else {
        let message =
            "This code is unknown, used already, or more than a day old. Ask for a new enrolment link.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "bad_code", message));
    };
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

/// `POST /api/sign-out`: the token is good for nothing any more. Work that was not sent stays on the device.
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
