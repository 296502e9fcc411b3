//! Refuses the requests of devices that hold the data of another site than their token is of: a browser that opened
//! another site's link in an earlier build, for example. Nothing of such a request is used.

use axum::http::StatusCode;
use sync::{OTHER_SITE, OtherSite};
use uuid::Uuid;

use super::errors::ApiError;
use super::state::AppState;
use crate::store::Device;

/// Characters of a site's name that a refusal repeats.
const MAX_REPEATED_CHARS: usize = 100;

/// Checks the site that a request names, if it names one.
pub(super) fn check_named(device: &Device, named: Option<&str>) -> Result<(), ApiError> {
    match named {
        Some(held) if held != device.site => Err(refusal(held, &device.site)),
        Some(_) | None => Ok(()),
    }
}

/// Checks the site of a client's data. Builds that do not name it are told by their client id and the epoch of their
/// rows: a client that is unknown here may be another site's.
pub(super) async fn check(
    state: &AppState,
    device: &Device,
    named: Option<&str>,
    client: Uuid,
    epoch: Option<Uuid>,
) -> Result<(), ApiError> {
    if named.is_some() {
        return check_named(device, named);
    }
    match state.store.other_site_of(&device.site, client, epoch).await? {
        Some(held) => Err(refusal(&held, &device.site)),
        None => Ok(()),
    }
}

/// The refusal of a device that holds the data of `held` and asks for `asked`.
pub(super) fn refusal(held: &str, asked: &str) -> ApiError {
    let held: String = held.chars().take(MAX_REPEATED_CHARS).collect();
    let message = format!(
        "This device holds the stock of site \"{held}\" and cannot work at site \"{asked}\". Connect it to \"{held}\", \
         or use another browser or profile for \"{asked}\"."
    );
    ApiError::new(StatusCode::CONFLICT, OTHER_SITE, message)
        .of_sites(OtherSite { held, asked: asked.to_owned() })
}
