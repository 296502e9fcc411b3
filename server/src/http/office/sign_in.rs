//! `POST /api/office/sign-in` and `POST /api/office/password`: the entrance. Wrong passwords and unknown names take the same time and get
//! the same answer.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use office_model::messages::{MAX_PASSWORD_BYTES, MeAnswer, PasswordRequest, SignInRequest};

use super::caller::with_cookie;
use crate::enrolment::hash;
use crate::http::body::BodyBytes;
use crate::http::errors::ApiError;
use crate::http::openapi::Refused;
use crate::http::origin::Origin;
use crate::http::state::AppState;
use crate::office::{PasswordFault, check_password, login_key, new_session, set_password};
use crate::store::office::{Account, Actor};

/// Begins a session of an account. Its token comes as a cookie.
#[utoipa::path(
    post,
    path = "/office/sign-in",
    operation_id = "office_sign_in",
    tag = "office",
    request_body(content = Value, description = "The login name and the password"),
    responses(
        (status = 200, description = "The account", body = Value),
        (status = 400, description = "The request cannot be read", body = Refused),
        (status = 403, description = "The name or the password is wrong, or the request comes from another site", body = Refused),
        (status = 429, description = "Too many wrong passwords from this address or for this name", body = Refused)
    )
)]
pub(super) async fn sign_in(
    State(state): State<AppState>,
    origin: Origin,
    headers: HeaderMap,
    body: BodyBytes,
) -> Result<Response, ApiError> {
    let SignInRequest { login, password } = body.json()?;
    let (now, key) = (state.clock.now(), login_key(&login));
    let entrance = &state.entrance;
    entrance.by_client.admit(origin.network(), now)?;
    entrance.by_login.admit(key.clone(), now)?;
    let known = state.store.account_by_login(&key).await?;
    let (account, password_hash) = known.unzip();
    // Longer ones are never stored; hashing them would only take time.
    let password = if password.len() > MAX_PASSWORD_BYTES { String::new() } else { password };
    if !entrance.passwords.is_right(password, password_hash).await? {
        note_failure(&state, account.as_ref());
        return Err(wrong());
    }
    let account = account.ok_or_else(wrong)?;
    let (session, token) = new_session(client(&headers), now)?;
    if !state.store.sign_in(&account, session).await? {
        return Err(wrong());
    }
    entrance.by_client.succeeded(origin.network());
    entrance.by_login.succeeded(key);
    tracing::info!(login = account.login, "signed in to the office");
    Ok(with_cookie(Json(me(account)), origin, Some(&token)))
}

/// Writes it to the log without making the answer wait: how long that takes must not tell whether there is such an account.
fn note_failure(state: &AppState, account: Option<&Account>) {
    // An unknown login name may be a password in the wrong field.
    let actor = account.map_or_else(Actor::default, |account| Actor {
        account: Some(account.account),
        login: account.login.clone(),
    });
    let (store, now) = (state.store.clone(), state.clock.now());
    tokio::spawn(async move {
        if let Err(fault) = store.sign_in_failed(actor, now).await {
            tracing::warn!(%fault, "a failed sign-in was not logged");
        }
    });
}

/// Gives the account of a one-time link a password, ends its other sessions, and begins one.
#[utoipa::path(
    post,
    path = "/office/password",
    operation_id = "office_password",
    tag = "office",
    request_body(content = Value, description = "The link's secret and the password"),
    responses(
        (status = 200, description = "The account", body = Value),
        (status = 400, description = "The request cannot be read, or the password cannot be taken", body = Refused),
        (status = 403, description = "The link has expired or been used, or the request comes from another site", body = Refused),
        (status = 429, description = "Too many wrong links from this address", body = Refused)
    )
)]
pub(super) async fn password(
    State(state): State<AppState>,
    origin: Origin,
    headers: HeaderMap,
    body: BodyBytes,
) -> Result<Response, ApiError> {
    let PasswordRequest { link, password } = body.json()?;
    let now = state.clock.now();
    state.entrance.by_client.admit(origin.network(), now)?;
    let known = state.store.account_by_link(hash(&link), now).await?.ok_or_else(bad_link)?;
    state.entrance.by_client.succeeded(origin.network());
    if let Some(message) = check_password(&password, &known.login) {
        return Err(ApiError::bad_request("bad_password", message));
    }
    let password_hash = state.entrance.passwords.hash(password).await?;
    let set = set_password(state.store.as_ref(), &link, password_hash, (client(&headers), now)).await?;
    let (account, token) = set.ok_or_else(bad_link)?;
    tracing::info!(login = account.login, "set a password for the office");
    Ok(with_cookie(Json(me(account)), origin, Some(&token)))
}

/// The browser's name for itself.
fn client(headers: &HeaderMap) -> &str {
    headers.get(header::USER_AGENT).and_then(|name| name.to_str().ok()).unwrap_or_default()
}

pub(super) fn me(account: Account) -> MeAnswer {
    MeAnswer { login: account.login, grants: account.grants }
}

fn wrong() -> ApiError {
    let message = "The login name or the password is wrong. If it is lost, ask for a new link.";
    ApiError::new(StatusCode::FORBIDDEN, "wrong_password", message)
}

fn bad_link() -> ApiError {
    let message = "This link has expired or been used. Ask for a new one.";
    ApiError::new(StatusCode::FORBIDDEN, "bad_link", message)
}

impl From<PasswordFault> for ApiError {
    fn from(fault: PasswordFault) -> Self {
        match fault {
            PasswordFault::Busy => Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", fault.to_string()),
            PasswordFault::Failed(cause) => {
                tracing::error!(%cause, "a password could not be hashed");
                let message = "The server could not check the password; its log says why.";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "password_failed", message)
            }
        }
    }
}
