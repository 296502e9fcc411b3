//! The warehouse's reads and writes over the offline client, and the catalogue and survey that it keeps in memory.
//!
//! Screens show the store's rows with the pending mutations folded in, and read again at every
//! [`client::Signal::Changed`].

pub(crate) mod approval;
mod bins;
pub(crate) mod catalogue;
mod conflicts;
mod enrol;
pub(crate) mod export;
mod floor;
pub(crate) mod history_csv;
mod inbox;
mod index;
mod lock_timer;
pub(crate) mod look_up;
pub(crate) mod lot_filter;
pub(crate) mod lots_found;
pub(crate) mod numbered;
pub(crate) mod past;
pub(crate) mod people;
pub(crate) mod product_order;
pub(crate) mod record;
pub(crate) mod remote_lots;
pub(crate) mod report;
mod similar;
pub(crate) mod staff;
pub(crate) mod stock_filter;
pub(crate) mod survey;
pub(crate) mod surveyor;
mod unknown_codes;
mod unsent;
pub(crate) mod views;
pub(crate) mod worth;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use browser::Received;
use client::{Client, Host, NotLoaded, Page, PageClient, RoundRunner, Signal, Update, listen};
use domain::{DeviceAnswer, NAMES, Warehouse};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use schema::IdbStore;
use sync::{QueueRecordOf, Store, StoreError};
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;
use wasm_split_helpers::wasm_split;

use crate::rest;

const DEVICE_SETTING: &str = "device";

/// The queue by ascending `seq`.
pub(crate) type Queue = client::Queue<Warehouse>;

/// A record of the queue.
pub(crate) type Queued = QueueRecordOf<Warehouse>;

/// A handle on the device's data; clones are the same handle.
#[derive(Clone)]
pub(crate) struct Book(Rc<Inner>);

struct Inner {
    client: PageClient<Warehouse>,
    /// The mutation that is being reversed.
    reversing: Cell<Option<Uuid>>,
    catalogue: RefCell<catalogue::Catalogue>,
    reading: index::Reading,
    surveying: surveyor::Surveying,
    device: RefCell<Option<DeviceAnswer>>,
    staff: staff::Staff,
}

impl PartialEq for Book {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Book {
    /// Opens this device's data and begins to load the catalogue.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn open() -> Result<Self, StoreError> {
        let page = Page::open(&NAMES).await?;
        let store = page.store().clone();
        // The first rows are read in parallel with the queue, so that the first paint has them.
        let (client, first_rows) = futures::join!(Client::open(page), index::first_rows(&store));
        let book = Self(Rc::new(Inner {
            client: client?,
            reversing: Cell::default(),
            catalogue: RefCell::default(),
            reading: index::Reading::default(),
            surveying: surveyor::Surveying::default(),
            device: RefCell::default(),
            staff: staff::Staff::default(),
        }));
        book.read_device().await?;
        book.take_in_rows(&first_rows);
        book.refresh_pending().await;
        book.delay_background_work();
        book.begin_staff();
        book.follow_client();
        spawn_local({
            let book = book.clone();
            async move {
                futures::join!(book.read_on(), book.client().look_for_threats());
            }
        });
        Ok(book)
    }

    /// Keeps catalogue and survey in sync with the client, and opens the channel to the other windows.
    fn follow_client(&self) {
        let weak = Rc::downgrade(&self.0);
        self.client().index_with(move |update| {
            let book = weak.upgrade().map(Self);
            async move {
                if let Some(book) = book {
                    book.follow(update).await;
                }
            }
            .boxed_local()
        });
        // If the rest cannot be loaded, the next notice tries again.
        listen(self.client(), |client, received| spawn_local(hear(client, received).map(drop)));
    }

    async fn follow(&self, update: Update<Warehouse>) {
        match update {
            Update::Added(record) => self.refresh_products(index::pending_products([&record])).await,
            Update::QueueRead { before } => {
                let mut products = index::pending_products(before.iter());
                products.extend(index::pending_products(self.client().queue().iter()));
                self.refresh_products(products).await;
            }
            Update::Rows { changed, before } => {
                self.follow_staff(&changed).await;
                self.follow_for_survey(&changed);
                self.follow_rows(changed, before).await;
            }
            // If the stored identity cannot be read, the next round asks for it.
            Update::Settings => drop(self.read_device().await),
        }
    }

