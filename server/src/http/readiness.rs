//! Answers for whoever watches the server: `/livez`, `/readyz`, and `/healthz` for set-ups that know it.

use std::sync::atomic::{AtomicBool, Ordering};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use sync::UnixMillis;
use tokio::sync::Mutex;

use super::errors::ApiError;
use super::state::AppState;
use crate::backups::Status;
use crate::store::StoreFault;

/// How long the result of a write probe is given to everybody who asks.
const PROBE_LIFE_MILLIS: u64 = 5_000;

/// Whether the server can do its work.
#[derive(Debug, Default)]
pub(super) struct Readiness {
    is_draining: AtomicBool,
    /// The last probe: its time and its result. Locked while a probe runs, so that there is one at a time.
    probed: Mutex<Option<(UnixMillis, Result<(), StoreFault>)>>,
}

impl Readiness {
    pub(super) fn drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }
}

/// The process answers.
pub(super) async fn livez() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// The server can store work, and is not about to stop.
pub(super) async fn readyz(State(state): State<AppState>) -> Response {
    if state.readiness.is_draining.load(Ordering::Relaxed) {
        let message = "The server is about to stop. Send requests to another one, or wait.";
        return ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "draining", message).into_response();
    }
    match probe(&state).await {
        Ok(()) => {
            let mut body = json!({ "status": "ok" });
            if let Some(backups) = &state.backups {
                let Status { good_at, has_failed } = backups.status();
                body["backup"] = json!({ "at": good_at, "failed": has_failed });
            }
            Json(body).into_response()
        }
        Err(fault) => {
            tracing::error!(%fault, "the server cannot store work");
            let message = "The server cannot store work; its log says why.";
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "not_writable", message).into_response()
        }
    }
}

async fn probe(state: &AppState) -> Result<(), StoreFault> {
    let mut probed = state.readiness.probed.lock().await;
    let now = state.clock.now();
    if let Some((at, result)) = &*probed
        && now.0.abs_diff(at.0) < PROBE_LIFE_MILLIS
    {
        return result.clone();
    }
    let result = state.store.check_writable().await;
    *probed = Some((now, result.clone()));
    result
}

/// Whether the database can be read, and the highest revision of a site.
pub(super) async fn healthz(State(state): State<AppState>) -> Response {
    match state.store.sites().await {
        Ok(sites) => {
            let rev = sites.iter().map(|site| site.rev).max().unwrap_or(0);
            Json(json!({ "status": "ok", "rev": rev })).into_response()
        }
        Err(fault) => ApiError::from(fault).into_response(),
    }
}
