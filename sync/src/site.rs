//! The site whose data a device holds. A server has several, and a device can get another one's token: its queue and
//! journal must not go there.

use crate::protocol::OtherSite;
use crate::round::RoundError;
use crate::store::{Store, StoreError};
use crate::transport::TransportError;

/// The setting with the name of the site.
const SITE_SETTING: &str = "site";

/// The site whose data `store` holds; `None` before the first answer or enrolment.
///
/// # Errors
/// [`StoreError`].
pub async fn held_site<S: Store>(store: &S) -> Result<Option<String>, StoreError> {
    store.setting(SITE_SETTING).await
}

/// Notes the site of an enrolment or an answer, unless the data is of one already. Returns the site of the data.
///
/// # Errors
/// [`StoreError`].
pub async fn hold_site<S: Store>(store: &S, site: &str) -> Result<String, StoreError> {
    if let Some(held) = held_site(store).await? {
        return Ok(held);
    }
    store.put_setting(SITE_SETTING, Some(site)).await?;
    Ok(site.to_owned())
}

/// Takes in the site that an answer names, before anything of the answer is stored. Returns the site of the data.
pub(crate) async fn of_answer<S: Store>(
    store: &S,
    held: Option<String>,
    answered: Option<&str>,
) -> Result<Option<String>, RoundError> {
    let Some(answered) = answered else { return Ok(held) };
    let held = match held {
        Some(held) => held,
        None => match hold_site(store, answered).await {
            // A later answer is noted, once there is space.
            Err(StoreError::Full) => answered.to_owned(),
            noted => noted?,
        },
    };
    if held == answered {
        return Ok(Some(held));
    }
    Err(TransportError::OtherSite(OtherSite { held, asked: answered.to_owned() }).into())
}
