//! This device's identity on the server: enrolment, lookup, sign-out.

use client::{Change, Signal};
use domain::{DeviceAnswer, EnrolRequest, NAMES};
use sync::{OtherSite, Store, StoreError, TransportError, held_site, hold_site};

use super::{Book, DEVICE_SETTING};
use crate::words::faults_in_words::{store_fault, transport_fault};
use crate::words::language::{t, tf};

const ENROL_TIMEOUT_MILLIS: u32 = 15_000;
/// Timeout of an answer that a round waits for.
const DEVICE_TIMEOUT_MILLIS: u32 = 5_000;

impl Book {
    /// Exchanges a one-time code for this device's identity. The token stays in a cookie that no script can
    /// read.
    ///
    /// # Errors
    /// The sentence to show.
    pub(crate) async fn enrol(&self, code: &str, device_name: &str) -> Result<(), String> {
        let known = self.0.device.borrow().clone();
        let held = held_site(self.store()).await.map_err(|error| store_fault(&error))?;
        let request = EnrolRequest {
            code: code_of(code).to_uppercase(),
            site: held.or_else(|| known.as_ref().map(|known| known.site.clone())),
            device_name: device_name.trim().to_owned(),
            bearer: false,
        };
        // If the page is closed before the answer is stored, the cookie is new and the stored identity would
        // be wrong. Without a stored identity, the next start asks the server.
        let forgotten = self.store().put_setting(DEVICE_SETTING, None).await;
        forgotten.map_err(|error| store_fault(&error))?;
        let answer = trade(&request).await;
        if let Some(device) = answer.as_ref().ok().or(known.as_ref()) {
            self.keep_device(device).await.map_err(|error| store_fault(&error))?;
        }
        answer?;
        self.client().emit(&Signal::SignedIn);
        self.emit_changed(Change { settings: true, ..Change::default() });
        Ok(())
    }

    /// Asks the server for this device's identity if it is not stored. The cookie outlives data that the
    /// browser removed, and the server knows whether this device sent mutations before.
    pub(crate) async fn ask_after_device(&self) {
        if let Some(site) = self.device_site() {
            // Data of earlier builds does not have it noted. A round after an error tries again.
            drop(hold_site(self.store(), &site).await);
            return;
        }
        // The next round asks again.
        let asked = browser::get_json::<DeviceAnswer>("/api/device", DEVICE_TIMEOUT_MILLIS).await;
        let Ok(Some(answer)) = asked else { return };
        drop(self.learn_device(&answer).await);
    }

    async fn learn_device(&self, answer: &DeviceAnswer) -> Result<(), StoreError> {
        // The cookie is another site's. The round that follows is refused, and says so.
        if hold_site(self.store(), &answer.site).await? != answer.site {
            return Ok(());
        }
        let outbox = self.store().outbox(0).await?;
        // The worker may have sent mutations of this life of the database already.
        let own_lives = u64::from(outbox.last_outcome_seq > 0);
        if answer.lives > own_lives {
            self.client().note_loss().await?;
        }
        self.keep_device(answer).await?;
        self.emit_changed(Change { settings: true, ..Change::default() });
        Ok(())
    }

    async fn keep_device(&self, answer: &DeviceAnswer) -> Result<(), StoreError> {
        hold_site(self.store(), &answer.site).await?;
        let text = serde_json::to_string(answer).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        self.store().put_setting(DEVICE_SETTING, Some(&text)).await?;
        self.read_device().await
    }

    /// Revokes this device on the server. Unsent mutations stay, with their author.
    ///
    /// # Errors
    /// The sentence to show.
    pub(crate) async fn sign_out(&self) -> Result<(), String> {
        match browser::post_empty(NAMES.header, "/api/sign-out", ENROL_TIMEOUT_MILLIS).await {
            // The server has revoked it already.
            Ok(()) | Err(TransportError::SignInNeeded) => Ok(()),
            Err(TransportError::Unreachable | TransportError::TimedOut) => {
                Err(t("Disconnecting needs the server. Go online, then try again.").to_owned())
            }
            Err(error) => Err(transport_fault(&error)),
        }
    }
}

/// The code in a scan, which may contain the whole link with the device's name: `https://…/enrol/AB12?name=Dock%201`.
fn code_of(scan: &str) -> &str {
    let link = scan.split('?').next().unwrap_or_default();
    link.trim().trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

/// The server's answer to a code. A browser stores the data of one site only; the code of another one stays unused.
async fn trade(request: &EnrolRequest) -> Result<DeviceAnswer, String> {
    let answer: Result<DeviceAnswer, _> =
        browser::post_json(NAMES.header, "/api/enrol", request, ENROL_TIMEOUT_MILLIS).await;
    let answer = answer.map_err(|error| match error {
        TransportError::Refused { message, .. } => message,
        TransportError::SignInNeeded => {
            t("This code has expired or been used. Ask for a new one.").to_owned()
        }
        TransportError::OtherSite(sites) => other_site(&sites),
        other => transport_fault(&other),
    })?;
    match &request.site {
        // The server of an earlier build does not compare them.
        Some(held) if *held != answer.site => {
            Err(other_site(&OtherSite { held: held.clone(), asked: answer.site }))
        }
        _ => Ok(answer),
    }
}

fn other_site(OtherSite { held, asked }: &OtherSite) -> String {
    tf(
        "This browser holds the stock of site {held}. To work at site {asked}, use another browser or profile.",
        &[("held", held), ("asked", asked)],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_from_its_link() {
        let links = [
            " AB12 ",
            "https://lots.example/enrol/AB12",
            "http://l/enrol/AB12?name=Dock%2F1",
            "l/enrol/AB12/",
        ];
        assert!(links.iter().all(|link| code_of(link) == "AB12"));
    }
}
