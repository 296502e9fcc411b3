//! Choices of the user: automatic rounds, working offline, downloading everything again. The first two are stored and
//! outlive the page.

use sync::{Event, Notice, Store, StoreError};

use crate::client::Client;
use crate::engine::Engine;
use crate::host::Host;
use crate::round::WORK_OFFLINE_SETTING;
use crate::threats::Threat;

/// The setting that exists while automatic rounds are switched off.
const MANUAL_SETTING: &str = "manual_sync";

impl<H: Host> Engine<H> {
    /// Reads the user's choices, which persist across pages. Rounds begin with [`Event::Started`].
    pub async fn read_choices(&self) {
        let store = self.client().store();
        if matches!(store.setting(WORK_OFFLINE_SETTING).await, Ok(Some(_))) {
            self.handle(Event::WorkOffline(true));
        }
        if matches!(store.setting(MANUAL_SETTING).await, Ok(Some(_))) {
            self.handle(Event::Automatic(false));
        }
    }

    /// Switches automatic rounds on or off. New mutations are sent in either case.
    pub fn set_automatic(&self, on: bool) {
        let value = (!on).then_some("yes");
        self.store_then(
            async move |client: Client<H>| client.store().put_setting(MANUAL_SETTING, value).await,
            move |engine| engine.handle(Event::Automatic(on)),
        );
    }

    /// Stores the user's choice to work offline, for this window, the others and the worker.
    pub fn work_offline(&self, chosen: bool) {
        let value = chosen.then_some("yes");
        self.store_then(
            async move |client: Client<H>| client.store().put_setting(WORK_OFFLINE_SETTING, value).await,
            move |engine| {
                engine.client().tell(&Notice::WorkOffline { chosen });
                engine.handle(Event::WorkOffline(chosen));
            },
        );
    }

    /// Downloads the whole snapshot again; queue and rows stay in the meantime.
    pub fn full_sync(&self) {
        self.store_then(
            async |client: Client<H>| client.store().restart(client.host().scope()).await,
            |engine| engine.handle(Event::Manual),
        );
    }

    /// Drops all rows and downloads the whole snapshot again, for unreadable rows; the queue stays.
    pub fn repair(&self) {
        self.store_then(
            async |client: Client<H>| client.drop_rows().await,
            |engine| engine.handle(Event::Manual),
        );
    }

    /// Clears a threat that a person has acknowledged.
    pub fn dismiss(&self, threat: Threat) {
        let client = self.client().clone();
        self.spawn(async move { client.dismiss(threat).await });
    }

    fn store_then(
        &self,
        change: impl AsyncFnOnce(Client<H>) -> Result<(), StoreError> + 'static,
        then: impl FnOnce(&Self) + 'static,
    ) {
        let engine = self.clone();
        self.spawn(async move {
            match change(engine.client().clone()).await {
                Ok(()) => then(&engine),
                Err(error) => engine.fail(error.into()),
            }
        });
    }
}
