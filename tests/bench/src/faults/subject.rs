//! The subjects: Lotbook's built app, driven through its screens, and a page for each peer.

use anyhow::Result;
use domain::{Action, Product};
use serde::Deserialize;

use super::scene::Lot;
use super::verdict::Marker;
use super::{app_screens, peer_page};
use crate::chromium::Chromium;
use crate::report::LOTBOOK;

/// Workbox background sync: a service worker's queue of requests.
pub(crate) const WORKBOX: &str = "workbox";
/// TanStack offline transactions.
pub(crate) const TANSTACK: &str = "tanstack";
/// RxDB, a replicated database.
pub(crate) const RXDB: &str = "rxdb";
/// PouchDB, a replicated database that speaks CouchDB's protocol.
pub(crate) const POUCHDB: &str = "pouchdb";

/// Makes the browser repeat a failed sync event after 15 seconds instead of five minutes: fair to a peer that
/// has no other trigger, given the short bound.
const SHORT_RETRY: [&str; 2] = [
    "--force-fieldtrials=BackgroundSync/Short",
    "--force-fieldtrial-params=BackgroundSync.Short:initial_retry_delay_sec/15/max_sync_attempts/3/min_recovery_time_sec/5",
];

/// The mutations that a subject holds.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Held {
    /// Still to be sent.
    pub(crate) pending: Vec<Marker>,
    /// Waiting for a person, with a reason.
    pub(crate) attention: Vec<Marker>,
}

/// A subject's report on a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// Saved.
    Saved,
    /// Not saved, and never to be sent.
    NotSaved,
    /// No report before the timeout.
    Silence,
}

/// A subject under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The built app with its worker.
    Lotbook,
    /// The peer whose page is `bench/faults-NAME.html`.
    Peer(&'static str),
}

impl Subject {
    /// The name in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Lotbook => LOTBOOK,
            Self::Peer(name) => name,
        }
    }

    /// The tag of the sync event that its worker handles, if any.
    pub(crate) fn sync_tag(self) -> Option<&'static str> {
        match self {
            Self::Lotbook => Some("outbox"),
            Self::Peer(WORKBOX) => Some("workbox-background-sync:faults"),
            Self::Peer(_) => None,
        }
    }

    /// Additional browser arguments.
    pub(crate) fn browser_arguments(self) -> &'static [&'static str] {
        match self {
            Self::Peer(WORKBOX) => &SHORT_RETRY,
            Self::Lotbook | Self::Peer(_) => &[],
        }
    }

    /// Enrols the device by a link and waits until the subject is ready.
    ///
    /// # Errors
    /// On timeout.
    pub(crate) async fn install(self, browser: &Chromium, link: &str) -> Result<()> {
        match self {
            Self::Lotbook => app_screens::install(browser, link).await,
            Self::Peer(name) => peer_page::install(browser, link, name).await,
        }
    }

    /// Opens the subject in the current tab, as a returning user would.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) async fn open(self, browser: &Chromium, origin: &str) -> Result<()> {
        match self {
            Self::Lotbook => app_screens::open(browser, origin).await,
            Self::Peer(name) => peer_page::open(browser, origin, name).await,
        }
    }

    /// Saves a pick and returns the subject's report.
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

    /// Saves a new product and returns the subject's report.
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

    /// Updates to the build that the server serves now.
    ///
    /// # Errors
    /// On timeout.
    pub(crate) async fn upgrade(self, browser: &Chromium, origin: &str) -> Result<()> {
        match self {
            Self::Lotbook => app_screens::upgrade(browser).await,
            Self::Peer(name) => peer_page::upgrade(browser, origin, name).await,
        }
    }

    /// The mutations it holds, read from its storage.
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
    /// When the server refuses the code.
    pub(crate) async fn sign_in(self, browser: &Chromium, link: &str) -> Result<()> {
        match self {
            Self::Lotbook => app_screens::sign_in(browser, link).await,
            Self::Peer(_) => peer_page::sign_in(browser, link).await,
        }
    }
}
