//! The lots in wide windows: a table to compare lots in, to sort, and to mark several.

use std::rc::Rc;

use domain::{CalendarDate, InventoryLot, Quantity};
use yew::prelude::*;
use yew_router::AnyRoute;
use yew_router::prelude::*;

use super::lot_list::{Face, below_zero_chip, most_rows};
use crate::book::Book;
use crate::book::lot_filter::{LotFilter, LotOrder, Selection};
use crate::goods::lot_chip::lot_chip;
use crate::route::{MAX_TRANSFER_LOTS, Route, use_query};
use crate::ui::button::{button, resting_button};
use crate::ui::chip::pending_chip;
use crate::ui::long_list::use_long_list;
use crate::ui::printed_rows::use_printing;
use crate::ui::save_table::{Table, use_save_table};
use crate::ui::table::{Column, Grid, Markable, Sorting, table_head, use_marks};
use crate::use_book::{use_book, use_book_version};
use crate::use_today::use_today;
use crate::words::format;
use crate::words::language::{key, t, tf};

/// The columns after the marks.
const COLUMNS: [Column<LotOrder>; 7] = [
    Column { word: key("Product"), order: Some(LotOrder::Product), class: "name-cell" },
    Column { word: key("Lot"), order: None, class: "" },
    Column { word: key("Bin"), order: Some(LotOrder::Place), class: "" },
    Column { word: key("Expires"), order: Some(LotOrder::Expiry), class: "" },
    Column { word: key("Status"), order: None, class: "" },
    Column { word: key("Quantity"), order: Some(LotOrder::Quantity), class: "number-cell" },
    Column { word: key("Value"), order: Some(LotOrder::Worth), class: "number-cell extra-cell" },
];

/// The lots to list.
#[derive(Properties, PartialEq)]
pub(crate) struct LotTableProps {
    /// Lots by their index in the survey.
    pub(crate) selection: Rc<Selection>,
    /// The version of the survey.
    pub(crate) version: u64,
    /// Has the order of the rows.
    pub(crate) filter: UseStateHandle<LotFilter>,
}

/// The table.
#[component]
pub(crate) fn LotTable(props: &LotTableProps) -> Html {
    let viewport = use_node_ref();
    let rows = &props.selection.rows;
    let list = use_long_list(&viewport, rows.len().min(most_rows(&viewport)), (*props.filter).clone());
    use_printing(&list.paper, true);
    let (book, today, open) = (use_book(), use_today(), use_query("lot"));
    // Names appear as the catalogue loads.
    use_book_version();
    let markable = use_marked_lots(&book, &props.selection, list.total);
    let on_sort = {
        let filter = props.filter.clone();
        Callback::from(move |Sorting { by, is_reversed }| {
            filter.set(LotFilter { order: by, is_reversed, ..(*filter).clone() });
        })
    };
    let LotFilter { order, is_reversed, .. } = *props.filter;
    let ways = use_marked_ways(&props.selection, &markable);
    let survey = book.survey();
    let shown = rows.get(list.visible.clone()).unwrap_or_default().iter().zip(list.visible.clone());
    let row = |(at, row): (&u32, usize)| {
        let face = Face::of(&book, &survey, *at)?;
        let is_open = open.as_ref().is_some_and(|open| *open == face.lot.lot.id().to_string());
        Some(lot_row(
            &Place { row, is_open, is_tab_stop: row == list.focus.tab_stop },
            &face,
            &markable,
            today,
        ))
    };
    let head = table_head(&COLUMNS, Sorting { by: order, is_reversed }, &on_sort, markable.all());
    let on_key = markable.on_key(&list.focus.on_key);
    let grid =
        Grid { label: t("Lots"), class: "lot-table", test: "lot-list", count: rows.len(), list: &list };
    html! {
        <>
            { markable.bar(ways) }
            { grid.view(head, on_key, shown.filter_map(row).collect()) }
        </>
    }
}

/// The marks, by the ids of lots.
#[hook]
fn use_marked_lots(book: &Book, selection: &Rc<Selection>, total: usize) -> Markable {
    let (of, selected) = (book.clone(), selection.clone());
    use_marks(total, selection.clone(), move |row| {
        let survey = of.survey();
        let lot = survey.lots().get(*selected.rows.get(row)? as usize)?;
        Some(survey.row(lot)?.lot.id())
    })
}

