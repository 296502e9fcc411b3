//! Whether the window has room for tables with a pane beside them, as in an office.

use yew::prelude::*;
use yew_hooks::prelude::use_event_with_window;

/// Minimum width of the window in `rem`: larger text needs a wider one, as in the style sheet's queries.
const MIN_WIDTH_REM: f64 = 75.0;
/// Assumed pixels of one `rem` if the browser's value cannot be read.
const DEFAULT_REM_PIXELS: f64 = 16.0;

/// Whether the window is wide enough, followed as it changes.
#[hook]
pub(crate) fn use_office() -> bool {
    let is_office = use_state_eq(has_room);
    let setter = is_office.setter();
    use_event_with_window("resize", move |_: Event| setter.set(has_room()));
    *is_office
}

fn has_room() -> bool {
    let Some(window) = web_sys::window() else { return false };
    let Some(root) = window.document().and_then(|document| document.document_element()) else { return false };
    let style = window.get_computed_style(&root).ok().flatten();
    let size = style.and_then(|style| style.get_property_value("font-size").ok());
    // Rust's own parser of floats would be a large part of the app's first download.
    let rem_pixels = size.map(|size| js_sys::parse_float(&size)).filter(|pixels| *pixels > 0.0);
    f64::from(root.client_width()) >= MIN_WIDTH_REM * rem_pixels.unwrap_or(DEFAULT_REM_PIXELS)
}
