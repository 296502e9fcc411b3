//! Printing of long lists: they then render all their rows, not only the visible ones.

use std::ops::Range;

use gloo_events::EventListener;
use gloo_timers::callback::Timeout;
use web_sys::Element;
use yew::prelude::*;
use yew_hooks::prelude::use_event_with_window;

use crate::words::language::{grouped, tf};

/// Maximum number of rows of a list on paper.
const MAX_PRINTED_ROWS: usize = 2_000;
/// Longest wait for the rows' data, in milliseconds.
const MAX_WAIT_MILLIS: u32 = 5_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Screen,
    /// Ctrl+P was pressed: printing begins once the rows have their data.
    Asked,
    /// The browser makes the pages now.
    Printing,
}

/// Whether a list is shown on the screen or on paper.
#[derive(Clone)]
pub(crate) struct Paper {
    stage: UseStateHandle<Stage>,
}

impl Paper {
    /// The rows of `total` to render: those in `visible`, or all of them on paper.
    pub(crate) fn rows(&self, visible: Range<usize>, total: usize) -> Range<usize> {
        if *self.stage == Stage::Screen { visible } else { 0..total.min(MAX_PRINTED_ROWS) }
    }

    /// The number of rows on paper, if that is not all of `total`.
    pub(crate) fn cut(&self, total: usize) -> Option<usize> {
        (*self.stage != Stage::Screen && total > MAX_PRINTED_ROWS).then_some(MAX_PRINTED_ROWS)
    }
}

/// Follows the browser's printing. A list beside an open page is not printed.
#[hook]
pub(crate) fn use_paper(viewport: &NodeRef) -> Paper {
    let stage = use_state_eq(|| Stage::Screen);
    // Returns whether the list is printed.
    let set = {
        let (stage, viewport) = (stage.setter(), viewport.clone());
        move |next| {
            let is_printed = viewport.cast::<Element>().is_some_and(|list| !is_beside(&list));
            stage.set(if is_printed { next } else { Stage::Screen });
            is_printed
        }
    };
    let (begin, end, ask) = (set.clone(), stage.setter(), set.clone());
    use_event_with_window("beforeprint", move |_: Event| {
        begin(Stage::Printing);
    });
    use_event_with_window("afterprint", move |_: Event| end.set(Stage::Screen));
    // If a browser never says that it has printed, the next Ctrl+P is its own.
    let is_asked = *stage == Stage::Asked;
    use_event_with_window("keydown", move |event: KeyboardEvent| {
        let is_command = (event.ctrl_key() || event.meta_key()) && !event.shift_key() && !event.alt_key();
        if is_command && !is_asked && event.key().eq_ignore_ascii_case("p") && ask(Stage::Asked) {
            event.prevent_default();
        }
    });
    use_effect_with((), move |()| {
        let query = web_sys::window().and_then(|window| window.match_media("print").ok().flatten());
        let listener = query.map(|query| {
            let of_query = query.clone();
            EventListener::new(&query, "change", move |_| {
                set(if of_query.matches() { Stage::Printing } else { Stage::Screen });
            })
        });
        move || drop(listener)
    });
    Paper { stage }
}

fn is_beside(list: &Element) -> bool {
    list.closest(".has-detail").is_ok_and(|split| split.is_some())
}

/// Prints after Ctrl+P, once the rows have their data. Printing from the browser's menu cannot wait: rows that were not
/// shown before have only names and codes then.
#[hook]
pub(crate) fn use_printing(paper: &Paper, is_ready: bool) {
    let stage = paper.stage.clone();
    use_effect_with((*stage == Stage::Asked, is_ready), move |(is_asked, is_ready)| {
        let wait_millis = if *is_ready { 0 } else { MAX_WAIT_MILLIS };
        let print = is_asked.then(|| {
            Timeout::new(wait_millis, move || {
                // A no-op in a browser without printing, which sends no `afterprint` either.
                if web_sys::window().is_none_or(|window| window.print().is_err()) {
                    stage.set(Stage::Screen);
                }
            })
        });
        move || drop(print)
    });
}

/// The note above a list that shows only its first `count` rows.
pub(crate) fn first_rows(count: usize) -> Html {
    let words = tf("Showing the first {n}. Narrow the list to see the others.", &[("n", &grouped(count))]);
    html! { <p class="muted">{ words }</p> }
}
