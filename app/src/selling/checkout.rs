//! Sells: products, variants and quantities, with the lots they are taken from, as one order.

use std::rc::Rc;

use domain::{Action, CalendarDate, Entity, Money, Operation, Order};
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::cart::{Cart, CartChange, CartLine, Taking};
use super::cart_line::CartLineCard;
use super::cart_store;
use crate::book::Book;
use crate::book::views::ProductView;
use crate::desk::command::Command;
use crate::desk::record_faults::not_recorded;
use crate::desk::scan::Scanned;
use crate::desk::scan_target::use_scan_target;
use crate::desk::scanner::{Found, ScanTarget};
use crate::desk::undo::undo;
use crate::device::feedback::{self, Feedback};
use crate::goods::product_names::rows_of;
use crate::goods::product_search::{ProductSearch, products};
use crate::ui::button::resting_button;
use crate::ui::icon::{Glyph, icon};
use crate::ui::page_head::PageHead;
use crate::ui::placeholder::Placeholder;
use crate::ui::quantity_sheet::QuantitySheet;
use crate::ui::save_failure::save_failure;
use crate::ui::toasts::{Toast, use_toasts};
use crate::ui::use_clock::use_today;
use crate::use_book::use_book;
use crate::words::format;
use crate::words::language::{t, tf};
use crate::words::reasons::reason;

/// The loaded products of the order, each once.
type Views = Vec<Rc<Option<ProductView>>>;

fn view_of(views: &Views, product: Uuid) -> Option<&ProductView> {
    views.iter().find_map(|view| view.as_ref().as_ref().filter(|view| view.product.id == product))
}

/// The reason why an order cannot be placed: for the whole order or for one of its lines.
#[derive(Clone, Debug, Default, PartialEq)]
struct OrderFault {
    line: Option<Uuid>,
    sentence: AttrValue,
}

impl OrderFault {
    fn whole(sentence: impl Into<AttrValue>) -> Self {
        Self { line: None, sentence: sentence.into() }
    }

    fn of_line(line: Uuid, sentence: impl Into<AttrValue>) -> Self {
        Self { line: Some(line), sentence: sentence.into() }
    }
}

