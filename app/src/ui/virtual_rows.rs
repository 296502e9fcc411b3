//! Selects the rows of a long list to render. With a fixed row height, this is a division.

use std::ops::Range;

use web_sys::HtmlElement;
use yew::prelude::*;
use yew_hooks::prelude::use_event_with_window;

/// Additional rows rendered above and below the visible ones, for scrolling faster than rendering.
const SPARE_ROWS: usize = 12;
/// The window moves in steps of this many rows, so that most scroll events are no-ops.
const STEP_ROWS: usize = 6;
/// Maximum number of rendered rows, in case the height of the list is unbounded.
const MAX_ROWS: usize = 400;
/// Rows rendered before the list is measured.
const FIRST_ROWS: usize = 24;
/// A row's assumed height before it is measured.
const DEFAULT_ROW_PIXELS: f64 = 72.0;

/// The rows of `total` to render, each `row` high, at the scroll offset `top`; lengths in pixels.
fn window(top: f64, height: f64, row: f64, total: usize) -> Range<usize> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count of rows, held above zero"
    )]
    let rows = |pixels: f64| (pixels / row).max(0.0) as usize;
    let first = rows(top).saturating_sub(SPARE_ROWS) / STEP_ROWS * STEP_ROWS;
    let last = rows(top + height) + SPARE_ROWS + STEP_ROWS;
    first.min(total)..last.min(first + MAX_ROWS).min(total)
}

/// A row's height in pixels: it depends on the user's text size.
pub(crate) fn row_pixels(list: &HtmlElement) -> f64 {
    let row = list.query_selector("[role=row]").ok().flatten();
    row.map(|row| row.get_bounding_client_rect().height())
        .filter(|height| *height > 0.0)
        .unwrap_or(DEFAULT_ROW_PIXELS)
}

/// The rows of `total` to render in a scrolling element, and its scroll handler.
#[hook]
pub(crate) fn use_visible_rows(viewport: &NodeRef, total: usize) -> (Range<usize>, Callback<Event>) {
    let visible = use_state_eq(|| 0..FIRST_ROWS);
    let measure = {
        let (viewport, visible) = (viewport.clone(), visible.clone());
        move |()| {
            if let Some(element) = viewport.cast::<HtmlElement>() {
                let (top, height) = (f64::from(element.scroll_top()), f64::from(element.client_height()));
                visible.set(window(top, height, row_pixels(&element), total));
            }
        }
    };
    let measure = Callback::from(measure);
    let on_scroll = measure.reform(|_: Event| ());
    let on_resize = on_scroll.clone();
    use_event_with_window("resize", move |event: Event| on_resize.emit(event));
    use_effect_with(total, move |_| measure.emit(()));
    (visible.start.min(total)..visible.end.min(total), on_scroll)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renders_the_visible_rows_and_some_spare_ones() {
        assert_eq!(window(0.0, 720.0, 72.0, 100_000), 0..28);
        let far = window(7_199_000.0, 720.0, 72.0, 100_000);
        assert!(far.start <= 99_980 && far.end == 100_000, "{far:?}");
        assert_eq!(window(0.0, 720.0, 72.0, 3), 0..3);
        assert_eq!(window(0.0, 14_400_000.0, 72.0, 200_000), 0..MAX_ROWS, "nothing bounds its height");
        assert_eq!(window(-50.0, 720.0, 72.0, 0), 0..0);
    }

    #[test]
    fn every_visible_row_is_in_the_window() {
        for top in (0..50_000).step_by(37).map(f64::from) {
            let window = window(top, 700.0, 72.0, 1_000);
            let first_seen = (top / 72.0).floor();
            assert!(window.start as f64 <= first_seen, "{top}");
            assert!(window.end as f64 >= ((top + 700.0) / 72.0).ceil().min(1_000.0), "{top}");
        }
    }
}
