//! The database's versions. The queue goes through every step untouched: for one release the worker and the page may be
//! of different builds.

use idb::{Database, Error, KeyPath, ObjectStore, ObjectStoreParams, Transaction};
use sync::{Cursor, Progress};
use uuid::Uuid;
use wasm_bindgen::JsValue;

use crate::filter_blocks::FilterBlocks;
use crate::meta::CURSOR;
use crate::table::{changes_name, filters_name};
use crate::{JOURNAL, META, MUTATION_QUEUE, QUEUE_CHANGES, ROWS_VERSION};

/// The version this build needs.
pub(crate) const VERSION: u32 = 4;
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
    transaction: &Transaction,
    old_version: u32,
    tables: &[&str],
    beginning: &Beginning,
) -> Result<(), Error> {
    if old_version < 1 {
        create_queue(database, beginning)?;
    } else if old_version < 2 {
        // Version 1 had other pages. They are fetched again.
        for table in database.store_names().iter().filter(|name| tables.contains(&name.as_str())) {
            database.delete_object_store(table)?;
        }
        transaction.object_store(META)?.delete(JsValue::from_str(CURSOR))?;
    }
    // Version 3 came with more tables.
    let held = database.store_names();
    // Until version 4, every page's filter was a record of its own.
    if (2..4).contains(&old_version) {
        for table in tables.iter().filter(|table| held.iter().any(|name| name == **table)) {
            let filters = FilterBlocks(transaction.object_store(&filters_name(table))?);
            // A request that fails aborts the upgrade.
            wasm_bindgen_futures::spawn_local(async move { drop(filters.join().await) });
        }
    }
    let new: Vec<&str> =
        tables.iter().copied().filter(|table| !held.iter().any(|name| name == table)).collect();
    let mut numbered = ObjectStoreParams::new();
    numbered.auto_increment(true);
    for table in &new {
        database.create_object_store(table, ObjectStoreParams::new())?;
        database.create_object_store(&filters_name(table), ObjectStoreParams::new())?;
        database.create_object_store(&changes_name(table), numbered.clone())?;
    }
    if old_version < 2 {
        // Not the same number as in an earlier life of the database.
        let version = beginning.client.as_u128() & u128::from(u32::MAX);
        let meta = transaction.object_store(META)?;
        for key in [ROWS_VERSION, QUEUE_CHANGES] {
            meta.put(&JsValue::from_str(&version.to_string()), Some(&JsValue::from_str(key)))?;
        }
    } else if let Some(first) = new.first() {
        go_on_with(first, transaction.object_store(META)?)?;
    }
    Ok(())
}

/// Takes a cursor that has reached all of the earlier tables back into the snapshot it came from, to where the new tables
/// begin: they are fetched, and everything else stays. A cursor within a snapshot gets there by itself.
fn go_on_with(table: &str, meta: ObjectStore) -> Result<(), Error> {
    let cursor = JsValue::from_str(CURSOR);
    let (reading, table) = (meta.get(cursor.clone())?, table.to_owned());
    wasm_bindgen_futures::spawn_local(async move {
        let text = reading.await.ok().flatten().and_then(|value| value.as_string());
        let held = text.and_then(|text| serde_json::from_str::<Cursor>(&text).ok());
        let Some(Cursor::Live { rev }) = held else { return };
        // Nearly everything is there, and people are told how much.
        let progress = Progress { done_rows: 1, total_rows: 1 };
        let back = Cursor::Snapshot { rev, table, after: String::new(), progress };
        if let Ok(text) = serde_json::to_string(&back) {
            // A put that fails aborts the upgrade.
            drop(meta.put(&JsValue::from_str(&text), Some(&cursor)));
        }
    });
    Ok(())
}

fn create_queue(database: &Database, beginning: &Beginning) -> Result<(), Error> {
    let mut numbered = ObjectStoreParams::new();
    numbered.auto_increment(true).key_path(Some(KeyPath::new_single("seq")));
    let queue = database.create_object_store(MUTATION_QUEUE, numbered)?;
    queue.create_index(ATTENTION, KeyPath::new_single(ATTENTION), None)?;
    database.create_object_store(JOURNAL, ObjectStoreParams::new())?;
    let meta = database.create_object_store(META, ObjectStoreParams::new())?;
    let put =
        |key: &str, value: &str| meta.put(&JsValue::from_str(value), Some(&JsValue::from_str(key))).map(drop);
    put("client", &beginning.client.to_string())?;
    put("scope", &beginning.scope)
}
