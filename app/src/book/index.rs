//! Keeps the catalogue in sync with the store and the queue.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::pin::pin;
use std::rc::Rc;

use client::{Change, Completeness};
use domain::{Action, PRODUCTS, Row, Warehouse};
use futures::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use schema::IdbStore;
use sync::{Changed, Records, RowKey, Rows, Store, StoreError, UnixMillis, Versioned, fold, set_of};
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;

use super::catalogue::Catalogue;
use super::{Book, Queued};

/// Products read before the first paint: more than the rows of any screen.
const FIRST_ROWS: usize = 100;
/// The first paint waits at most this long for these rows.
const MAX_FIRST_ROWS_MILLIS: u32 = 250;
/// Products per read: a few milliseconds of work between two turns of the event loop.
const LOAD_ROWS: usize = 500;
/// Parts between two redraws while the catalogue loads.
const PARTS_A_SHOW: usize = 20;

/// Background work does not start before this time after the app does.
const FIRST_PAINT_MILLIS: u64 = 400;
/// Pause of the catalogue while a person waits for another read.
const CATALOGUE_PAUSE_MILLIS: u64 = 150;

/// The catalogue's progress through the store.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// The last key read.
    through: RefCell<String>,
    is_running: Cell<bool>,
    /// The result of the last run; none before its end.
    ended: RefCell<Option<Result<(), StoreError>>>,
    /// Whether more rows arrived during the run.
    is_more: Cell<bool>,
    /// Changes whenever reading starts over; rows read for an older generation are dropped.
    generation: Cell<u64>,
    /// Background work does not start before this time.
    begins_at: Cell<UnixMillis>,
    /// The catalogue is not read before this time.
    waits_until: Cell<UnixMillis>,
    /// Whether a second snapshot is replacing rows of the catalogue: they are read again when it is complete.
    is_stale: Cell<bool>,
}

impl Reading {
    fn restart(&self) {
        self.generation.set(self.generation.get() + 1);
        self.through.replace(String::new());
    }
}

/// The first products, for the first paint; none after a timeout.
pub(super) async fn first_rows(store: &IdbStore<Warehouse>) -> Vec<Versioned<Row>> {
    let rows = store.scan(PRODUCTS, "", "", FIRST_ROWS);
    let timeout = TimeoutFuture::new(MAX_FIRST_ROWS_MILLIS);
    match select(pin!(rows), timeout).await {
        // Unreadable rows are reported by the later reads.
        Either::Left((rows, _)) => rows.unwrap_or_default(),
        Either::Right(_) => Vec::new(),
    }
}

impl Book {
    pub(super) fn take_in_rows(&self, rows: &[Versioned<Row>]) {
        if let Some(last) = rows.last() {
            self.0.reading.through.replace(Warehouse::key(&last.row).key);
        }
        for product in rows.iter().filter_map(|held| held.row.product()) {
            self.0.catalogue.borrow_mut().put(product);
        }
    }

    /// Reads the products that are not in the catalogue yet, in parts.
    pub(super) async fn read_on(&self) {
        self.wait_for_first_paint().await;
        let reading = &self.0.reading;
        if reading.is_running.replace(true) {
            reading.is_more.set(true);
            return;
        }
        let mut parts = 0;
        let ended = loop {
            let after = reading.through.borrow().clone();
            let generation = reading.generation.get();
            reading.is_more.set(false);
            let rows = self.store().scan(PRODUCTS, "", &after, LOAD_ROWS).await;
            let rows = match self.client().noted(rows) {
                Ok(rows) => rows,
                Err(error) => break Err(error),
            };
            if reading.generation.get() != generation {
                continue;
            }
            if rows.is_empty() && !reading.is_more.get() {
                break Ok(());
            }
            self.take_in_rows(&rows);
            parts += 1;
            if parts % PARTS_A_SHOW == 0 {
                self.emit_changed(Change { rows: Changed::Many, ..Change::default() });
            }
            TimeoutFuture::new(0).await;
            self.wait_for_pause().await;
        };
        reading.ended.replace(Some(ended));
        reading.is_running.set(false);
        // If it fails, look-ups still bring the rows of earlier builds up to date where they need them.
        drop(self.client().noted(self.store().reindex_all().await));
        self.refresh_pending().await;
        self.emit_changed(Change { rows: Changed::Many, ..Change::default() });
    }

