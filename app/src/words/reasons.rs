//! The reasons for refusals, in the language of the screens. The rules and the server give them in English,
//! with a code.

use domain::{Action, LotRef, MAX_ORDER_LINES, Quantity};

use super::field_names::field_name;
use super::language::{self, key, t, tf};

/// Fields at the beginning of rules' sentences.
const FIELDS: [&str; 11] = [
    key("Lot code"),
    key("Location"),
    key("SKU"),
    key("Name"),
    key("Unit"),
    key("Barcode"),
    key("Family"),
    key("Variant"),
    key("Currency"),
    key("Order number"),
    key("Reason"),
];

/// The sentence for a refusal or an outcome. In English, and for unknown codes, it is `message`.
pub(crate) fn reason(action: &Action, code: &str, message: &str) -> String {
    if language::current() == "en" {
        return message.to_owned();
    }
    anew(action, code, message).unwrap_or_else(|| message.to_owned())
}

/// Like [`reason`], for a rule about one field, whose sentence begins with the field's name.
pub(crate) fn of_field(code: &str, message: &str) -> String {
    if language::current() == "en" {
        return message.to_owned();
    }
    field_rule(code, message).unwrap_or_else(|| message.to_owned())
}

fn anew(action: &Action, code: &str, message: &str) -> Option<String> {
    others_were_first(action, code)
        .or_else(|| order_of_things(code).map(str::to_owned))
        .or_else(|| stock_rule(action, code))
        .or_else(|| field_rule(code, message))
}

/// A conflict with a concurrent change of others.
fn others_were_first(action: &Action, code: &str) -> Option<String> {
    let sentence = match (code, action) {
        ("deleted", Action::CreateLot { .. }) => {
            t("Somebody else deleted the product. Your lot was not saved.")
        }
        ("deleted", _) => t("Somebody else deleted this. Your change was not saved."),
        ("already_deleted", _) => t("It was deleted already."),
        ("changed", _) => t("Somebody else changed this after you opened it. It was not deleted."),
        ("merged", _) => t("Somebody else changed other fields in the meantime. Both changes were kept."),
        ("sku_taken", _) => {
            let sku = sku_of(action).unwrap_or_default();
            return Some(tf(
                "SKU {sku} belongs to another product already. Choose another one.",
                &[("sku", &sku)],
            ));
        }
        ("exists", Action::CreateProduct(product)) => {
            return Some(tf("{name} is in the book already.", &[("name", &product.name)]));
        }
        ("exists", Action::PlaceOrder(order)) => {
            return Some(tf("Order {number} is in the book already.", &[("number", &order.number)]));
        }
        _ => {
            let field = code.strip_suffix("_changed")?.replace('_', " ");
            return Some(tf(
                "Somebody else changed the {field} after you opened it. Your change was not saved.",
                &[("field", &field_name(&field))],
            ));
        }
    };
    Some(sentence.to_owned())
}

/// The mutation came too late or too early to be booked.
fn order_of_things(code: &str) -> Option<&'static str> {
    Some(match code {
        "held" => t(
            "The entry that this one builds on was not saved. Settle that one first, then try this one again.",
        ),
        "already_booked" => t(
            "It had reached the server before you undid it, so it is booked. To reverse it, record the opposite.",
        ),
        "too_late" => t("Later entries of this device are booked already. Record this one again."),
        "seq_reused" => t("The number of this entry was used for another one already. Record it again."),
        "unknown_product" => t("The server does not know this product. Create it first, then try again."),
        _ => return None,
    })
}

/// A rule about lots and quantities.
fn stock_rule(action: &Action, code: &str) -> Option<String> {
    let at_lot = |english: &'static str| {
        lot_of(action).map(|lot| tf(english, &[("lot", &lot.lot_code), ("bin", &lot.location)]))
    };
    match code {
        "exists" => at_lot(key("There is lot {lot} at {bin} already.")),
        "not_found" => at_lot(key("There is no lot {lot} at {bin} (any more)."))
            .or_else(|| Some(t("This product is not in the book (any more).").to_owned())),
        "has_stock" => Some(t("There is still stock of it. Move, pick or adjust it first.").to_owned()),
        "same_location" => destination(action)
            .map(|to| tf("The goods are in {bin} already. Choose another location.", &[("bin", &to)])),
        "below_zero" => at_lot(key("There is less than nothing in lot {lot} at {bin} now. Count it.")),
        "moved_while_counted" => at_lot(key(
            "Others booked on lot {lot} at {bin} while you counted. The difference you found was booked. Look at it again.",
        )),
        "bad_quantity" => Some(bad_quantity(action).to_owned()),
        "bad_order" => match action {
            Action::PlaceOrder(order) => Some(tf(
                "An order has 1 to {most} lines; this one has {lines}.",
                &[("most", &MAX_ORDER_LINES), ("lines", &order.lines.len())],
            )),
            _ => None,
        },
        _ => None,
    }
}

fn bad_quantity(action: &Action) -> &'static str {
    let is_none = |quantity: Quantity| quantity <= Quantity::ZERO;
    match action {
        Action::CountLot { .. } => t("The count must be between 0 and 1,000,000,000. Correct it."),
        Action::PlaceOrder(_) => t("A line has no sensible quantity or price. Correct it."),
        Action::AdjustLot { delta, .. } if *delta == Quantity::ZERO => {
            t("The adjustment is zero. Type how much is to be added or taken away.")
        }
        Action::ReceiveLot { quantity, .. }
        | Action::PickLot { quantity, .. }
        | Action::MoveLot { quantity, .. }
        | Action::PutAwayLot { quantity, .. }
            if is_none(*quantity) =>
        {
            t("The quantity must be more than zero. Correct it.")
        }
        _ => t("The quantity is more than 1,000,000,000. Correct it."),
    }
}