    /// The offline client below this handle.
    pub(crate) fn client(&self) -> &PageClient<Warehouse> {
        &self.0.client
    }

    /// The device's store.
    pub(crate) fn store(&self) -> &IdbStore<Warehouse> {
        self.0.client.store()
    }

    /// The pending mutations, by ascending `seq`.
    pub(crate) fn pending(&self) -> Vec<Rc<Queued>> {
        self.0.client.pending()
    }

    /// Notifies the screens of a change.
    pub(crate) fn emit_changed(&self, change: client::Change) {
        self.0.client.emit(&Signal::Changed(change));
    }

    async fn read_device(&self) -> Result<(), StoreError> {
        let text = self.store().setting(DEVICE_SETTING).await?;
        let device: Option<DeviceAnswer> = text.and_then(|text| serde_json::from_str(&text).ok());
        if let Some(device) = &device {
            self.client().set_author(&device.name);
        }
        self.0.device.replace(device);
        Ok(())
    }

    /// The device's name; `None` before it is enrolled.
    pub(crate) fn device_name(&self) -> Option<String> {
        self.0.device.borrow().as_ref().map(|device| device.name.clone())
    }

    /// The site that this device works at; `None` before it is enrolled.
    pub(crate) fn device_site(&self) -> Option<String> {
        self.0.device.borrow().as_ref().map(|device| device.site.clone())
    }

    /// The path of a read from the server that names this device's site: another site's answer is refused.
    fn at_site(&self, path: &str) -> String {
        let Some(site) = self.device_site() else { return path.to_owned() };
        let separator = if path.contains('?') { '&' } else { '?' };
        format!("{path}{separator}site={}", String::from(js_sys::encode_uri_component(&site)))
    }

    /// The prefix of this device's order numbers and files.
    pub(crate) fn device_prefix(&self) -> String {
        let device = self.0.device.borrow();
        device.as_ref().map_or_else(|| "D00".to_owned(), |device| device.prefix.clone())
    }

    /// A new id for a row created on this device.
    #[expect(clippy::unused_self, reason = "ids are the book's to give")]
    pub(crate) fn new_id(&self) -> Uuid {
        browser::new_uuid_v7()
    }

    /// Runs rounds once the rest is loaded.
    pub(crate) fn round_runner(&self) -> RoundRunner<Page<Warehouse>> {
        let book = self.clone();
        Rc::new(move |engine, steal| {
            run_round(book.clone(), engine, steal).map(|ran| ran.map_err(|_| NotLoaded)).boxed_local()
        })
    }

    /// Drops all rows of a database that cannot be opened, so that the next round fetches them again; the
    /// queue stays.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was dropped.
    pub(crate) async fn repair() -> Result<(), StoreError> {
        let store =
            IdbStore::<Warehouse>::open(NAMES.database(), browser::new_uuid_v7(), NAMES.scope).await?;
        store.drop_rows(NAMES.scope).await
    }
}

/// Handles a notice from another window or the worker, once the rest is loaded.
#[wasm_split(rest, fallible, return_wrapper(let work = _; { work.await; Ok(()) } -> Result<(), rest::NotLoaded>))]
fn hear(client: PageClient<Warehouse>, received: Received) -> LocalBoxFuture<'static, ()> {
    async move {
        if let Some(notice) = received.parse() {
            client.hear(notice).await;
        }
    }
    .boxed_local()
}

/// Runs one round once the rest is loaded.
#[wasm_split(rest, fallible, return_wrapper(let round = _; { round.await; Ok(()) } -> Result<(), rest::NotLoaded>))]
fn run_round(
    book: Book,
    engine: client::Engine<Page<Warehouse>>,
    steal: bool,
) -> LocalBoxFuture<'static, ()> {
    async move {
        book.ask_after_device().await;
        // The next round retries after an error.
        drop(book.report_local_codes().await);
        engine.round(steal).await;
        drop(book.follow_conflicts().await);
    }
    .boxed_local()
}
