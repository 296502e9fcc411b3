//! The IndexedDB store passes the suite of the Store port.
#![allow(clippy::expect_used, reason = "a test fails loudly")]
#![cfg(target_arch = "wasm32")]

use js_sys::Promise;
use schema::{IdbStore, MUTATION_QUEUE};
use sync::conformance::{self, Backend, Counters};
use sync::{Json, Mutation, QueueRecord, QueueState, StoreError};
use uuid::Uuid;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// A database of its own for each case.
struct Browser {
    database: &'static str,
}

async fn script(text: &str) {
    let run: Promise = js_sys::eval(text).expect("a script").unchecked_into();
    JsFuture::from(run).await.expect("the script does not fail");
}

impl Backend for Browser {
    type Store = IdbStore<Counters>;

    async fn open(&self) -> Result<Self::Store, StoreError> {
        IdbStore::open(self.database, Uuid::from_u128(1), "all").await
    }

    async fn second_handle(&self, _: &Self::Store) -> Result<Self::Store, StoreError> {
        self.open().await
    }

    async fn reopen(&self, store: Self::Store) -> Result<Self::Store, StoreError> {
        drop(store);
        // The client id and scope for a new database are ignored.
        IdbStore::open(self.database, Uuid::from_u128(2), "other").await
    }

    async fn insert_of_other_build(
        &self,
        _: &Self::Store,
        mutation: Mutation<Json>,
    ) -> Result<bool, StoreError> {
        let record = QueueRecord { mutation, state: QueueState::<Json>::Pending };
        let record = serde_json::to_string(&record).expect("JSON");
        let (database, record) = (self.database, serde_json::to_string(&record).expect("a literal"));
        script(&format!(
            "new Promise((done, failed) => {{
                const opening = indexedDB.open('{database}');
                opening.onerror = failed;
                opening.onsuccess = () => {{
                    const transaction = opening.result.transaction('{MUTATION_QUEUE}', 'readwrite');
                    transaction.oncomplete = () => {{ opening.result.close(); done(); }};
                    transaction.objectStore('{MUTATION_QUEUE}').add({{ record: {record}, attention: 0 }});
                }};
            }})"
        ))
        .await;
        Ok(true)
    }

    /// A full disk from the store's view: every write fails until the reserve is deleted; then small writes
    /// succeed.
    async fn set_full(&self, _: &Self::Store, is_full: bool) -> Result<bool, StoreError> {
        let database = self.database;
        script(&format!(
            "(async () => {{
                const own = globalThis.fullDatabases ??= new Map();
                if (!{is_full}) return own.delete('{database}');
                own.set('{database}', {{ hasReserve: true }});
                if (own.isWatched) return;
                own.isWatched = true;
                const {{ add, put, delete: remove }} = IDBObjectStore.prototype;
                const check = (store, value) => {{
                    const full = own.get(store.transaction.db.name);
                    if (full && (full.hasReserve || value.byteLength > 1_000_000))
                        throw new DOMException('no space', 'QuotaExceededError');
                }};
                IDBObjectStore.prototype.add = function (value, ...key) {{
                    check(this, value);
                    return add.call(this, value, ...key);
                }};
                IDBObjectStore.prototype.put = function (value, ...key) {{
                    check(this, value);
                    return put.call(this, value, ...key);
                }};
                IDBObjectStore.prototype.delete = function (key) {{
                    const full = own.get(this.transaction.db.name);
                    if (full && key === 'reserve') full.hasReserve = false;
                    return remove.call(this, key);
                }};
            }})()"
        ))
        .await;
        Ok(true)
    }
}

macro_rules! case {
    ($name:ident) => {
        #[wasm_bindgen_test]
        async fn $name() {
            let backend = Browser { database: stringify!($name) };
            conformance::$name(&backend).await.expect("the store does not fail");
        }
    };
}

sync::for_each_store_case!(case);
