//! Keyboard navigation in a long list: one tab stop, and arrow keys from there, also to rows that are not
//! rendered yet.

use std::ops::Range;

use wasm_bindgen::JsCast;
use web_sys::HtmlElement;
use yew::prelude::*;

use super::virtual_rows::row_pixels;

/// The target row of a key pressed on `row`, in a list of `total` rows, `page` of which fit the screen.
fn row_after(key: &str, row: usize, total: usize, page: usize) -> Option<usize> {
    let last = total.checked_sub(1)?;
    let to = match key {
        "ArrowDown" => row.saturating_add(1),
        "ArrowUp" => row.saturating_sub(1),
        "PageDown" => row.saturating_add(page),
        "PageUp" => row.saturating_sub(page),
        "Home" => 0,
        "End" => last,
        _ => return None,
    };
    Some(to.min(last))
}

/// The position of the focus in a list.
pub(crate) struct RowFocus {
    /// The rendered row that is the tab stop.
    pub(crate) tab_stop: usize,
    /// The list's `onkeydown`.
    pub(crate) on_key: Callback<KeyboardEvent>,
}

/// The focus in the list that scrolls in `viewport`, of whose `total` rows `visible` are rendered. A new
/// `subject` resets it to the top.
#[hook]
pub(crate) fn use_row_focus<S: PartialEq + 'static>(
    viewport: &NodeRef,
    total: usize,
    visible: &Range<usize>,
    subject: S,
) -> RowFocus {
    let active = use_state_eq(|| 0_usize);
    let focus_due = use_mut_ref(|| false);
    use_effect_with((*active, visible.clone()), {
        let (viewport, focus_due) = (viewport.clone(), focus_due.clone());
        move |(active, _)| {
            if *focus_due.borrow() && focus_row(&viewport, *active) {
                focus_due.replace(false);
            }
        }
    });
    use_effect_with(subject, {
        let (viewport, active) = (viewport.clone(), active.clone());
        move |_| {
            if let Some(element) = viewport.cast::<HtmlElement>() {
                element.set_scroll_top(0);
            }
            active.set(0);
        }
    });
    let tab_stop = if visible.contains(&*active) { *active } else { visible.start };
    let viewport = viewport.clone();
    let on_key = Callback::from(move |event: KeyboardEvent| {
        let Some(element) = viewport.cast::<HtmlElement>() else { return };
        let row_height = row_pixels(&element);
        let page = rows_in(f64::from(element.client_height()), row_height);
        let Some(row) = row_after(&event.key(), *active, total, page) else { return };
        event.prevent_default();
        focus_due.replace(true);
        show_row(&element, row, row_height);
        active.set(row);
    });
    RowFocus { tab_stop, on_key }
}

fn rows_in(height: f64, row_height: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
    let rows = (height / row_height).max(1.0) as usize;
    rows
}

fn show_row(element: &HtmlElement, row: usize, row_height: f64) {
    #[expect(clippy::cast_precision_loss, reason = "far fewer rows than a double counts")]
    let top = row as f64 * row_height;
    let (seen_from, height) = (f64::from(element.scroll_top()), f64::from(element.client_height()));
    let to = if top < seen_from { top } else { seen_from.max(top + row_height - height) };
    #[expect(clippy::cast_possible_truncation, reason = "browsers hold no taller element")]
    element.set_scroll_top(to.ceil() as i32);
}

/// Focuses a row's link, if it is rendered.
fn focus_row(viewport: &NodeRef, row: usize) -> bool {
    let selector = format!("[aria-rowindex=\"{}\"] a", row + 1);
    let link = viewport.cast::<HtmlElement>().and_then(|list| list.query_selector(&selector).ok().flatten());
    link.and_then(|link| link.dyn_into::<HtmlElement>().ok()).is_some_and(|link| link.focus().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_move_within_the_list() {
        assert_eq!(row_after("ArrowDown", 0, 3, 10), Some(1));
        assert_eq!(row_after("ArrowDown", 2, 3, 10), Some(2));
        assert_eq!(row_after("ArrowUp", 0, 3, 10), Some(0));
        assert_eq!(row_after("PageDown", 5, 100_000, 10), Some(15));
        assert_eq!(row_after("PageUp", 5, 100_000, 10), Some(0));
        assert_eq!(row_after("End", 5, 100_000, 10), Some(99_999));
        assert_eq!(row_after("Home", 5, 100_000, 10), Some(0));
        assert_eq!(row_after("a", 5, 100_000, 10), None);
        assert_eq!(row_after("ArrowDown", 0, 0, 10), None);
    }
}
