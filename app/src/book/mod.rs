//! The book as the screens see it: the device's store, what is pending on it, and the catalogue held for search.
//!
//! Everything shown is the store's rows with the pending mutations folded in. Whoever shows something subscribes to
//! [`Signal`]s and reads again.

mod bins;
pub(crate) mod catalogue;
mod enrol;
pub(crate) mod export;
mod floor;
mod inbox;
mod index;
pub(crate) mod keeping;
pub(crate) mod look_up;
pub(crate) mod lot_filter;
pub(crate) mod past;
pub(crate) mod record;
pub(crate) mod report;
pub(crate) mod stock_filter;
pub(crate) mod survey;
pub(crate) mod surveyor;
pub(crate) mod unknown_codes;
mod unsent;
pub(crate) mod views;
pub(crate) mod worth;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use browser::BroadcastEnd;
use client::LAST_SYNC_SETTING;
use domain::{Action, DeviceAnswer, NAMES, Warehouse};
use futures::FutureExt;
use futures::future::{LocalBoxFuture, Shared};
use gloo_timers::future::TimeoutFuture;
use schema::IdbStore;
use sync::{
    Channel, Cursor, JournalRecordOf, Mutation, Notice, Progress, QueueRecordOf, QueueVersion, Store,
    StoreError, UnixMillis,
};
use uuid::Uuid;
use wasm_split_helpers::wasm_split;
use yew::Callback;

use self::keeping::Threat;
use crate::rest::NotLoaded;

const DEVICE_SETTING: &str = "device";
/// Between two parts of a snapshot that are shown.
const MIN_SHOW_MILLIS: u64 = 500;
/// Journal records shown as recent work.
const MAX_RECENT_RECORDS: usize = 50;

/// A record of the queue.
pub(crate) type Queued = QueueRecordOf<Warehouse>;

/// Something happened to the book.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Signal {
    /// Rows, queue or settings changed: read again.
    Changed,
    /// A mutation was saved on this page.
    Enqueued,
    /// The survey of all lots changed or got further.
    Surveyed,
    /// Somebody signed this device in.
    SignedIn,
    /// Another window or the worker said something.
    Heard(Notice),
}

/// How much of the server's rows has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Completeness {
    /// Nothing yet.
    Empty,
    /// The first sync is under way or was interrupted.
    Partial {
        /// Whole percent of the rows.
        percent: u8,
    },
    /// Everything.
    Complete,
}

/// A handle on the book; clones are the same book.
#[derive(Clone)]
pub(crate) struct Book(Rc<Inner>);

struct Inner {
    store: IdbStore<Warehouse>,
    channel: RefCell<Option<BroadcastEnd>>,
    subscribers: RefCell<BTreeMap<u64, Callback<Signal>>>,
    next_subscriber: Cell<u64>,
    client: Uuid,
    queue: RefCell<Rc<Vec<Queued>>>,
    pending: RefCell<Rc<[Mutation<Action>]>>,
    queue_version: Cell<QueueVersion>,
    /// The highest `seq` that this page has seen given.
    last_given_seq: Cell<u64>,
    unreadable: Cell<usize>,
    /// What is being reversed.
    reversing: Cell<Option<Uuid>>,
    threats: RefCell<Vec<Threat>>,
    catalogue: RefCell<catalogue::Catalogue>,
    reading: index::Reading,
    surveying: surveyor::Surveying,
    completeness: Cell<Completeness>,
    device: RefCell<Option<DeviceAnswer>>,
    last_sync_at: Cell<Option<UnixMillis>>,
    shown_at: Cell<UnixMillis>,
    /// When the browser has drawn what was said of the last save.
    save_shown: RefCell<Option<Shared<TimeoutFuture>>>,
}

impl PartialEq for Book {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// Ends a subscription when dropped.
pub(crate) struct Subscription {
    book: Book,
    id: u64,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.book.0.subscribers.borrow_mut().remove(&self.id);
    }
}

impl Book {
    /// Opens this device's book and begins to load the catalogue.
    pub(crate) async fn open() -> Result<Self, StoreError> {
        let store = IdbStore::open(NAMES.database(), browser::new_uuid_v7(), NAMES.scope).await?;
        let outbox = store.outbox(0).await?;
        let book = Self(Rc::new(Inner {
            store,
            channel: RefCell::default(),
            subscribers: RefCell::default(),
            next_subscriber: Cell::default(),
            client: outbox.client,
            queue: RefCell::default(),
            pending: RefCell::default(),
            queue_version: Cell::default(),
            last_given_seq: Cell::default(),
            unreadable: Cell::default(),
            reversing: Cell::default(),
            threats: RefCell::default(),
            catalogue: RefCell::default(),
            reading: index::Reading::default(),
            surveying: surveyor::Surveying::default(),
            completeness: Cell::new(completeness_of(&outbox.cursor)),
            device: RefCell::default(),
            last_sync_at: Cell::default(),
            shown_at: Cell::default(),
            save_shown: RefCell::default(),
        }));
        // The first rows are read along, so that the first picture has them.
        let (loaded, ()) = futures::join!(book.reload(), book.read_first());
        loaded?;
        book.refresh_pending().await;
        book.put_picture_first();
        let hearing = Rc::downgrade(&book.0);
        let channel = BroadcastEnd::open(&NAMES, move |notice| {
            if let Some(inner) = hearing.upgrade() {
                let book = Book(inner);
                // If the rest cannot be loaded, the next notice tries again.
                wasm_bindgen_futures::spawn_local(take_in(book, notice).map(drop));
            }
        });
        book.0.channel.replace(Some(channel));
        wasm_bindgen_futures::spawn_local({
            let book = book.clone();
            async move {
                futures::join!(book.read_on(), book.look_for_threats());
            }
        });
        Ok(book)
    }

