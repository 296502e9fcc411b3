//! Text values in the store `meta`: cursors, counters, settings.

use idb::ObjectStore;
use sync::{Cursor, StoreError};
use wasm_bindgen::JsValue;

use crate::rows::corrupt;
use crate::transaction::of_idb;

/// The key of the cursor.
pub(crate) const CURSOR: &str = "cursor";

/// Resets the cursor, so that the next round begins a snapshot of a scope.
pub(crate) fn begin_anew(meta: &ObjectStore, scope: &str) -> Result<(), StoreError> {
    write_text(meta, "scope", scope)?;
    write_text(meta, CURSOR, &serde_json::to_string(&Cursor::Start).map_err(corrupt)?)
}

/// The key of a setting.
pub(crate) fn setting_key(name: &str) -> String {
    format!("setting:{name}")
}

/// A text, if it exists.
pub(crate) async fn read_text(meta: &ObjectStore, key: &str) -> Result<Option<String>, StoreError> {
    let value = meta.get(JsValue::from_str(key)).map_err(of_idb)?.await.map_err(of_idb)?;
    Ok(value.and_then(|value| value.as_string()))
}

/// Reads several texts at once: one after the other would cost one round trip to the database each.
pub(crate) async fn read_texts<const N: usize>(
    meta: &ObjectStore,
    keys: [&str; N],
) -> Result<[Option<String>; N], StoreError> {
    let mut asked = Vec::new();
    for key in keys {
        asked.push(meta.get(JsValue::from_str(key)).map_err(of_idb)?);
    }
    let mut texts = [const { None }; N];
    for (text, asked) in texts.iter_mut().zip(asked) {
        *text = asked.await.map_err(of_idb)?.and_then(|value| value.as_string());
    }
    Ok(texts)
}

/// Parses a text as a number; 0 if there is none.
pub(crate) fn number_of(text: Option<String>) -> Result<u64, StoreError> {
    text.map_or(Ok(0), |text| text.parse().map_err(corrupt))
}

/// A number; 0 if there is none.
pub(crate) async fn read_number(meta: &ObjectStore, key: &str) -> Result<u64, StoreError> {
    number_of(read_text(meta, key).await?)
}

/// Increments a number.
pub(crate) async fn count_up(meta: &ObjectStore, key: &str) -> Result<u64, StoreError> {
    let number = read_number(meta, key).await?.wrapping_add(1);
    write_number(meta, key, number)?;
    Ok(number)
}

/// Parses the text of the cursor.
pub(crate) fn cursor_of(text: Option<String>) -> Result<Cursor, StoreError> {
    text.map_or(Ok(Cursor::Start), |text| serde_json::from_str(&text).map_err(corrupt))
}

/// Writes a text.
pub(crate) fn write_text(meta: &ObjectStore, key: &str, value: &str) -> Result<(), StoreError> {
    meta.put(&JsValue::from_str(value), Some(&JsValue::from_str(key))).map(drop).map_err(of_idb)
}

/// Writes a number.
pub(crate) fn write_number(meta: &ObjectStore, key: &str, number: u64) -> Result<(), StoreError> {
    write_text(meta, key, &number.to_string())
}