    /// Whether the catalogue has been read from the store to its end; an error if it could not be.
    ///
    /// # Errors
    /// That of the last attempt.
    pub(crate) fn has_read_catalogue(&self) -> Result<bool, StoreError> {
        match &*self.0.reading.ended.borrow() {
            Some(Err(error)) => Err(error.clone()),
            Some(Ok(())) => Ok(true),
            None => Ok(false),
        }
    }

    /// Updates the labels of products with pending mutations, because rows read in the meantime lack them.
    pub(super) async fn refresh_pending(&self) {
        self.refresh_products(pending_products(self.client().queue().iter())).await;
    }

    /// Restarts the catalogue, because the rows were dropped.
    fn forget_catalogue(&self) {
        self.0.catalogue.replace(Catalogue::default());
        self.0.reading.is_stale.set(false);
        self.0.reading.restart();
    }

    /// Delays background work until the first paint.
    pub(super) fn delay_background_work(&self) {
        self.0.reading.begins_at.set(browser::now().plus(FIRST_PAINT_MILLIS));
    }

    /// Waits for the first paint, and for the end of a pause.
    pub(crate) async fn wait_for_first_paint(&self) {
        wait_until(self.0.reading.begins_at.get()).await;
        self.wait_for_pause().await;
    }

    /// Pauses the catalogue, because a person waits for another read.
    pub(super) fn pause_catalogue(&self) {
        self.0.reading.waits_until.set(browser::now().plus(CATALOGUE_PAUSE_MILLIS));
    }

    /// Waits for the end of that pause.
    pub(super) async fn wait_for_pause(&self) {
        wait_until(self.0.reading.waits_until.get()).await;
    }

    /// Handles stored rows. A snapshot fills the table by ascending key, so new rows come after those already
    /// read.
    pub(super) async fn follow_rows(&self, changed: Changed, before: Completeness) {
        let reading = &self.0.reading;
        let completeness = self.client().completeness();
        let is_complete = completeness == Completeness::Complete;
        match changed {
            Changed::Nothing => {}
            Changed::Rows(keys) => {
                let products = keys.iter().filter(|key| key.table == PRODUCTS);
                self.refresh_products(products.filter_map(|key| key.key.parse().ok()).collect()).await;
            }
            Changed::Many if completeness == Completeness::Empty => self.forget_catalogue(),
            Changed::Many if !is_complete && (before == Completeness::Complete || reading.is_stale.get()) => {
                reading.is_stale.set(true);
            }
            Changed::Many => {
                // The changes are not listed one by one, so everything is read again.
                if before == Completeness::Complete {
                    reading.is_stale.set(true);
                }
                if reading.is_stale.replace(false) {
                    self.0.catalogue.replace(Catalogue::default());
                    reading.restart();
                } else if is_complete {
                    // A product looked up during the first sync may come before the rows read so far.
                    reading.restart();
                }
                // Does not block the round.
                let book = self.clone();
                spawn_local(async move { book.read_on().await });
            }
        }
    }

    /// Updates the labels of some products, pending changes included.
    pub(super) async fn refresh_products(&self, products: BTreeSet<Uuid>) {
        let pending = self.pending();
        for id in products {
            let key = RowKey::new(PRODUCTS, id.to_string());
            let Ok(held) = self.store().get(&key).await else { return };
            let mut base = Rows::new();
            base.extend(held.map(|held| (key.clone(), held.row)));
            let mutations = pending.iter().map(|record| &record.mutation);
            let view = fold::<Warehouse>(base, mutations, |touched| *touched == key);
            let mut catalogue = self.0.catalogue.borrow_mut();
            match view.rows.get(&key).and_then(Row::product) {
                Some(product) => drop(catalogue.put(product)),
                None => drop(catalogue.remove(id)),
            }
        }
    }
}

async fn wait_until(time: UnixMillis) {
    // A clock that was set back must not stop the work.
    let wait = time.since(browser::now()).min(FIRST_PAINT_MILLIS);
    if wait > 0 {
        TimeoutFuture::new(u32::try_from(wait).unwrap_or_default()).await;
    }
}

/// Products whose label is changed by a pending mutation.
pub(super) fn pending_products<'a>(queue: impl IntoIterator<Item = &'a Rc<Queued>>) -> BTreeSet<Uuid> {
    let pending = queue.into_iter().filter(|record| record.is_pending());
    let of = |record: &Rc<Queued>| match &record.mutation.action {
        Action::CreateProduct(product) => Some(product.id),
        Action::UpdateProduct { id, .. } | Action::DeleteProduct { id } => Some(*id),
        _ => None,
    };
    set_of(pending.filter_map(of))
}
