//! The cart, as all windows have it.

use gloo_events::EventListener;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::cart::CartChange;
use super::cart_store::{CartStep, CartWindow, LocalShelf, sale_id};
use crate::use_book::use_book;

/// Events of the window at which the cart is read again: another window stored something, or this one comes
/// back from where it hears nothing.
const NEWS: [&str; 3] = ["storage", "pageshow", "focus"];

/// The cart, and its changes in this window and in others.
#[hook]
pub(crate) fn use_cart() -> UseReducerHandle<CartWindow> {
    let cart = use_reducer_eq(|| CartWindow::open(&LocalShelf));
    let dispatcher = cart.dispatcher();
    use_effect_with((), move |()| {
        let listen = |window: &web_sys::Window, event: &'static str| {
            let dispatcher = dispatcher.clone();
            EventListener::new(window, event, move |_| dispatcher.dispatch(CartStep::Refresh))
        };
        let listeners = web_sys::window().map(|window| NEWS.map(|event| listen(&window, event)));
        move || drop(listeners)
    });
    use_order_id(&cart);
    cart
}

/// Gives a new order its id. Takes out a sale that is saved already, which is left over if the browser was
/// killed between the two.
#[hook]
fn use_order_id(cart: &UseReducerHandle<CartWindow>) {
    let book = use_book();
    let (dispatcher, cart) = (cart.dispatcher(), cart.shown.clone());
    use_effect_with(cart.order, move |order| {
        if order.is_none() {
            return dispatcher.dispatch(CartStep::Change(CartChange::Begin(book.new_id())));
        }
        let Some(sale) = sale_id(&cart) else { return };
        spawn_local(async move {
            // An error of the store is shown when the sale is saved.
            if let Ok(Some(_)) = book.placed_order(sale).await {
                let (sold, next) = ((*cart).clone(), book.new_id());
                dispatcher.dispatch(CartStep::Change(CartChange::Sold { sold, next }));
            }
        });
    });
}
