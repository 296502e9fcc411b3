//! The database's handle: opened once, given up when another build needs to upgrade, opened again when it died.

use std::cell::{Cell, RefCell};
use std::pin::{Pin, pin};
use std::rc::Rc;

use futures::channel::oneshot;
use futures::future::{Either, select};
use idb::{DatabaseEvent, Event as _, Factory, Request};
use sync::StoreError;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Event, IdbDatabase};

use crate::migrations::{Needs, upgrade};
use crate::time_limit::{TRANSACTION_LIMIT_MILLIS, within};
use crate::transaction::{Mode, Tx, of_idb, of_js};

/// A handle that heals.
#[derive(Debug)]
pub(crate) struct Connection {
    name: String,
    needs: Needs,
    handle: Rc<RefCell<Option<Handle>>>,
    limit_millis: Cell<u32>,
}

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
    /// Opens the database, and creates or upgrades it if need be.
    pub(crate) async fn open(name: &str, needs: Needs) -> Result<Self, StoreError> {
        let connection = Self {
            name: name.to_owned(),
            needs,
            handle: Rc::default(),
            limit_millis: Cell::new(TRANSACTION_LIMIT_MILLIS),
        };
        connection.reopen().await?;
        Ok(connection)
    }

    /// Sets the time limit of every transaction that begins from now on.
    pub(crate) fn set_limit_millis(&self, limit_millis: u32) {
        self.limit_millis.set(limit_millis);
    }

    /// Runs `work` in a transaction over `stores`. `work` commits it; otherwise it aborts.
    ///
    /// # Errors
    /// Those of `work`, and [`StoreError::Unavailable`] when the browser has not answered within the time limit. Then the
    /// transaction is aborted as far as the browser still can, and the next one gets a fresh handle. A commit that was asked
    /// for may have happened all the same.
    pub(crate) async fn run<T>(
        &self,
        stores: &[&str],
        mode: Mode,
        work: impl AsyncFnOnce(Tx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut ended = None;
        let running = async {
            ended = Some(match self.begin(stores, mode).await {
                Ok(tx) => work(tx).await,
                Err(error) => Err(error),
            });
        };
        self.within_limit(pin!(running)).await;
        ended.unwrap_or_else(|| Err(self.stranded()))
    }

    /// Runs a transaction until the time limit. Takes any future by reference: a copy of this for each caller would be a
    /// tenth of the worker.
    async fn within_limit(&self, running: Pin<&mut dyn Future<Output = ()>>) {
        let _ = within(running, self.limit_millis.get()).await;
    }

    /// Drops a handle that gives no answer, so that the next transaction opens another.
    fn stranded(&self) -> StoreError {
        drop(self.handle.borrow_mut().take());
        let millis = self.limit_millis.get();
        StoreError::Unavailable(format!("the database gave no answer within {millis} ms"))
    }

    /// Begins a transaction. A dead handle is replaced once: browsers lose connections of sleeping pages.
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
        let begun = Tx::begin(&handle.as_ref()?.database, stores, mode);
        Some(begun.map_err(|error| of_js(&error)))
    }

    async fn reopen(&self) -> Result<(), StoreError> {
        self.handle.borrow_mut().take();
        let database = open(&self.name, &self.needs).await?;
        let slot = Rc::downgrade(&self.handle);
        // Another build wants to upgrade, or the browser closed it: let go, so that nobody waits for this page.
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

/// Opens the database; gives up when another tab does not let it be upgraded.
async fn open(name: &str, needs: &Needs) -> Result<IdbDatabase, StoreError> {
    let factory = Factory::new().map_err(of_idb)?;
    let mut request = factory.open(name, Some(needs.version)).map_err(of_idb)?;
    let needs = needs.clone();
    request.on_upgrade_needed(move |event| {
        let Some(transaction) = event.target().ok().and_then(|request| request.transaction()) else { return };
        let upgraded = event
            .database()
            .and_then(|database| upgrade(&database, &transaction, event.old_version()?, &needs));
        if upgraded.is_err() {
            drop(transaction.abort());
        }
    });
    let (blocked_sender, blocked) = oneshot::channel();
    request.on_blocked(move |_| blocked_sender.send(()).unwrap_or_default());
    let (opened_sender, opened) = oneshot::channel();
    // Opening cannot be cancelled: it runs to its end by itself, and a database nobody waits for any more is closed.
    wasm_bindgen_futures::spawn_local(async move {
        let database = request.await.map(IdbDatabase::from).map_err(of_idb);
        if let Err(Ok(unwanted)) = opened_sender.send(database) {
            unwanted.close();
        }
    });
    match select(opened, blocked).await {
        Either::Left((Ok(database), _)) => database,
        Either::Right((Ok(()), _)) => Err(StoreError::Occupied),
        // Never blocked: the sender was dropped with the request, so the answer is there.
        Either::Right((Err(_), opened)) => opened.await.unwrap_or(Err(StoreError::Occupied)),
        Either::Left((Err(_), _)) => Err(StoreError::Unavailable("opening was interrupted".to_owned())),
    }
}
