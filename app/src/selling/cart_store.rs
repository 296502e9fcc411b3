//! Stores the draft order across reloads. It is only a draft: losing it loses typed input, never stock.

use domain::Quantity;
use uuid::Uuid;

use super::cart::{Cart, CartLine};
use crate::words::local_storage;

const KEY: &str = "lotbook.cart";

/// An order's id and its lines, as a [`CartLine`]'s fields in their order.
type Draft = (Option<Uuid>, Vec<(Uuid, Quantity, String, bool, String, String)>);

/// The stored order; an empty one if there is none that can be parsed.
pub(crate) fn load() -> Cart {
    local_storage::read(KEY).map_or_else(Cart::default, cart_of)
}

/// Stores it.
pub(crate) fn keep(cart: &Cart) {
    local_storage::keep(KEY, &draft_of(cart));
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
    use super::*;

    #[test]
    fn a_cart_is_restored_unchanged() {
        let line = CartLine {
            product: Uuid::from_u128(1),
            quantity: Quantity(1_500),
            scanned_lot: "L2".into(),
            sells_short: true,
            found_lot: "L1".into(),
            found_location: "B-2".into(),
        };
        let cart = Cart { order: Some(Uuid::from_u128(2)), lines: vec![line] };
        let text = serde_json::to_string(&draft_of(&cart)).expect("text");
        assert_eq!(serde_json::from_str(&text).map(cart_of).ok(), Some(cart));
        assert!(serde_json::from_str::<Draft>("{\"lines\":[]}").is_err());
    }
}
