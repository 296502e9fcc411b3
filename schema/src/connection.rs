//! The database handle: opened once, released when another build needs to upgrade, reopened when it was lost or
//! the page comes back.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::{Either, LocalBoxFuture, select};
use gloo_events::EventListener;
use idb::{DatabaseEvent, Event as _, Factory, Request};
use sync::StoreError;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Event, IdbDatabase};

use crate::migrations::{Needs, upgrade};
use crate::presence::Presence;
use crate::time_limit::{
    OPEN_LIMIT_MILLIS, ROWS_LIMIT_MILLIS, UPGRADE_LIMIT_MILLIS, WAITED_FOR_LIMIT_MILLIS, within,
};
use crate::transaction::{Mode, Tx, of_idb, of_js};

/// Attempts at an opening or a transaction that the database does not answer, each with a new handle.
const MAX_SILENT_TRIES: u32 = 2;
/// Attempts at one that is interrupted because the page is left.
const MAX_TRIES: u32 = 5;

/// A database handle that reopens itself.
#[derive(Debug)]
pub(crate) struct Connection {
    name: String,
    needs: Needs,
    handle: Rc<RefCell<Option<Handle>>>,
    max_limit_millis: Cell<u32>,
    presence: Rc<Presence>,
    _listeners: Vec<EventListener>,
}

/// Work in a transaction, without its result.
type Work<'a> = &'a dyn Fn(Tx) -> LocalBoxFuture<'a, Result<(), StoreError>>;

#[derive(Debug)]
struct Handle {
    database: IdbDatabase,
    _on_end: Closure<dyn FnMut(Event)>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.database.set_onversionchange(None);
        self.database.set_onclose(None);
        self.database.close();
    }
}

impl Connection {
    /// Opens the database, and creates or upgrades it if needed.
    pub(crate) async fn open(name: &str, needs: Needs) -> Result<Self, StoreError> {
        let (handle, presence) = (Rc::<RefCell<Option<Handle>>>::default(), Rc::<Presence>::default());
        let held = Rc::downgrade(&handle);
        let listeners = presence.watch(move || {
            // Closes it once its last commit has ended.
            drop(held.upgrade().and_then(|handle| handle.take()));
        });
        let connection = Self {
            name: name.to_owned(),
            needs,
            handle,
            max_limit_millis: Cell::new(u32::MAX),
            presence,
            _listeners: listeners,
        };
        connection.tries(&|| connection.reopen().boxed_local()).await?;
        Ok(connection)
    }

    /// Lowers the time limits of every transaction that begins from now on.
    pub(crate) fn set_max_limit_millis(&self, limit_millis: u32) {
        self.max_limit_millis.set(limit_millis);
    }

    /// The number of times that the page was left.
    pub(crate) fn departures(&self) -> u32 {
        self.presence.departures()
    }

    /// Runs `work` in a transaction over `stores`. `work` commits it; otherwise it aborts. `work` runs again, on
    /// a new handle, when the browser does not answer within the time limit or the page was left meanwhile: a commit
    /// that was not noticed must not count twice.
    ///
    /// # Errors
    /// Those of `work`, and [`StoreError::NoAnswer`].
    pub(crate) async fn run<T>(
        &self,
        stores: &[&str],
        mode: Mode,
        work: impl AsyncFn(Tx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let ended = Cell::new(None);
        let (result, work) = (&ended, &work);
        let work = move |tx| async move { work(tx).await.map(|done| result.set(Some(done))) }.boxed_local();
        self.tries(&|| self.attempt(stores, mode, &work).boxed_local()).await?;
        ended.take().ok_or(StoreError::Undecided)
    }

    /// Like [`Connection::run`], for work that must not be repeated.
    ///
    /// # Errors
    /// Those of [`Connection::run`]. After [`StoreError::NoAnswer`], a requested commit may have happened all the same.
    pub(crate) async fn run_once<T>(
        &self,
        stores: &[&str],
        mode: Mode,
        work: impl AsyncFnOnce(Tx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let (due, ended) = (Cell::new(Some(work)), Cell::new(None));
        let (result, due) = (&ended, &due);
        let work = move |tx| {
            async move {
                let work = due.take().ok_or(StoreError::Undecided)?;
                work(tx).await.map(|done| result.set(Some(done)))
            }
            .boxed_local()
        };
        self.attempt(stores, mode, &work).await?;
        ended.take().ok_or(StoreError::Undecided)
    }

    /// Repeats an attempt that was not answered or was interrupted.
    async fn tries<'a>(
        &self,
        attempt: &dyn Fn() -> LocalBoxFuture<'a, Result<(), StoreError>>,
    ) -> Result<(), StoreError> {
        let mut silent_tries = 0;
        for _ in 1..MAX_TRIES {
            let departures = self.departures();
            match attempt().await {
                Err(StoreError::NoAnswer(limit)) => {
                    silent_tries += 1;
                    if silent_tries == MAX_SILENT_TRIES {
                        return Err(StoreError::NoAnswer(limit));
                    }
                }
                Err(_) if self.departures() != departures => {}
                ended => return ended,
            }
        }
        attempt().await
    }

    /// Begins a transaction for `work`. This is the part that is the same for every caller: a copy for each would
    /// be a tenth of the worker's size.
    async fn attempt<'a>(&self, stores: &[&str], mode: Mode, work: Work<'a>) -> Result<(), StoreError> {
        self.presence.shown().await;
        let tx = self.begin(stores, mode).await?;
        let limit_millis = match mode {
            Mode::Read | Mode::WriteDurably => WAITED_FOR_LIMIT_MILLIS,
            Mode::Write => ROWS_LIMIT_MILLIS,
        };
        let limit_millis = limit_millis.min(self.max_limit_millis.get());
        let ended = within(work(tx), limit_millis).await;
        ended.unwrap_or_else(|| {
            // The next transaction opens a new handle.
            drop(self.handle.take());
            Err(StoreError::NoAnswer(limit_millis))
        })
    }