/// A rule about one field, whose name begins the sentence.
fn field_rule(code: &str, message: &str) -> Option<String> {
    match code {
        "bad_price" => return Some(t("Price must be between 0 and 10,000,000,000. Correct it.").to_owned()),
        "bad_currency" => {
            return Some(t("The currency is not a three-letter code such as EUR. Correct it.").to_owned());
        }
        _ => {}
    }
    let field = FIELDS.into_iter().find(|field| message.starts_with(field))?;
    let values: [(&str, &dyn std::fmt::Display); 1] = [("field", &t(field))];
    match code {
        "missing" => Some(tf("{field} is missing. Fill it in.", &values)),
        "too_long" => Some(tf("{field} is too long. Shorten it.", &values)),
        "bad_text" => Some(tf("{field} contains a control character. Type it again.", &values)),
        _ => None,
    }
}

fn lot_of(action: &Action) -> Option<&LotRef> {
    match action {
        Action::CreateLot { lot, .. }
        | Action::UpdateLot { lot, .. }
        | Action::DeleteLot { lot }
        | Action::ReceiveLot { lot, .. }
        | Action::PickLot { lot, .. }
        | Action::MoveLot { lot, .. }
        | Action::PutAwayLot { lot, .. }
        | Action::AdjustLot { lot, .. }
        | Action::CountLot { lot, .. } => Some(lot),
        _ => None,
    }
}

fn destination(action: &Action) -> Option<&str> {
    match action {
        Action::MoveLot { to, .. } | Action::PutAwayLot { to, .. } => Some(to),
        _ => None,
    }
}

fn sku_of(action: &Action) -> Option<&str> {
    match action {
        Action::CreateProduct(product) => Some(&product.sku),
        Action::UpdateProduct { patch, .. } => patch.sku.as_deref(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use domain::{LotStatus, Product, Warehouse};
    use sync::{Model, Mutation, Refusal, Rows};
    use uuid::Uuid;

    use super::*;

    fn product(name: &str, currency: &str, price_minor: i64) -> Product {
        Product {
            id: Uuid::nil(),
            sku: "P1".to_owned(),
            barcode: String::new(),
            name: name.to_owned(),
            unit: "each".to_owned(),
            price_minor,
            currency: currency.to_owned(),
            family: String::new(),
            variant: String::new(),
        }
    }

    fn applied(action: &Action, rows: &mut Rows<domain::Row>) -> Result<(), Refusal> {
        let draft = sync::Draft {
            id: Uuid::nil(),
            action: action.clone(),
            base: 0,
            author: String::new(),
            captured_at: sync::UnixMillis(0),
            depends_on: None,
            replaces: None,
        };
        let mutation = Mutation::from_draft(draft, 1, <Warehouse as sync::Records>::SCHEMA);
        Warehouse::apply(&mutation, rows).map(|_| ())
    }

    #[test]
    fn every_refusal_of_the_rules_is_translated() {
        let lot = LotRef::new(Uuid::nil(), "L1", "A-1");
        let none = Quantity::ZERO;
        let mut rows = Rows::default();
        let kept = product("Tea", "EUR", 100);
        applied(&Action::CreateProduct(kept.clone()), &mut rows).expect("a product");
        let status = LotStatus::Available;
        let made = Action::CreateLot { lot: lot.clone(), status, expires_on: None };
        applied(&made, &mut rows).expect("a lot");
        let elsewhere = LotRef::new(Uuid::nil(), "L2", "A-1");
        let refused = [
            Action::CreateProduct(kept),
            Action::CreateProduct(product(" ", "EUR", 100)),
            Action::CreateProduct(product(&"x".repeat(600), "EUR", 100)),
            Action::CreateProduct(product("Te\u{7}a", "EUR", 100)),
            Action::CreateProduct(product("Tea", "euro", 100)),
            Action::CreateProduct(product("Tea", "EUR", -1)),
            made,
            Action::DeleteLot { lot: elsewhere },
            Action::MoveLot { lot: lot.clone(), to: "A-1".to_owned(), quantity: Quantity::units(1) },
            Action::MoveLot { lot: lot.clone(), to: "A-2".to_owned(), quantity: none },
            Action::CountLot { lot, counted: Quantity::units(-1), basis: none },
        ];
        for action in refused {
            let refusal = applied(&action, &mut rows).expect_err("a refusal");
            let said = anew(&action, refusal.code, &refusal.message);
            assert!(said.is_some(), "{}: {}", refusal.code, refusal.message);
            assert_eq!(reason(&action, refusal.code, &refusal.message), refusal.message);
        }
    }

    #[test]
    fn a_conflict_names_its_field() {
        let patch = domain::ProductPatch { price_minor: Some(1), ..Default::default() };
        let edit = Action::UpdateProduct { id: Uuid::nil(), patch };
        let said = anew(&edit, "price_changed", "").unwrap_or_default();
        assert!(said.contains("the price"), "{said}");
        assert_eq!(anew(&edit, "news", "It is new."), None);
    }
}
