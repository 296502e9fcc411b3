//! What threatens what this device keeps, and what can be done about it.

use browser::{BrowserTimer, FetchTransport};
use domain::{NAMES, Warehouse};
use schema::IdbStore;
use sync::{Notice, RoundError, Store, StoreError};

use super::{Book, Completeness, Signal};

/// There until a person has taken note that the browser removed this device's data.
const DATA_LOST_SETTING: &str = "data_lost";

/// Something a person should know of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threat {
    /// The browser removed this device's data some time ago.
    DataLost,
    /// A record cannot be read.
    Damaged,
    /// The device is full, and mutations are saved in the space that was put by for them.
    ReserveSpent,
    /// A mutation was not saved, because the device is full.
    Refused,
}

impl Book {
    /// What threatens it now, the latest last.
    pub(crate) fn threats(&self) -> Vec<Threat> {
        self.0.threats.borrow().clone()
    }

    /// Notes whether something threatens it.
    fn set_threat(&self, threat: Threat, is_there: bool) {
        let is_known = self.0.threats.borrow().contains(&threat);
        if is_known == is_there {
            return;
        }
        self.0.threats.borrow_mut().retain(|known| *known != threat);
        if is_there {
            self.0.threats.borrow_mut().push(threat);
        }
        self.emit(&Signal::Changed);
    }

    /// Notes what a failure of the store means beyond the moment, and hands it back.
    pub(super) fn noted<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if matches!(result, Err(StoreError::Corrupt(_))) {
            self.set_threat(Threat::Damaged, true);
        }
        result
    }

    /// The same for what a person wanted saved.
    pub(super) fn noted_save<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if matches!(result, Err(StoreError::Full)) {
            self.set_threat(Threat::Refused, true);
        }
        self.noted(result)
    }

    /// The same for a round.
    pub(crate) fn note_round_error(&self, error: &RoundError) {
        if let RoundError::Store(StoreError::Corrupt(_)) = error {
            self.set_threat(Threat::Damaged, true);
        }
    }

    /// Looks for what other windows and earlier days have left word of.
    pub(crate) async fn look_for_threats(&self) {
        // A store that cannot be read reports itself to whoever reads.
        if let Ok(is_spent) = self.store().is_reserve_spent().await {
            self.set_threat(Threat::ReserveSpent, is_spent);
        }
        if let Ok(lost) = self.store().setting(DATA_LOST_SETTING).await {
            self.set_threat(Threat::DataLost, lost.is_some());
        }
    }

    /// Takes note that the browser removed the data, until a person has as well.
    pub(super) async fn note_loss(&self) -> Result<(), StoreError> {
        self.store().put_setting(DATA_LOST_SETTING, Some("yes")).await?;
        self.set_threat(Threat::DataLost, true);
        Ok(())
    }

    /// A person has taken note.
    pub(crate) async fn dismiss(&self, threat: Threat) {
        if threat == Threat::DataLost {
            // Not forgotten, it is said again, which does no harm.
            drop(self.store().put_setting(DATA_LOST_SETTING, None).await);
        }
        self.set_threat(threat, false);
    }

    /// Drops every row, so that the next round fetches all of them; what waits to be sent stays.
    pub(crate) async fn drop_rows(&self) -> Result<(), StoreError> {
        self.store().drop_rows(NAMES.scope).await?;
        self.0.completeness.set(Completeness::Empty);
        self.forget_catalogue();
        self.follow_for_survey(None);
        self.set_threat(Threat::Damaged, false);
        Ok(())
    }

    /// The same for a book that cannot be opened.
    pub(crate) async fn repair() -> Result<(), StoreError> {
        let store =
            IdbStore::<Warehouse>::open(NAMES.database(), browser::new_uuid_v7(), NAMES.scope).await?;
        store.drop_rows(NAMES.scope).await
    }

    /// Compares every row with the server's, and hands `on_progress` how many have been so far. Returns those, and how many
    /// parts were fetched again.
    ///
    /// # Errors
    /// The first failure; what was put right before stays.
    pub(crate) async fn check_rows(&self, on_progress: impl Fn(usize)) -> Result<(usize, usize), RoundError> {
        let tell = |notice: &Notice| {
            self.tell(notice);
            let (book, notice) = (self.clone(), notice.clone());
            wasm_bindgen_futures::spawn_local(async move { book.take_in(notice, false).await });
        };
        let transport = FetchTransport::new(&NAMES);
        let checked =
            client::audit_all(&self.store().relay(), &transport, &BrowserTimer, &tell, on_progress).await;
        // Other windows took a repair for a part of a round.
        self.tell(&Notice::RoundEnded { ok: checked.is_ok() });
        if let Err(error) = &checked {
            self.note_round_error(error);
        }
        checked
    }
}
