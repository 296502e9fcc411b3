//! Keeps the order being put together across reloads. A draft, not a record: losing it loses typing, never stock.

use super::cart::Cart;

const KEY: &str = "lotbook.cart";

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}

/// The order as it was left; an empty one if there is none that can be read.
pub(crate) fn load() -> Cart {
    let text = storage().and_then(|storage| storage.get_item(KEY).ok().flatten());
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// Keeps it.
pub(crate) fn keep(cart: &Cart) {
    if let (Some(storage), Ok(text)) = (storage(), serde_json::to_string(cart)) {
        // A full storage loses the draft only.
        let _ = storage.set_item(KEY, &text);
    }
}
