//! Saves the cart as an order, once.

use std::rc::Rc;

use browser::WebLock;
use domain::{Action, CalendarDate, Entity, Money, NAMES, Operation, Order, OrderLine};
use sync::{Mutation, Turn};
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::cart::{Cart, CartChange, Taking};
use super::cart_store::{CartStep, CartWindow, LocalShelf, sale_id};
use crate::book::Book;
use crate::book::views::ProductView;
use crate::desk::record_faults::not_recorded;
use crate::desk::undo::undo;
use crate::device::feedback::{self, Feedback};
use crate::goods::product_names::rows_of;
use crate::ui::toasts::{Toast, use_toasts};
use crate::use_book::use_book;
use crate::use_today::use_today;
use crate::words::format;
use crate::words::language::{t, tf};
use crate::words::reasons::reason;

/// Names the Web Lock that a window holds while it saves the cart.
const LOCK: &str = "cart";

/// The loaded products of the order, each once.
pub(super) type Views = Vec<Rc<Option<ProductView>>>;

pub(super) fn view_of(views: &Views, product: Uuid) -> Option<&ProductView> {
    views.iter().find_map(|view| view.as_ref().as_ref().filter(|view| view.product.id == product))
}

/// The reason why an order cannot be placed: for the whole order or for one of its lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct OrderFault {
    pub(super) line: Option<Uuid>,
    pub(super) sentence: AttrValue,
}

impl OrderFault {
    fn whole(sentence: impl Into<AttrValue>) -> Self {
        Self { line: None, sentence: sentence.into() }
    }

    fn of_line(line: Uuid, sentence: impl Into<AttrValue>) -> Self {
        Self { line: Some(line), sentence: sentence.into() }
    }
}

/// The state of saving, and its start.
pub(super) struct Placing {
    pub(super) is_busy: bool,
    pub(super) fault: UseStateHandle<Option<OrderFault>>,
    /// The order placed last, shown until the next order begins.
    pub(super) placed: Option<AttrValue>,
    pub(super) total: Option<Money>,
    pub(super) place: Callback<()>,
}

/// A cart as it was when a person pressed the button.
struct Sale {
    cart: Rc<Cart>,
    /// Whether it was the stored cart, too. Another window may just have changed that one.
    is_current: bool,
    currency: String,
    lines: Vec<OrderLine>,
    /// The site that the goods go to; none for a sale.
    to_site: Option<String>,
}

/// Saving the cart as it is shown, for the site that is chosen.
#[hook]
pub(super) fn use_placing(
    window: &UseReducerHandle<CartWindow>,
    views: &UseStateHandle<Views>,
    to_site: &UseStateHandle<Option<String>>,
) -> Placing {
    let (book, toasts, today) = (use_book(), use_toasts(), use_today());
    let is_busy = use_state(bool::default);
    let fault = use_state(|| None::<OrderFault>);
    let placed = use_state(Option::<AttrValue>::default);
    let place = {
        let (window, views, to_site) = (window.clone(), views.clone(), to_site.clone());
        let (is_busy, fault, placed) = (is_busy.clone(), fault.clone(), placed.clone());
        Callback::from(move |()| {
            let cart = window.shown.clone();
            let (currency, lines) = match read_order(&cart, &views, today) {
                Ok(read) if !*is_busy => read,
                Ok(_) => return,
                Err(found) => return fault.set(Some(found)),
            };
            is_busy.set(true);
            let (is_current, to_site) = (window.current(&LocalShelf) == *cart, to_site.clone());
            let sale = Sale { is_current, cart, currency, lines, to_site: (*to_site).clone() };
            let (book, toasts, window) = (book.clone(), toasts.clone(), window.clone());
            let (is_busy, fault, placed) = (is_busy.clone(), fault.clone(), placed.clone());
            spawn_local(async move {
                match save_sale(&book, &window, sale).await {
                    Ok((mutation, said)) => {
                        feedback::give(Feedback::Saved);
                        let undo = undo(&book, &toasts, vec![mutation]);
                        toasts.show(Toast::saved(said.clone()).offering(t("Undo"), undo));
                        placed.set(Some(said.into()));
                        to_site.set(None);
                        fault.set(None);
                    }
                    Err(sentence) => fault.set(Some(OrderFault::whole(sentence))),
                }
                is_busy.set(false);
            });
        })
    };
    let total = total(&window.shown, views, today);
    Placing { is_busy: *is_busy, total, placed: (*placed).clone(), fault, place }
}

/// The order's lines from the data loaded so far.
fn read_order(
    cart: &Cart,
    views: &Views,
    today: CalendarDate,
) -> Result<(String, Vec<OrderLine>), OrderFault> {
    let mut currency: Option<String> = None;
    let mut lines = Vec::new();
    for line in &cart.lines {
        let view = view_of(views, line.product).ok_or_else(|| {
            OrderFault::of_line(line.product, t("This product no longer exists. Remove it from the order."))
        })?;
        let product = &view.product;
        let first = currency.get_or_insert_with(|| product.currency.clone());
        if *first != product.currency {
            let sentence = tf(
                "Priced in {currency}, but this order is in {other}. Sell it in a separate order.",
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

/// Saves a sale as an order, and takes it out of the cart of all windows. Returns its mutation and the text of the
/// toast; if another window was first, those of that order.
async fn save_sale(
    book: &Book,
    window: &UseReducerHandle<CartWindow>,
    sale: Sale,
) -> Result<(Uuid, String), String> {
    // Without it, two windows would save the same sale at the same time.
    let held = WebLock::of_part(&NAMES, LOCK).take(false).await;
    if held.is_none() {
        return Err(t("Another window is saving this order. Wait a moment.").to_owned());
    }
    let Sale { cart, is_current, currency, lines, to_site } = sale;
    let id = sale_id(&cart).ok_or_else(|| t("Nothing in this order yet").to_owned())?;
    let before = book.placed_order(id).await.map_err(|error| not_recorded(&error, None))?;
    let saved = match before {
        Some(placed) => placed,
        // While this one waited, another window may have sold what is in it.
        None if is_current && window.current(&LocalShelf).order == cart.order => {
            save_order(book, Order { id, number: String::new(), currency, lines, to_site }).await?
        }
        None => {
            window.dispatch(CartStep::Refresh);
            return Err(t("This order was changed in another window. Check it, then save again.").to_owned());
        }
    };
    let (sold, next) = ((*cart).clone(), book.new_id());
    window.dispatch(CartStep::Change(CartChange::Sold { sold, next }));
    Ok((saved.id, said(&saved)))
}

/// Saves an order under the next number.
async fn save_order(book: &Book, order: Order) -> Result<Mutation<Action>, String> {
    let number = book.next_order_number().await.map_err(|error| not_recorded(&error, None))?;
    let order = Order { number, ..order };
    let action = Action::PlaceOrder(order.clone());
    order.validate().map_err(|refusal| reason(&action, refusal.code, &refusal.message))?;
    book.queue_mutation(Operation::Place, Entity::Order, order.id, &order)
        .await
        .map_err(|error| not_recorded(&error, Some(&action)))
}

fn said(placed: &Mutation<Action>) -> String {
    let Action::PlaceOrder(order) = &placed.action else { return String::new() };
    if let Some(site) = &order.to_site {
        return tf("Order {number} · to {site}", &[("number", &order.number), ("site", site)]);
    }
    tf("Order {number} · {total}", &[("number", &order.number), ("total", &format::money(&order.total()))])
}
