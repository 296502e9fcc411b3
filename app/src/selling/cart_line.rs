//! One product of the order: its variants, quantity, and lots.

use std::fmt::Display;
use std::rc::Rc;

use domain::{CalendarDate, Money, Product, Quantity};
use yew::prelude::*;

use super::cart::{CartChange, CartLine, Taking};
use crate::book::views::ProductView;
use crate::goods::lot_row::place_and_date;
use crate::goods::product_names::{family, rows_of, variant_word};
use crate::goods::use_product::use_product;
use crate::ui::button::icon_button;
use crate::ui::field::{Field, Takes};
use crate::ui::icon::{Glyph, icon};
use crate::ui::placeholder::{read_failure, skeleton};
use crate::ui::row_text::named_text;
use crate::ui::switch::Switch;
use crate::ui::unbroken::unbroken;
use crate::ui::use_element::use_element;
use crate::ui::use_loaded::Loaded;
use crate::use_today::use_today;
use crate::words::format;
use crate::words::language::{t, tf};

/// A line and its callbacks.
#[derive(Properties, PartialEq)]
pub(crate) struct CartLineCardProps {
    pub(crate) line: CartLine,
    pub(crate) on_change: Callback<CartChange>,
    /// Called whenever the product's data changes.
    pub(crate) on_view: Callback<Rc<Option<ProductView>>>,
    /// Opens the keypad for its quantity.
    pub(crate) on_type: Callback<()>,
    /// The reason why the line cannot be sold as it is.
    pub(crate) fault: Option<AttrValue>,
}

/// The line's card.
#[component]
pub(crate) fn CartLineCard(props: &CartLineCardProps) -> Html {
    let today = use_today();
    let product = use_product(props.line.product);
    let view = match &product {
        Loaded::Ready(view) => Some(view.clone()),
        Loaded::Loading | Loaded::Failed(_) => None,
    };
    let card = use_node_ref();
    use_element(&card, props.fault.is_some(), |card| card.scroll_into_view_with_bool(false));
    use_effect_with(view, {
        let on_view = props.on_view.clone();
        move |view| {
            if let Some(view) = view {
                on_view.emit(view.clone());
            }
        }
    });
    let body = match &product {
        Loaded::Loading => skeleton(),
        Loaded::Failed(message) => read_failure(message),
        Loaded::Ready(view) => match &**view {
            Some(view) => known_line(props, view, today),
            None => {
                html! { <p class="fault">{ t("This product no longer exists. Remove it from the order.") }</p> }
            }
        },
    };
    html! {
        <li class="card cart-line" ref={card} data-test="cart-line" data-id={props.line.product.to_string()}>
            { body }
            <div role="alert">
                if let Some(fault) = &props.fault {
                    <p class="fault" data-test="cart-line-fault">{ fault }</p>
                }
            </div>
        </li>
    }
}

fn known_line(props: &CartLineCardProps, view: &ProductView, today: CalendarDate) -> Html {
    let CartLineCardProps { line, on_change, .. } = props;
    let product = &view.product;
    let taking = Taking::of(line, &rows_of(view), today);
    let unit_price = Money { minor: product.price_minor, currency: product.currency.clone() };
    let sub = price_line(&product.sku, &format::money(&unit_price), &product.unit);
    let id = line.product;
    let remove = on_change.reform(move |_: MouseEvent| CartChange::Quantity(id, Quantity::ZERO));
    html! {
        <>
            <div class="cart-line-head">
                { named_text(product.name.clone(), sub, Some("cart-line-name")) }
                { icon_button("icon-button", Glyph::Close, tf("Remove {name} from the order", &[("name", &product.name)]), remove, "cart-remove") }
            </div>
            if !view.variants.is_empty() {
                { variants(view, on_change) }
            }
            <div class="cart-line-numbers">
                { stepper(props, &product.unit) }
                <b class="cart-line-total" data-test="cart-line-total">
                    { format::money(&taking.price(product.price_minor, &product.currency)) }
                </b>
            </div>
            { allocation(&taking, view) }
            <div aria-live="polite">
                if let Some(lot) = taking.unused_label(line) {
                    <p class="warning" data-test="label-unused">
                        { tf("Lot {lot} on the label isn't available here. Put those goods back.", &[("lot", &lot)]) }
                    </p>
                }
                if taking.missing > Quantity::ZERO {
                    { shortage(line, &taking, product, on_change) }
                }
            </div>
        </>
    }
}

/// `T-1 · € 2.40 per box`, but `each`.
fn price_line(sku: &str, price: &str, unit: &str) -> String {
    let values: [(&str, &dyn Display); 3] = [("sku", &sku), ("price", &price), ("unit", &unit)];
    match unit {
        "each" => tf("{sku} · {price} each", &values),
        _ => tf("{sku} · {price} per {unit}", &values),
    }
}

