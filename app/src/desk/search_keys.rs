//! Keys that lead to the search: `/` where nobody types, Ctrl+K anywhere.

use gloo_timers::future::TimeoutFuture;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Document, Element, HtmlInputElement};
use yew::prelude::*;
use yew_hooks::use_event_with_window;
use yew_router::prelude::*;

use crate::route::Route;

const FIELD: &str = "form[role=search] input";
/// Elements that `/` is typed into.
const TYPED_INTO: &str = "input, textarea, select, [contenteditable]";
/// Number of checks for the field of a page that is being drawn, and the time between two checks.
const MAX_FIELD_LOOKS: u32 = 60;
const FIELD_LOOK_MILLIS: u32 = 16;

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    /// The search of this page, if it has one.
    Here,
    /// A search: that of this page, else that of the stock list.
    Anywhere,
}

/// The meaning of a key; `is_control` for Ctrl, or Command on a Mac.
fn asked(key: &str, is_control: bool, is_typing: bool) -> Option<Ask> {
    match (key, is_control) {
        ("/", false) if !is_typing => Some(Ask::Here),
        ("k" | "K", true) => Some(Ask::Anywhere),
        _ => None,
    }
}

/// Listens to these keys. Use it once, near the root.
#[hook]
pub(crate) fn use_search_keys() {
    let navigator = use_navigator();
    use_event_with_window("keydown", move |event: KeyboardEvent| {
        let is_control = (event.ctrl_key() || event.meta_key()) && !event.alt_key();
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let is_typing = target.is_some_and(|target| target.matches(TYPED_INTO).unwrap_or_default());
        let ask = asked(&event.key(), is_control, is_typing);
        let document = web_sys::window().and_then(|window| window.document());
        let (Some(ask), Some(document), false) = (ask, document, event.default_prevented()) else { return };
        if is_dialog_open(&document) {
            return;
        }
        let is_here = focus_field(&document);
        if is_here || ask == Ask::Anywhere {
            event.prevent_default();
        }
        if let (false, Ask::Anywhere, Some(navigator)) = (is_here, ask, &navigator) {
            navigator.push(&Route::Stock);
            spawn_local(focus_soon(document));
        }
    });
}

/// Nothing behind a dialog can be used.
fn is_dialog_open(document: &Document) -> bool {
    document.query_selector("dialog[open]").is_ok_and(|open| open.is_some())
}

/// Focuses the page's search field and selects its text; returns whether there is one that takes the focus. A list behind
/// the page has one that does not.
fn focus_field(document: &Document) -> bool {
    let field = document.query_selector(FIELD).ok().flatten();
    let Some(field) = field.and_then(|field| field.dyn_into::<HtmlInputElement>().ok()) else { return false };
    let is_focused = field.focus().is_ok() && document.active_element().as_ref() == Some(field.as_ref());
    if is_focused {
        field.select();
    }
    is_focused
}

async fn focus_soon(document: Document) {
    for _ in 0..MAX_FIELD_LOOKS {
        TimeoutFuture::new(FIELD_LOOK_MILLIS).await;
        if focus_field(&document) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_is_typed_where_somebody_types() {
        assert_eq!(asked("/", false, false), Some(Ask::Here));
        assert_eq!(asked("/", false, true), None);
        assert_eq!(asked("/", true, false), None);
        assert_eq!(asked("k", true, true), Some(Ask::Anywhere));
        assert_eq!(asked("K", true, false), Some(Ask::Anywhere));
        assert_eq!(asked("k", false, false), None);
    }
}