    /// The device's store.
    pub(crate) fn store(&self) -> &IdbStore<Warehouse> {
        &self.0.store
    }

    /// Calls `callback` at every signal until the subscription is dropped.
    pub(crate) fn subscribe(&self, callback: Callback<Signal>) -> Subscription {
        let id = self.0.next_subscriber.get();
        self.0.next_subscriber.set(id + 1);
        self.0.subscribers.borrow_mut().insert(id, callback);
        Subscription { book: self.clone(), id }
    }

    pub(crate) fn emit(&self, signal: &Signal) {
        let subscribers: Vec<_> = self.0.subscribers.borrow().values().cloned().collect();
        for subscriber in subscribers {
            subscriber.emit(signal.clone());
        }
    }

    /// Tells the other windows and the worker.
    pub(crate) fn tell(&self, notice: &Notice) {
        if let Some(channel) = &*self.0.channel.borrow() {
            channel.tell(notice);
        }
    }

    /// Takes in what a round, here or elsewhere, changed.
    pub(crate) async fn take_in(&self, notice: Notice, from_elsewhere: bool) {
        if let Notice::RoundProgress { snapshot, changed, .. } = &notice {
            if snapshot.is_some() && !self.is_time_to_show() {
                return;
            }
            let before = self.0.completeness.get();
            self.0.completeness.set(snapshot.map_or(Completeness::Complete, partial));
            self.follow_for_survey(changed.as_deref());
            self.follow_rows(changed.as_deref(), before).await;
        }
        // A record that cannot be read is reported by whoever asks for it next.
        drop(self.reload().await);
        if from_elsewhere {
            self.emit(&Signal::Heard(notice));
        }
        self.emit(&Signal::Changed);
    }

    /// Whether a part of a snapshot is to be shown now. Showing costs more than storing, so it happens now and then;
    /// what is passed over is read with the next part, and the last part is always shown.
    fn is_time_to_show(&self) -> bool {
        let now = browser::now();
        let is_time = now.since(self.0.shown_at.get()) >= MIN_SHOW_MILLIS;
        if is_time {
            self.0.shown_at.set(now);
        }
        is_time
    }

    /// Reads again what is held in memory of the queue and the settings.
    pub(crate) async fn reload(&self) -> Result<(), StoreError> {
        self.reload_queue().await?;
        let last_sync_at = self.0.store.setting(LAST_SYNC_SETTING).await?;
        self.0.last_sync_at.set(last_sync_at.and_then(|text| text.parse().ok()).map(UnixMillis));
        let device = self.0.store.setting(DEVICE_SETTING).await?;
        self.0.device.replace(device.and_then(|text| serde_json::from_str(&text).ok()));
        Ok(())
    }

    /// The queue by rising `seq`.
    pub(crate) fn queue(&self) -> Rc<Vec<Queued>> {
        self.0.queue.borrow().clone()
    }

    /// Mutations the server has still to decide, by rising `seq`.
    pub(crate) fn pending(&self) -> Rc<[Mutation<Action>]> {
        self.0.pending.borrow().clone()
    }

    /// Entries of the queue that another version of the app made, and this one cannot read. They are sent all the same.
    pub(crate) fn unreadable(&self) -> usize {
        self.0.unreadable.get()
    }

    /// The newest acknowledged mutations, newest first.
    pub(crate) async fn journal(&self) -> Result<Vec<JournalRecordOf<Warehouse>>, StoreError> {
        self.0.store.journal(MAX_RECENT_RECORDS).await
    }

    /// How much of the server's rows has arrived.
    pub(crate) fn completeness(&self) -> Completeness {
        self.0.completeness.get()
    }

    /// When a round last succeeded, on any page or in the worker.
    pub(crate) fn last_sync_at(&self) -> Option<UnixMillis> {
        self.0.last_sync_at.get()
    }

    /// What this device is called; none before it is enrolled.
    pub(crate) fn device_name(&self) -> Option<String> {
        self.0.device.borrow().as_ref().map(|device| device.name.clone())
    }

    /// What this device's order numbers and files begin with.
    pub(crate) fn device_prefix(&self) -> String {
        let device = self.0.device.borrow();
        device.as_ref().map_or_else(|| "D00".to_owned(), |device| device.prefix.clone())
    }

    /// A new id for a row made here.
    #[expect(clippy::unused_self, reason = "ids are the book's to give")]
    pub(crate) fn new_id(&self) -> Uuid {
        browser::new_uuid_v7()
    }
}

/// Takes in what a round elsewhere changed, with the code of the rest.
#[wasm_split(rest, fallible, return_wrapper(let work = _; { work.await; Ok(()) } -> Result<(), NotLoaded>))]
fn take_in(book: Book, notice: Notice) -> LocalBoxFuture<'static, ()> {
    async move { book.take_in(notice, true).await }.boxed_local()
}

fn completeness_of(cursor: &Cursor) -> Completeness {
    match cursor {
        Cursor::Start => Completeness::Empty,
        Cursor::Snapshot { progress, .. } => partial(*progress),
        Cursor::Live { .. } => Completeness::Complete,
    }
}

fn partial(progress: Progress) -> Completeness {
    let percent = progress.done_rows.saturating_mul(100).checked_div(progress.total_rows).unwrap_or(0);
    Completeness::Partial { percent: u8::try_from(percent.min(99)).unwrap_or(99) }
}
