//! Who this device is to the server: made known, asked after, signed out.

use client::{Change, Signal};
use domain::{DeviceAnswer, EnrolRequest, NAMES};
use sync::{Store, StoreError, TransportError};

use super::{Book, DEVICE_SETTING};
use crate::words::faults_in_words::{store_fault, transport_fault};
use crate::words::language::{t, tf};

const ENROL_TIMEOUT_MILLIS: u32 = 15_000;
/// A round waits for this answer.
const DEVICE_TIMEOUT_MILLIS: u32 = 5_000;

impl Book {
    /// Trades a one-time code for this device's identity. The token itself stays in a cookie that no script can read.
    ///
    /// # Errors
    /// The sentence to show.
    pub(crate) async fn enrol(&self, code: &str, device_name: &str) -> Result<(), String> {
        let request = EnrolRequest {
            // A scan may be of the whole link.
            code: code.trim().rsplit('/').next().unwrap_or_default().to_uppercase(),
            device_name: device_name.trim().to_owned(),
            bearer: false,
        };
        let known = self.0.device.borrow().clone();
        // A page that is left before the answer is kept has a new cookie, and must not go on under the old name: it asks.
        let forgotten = self.store().put_setting(DEVICE_SETTING, None).await;
        forgotten.map_err(|error| store_fault(&error))?;
        let answer = trade(&request, known.as_ref()).await;
        if let Some(device) = answer.as_ref().ok().or(known.as_ref()) {
            self.keep_device(device).await.map_err(|error| store_fault(&error))?;
        }
        answer?;
        self.client().emit(&Signal::SignedIn);
        self.emit_changed(Change { settings: true, ..Change::default() });
        Ok(())
    }

    /// Asks the server who this device is, when its own data does not say. The sign-in outlives data that the browser
    /// removed, and the server knows of what this device sent before.
    pub(crate) async fn ask_after_device(&self) {
        if self.device_name().is_some() {
            return;
        }
        // The next round asks again.
        let asked = browser::get_json::<DeviceAnswer>("/api/device", DEVICE_TIMEOUT_MILLIS).await;
        let Ok(Some(answer)) = asked else { return };
        drop(self.learn_device(&answer).await);
    }

    async fn learn_device(&self, answer: &DeviceAnswer) -> Result<(), StoreError> {
        let outbox = self.store().outbox(0).await?;
        // This life may have sent something already, by the worker.
        let own_lives = u64::from(outbox.last_outcome_seq > 0);
        if answer.lives > own_lives {
            self.client().note_loss().await?;
        }
        self.keep_device(answer).await?;
        self.emit_changed(Change { settings: true, ..Change::default() });
        Ok(())
    }

    async fn keep_device(&self, answer: &DeviceAnswer) -> Result<(), StoreError> {
        let text = serde_json::to_string(answer).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        self.store().put_setting(DEVICE_SETTING, Some(&text)).await?;
        self.read_device().await
    }

    /// Lets the server forget this device. What waits to be sent stays, under the name of who did it.
    ///
    /// # Errors
    /// The sentence to show.
    pub(crate) async fn sign_out(&self) -> Result<(), String> {
        match browser::post_empty(NAMES.header, "/api/sign-out", ENROL_TIMEOUT_MILLIS).await {
            // The server has forgotten it already.
            Ok(()) | Err(TransportError::SignInNeeded) => Ok(()),
            Err(TransportError::Unreachable | TransportError::TimedOut) => Err(t(
                "Signing out needs the server, so that it forgets this device. Connect, then try again.",
            )
            .to_owned()),
            Err(error) => Err(transport_fault(&error)),
        }
    }
}

/// The server's answer to a code. One browser holds the book of one site.
async fn trade(request: &EnrolRequest, known: Option<&DeviceAnswer>) -> Result<DeviceAnswer, String> {
    let answer: Result<DeviceAnswer, _> =
        browser::post_json(NAMES.header, "/api/enrol", request, ENROL_TIMEOUT_MILLIS).await;
    let answer = answer.map_err(|error| match error {
        TransportError::Refused { message, .. } => message,
        TransportError::SignInNeeded => t("This code is not valid (any more). Ask for a new one.").to_owned(),
        other => transport_fault(&other),
    })?;
    match known {
        Some(known) if known.site != answer.site => Err(tf(
            "This browser holds the book of site {held}. To work at site {asked}, use another browser or another profile.",
            &[("held", &known.site), ("asked", &answer.site)],
        )),
        _ => Ok(answer),
    }
}
