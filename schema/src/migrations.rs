//! The database's versions. One number contains both the storage format of records (the form) and the set of
//! tables.
//!
//! No migration step touches the queue: for one release the worker and the page may be of different builds.

use idb::{Database, Error, KeyPath, ObjectStore, ObjectStoreParams, Transaction};
use sync::{Cursor, Progress};
use uuid::Uuid;
use wasm_bindgen::JsValue;

use crate::filter_blocks::FilterBlocks;
use crate::meta::CURSOR;
use crate::table::{changes_name, filters_name};
use crate::{JOURNAL, META, MUTATION_QUEUE, QUEUE_CHANGES, ROWS_VERSION};

/// The storage format of this build. Earlier forms: 1 had other pages, 2 and 3 stored each page's filter in a
/// record of its own.
const FORM: u32 = 4;
/// A database version is the form times this number, plus the version of the model's tables. Before form and
/// tables were counted separately, the version was the form.
const VERSIONS_PER_FORM: u32 = 1_000;
/// The index of the queue by whether a record waits for a person (1) or for the server (0).
pub(crate) const ATTENTION: &str = "attention";

/// A build's requirements of its database.
#[derive(Clone, Debug)]
pub(crate) struct Needs {
    /// The database version.
    pub(crate) version: u32,
    /// The model's tables.
    pub(crate) tables: &'static [&'static str],
    /// For a new database: the id of this life of the database.
    pub(crate) client: Uuid,
    /// For a new database: the scope of its rows.
    pub(crate) scope: String,
}

/// The database version of a model whose tables have the version `tables_version`.
pub(crate) const fn version_of(tables_version: u32) -> u32 {
    assert!(tables_version < VERSIONS_PER_FORM, "a version of the tables is below 1,000");
    FORM * VERSIONS_PER_FORM + tables_version
}

/// The form of a database version; 0 for a new database.
fn form_of(version: u32) -> u32 {
    if version < VERSIONS_PER_FORM { version } else { version / VERSIONS_PER_FORM }
}

/// Migrates a database from `old_version` (0: new) to the form of this build and creates missing tables. Runs
/// inside the upgrade's transaction.
pub(crate) fn upgrade(
    database: &Database,
    transaction: &Transaction,
    old_version: u32,
    needs: &Needs,
) -> Result<(), Error> {
    let tables = needs.tables;
    let old_form = form_of(old_version);
    if old_form < 1 {
        create_queue(database, needs)?;
    } else if old_form < 2 {
        // Dropped rows are fetched again.
        for table in database.store_names().iter().filter(|name| tables.contains(&name.as_str())) {
            database.delete_object_store(table)?;
        }
        transaction.object_store(META)?.delete(JsValue::from_str(CURSOR))?;
    }
    let held = database.store_names();
    // Before form 4, every page's filter was a record of its own.
    if (2..4).contains(&old_form) {
        for table in tables.iter().filter(|table| held.iter().any(|name| name == **table)) {
            let filters = FilterBlocks(transaction.object_store(&filters_name(table))?);
            // A failed request aborts the upgrade.
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
    if old_form < 2 {
        // Differs from the number in an earlier life of the database.
        let version = needs.client.as_u128() & u128::from(u32::MAX);
        let meta = transaction.object_store(META)?;
        for key in [ROWS_VERSION, QUEUE_CHANGES] {
            meta.put(&JsValue::from_str(&version.to_string()), Some(&JsValue::from_str(key)))?;
        }
    } else if let Some(first) = new.first() {
        let before = tables.iter().take_while(|table| *table != first).last();
        go_on_with(before.unwrap_or(first), transaction.object_store(META)?)?;
    }
    Ok(())
}

/// Moves a cursor that has passed all of the earlier tables back into a snapshot, to the start of the last earlier
/// table: only that and the new ones are fetched. A cursor within a snapshot gets there by itself. The new tables
/// themselves would be no cursor for a server that does not have them yet.
fn go_on_with(table: &str, meta: ObjectStore) -> Result<(), Error> {
    let cursor = JsValue::from_str(CURSOR);
    let (reading, table) = (meta.get(cursor.clone())?, table.to_owned());
    wasm_bindgen_futures::spawn_local(async move {
        let text = reading.await.ok().flatten().and_then(|value| value.as_string());
        let held = text.and_then(|text| serde_json::from_str::<Cursor>(&text).ok());
        let Some(Cursor::Live { rev }) = held else { return };
        // Nearly all rows are there, and the screen shows this progress.
        let progress = Progress { done_rows: 1, total_rows: 1 };
        let back = Cursor::Snapshot { rev, table, after: String::new(), progress };
        if let Ok(text) = serde_json::to_string(&back) {
            // A failed put aborts the upgrade.
            drop(meta.put(&JsValue::from_str(&text), Some(&cursor)));
        }
    });
    Ok(())
}

fn create_queue(database: &Database, needs: &Needs) -> Result<(), Error> {
    let mut numbered = ObjectStoreParams::new();
    numbered.auto_increment(true).key_path(Some(KeyPath::new_single("seq")));
    let queue = database.create_object_store(MUTATION_QUEUE, numbered)?;
    queue.create_index(ATTENTION, KeyPath::new_single(ATTENTION), None)?;
    database.create_object_store(JOURNAL, ObjectStoreParams::new())?;
    let meta = database.create_object_store(META, ObjectStoreParams::new())?;
    let put =
        |key: &str, value: &str| meta.put(&JsValue::from_str(value), Some(&JsValue::from_str(key))).map(drop);
    put("client", &needs.client.to_string())?;
    put("scope", &needs.scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_contains_form_and_tables() {
        assert_eq!(version_of(2), 4_002);
        assert_eq!([0, 1, 3, 4, 4_000, 4_999, 5_001].map(form_of), [0, 1, 3, 4, 4, 4, 5]);
        assert!(version_of(0) > 4, "a device of a build that counted both together upgrades");
    }
}
