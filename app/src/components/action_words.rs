//! A mutation in the words of the one who did it: `Picked 5`, `Lot L0A41C · B-07-3`, `−5`.

use domain::{Action, LotRef};
use uuid::Uuid;

use crate::format;

/// A mutation in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ActionWords {
    /// What was done, in the past tense.
    pub(crate) what: String,
    /// The product whose name completes it.
    pub(crate) product: Option<Uuid>,
    /// The name, where the mutation carries it itself.
    pub(crate) name: Option<String>,
    /// Which lot, where, or what else tells it from others.
    pub(crate) place: String,
    /// What it does to the quantity.
    pub(crate) change: Option<String>,
}

impl ActionWords {
    /// `Picked 5 · Oat drink 1 l`, given the product's name if it is known.
    pub(crate) fn title(&self, name: Option<&str>) -> String {
        match self.name.as_deref().or(name) {
            Some(name) => format!("{} · {name}", self.what),
            None => self.what.clone(),
        }
    }

    fn on_product(what: &str, product: Uuid) -> Self {
        Self { what: what.to_owned(), product: Some(product), name: None, place: String::new(), change: None }
    }

    fn on_lot(what: String, lot: &LotRef, change: Option<String>) -> Self {
        let place = format!("Lot {} · {}", lot.lot_code, lot.location);
        Self { what, product: Some(lot.product_id), name: None, place, change }
    }
}

/// Puts a mutation into words.
pub(crate) fn in_words(action: &Action) -> ActionWords {
    match action {
        Action::CreateProduct(product) => ActionWords {
            name: Some(product.name.clone()),
            place: product.sku.clone(),
            ..ActionWords::on_product("New product", product.id)
        },
        Action::UpdateProduct { id, patch } => ActionWords {
            place: format!("Changed {}", patch.fields().join(", ")),
            ..ActionWords::on_product("Edited", *id)
        },
        Action::DeleteProduct { id } => ActionWords::on_product("Deleted product", *id),
        Action::CreateLot { lot, .. } => ActionWords::on_lot("New lot".to_owned(), lot, None),
        Action::UpdateLot { lot, patch } => {
            ActionWords::on_lot(format!("Changed {}", patch.fields().join(", ")), lot, None)
        }
        Action::DeleteLot { lot } => ActionWords::on_lot("Deleted lot".to_owned(), lot, None),
        Action::ReceiveLot { lot, quantity, .. } => {
            ActionWords::on_lot(format!("Received {quantity}"), lot, Some(format::signed(*quantity)))
        }
        Action::PickLot { lot, quantity } => {
            ActionWords::on_lot(format!("Picked {quantity}"), lot, Some(format::signed(-*quantity)))
        }
        Action::PutAwayLot { lot, to, quantity } => transferred("Put away", lot, to, quantity.to_string()),
        Action::MoveLot { lot, to, quantity } => transferred("Moved", lot, to, quantity.to_string()),
        Action::AdjustLot { lot, delta, reason } => {
            let words = ActionWords::on_lot("Adjusted".to_owned(), lot, Some(format::signed(*delta)));
            ActionWords { place: format!("{} · {reason}", words.place), ..words }
        }
        Action::CountLot { lot, counted, .. } => {
            ActionWords::on_lot(format!("Counted {counted}"), lot, Some(counted.to_string()))
        }
        Action::PlaceOrder(order) => ActionWords {
            what: format!("Order {}", order.number),
            product: None,
            name: None,
            place: format::counted(order.lines.len(), "line"),
            change: Some(order.total().to_string()),
        },
    }
}

fn transferred(what: &str, lot: &LotRef, to: &str, quantity: String) -> ActionWords {
    let words = ActionWords::on_lot(format!("{what} {quantity}"), lot, Some(quantity));
    ActionWords { place: format!("{} to {to}", words.place), ..words }
}

#[cfg(test)]
mod tests {
    use domain::Quantity;

    use super::*;

    #[test]
    fn says_what_was_done_where() {
        let lot = LotRef::new(Uuid::nil(), "L0A41C", "B-07-3");
        let picked = in_words(&Action::PickLot { lot: lot.clone(), quantity: Quantity::units(5) });
        assert_eq!(picked.title(Some("Oat drink 1 l")), "Picked 5 · Oat drink 1 l");
        assert_eq!(picked.title(None), "Picked 5");
        assert_eq!(picked.place, "Lot L0A41C · B-07-3");
        assert_eq!(picked.change.as_deref(), Some("−5"));
        let moved = in_words(&Action::MoveLot { lot, to: "A-1".into(), quantity: Quantity::units(2) });
        assert_eq!(moved.place, "Lot L0A41C · B-07-3 to A-1");
    }
}
