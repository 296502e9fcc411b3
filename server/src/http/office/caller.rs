//! Authentication by a session's cookie, and what its account may do.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use office_model::roles::{OfficeRoute, Place, allows};

use crate::enrolment::hash;
use crate::http::admission::within_limits;
use crate::http::errors::ApiError;
use crate::http::limits::Kind;
use crate::http::origin::Origin;
use crate::http::state::AppState;
use crate::store::office::{Account, Actor, OfficeSession, SESSION_LIFE_MILLIS};

/// The cookie over HTTPS, as that of a device.
const SECURE_COOKIE: &str = "__Host-lotbook_office";
/// The cookie over HTTP.
const PLAIN_COOKIE: &str = "lotbook_office";
/// Cookies of one request that are tried: another site of the domain may have set one of the same name.
const MAX_COOKIES_TRIED: usize = 4;
/// Minimum time between two updates of a session's `last_used_at`, because each is a write.
const LAST_USED_STEP_MILLIS: u64 = 5 * 60 * 1_000;

/// The account that sent the request; only in the routes of [`admit`].
#[derive(Clone, Debug)]
pub(super) struct SignedIn {
    pub(super) account: Account,
    pub(super) session: OfficeSession,
}

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        parts.extensions.get().cloned().ok_or_else(needed)
    }
}

impl SignedIn {
    /// As the log names it.
    pub(super) fn actor(&self) -> Actor {
        Actor { account: Some(self.account.account), login: self.account.login.clone() }
    }

    /// Whether it may use a route at a site, which has to exist. An unknown site and one without a role are told in the same words.
    ///
    /// # Errors
    /// 403 if it may not.
    pub(super) async fn at(&self, state: &AppState, route: OfficeRoute, site: &str) -> Result<(), ApiError> {
        let grants = &self.account.grants;
        if grants.at(site).is_none() || !state.store.sites().await?.iter().any(|known| known.site == site) {
            let message =
                "There is no such site, or your account has no role there. An admin can give it one.";
            return Err(ApiError::new(StatusCode::FORBIDDEN, "no_role", message));
        }
        self.check(route, Place::Site(site))
    }

    /// Whether it may use a route for the whole company, or for itself.
    ///
    /// # Errors
    /// 403 if it may not.
    pub(super) fn check(&self, route: OfficeRoute, place: Place<'_>) -> Result<(), ApiError> {
        if allows(route, &self.account.grants, place) {
            return Ok(());
        }
        let least = route.least_role().map_or("account", |role| role.name());
        let message = format!("Your role may not do this. It takes the role {least}.");
        Err(ApiError::new(StatusCode::FORBIDDEN, "role_too_low", message))
    }
}

/// Middleware: authenticates the session, and holds a place for the request until its answer has been sent.
pub(super) async fn admit(
    State((state, kind)): State<(AppState, Kind)>,
    origin: Origin,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let signed_in = match caller(&parts.headers, origin, &state).await {
        Ok(signed_in) => signed_in,
        Err(refusal) => return refusal.into_response(),
    };
    let id = signed_in.account.account;
    parts.extensions.insert(signed_in);
    within_limits(&state, (id, kind), (parts, body), next).await
}

async fn caller(headers: &HeaderMap, origin: Origin, state: &AppState) -> Result<SignedIn, ApiError> {
    let now = state.clock.now();
    for token in tokens(headers, origin) {
        let Some((session, account)) = state.store.session(hash(token), now).await? else { continue };
        if now.since(session.last_used_at) > LAST_USED_STEP_MILLIS
            && let Err(fault) = state.store.saw_session(session.session, now).await
        {
            // The next request stores it.
            tracing::debug!(%fault, "the use of a session was not stored");
        }
        return Ok(SignedIn { account, session });
    }
    Err(needed())
}

/// The tokens in a request's cookies. Over HTTPS the plain cookie is nobody's: anybody on the way could have set it.
fn tokens(headers: &HeaderMap, origin: Origin) -> impl Iterator<Item = &str> {
    let name = cookie_name(origin);
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(move |(known, _)| *known == name).map(|(_, token)| token).take(MAX_COOKIES_TRIED)
}

fn cookie_name(origin: Origin) -> &'static str {
    if origin.is_https { SECURE_COOKIE } else { PLAIN_COOKIE }
}

fn needed() -> ApiError {
    let message = "You are not signed in, or the session has ended. Sign in again.";
    ApiError::new(StatusCode::UNAUTHORIZED, "office_sign_in_needed", message)
}

/// A response that gives a browser its token, or takes it away.
pub(super) fn with_cookie(response: impl IntoResponse, origin: Origin, token: Option<&str>) -> Response {
    let mut response = response.into_response();
    let secure = if origin.is_https { "; Secure" } else { "" };
    let life = token.map_or(0, |_| SESSION_LIFE_MILLIS / 1_000);
    let line = format!(
        "{}={}; HttpOnly; SameSite=Strict; Path=/; Max-Age={life}{secure}",
        cookie_name(origin),
        token.unwrap_or_default()
    );
    if let Ok(line) = HeaderValue::try_from(line) {
        response.headers_mut().append(header::SET_COOKIE, line);
    }
    response
}
