//! The draft order that all windows of the device share, stored across reloads. It is only a draft: losing it
//! loses typed input, never stock.

use std::rc::Rc;

use domain::Quantity;
use uuid::Uuid;
use yew::Reducible;

use super::cart::{Cart, CartChange, CartLine};
use crate::words::local_storage;

const KEY: &str = "lotbook.cart";

/// An order's id and its lines, as a [`CartLine`]'s fields in their order.
type Draft = (Option<Uuid>, Vec<(Uuid, Quantity, String, bool, String, String)>);

/// Stores one text for all windows.
pub(crate) trait Shelf {
    /// The text, if there is one.
    fn text(&self) -> Option<String>;
    /// Stores it; false if that failed.
    fn put(&self, text: &str) -> bool;
}

/// The browser's `localStorage`.
pub(crate) struct LocalShelf;

impl Shelf for LocalShelf {
    fn text(&self) -> Option<String> {
        local_storage::text(KEY)
    }

    fn put(&self, text: &str) -> bool {
        local_storage::try_keep_text(KEY, text)
    }
}

/// The cart as a window shows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CartWindow {
    pub(crate) shown: Rc<Cart>,
    /// Whether the last change was stored. A browser may store nothing: then each window has its own cart.
    is_stored: bool,
}

/// A reason to draw the cart again.
pub(crate) enum CartStep {
    /// A change in this window.
    Change(CartChange),
    /// Another window may have changed it.
    Refresh,
}

impl CartWindow {
    /// The stored cart; an empty one if there is none that can be parsed.
    pub(crate) fn open(shelf: &impl Shelf) -> Self {
        Self { shown: Rc::new(stored(shelf).unwrap_or_default()), is_stored: true }
    }

    /// The cart as the windows have it now.
    pub(crate) fn current(&self, shelf: &impl Shelf) -> Cart {
        let shared = if self.is_stored { stored(shelf) } else { None };
        shared.unwrap_or_else(|| (*self.shown).clone())
    }

    /// Shows what other windows changed.
    pub(crate) fn refreshed(&self, shelf: &impl Shelf) -> Self {
        Self { shown: Rc::new(self.current(shelf)), is_stored: self.is_stored }
    }

    /// Changes the cart as it is now, not as it is shown: another window may have changed it.
    pub(crate) fn changed(&self, change: CartChange, shelf: &impl Shelf) -> Self {
        let mut cart = self.current(shelf);
        cart.change(change);
        let is_stored = text_of(&cart).is_some_and(|text| shelf.put(&text));
        Self { shown: Rc::new(cart), is_stored }
    }
}

impl Reducible for CartWindow {
    type Action = CartStep;

    fn reduce(self: Rc<Self>, step: CartStep) -> Rc<Self> {
        Rc::new(match step {
            CartStep::Change(change) => self.changed(change, &LocalShelf),
            CartStep::Refresh => self.refreshed(&LocalShelf),
        })
    }
}

/// The id of the sale that a cart is: that of the order with these lines. So the same sale, saved twice or in two
/// windows, is one; one with other lines is another. `None` if there is nothing to sell.
pub(crate) fn sale_id(cart: &Cart) -> Option<Uuid> {
    let order = cart.order.filter(|_| !cart.lines.is_empty())?;
    Some(Uuid::new_v5(&order, text_of(cart)?.as_bytes()))
}

fn stored(shelf: &impl Shelf) -> Option<Cart> {
    serde_json::from_str(&shelf.text()?).ok().map(cart_of)
}

fn text_of(cart: &Cart) -> Option<String> {
    serde_json::to_string(&draft_of(cart)).ok()
}

fn draft_of(cart: &Cart) -> Draft {
    let lines = cart.lines.iter().cloned().map(|line| {
        let CartLine { product, quantity, scanned_lot, sells_short, found_lot, found_location } = line;
        (product, quantity, scanned_lot, sells_short, found_lot, found_location)
    });
    (cart.order, lines.collect())
}