fn stepper(props: &CartLineCardProps, unit: &str) -> Html {
    let CartLineCardProps { line, on_change, on_type, .. } = props;
    let (id, quantity) = (line.product, line.quantity);
    let step = |by: i64| {
        on_change.reform(move |_: MouseEvent| CartChange::Quantity(id, quantity + Quantity::units(by)))
    };
    let type_it = on_type.reform(|_: MouseEvent| ());
    html! {
        <div class="stepper">
            { icon_button("step", Glyph::Minus, t("One less"), step(-1), "cart-less") }
            <button class="stepper-value" type="button" onclick={type_it} data-test="cart-quantity"
                data-value={quantity.0.to_string()} aria-label={tf("{quantity} {unit}, change", &[("quantity", &format::quantity(quantity)), ("unit", &unit)])}>
                <b>{ format::quantity(quantity) }</b><span class="unit" translate="no">{ format!(" {unit}") }</span>
            </button>
            { icon_button("step", Glyph::Plus, t("One more"), step(1), "cart-more") }
        </div>
    }
}

fn variants(view: &ProductView, on_change: &Callback<CartChange>) -> Html {
    let from = view.product.id;
    html! {
        <div class="choices" role="group" aria-label={t("Variant")}>
            for product in family(view) {
                <button class="choice" type="button" translate="no" aria-pressed={(product.id == from).to_string()}
                    data-test="variant" translate="no" data-id={product.id.to_string()} onclick={
                        let to = product.id;
                        on_change.reform(move |_: MouseEvent| CartChange::Swap { from, to })
                    }>
                    { variant_word(product) }
                </button>
            }
        </div>
    }
}

fn allocation(taking: &Taking, view: &ProductView) -> Html {
    let place = |lot: &domain::LotRef| {
        view.lots
            .iter()
            .find(|held| held.row.lot == *lot)
            .map(|held| place_and_date(&held.row))
            .unwrap_or_default()
    };
    html! {
        <ul class="allocation" data-test="allocation" aria-label={t("Taken from")}>
            for part in &taking.parts {
                <li data-test="allocation-part" data-lot={part.lot.lot_code.clone()} data-value={part.quantity.0.to_string()}>
                    <b>{ format::quantity(part.quantity) }</b>
                    <span>{ tf("from {lot}", &[("lot", &part.lot.lot_code)]) }</span>
                    <span class="muted" translate="no">{ unbroken(&place(&part.lot)) }</span>
                </li>
            }
        </ul>
    }
}

fn shortage(line: &CartLine, taking: &Taking, product: &Product, on_change: &Callback<CartChange>) -> Html {
    let id = line.product;
    let there = line.quantity - taking.missing;
    let missing = format::quantity(taking.missing);
    let said = tf(
        "Only {there} of {wanted} in stock: {missing} {unit} short.",
        &[
            ("there", &format::quantity(there)),
            ("wanted", &format::quantity(line.quantity)),
            ("missing", &missing),
            ("unit", &product.unit),
        ],
    );
    let hint = match &taking.rest {
        Some(lot) => tf(
            "Takes the missing {missing} from lot {lot} at {bin} and requests a recount.",
            &[("missing", &missing), ("lot", &lot.lot_code), ("bin", &lot.location)],
        ),
        None => t("No lot recorded: enter where the goods come from.").to_owned(),
    };
    let needs_lot = line.sells_short && (taking.rest.is_none() || !line.found_lot.is_empty());
    let sell_anyway = Switch {
        label: t("Sell anyway"),
        hint: &hint,
        is_on: line.sells_short,
        on_change: on_change.reform(move |is_on| CartChange::SellShort(id, is_on)),
        test: "sell-short",
    };
    html! {
        <div class="shortage tone-waiting" data-test="shortage">
            <p>{ icon(Glyph::Triangle) }{ said }</p>
            { sell_anyway.view() }
            if needs_lot {
                { found_fields(line, on_change) }
            }
        </div>
    }
}

fn found_fields(line: &CartLine, on_change: &Callback<CartChange>) -> Html {
    let product = line.product;
    let (lot_code, location) = (line.found_lot.clone(), line.found_location.clone());
    let on_lot =
        on_change.reform(move |lot_code| CartChange::Found { product, lot_code, location: location.clone() });
    let on_location =
        on_change.reform(move |location| CartChange::Found { product, lot_code: lot_code.clone(), location });
    let lot = Field {
        id: &format!("found-lot-{product}"),
        label: t("Lot code"),
        value: &line.found_lot,
        on_change: on_lot,
        takes: Takes::Lot,
        ..Field::default()
    };
    let location = Field {
        id: &format!("found-location-{product}"),
        label: t("Bin"),
        value: &line.found_location,
        on_change: on_location,
        takes: Takes::Alone,
        ..Field::default()
    };
    html! { <div class="field-pair">{ lot.view() }{ location.view() }</div> }
}
