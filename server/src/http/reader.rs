//! Who may read a site: its devices, and people whose tokens of Supabase name it.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use uuid::Uuid;

use super::auth::{Caller, NamedSite};
use super::errors::{ApiError, BAD_TOKEN};
use super::state::AppState;
use crate::booking::shortened;
use crate::supabase::{Person, TokenFault, is_token};

/// Whoever sent a request that only reads.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    /// The site.
    pub(super) site: String,
    /// The device or the person.
    pub(super) id: Uuid,
}

impl FromRequestParts<AppState> for Reader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        if let Some(reader) = parts.extensions.get::<Self>() {
            return Ok(reader.clone());
        }
        if let Some(person) = person(&parts.headers, state).await? {
            let query = Query::<NamedSite>::try_from_uri(&parts.uri).ok();
            let named = query.and_then(|Query(named)| named.site);
            return Ok(Self { site: site_of(&person, named.as_deref())?, id: person.id });
        }
        let caller = Caller::from_request_parts(parts, state).await?;
        parts.extensions.insert(caller.clone());
        Ok(Self { site: caller.0.site, id: caller.0.device })
    }
}

/// The bearer token of a request, if it has the form of one of Supabase.
pub(super) fn token_of(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    text.strip_prefix("Bearer ").filter(|token| is_token(token))
}

/// The person whose token a request has; none without one, or if this server accepts none.
pub(super) async fn person(headers: &HeaderMap, state: &AppState) -> Result<Option<Person>, ApiError> {
    let (Some(tokens), Some(token)) = (&state.tokens, token_of(headers)) else { return Ok(None) };
    Ok(Some(tokens.person(token, state.clock.now()).await?))
}

/// The site that a person asks for: one that the token names.
pub(super) fn site_of(person: &Person, named: Option<&str>) -> Result<String, ApiError> {
    match (named, &person.sites[..]) {
        (Some(named), sites) if sites.iter().any(|site| site == named) => Ok(named.to_owned()),
        (Some(named), _) => {
            let message = format!("The token is not of site \"{}\". Ask for access to it.", shortened(named));
            Err(ApiError::new(StatusCode::FORBIDDEN, "not_of_site", message))
        }
        (None, [only]) => Ok(only.clone()),
        (None, sites) => {
            let sites = shortened(&sites.join(", "));
            let message = format!("The token is of several sites: {sites}. Name one of them as \"site\".");
            Err(ApiError::bad_request("site_needed", message))
        }
    }
}

impl From<TokenFault> for ApiError {
    fn from(fault: TokenFault) -> Self {
        match fault {
            TokenFault::Refused(why) => {
                let message = format!("The token is not accepted: {why}. Sign in again.");
                Self::new(StatusCode::UNAUTHORIZED, BAD_TOKEN, message)
            }
            TokenFault::NoKeys(cause) => {
                tracing::error!(%cause, "no token can be verified");
                let message =
                    "The token cannot be verified at the moment. Try again; the server's log says why.";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "no_keys", message)
            }
        }
    }
}
