//! Making this device known to the server.

use domain::{DeviceAnswer, EnrolRequest, Warehouse};
use sync::{Store, TransportError};

use super::{Book, DEVICE_SETTING, Signal};

const ENROL_TIMEOUT_MILLIS: u32 = 15_000;

impl Book {
    /// Trades a one-time code for this device's identity. The token itself stays in a cookie that no script can read.
    ///
    /// # Errors
    /// The sentence to show.
    pub(crate) async fn enrol(&self, code: &str, device_name: &str) -> Result<(), String> {
        let request = EnrolRequest {
            code: code.trim().to_uppercase(),
            device_name: device_name.trim().to_owned(),
            bearer: false,
        };
        let answer: DeviceAnswer = browser::post_json("/api/enrol", &request, ENROL_TIMEOUT_MILLIS)
            .await
            .map_err(|error| match error {
                TransportError::Refused { message, .. } => message,
                TransportError::SignInNeeded => {
                    "This code is not valid (any more). Ask for a new one.".to_owned()
                }
                other => other.to_string(),
            })?;
        if let Some(known) = &*self.0.device.borrow()
            && known.site != answer.site
        {
            let message = format!(
                "This browser holds the book of site {}. To work at site {}, use another browser or another profile.",
                known.site, answer.site
            );
            return Err(message);
        }
        let text = serde_json::to_string(&answer).map_err(|error| error.to_string())?;
        let saved = Store::<Warehouse>::put_setting(self.store(), DEVICE_SETTING, Some(&text)).await;
        saved.map_err(|error| error.to_string())?;
        self.reload().await.map_err(|error| error.to_string())?;
        self.emit(&Signal::SignedIn);
        self.emit(&Signal::Changed);
        Ok(())
    }
}
