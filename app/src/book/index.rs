//! Keeps the catalogue in step with the store and the queue.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::pin::pin;
use std::rc::Rc;

use domain::{Action, PRODUCTS, Row, Warehouse};
use futures::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use sync::{
    Mutation, QueueState, QueueVersion, Records, RowKey, Rows, Store, StoreError, UnixMillis, Versioned,
    fold, set_of,
};
use uuid::Uuid;

use super::catalogue::Catalogue;
use super::{Book, Completeness, Queued, Signal};

/// Products read before anything is shown: more than any screen has rows.
const FIRST_ROWS: usize = 100;
/// The first picture waits no longer for them.
const MAX_FIRST_ROWS_MILLIS: u32 = 250;
/// Products read at a time: a few milliseconds of work before the page may breathe.
const LOAD_ROWS: usize = 500;
/// Parts after which what has been read so far is shown.
const PARTS_A_SHOW: usize = 20;

/// How long work that nobody waits for rests when the app starts.
const PICTURE_FIRST_MILLIS: u64 = 400;
/// How long the catalogue waits when a person wants something.
const PERSON_FIRST_MILLIS: u64 = 150;

/// How far the catalogue has been read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// The last key read.
    through: RefCell<String>,
    is_running: Cell<bool>,
    /// More rows came in while it ran.
    is_more: Cell<bool>,
    /// Changes whenever reading begins anew: what was read before that does not count.
    generation: Cell<u64>,
    /// Nothing begins until then that nobody waits for.
    begins_at: Cell<UnixMillis>,
    /// Nothing is read until then.
    waits_until: Cell<UnixMillis>,
    /// A second snapshot is replacing rows that the catalogue has: it is read anew once that is complete.
    is_stale: Cell<bool>,
}

impl Reading {
    fn begin_anew(&self) {
        self.generation.set(self.generation.get() + 1);
        self.through.replace(String::new());
    }
}

impl Book {
    /// Reads the first products for the first picture, unless that would have to wait for them.
    pub(super) async fn read_first(&self) {
        let rows = self.0.store.scan(PRODUCTS, "", "", FIRST_ROWS);
        let patience = TimeoutFuture::new(MAX_FIRST_ROWS_MILLIS);
        // What cannot be read is said when the rest is.
        if let Either::Left((Ok(rows), _)) = select(pin!(rows), patience).await {
            self.take_in_rows(&rows);
        }
    }

    fn take_in_rows(&self, rows: &[Versioned<Row>]) {
        if let Some(last) = rows.last() {
            self.0.reading.through.replace(Warehouse::key(&last.row).key);
        }
        for product in rows.iter().filter_map(|held| held.row.product()) {
            self.0.catalogue.borrow_mut().put(product);
        }
    }

    /// Reads the products that the catalogue has not seen yet, a part at a time.
    pub(super) async fn read_on(&self) {
        self.let_picture_first().await;
        let reading = &self.0.reading;
        if reading.is_running.replace(true) {
            reading.is_more.set(true);
            return;
        }
        let mut parts = 0;
        loop {
            let after = reading.through.borrow().clone();
            let generation = reading.generation.get();
            reading.is_more.set(false);
            let rows = self.0.store.scan(PRODUCTS, "", &after, LOAD_ROWS).await;
            let Ok(rows) = self.noted(rows) else { break };
            if reading.generation.get() != generation {
                continue;
            }
            if rows.is_empty() && !reading.is_more.get() {
                break;
            }
            self.take_in_rows(&rows);
            parts += 1;
            if parts % PARTS_A_SHOW == 0 {
                self.emit(&Signal::Changed);
            }
            TimeoutFuture::new(0).await;
            self.let_person_first().await;
        }
        reading.is_running.set(false);
        self.refresh_pending().await;
        self.emit(&Signal::Changed);
    }

    /// Brings the labels of products up to date that wait to be sent: rows that were read since know nothing of that.
    pub(super) async fn refresh_pending(&self) {
        self.refresh_products(pending_products(&self.queue())).await;
    }

    /// Begins the catalogue anew, because the rows were dropped.
    pub(super) fn forget_catalogue(&self) {
        self.0.catalogue.replace(Catalogue::default());
        self.0.reading.is_stale.set(false);
        self.0.reading.begin_anew();
    }

    /// Leaves the page to the first picture now, and to whoever scans as soon as it is there.
    pub(super) fn put_picture_first(&self) {
        self.0.reading.begins_at.set(browser::now().plus(PICTURE_FIRST_MILLIS));
    }

    /// Waits for that, with work that nobody waits for.
    pub(crate) async fn let_picture_first(&self) {
        wait_until(self.0.reading.begins_at.get()).await;
        self.let_person_first().await;
    }

    /// Leaves the page to whoever waits for something now, instead of reading the catalogue.
    pub(super) fn put_person_first(&self) {
        self.0.reading.waits_until.set(browser::now().plus(PERSON_FIRST_MILLIS));
    }

