//! A list of any number of rows, of which only the visible ones are rendered; on paper, all.

use std::ops::Range;

use yew::prelude::*;

use super::printed_rows::{Paper, first_rows, use_paper};
use super::row_focus::{RowFocus, use_row_focus};
use super::virtual_rows::use_visible_rows;

/// The list that scrolls in an element.
pub(crate) struct LongList {
    /// Number of rows.
    pub(crate) total: usize,
    /// The rows to render.
    pub(crate) visible: Range<usize>,
    pub(crate) focus: RowFocus,
    pub(crate) paper: Paper,
    /// The element.
    pub(crate) viewport: NodeRef,
    /// The element's scroll handler.
    pub(crate) onscroll: Callback<Event>,
}

/// The list of `total` rows in `viewport`. A new `subject` scrolls it to the top.
#[hook]
pub(crate) fn use_long_list<S: PartialEq + 'static>(
    viewport: &NodeRef,
    total: usize,
    subject: S,
) -> LongList {
    let (visible, onscroll) = use_visible_rows(viewport, total);
    let paper = use_paper(viewport);
    let visible = paper.rows(visible, total);
    let focus = use_row_focus(viewport, total, &visible, subject);
    LongList { total, visible, focus, paper, viewport: viewport.clone(), onscroll }
}

impl LongList {
    /// Says how many rows follow, if that is not all of `count`.
    pub(crate) fn note(&self, count: usize) -> Html {
        let cut = self.paper.cut(self.total).or_else(|| (self.total < count).then_some(self.total));
        cut.map(first_rows).unwrap_or_default()
    }

    /// The rendered rows at their place in an element as high as all rows.
    pub(crate) fn window(&self, rows: Html) -> Html {
        html! {
            <div class="list-rows" role="presentation" style={format!("--rows: {}; --first: {}", self.total, self.visible.start)}>
                <div class="list-window" role="rowgroup">{ rows }</div>
            </div>
        }
    }
}