/// The buttons for the marked lots: a transfer, and a table.
#[hook]
fn use_marked_ways(selection: &Rc<Selection>, markable: &Markable) -> Html {
    let (book, save, today, navigator) = (use_book(), use_save_table(), use_today(), use_navigator());
    let marked = {
        let (selection, markable) = (selection.clone(), markable.clone());
        move || -> Vec<u32> {
            markable.marked_rows().into_iter().filter_map(|row| selection.rows.get(row).copied()).collect()
        }
    };
    let on_transfer = {
        let (book, marked) = (book.clone(), marked.clone());
        Callback::from(move |_: MouseEvent| {
            let survey = book.survey();
            let lots = marked().into_iter().filter_map(|at| survey.row(survey.lots().get(at as usize)?));
            let address = Route::transfer_of(lots.map(|row| (row.lot.product_id, row.lot.id())));
            if let Some(navigator) = &navigator {
                navigator.push(&AnyRoute::new(address));
            }
        })
    };
    let on_save = save.reform(move |_: MouseEvent| table_of(&book, marked(), today));
    let is_too_many = markable.marks.len() > MAX_TRANSFER_LOTS;
    html! {
        <>
            { resting_button(is_too_many, "button strong", t("Transfer").into(), on_transfer, "marked-transfer") }
            if is_too_many {
                <p class="muted" role="status" data-test="marked-most">
                    { tf("At most {n} lots in one transfer.", &[("n", &MAX_TRANSFER_LOTS)]) }
                </p>
            }
            { button("button", t("Save as CSV").into(), on_save, "marked-csv") }
        </>
    }
}

fn table_of(book: &Book, rows: Vec<u32>, today: CalendarDate) -> Table {
    let name = format!("lotbook-lots-{}-{today}.csv", book.device_prefix());
    let (book, selection) = (book.clone(), Selection { rows, ..Selection::default() });
    Table { name, text: Box::pin(async move { Ok(book.lots_csv(&selection)) }) }
}

struct Place {
    row: usize,
    /// Whether its product is in the pane.
    is_open: bool,
    is_tab_stop: bool,
}

fn lot_row(place: &Place, face: &Face, markable: &Markable, today: CalendarDate) -> Html {
    let Face { lot, name, unit, worth, is_pending } = face;
    let (id, row) = (lot.lot.id(), place.row);
    let is_marked = markable.has(id);
    let href = Route::lots_with(lot.lot.product_id, id);
    let class = classes!("row", "table-row", is_pending.then_some("is-pending"));
    html! {
        <div {class} role="row" key={id.to_string()} aria-rowindex={(row + 1).to_string()}
            aria-selected={is_marked.to_string()} data-test="survey-lot" data-lot={lot.lot.lot_code.clone()}>
            <div role="gridcell" class="cell mark-cell">{ markable.one(row, is_marked, &format!("{name} {}", lot.lot.lot_code)) }</div>
            <div role="gridcell" class="cell name-cell">
                <a class="row-link" {href} tabindex={if place.is_tab_stop { "0" } else { "-1" }}
                    aria-current={place.is_open.then_some("true")}
                    aria-label={name.is_empty().then(|| lot.lot.lot_code.clone())}>
                    <span class="cell-text" translate="no" data-test="row-name">{ name }</span>
                </a>
            </div>
            <div role="gridcell" class="cell" translate="no">{ &lot.lot.lot_code }</div>
            <div role="gridcell" class="cell" translate="no">{ &lot.lot.location }</div>
            <div role="gridcell" class="cell">{ lot.expires_on.map(format::date).unwrap_or_default() }</div>
            <div role="gridcell" class="cell">{ state(lot, *is_pending, today) }</div>
            <div role="gridcell" class="cell number-cell" translate="no">
                <b class={(lot.quantity < Quantity::ZERO).then_some("is-negative")} data-value={lot.quantity.0.to_string()}>
                    { format::quantity(lot.quantity) }
                </b>
                <span class="unit">{ format!(" {unit}") }</span>
            </div>
            <div role="gridcell" class="cell number-cell extra-cell" translate="no">{ worth.clone().unwrap_or_default() }</div>
        </div>
    }
}

fn state(lot: &InventoryLot, is_pending: bool, today: CalendarDate) -> Html {
    if is_pending {
        pending_chip()
    } else if lot.quantity < Quantity::ZERO {
        below_zero_chip()
    } else {
        lot_chip(lot, today)
    }
}