    /// Waits while a person waits for something else.
    pub(super) async fn let_person_first(&self) {
        wait_until(self.0.reading.waits_until.get()).await;
    }

    /// Follows a commit: `changed` names the rows, or there are too many to name. A snapshot fills the table by rising
    /// key, so that what is new lies behind what has been read.
    pub(super) async fn follow_rows(&self, changed: Option<&[RowKey]>, before: Completeness) {
        let reading = &self.0.reading;
        let is_complete = self.completeness() == Completeness::Complete;
        match changed {
            Some(keys) => {
                let products = keys.iter().filter(|key| key.table == PRODUCTS);
                self.refresh_products(products.filter_map(|key| key.key.parse().ok()).collect()).await;
            }
            None if !is_complete && (before == Completeness::Complete || reading.is_stale.get()) => {
                reading.is_stale.set(true);
            }
            None => {
                // More changes than can be named: only a second look at everything finds them.
                if before == Completeness::Complete {
                    reading.is_stale.set(true);
                }
                if reading.is_stale.replace(false) {
                    self.0.catalogue.replace(Catalogue::default());
                    reading.begin_anew();
                } else if is_complete {
                    // A product looked up during the first sync lay ahead of the others: nothing is to be missed.
                    reading.begin_anew();
                }
                self.read_on().await;
            }
        }
    }

    /// Reads the queue again.
    pub(super) async fn reload_queue(&self) -> Result<(), StoreError> {
        let queue = self.0.store.queue().await?;
        self.0.queue_version.set(queue.version);
        self.note_given(queue.version.last_seq);
        self.0.unreadable.set(queue.unreadable);
        // What was undone only waits for the server to take note.
        let shown =
            queue.records.into_iter().filter(|record| !(record.is_pending() && record.mutation.withdrawn));
        let shown: Vec<_> = shown.collect();
        let pending = shown.iter().filter(|record| record.is_pending()).map(|record| record.mutation.clone());
        self.0.pending.replace(pending.collect());
        let before = self.0.queue.replace(shown.into());
        let mut products = pending_products(&before);
        products.extend(pending_products(&self.queue()));
        self.refresh_products(products).await;
        Ok(())
    }

    fn note_given(&self, seq: u64) {
        self.0.last_given_seq.set(self.0.last_given_seq.get().max(seq));
    }

    /// Takes in what was just saved here. Where nobody else saved something in between, the queue need not be read again.
    pub(super) async fn take_in_saved(&self, mutation: &Mutation<Action>) -> Result<(), StoreError> {
        if mutation.seq != self.0.last_given_seq.get() + 1 {
            return self.reload_queue().await;
        }
        self.note_given(mutation.seq);
        // Whatever else happened to the queue changed its version: the next view of rows reads it again.
        let before = self.0.queue_version.get();
        self.0.queue_version.set(QueueVersion { last_seq: mutation.seq, ..before });
        let record = Queued { mutation: mutation.clone(), state: QueueState::Pending };
        let products = pending_products(std::slice::from_ref(&record));
        Rc::make_mut(&mut *self.0.queue.borrow_mut()).push(record);
        let pending = self.pending().iter().cloned().chain([mutation.clone()]).collect();
        self.0.pending.replace(pending);
        self.refresh_products(products).await;
        Ok(())
    }

    /// Brings the labels of some products up to date, pending changes included.
    pub(super) async fn refresh_products(&self, products: BTreeSet<Uuid>) {
        let pending = self.pending();
        for id in products {
            let key = RowKey::new(PRODUCTS, id.to_string());
            let Ok(held) = self.0.store.get(&key).await else { return };
            let mut base = Rows::new();
            base.extend(held.map(|held| (key.clone(), held.row)));
            let view = fold::<Warehouse>(base, pending.iter(), |touched| *touched == key);
            let mut catalogue = self.0.catalogue.borrow_mut();
            match view.rows.get(&key).and_then(Row::product) {
                Some(product) => drop(catalogue.put(product)),
                None => drop(catalogue.remove(id)),
            }
        }
    }
}

async fn wait_until(time: UnixMillis) {
    let wait = time.since(browser::now());
    if wait > 0 {
        TimeoutFuture::new(u32::try_from(wait).unwrap_or_default()).await;
    }
}

/// Products whose label some pending mutation changes.
fn pending_products(queue: &[Queued]) -> BTreeSet<Uuid> {
    let pending = queue.iter().filter(|record| record.is_pending()).map(|record| &record.mutation.action);
    let of = |action: &Action| match action {
        Action::CreateProduct(product) => Some(product.id),
        Action::UpdateProduct { id, .. } | Action::DeleteProduct { id } => Some(*id),
        _ => None,
    };
    set_of(pending.filter_map(of))
}
