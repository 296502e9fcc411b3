//! Sells: products, variants and quantities, with the lots they are taken from, as one order.

use std::rc::Rc;

use domain::CalendarDate;
use uuid::Uuid;
use yew::prelude::*;
use yew_router::prelude::*;

use super::cart::{Cart, CartChange, CartLine};
use super::cart_line::CartLineCard;
use super::cart_store::{CartStep, CartWindow};
use super::destination::{destination, use_destinations};
use super::placing::{OrderFault, Placing, Views, use_placing, view_of};
use super::use_cart::use_cart;
use crate::book::views::ProductView;
use crate::desk::answers::Answers;
use crate::desk::command::Command;
use crate::desk::scan::Scanned;
use crate::desk::scan_target::use_scan_target;
use crate::desk::scanner::{Found, ScanTarget};
use crate::desk::use_desk::use_answers;
use crate::device::feedback::{self, Feedback};
use crate::goods::product_search::{Chosen, ProductSearch};
use crate::goods::search_results::products;
use crate::route::{Route, use_query};
use crate::ui::button::resting_button;
use crate::ui::icon::{Glyph, icon};
use crate::ui::page_head::PageHead;
use crate::ui::placeholder::Placeholder;
use crate::ui::quantity_sheet::QuantitySheet;
use crate::ui::save_failure::save_failure;
use crate::use_today::use_today;
use crate::words::format;
use crate::words::language::{t, tf};

/// The page.
#[component]
pub(crate) fn CheckoutPage() -> Html {
    let window = use_cart();
    let cart = window.shown.clone();
    let views = use_state(Views::new);
    let typing = use_state(|| None::<Uuid>);
    let (sites, to_site) = (use_destinations(), use_state(|| None::<String>));
    let placing = use_placing(&window, &views, &to_site);
    let change = {
        let (dispatcher, fault) = (window.dispatcher(), placing.fault.setter());
        Callback::from(move |change: CartChange| {
            fault.set(None);
            dispatcher.dispatch(CartStep::Change(change));
        })
    };
    let (answers, today) = (use_answers(), use_today());
    let on_found = on_found(&change, &answers, today);
    let context = (change.clone(), placing.place.clone(), answers, today);
    let on_scan = use_callback(context, |found, (change, place, answers, today)| match found {
        Found::Lot(lot, _) => answers.refuses(&lot, *today),
        Found::Product(id, scanned) => {
            feedback::give(Feedback::Right);
            change.emit(CartChange::Add(id, scanned));
            true
        }
        Found::Command(Command::Save) => {
            place.emit(());
            true
        }
        _ => false,
    });
    use_scan_target(ScanTarget { on_scan });
    let on_view = use_learned(&views);
    use_added(&window);
    html! {
        <div class="page checkout" data-test="checkout">
            <PageHead title={t("Sell")} />
            <div class="checkout-grid">
                <div class="checkout-main">
                    <ProductSearch {on_found} label={t("Scan or search products to sell")} test="order-search" />
                    if cart.lines.is_empty() {
                        { empty(placing.placed.as_ref()) }
                    } else {
                        <ul class="cart" data-test="cart" aria-label={t("Order")}>
                            for line in &cart.lines {
                                <CartLineCard key={line.product.to_string()} on_change={change.clone()}
                                    on_view={on_view.clone()} on_type={type_into(&typing, line)}
                                    fault={fault_of(&placing.fault, line.product)} line={line.clone()} />
                            }
                        </ul>
                    }
                </div>
                { summary(&cart, &views, &placing, destination(&sites, &to_site), to_site.as_deref()) }
            </div>
            if let Some(line) = cart.lines.iter().find(|line| Some(line.product) == *typing) {
                { quantity_sheet(line, &views, &change, &typing) }
            }
        </div>
    }
}

/// Adds what was chosen in the search, unless it is a lot that is not for use.
fn on_found(change: &Callback<CartChange>, answers: &Answers, today: CalendarDate) -> Callback<Chosen> {
    let (change, answers) = (change.clone(), answers.clone());
    Callback::from(move |(id, lot): Chosen| {
        if !lot.as_ref().is_some_and(|lot| answers.refuses(lot, today)) {
            change.emit(CartChange::Add(id, Scanned::chosen(lot.as_deref())));
        }
    })
}

