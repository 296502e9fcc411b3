//! A window's handle on the device's data: store, queue mirror, status, and word of every change.
//!
//! Screens show the store's rows with the pending mutations folded in ([`Client::view`]). They subscribe to [`Signal`]s
//! and read again when one comes.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use futures::future::{LocalBoxFuture, Shared, join};
use sync::{
    Changed, Channel as _, Cursor, JournalRecordOf, Notice, Records, Store, StoreError, Timer as _,
    UnixMillis,
};
use uuid::Uuid;

use crate::completeness::Completeness;
use crate::host::{Host, QueuedOf};
use crate::queue::{Mirror, Queue};
use crate::round::LAST_SYNC_SETTING;
use crate::threats::Threat;
use crate::watchers::{Watch, Watchers};

/// The shortest time between two redraws while a snapshot downloads.
const MIN_REDRAW_MILLIS: u64 = 500;
/// Journal records that count as recent work.
const MAX_RECENT_RECORDS: usize = 50;
/// Who did it, until the application says so.
const UNKNOWN_AUTHOR: &str = "unknown device";

/// Something happened to the device's data.
#[derive(Clone, Debug, PartialEq)]
pub enum Signal {
    /// Read again what is shown.
    Changed(Change),
    /// A mutation was saved by this window.
    Enqueued,
    /// The device was signed in.
    SignedIn,
    /// The status changed: threats, completeness, the time of the last round.
    Status,
    /// Another window or the worker told this.
    Heard(Notice),
}

/// The parts of the data that changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// Whether the queue did.
    pub queue: bool,
    /// The server's rows that did.
    pub rows: Changed,
    /// Whether settings may have.
    pub settings: bool,
}

impl Change {
    /// Only the queue.
    #[must_use]
    pub fn of_queue() -> Self {
        Self { queue: true, ..Self::default() }
    }

    /// Possibly everything.
    #[must_use]
    pub fn of_everything() -> Self {
        Self { queue: true, rows: Changed::Many, settings: true }
    }
}

/// A change that the application's own indexes in memory have to follow before screens read them.
#[derive(Debug)]
pub enum Update<M: Records> {
    /// A mutation joined the queue's end.
    Added(Rc<sync::QueueRecordOf<M>>),
    /// The queue was read again.
    QueueRead {
        /// The queue before.
        before: Queue<M>,
    },
    /// Rows were stored.
    Rows {
        /// Which.
        changed: Changed,
        /// How much there was before them.
        before: Completeness,
    },
    /// Settings may have changed elsewhere.
    Settings,
}

/// Brings the application's indexes up to date.
pub type Indexer<M> = Rc<dyn Fn(Update<M>) -> LocalBoxFuture<'static, ()>>;

/// A window's handle on the device's data. Clones are the same handle.
pub struct Client<H: Host>(pub(crate) Rc<Inner<H>>);

pub(crate) struct Inner<H: Host> {
    pub(crate) host: H,
    relay: <H::Store as Store>::Relay,
    client_id: Uuid,
    pub(crate) mirror: Mirror<H::Model>,
    pub(crate) threats: RefCell<Vec<Threat>>,
    watchers: Watchers<Signal>,
    indexer: RefCell<Option<Indexer<H::Model>>>,
    author: RefCell<String>,
    completeness: Cell<Completeness>,
    last_sync_at: Cell<Option<UnixMillis>>,
    redrawn_at: Cell<UnixMillis>,
    /// Resolves when the browser has drawn the message of the last save.
    pub(crate) save_drawn: RefCell<Option<Shared<LocalBoxFuture<'static, ()>>>>,
}

/// A handle that does not keep the client alive.
pub struct WeakClient<H: Host>(Weak<Inner<H>>);

impl<H: Host> WeakClient<H> {
    /// The client, unless its last handle is gone.
    pub fn upgrade(&self) -> Option<Client<H>> {
        self.0.upgrade().map(Client)
    }
}