    /// Begins a transaction. A lost handle is replaced once: browsers close connections of sleeping pages.
    async fn begin(&self, stores: &[&str], mode: Mode) -> Result<Tx, StoreError> {
        if let Some(Ok(tx)) = self.try_begin(stores, mode) {
            return Ok(tx);
        }
        self.reopen().await?;
        match self.try_begin(stores, mode) {
            Some(begun) => begun,
            None => Err(StoreError::Occupied),
        }
    }

    fn try_begin(&self, stores: &[&str], mode: Mode) -> Option<Result<Tx, StoreError>> {
        let handle = self.handle.borrow();
        let begun = Tx::begin(&handle.as_ref()?.database, &self.presence, stores, mode);
        Some(begun.map_err(|error| of_js(&error)))
    }

    async fn reopen(&self) -> Result<(), StoreError> {
        self.presence.shown().await;
        self.handle.borrow_mut().take();
        let limit_millis = OPEN_LIMIT_MILLIS.min(self.max_limit_millis.get());
        let database = open(&self.name, &self.needs, &self.presence, limit_millis).await?;
        let slot = Rc::downgrade(&self.handle);
        // Another build wants to upgrade, or the browser closed it: close the handle, so that the upgrade is
        // not blocked.
        let on_end = Closure::new(move |event: Event| {
            if let Some(database) = event.target().and_then(|target| target.dyn_into::<IdbDatabase>().ok()) {
                database.close();
            }
            if let Some(slot) = slot.upgrade() {
                // The handle owns this closure, so it is freed only after the closure has returned.
                let handle = slot.borrow_mut().take();
                wasm_bindgen_futures::spawn_local(async move { drop(handle) });
            }
        });
        database.set_onversionchange(Some(on_end.as_ref().unchecked_ref()));
        database.set_onclose(Some(on_end.as_ref().unchecked_ref()));
        self.handle.borrow_mut().replace(Handle { database, _on_end: on_end });
        Ok(())
    }
}

/// Events of an open request before its success.
enum Early {
    Blocked,
    Upgrading,
}

/// Opens the database; fails if another tab blocks the upgrade.
async fn open(
    name: &str,
    needs: &Needs,
    presence: &Rc<Presence>,
    limit_millis: u32,
) -> Result<IdbDatabase, StoreError> {
    let factory = Factory::new().map_err(of_idb)?;
    let mut request = factory.open(name, Some(needs.version)).map_err(of_idb)?;
    let (needs, presence) = (needs.clone(), Rc::clone(presence));
    let (early_sender, early) = oneshot::channel();
    let upgrading = Rc::new(Cell::new(Some(early_sender)));
    let blocked = Rc::clone(&upgrading);
    request.on_blocked(move |_| hear(&blocked, Early::Blocked));
    request.on_upgrade_needed(move |event| {
        hear(&upgrading, Early::Upgrading);
        let Some(transaction) = event.target().ok().and_then(|request| request.transaction()) else { return };
        let upgraded = event
            .database()
            .and_then(|database| upgrade(&database, &transaction, event.old_version()?, &needs));
        match upgraded {
            Ok(()) => presence.enter(&transaction.into()),
            Err(_) => drop(transaction.abort()),
        }
    });
    let (opened_sender, opened) = oneshot::channel();
    // An open request cannot be cancelled: it runs to its end, and the database is closed if its caller has
    // timed out.
    wasm_bindgen_futures::spawn_local(async move {
        let database = request.await.map(IdbDatabase::from).map_err(of_idb);
        if let Err(Ok(unwanted)) = opened_sender.send(database) {
            unwanted.close();
        }
    });
    let ended = match within(select(opened, early), limit_millis).await {
        None => return Err(StoreError::NoAnswer(limit_millis)),
        Some(Either::Right((Ok(Early::Blocked), _))) => return Err(StoreError::Occupied),
        Some(Either::Right((Ok(Early::Upgrading), opened))) => {
            let upgraded = within(opened, UPGRADE_LIMIT_MILLIS).await;
            upgraded.ok_or(StoreError::NoAnswer(UPGRADE_LIMIT_MILLIS))?
        }
        // Does not block: the sender was dropped with the request, so the result is there.
        Some(Either::Right((Err(_), opened))) => opened.await,
        Some(Either::Left((ended, _))) => ended,
    };
    ended.unwrap_or_else(|_| Err(StoreError::Unavailable("opening was interrupted".to_owned())))
}

fn hear(sender: &Cell<Option<oneshot::Sender<Early>>>, early: Early) {
    if let Some(sender) = sender.take() {
        drop(sender.send(early));
    }
}
