//! The parts of a table with sortable columns and marked rows, and its keys.

use std::rc::Rc;

use uuid::Uuid;
use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

use super::button::button;
use super::long_list::LongList;
use super::marks::{Marking, Marks};
use crate::words::language::{grouped, t, tf};

/// The order of a table's rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sorting<O> {
    pub(crate) by: O,
    /// Whether the order is descending.
    pub(crate) is_reversed: bool,
}

impl<O: PartialEq> Sorting<O> {
    /// The order after a click on a column's heading; another click reverses it.
    pub(crate) fn pressed(&self, by: O) -> Self {
        let is_reversed = self.by == by && !self.is_reversed;
        Self { by, is_reversed }
    }
}

/// A column: its heading, its order if rows can be sorted by it, and its CSS class.
pub(crate) struct Column<O> {
    pub(crate) word: &'static str,
    pub(crate) order: Option<O>,
    pub(crate) class: &'static str,
}

/// A table whose rows scroll under its headings.
pub(crate) struct Grid<'a> {
    pub(crate) label: &'static str,
    /// Its CSS class.
    pub(crate) class: &'static str,
    /// The name of its rows' element in tests.
    pub(crate) test: &'static str,
    /// Number of rows, also of those beyond the longest list that a browser can hold.
    pub(crate) count: usize,
    pub(crate) list: &'a LongList,
}

impl Grid<'_> {
    /// Renders the table with its headings and visible rows.
    pub(crate) fn view(&self, head: Html, on_key: Callback<KeyboardEvent>, rows: Html) -> Html {
        let Self { label, class, test, count, list } = *self;
        html! {
            <>
                { list.note(count) }
                <div class={classes!("table", class)} role="grid" aria-label={label} aria-multiselectable="true"
                    aria-rowcount={list.total.to_string()}>
                    { head }
                    <div class="list" role="presentation" ref={list.viewport.clone()} onkeydown={on_key}
                        onscroll={list.onscroll.clone()} data-test={test} data-total={count.to_string()}>
                        { list.window(rows) }
                    </div>
                </div>
                { table_keys() }
            </>
        }
    }
}

/// The headings, the first of which marks all rows.
pub(crate) fn table_head<O: Copy + PartialEq + 'static>(
    columns: &[Column<O>],
    sorting: Sorting<O>,
    on_sort: &Callback<Sorting<O>>,
    mark_all: Html,
) -> Html {
    let heading = |column: &Column<O>| {
        let class = classes!("cell", column.class);
        let Some(order) = column.order else {
            return html! { <div role="columnheader" {class}>{ t(column.word) }</div> };
        };
        let (said, arrow) = match (sorting.by == order, sorting.is_reversed) {
            (false, _) => ("none", ""),
            (true, false) => ("ascending", "↑"),
            (true, true) => ("descending", "↓"),
        };
        let onclick = on_sort.reform(move |_: MouseEvent| sorting.pressed(order));
        html! {
            <div role="columnheader" {class} aria-sort={said}>
                <button class="sort" type="button" {onclick} data-test="sort">
                    { t(column.word) }<span class="sort-arrow" aria-hidden="true">{ arrow }</span>
                </button>
            </div>
        }
    };
    html! {
        <div role="rowgroup">
            <div role="row" class="table-head">
                <div role="columnheader" class="cell mark-cell">{ mark_all }</div>
                { for columns.iter().map(heading) }
            </div>
        </div>
    }
}

/// The rows of a table, and their marks.
#[derive(Clone)]
pub(crate) struct Markable {
    /// Number of rows.
    total: usize,
    id_at: Rc<dyn Fn(usize) -> Option<Uuid>>,
    pub(crate) marks: UseReducerHandle<Marks>,
}

impl Markable {
    /// The box that marks all rows.
    pub(crate) fn all(&self) -> Html {
        let this = self.clone();
        let onchange = Callback::from(move |_: Event| this.mark_all());
        let checked = self.has_all();
        html! { <label class="mark"><input type="checkbox" {checked} {onchange} aria-label={t("Select all")} data-test="mark-all" /></label> }
    }

    /// The box of a row. It is no tab stop: Space marks the focused row.
    pub(crate) fn one(&self, row: usize, is_marked: bool, name: &str) -> Html {
        let this = self.clone();
        let onclick = Callback::from(move |event: MouseEvent| this.mark(row, event.shift_key()));
        let label = tf("Select {name}", &[("name", &name)]);
        html! { <label class="mark"><input type="checkbox" tabindex="-1" checked={is_marked} {onclick} aria-label={label} data-test="mark" /></label> }
    }

