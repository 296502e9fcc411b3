//! Set-up of one run: a server, the proxy before it, one browser with one subject, and one lot to pick from.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use domain::{Action, LotRef, Product, Quantity};
use fastrand::Rng;
use serde_json::json;
use uuid::{Builder, Uuid};

use super::plan::{Hurt, Plan};
use super::proxy::FaultProxy;
use super::rows;
use super::subject::{Held, Subject, Word};
use super::verdict::{Counts, Marker, POISON, Seen};
use crate::chromium::Chromium;
use crate::edits::{Editor, uuid};
use crate::server_process::ServerProcess;
use crate::settings::{Settings, Size};

/// Time after the end of a fault within which everything must be settled.
pub(crate) const BOUND_SECONDS: u64 = 90;
/// Settled runs end only after no request for this long, so that late duplicates are seen.
const QUIET: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// Timeout for bookings that the test waits for while there is no fault.
const BOOKING_TIMEOUT: Duration = Duration::from_secs(30);

/// The lot that a run picks from.
#[derive(Clone, Debug)]
pub(crate) struct Lot {
    /// Product, lot code and bin.
    pub(crate) at: LotRef,
    /// The lot's id.
    pub(crate) id: Uuid,
}

/// One run.
pub(crate) struct Scene {
    /// The server.
    pub(crate) server: ServerProcess,
    /// The proxy between browser and server.
    pub(crate) proxy: FaultProxy,
    /// The browser.
    pub(crate) browser: Chromium,
    /// The subject in the browser.
    pub(crate) subject: Subject,
    /// The lot to pick from.
    pub(crate) lot: Lot,
    /// Source of random choices.
    pub(crate) rng: Rng,
    /// Observations: saves are added as they happen, the rest by [`Self::settle`].
    pub(crate) seen: Seen,
    /// Whether the subject's rows must equal the server's in the end.
    pub(crate) compares_rows: bool,
    last_marker: Marker,
}

impl Scene {
    /// Starts server, proxy and browser. The subject is not installed yet.
    ///
    /// # Errors
    /// When something cannot be started.
    pub(crate) async fn set(settings: &Settings, subject: Subject, size: Size, rng: Rng) -> Result<Self> {
        let server = ServerProcess::start_with(settings, size)?;
        let proxy = FaultProxy::start(SocketAddr::from((Ipv4Addr::LOCALHOST, server.port()))).await?;
        let lot = whole_lot(&server)?;
        let browser = Chromium::start(settings, subject.browser_arguments()).await?;
        let seen = Seen::default();
        Ok(Self { server, proxy, browser, subject, lot, rng, seen, compares_rows: false, last_marker: 0 })
    }

    /// The server's origin for the browser, through the proxy.
    pub(crate) fn origin(&self) -> String {
        format!("http://localhost:{}", self.proxy.port())
    }

    /// Enrols the device and opens the subject on it.
    ///
    /// # Errors
    /// When the subject does not start.
    pub(crate) async fn install(&self) -> Result<()> {
        let link = self.server.enrolment_link(&self.origin())?;
        self.subject.install(&self.browser, &link).await.context("installing the subject")
    }

    /// Refuses all requests from now on.
    pub(crate) fn cut_off(&self) {
        self.proxy.set(Plan::Always(Hurt::Refuse));
    }

    /// Lets the subject in the current tab save `count` picks, each with another quantity.
    ///
    /// # Errors
    /// When its screen does not work. A pick that the subject reports as not saved is not an error.
    pub(crate) async fn save(&mut self, count: usize) -> Result<()> {
        for _ in 0..count {
            self.last_marker += 1;
            let marker = self.last_marker;
            let begun = Instant::now();
            let said = self.subject.save(&self.browser, &self.origin(), &self.lot, marker).await;
            match said.with_context(|| format!("saving pick {marker}"))? {
                Word::Saved => self.note_saved(marker, begun),
                Word::NotSaved => {}
                Word::Silence => self.seen.unsaid.push(marker),
            }
        }
        Ok(())
    }

    fn note_saved(&mut self, marker: Marker, begun: Instant) {
        let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.seen.slowest_save_millis = self.seen.slowest_save_millis.max(millis);
        self.seen.saved.push(marker);
    }

    /// Lets the subject save a mutation that the server will always refuse: a product with a SKU that another
    /// device takes first.
    ///
    /// # Errors
    /// When its screen does not work, or the other device is refused.
    pub(crate) async fn save_poison(&mut self) -> Result<()> {
        let begun = Instant::now();
        let refused = product(&mut self.rng);
        if self.subject.save_product(&self.browser, &self.origin(), &refused).await? == Word::Saved {
            self.note_saved(POISON, begun);
        }
        let taken = Action::CreateProduct(product(&mut self.rng));
        Editor::new(&self.server).await?.act(&self.server, taken).await
    }

    /// Signals to the current tab and the worker that the network is back, as a browser does.
    ///
    /// # Errors
    /// When the browser refuses it.
    pub(crate) async fn network_is_back(&self) -> Result<()> {
        self.tell_page().await?;
        self.wake_worker().await
    }

    /// Signals it to the current tab alone.
    ///
    /// # Errors
    /// When the browser refuses it.
    pub(crate) async fn tell_page(&self) -> Result<()> {
        self.browser.script("window.dispatchEvent(new Event('online'))").await.map(drop)
    }

    /// Fires the sync event that the subject has registered.
    ///
    /// # Errors
    /// When the browser refuses it.
    pub(crate) async fn wake_worker(&self) -> Result<()> {
        let Some(tag) = self.subject.sync_tag() else { return Ok(()) };
        self.browser.cdp("ServiceWorker.enable", json!({})).await?;
        // The first service worker registration of a profile has the id 0.
        let event =
            json!({ "origin": self.origin(), "registrationId": "0", "tag": tag, "lastChance": false });
        self.browser.cdp("ServiceWorker.dispatchSyncEvent", event).await.map(drop)
    }

