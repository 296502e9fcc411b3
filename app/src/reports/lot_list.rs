//! A list of lots of many products: any number of rows, of which only the visible ones are rendered.

use std::rc::Rc;

use domain::{CalendarDate, InventoryLot, Quantity};
use web_sys::HtmlElement;
use yew::prelude::*;
use yew_router::Routable;

use crate::book::Book;
use crate::book::lot_filter::{LotFilter, Selection};
use crate::book::survey::Survey;
use crate::book::worth::Worth;
use crate::goods::lot_chip::lot_chip;
use crate::goods::lot_row::place_and_date;
use crate::goods::product_list::name_and_variant;
use crate::route::Route;
use crate::ui::chip::{Tone, chip, pending_chip};
use crate::ui::icon::Glyph;
use crate::ui::long_list::use_long_list;
use crate::ui::printed_rows::use_printing;
use crate::ui::row_text::data_text;
use crate::ui::virtual_rows::row_pixels;
use crate::use_book::{use_book, use_book_version};
use crate::use_today::use_today;
use crate::words::format;
use crate::words::language::t;

/// Maximum height of an element in browsers, in device pixels.
const MAX_DEVICE_PIXELS: f64 = 30_000_000.0;

/// The lots to list.
#[derive(Properties, PartialEq)]
pub(crate) struct LotListProps {
    /// Lots by their index in the survey.
    pub(crate) selection: Rc<Selection>,
    /// The version of the survey.
    pub(crate) version: u64,
    /// The filter that selected them.
    pub(crate) filter: LotFilter,
}

/// The list.
#[component]
pub(crate) fn LotList(props: &LotListProps) -> Html {
    let viewport = use_node_ref();
    let rows = &props.selection.rows;
    let list = use_long_list(&viewport, rows.len().min(most_rows(&viewport)), props.filter.clone());
    use_printing(&list.paper, true);
    let (book, today) = (use_book(), use_today());
    // Names appear as the catalogue loads.
    use_book_version();
    let survey = book.survey();
    let shown = rows.get(list.visible.clone()).unwrap_or_default().iter().zip(list.visible.clone());
    let row = |(at, row): (&u32, usize)| {
        Some(lot_row(row, row == list.focus.tab_stop, &Face::of(&book, &survey, *at)?, today))
    };
    html! {
        <>
            { list.note(rows.len()) }
            <div class="list" ref={viewport} role="grid" aria-label={t("Lots")} aria-rowcount={list.total.to_string()}
                onkeydown={list.focus.on_key.clone()} onscroll={list.onscroll.clone()} data-test="lot-list"
                data-total={rows.len().to_string()}>
                { list.window(shown.filter_map(row).collect()) }
            </div>
        </>
    }
}

/// The number of rows that fit in an element of the maximum height.
pub(super) fn most_rows(viewport: &NodeRef) -> usize {
    let row = viewport.cast::<HtmlElement>().map_or(f64::from(72), |list| row_pixels(&list));
    let ratio = web_sys::window().map_or(1.0, |window| window.device_pixel_ratio());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of rows")]
    let rows = (MAX_DEVICE_PIXELS / (row * ratio.max(0.1))) as usize;
    rows
}

/// The shown fields of a lot.
pub(super) struct Face {
    pub(super) lot: InventoryLot,
    /// The product's name.
    pub(super) name: String,
    pub(super) unit: String,
    pub(super) worth: Option<String>,
    pub(super) is_pending: bool,
}

impl Face {
    /// Those of the lot at an index of the survey.
    pub(super) fn of(book: &Book, survey: &Survey, at: u32) -> Option<Self> {
        let lot = survey.lots().get(at as usize)?;
        let product = survey.product_of(lot)?;
        let mut worth = Worth::default();
        survey.add_worth(&mut worth, lot);
        let label = book.label(product.id);
        Some(Self {
            lot: survey.row(lot)?,
            name: label.map(|label| name_and_variant(&label.name, &label.variant)).unwrap_or_default(),
            unit: survey.name(product.unit).to_owned(),
            worth: worth.moneys(&|id| survey.name(id)).first().map(format::money),
            is_pending: lot.is_pending,
        })
    }
}

/// The chip of a lot below zero.
pub(super) fn below_zero_chip() -> Html {
    chip(Tone::Attention, Some(Glyph::Attention), t("Below zero"), "below-zero-chip")
}

fn lot_row(row: usize, is_tab_stop: bool, face: &Face, today: CalendarDate) -> Html {
    let Face { lot, name, unit, worth, is_pending } = face;
    let href = Route::Product { id: lot.lot.product_id }.to_path();
    let is_below = lot.quantity < Quantity::ZERO;
    let sub = format!("{} · {}", lot.lot.lot_code, place_and_date(lot));
    html! {
        <div class={classes!("row", is_pending.then_some("is-pending"))} role="row" key={row}
            aria-rowindex={(row + 1).to_string()} data-test="survey-lot" data-lot={lot.lot.lot_code.clone()}>
            <div role="gridcell">
                <a {href} class="row-link" tabindex={if is_tab_stop { "0" } else { "-1" }}>
                    { data_text(name.clone(), sub, Some("row-name")) }
                    <span class="row-chips">
                        if *is_pending {
                            { pending_chip() }
                        }
                        if is_below {
                            { below_zero_chip() }
                        } else if !is_pending {
                            { lot_chip(lot, today) }
                        }
                    </span>
                    <span class="row-quantity" translate="no">
                        <b class={is_below.then_some("is-negative")} data-value={lot.quantity.0.to_string()}>
                            { format::quantity(lot.quantity) }
                        </b>
                        <span class="unit">{ unit.clone() }</span>
                    </span>
                    if let Some(worth) = worth {
                        <span class="row-worth" translate="no">{ worth.clone() }</span>
                    }
                </a>
            </div>
        </div>
    }
}