fn cart_of((order, lines): Draft) -> Cart {
    let line_of = |(product, quantity, scanned_lot, sells_short, found_lot, found_location)| CartLine {
        product,
        quantity,
        scanned_lot,
        sells_short,
        found_lot,
        found_location,
    };
    Cart { order, lines: lines.into_iter().map(line_of).collect() }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;
    use crate::desk::scan::Scanned;

    const TEA: Uuid = Uuid::from_u128(1);
    const OATS: Uuid = Uuid::from_u128(2);
    const ORDER: Uuid = Uuid::from_u128(8);
    const NEXT: Uuid = Uuid::from_u128(9);

    #[derive(Default)]
    struct Memory {
        text: RefCell<Option<String>>,
        is_full: Cell<bool>,
    }

    impl Shelf for Memory {
        fn text(&self) -> Option<String> {
            self.text.borrow().clone()
        }

        fn put(&self, text: &str) -> bool {
            if !self.is_full.get() {
                self.text.replace(Some(text.to_owned()));
            }
            !self.is_full.get()
        }
    }

    fn add(product: Uuid) -> CartChange {
        CartChange::Add(product, Scanned::default())
    }

    fn products(window: &CartWindow) -> Vec<Uuid> {
        window.shown.lines.iter().map(|line| line.product).collect()
    }

    /// Two windows, opened before anything is in the cart.
    fn two(shelf: &Memory) -> [CartWindow; 2] {
        let windows = [(CartWindow::open(shelf), ORDER), (CartWindow::open(shelf), NEXT)];
        windows.map(|(window, order)| window.changed(CartChange::Begin(order), shelf))
    }

    #[test]
    fn a_cart_is_restored_unchanged() {
        let line = CartLine {
            product: TEA,
            quantity: Quantity(1_500),
            scanned_lot: "L2".into(),
            sells_short: true,
            found_lot: "L1".into(),
            found_location: "B-2".into(),
        };
        let cart = Cart { order: Some(ORDER), lines: vec![line] };
        let shelf = Memory { text: RefCell::new(text_of(&cart)), ..Memory::default() };
        assert_eq!(*CartWindow::open(&shelf).shown, cart);
        shelf.text.replace(Some("{\"lines\":[]}".to_owned()));
        assert_eq!(*CartWindow::open(&shelf).shown, Cart::default());
    }

    #[test]
    fn two_windows_fill_one_cart() {
        let shelf = Memory::default();
        let [one, other] = two(&shelf);
        let one = one.changed(add(TEA), &shelf);
        // The other one has not drawn it yet.
        let other = other.changed(add(OATS), &shelf);
        assert_eq!(products(&other), [TEA, OATS]);
        let one = one.refreshed(&shelf);
        assert_eq!(one, other);
        assert_eq!(one.shown.order, Some(ORDER), "the first to open begins it");
    }

    #[test]
    fn a_sale_in_one_window_empties_the_other_and_the_next_one_is_another_sale() {
        let shelf = Memory::default();
        let [one, other] = two(&shelf);
        let sold = one.changed(add(TEA), &shelf).current(&shelf);
        assert_eq!(sale_id(&other.refreshed(&shelf).shown), sale_id(&sold), "the same sale in both");
        let next = Uuid::from_u128(10);
        let one = one.changed(CartChange::Sold { sold: sold.clone(), next }, &shelf);
        let other = other.refreshed(&shelf);
        assert_eq!((products(&one), products(&other)), (Vec::new(), Vec::new()));
        assert_eq!(sale_id(&other.shown), None, "there is nothing to sell");
        let again = other.changed(add(TEA), &shelf);
        assert_ne!(sale_id(&again.shown), sale_id(&sold), "as much of the same is sold to somebody else");
        assert!(sale_id(&again.shown).is_some());
    }

    #[test]
    fn a_cart_with_other_lines_is_another_sale() {
        let cart = |products: &[Uuid]| {
            let mut cart = Cart { order: Some(ORDER), lines: Vec::new() };
            products.iter().for_each(|product| cart.change(add(*product)));
            cart
        };
        assert_eq!(sale_id(&cart(&[TEA])), sale_id(&cart(&[TEA])));
        assert_ne!(sale_id(&cart(&[TEA])), sale_id(&cart(&[TEA, TEA])));
        assert_ne!(sale_id(&cart(&[TEA])), sale_id(&cart(&[TEA, OATS])));
    }

    #[test]
    fn a_browser_that_stores_nothing_keeps_the_cart_of_the_window() {
        let shelf = Memory::default();
        shelf.is_full.set(true);
        let window = CartWindow::open(&shelf).changed(add(TEA), &shelf).changed(add(OATS), &shelf);
        assert_eq!(products(&window.refreshed(&shelf)), [TEA, OATS]);
    }
}