    /// Waits until the proxy has seen `count` posts more than `before`.
    ///
    /// # Errors
    /// When they do not come in time.
    pub(crate) async fn posts_after(&self, before: usize, count: usize) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(BOUND_SECONDS);
        while self.proxy.posts() < before + count {
            if Instant::now() > deadline {
                bail!("the subject posted nothing within {BOUND_SECONDS} s");
            }
            tokio::time::sleep(LOOK_AGAIN / 10).await;
        }
        Ok(())
    }

    /// Waits until everything saved so far is booked and acknowledged.
    ///
    /// # Errors
    /// On timeout.
    pub(crate) async fn all_booked(&self) -> Result<()> {
        let deadline = Instant::now() + BOOKING_TIMEOUT;
        loop {
            let (booked, held) = (self.booked()?, self.held().await?);
            if self.seen.saved.iter().all(|marker| booked.contains(marker)) && held.pending.is_empty() {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("without any fault, {held:?} were not booked within {} s", BOOKING_TIMEOUT.as_secs());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Ends every fault, waits until everything is settled or the bound is over, and counts.
    ///
    /// # Errors
    /// When the subject's queue cannot be read.
    pub(crate) async fn settle(&mut self) -> Result<Counts> {
        self.proxy.set(Plan::Calm);
        let deadline = Instant::now() + Duration::from_secs(BOUND_SECONDS);
        let mut well_since = None;
        loop {
            let looked = self.look().await;
            let is_late = Instant::now() > deadline;
            let posts = self.proxy.posts();
            let is_well = looked.is_ok() && self.is_settled();
            let (since, posts_then) = *well_since.get_or_insert((Instant::now(), posts));
            if !is_well || posts_then != posts {
                well_since = None;
            } else if since.elapsed() > QUIET {
                return Ok(self.seen.counts());
            }
            if is_late {
                looked?;
                return Ok(self.seen.counts());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn look(&mut self) -> Result<()> {
        let Held { pending, attention } = self.held().await?;
        // Read after the queue, so that a mutation on its way from queue to ledger is not counted as lost.
        let booked = self.booked()?;
        let wrong_rows = if self.compares_rows { rows::wrong(self).await? } else { 0 };
        let before = std::mem::take(&mut self.seen);
        self.seen = Seen { booked, pending, attention, wrong_rows, ..before };
        Ok(())
    }

    fn is_settled(&self) -> bool {
        let Seen { saved, booked, pending, attention, wrong_rows, .. } = &self.seen;
        let is_somewhere = |marker: &Marker| booked.contains(marker) || attention.contains(marker);
        pending.is_empty() && *wrong_rows == 0 && saved.iter().all(is_somewhere)
    }

    /// The mutations that the subject in the current tab holds.
    ///
    /// # Errors
    /// When it does not answer.
    pub(crate) async fn held(&self) -> Result<Held> {
        self.subject.held(&self.browser).await
    }

    /// The markers of booked picks, in ledger order.
    fn booked(&self) -> Result<Vec<Marker>> {
        let sql = format!(
            "SELECT -delta FROM stock_ledger WHERE movement = 'pick' AND lot_id = x'{}' ORDER BY rev, line",
            self.lot.id.simple()
        );
        self.server.query(&sql, |row| row.get(0))
    }

    /// Restores an earlier backup of the server's database, as after a broken disk.
    ///
    /// # Errors
    /// When the server does not start on it.
    pub(crate) fn restore_server(&mut self, backup: &Path) -> Result<()> {
        self.server.stop()?;
        self.server.restore(backup)?;
        self.server.start()
    }
}

/// A new product with the SKU that two devices use.
fn product(rng: &mut Rng) -> Product {
    Product {
        id: Builder::from_random_bytes(rng.u128(..).to_be_bytes()).into_uuid(),
        sku: "TAKEN-1".to_owned(),
        barcode: String::new(),
        name: "Taken meanwhile".to_owned(),
        unit: "each".to_owned(),
        price_minor: 100,
        currency: "EUR".to_owned(),
        family: String::new(),
        variant: String::new(),
    }
}

/// The pick that a marker stands for.
pub(crate) fn pick(lot: &Lot, marker: Marker) -> Action {
    Action::PickLot { lot: lot.at.clone(), quantity: Quantity(marker), reason: String::new() }
}

/// Finds a lot that can be picked from without further questions: available, far from its expiry date, the
/// first of its product to expire, and weighed in kg, because markers are thousandths.
fn whole_lot(server: &ServerProcess) -> Result<Lot> {
    let sql = "SELECT product_id, lot_code, location, lot_id FROM inventory_lots AS lot JOIN products USING (site, product_id)
         WHERE unit = 'kg' AND status = 'available' AND quantity > 5000
         AND (expires_on IS NULL OR expires_on > date('now', '+30 days'))
         AND NOT EXISTS (SELECT 1 FROM inventory_lots AS other WHERE other.product_id = lot.product_id
             AND other.status = 'available' AND other.quantity > 0 AND other.expires_on >= date('now', '-1 day')
             AND other.expires_on < coalesce(lot.expires_on, '9999-12-31'))
         ORDER BY lot_id LIMIT 1";
    let mut found = server.query(sql, |row| {
        let at = LotRef { product_id: uuid(row.get(0)?)?, lot_code: row.get(1)?, location: row.get(2)? };
        Ok(Lot { at, id: uuid(row.get(3)?)? })
    })?;
    found.pop().context("the catalogue has no lot to pick from")
}
