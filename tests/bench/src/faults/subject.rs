//! The subjects: Lotbook's built app, driven by its screens, and a page for each peer.

use anyhow::Result;
use domain::{Action, Product};
use serde::Deserialize;

use super::scene::Lot;
use super::verdict::Marker;
use super::{app_screens, peer_page};
use crate::chromium::Chromium;
use crate::report::LOTBOOK;

/// Background sync by a service worker's queue of requests.
pub(crate) const WORKBOX: &str = "workbox";
/// Offline transactions.
pub(crate) const TANSTACK: &str = "tanstack";
/// A replicated database.
pub(crate) const RXDB: &str = "rxdb";
/// A replicated database of another protocol.
pub(crate) const POUCHDB: &str = "pouchdb";

/// A browser that fires a sync event again 15 seconds after it failed, and not five minutes: for a peer that knows no other
/// occasion, so that the bound is fair to it.
const SHORT_RETRY: [&str; 2] = [
    "--force-fieldtrials=BackgroundSync/Short",
    "--force-fieldtrial-params=BackgroundSync.Short:initial_retry_delay_sec/15/max_sync_attempts/3/min_recovery_time_sec/5",
];

/// What a subject holds.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Held {
    /// To be sent.
    pub(crate) pending: Vec<Marker>,
    /// Waiting for a person, with a reason.
    pub(crate) attention: Vec<Marker>,
}

/// What a subject says of a mutation that it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// It is saved.
    Saved,
    /// It is not, and will not arrive.
    NotSaved,
    /// Nothing, for longer than anybody waits.
    Silence,
}

/// Who is put to the test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The app itself, with its worker.
    Lotbook,
    /// The peer whose page is `bench/faults-NAME.html`.
    Peer(&'static str),
}

impl Subject {
    /// As in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Lotbook => LOTBOOK,
            Self::Peer(name) => name,
        }
    }

    /// The tag of the sync event that its worker waits for, if it has one.
    pub(crate) fn sync_tag(self) -> Option<&'static str> {
        match self {
            Self::Lotbook => Some("outbox"),
            Self::Peer(WORKBOX) => Some("workbox-background-sync:faults"),
            Self::Peer(_) => None,
        }
    }

    /// What its browser is told beyond the usual.
    pub(crate) fn browser_arguments(self) -> &'static [&'static str] {
        match self {
            Self::Peer(WORKBOX) => &SHORT_RETRY,
            Self::Lotbook | Self::Peer(_) => &[],
        }
    }

    /// Enrols the device by a link, and waits until the subject is ready.
    ///
    /// # Errors
    /// When it does not get there.
    pub(crate) async fn install(self, browser: &Chromium, link: &str) -> Result<()> {
        match self {
            Self::Lotbook => app_screens::install(browser, link).await,
            Self::Peer(name) => peer_page::install(browser, link, name).await,
        }
    }

    /// Opens it in the current tab, as a person would who comes back to it.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) async fn open(self, browser: &Chromium, origin: &str) -> Result<()> {
        match self {
            Self::Lotbook => app_screens::open(browser, origin).await,
            Self::Peer(name) => peer_page::open(browser, origin, name).await,
        }
    }

    /// Saves a pick, and returns what the subject says of it.
    ///
    /// # Errors
    /// When its screen does not work.
    pub(crate) async fn save(
        self,
        browser: &Chromium,
        origin: &str,
        lot: &Lot,
        marker: Marker,
    ) -> Result<Word> {
        match self {
            Self::Lotbook => app_screens::save(browser, origin, lot, marker).await,
            Self::Peer(_) => peer_page::save(browser, lot, marker).await,
        }
    }

    /// Saves a new product, and returns what the subject says of it.
    ///
    /// # Errors
    /// When its screen does not work.
    pub(crate) async fn save_product(
        self,
        browser: &Chromium,
        origin: &str,
        product: &Product,
    ) -> Result<Word> {
        match self {
            Self::Lotbook => app_screens::save_product(browser, origin, product).await,
            Self::Peer(_) => peer_page::save_action(browser, &Action::CreateProduct(product.clone())).await,
        }
    }

    /// Puts the build in place that the server has by now.
    ///
    /// # Errors
    /// When it does not get there.
    pub(crate) async fn upgrade(self, browser: &Chromium, origin: &str) -> Result<()> {
        match self {
            Self::Lotbook => app_screens::upgrade(browser).await,
            Self::Peer(name) => peer_page::upgrade(browser, origin, name).await,
        }
    }

    /// What it holds, by its storage.
    ///
    /// # Errors
    /// When the page does not answer.
    pub(crate) async fn held(self, browser: &Chromium) -> Result<Held> {
        let script = match self {
            Self::Lotbook => app_screens::HELD,
            Self::Peer(_) => peer_page::HELD,
        };
        Ok(serde_json::from_value(browser.script(script).await?)?)
    }

    /// Signs in again in the current tab.
    ///
    /// # Errors
    /// When that is refused.
    pub(crate) async fn sign_in(self, browser: &Chromium, link: &str) -> Result<()> {
        match self {
            Self::Lotbook => app_screens::sign_in(browser, link).await,
            Self::Peer(_) => peer_page::sign_in(browser, link).await,
        }
    }
}
