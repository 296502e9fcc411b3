//! One IndexedDB transaction with a reliable result.
//!
//! This deals with three hazards. A transaction that aborts on a full disk fires no error, only `abort`: so
//! the result is taken from `complete` and `abort`, with listeners from the beginning. A dropped transaction
//! would commit its requests so far: so dropping aborts. And the safe bindings cannot request durability.
//! Within a transaction only IndexedDB may be awaited; anything else commits it early.

use idb::{ObjectStore, Transaction};
use js_sys::{Array, Object, Promise, Reflect};
use sync::StoreError;
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{DomException, Event, IdbDatabase, IdbTransaction};

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

/// A running transaction. Dropped before [`Tx::commit`], it aborts.
#[derive(Debug)]
pub(crate) struct Tx {
    raw: IdbTransaction,
    requests: Transaction,
    end: Promise,
    _listeners: [Closure<dyn FnMut(Event)>; 2],
}

impl Tx {
    /// Begins a transaction over `stores`.
    pub(crate) fn begin(database: &IdbDatabase, stores: &[&str], mode: Mode) -> Result<Self, JsValue> {
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

        let mut listeners = None;
        let end = Promise::new(&mut |resolve, reject| {
            let complete = Closure::new(move |_: Event| drop(resolve.call0(&JsValue::UNDEFINED)));
            let aborted = raw.clone();
            let abort = Closure::new(move |_: Event| {
                let error = aborted.error().map_or(JsValue::UNDEFINED, JsValue::from);
                drop(reject.call1(&JsValue::UNDEFINED, &error));
            });
            raw.set_oncomplete(Some(complete.as_ref().unchecked_ref()));
            raw.set_onabort(Some(abort.as_ref().unchecked_ref()));
            listeners = Some([complete, abort]);
        });
        let listeners = listeners.ok_or("the promise did not run its executor")?;
        Ok(Self { requests: raw.clone().into(), raw, end, _listeners: listeners })
    }

    /// One of the transaction's stores.
    pub(crate) fn store(&self, name: &str) -> Result<ObjectStore, StoreError> {
        self.requests.object_store(name).map_err(of_idb)
    }

    /// Commits, and waits until the data is as durable as requested.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        #[expect(deprecated, reason = "the bindings call it so by mistake; it is in the standard")]
        self.raw.commit().map_err(|error| of_js(&error))?;
        JsFuture::from(self.end.clone()).await.map(drop).map_err(|error| of_js(&error))
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        self.raw.set_oncomplete(None);
        self.raw.set_onabort(None);
        // `abort` fails if the transaction has ended already, which is fine.
        drop(self.raw.abort());
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
