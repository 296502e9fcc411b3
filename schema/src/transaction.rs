//! One IndexedDB transaction with a reliable result.
//!
//! This deals with these hazards. A transaction that aborts on a full disk fires no error, only `abort`: so
//! the result is taken from `complete` and `abort`, with listeners from the beginning. A dropped transaction
//! would commit its requests so far: so dropping aborts one that writes. The safe bindings cannot request
//! durability. In WebKit a page that is left keeps the locks of its transactions until they are committed
//! explicitly: so each is, with its last request if that is known. There, a request of a page that is just being
//! left can fail and the commit behind it succeed: so a failed request fails the commit.
//! Within a transaction only IndexedDB may be awaited; anything else commits it early.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use futures::poll;
use idb::{ObjectStore, Transaction};
use js_sys::{Array, Object, Promise, Reflect};
use sync::StoreError;
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{DomException, Event, IdbDatabase, IdbRequest, IdbTransaction};

use crate::presence::Presence;

/// The access of a transaction, and the durability of its commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Reads.
    Read,
    /// Writes; complete when the operating system has the data.
    Write,
    /// Writes; complete when the data is on the disk.
    WriteDurably,
}

#[wasm_bindgen]
extern "C" {
    /// `IDBDatabase`, with the one call that is missing from the bindings.
    type DurableDatabase;

    #[wasm_bindgen(method, catch, js_name = transaction)]
    fn transaction_with_options(
        this: &DurableDatabase,
        stores: &Array,
        mode: &str,
        options: &Object,
    ) -> Result<IdbTransaction, JsValue>;
}

/// A running transaction. Dropped before [`Tx::commit`], it aborts; one that only reads commits.
#[derive(Debug)]
pub(crate) struct Tx {
    raw: IdbTransaction,
    requests: Transaction,
    end: Promise,
    /// The error of the first request that failed.
    failure: Rc<RefCell<Option<StoreError>>>,
    mode: Mode,
    is_committing: Cell<bool>,
    presence: Rc<Presence>,
    _listeners: [Closure<dyn FnMut(Event)>; 3],
}

impl Tx {
    /// Begins a transaction over `stores`. It is aborted when the page is left.
    pub(crate) fn begin(
        database: &IdbDatabase,
        presence: &Rc<Presence>,
        stores: &[&str],
        mode: Mode,
    ) -> Result<Self, JsValue> {
        let names: Array = stores.iter().map(|name| JsValue::from_str(name)).collect();
        let options = Object::new();
        let (access, durability) = match mode {
            Mode::Read => ("readonly", "default"),
            Mode::Write => ("readwrite", "relaxed"),
            Mode::WriteDurably => ("readwrite", "strict"),
        };
        Reflect::set(&options, &"durability".into(), &durability.into())?;
        let database: &DurableDatabase = database.unchecked_ref();
        let raw = database.transaction_with_options(&names, access, &options)?;

        let (mut listeners, failure) = (None, Rc::<RefCell<Option<StoreError>>>::default());
        let end = Promise::new(&mut |resolve, reject| {
            let complete = Closure::new(move |_: Event| drop(resolve.call0(&JsValue::UNDEFINED)));
            let aborted = raw.clone();
            let abort = Closure::new(move |_: Event| {
                let error = aborted.error().map_or(JsValue::UNDEFINED, JsValue::from);
                drop(reject.call1(&JsValue::UNDEFINED, &error));
            });
            let failed = Rc::clone(&failure);
            let fail = Closure::new(move |event: Event| {
                let request = event.target().and_then(|target| target.dyn_into::<IdbRequest>().ok());
                let error = request.and_then(|request| request.error().ok().flatten());
                let error = of_js(&error.map_or(JsValue::UNDEFINED, JsValue::from));
                failed.borrow_mut().get_or_insert(error);
            });
            raw.set_oncomplete(Some(complete.as_ref().unchecked_ref()));
            raw.set_onabort(Some(abort.as_ref().unchecked_ref()));
            raw.set_onerror(Some(fail.as_ref().unchecked_ref()));
            listeners = Some([complete, abort, fail]);
        });
        let listeners = listeners.ok_or("the promise did not run its executor")?;
        presence.enter(&raw);
        let (requests, presence) = (raw.clone().into(), Rc::clone(presence));
        let is_committing = Cell::new(false);
        Ok(Self { raw, requests, end, failure, mode, is_committing, presence, _listeners: listeners })
    }

    /// One of the transaction's stores.
    pub(crate) fn store(&self, name: &str) -> Result<ObjectStore, StoreError> {
        self.requests.object_store(name).map_err(of_idb)
    }

    /// Commits, and waits until the data is as durable as requested.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        self.request_commit().map_err(|error| of_js(&error))?;
        JsFuture::from(self.end.clone()).await.map_err(|error| of_js(&error))?;
        self.failure.take().map_or(Ok(()), Err)
    }

    /// Commits with the requests of `last`, and returns their result. All of them must be issued when `last` is
    /// polled first.
    pub(crate) async fn last<T>(self, last: impl Future<Output = T>) -> T {
        let mut last = pin!(last);
        let polled = poll!(last.as_mut());
        // Fails if the transaction was aborted; then its requests fail as well.
        drop(self.request_commit());
        match polled {
            Poll::Ready(ended) => ended,
            Poll::Pending => last.await,
        }
    }

    fn request_commit(&self) -> Result<(), JsValue> {
        #[expect(deprecated, reason = "the bindings call it so by mistake; it is in the standard")]
        self.raw.commit()?;
        self.is_committing.set(true);
        self.presence.forget(&self.raw);
        Ok(())
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        self.raw.set_oncomplete(None);
        self.raw.set_onabort(None);
        self.raw.set_onerror(None);
        let is_read = self.mode == Mode::Read;
        if self.is_committing.get() || (is_read && self.request_commit().is_ok()) {
            return;
        }
        // Fails if the transaction has ended already, which is fine.
        drop(self.raw.abort());
        self.presence.forget(&self.raw);
    }
}

/// Converts the error of a failed request or transaction.
pub(crate) fn of_js(error: &JsValue) -> StoreError {
    let Some(exception) = error.dyn_ref::<DomException>() else {
        return StoreError::Unavailable(format!("{error:?}"));
    };
    match exception.name().as_str() {
        "QuotaExceededError" => StoreError::Full,
        "VersionError" => StoreError::Occupied,
        name => StoreError::Unavailable(format!("{name}: {}", exception.message())),
    }
}

/// Converts an error of `idb`.
#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
pub(crate) fn of_idb(error: idb::Error) -> StoreError {
    match &error {
        idb::Error::DomException(exception) => of_js(exception),
        idb::Error::AddFailed(value)
        | idb::Error::UpdateFailed(value)
        | idb::Error::GetFailed(value)
        | idb::Error::DeleteFailed(value)
        | idb::Error::IndexedDbOpenFailed(value) => of_js(value),
        other => StoreError::Unavailable(other.to_string()),
    }
}
