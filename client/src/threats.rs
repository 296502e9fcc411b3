//! Dangers to the data on a device.

use sync::{RoundError, Store, StoreError};

use crate::client::{Client, Signal};
use crate::host::Host;

/// The setting that exists until a person has acknowledged that the browser removed this device's data.
const DATA_LOST_SETTING: &str = "data_lost";

/// A danger to the device's data that a person should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threat {
    /// The browser removed this device's data some time ago.
    DataLost,
    /// A record cannot be parsed.
    Damaged,
    /// The device is full, and mutations are saved in the reserved space.
    ReserveSpent,
    /// A mutation was not saved, because the device is full.
    Refused,
}

impl<H: Host> Client<H> {
    /// The current threats, the latest last.
    pub fn threats(&self) -> Vec<Threat> {
        self.0.threats.borrow().clone()
    }

    pub(crate) fn set_threat(&self, threat: Threat, is_there: bool) {
        if self.0.threats.borrow().contains(&threat) == is_there {
            return;
        }
        self.0.threats.borrow_mut().retain(|known| *known != threat);
        if is_there {
            self.0.threats.borrow_mut().push(threat);
        }
        self.emit(&Signal::Status);
    }

    /// Notes a damaged record, and returns the result unchanged.
    ///
    /// # Errors
    /// As `result`.
    pub fn noted<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if matches!(result, Err(StoreError::Corrupt(_))) {
            self.set_threat(Threat::Damaged, true);
        }
        result
    }

    /// Like [`Client::noted`], for a save: notes a full device as well.
    ///
    /// # Errors
    /// As `result`.
    pub fn noted_save<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if matches!(result, Err(StoreError::Full)) {
            self.set_threat(Threat::Refused, true);
        }
        self.noted(result)
    }

    /// Like [`Client::noted`], for a round.
    pub fn note_round_error(&self, error: &RoundError) {
        if let RoundError::Store(StoreError::Corrupt(_)) = error {
            self.set_threat(Threat::Damaged, true);
        }
    }

    /// Looks for threats noted by other windows or earlier sessions. The next reader of an unreadable store
    /// reports the error.
    pub async fn look_for_threats(&self) {
        if let Ok(is_full) = self.store().is_full().await {
            self.set_threat(Threat::ReserveSpent, is_full);
        }
        if let Ok(lost) = self.store().setting(DATA_LOST_SETTING).await {
            self.set_threat(Threat::DataLost, lost.is_some());
        }
    }

    /// Notes that the browser removed this device's data, until [`Client::dismiss`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn note_loss(&self) -> Result<(), StoreError> {
        self.store().put_setting(DATA_LOST_SETTING, Some("yes")).await?;
        self.set_threat(Threat::DataLost, true);
        Ok(())
    }

    /// Clears a threat that a person has acknowledged.
    pub async fn dismiss(&self, threat: Threat) {
        if threat == Threat::DataLost {
            // If clearing fails, the notice appears again, which is harmless.
            drop(self.store().put_setting(DATA_LOST_SETTING, None).await);
        }
        self.set_threat(threat, false);
    }
}
