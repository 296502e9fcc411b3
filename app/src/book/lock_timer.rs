//! Locks a shared device that nobody touches, and follows the sign-ins of other windows.

use gloo_events::{EventListener, EventListenerOptions, EventListenerPhase};
use gloo_timers::callback::Interval;

use super::Book;

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
    for news in ["storage", "focus", "pageshow"] {
        let book = book.clone();
        EventListener::new(&window, news, move |_| {
            book.follow_windows();
            book.lock_if_left();
        })
        .forget();
    }
    let book = book.clone();
    Interval::new(LOOK_EVERY_MILLIS, move || {
        book.lock_if_left();
    })
    .forget();
}
