//! Keeps the survey in step with the store and the queue, from the first time that a page asks for it.

use std::cell::{Cell, Ref, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use client::{Completeness, Watch, Watchers};
use domain::{CalendarDate, LOTS, PRODUCTS, Row, Warehouse, fold_for_search, lot_prefix};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use gloo_timers::future::TimeoutFuture;
use sync::{Changed, Read, Records, RowKey, Store, StoreError, UnixMillis, set_of};
use uuid::Uuid;
use wasm_split_helpers::wasm_split;

use super::Book;
use super::lot_filter::{LotFilter, LotOrder, Selection, Word};
use super::survey::{Resurveyed, Survey};
use super::views::product_of;
use crate::rest::NotLoaded;

/// Rows read at a time: some milliseconds of work before the page may breathe.
const READ_ROWS: usize = 1_000;
/// Parts after which it is told how far the reading is.
const PARTS_A_SIGN: usize = 10;
/// Products whose lots are read again at once.
const REFRESHED_PRODUCTS: usize = 50;
/// Lots of one product.
const MAX_LOTS_A_PRODUCT: usize = 2_000;
/// Changed products beyond which everything is read again.
const MAX_CHANGED_PRODUCTS: usize = 5_000;
/// While a snapshot comes in, everything is read again no sooner than after this.
const SNAPSHOT_REST_MILLIS: u64 = 15_000;
/// Reading the products is this much of the whole; the lots are the rest.
const PRODUCTS_PERCENT: usize = 30;
/// Words that are looked for; more are passed over.
const MAX_WORDS: usize = 6;

/// How far the survey is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SurveyState {
    /// Changes with the survey.
    pub(crate) version: u64,
    /// Whether there is one to look at; one that is read again stays until the new one is complete.
    pub(crate) is_ready: bool,
    /// How far the reading is, in percent.
    pub(crate) percent: Option<u8>,
    /// Why it could not be read.
    pub(crate) failure: Option<StoreError>,
}

/// The version of a survey, an order, and its lots in that.
type KeptOrder = (u64, LotOrder, Rc<[u32]>);

/// The survey and how it stands.
#[derive(Default)]
pub(super) struct Surveying {
    survey: RefCell<Survey>,
    state: RefCell<SurveyState>,
    /// As it was asked for last.
    order: RefCell<Option<KeptOrder>>,
    is_begun: Cell<bool>,
    is_running: Cell<bool>,
    /// Something changed while it ran.
    is_more: Cell<bool>,
    /// Everything has to be read again.
    is_stale: Cell<bool>,
    begun_at: Cell<UnixMillis>,
    /// Products whose rows changed since they were read.
    changed: RefCell<BTreeSet<Uuid>>,
    /// Which pending mutations are folded into which products' rows.
    folded: RefCell<BTreeMap<Uuid, Vec<u64>>>,
    watchers: Watchers<()>,
}

/// Brings the survey up to date, with the code of the rest.
///
/// # Errors
/// [`NotLoaded`].
#[wasm_split(rest, fallible, return_wrapper(let work = _; { work.await; Ok(()) } -> Result<(), NotLoaded>))]
pub(crate) fn bring_survey_up(book: Book) -> LocalBoxFuture<'static, ()> {
    async move { book.bring_survey_up().await }.boxed_local()
}

impl Book {
    /// Calls `callback` whenever the survey changed or its reading got further, until the guard is dropped.
    pub(crate) fn watch_survey(&self, callback: impl Fn() + 'static) -> Watch {
        self.0.surveying.watchers.watch(move |()| callback())
    }

    /// The survey as it is now.
    pub(crate) fn survey(&self) -> Ref<'_, Survey> {
        self.0.surveying.survey.borrow()
    }

    /// How far it is.
    pub(crate) fn survey_state(&self) -> SurveyState {
        self.0.surveying.state.borrow().clone()
    }

    /// The lots that a filter leaves.
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
        survey.select(filter, &words, &self.order_of_lots(&survey, filter.order), today)
    }

    /// All lots in an order. It is kept until the survey changes: one types faster than lots are sorted.
    fn order_of_lots(&self, survey: &Survey, order: LotOrder) -> Rc<[u32]> {
        let version = self.0.surveying.state.borrow().version;
        let mut kept = self.0.surveying.order.borrow_mut();
        match &*kept {
            Some((of, by, rows)) if (*of, *by) == (version, order) => rows.clone(),
            _ => {
                let rows: Rc<[u32]> = survey.in_order(order).into();
                *kept = Some((version, order, rows.clone()));
                rows
            }
        }
    }

    /// Brings it up to date; the first time it reads everything.
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

    /// Follows stored rows.
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

    /// Reads everything, a part at a time, and puts it in place of what there was.
    async fn take_survey(&self) -> Result<(), StoreError> {
        let surveying = &self.0.surveying;
        surveying.is_begun.set(true);
        surveying.is_stale.set(false);
        surveying.begun_at.set(browser::now());
        // Whatever changes from here on is read once more.
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
            // Lots lie in the order of their products.
            let through = taken.lots().last().map_or(0, |lot| lot.product as usize + 1);
            PRODUCTS_PERCENT + through * (100 - PRODUCTS_PERCENT) / products
        })
        .await?;
        surveying.survey.replace(taken);
        surveying.folded.borrow_mut().clear();
        surveying.state.borrow_mut().is_ready = true;
        self.sign(None);
        Ok(())
    }

    /// Hands a table's rows to `take`, which says how many percent of everything have been read.
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
            self.let_person_first().await;
        }
    }

    /// Reads again what changed since, and what pending work is about.
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
        // At once: whoever looks sees the survey before or after.
        surveying.survey.borrow_mut().replace(&read);
        surveying.folded.replace(pending);
        self.sign(None);
        Ok(())
    }

    /// Products with their lots as they are now, pending work included.
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
                Row::Delivery(_) | Row::Exception(_) => {}
            }
        }
        Ok(found.into_values().collect())
    }

    /// Tells the pages that it changed or got further.
    fn sign(&self, percent: Option<u8>) {
        {
            let mut state = self.0.surveying.state.borrow_mut();
            state.percent = percent;
            state.version += u64::from(percent.is_none());
        }
        self.0.surveying.watchers.emit(&());
    }
}
