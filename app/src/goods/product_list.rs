//! The list of products: any number of rows, of which only the visible ones are rendered. One tab stop; arrow
//! keys move.

use std::rc::Rc;

use domain::{CalendarDate, Money};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use super::lot_chip::expiry_tone;
use super::product_rows::{ProductRows, use_product_rows};
use super::use_catalogue::card_of;
use crate::book::lot_filter::SOON_DAYS;
use crate::book::stock_filter::StockSearch;
use crate::book::views::{CardDetail, ProductCard};
use crate::route::Route;
use crate::ui::chip::{chip, pending_chip};
use crate::ui::row_text::data_text;
use crate::use_today::use_today;
use crate::words::format;
use crate::words::language::t;

/// The products to list.
#[derive(Properties, PartialEq)]
pub(crate) struct ProductListProps {
    /// In order.
    pub(crate) ids: Rc<Vec<Uuid>>,
    /// The product whose page is open.
    pub(crate) current: Option<Uuid>,
    /// The search that found them.
    pub(crate) search: StockSearch,
}

/// The list.
#[component]
pub(crate) fn ProductList(props: &ProductListProps) -> Html {
    let viewport = use_node_ref();
    let ProductRows { list, shown, cards } = use_product_rows(&viewport, &props.ids, props.search.clone());
    let (today, total) = (use_today(), list.total.to_string());
    let rows = shown.iter().zip(list.visible.clone()).map(|(id, row)| {
        let is_current = props.current == Some(*id);
        product_row(
            &Place { id: *id, row, is_current, is_tab_stop: row == list.focus.tab_stop },
            card_of(&cards, *id),
            today,
        )
    });
    html! {
        <>
            { list.note(list.total) }
            <div class="list" ref={viewport} role="grid" aria-label={t("Products")} aria-rowcount={total.clone()}
                onkeydown={list.focus.on_key.clone()} onscroll={list.onscroll.clone()} data-test="product-list" data-total={total}>
                { list.window(rows.collect()) }
            </div>
        </>
    }
}

struct Place {
    id: Uuid,
    row: usize,
    is_current: bool,
    is_tab_stop: bool,
}

fn product_row(place: &Place, card: Option<&ProductCard>, today: CalendarDate) -> Html {
    let href = Route::Product { id: place.id }.to_path();
    let is_pending = card.is_some_and(|card| card.pending);
    html! {
        <div class={classes!("row", is_pending.then_some("is-pending"))} role="row" key={place.id.to_string()}
            aria-rowindex={(place.row + 1).to_string()} data-test="product-row" data-id={place.id.to_string()}>
            <div role="gridcell">
                <a {href} class="row-link" tabindex={if place.is_tab_stop { "0" } else { "-1" }}
                    aria-current={place.is_current.then_some("true")}>
                    { card.map_or_else(Html::default, |card| card_face(card, today)) }
                </a>
            </div>
        </div>
    }
}

fn card_face(card: &ProductCard, today: CalendarDate) -> Html {
    let price = card.detail.as_ref().map(|detail| {
        let price = Money { minor: detail.price_minor, currency: detail.currency.clone() };
        format!(" · {}", format::money(&price))
    });
    let name = name_and_variant(&card.product.name, &card.product.variant);
    html! {
        <>
            { data_text(name, format!("{}{}", card.product.sku, price.unwrap_or_default()), Some("row-name")) }
            <span class="row-chips">
                if card.pending {
                    { pending_chip() }
                } else if let Some(detail) = &card.detail {
                    { soon_chip(detail, today) }
                }
            </span>
            if let Some(detail) = &card.detail {
                <span class="row-quantity">
                    <b data-test="row-on-hand" data-value={detail.on_hand.0.to_string()}>{ format::quantity(detail.on_hand) }</b>
                    <span class="unit" translate="no">{ &detail.unit }</span>
                </span>
            }
        </>
    }
}

/// The name, and the variant unless the name contains it.
pub(crate) fn name_and_variant(name: &str, variant: &str) -> String {
    if name.ends_with(variant) { name.to_owned() } else { format!("{name} {variant}") }
}

/// The chip of the next expiry, only if it is close.
pub(crate) fn soon_chip(detail: &CardDetail, today: CalendarDate) -> Html {
    match detail.soonest_expiry.filter(|date| today.days_until(*date) <= SOON_DAYS) {
        Some(date) => {
            let (tone, glyph) = expiry_tone(today, date);
            chip(tone, glyph, format::days_left(today, date), "lot-chip")
        }
        None => Html::default(),
    }
}
