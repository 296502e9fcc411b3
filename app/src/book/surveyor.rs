//! Keeps the survey in sync with the store and the queue, once a page has asked for it.

use std::cell::{Cell, Ref, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use client::{Completeness, Watch, Watchers};
use domain::{CalendarDate, InventoryLot, LOTS, PRODUCTS, Row, Warehouse, fold_for_search, lot_prefix};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use gloo_timers::future::TimeoutFuture;
use sync::{Changed, Read, Records, RowKey, Store, StoreError, UnixMillis, set_of};
use uuid::Uuid;
use wasm_split_helpers::wasm_split;

use super::Book;
use super::lot_filter::{LotFilter, LotOrder, Selection, Word};
use super::product_order::{ProductOrder, by_sku};
use super::remote_lots::RemoteLots;
use super::survey::{Resurveyed, Survey};
use super::views::product_of;
use crate::rest::NotLoaded;

/// Rows per read: some milliseconds of work between two turns of the event loop.
const READ_ROWS: usize = 1_000;
/// Parts between two progress notices.
const PARTS_A_SIGN: usize = 10;
/// Products whose lots are read again in one batch.
const REFRESHED_PRODUCTS: usize = 50;
/// Maximum lots of one product.
const MAX_LOTS_A_PRODUCT: usize = 2_000;
/// With more changed products than this, everything is read again.
const MAX_CHANGED_PRODUCTS: usize = 5_000;
/// Minimum time between two complete reads while a snapshot downloads.
const SNAPSHOT_REST_MILLIS: u64 = 15_000;
/// Share of the products in the progress; the rest is the lots.
const PRODUCTS_PERCENT: usize = 30;
/// Maximum search words; further ones are ignored.
const MAX_WORDS: usize = 6;

/// Progress of the survey.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SurveyState {
    /// Changes with every change of the survey.
    pub(crate) version: u64,
    /// Whether a survey can be shown; the old one stays until a new one is complete.
    pub(crate) is_ready: bool,
    /// Progress of the read, in percent.
    pub(crate) percent: Option<u8>,
    /// The error of the last read.
    pub(crate) failure: Option<StoreError>,
}

/// A cached sort, and the lots in its order.
type KeptOrder = (SortOf, Rc<[u32]>);

/// The inputs of a sort: the survey's version, the order, whether it is reversed, and, for an order by product, the
/// number of products in the catalogue.
type SortOf = (u64, LotOrder, bool, usize);

/// The survey and its state.
#[derive(Default)]
pub(super) struct Surveying {
    survey: RefCell<Survey>,
    state: RefCell<SurveyState>,
    /// The last sort.
    order: RefCell<Option<KeptOrder>>,
    is_begun: Cell<bool>,
    is_running: Cell<bool>,
    /// Whether something changed during the run.
    is_more: Cell<bool>,
    /// Whether everything has to be read again.
    is_stale: Cell<bool>,
    begun_at: Cell<UnixMillis>,
    /// Products whose rows changed since the last read.
    changed: RefCell<BTreeSet<Uuid>>,
    /// The last answer about the lots that only the server has.
    remote: Cell<Option<RemoteLots>>,
    /// The `seq`s of the pending mutations that are folded into each product's rows.
    folded: RefCell<BTreeMap<Uuid, Vec<u64>>>,
    watchers: Watchers<()>,
}

/// Updates the survey once the rest is loaded.
///
/// # Errors
/// [`NotLoaded`].
#[wasm_split(rest, fallible, return_wrapper(let work = _; { work.await; Ok(()) } -> Result<(), NotLoaded>))]
pub(crate) fn bring_survey_up(book: Book) -> LocalBoxFuture<'static, ()> {
    async move { book.bring_survey_up().await }.boxed_local()
}

impl Book {
    /// Calls `callback` at every change or progress of the survey, until the guard is dropped.
    pub(crate) fn watch_survey(&self, callback: impl Fn() + 'static) -> Watch {
        self.0.surveying.watchers.watch(move |()| callback())
    }

