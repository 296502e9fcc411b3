//! The database's versions. A step only ever adds: for one release the worker and the page may be of different builds.

use idb::{Database, Error, IndexParams, KeyPath, ObjectStoreParams};
use uuid::Uuid;
use wasm_bindgen::JsValue;

use crate::{JOURNAL, META, MUTATION_QUEUE};

/// The version this build needs.
pub(crate) const VERSION: u32 = 1;
/// The index of a table's pages by the index keys of their rows.
pub(crate) const INDEX_KEYS: &str = "index_keys";
/// The index of the queue by whether a record waits for a person (1) or for the server (0).
pub(crate) const ATTENTION: &str = "attention";

/// What a new database begins with.
#[derive(Clone, Debug)]
pub(crate) struct Beginning {
    /// The id of this life of the database.
    pub(crate) client: Uuid,
    /// The scope its rows belong to.
    pub(crate) scope: String,
}

/// Brings a database from `old_version` (0: new) to [`VERSION`]. Runs inside the upgrade's transaction.
pub(crate) fn upgrade(
    database: &Database,
    old_version: u32,
    tables: &[&str],
    beginning: &Beginning,
) -> Result<(), Error> {
    if old_version < 1 {
        let mut multi_entry = IndexParams::new();
        multi_entry.multi_entry(true);
        for table in tables {
            let store = database.create_object_store(table, ObjectStoreParams::new())?;
            store.create_index(INDEX_KEYS, KeyPath::new_single(INDEX_KEYS), Some(multi_entry.clone()))?;
        }
        let mut numbered = ObjectStoreParams::new();
        numbered.auto_increment(true).key_path(Some(KeyPath::new_single("seq")));
        let queue = database.create_object_store(MUTATION_QUEUE, numbered)?;
        queue.create_index(ATTENTION, KeyPath::new_single(ATTENTION), None)?;
        database.create_object_store(JOURNAL, ObjectStoreParams::new())?;
        let meta = database.create_object_store(META, ObjectStoreParams::new())?;
        let put = |key: &str, value: &str| {
            meta.put(&JsValue::from_str(value), Some(&JsValue::from_str(key))).map(drop)
        };
        put("client", &beginning.client.to_string())?;
        put("scope", &beginning.scope)?;
    }
    Ok(())
}
