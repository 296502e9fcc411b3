//! A list of lots of many products: any number of rows, of which only the visible ones are rendered.

use std::rc::Rc;

use domain::{CalendarDate, InventoryLot, Quantity};
use web_sys::HtmlElement;
use yew::prelude::*;
use yew_router::Routable;

use crate::book::lot_filter::Selection;
use crate::book::worth::Worth;
use crate::goods::lot_chip::lot_chip;
use crate::goods::lot_row::place_and_date;
use crate::goods::product_list::name_and_variant;
use crate::route::Route;
use crate::ui::chip::{Tone, chip, pending_chip};
use crate::ui::icon::Glyph;
use crate::ui::row_focus::use_row_focus;
use crate::ui::row_text::data_text;
use crate::ui::use_clock::use_today;
use crate::ui::virtual_rows::{row_pixels, use_visible_rows};
use crate::use_book::use_book;
use crate::words::format;
use crate::words::language::{grouped, t, tf};

/// Maximum height of an element in browsers, in device pixels.
const MAX_DEVICE_PIXELS: f64 = 30_000_000.0;

/// The lots to list.
#[derive(Properties, PartialEq)]
pub(crate) struct LotListProps {
    /// Lots by their index in the survey.
    pub(crate) selection: Rc<Selection>,
    /// The version of the survey.
    pub(crate) version: u64,
}

/// The list.
#[component]
pub(crate) fn LotList(props: &LotListProps) -> Html {
    let viewport = use_node_ref();
    let rows = &props.selection.rows;
    let total = rows.len().min(most_rows(&viewport));
    let (visible, onscroll) = use_visible_rows(&viewport, total);
    let focus = use_row_focus(&viewport, total, &visible, props.selection.clone());
    let (book, today) = (use_book(), use_today());
    let survey = book.survey();
    let shown = rows.get(visible.clone()).unwrap_or_default().iter().zip(visible.clone());
    let row = |(at, row): (&u32, usize)| {
        let lot = survey.lots().get(*at as usize)?;
        let product = survey.product_of(lot)?;
        let mut worth = Worth::default();
        survey.add_worth(&mut worth, lot);
        let label = book.label(product.id);
        let face = Face {
            lot: survey.row(lot)?,
            name: label.map(|label| name_and_variant(&label.name, &label.variant)).unwrap_or_default(),
            unit: survey.name(product.unit).to_owned(),
            worth: worth.moneys(&|id| survey.name(id)).first().map(format::sum),
            is_pending: lot.is_pending,
        };
        Some(lot_row(row, row == focus.tab_stop, &face, today))
    };
    html! {
        <>
            if total < rows.len() {
                <p class="muted lots-beyond">
                    { tf("The first {n} are listed. Narrow the list to see the others.", &[("n", &grouped(total))]) }
                </p>
            }
            <div class="list" ref={viewport} role="grid" aria-label={t("Lots")} aria-rowcount={total.to_string()}
                onkeydown={focus.on_key} {onscroll} data-test="lot-list" data-total={rows.len().to_string()}>
                <div class="list-rows" role="presentation" style={format!("--rows: {total}; --first: {}", visible.start)}>
                    <div class="list-window" role="rowgroup">{ for shown.filter_map(row) }</div>
                </div>
            </div>
        </>
    }
}

/// The number of rows that fit in an element of the maximum height.
fn most_rows(viewport: &NodeRef) -> usize {
    let row = viewport.cast::<HtmlElement>().map_or(f64::from(72), |list| row_pixels(&list));
    let ratio = web_sys::window().map_or(1.0, |window| window.device_pixel_ratio());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of rows")]
    let rows = (MAX_DEVICE_PIXELS / (row * ratio.max(0.1))) as usize;
    rows
}

struct Face {
    lot: InventoryLot,
    name: String,
    unit: String,
    worth: Option<String>,
    is_pending: bool,
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
                            { chip(Tone::Attention, Some(Glyph::Attention), t("Below zero"), "below-zero-chip") }
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