    /// The current survey.
    pub(crate) fn survey(&self) -> Ref<'_, Survey> {
        self.0.surveying.survey.borrow()
    }

    /// The last answer about the lots that only the server has.
    pub(crate) fn remote_lots(&self) -> Option<RemoteLots> {
        self.0.surveying.remote.get()
    }

    /// Replaces the lots that only the server has.
    pub(super) fn take_in_remote_lots(&self, lots: &[InventoryLot], answer: RemoteLots) {
        let surveying = &self.0.surveying;
        surveying.remote.set(Some(answer));
        if surveying.survey.borrow().remote() != lots {
            surveying.survey.borrow_mut().set_remote(lots);
            self.sign(None);
        }
    }

    /// The current progress.
    pub(crate) fn survey_state(&self) -> SurveyState {
        self.0.surveying.state.borrow().clone()
    }

    /// The lots that pass a filter.
    pub(crate) fn select_lots(&self, filter: &LotFilter, today: CalendarDate) -> Selection {
        let folded = fold_for_search(&filter.text);
        let survey = self.survey();
        let words: Vec<Word> = folded
            .split_whitespace()
            .take(MAX_WORDS)
            .map(|word| {
                let mut is_in_label = vec![false; survey.products().len()];
                for at in self.search(word).into_iter().filter_map(|id| survey.product_at(id)) {
                    is_in_label[at as usize] = true;
                }
                Word { folded: word.to_owned(), is_in_label }
            })
            .collect();
        survey.select(filter, &words, &self.order_of_lots(&survey, filter), today)
    }

    /// All lots in the filter's order. The result is cached until the survey changes, because sorting is slower than
    /// typing.
    fn order_of_lots(&self, survey: &Survey, filter: &LotFilter) -> Rc<[u32]> {
        let LotFilter { order, is_reversed, .. } = *filter;
        let version = self.0.surveying.state.borrow().version;
        let products = if order == LotOrder::Product { self.catalogue_len() } else { 0 };
        let asked = (version, order, is_reversed, products);
        let mut kept = self.0.surveying.order.borrow_mut();
        match &*kept {
            Some((of, rows)) if *of == asked => rows.clone(),
            _ => {
                let ranks = if order == LotOrder::Product { self.product_ranks(survey) } else { Vec::new() };
                let rows: Rc<[u32]> = survey.in_order(order, is_reversed, &ranks).into();
                *kept = Some((asked, rows.clone()));
                rows
            }
        }
    }

    /// The position of each surveyed product in the stock list.
    fn product_ranks(&self, survey: &Survey) -> Vec<u32> {
        let mut ranks = vec![u32::MAX; survey.products().len()];
        for (rank, id) in (0..).zip(self.search("")) {
            if let Some(place) = survey.product_at(id).and_then(|at| ranks.get_mut(at as usize)) {
                *place = rank;
            }
        }
        ranks
    }

    /// Sorts products, given in the order of the stock list, for a table.
    pub(crate) fn sorted_products(
        &self,
        products: &[Uuid],
        by: ProductOrder,
        is_reversed: bool,
        today: CalendarDate,
    ) -> Vec<Uuid> {
        let mut products = products.to_vec();
        if by.needs_survey() {
            self.survey().sort_products(&mut products, by, is_reversed, today);
            return products;
        }
        if by == ProductOrder::Sku {
            by_sku(&mut products, |id| self.label(id).map(|label| label.sku).unwrap_or_default());
        }
        if is_reversed {
            products.reverse();
        }
        products
    }

    /// Updates the survey; the first call reads everything.
    async fn bring_survey_up(&self) {
        let surveying = &self.0.surveying;
        if surveying.is_running.replace(true) {
            surveying.is_more.set(true);
            return;
        }
        loop {
            surveying.is_more.set(false);
            let done = match self.is_survey_due() {
                true => self.take_survey().await,
                false => Ok(()),
            };
            let done = match done {
                Ok(()) if surveying.state.borrow().is_ready => self.refresh_survey().await,
                done => done,
            };
            let failed = self.client().noted(done).err();
            let is_news = surveying.state.borrow().failure != failed;
            if is_news {
                surveying.state.borrow_mut().failure = failed;
                self.sign(None);
            }
            if surveying.state.borrow().failure.is_some() || !surveying.is_more.get() {
                break;
            }
        }
        surveying.is_running.set(false);
    }

    /// Handles stored rows.
    pub(super) fn follow_for_survey(&self, changed: &Changed) {
        let surveying = &self.0.surveying;
        if !surveying.is_begun.get() {
            return;
        }
        let mut all = surveying.changed.borrow_mut();
        match changed {
            Changed::Nothing => {}
            Changed::Rows(keys) => {
                all.extend(keys.iter().filter_map(|key| product_of(key)?.parse::<Uuid>().ok()));
            }
            Changed::Many => surveying.is_stale.set(true),
        }
        if all.len() > MAX_CHANGED_PRODUCTS {
            surveying.is_stale.set(true);
        }
    }

    fn is_survey_due(&self) -> bool {
        let surveying = &self.0.surveying;
        if !surveying.is_begun.get() || !surveying.state.borrow().is_ready {
            return true;
        }
        let is_stale = surveying.is_stale.get() || surveying.survey.borrow().is_worn();
        let has_rested = browser::now().since(surveying.begun_at.get()) >= SNAPSHOT_REST_MILLIS;
        is_stale && (has_rested || self.client().completeness() == Completeness::Complete)
    }

    /// Reads everything in parts, then replaces the survey.
    async fn take_survey(&self) -> Result<(), StoreError> {
        let surveying = &self.0.surveying;
        surveying.is_begun.set(true);
        surveying.is_stale.set(false);
        surveying.begun_at.set(browser::now());
        // Changes from here on are read again.
        surveying.changed.borrow_mut().clear();
        let mut taken = Survey::default();
        let expected = self.catalogue_len().max(1);
        self.read_table(PRODUCTS, async |rows: Vec<Row>| {
            rows.iter().filter_map(Row::product).for_each(|product| taken.put_product(product));
            (taken.products().len() * PRODUCTS_PERCENT / expected).min(PRODUCTS_PERCENT)
        })
        .await?;
        let products = taken.products().len().max(1);
        self.read_table(LOTS, async |rows: Vec<Row>| {
            rows.iter().filter_map(Row::lot).for_each(|lot| taken.push_lot(lot, false));
            // Lots are in the order of their products.
            let through = taken.lots().last().map_or(0, |lot| lot.product as usize + 1);
            PRODUCTS_PERCENT + through * (100 - PRODUCTS_PERCENT) / products
        })
        .await?;
        let remote = surveying.survey.borrow().remote();
        taken.set_remote(&remote);
        surveying.survey.replace(taken);
        surveying.folded.borrow_mut().clear();
        surveying.state.borrow_mut().is_ready = true;
        self.sign(None);
        Ok(())
    }

    /// Passes a table's rows to `take`, which returns the progress in percent.
    async fn read_table(
        &self,
        table: &'static str,
        mut take: impl AsyncFnMut(Vec<Row>) -> usize,
    ) -> Result<(), StoreError> {
        let (mut after, mut parts) = (String::new(), 0_usize);
        loop {
            let rows = self.store().scan(table, "", &after, READ_ROWS).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = Warehouse::key(&last.row).key;
            let percent = take(rows.into_iter().map(|held| held.row).collect()).await;
            if parts.is_multiple_of(PARTS_A_SIGN) {
                self.sign(u8::try_from(percent.min(99)).ok());
            }
            parts += 1;
            TimeoutFuture::new(0).await;
            self.wait_for_pause().await;
        }
    }

    /// Reads again the products that changed or have pending mutations.
    async fn refresh_survey(&self) -> Result<(), StoreError> {
        let surveying = &self.0.surveying;
        let mut pending: BTreeMap<Uuid, Vec<u64>> = BTreeMap::new();
        for record in self.pending() {
            for product in record.mutation.action.products() {
                pending.entry(product).or_default().push(record.mutation.seq);
            }
        }
        let mut due = std::mem::take(&mut *surveying.changed.borrow_mut());
        {
            let folded = surveying.folded.borrow();
            let differs = |product: &&Uuid| pending.get(*product) != folded.get(*product);
            due.extend(pending.keys().chain(folded.keys()).filter(differs).copied());
        }
        if due.is_empty() {
            return Ok(());
        }
        let due: Vec<Uuid> = due.into_iter().collect();
        let mut read = Vec::new();
        for part in due.chunks(REFRESHED_PRODUCTS) {
            match self.resurveyed(part).await {
                Ok(products) => read.extend(products),
                Err(error) => {
                    surveying.changed.borrow_mut().extend(due);
                    return Err(error);
                }
            }
            TimeoutFuture::new(0).await;
        }
        // Without an `await` in between, so that no reader sees a partly updated survey.
        surveying.survey.borrow_mut().replace(&read);
        surveying.folded.replace(pending);
        self.sign(None);
        Ok(())
    }

    /// Products with their current lots, pending work included.
    async fn resurveyed(&self, products: &[Uuid]) -> Result<Vec<Resurveyed>, StoreError> {
        let key_of = |id: &Uuid| RowKey::new(PRODUCTS, id.to_string());
        let reads: Vec<Read> = products
            .iter()
            .flat_map(|id| {
                let lots = Read::Prefix { table: LOTS, prefix: lot_prefix(*id), limit: MAX_LOTS_A_PRODUCT };
                [Read::Row(key_of(id)), lots]
            })
            .collect();
        let wanted = set_of(products.iter().map(Uuid::to_string));
        let is_wanted = |key: &RowKey| product_of(key).is_some_and(|id| wanted.contains(id));
        let view = self.client().view(&reads, is_wanted).await?.view;
        let mut found: BTreeMap<Uuid, Resurveyed> = BTreeMap::new();
        found
            .extend(products.iter().map(|id| (*id, Resurveyed { id: *id, product: None, lots: Vec::new() })));
        for (key, row) in view.rows {
            let is_pending = view.pending.contains(&key);
            match row {
                Row::Product(product) => {
                    if let Some(one) = found.get_mut(&product.id) {
                        one.product = Some(product);
                    }
                }
                Row::Lot(lot) => {
                    if let Some(one) = found.get_mut(&lot.lot.product_id) {
                        one.lots.push((lot, is_pending));
                    }
                }
                Row::Delivery(_)
                | Row::Exception(_)
                | Row::UnknownCode(_)
                | Row::Conflict(_)
                | Row::Person(_)
                | Row::Setting(_) => {}
            }
        }
        Ok(found.into_values().collect())
    }

    /// Notifies the pages of a change or progress.
    fn sign(&self, percent: Option<u8>) {
        {
            let mut state = self.0.surveying.state.borrow_mut();
            state.percent = percent;
            state.version += u64::from(percent.is_none());
        }
        self.0.surveying.watchers.emit(&());
    }
}
