//! Preferences and drafts in the browser's `localStorage`. Losing one loses typed input, never mutations, so
//! errors are ignored.

use serde::Serialize;
use serde::de::DeserializeOwned;

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}

/// The text stored under `key`.
pub(crate) fn text(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

/// Stores a text.
pub(crate) fn keep_text(key: &str, text: &str) {
    try_keep_text(key, text);
}

/// Stores a text; false if that failed.
pub(crate) fn try_keep_text(key: &str, text: &str) -> bool {
    storage().is_some_and(|storage| storage.set_item(key, text).is_ok())
}

/// Removes what is stored under `key`.
pub(crate) fn forget(key: &str) {
    if let Some(storage) = storage() {
        drop(storage.remove_item(key));
    }
}

/// The value stored under `key`, if it can be parsed.
pub(crate) fn read<T: DeserializeOwned>(key: &str) -> Option<T> {
    serde_json::from_str(&text(key)?).ok()
}

/// Stores a value.
pub(crate) fn keep(key: &str, value: &impl Serialize) {
    if let Ok(text) = serde_json::to_string(value) {
        keep_text(key, &text);
    }
}
