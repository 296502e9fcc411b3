//! The reasons for refusals, in the language of the screens. The rules and the server give them in English,
//! with a code.

use domain::{Action, LotRef, MAX_ORDER_LINES, Quantity, contested_fields};

use super::field_names::{field_name, field_names};
use super::language::{self, grouped, key, t, tf};

/// Fields at the beginning of rules' sentences.
const FIELDS: [&str; 11] = [
    key("Lot code"),
    key("Bin"),
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
    translated(action, code, message).unwrap_or_else(|| message.to_owned())
}

/// Like [`reason`], for a rule about one field, whose sentence begins with the field's name.
pub(crate) fn of_field(code: &str, message: &str) -> String {
    if language::current() == "en" {
        return message.to_owned();
    }
    field_rule(code, message).unwrap_or_else(|| message.to_owned())
}

fn translated(action: &Action, code: &str, message: &str) -> Option<String> {
    conflict_sentence(action, code)
        .or_else(|| ordering_rule(code).or_else(|| people_rule(code)).map(str::to_owned))
        .or_else(|| stock_rule(action, code))
        .or_else(|| field_rule(code, message))
}

/// A conflict with a concurrent change of others.
fn conflict_sentence(action: &Action, code: &str) -> Option<String> {
    let sentence = match (code, action) {
        ("deleted", Action::CreateLot { .. }) => {
            t("Somebody else deleted the product. Your lot was not saved.")
        }
        ("deleted", _) => t("Somebody else deleted this. Your change was not saved."),
        ("already_deleted", _) => t("It was already deleted."),
        ("changed", _) => t("Somebody else changed this after you opened it. It was not deleted."),
        ("merged", _) => t("Somebody else changed other fields in the meantime. Both changes were kept."),
        ("sku_taken", _) => {
            let sku = sku_of(action).unwrap_or_default();
            return Some(tf(
                "SKU {sku} is already used by another product. Choose another one.",
                &[("sku", &sku)],
            ));
        }
        ("exists", Action::CreateProduct(product)) => {
            return Some(tf("{name} already exists.", &[("name", &product.name)]));
        }
        ("exists", Action::PlaceOrder(order)) => {
            return Some(tf("Order {number} already exists.", &[("number", &order.number)]));
        }
        _ => {
            let contested = contested_fields(code);
            return match contested.as_slice() {
                [] => None,
                [field] => Some(tf(
                    "Somebody else changed the {field} after you opened it. Your change was not saved.",
                    &[("field", &field_name(field))],
                )),
                fields => {
                    let names: Vec<&str> = fields.iter().map(String::as_str).collect();
                    Some(tf(
                        "Somebody else changed {fields} after you opened it. Your change was not saved.",
                        &[("fields", &field_names(&names))],
                    ))
                }
            };
        }
    };
    Some(sentence.to_owned())
}

/// The mutation came too late or too early to be booked.
fn ordering_rule(code: &str) -> Option<&'static str> {
    Some(match code {
        "held" => t("An earlier change it depends on was not saved. Resolve that one first, then try again."),
        "already_booked" => t("It was already synced when you undid it. Reverse it instead."),
        "too_late" => t("Later entries from this device are already booked. Record this one again."),
        "seq_reused" => t("This entry's number is already used. Record it again."),
        "unknown_product" => t("The server doesn't have this product. Create it first, then try again."),
        _ => return None,
    })
}

/// A rule about who may do what.
fn people_rule(code: &str) -> Option<&'static str> {
    Some(match code {
        "approval_needed" => {
            t("This needs the approval of somebody with a higher role. They can approve it in the inbox.")
        }
        "not_active" => {
            t("The person who saved this doesn't work here any more. Somebody else has to save it.")
        }
        "not_allowed" => t("You may look but not save. Ask someone who works with the stock."),
        "unknown_person" => {
            t("The site doesn't know the person who saved this. Sign in, then save it again.")
        }
        "role_lost" => t(
            "Booked, although the role of the person who saved or approved it changed meanwhile. Please check it.",
        ),
        _ => return None,
    })
}

/// A rule about lots and quantities.
fn stock_rule(action: &Action, code: &str) -> Option<String> {
    let at_lot = |english: &'static str| {
        lot_of(action).map(|lot| tf(english, &[("lot", &lot.lot_code), ("bin", &lot.location)]))
    };
    match code {
        "exists" => at_lot(key("There is already a lot {lot} at {bin}.")),
        "not_found" => at_lot(key("There is no lot {lot} at {bin}."))
            .or_else(|| Some(t("This product no longer exists.").to_owned())),
        "has_stock" => Some(t("Stock isn't zero. Pick, move or adjust it first.").to_owned()),
        "same_location" => destination(action)
            .map(|to| tf("The goods are already in {bin}. Choose another bin.", &[("bin", &to)])),
        "below_zero" => at_lot(key("Stock of lot {lot} at {bin} is below zero. Please count it.")),
        "moved_while_counted" => at_lot(key(
            "Lot {lot} at {bin} changed while you counted. Your difference was booked. Please count again.",
        )),
        "late_for_count" => at_lot(key(
            "Lot {lot} at {bin} was counted meanwhile. The count may include this already. Please count again.",
        )),
        "bad_quantity" => Some(bad_quantity(action).to_owned()),
        "bad_order" => match action {
            Action::PlaceOrder(order) => Some(tf(
                "An order has 1 to {most} lines; this one has {lines}.",
                &[("most", &MAX_ORDER_LINES), ("lines", &grouped(order.lines.len()))],
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
        Action::PlaceOrder(_) => t("A line has an invalid quantity or price. Correct it."),
        Action::AdjustLot { delta, .. } if *delta == Quantity::ZERO => {
            t("The adjustment is zero. Enter how much to add or remove.")
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
            signed_by: None,
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
            let said = translated(&action, refusal.code, &refusal.message);
            assert!(said.is_some(), "{}: {}", refusal.code, refusal.message);
            assert_eq!(reason(&action, refusal.code, &refusal.message), refusal.message);
        }
    }

    #[test]
    fn a_conflict_names_its_field() {
        let patch = domain::ProductPatch { price_minor: Some(1), ..Default::default() };
        let edit = Action::UpdateProduct { id: Uuid::nil(), patch };
        let said = translated(&edit, "price_changed", "").unwrap_or_default();
        assert!(said.contains("the price"), "{said}");
        let said = translated(&edit, "name+expiry_date_changed", "").unwrap_or_default();
        assert!(said.contains("changed name, expiry date after"), "{said}");
        assert_eq!(translated(&edit, "news", "It is new."), None);
    }
}