/// The page.
#[component]
pub(crate) fn CheckoutPage() -> Html {
    let cart = use_reducer_eq(cart_store::load);
    let views = use_state(Views::new);
    let typing = use_state(|| None::<Uuid>);
    let placing = use_placing(&cart, &views);
    use_effect_with((*cart).clone(), cart_store::keep);
    use_order_id(&cart);
    let change = {
        let (dispatcher, fault) = (cart.dispatcher(), placing.fault.setter());
        Callback::from(move |change: CartChange| {
            fault.set(None);
            dispatcher.dispatch(change);
        })
    };
    let on_found = change.reform(|id| CartChange::Add(id, Scanned::default()));
    let on_scan =
        use_callback((change.clone(), placing.place.clone()), |found, (change, place)| match found {
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
    html! {
        <div class="page checkout" data-test="checkout">
            <PageHead title={t("Sell")} />
            <div class="checkout-grid">
                <div class="checkout-main">
                    <ProductSearch {on_found} label={t("Scan or type what is sold")} test="order-search" />
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
                { summary(&cart, &views, &placing) }
            </div>
            if let Some(line) = cart.lines.iter().find(|line| Some(line.product) == *typing) {
                { quantity_sheet(line, &views, &change, &typing) }
            }
        </div>
    }
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

/// Gives a new order its id. Clears a cart whose order is saved already, which is left over if the browser
/// was killed before the cart was cleared.
#[hook]
fn use_order_id(cart: &UseReducerHandle<Cart>) {
    let book = use_book();
    let dispatcher = cart.dispatcher();
    use_effect_with(cart.order, move |order| {
        let order = *order;
        spawn_local(async move {
            match order {
                None => dispatcher.dispatch(CartChange::Begin(book.new_id())),
                Some(order) if book.has_order(order).await => dispatcher.dispatch(CartChange::Clear),
                Some(_) => {}
            }
        });
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

/// The order's lines from the data loaded so far.
fn read_order(
    cart: &Cart,
    views: &Views,
    today: CalendarDate,
) -> Result<(String, Vec<domain::OrderLine>), OrderFault> {
    let mut currency: Option<String> = None;
    let mut lines = Vec::new();
    for line in &cart.lines {
        let view = view_of(views, line.product).ok_or_else(|| {
            OrderFault::of_line(
                line.product,
                t("This product is not known here (any more). Take it out of the order."),
            )
        })?;
        let product = &view.product;
        let first = currency.get_or_insert_with(|| product.currency.clone());
        if *first != product.currency {
            let sentence = tf(
                "Its price is in {currency}, the order's is in {other}. Sell it in an order of its own.",
                &[("currency", &product.currency), ("other", first)],
            );
            return Err(OrderFault::of_line(line.product, sentence));
        }
        let taking = Taking::of(line, &rows_of(view), today);
        let taken = taking.order_lines(line, product.price_minor);
        lines.extend(taken.map_err(|sentence| OrderFault::of_line(line.product, sentence))?);
    }
    Ok((currency.unwrap_or_default(), lines))
}

/// The sum of the loaded lines; `None` for mixed currencies.
fn total(cart: &Cart, views: &Views, today: CalendarDate) -> Option<Money> {
    let mut total: Option<Money> = None;
    for line in &cart.lines {
        let Some(view) = view_of(views, line.product) else { continue };
        let price =
            Taking::of(line, &rows_of(view), today).price(view.product.price_minor, &view.product.currency);
        total = match total {
            None => Some(price),
            Some(sum) if sum.currency == price.currency => {
                Some(Money { minor: sum.minor.saturating_add(price.minor), ..sum })
            }
            Some(_) => return None,
        };
    }
    total
}

struct Placing {
    is_busy: bool,
    fault: UseStateHandle<Option<OrderFault>>,
    /// The order placed last, shown until the next order begins.
    placed: Option<AttrValue>,
    total: Option<Money>,
    place: Callback<()>,
}

#[hook]
fn use_placing(cart: &UseReducerHandle<Cart>, views: &UseStateHandle<Views>) -> Placing {
    let (book, toasts, today) = (use_book(), use_toasts(), use_today());
    let is_busy = use_state(bool::default);
    let fault = use_state(|| None::<OrderFault>);
    let placed = use_state(Option::<AttrValue>::default);
    let place = {
        let (cart, views) = (cart.clone(), views.clone());
        let (is_busy, fault, placed) = (is_busy.clone(), fault.clone(), placed.clone());
        Callback::from(move |()| {
            let (currency, lines) = match read_order(&cart, &views, today) {
                Ok(read) if !*is_busy => read,
                Ok(_) => return,
                Err(found) => return fault.set(Some(found)),
            };
            is_busy.set(true);
            let id = cart.order.unwrap_or_else(|| book.new_id());
            let (book, toasts, cart) = (book.clone(), toasts.clone(), cart.dispatcher());
            let (is_busy, fault, placed) = (is_busy.clone(), fault.clone(), placed.clone());
            spawn_local(async move {
                match save_order(&book, id, currency, lines).await {
                    Ok((mutation, said)) => {
                        feedback::give(Feedback::Saved);
                        let undo = undo(&book, &toasts, vec![mutation]);
                        toasts.show(Toast::saved(said.clone()).offering(t("Undo"), undo));
                        placed.set(Some(said.into()));
                        fault.set(None);
                        cart.dispatch(CartChange::Clear);
                    }
                    Err(sentence) => fault.set(Some(OrderFault::whole(sentence))),
                }
                is_busy.set(false);
            });
        })
    };
    Placing { is_busy: *is_busy, total: total(cart, views, today), placed: (*placed).clone(), fault, place }
}

/// Saves an order and returns its mutation and the text of the toast.
async fn save_order(
    book: &Book,
    id: Uuid,
    currency: String,
    lines: Vec<domain::OrderLine>,
) -> Result<(Uuid, String), String> {
    let number = book.next_order_number().await.map_err(|error| not_recorded(&error, None))?;
    let order = Order { id, number, currency, lines };
    let action = Action::PlaceOrder(order.clone());
    order.validate().map_err(|refusal| reason(&action, refusal.code, &refusal.message))?;
    let said = tf(
        "Order {number} · {total}",
        &[("number", &order.number), ("total", &format::money(&order.total()))],
    );
    let mutation = book
        .queue_mutation(Operation::Place, Entity::Order, order.id, &order)
        .await
        .map_err(|error| not_recorded(&error, Some(&action)))?;
    Ok((mutation.id, said))
}

fn summary(cart: &Cart, views: &Views, placing: &Placing) -> Html {
    let whole =
        placing.fault.as_ref().filter(|fault| fault.line.is_none()).map(|fault| fault.sentence.clone());
    let is_ready =
        !cart.lines.is_empty() && cart.lines.iter().all(|line| view_of(views, line.product).is_some());
    let total = placing.total.as_ref().map_or_else(|| "–".to_owned(), format::money);
    let face = html! { <>{ icon(Glyph::Cart) }{ t("Save order") }</> };
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
            { save_failure(whole) }
            { resting_button(placing.is_busy || !is_ready, "button primary", face, placing.place.reform(|_| ()), "place-order") }
        </aside>
    }
}
