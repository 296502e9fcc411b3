//! Locks a shared device that nobody touches, and follows the sign-ins of other windows.

use gloo_events::{EventListener, EventListenerOptions, EventListenerPhase};
use gloo_timers::callback::Interval;
use wasm_bindgen::JsCast;
use web_sys::StorageEvent;

use super::Book;
use crate::device::signed_in::KEY;

/// How often the time without a touch is looked at.
const LOOK_EVERY_MILLIS: u32 = 2_000;

/// Begins, until the page is closed. Scans are keys or touches as well.
pub(super) fn begin(book: &Book) {
    let Some(window) = web_sys::window() else { return };
    let options = EventListenerOptions { phase: EventListenerPhase::Capture, passive: true };
    for touch in ["pointerdown", "keydown"] {
        let book = book.clone();
        EventListener::new_with_options(&window, touch, options, move |_| book.touch()).forget();
    }
    for back in ["focus", "pageshow"] {
        let book = book.clone();
        EventListener::new(&window, back, move |_| drop(book.lock_if_left())).forget();
    }
    let windows = book.clone();
    EventListener::new(&window, "storage", move |event| {
        let key = event.dyn_ref::<StorageEvent>().and_then(StorageEvent::key);
        if key.as_deref() == Some(KEY) {
            windows.follow_windows();
        }
    })
    .forget();
    let book = book.clone();
    Interval::new(LOOK_EVERY_MILLIS, move || drop(book.lock_if_left())).forget();
}
