//! The webhooks of a site.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use office_model::messages::{NewWebhookRequest, SecretAnswer, WebhookItem};
use office_model::roles::OfficeRoute;
use uuid::Uuid;

use super::caller::SignedIn;
use super::devices::done;
use crate::http::body::BodyBytes;
use crate::http::errors::ApiError;
use crate::http::openapi::Refused;
use crate::http::state::AppState;
use crate::store::office::OfficeAct;
use crate::store::webhooks::EventKind;
use crate::webhooks::new_webhook;

/// Pending events that are counted.
const MAX_COUNTED_EVENTS: u64 = 1_000;

/// The webhooks of a site.
#[utoipa::path(
    get,
    path = "/office/sites/{site}/webhooks",
    operation_id = "office_webhooks",
    tag = "office",
    params(("site" = String, Path, description = "The site's short name")),
    responses((status = 200, description = "The webhooks, the oldest first", body = Value)),
    security(("office" = []))
)]
pub(super) async fn list(
    State(state): State<AppState>,
    caller: SignedIn,
    Path(site): Path<String>,
) -> Result<Json<Vec<WebhookItem>>, ApiError> {
    caller.at(&state, OfficeRoute::ListWebhooks, &site).await?;
    let mut items = Vec::new();
    for webhook in state.store.webhooks(&site).await? {
        let pending = state.store.pending_events(&webhook, MAX_COUNTED_EVENTS).await?;
        let told = webhook.state;
        items.push(WebhookItem {
            id: webhook.id,
            url: webhook.url,
            events: webhook.kinds.iter().map(ToString::to_string).collect(),
            pending,
            failures: told.failures,
            last_error: told.last_error,
            delivered_at: told.delivered_at,
            dead_at: told.dead_at,
        });
    }
    Ok(Json(items))
}

/// Makes a webhook, which is told what is booked from now on. Its secret is shown only once.
#[utoipa::path(
    post,
    path = "/office/sites/{site}/webhooks",
    operation_id = "office_add_webhook",
    tag = "office",
    params(("site" = String, Path, description = "The site's short name")),
    request_body(content = Value, description = "The URL and the kinds of events"),
    responses((status = 200, description = "The secret", body = Value)),
    security(("office" = []))
)]
pub(super) async fn add(
    State(state): State<AppState>,
    caller: SignedIn,
    Path(site): Path<String>,
    body: BodyBytes,
) -> Result<Json<SecretAnswer>, ApiError> {
    caller.at(&state, OfficeRoute::AddWebhook, &site).await?;
    let NewWebhookRequest { url, events } = body.json()?;
    let kinds = events.iter().map(|event| event.parse()).collect::<Result<Vec<EventKind>, String>>();
    let kinds = kinds.map_err(|fault| ApiError::bad_request("bad_event", fault))?;
    if kinds.is_empty() {
        return Err(ApiError::bad_request("missing", "The webhook needs an event: choose what it is told."));
    }
    let now = state.clock.now();
    let new = new_webhook(&site, &url, &kinds, now)?
        .map_err(|fault| ApiError::bad_request("bad_url", fault.to_string()))?;
    let (id, secret) = (new.id, new.secret.expose().to_owned());
    state.store.act(OfficeAct::AddWebhook(new), caller.actor(), now).await?;
    Ok(Json(SecretAnswer { id, secret }))
}

/// Tries a webhook again that was given up or waits.
#[utoipa::path(
    post,
    path = "/office/sites/{site}/webhooks/{webhook}/retry",
    operation_id = "office_retry_webhook",
    tag = "office",
    params(
        ("site" = String, Path, description = "The site's short name"),
        ("webhook" = Uuid, Path, description = "The webhook")
    ),
    responses(
        (status = 204, description = "It is tried within seconds"),
        (status = 404, description = "The site has no such webhook", body = Refused)
    ),
    security(("office" = []))
)]
pub(super) async fn retry(
    State(state): State<AppState>,
    caller: SignedIn,
    Path((site, webhook)): Path<(String, Uuid)>,
) -> Result<StatusCode, ApiError> {
    caller.at(&state, OfficeRoute::RetryWebhook, &site).await?;
    let act = OfficeAct::RetryWebhook { site, webhook };
    done(state.store.act(act, caller.actor(), state.clock.now()).await?, "webhook")
}

/// Removes a webhook.
#[utoipa::path(
    delete,
    path = "/office/sites/{site}/webhooks/{webhook}",
    operation_id = "office_remove_webhook",
    tag = "office",
    params(
        ("site" = String, Path, description = "The site's short name"),
        ("webhook" = Uuid, Path, description = "The webhook")
    ),
    responses(
        (status = 204, description = "Nothing more is sent to it"),
        (status = 404, description = "The site has no such webhook", body = Refused)
    ),
    security(("office" = []))
)]
pub(super) async fn remove(
    State(state): State<AppState>,
    caller: SignedIn,
    Path((site, webhook)): Path<(String, Uuid)>,
) -> Result<StatusCode, ApiError> {
    caller.at(&state, OfficeRoute::RemoveWebhook, &site).await?;
    let act = OfficeAct::RemoveWebhook { site, webhook };
    done(state.store.act(act, caller.actor(), state.clock.now()).await?, "webhook")
}
