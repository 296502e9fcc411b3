//! The keys of other systems at a site.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use office_model::messages::{KeyItem, NewKeyRequest, SecretAnswer};
use office_model::roles::OfficeRoute;
use uuid::Uuid;

use super::caller::SignedIn;
use super::devices::done;
use crate::api_keys::{KeyScope, prepared_key};
use crate::http::body::BodyBytes;
use crate::http::errors::ApiError;
use crate::http::openapi::Refused;
use crate::http::state::AppState;
use crate::store::ApiKey;
use crate::store::office::OfficeAct;

/// The keys of a site.
#[utoipa::path(
    get,
    path = "/office/sites/{site}/keys",
    operation_id = "office_keys",
    tag = "office",
    params(("site" = String, Path, description = "The site's short name")),
    responses((status = 200, description = "The keys, by name", body = Value)),
    security(("office" = []))
)]
pub(super) async fn list(
    State(state): State<AppState>,
    caller: SignedIn,
    Path(site): Path<String>,
) -> Result<Json<Vec<KeyItem>>, ApiError> {
    caller.at(&state, OfficeRoute::ListKeys, &site).await?;
    let item = |key: ApiKey| {
        let ApiKey { key, name, scopes, created_at, last_used_at, .. } = key;
        let scopes = scopes.iter().map(ToString::to_string).collect();
        KeyItem { key, name, scopes, created_at, last_used_at }
    };
    Ok(Json(state.store.api_keys(&site).await?.into_iter().map(item).collect()))
}

/// Makes a key. Its secret is shown only once.
#[utoipa::path(
    post,
    path = "/office/sites/{site}/keys",
    operation_id = "office_add_key",
    tag = "office",
    params(("site" = String, Path, description = "The site's short name")),
    request_body(content = Value, description = "The name and the scopes"),
    responses((status = 200, description = "The secret", body = Value)),
    security(("office" = []))
)]
pub(super) async fn add(
    State(state): State<AppState>,
    caller: SignedIn,
    Path(site): Path<String>,
    body: BodyBytes,
) -> Result<Json<SecretAnswer>, ApiError> {
    caller.at(&state, OfficeRoute::AddKey, &site).await?;
    let NewKeyRequest { name, scopes } = body.json()?;
    let scopes = scopes.iter().map(|scope| scope.parse()).collect::<Result<Vec<KeyScope>, String>>();
    let scopes =
        scopes.map_err(|fault| ApiError::bad_request("bad_scope", format!("In scopes: {fault}.")))?;
    if scopes.is_empty() {
        return Err(ApiError::bad_request("missing", "The key needs a scope: choose what it may do."));
    }
    let now = state.clock.now();
    let (new, secret) = prepared_key(&site, &name, &scopes, now)?;
    let id = new.key;
    state.store.act(OfficeAct::AddKey(new), caller.actor(), now).await?;
    Ok(Json(SecretAnswer { id, secret }))
}

/// Revokes a key.
#[utoipa::path(
    delete,
    path = "/office/sites/{site}/keys/{key}",
    operation_id = "office_revoke_key",
    tag = "office",
    params(("site" = String, Path, description = "The site's short name"), ("key" = Uuid, Path, description = "The key")),
    responses(
        (status = 204, description = "Its next request is refused"),
        (status = 404, description = "The site has no such key", body = Refused)
    ),
    security(("office" = []))
)]
pub(super) async fn revoke(
    State(state): State<AppState>,
    caller: SignedIn,
    Path((site, key)): Path<(String, Uuid)>,
) -> Result<StatusCode, ApiError> {
    caller.at(&state, OfficeRoute::RevokeKey, &site).await?;
    let act = OfficeAct::RevokeKey { site, key };
    done(state.store.act(act, caller.actor(), state.clock.now()).await?, "key")
}
