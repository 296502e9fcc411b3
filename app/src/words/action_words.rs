//! A mutation in words: `Picked 5`, `Lot L0A41C · B-07-3`, `−5`.

use domain::{Action, CodeSighting, LotRef, Quantity};
use uuid::Uuid;

use super::field_names::field_names;
use super::format;
use super::language::{key, t, tf, tn};
use super::movement_words::reason_words;

/// A mutation in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ActionWords {
    /// The action, in the past tense.
    pub(crate) what: String,
    /// The product whose name completes it.
    pub(crate) product: Option<Uuid>,
    /// The name, if the mutation contains it.
    pub(crate) name: Option<String>,
    /// The lot and its place, or other distinguishing details.
    pub(crate) place: String,
    /// The change of the quantity.
    pub(crate) change: Option<String>,
}

impl ActionWords {
    /// `Picked 5 · Oat drink 1 l`, with the product's name if it is known.
    pub(crate) fn title(&self, name: Option<&str>) -> String {
        match self.name.as_deref().or(name) {
            Some(name) => tf("{what} · {name}", &[("what", &self.what), ("name", &name)]),
            None => self.what.clone(),
        }
    }

    /// Adds the reason, if there is one.
    fn because(self, reason: &str) -> Self {
        let said = [self.place.as_str(), reason].into_iter().filter(|text| !text.is_empty());
        Self { place: said.collect::<Vec<_>>().join(" · "), ..self }
    }

    fn on_product(what: &str, product: Uuid) -> Self {
        Self { what: what.to_owned(), product: Some(product), name: None, place: String::new(), change: None }
    }

    /// An action that is not about a product.
    fn without_goods(what: &str, place: &str) -> Self {
        Self { what: what.to_owned(), product: None, name: None, place: place.to_owned(), change: None }
    }

    fn on_lot(what: String, lot: &LotRef, change: Option<String>) -> Self {
        let place = tf("Lot {lot} · {bin}", &[("lot", &lot.lot_code), ("bin", &lot.location)]);
        Self { what, product: Some(lot.product_id), name: None, place, change }
    }
}

/// The words for a mutation.
pub(crate) fn in_words(action: &Action) -> ActionWords {
    match action {
        Action::CreateProduct(product) => ActionWords {
            name: Some(product.name.clone()),
            place: product.sku.clone(),
            ..ActionWords::on_product(t("New product"), product.id)
        },
        Action::UpdateProduct { id, patch } => {
            ActionWords { place: changed(&patch.fields()), ..ActionWords::on_product(t("Edited"), *id) }
        }
        Action::DeleteProduct { id } => ActionWords::on_product(t("Deleted product"), *id),
        Action::CreateLot { lot, .. } => ActionWords::on_lot(t("New lot").to_owned(), lot, None),
        Action::UpdateLot { lot, patch } => ActionWords::on_lot(changed(&patch.fields()), lot, None),
        Action::DeleteLot { lot } => ActionWords::on_lot(t("Deleted lot").to_owned(), lot, None),
        Action::ReceiveLot { lot, quantity, .. } => ActionWords::on_lot(
            with_quantity(key("Received {quantity}"), *quantity),
            lot,
            Some(format::signed(*quantity)),
        ),
        Action::PickLot { lot, quantity, reason } => {
            let change = Some(format::signed(-*quantity));
            let words = ActionWords::on_lot(with_quantity(key("Picked {quantity}"), *quantity), lot, change);
            words.because(&reason_words(reason))
        }
        Action::PutAwayLot { lot, to, quantity } => {
            transferred(key("Put away {quantity}"), lot, to, *quantity)
        }
        Action::MoveLot { lot, to, quantity } => transferred(key("Moved {quantity}"), lot, to, *quantity),
        Action::AdjustLot { lot, delta, reason, .. } => {
            let words = ActionWords::on_lot(t("Adjusted").to_owned(), lot, Some(format::signed(*delta)));
            words.because(&reason_words(reason))
        }
        Action::CountLot { lot, counted, .. } => ActionWords::on_lot(
            with_quantity(key("Counted {quantity}"), *counted),
            lot,
            Some(format::quantity(*counted)),
        ),
        Action::ResolveException { product_id, lot, reason, .. } => {
            let words = match lot {
                Some(lot) => ActionWords::on_lot(t("Resolved").to_owned(), lot, None),
                None => ActionWords::on_product(t("Resolved"), *product_id),
            };
            words.because(reason)
        }
        Action::CloseDelivery { reason, .. } => {
            ActionWords::without_goods(t("Closed a delivery"), t("Nothing more is expected")).because(reason)
        }
        Action::ReportCode(CodeSighting { code, .. }) => ActionWords::without_goods(t("Unknown code"), code),
        Action::SettleCode { code } => ActionWords::without_goods(t("Resolved a code"), code),
        Action::CloseConflict { .. } => ActionWords::without_goods(t("Resolved an unbooked change"), ""),
        Action::PlaceOrder(order) => ActionWords {
            what: tf("Order {number}", &[("number", &order.number)]),
            product: None,
            name: None,
            place: tn(order.lines.len(), "{n} line", "{n} lines"),
            change: Some(format::money(&order.total())),
        },
    }
}

fn changed(fields: &[&str]) -> String {
    tf("Changed {fields}", &[("fields", &field_names(fields))])
}

fn with_quantity(english: &'static str, quantity: Quantity) -> String {
    tf(english, &[("quantity", &format::quantity(quantity))])
}

fn transferred(what: &'static str, lot: &LotRef, to: &str, quantity: Quantity) -> ActionWords {
    let words = ActionWords::on_lot(with_quantity(what, quantity), lot, Some(format::quantity(quantity)));
    let place =
        tf("Lot {lot} · {bin} to {to}", &[("lot", &lot.lot_code), ("bin", &lot.location), ("to", &to)]);
    ActionWords { place, ..words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn describes_action_and_place() {
        let lot = LotRef::new(Uuid::nil(), "L0A41C", "B-07-3");
        let picked = in_words(&Action::PickLot {
            lot: lot.clone(),
            quantity: Quantity::units(5),
            reason: String::new(),
        });
        assert_eq!(picked.title(Some("Oat drink 1 l")), "Picked 5 · Oat drink 1 l");
        assert_eq!(picked.title(None), "Picked 5");
        assert_eq!(picked.place, "Lot L0A41C · B-07-3");
        assert_eq!(picked.change.as_deref(), Some("−5"));
        let moved = in_words(&Action::MoveLot { lot, to: "A-1".into(), quantity: Quantity::units(2) });
        assert_eq!(moved.place, "Lot L0A41C · B-07-3 to A-1");
    }
}
