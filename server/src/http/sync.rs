//! `POST /api/sync`: books the device's mutations, then answers with the changes since its cursor.

use std::borrow::Cow;

use axum::Json;
use axum::extract::State;
use domain::Row;
use sync::{Cursor, MAX_PULL_ROWS, Mutation, PROTOCOL_VERSION, SyncRequest, SyncResponse, UnixMillis};
use uuid::Uuid;

use super::admission::ReadTurn;
use super::auth::Caller;
use super::body::BodyBytes;
use super::errors::ApiError;
use super::intake;
use super::openapi::Refused;
use super::scope::scope;
use super::site;
use super::state::AppState;
use crate::booking::{Batch, DecodedAction, Scope};
use crate::metrics::Exchange;
use crate::store::{Device, EpochRenewal, Pull, Pushed, StoreFault};

/// Minimum time between two updates of a device's `last_seen_at`, because each is a write.
const LAST_SEEN_STEP_MILLIS: u64 = 10 * 60 * 1_000;
/// Minimum change of a device's clock that is stored earlier: more than a slow request makes.
const CLOCK_STEP_MILLIS: u64 = 60 * 1_000;

/// Books a device's work and answers with the changes since its cursor: the protocol of the app, which changes with it.
#[utoipa::path(
    post,
    path = "/sync",
    operation_id = "sync",
    tag = "devices",
    request_body(content = Value, description = "A request of the sync protocol, version 1"),
    responses(
        (status = 200, description = "Receipts, rows and the next cursor", body = Value),
        (status = 400, description = "The request cannot be read", body = Refused),
        (status = 409, description = "The device holds the data of another site", body = Refused),
        (status = 426, description = "The request is of another version of the protocol", body = Refused)
    ),
    security(("device" = []), ("cookie" = []))
)]
pub(super) async fn sync(
    State(state): State<AppState>,
    Caller(device): Caller,
    turn: ReadTurn,
    body: BodyBytes,
) -> Result<Json<SyncResponse<Row>>, ApiError> {
    let (request, mutations) = intake::sync_request(&body)?;
    site::check(&state, &device, request.site.as_deref(), request.client, request.epoch).await?;
    let scope = scope(&request.scope)?.known_to(&request.tables);
    let now = state.clock.now();
    let oldest_pending_millis = oldest_pending_millis(&mutations, request.sent_at);
    let pushed = push(&state, &device, &request, scope, mutations).await?;
    let has_lost = pushed.known_seq < request.last_outcome_seq;
    // Before the batch: its bookings, and those of others, soon make up for the lost revisions.
    let is_ahead = request.cursor.rev() > pushed.rev_before;
    let proves_restore = (has_lost || is_ahead) && pushed.known_seq > 0;
    if let Some(epoch) = request.epoch.filter(|_| proves_restore) {
        renew_epoch(&state, &device, epoch, now).await?;
    }
    let cursor = if has_lost || is_ahead { Cursor::Start } else { request.cursor };
    let pull = Pull {
        site: device.site.clone(),
        epoch: request.epoch,
        cursor,
        scope,
        now,
        max_rows: usize::try_from(request.max_rows).unwrap_or(usize::MAX).clamp(1, MAX_PULL_ROWS),
    };
    let reading = turn.take().await;
    let pulled = state.store.pull(pull).await?;
    drop(reading);
    if pulled.is_renewal_due {
        renew_epoch(&state, &device, pulled.epoch, now).await?;
    }
    let rev = (!pulled.more).then(|| pulled.cursor.rev());
    let exchange = Exchange { device: device.device, site: &device.site, rev, oldest_pending_millis, now };
    state.metrics.fleet.exchanged(exchange);
    let site = Some(device.site.clone());
    // Builds that do not send their tables do not ask for them either.
    let tables =
        if request.tables.is_empty() { Vec::new() } else { scope.tables().map(Cow::Borrowed).collect() };
    if let Some(seen) = seen(device, request.sent_at, now) {
        match state.store.saw_device(&seen).await {
            // The next exchange stores it.
            Ok(()) | Err(StoreFault::Overloaded { .. }) => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    Ok(Json(SyncResponse {
        protocol: PROTOCOL_VERSION,
        site,
        epoch: pulled.epoch,
        server_time: now,
        receipts: pushed.receipts,
        known_seq: pushed.known_seq,
        rows: pulled.rows,
        removed: pulled.removed,
        replaced: pulled.replaced,
        cursor: pulled.cursor,
        more: pulled.more,
        tables,
    }))
}

/// Takes in the proof of a device that has receipts here that the data was restored. Its own work and rows do not
/// depend on the new epoch; those devices do that lost no work, and hold rows of the lost history.
async fn renew_epoch(
    state: &AppState,
    device: &Device,
    epoch: Uuid,
    now: UnixMillis,
) -> Result<(), ApiError> {
    let Device { site, name, .. } = device;
    match state.store.renew_epoch(site, epoch, now).await? {
        EpochRenewal::Begun => {
            tracing::warn!(site, device = ?name, "the data was restored: all devices of the site fetch their rows again");
        }
        EpochRenewal::Deferred => {
            tracing::warn!(site, device = ?name, "the data was restored again: devices fetch their rows again in some minutes");
        }
        EpochRenewal::Unchanged => {}
    }
    Ok(())
}

/// How long the oldest of a request's mutations had waited when it was sent, both by the device's clock.
fn oldest_pending_millis(mutations: &[Mutation<DecodedAction>], sent_at: Option<UnixMillis>) -> u64 {
    let oldest = mutations.iter().map(|mutation| mutation.captured_at).min();
    sent_at.zip(oldest).map_or(0, |(sent, oldest)| sent.since(oldest))
}

/// The device as seen by this request, if that is worth a write.
fn seen(device: Device, sent_at: Option<UnixMillis>, now: UnixMillis) -> Option<Device> {
    let ahead = sent_at.map(|at| at.0.saturating_sub(now.0));
    let was_set = ahead.is_some_and(|ahead| {
        device.clock_ahead_millis.is_none_or(|before| before.abs_diff(ahead) > CLOCK_STEP_MILLIS)
    });
    let is_due = was_set || now.since(device.last_seen_at) > LAST_SEEN_STEP_MILLIS;
    let clock_ahead_millis = ahead.or(device.clock_ahead_millis);
    is_due.then_some(Device { last_seen_at: now, clock_ahead_millis, ..device })
}

async fn push(
    state: &AppState,
    device: &Device,
    request: &SyncRequest<()>,
    scope: Scope,
    mutations: Vec<Mutation<DecodedAction>>,
) -> Result<Pushed, ApiError> {
    if mutations.is_empty() {
        return Ok(state.store.push_nothing(&device.site, request.client).await?);
    }
    let batch = Batch {
        site: device.site.clone(),
        device: device.device,
        device_name: Some(device.name.clone()),
        client: request.client,
        mutations,
        scope,
        last_outcome_seq: request.last_outcome_seq,
        now: state.clock.now(),
    };
    let mut pushed = Pushed::default();
    for (at, part) in batch.into_parts().into_iter().enumerate() {
        let Pushed { rev_before, rev, known_seq, receipts } = state.store.push(part).await?;
        state.revisions.announce(&device.site, rev);
        pushed.rev = rev;
        pushed.receipts.extend(receipts);
        if at == 0 {
            (pushed.rev_before, pushed.known_seq) = (rev_before, known_seq);
        }
        // A server that has lost outcomes of the device books nothing of the other parts either.
        if known_seq < request.last_outcome_seq {
            break;
        }
    }
    Ok(pushed)
}
