//! `/api/office`: what the office's page asks for. Each route but the entrance needs a session, and asks
//! [`office_model::roles::allows`] whether the account may use it.

mod accounts;
mod caller;
mod devices;
mod keys;
mod log;
mod people;
mod same_origin;
mod sessions;
mod settings;
mod sign_in;
mod sites;
mod transfers;
mod webhooks;

use std::net::IpAddr;

use axum::Extension;
use axum::middleware::{from_fn, from_fn_with_state};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{MAX_STRANGERS_BODY_BYTES, MaxBodyBytes};
use super::limits::Kind;
use super::rate_limit::{AttemptLimit, Attempts};
use super::state::AppState;
use crate::office::Passwords;

/// Wrong passwords and links of one client.
const BY_CLIENT: AttemptLimit = AttemptLimit {
    max_failures: 20,
    failure_millis: 30_000,
    message: "Too many wrong passwords or links from this address. Wait a minute, then try again.",
};
/// Wrong passwords with one login name, from whatever address: whoever guesses with many addresses gets no further.
const BY_LOGIN: AttemptLimit = AttemptLimit {
    max_failures: 10,
    failure_millis: 30_000,
    message: "Too many wrong passwords for this login name. Wait a minute, then try again.",
};

/// The limits that all sign-ins share.
#[derive(Debug)]
pub(super) struct Entrance {
    by_client: Attempts<IpAddr>,
    by_login: Attempts<String>,
    passwords: Passwords,
}

impl Default for Entrance {
    fn default() -> Self {
        Self {
            by_client: Attempts::new(BY_CLIENT),
            by_login: Attempts::new(BY_LOGIN),
            passwords: Passwords::default(),
        }
    }
}

/// The routes, below `/api`.
pub(super) fn routes(state: &AppState) -> OpenApiRouter<AppState> {
    let admit = |kind| from_fn_with_state((state.clone(), kind), caller::admit);
    let entrance = OpenApiRouter::new()
        .routes(routes!(sign_in::sign_in))
        .routes(routes!(sign_in::password))
        .layer(Extension(MaxBodyBytes(MAX_STRANGERS_BODY_BYTES)));
    let reads = OpenApiRouter::new()
        .routes(routes!(sessions::me))
        .routes(routes!(sessions::list))
        .routes(routes!(sites::list))
        .routes(routes!(devices::list))
        .routes(routes!(keys::list))
        .routes(routes!(webhooks::list))
        .routes(routes!(log::read))
        .routes(routes!(accounts::list))
        .routes(routes!(people::list))
        .routes(routes!(settings::list))
        .routes(routes!(transfers::list))
        .route_layer(admit(Kind::Read));
    let writes = OpenApiRouter::new()
        .routes(routes!(sessions::sign_out))
        .routes(routes!(sessions::end))
        .routes(routes!(devices::connect))
        .routes(routes!(devices::rename))
        .routes(routes!(devices::revoke))
        .routes(routes!(keys::add))
        .routes(routes!(keys::revoke))
        .routes(routes!(webhooks::add))
        .routes(routes!(webhooks::retry))
        .routes(routes!(webhooks::remove))
        .routes(routes!(accounts::add))
        .routes(routes!(accounts::link))
        .routes(routes!(accounts::close))
        .routes(routes!(people::add))
        .routes(routes!(people::change_person))
        .routes(routes!(people::import))
        .routes(routes!(settings::change))
        .routes(routes!(sites::add))
        .route_layer(admit(Kind::Sync));
    entrance.merge(reads).merge(writes).route_layer(from_fn(same_origin::check))
}
