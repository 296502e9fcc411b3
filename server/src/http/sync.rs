//! `POST /api/sync`: books what the device sends, then tells what changed since its cursor.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::Row;
use sync::{Cursor, MAX_PULL_ROWS, PROTOCOL_VERSION, SyncRequest, SyncResponse};

use super::AppState;
use super::auth::Caller;
use super::errors::ApiError;
use super::intake::{self, BodyBytes};
use crate::booking::{Batch, Incoming, Scope};
use crate::store::{Device, Pull, Pushed};

/// How far apart notes of a device's presence are: each is a write.
const LAST_SEEN_STEP_MILLIS: u64 = 10 * 60 * 1_000;

pub(super) async fn sync(
    State(state): State<AppState>,
    Caller(device): Caller,
    body: BodyBytes,
) -> Result<Json<SyncResponse<Row>>, ApiError> {
    let (request, mutations) = intake::sync_request(&body)?;
    let scope = scope(&request.scope)?.known_to(&request.tables);
    let now = state.clock.now();
    let has_lost = |known_seq: u64| known_seq < request.last_outcome_seq;
    let pushed = push(&state, &device, &request, scope, mutations).await?;
    let cursor = if has_lost(pushed.known_seq) {
        // A backup that was put back by copying files has kept its epoch: whoever only reads must notice, too.
        state.store.renew_epoch(&device.site, request.epoch).await?;
        Cursor::Start
    } else {
        request.cursor
    };
    let pull = Pull {
        site: device.site.clone(),
        epoch: request.epoch,
        cursor,
        scope,
        max_rows: usize::try_from(request.max_rows).unwrap_or(usize::MAX).clamp(1, MAX_PULL_ROWS),
    };
    let pulled = state.store.pull(pull).await?;
    if now.since(device.last_seen_at) > LAST_SEEN_STEP_MILLIS {
        state.store.saw_device(&device, now).await?;
    }
    Ok(Json(SyncResponse {
        protocol: PROTOCOL_VERSION,
        epoch: pulled.epoch,
        server_time: now,
        receipts: pushed.receipts,
        known_seq: pushed.known_seq,
        rows: pulled.rows,
        removed: pulled.removed,
        replaced: pulled.replaced,
        cursor: pulled.cursor,
        more: pulled.more,
    }))
}

async fn push(
    state: &AppState,
    device: &Device,
    request: &SyncRequest<()>,
    scope: Scope,
    mutations: Vec<Incoming>,
) -> Result<Pushed, ApiError> {
    if mutations.is_empty() {
        let known_seq = state.store.known_seq(&device.site, request.client).await?;
        return Ok(Pushed { rev: 0, known_seq, receipts: Vec::new() });
    }
    let batch = Batch {
        site: device.site.clone(),
        device: device.device,
        client: request.client,
        mutations,
        scope,
        last_outcome_seq: request.last_outcome_seq,
        now: state.clock.now(),
    };
    let pushed = state.store.push(batch).await?;
    state.revisions.announce(&device.site, pushed.rev);
    Ok(pushed)
}

pub(super) fn scope(name: &str) -> Result<Scope, ApiError> {
    Scope::from_name(name).ok_or_else(|| {
        let known = Scope::ALL.map(Scope::name).join(", ");
        let message = format!(
            "This server does not know the scope \"{}\"; it knows {known}.",
            crate::booking::shortened(name)
        );
        ApiError::new(StatusCode::BAD_REQUEST, "unknown_scope", message)
    })
}
