//! The database handle: opened once, released when another build needs to upgrade, reopened when it was lost.

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

/// A database handle that reopens itself.
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
    /// Opens the database, and creates or upgrades it if needed.
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
    /// Those of `work`, and [`StoreError::Unavailable`] when the browser has not answered within the time
    /// limit. Then the transaction is aborted if the browser still can, and the next one gets a new handle. A
    /// requested commit may have happened all the same.
    pub(crate) async fn run<T>(
        &self,
        stores: &[&str],
        mode: Mode,
        work: impl AsyncFnOnce(Tx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let (begun, ended) = (Cell::new(None), Cell::new(None));
        let running = pin!(async {
            if let Some(tx) = begun.take() {
                ended.set(Some(work(tx).await));
            }
        });
        self.run_within_limit(stores, mode, &begun, running).await?;
        ended.take().unwrap_or_else(|| Err(self.stranded()))
    }

    /// The part of [`Connection::run`] that is the same for every caller: begins a transaction in `begun`, then
    /// polls `running`, which takes it from there. A copy for each caller would be a tenth of the worker's size.
    async fn run_within_limit(
        &self,
        stores: &[&str],
        mode: Mode,
        begun: &Cell<Option<Tx>>,
        running: Pin<&mut dyn Future<Output = ()>>,
    ) -> Result<(), StoreError> {
        let both = async {
            begun.set(Some(self.begin(stores, mode).await?));
            running.await;
            Ok(())
        };
        within(both, self.limit_millis.get()).await.unwrap_or_else(|| Err(self.stranded()))
    }

    /// Drops a handle that does not answer, so that the next transaction opens a new one.
    fn stranded(&self) -> StoreError {
        drop(self.handle.borrow_mut().take());
        let millis = self.limit_millis.get();
        StoreError::Unavailable(format!("the database gave no answer within {millis} ms"))
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
        let begun = Tx::begin(&handle.as_ref()?.database, stores, mode);
        Some(begun.map_err(|error| of_js(&error)))
    }

    async fn reopen(&self) -> Result<(), StoreError> {
        self.handle.borrow_mut().take();
        let database = open(&self.name, &self.needs).await?;
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

/// Opens the database; fails if another tab blocks the upgrade.
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
    // An open request cannot be cancelled: it runs to its end, and the database is closed if its caller has
    // timed out.
    wasm_bindgen_futures::spawn_local(async move {
        let database = request.await.map(IdbDatabase::from).map_err(of_idb);
        if let Err(Ok(unwanted)) = opened_sender.send(database) {
            unwanted.close();
        }
    });
    match select(opened, blocked).await {
        Either::Left((Ok(database), _)) => database,
        Either::Right((Ok(()), _)) => Err(StoreError::Occupied),
        // Does not block: the sender was dropped with the request, so the result is there.
        Either::Right((Err(_), opened)) => opened.await.unwrap_or(Err(StoreError::Occupied)),
        Either::Left((Err(_), _)) => Err(StoreError::Unavailable("opening was interrupted".to_owned())),
    }
}
