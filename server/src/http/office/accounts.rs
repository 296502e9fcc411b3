//! The accounts of the office: listed, added and closed, and given new links, by an admin of the company.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use office_model::messages::{AccountItem, LinkAnswer, NewAccountRequest};
use office_model::roles::{OfficeRoute, Place};
use uuid::Uuid;

use super::caller::SignedIn;
use super::devices::done;
use super::sessions::gone;
use crate::http::body::BodyBytes;
use crate::http::errors::ApiError;
use crate::http::openapi::Refused;
use crate::http::state::AppState;
use crate::office::{LINK_LIFE_MILLIS, new_account, new_link};
use crate::store::office::Account;

/// The accounts.
#[utoipa::path(
    get,
    path = "/office/accounts",
    operation_id = "office_accounts",
    tag = "office",
    responses((status = 200, description = "The accounts, by login name", body = Value)),
    security(("office" = []))
)]
pub(super) async fn list(
    State(state): State<AppState>,
    caller: SignedIn,
) -> Result<Json<Vec<AccountItem>>, ApiError> {
    caller.check(OfficeRoute::ListAccounts, Place::Company)?;
    let item = |known: Account| {
        let Account { account, login, grants, has_password, created_at } = known;
        AccountItem {
            account,
            login,
            grants,
            has_password,
            created_at,
            is_own: account == caller.account.account,
        }
    };
    Ok(Json(state.store.accounts().await?.into_iter().map(item).collect()))
}

/// Adds an account. The answer has the path of the link where it gets its password.
#[utoipa::path(
    post,
    path = "/office/accounts",
    operation_id = "office_add_account",
    tag = "office",
    request_body(content = Value, description = "The login name and the roles"),
    responses((status = 200, description = "The path of the link", body = Value)),
    security(("office" = []))
)]
pub(super) async fn add(
    State(state): State<AppState>,
    caller: SignedIn,
    body: BodyBytes,
) -> Result<Json<LinkAnswer>, ApiError> {
    caller.check(OfficeRoute::AddAccount, Place::Company)?;
    let NewAccountRequest { login, grants } = body.json()?;
    if grants.0.is_empty() {
        return Err(ApiError::bad_request("missing", "The account needs a role: choose one."));
    }
    let now = state.clock.now();
    let path = new_account(state.store.as_ref(), &login, grants, caller.actor(), now).await?;
    Ok(Json(LinkAnswer { path, expires_at: now.plus(LINK_LIFE_MILLIS) }))
}

/// Makes another link for an account, for example if the password is lost.
#[utoipa::path(
    post,
    path = "/office/accounts/{account}/link",
    operation_id = "office_link_account",
    tag = "office",
    params(("account" = Uuid, Path, description = "The account")),
    responses(
        (status = 200, description = "The path of the link", body = Value),
        (status = 404, description = "There is no such account", body = Refused)
    ),
    security(("office" = []))
)]
pub(super) async fn link(
    State(state): State<AppState>,
    caller: SignedIn,
    Path(account): Path<Uuid>,
) -> Result<Json<LinkAnswer>, ApiError> {
    caller.check(OfficeRoute::LinkAccount, Place::Company)?;
    let now = state.clock.now();
    let path = new_link(state.store.as_ref(), account, caller.actor(), now).await?;
    let path = path.ok_or_else(|| gone("account"))?;
    Ok(Json(LinkAnswer { path, expires_at: now.plus(LINK_LIFE_MILLIS) }))
}

/// Closes an account and ends its sessions; not the one that asks.
#[utoipa::path(
    delete,
    path = "/office/accounts/{account}",
    operation_id = "office_close_account",
    tag = "office",
    params(("account" = Uuid, Path, description = "The account")),
    responses(
        (status = 204, description = "It is closed"),
        (status = 404, description = "There is no such account", body = Refused)
    ),
    security(("office" = []))
)]
pub(super) async fn close(
    State(state): State<AppState>,
    caller: SignedIn,
    Path(account): Path<Uuid>,
) -> Result<StatusCode, ApiError> {
    caller.check(OfficeRoute::CloseAccount, Place::Company)?;
    if account == caller.account.account {
        let message =
            "This is your own account. Another admin can close it, or `lotbook-server accounts close`.";
        return Err(ApiError::bad_request("own_account", message));
    }
    done(state.store.close_account(account, caller.actor(), state.clock.now()).await?, "account")
}