fn type_into(typing: &UseStateHandle<Option<Uuid>>, line: &CartLine) -> Callback<()> {
    let (setter, product) = (typing.setter(), line.product);
    Callback::from(move |()| setter.set(Some(product)))
}

fn quantity_sheet(
    line: &CartLine,
    views: &Views,
    change: &Callback<CartChange>,
    typing: &UseStateHandle<Option<Uuid>>,
) -> Html {
    let view = view_of(views, line.product);
    let (name, unit) =
        view.map(|view| (view.product.name.clone(), view.product.unit.clone())).unwrap_or_default();
    let (setter, product) = (typing.setter(), line.product);
    let on_close = Callback::from(move |()| setter.set(None));
    let on_done = change.reform(move |quantity| CartChange::Quantity(product, quantity));
    html! { <QuantitySheet {name} {unit} quantity={line.quantity} {on_close} {on_done} /> }
}

/// Adds the product of `?add=`, a new one whose code was unknown here. The address is replaced, so that a reload does
/// not add it again.
#[hook]
fn use_added(window: &UseReducerHandle<CartWindow>) {
    let (navigator, dispatcher, add) = (use_navigator(), window.dispatcher(), use_query("add"));
    use_effect_with(add, move |add| {
        let id = add.as_deref().and_then(|id| id.parse().ok());
        if let (Some(id), Some(navigator)) = (id, navigator) {
            navigator.replace(&Route::Checkout);
            dispatcher.dispatch(CartStep::Change(CartChange::Add(id, Scanned::default())));
        }
    });
}

fn fault_of(fault: &UseStateHandle<Option<OrderFault>>, product: Uuid) -> Option<AttrValue> {
    fault.as_ref().filter(|fault| fault.line == Some(product)).map(|fault| fault.sentence.clone())
}

/// Stores the products that the lines have loaded.
#[hook]
fn use_learned(views: &UseStateHandle<Views>) -> Callback<Rc<Option<ProductView>>> {
    let views = views.clone();
    use_callback((), move |view: Rc<Option<ProductView>>, ()| {
        if let Some(id) = view.as_ref().as_ref().map(|view| view.product.id) {
            let mut known = (*views).clone();
            known.retain(|other| other.as_ref().as_ref().is_some_and(|other| other.product.id != id));
            known.push(view);
            views.set(known);
        }
    })
}

fn empty(placed: Option<&AttrValue>) -> Html {
    let placeholder = match placed {
        Some(placed) => Placeholder {
            glyph: Glyph::Tick,
            title: t("Saved on this device"),
            text: placed,
            test: "order-placed",
        },
        None => Placeholder {
            glyph: Glyph::Cart,
            title: t("Nothing in this order yet"),
            text: t("Scan goods one after another, or type a name."),
            test: "empty-cart",
        },
    };
    placeholder.view(Html::default())
}

fn summary(cart: &Cart, views: &Views, placing: &Placing, destination: Html, to_site: Option<&str>) -> Html {
    let whole =
        placing.fault.as_ref().filter(|fault| fault.line.is_none()).map(|fault| fault.sentence.clone());
    let is_ready =
        !cart.lines.is_empty() && cart.lines.iter().all(|line| view_of(views, line.product).is_some());
    let total = placing.total.as_ref().map_or_else(|| "–".to_owned(), format::money);
    let word =
        to_site.map_or_else(|| t("Save order").to_owned(), |site| tf("Send to {site}", &[("site", &site)]));
    let face = html! { <>{ icon(Glyph::Cart) }{ word }</> };
    html! {
        <aside class="actions summary" aria-label={t("Total")}>
            <div aria-live="polite">
                if !cart.lines.is_empty() {
                    <p class="summary-line">
                        <span>{ products(cart.lines.len()) }</span>
                        <b class="huge" data-test="order-total">{ total }</b>
                    </p>
                }
            </div>
            if !cart.lines.is_empty() { { destination } }
            { save_failure(whole) }
            { resting_button(placing.is_busy || !is_ready, "button primary", face, placing.place.reform(|_| ()), "place-order") }
        </aside>
    }
}
