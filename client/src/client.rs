//! A window's handle on the device's data: store, queue mirror, status, and a signal for every change.
//!
//! Screens show the store's rows with the pending mutations folded in ([`Client::view`]). They subscribe to
//! [`Signal`]s and read again at each one.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use futures::future::{LocalBoxFuture, Shared, join, join3};
use sync::{
    Changed, Channel as _, Cursor, JournalRecordOf, Mutation, Notice, Records, Refusal, Rows, Store,
    StoreError, Timer as _, UnixMillis,
};
use uuid::Uuid;

use crate::completeness::Completeness;
use crate::host::{Host, MutationOf, QueuedOf, RowOf};
use crate::queue::{Mirror, Queue};
use crate::round::LAST_SYNC_SETTING;
use crate::server_time::KeptTime;
use crate::threats::Threat;
use crate::watchers::{Watch, Watchers};

/// Minimum time between two redraws while a snapshot downloads.
const MIN_REDRAW_MILLIS: u64 = 500;
/// Maximum records of the journal.
const MAX_RECENT_RECORDS: usize = 50;
/// The author until the application sets one.
const UNKNOWN_AUTHOR: &str = "unknown device";

/// The people who answer for mutations that are drafted now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The person who works on the device.
    pub person: Uuid,
    /// The person who approves the next mutation.
    pub approved_by: Option<Uuid>,
}

/// A change of the device's data.
#[derive(Clone, Debug, PartialEq)]
pub enum Signal {
    /// Screens have to read their data again.
    Changed(Change),
    /// A mutation was saved by this window.
    Enqueued,
    /// The device was signed in.
    SignedIn,
    /// The status changed: threats, completeness, the time of the last round.
    Status,
    /// A notice of another window or the worker.
    Heard(Notice),
}

/// The changed parts of the data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// Whether the queue changed.
    pub queue: bool,
    /// The server's rows that changed.
    pub rows: Changed,
    /// Whether settings may have changed.
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

/// A change for the application's in-memory indexes, delivered before screens read.
#[derive(Debug)]
pub enum Update<M: Records> {
    /// A mutation was appended to the queue.
    Added(Rc<sync::QueueRecordOf<M>>),
    /// The queue was read again.
    QueueRead {
        /// The previous queue.
        before: Queue<M>,
    },
    /// Rows were stored.
    Rows {
        /// The rows.
        changed: Changed,
        /// The completeness before them.
        before: Completeness,
    },
    /// Settings may have changed elsewhere.
    Settings,
}

/// Decides whether a draft may be saved, given the rows that it touches.
type Permit<M> =
    Rc<dyn Fn(&Mutation<<M as Records>::Action>, &Rows<<M as Records>::Row>) -> Result<(), Refusal>>;

/// Updates the application's indexes.
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
    signer: Cell<Option<Signer>>,
    permit: RefCell<Option<Permit<H::Model>>>,
    completeness: Cell<Completeness>,
    last_sync_at: Cell<Option<UnixMillis>>,
    pub(crate) time: KeptTime,
    redrawn_at: Cell<UnixMillis>,
    /// Resolves after the paint of the last save's message.
    pub(crate) save_drawn: RefCell<Option<Shared<LocalBoxFuture<'static, ()>>>>,
}

/// A handle that does not keep the client alive.
pub struct WeakClient<H: Host>(Weak<Inner<H>>);

