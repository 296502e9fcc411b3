//! Choices and drafts that the browser keeps as text and gives back at once. Losing one loses typing, never work: what
//! cannot be kept or read is left out without a word.

use serde::Serialize;
use serde::de::DeserializeOwned;

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}

/// The text kept under `key`.
pub(crate) fn text(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

/// Keeps a text.
pub(crate) fn keep_text(key: &str, text: &str) {
    if let Some(storage) = storage() {
        drop(storage.set_item(key, text));
    }
}

/// What was kept under `key`, if it can still be read.
pub(crate) fn read<T: DeserializeOwned>(key: &str) -> Option<T> {
    serde_json::from_str(&text(key)?).ok()
}

/// Keeps a value.
pub(crate) fn keep(key: &str, value: &impl Serialize) {
    if let Ok(text) = serde_json::to_string(value) {
        keep_text(key, &text);
    }
}