    /// The table's keys: Space marks the focused row, with Shift a range; Ctrl+A marks all; Escape none. Others go
    /// to `next`.
    pub(crate) fn on_key(&self, next: &Callback<KeyboardEvent>) -> Callback<KeyboardEvent> {
        let (this, next) = (self.clone(), next.clone());
        Callback::from(move |event: KeyboardEvent| {
            let is_control = (event.ctrl_key() || event.meta_key()) && !event.alt_key();
            match (event.key().as_str(), is_control) {
                (" ", false) => {
                    let Some(row) = focused_row(&event) else { return };
                    this.mark(row, event.shift_key());
                }
                ("a", true) => this.mark_all(),
                ("Escape", false) if this.marks.len() > 0 => this.mark_none(),
                _ => return next.emit(event),
            }
            event.prevent_default();
        })
    }

    /// The number of marked rows with buttons for them; nothing without marks.
    pub(crate) fn bar(&self, ways: Html) -> Html {
        if self.marks.len() == 0 {
            return Html::default();
        }
        let this = self.clone();
        let clear = Callback::from(move |_: MouseEvent| this.mark_none());
        html! {
            <div class="marks-bar" data-test="marks-bar">
                <p role="status">{ tf("{n} selected", &[("n", &grouped(self.marks.len()))]) }</p>
                { ways }
                { button("button", t("Clear selection").into(), clear, "marks-clear") }
            </div>
        }
    }

    /// Whether a row is marked.
    pub(crate) fn has(&self, id: Uuid) -> bool {
        self.marks.has(id)
    }

    /// The marked rows, in order, by their position.
    pub(crate) fn marked_rows(&self) -> Vec<usize> {
        (0..self.total).filter(|row| (self.id_at)(*row).is_some_and(|id| self.has(id))).collect()
    }

    fn has_all(&self) -> bool {
        self.total > 0 && self.marks.len() == self.total
    }

    fn ids(&self, rows: impl Iterator<Item = usize>) -> Vec<Uuid> {
        rows.filter_map(|row| (self.id_at)(row)).collect()
    }

    fn mark(&self, row: usize, is_range: bool) {
        let (first, last) = self.marks.range_to(row);
        // A range of one row is a toggle.
        let marking = if is_range && first < last {
            Some(Marking::Through(row, self.ids(first..=last)))
        } else {
            (self.id_at)(row).map(|id| Marking::Toggle(row, id))
        };
        if let Some(marking) = marking {
            self.marks.dispatch(marking);
        }
    }

    fn mark_all(&self) {
        let ids = if self.has_all() { Vec::new() } else { self.ids(0..self.total) };
        self.marks.dispatch(Marking::Only(ids));
    }

    fn mark_none(&self) {
        self.marks.dispatch(Marking::Only(Vec::new()));
    }
}

/// The marks of `total` rows, whose ids `id_at` gives. When the rows change, as `subject` says, those that are gone
/// lose their marks.
#[hook]
pub(crate) fn use_marks<S: PartialEq + 'static>(
    total: usize,
    subject: S,
    id_at: impl Fn(usize) -> Option<Uuid> + 'static,
) -> Markable {
    let marks = use_reducer_eq(Marks::default);
    let markable = Markable { total, id_at: Rc::new(id_at), marks };
    let kept = markable.clone();
    use_effect_with(subject, move |_| {
        if kept.marks.len() > 0 {
            let shown = kept.ids(0..kept.total).into_iter().collect();
            kept.marks.dispatch(Marking::Keep(shown));
        }
    });
    markable
}

/// The row whose link has the focus. None for a focused box, which handles Space itself.
fn focused_row(event: &KeyboardEvent) -> Option<usize> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    if target.matches("input").unwrap_or_default() {
        return None;
    }
    let row = target.closest("[aria-rowindex]").ok()??;
    row.get_attribute("aria-rowindex")?.parse::<usize>().ok()?.checked_sub(1)
}

/// The line that lists the keys of a table.
fn table_keys() -> Html {
    let kbd = |name: &'static str| html! { <kbd>{ name }</kbd> };
    html! {
        <p class="table-keys muted" aria-hidden="true">
            { kbd("↑") }{ kbd("↓") }<span>{ t("move") }</span>
            { kbd(t("Enter")) }<span>{ t("open") }</span>
            { kbd(t("Space")) }<span>{ t("select") }</span>
            { kbd(t("Ctrl+K")) }<span>{ t("search") }</span>
        </p>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_press_reverses_a_column() {
        let by_name = Sorting { by: 'n', is_reversed: false };
        assert_eq!(by_name.pressed('n'), Sorting { by: 'n', is_reversed: true });
        assert_eq!(by_name.pressed('n').pressed('n'), by_name);
        assert_eq!(by_name.pressed('n').pressed('q'), Sorting { by: 'q', is_reversed: false });
    }
}