impl<H: Host> WeakClient<H> {
    /// The client, unless its last handle was dropped.
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
            signer: Cell::default(),
            permit: RefCell::default(),
            completeness: Cell::new(Completeness::of_cursor(&outbox.cursor)),
            last_sync_at: Cell::default(),
            time: KeptTime::default(),
            redrawn_at: Cell::default(),
            save_drawn: RefCell::default(),
            host,
        }));
        let (queue, last_sync, time) =
            join3(client.reload_queue(), client.reload_last_sync(), client.reload_heard_time()).await;
        queue.and(last_sync).and(time)?;
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

    /// The id of this life of the device's storage.
    pub fn client_id(&self) -> Uuid {
        self.0.client_id
    }

    /// A handle that does not keep the client alive.
    pub fn downgrade(&self) -> WeakClient<H> {
        WeakClient(Rc::downgrade(&self.0))
    }

    /// Sets the callback that gets every change before screens do.
    pub fn index_with(&self, indexer: impl Fn(Update<H::Model>) -> LocalBoxFuture<'static, ()> + 'static) {
        self.0.indexer.replace(Some(Rc::new(indexer)));
    }

    /// Sets the author of later mutations.
    pub fn set_author(&self, name: &str) {
        name.clone_into(&mut self.0.author.borrow_mut());
    }

    /// Sets the person who answers for later mutations; none if nobody is signed in.
    pub fn set_signer(&self, signer: Option<Signer>) {
        self.0.signer.set(signer);
    }

    /// The person who answers for mutations now.
    pub fn signer(&self) -> Option<Signer> {
        self.0.signer.get()
    }

    /// Sets the callback that every draft has to pass before it is saved, with the rows that it touches. By default all pass.
    pub fn permit_with(
        &self,
        permit: impl Fn(&MutationOf<H>, &Rows<RowOf<H>>) -> Result<(), Refusal> + 'static,
    ) {
        self.0.permit.replace(Some(Rc::new(permit)));
    }

    pub(crate) fn permit(&self, mutation: &MutationOf<H>, rows: &Rows<RowOf<H>>) -> Result<(), Refusal> {
        let permit = self.0.permit.borrow().clone();
        permit.map_or(Ok(()), |permit| permit(mutation, rows))
    }

    pub(crate) fn author(&self) -> String {
        self.0.author.borrow().clone()
    }

    /// Calls `callback` at every signal until the guard is dropped.
    pub fn watch(&self, callback: impl Fn(&Signal) + 'static) -> Watch {
        self.0.watchers.watch(callback)
    }

    /// Sends a signal to all watchers.
    pub fn emit(&self, signal: &Signal) {
        self.0.watchers.emit(signal);
    }

    /// Sends a notice to the other windows and the worker.
    pub fn tell(&self, notice: &Notice) {
        self.0.host.channel().tell(notice);
    }

    /// The part of the server's rows that has arrived.
    pub fn completeness(&self) -> Completeness {
        self.0.completeness.get()
    }

    /// The time of the last successful round in any window or the worker.
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

    /// Handles a notice from another window or the worker. Messages may be lost, so each one causes a read.
    pub async fn hear(&self, notice: Notice) {
        self.emit(&Signal::Heard(notice.clone()));
        match &notice {
            Notice::RoundProgress { .. } => self.follow_progress(&notice).await,
            Notice::RoundEnded { .. } => {
                // The next reader of an unreadable store reports the error.
                drop(join(self.reload_heard_time(), self.reload_last_sync()).await);
                self.follow(Change { queue: true, settings: true, ..Change::default() }).await;
            }
            Notice::QueueChanged => self.follow(Change::of_queue()).await,
            Notice::WorkOffline { .. } => {}
        }
    }

    /// Handles the progress of a round of this window or of another.
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

    /// Handles notices of a round of this window. Several may have arrived since the last call; the queue is
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

    /// Reads the in-memory copies named by `change` again, then notifies the screens. Rows are already
    /// indexed.
    pub(crate) async fn follow(&self, change: Change) {
        if change.queue {
            // The next reader of an unreadable queue reports the error.
            drop(self.reload_queue().await);
        }
        if change.settings {
            self.index(Update::Settings).await;
        }
        self.emit(&Signal::Changed(change));
    }

    /// Whether to redraw for a part of a snapshot: drawing costs more than storing. A skipped part is read
    /// with the next one, and the last part is always drawn.
    fn is_time_to_redraw(&self) -> bool {
        let now = self.now();
        let is_time = now.since(self.0.redrawn_at.get()) >= MIN_REDRAW_MILLIS;
        if is_time {
            self.0.redrawn_at.set(now);
        }
        is_time
    }

    /// Reports rows that were stored outside a round, for example by a lookup.
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

    /// Reads the queue again if it has changed without a notice: notices are lost while a page opens.
    pub(crate) async fn catch_up(&self) {
        let stored = self.store().read(&[]).await;
        if stored.is_ok_and(|found| found.queue_version != self.0.mirror.version()) {
            self.follow(Change::of_queue()).await;
        }
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

    /// The queue by ascending `seq`, without undone mutations, which only wait for the server's
    /// acknowledgement.
    pub fn queue(&self) -> Queue<H::Model> {
        self.0.mirror.records()
    }

    /// The pending mutations, by ascending `seq`.
    pub fn pending(&self) -> Vec<Rc<QueuedOf<H>>> {
        self.queue().iter().filter(|record| record.is_pending()).cloned().collect()
    }

    /// Number of queue entries of other builds that this build cannot parse. They are sent unchanged.
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
