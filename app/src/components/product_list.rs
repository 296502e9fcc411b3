//! The list of products: any number of rows, of which only the visible ones exist. One tab stop; arrow keys move.

use std::rc::Rc;

use domain::{CalendarDate, Money};
use uuid::Uuid;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;
use yew::prelude::*;
use yew_router::Routable;

use super::chip::{SOON_DAYS, chip, expiry_tone, pending_chip};
use super::row_text::row_text;
use super::virtual_rows::{row_pixels, use_visible_rows};
use crate::book::{CardDetail, ProductCard};
use crate::format;
use crate::hooks::{card_of, use_cards, use_today};
use crate::route::Route;

/// The products to list.
#[derive(Properties, PartialEq)]
pub(crate) struct ProductListProps {
    /// In order.
    pub(crate) ids: Rc<[Uuid]>,
    /// The one whose page is open.
    #[prop_or_default]
    pub(crate) current: Option<Uuid>,
}

/// The row that a key leads to from `row`, in a list of `total` rows, `page` of which fit the screen.
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

/// The list.
#[component]
pub(crate) fn ProductList(props: &ProductListProps) -> Html {
    let viewport = use_node_ref();
    let total = props.ids.len();
    let (visible, onscroll) = use_visible_rows(&viewport, total);
    let shown = use_memo((props.ids.clone(), visible.clone()), |(ids, visible)| {
        Rc::<[Uuid]>::from(ids.get(visible.clone()).unwrap_or_default())
    });
    let cards = use_cards((*shown).clone());
    let today = use_today();
    let active = use_state(|| 0_usize);
    let focus_due = use_mut_ref(|| false);
    use_effect_with((*active, visible.clone()), {
        let (viewport, focus_due) = (viewport.clone(), focus_due.clone());
        move |(active, _)| {
            if *focus_due.borrow() && focus_row(&viewport, *active) {
                focus_due.replace(false);
            }
        }
    });
    use_effect_with(props.ids.clone(), scroll_to_top(&viewport, &active));
    let onkeydown = {
        let (viewport, active) = (viewport.clone(), active.clone());
        Callback::from(move |event: KeyboardEvent| {
            let Some(element) = viewport.cast::<HtmlElement>() else { return };
            let row_height = row_pixels(&element);
            let page = rows_in(f64::from(element.client_height()), row_height);
            let Some(row) = row_after(&event.key(), *active, total, page) else { return };
            event.prevent_default();
            focus_due.replace(true);
            show_row(&element, row, row_height);
            active.set(row);
        })
    };
    let tab_stop = if visible.contains(&*active) { *active } else { visible.start };
    let rows = shown.iter().zip(visible.clone()).map(|(id, row)| {
        let is_current = props.current == Some(*id);
        product_row(
            &Place { id: *id, row, is_current, is_tab_stop: row == tab_stop },
            card_of(&cards, *id),
            today,
        )
    });
    html! {
        <div class="list" ref={viewport} role="grid" aria-label="Products" aria-rowcount={total.to_string()} {onkeydown} {onscroll}
            data-test="product-list" data-total={total.to_string()}>
            <div class="list-rows" role="presentation" style={format!("--rows: {total}; --first: {}", visible.start)}>
                <div class="list-window" role="rowgroup">{ for rows }</div>
            </div>
        </div>
    }
}

/// A new list begins at its top.
fn scroll_to_top(viewport: &NodeRef, active: &UseStateHandle<usize>) -> impl FnOnce(&Rc<[Uuid]>) + use<> {
    let (viewport, active) = (viewport.clone(), active.clone());
    move |_| {
        if let Some(element) = viewport.cast::<HtmlElement>() {
            element.set_scroll_top(0);
        }
        active.set(0);
    }
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
        format!(" · {price}")
    });
    let name = name_and_variant(&card.product.name, &card.product.variant);
    html! {
        <>
            { row_text(name, format!("{}{}", card.product.sku, price.unwrap_or_default()), Some("row-name")) }
            <span class="row-chips">
                if card.pending {
                    { pending_chip() }
                } else if let Some(detail) = &card.detail {
                    { soon_chip(detail, today) }
                }
            </span>
            if let Some(detail) = &card.detail {
                <span class="row-quantity">
                    <b data-test="row-on-hand" data-value={detail.on_hand.0.to_string()}>{ detail.on_hand.to_string() }</b>
                    <span class="unit">{ &detail.unit }</span>
                </span>
            }
        </>
    }
}

/// The name, and the variant where the name does not say it.
pub(crate) fn name_and_variant(name: &str, variant: &str) -> String {
    if name.ends_with(variant) { name.to_owned() } else { format!("{name} {variant}") }
}

/// In the list only dates that press are worth the room.
fn soon_chip(detail: &CardDetail, today: CalendarDate) -> Html {
    match detail.soonest_expiry.filter(|date| today.days_until(*date) < SOON_DAYS) {
        Some(date) => {
            let (tone, glyph) = expiry_tone(today, date);
            chip(tone, glyph, format::days_left(today, date), "lot-chip")
        }
        None => Html::default(),
    }
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