impl<H: Host> Clone for Client<H> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<H: Host> PartialEq for Client<H> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl<H: Host> Client<H> {
    /// Reads the queue and the status from the host's store.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open(host: H) -> Result<Self, StoreError> {
        let (relay, outbox) = (host.store().relay(), host.store().outbox(0).await?);
        let client = Self(Rc::new(Inner {
            relay,
            client_id: outbox.client,
            mirror: Mirror::default(),
            threats: RefCell::default(),
            watchers: Watchers::default(),
            indexer: RefCell::default(),
            author: RefCell::new(UNKNOWN_AUTHOR.to_owned()),
            completeness: Cell::new(Completeness::of_cursor(&outbox.cursor)),
            last_sync_at: Cell::default(),
            redrawn_at: Cell::default(),
            save_drawn: RefCell::default(),
            host,
        }));
        let (queue, last_sync) = join(client.reload_queue(), client.reload_last_sync()).await;
        queue.and(last_sync)?;
        Ok(client)
    }

    /// The ports.
    pub fn host(&self) -> &H {
        &self.0.host
    }

    /// The device's storage.
    pub fn store(&self) -> &H::Store {
        self.0.host.store()
    }

    /// The same storage for code that only stores and forwards rows.
    pub fn relay(&self) -> &<H::Store as Store>::Relay {
        &self.0.relay
    }

    /// This life of the device's storage.
    pub fn client_id(&self) -> Uuid {
        self.0.client_id
    }

    /// A handle that does not keep the client alive.
    pub fn downgrade(&self) -> WeakClient<H> {
        WeakClient(Rc::downgrade(&self.0))
    }

    /// Lets `indexer` follow every change before screens hear of it.
    pub fn index_with(&self, indexer: impl Fn(Update<H::Model>) -> LocalBoxFuture<'static, ()> + 'static) {
        self.0.indexer.replace(Some(Rc::new(indexer)));
    }

    /// Names the author of the mutations to come.
    pub fn set_author(&self, name: &str) {
        name.clone_into(&mut self.0.author.borrow_mut());
    }

    pub(crate) fn author(&self) -> String {
        self.0.author.borrow().clone()
    }

    /// Calls `callback` at every signal until the guard is dropped.
    pub fn watch(&self, callback: impl Fn(&Signal) + 'static) -> Watch {
        self.0.watchers.watch(callback)
    }

    /// Sends a signal to everyone who watches.
    pub fn emit(&self, signal: &Signal) {
        self.0.watchers.emit(signal);
    }

    /// Tells the other windows and the worker.
    pub fn tell(&self, notice: &Notice) {
        self.0.host.channel().tell(notice);
    }

    /// How much of the server's rows has arrived.
    pub fn completeness(&self) -> Completeness {
        self.0.completeness.get()
    }

    /// When a round last succeeded, in any window or the worker.
    pub fn last_sync_at(&self) -> Option<UnixMillis> {
        self.0.last_sync_at.get()
    }

    /// The newest acknowledged mutations, newest first; 50 at most.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn journal(&self) -> Result<Vec<JournalRecordOf<H::Model>>, StoreError> {
        self.store().journal(MAX_RECENT_RECORDS).await
    }

    /// Takes in a notice from another window or the worker. Messages may be lost, so each is a reason to look again.
    pub async fn hear(&self, notice: Notice) {
        self.emit(&Signal::Heard(notice.clone()));
        match &notice {
            Notice::RoundProgress { .. } => self.follow_progress(&notice).await,
            Notice::RoundEnded { .. } => {
                // A store that cannot be read reports itself to the next reader.
                drop(self.reload_last_sync().await);
                self.follow(Change { queue: true, settings: true, ..Change::default() }).await;
            }
            Notice::QueueChanged => self.follow(Change::of_queue()).await,
            Notice::WorkOffline { .. } => {}
        }
    }

    /// Takes in the progress of a round, here or elsewhere.
    pub(crate) async fn follow_progress(&self, notice: &Notice) {
        let Notice::RoundProgress { snapshot, changed, queue, .. } = notice else { return };
        let before = self.completeness();
        let is_part = snapshot.is_some();
        if is_part && !queue && !self.is_time_to_redraw() {
            return;
        }
        self.0.completeness.set(snapshot.map_or(Completeness::Complete, Completeness::of_snapshot));
        let rows = changed.clone().map_or(Changed::Many, Changed::Rows);
        if rows != Changed::Rows(Vec::new()) {
            self.index(Update::Rows { changed: rows.clone(), before }).await;
        }
        self.follow(Change { queue: *queue, rows, settings: false }).await;
    }

    /// Takes in notices of a round of this window, of which some may have come while others were taken in: the queue is
    /// read once for all of them.
    pub(crate) async fn follow_round(&self, notices: Vec<Notice>) {
        let last = notices.len().saturating_sub(1);
        let changes_queue = |notice: &Notice| matches!(notice, Notice::RoundProgress { queue: true, .. });
        let any_queue = notices.iter().any(changes_queue);
        for (at, mut notice) in notices.into_iter().enumerate() {
            if let Notice::RoundProgress { queue, .. } = &mut notice {
                *queue = any_queue && at == last;
            }
            self.follow_progress(&notice).await;
        }
    }

    /// Reads again what `change` names and is held in memory, then tells the screens. Rows are indexed by now.
    pub(crate) async fn follow(&self, change: Change) {
        if change.queue {
            // A queue that cannot be read reports itself to the next reader.
            drop(self.reload_queue().await);
        }
        if change.settings {
            self.index(Update::Settings).await;
        }
        self.emit(&Signal::Changed(change));
    }

    /// Whether a part of a snapshot is to be shown now: drawing costs more than storing. A part that is passed over is
    /// read with the next one, and the last part is always shown.
    fn is_time_to_redraw(&self) -> bool {
        let now = self.now();
        let is_time = now.since(self.0.redrawn_at.get()) >= MIN_REDRAW_MILLIS;
        if is_time {
            self.0.redrawn_at.set(now);
        }
        is_time
    }

    /// Tells of rows that were stored outside a round, such as one that was looked up.
    pub async fn rows_stored(&self, rows: Changed) {
        self.index(Update::Rows { changed: rows.clone(), before: self.completeness() }).await;
        self.emit(&Signal::Changed(Change { rows, ..Change::default() }));
    }

    pub(crate) async fn index(&self, update: Update<H::Model>) {
        let indexer = self.0.indexer.borrow().clone();
        if let Some(indexer) = indexer {
            indexer(update).await;
        }
    }

    /// Reads the queue again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn reload_queue(&self) -> Result<(), StoreError> {
        let before = self.0.mirror.load(self.store().queue().await?);
        self.index(Update::QueueRead { before }).await;
        Ok(())
    }

    async fn reload_last_sync(&self) -> Result<(), StoreError> {
        let text = self.store().setting(LAST_SYNC_SETTING).await?;
        self.set_last_sync(text.and_then(|text| text.parse().ok()).map(UnixMillis));
        Ok(())
    }

    pub(crate) fn set_last_sync(&self, at: Option<UnixMillis>) {
        if self.0.last_sync_at.replace(at) != at {
            self.emit(&Signal::Status);
        }
    }

    /// Drops every row, so that the next round fetches all of them; the queue stays.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was dropped.
    pub async fn drop_rows(&self) -> Result<(), StoreError> {
        self.store().drop_rows(self.0.host.scope()).await?;
        let before = self.0.completeness.replace(Completeness::of_cursor(&Cursor::Start));
        self.index(Update::Rows { changed: Changed::Many, before }).await;
        self.set_threat(Threat::Damaged, false);
        self.emit(&Signal::Changed(Change { rows: Changed::Many, ..Change::default() }));
        Ok(())
    }

    /// The queue by rising `seq`, without mutations that were undone and only wait for the server to take note.
    pub fn queue(&self) -> Queue<H::Model> {
        self.0.mirror.records()
    }

    /// The mutations that the server has still to decide, by rising `seq`.
    pub fn pending(&self) -> Vec<Rc<QueuedOf<H>>> {
        self.queue().iter().filter(|record| record.is_pending()).cloned().collect()
    }

    /// Queue entries of other builds that this one cannot read. They are sent all the same.
    pub fn unreadable(&self) -> usize {
        self.0.mirror.unreadable()
    }

    pub(crate) fn now(&self) -> UnixMillis {
        self.0.host.timer().now()
    }
}

impl<H: Host> std::fmt::Debug for Client<H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("client_id", &self.0.client_id).finish_non_exhaustive()
    }
}

impl<H: Host> std::fmt::Debug for WeakClient<H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WeakClient")
    }
}
