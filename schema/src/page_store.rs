//! Reads and writes the pages of one table within a transaction. A page's key is its first row's key.

use idb::{CursorDirection, KeyRange, ObjectStore, Query};
use js_sys::{Array, Object, Reflect};
use sync::{Model, StoreError, Versioned};
use wasm_bindgen::JsValue;

use crate::migrations::INDEX_KEYS;
use crate::pages::{PageRows, TableChange, split};
use crate::transaction::{corrupt, of_idb, of_js};

const ROWS: &str = "rows";
/// Pages read at a time while scanning.
const SCAN_PAGES: u32 = 8;

fn text(value: &str) -> JsValue {
    JsValue::from_str(value)
}

fn encode<M: Model>(rows: &PageRows<M::Row>) -> Result<JsValue, StoreError> {
    let page = Object::new();
    let list: Vec<&Versioned<M::Row>> = rows.values().collect();
    let json = serde_json::to_string(&list).map_err(corrupt)?;
    let keys: Array = rows.values().flat_map(|held| M::index_keys(&held.row)).map(|key| text(&key)).collect();
    Reflect::set(&page, &text(ROWS), &text(&json)).map_err(|error| of_js(&error))?;
    Reflect::set(&page, &text(INDEX_KEYS), &keys).map_err(|error| of_js(&error))?;
    Ok(page.into())
}

fn decode<M: Model>(page: &JsValue) -> Result<Vec<Versioned<M::Row>>, StoreError> {
    let rows = Reflect::get(page, &text(ROWS)).ok().and_then(|rows| rows.as_string());
    let rows = rows.ok_or_else(|| corrupt("a page has no rows"))?;
    serde_json::from_str(&rows).map_err(corrupt)
}

fn keyed<M: Model>(rows: Vec<Versioned<M::Row>>) -> PageRows<M::Row> {
    rows.into_iter().map(|versioned| (M::key(&versioned.row).key, versioned)).collect()
}

/// Applies a change to the table's pages.
pub(crate) async fn write<M: Model>(
    store: &ObjectStore,
    change: &TableChange<M::Row>,
) -> Result<(), StoreError> {
    let keys = store.get_all_keys(None, None).map_err(of_idb)?.await.map_err(of_idb)?;
    let firsts: Vec<String> = keys.iter().filter_map(JsValue::as_string).collect();
    if firsts.is_empty() {
        let mut rows = PageRows::new();
        change.apply_to(&mut rows, None, None);
        return put_pages::<M>(store, rows);
    }
    for at in change.touched_pages(&firsts) {
        let first = &firsts[at];
        let page = store.get(text(first)).map_err(of_idb)?.await.map_err(of_idb)?;
        let mut rows = page.map(|page| decode::<M>(&page)).transpose()?.map(keyed::<M>).unwrap_or_default();
        let from = (at > 0).then_some(first.as_str());
        let to = firsts.get(at + 1).map(String::as_str);
        if change.apply_to(&mut rows, from, to) {
            if rows.keys().next() != Some(first) {
                store.delete(text(first)).map_err(of_idb)?;
            }
            put_pages::<M>(store, rows)?;
        }
    }
    Ok(())
}

fn put_pages<M: Model>(store: &ObjectStore, rows: PageRows<M::Row>) -> Result<(), StoreError> {
    for page in split(rows) {
        if let Some(first) = page.keys().next() {
            store.put(&encode::<M>(&page)?, Some(&text(first))).map_err(of_idb)?;
        }
    }
    Ok(())
}

/// The page that `key` belongs to.
async fn page_with<M: Model>(
    store: &ObjectStore,
    key: &str,
) -> Result<Option<(String, Vec<Versioned<M::Row>>)>, StoreError> {
    let range = KeyRange::upper_bound(&text(key), None).map_err(of_idb)?;
    let request =
        store.open_cursor(Some(Query::KeyRange(range)), Some(CursorDirection::Prev)).map_err(of_idb)?;
    let Some(cursor) = request.await.map_err(of_idb)? else { return Ok(None) };
    let first = cursor.key().map_err(of_idb)?.as_string().unwrap_or_default();
    Ok(Some((first, decode::<M>(&cursor.value().map_err(of_idb)?)?)))
}

/// One row.
pub(crate) async fn get<M: Model>(
    store: &ObjectStore,
    key: &str,
) -> Result<Option<Versioned<M::Row>>, StoreError> {
    let page = page_with::<M>(store, key).await?;
    Ok(page.and_then(|(_, rows)| rows.into_iter().find(|held| M::key(&held.row).key == key)))
}

/// Rows by rising key, after `after`, whose key starts with `prefix`.
pub(crate) async fn scan<M: Model>(
    store: &ObjectStore,
    prefix: &str,
    after: &str,
    limit: usize,
) -> Result<Vec<Versioned<M::Row>>, StoreError> {
    let start = prefix.max(after);
    let (mut last_first, mut batch) = match page_with::<M>(store, start).await? {
        Some((first, rows)) => (Some(first), rows),
        None => (None, Vec::new()),
    };
    let mut found = Vec::new();
    loop {
        for versioned in batch {
            let key = M::key(&versioned.row).key;
            if found.len() >= limit || (key.as_str() > start && !key.starts_with(prefix)) {
                return Ok(found);
            }
            if key.starts_with(prefix) && (after.is_empty() || key.as_str() > after) {
                found.push(versioned);
            }
        }
        let range = match &last_first {
            Some(first) => Some(KeyRange::lower_bound(&text(first), Some(true)).map_err(of_idb)?),
            None => None,
        };
        // A prefix mostly ends within a page or two; a scan of all takes more at a time.
        let pages = if prefix.is_empty() { SCAN_PAGES } else { 1 };
        let query = range.map(Query::KeyRange);
        let keys = store.get_all_keys(query.clone(), Some(pages)).map_err(of_idb)?;
        let values = store.get_all(query, Some(pages)).map_err(of_idb)?;
        last_first = keys.await.map_err(of_idb)?.last().and_then(JsValue::as_string);
        let values = values.await.map_err(of_idb)?;
        if last_first.is_none() {
            return Ok(found);
        }
        batch = Vec::new();
        for value in values {
            batch.extend(decode::<M>(&value)?);
        }
    }
}

/// Rows with this index key.
pub(crate) async fn find<M: Model>(
    store: &ObjectStore,
    index_key: &str,
) -> Result<Vec<Versioned<M::Row>>, StoreError> {
    let index = store.index(INDEX_KEYS).map_err(of_idb)?;
    let pages =
        index.get_all(Some(Query::Key(text(index_key))), None).map_err(of_idb)?.await.map_err(of_idb)?;
    let mut found = Vec::new();
    for page in pages {
        let rows = decode::<M>(&page)?;
        found.extend(
            rows.into_iter().filter(|held| M::index_keys(&held.row).iter().any(|key| key == index_key)),
        );
    }
    found.sort_by_key(|held| M::key(&held.row));
    Ok(found)
}
