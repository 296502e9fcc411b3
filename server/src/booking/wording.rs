//! The sentences of outcomes.

use domain::{
    ExceptionKind, InventoryLot, LotPatch, LotRef, Money, Order, Product, ProductPatch, Quantity, Row,
    StockException, clean_line, with_groups,
};

/// Maximum length of quoted external text in a sentence.
const MAX_QUOTED_CHARS: usize = 80;

/// `text` as one harmless line, truncated to [`MAX_QUOTED_CHARS`].
pub(crate) fn shortened(text: &str) -> String {
    let text = clean_line(text, usize::MAX);
    match text.char_indices().nth(MAX_QUOTED_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// The code and the sentence of an order that was booked under another number.
pub(super) fn renumbered(order: &Order) -> (String, String) {
    let message = format!("Another order has this number. This one was booked as {}.", order.number);
    ("renumbered".to_owned(), message)
}

/// The row's name within a sentence: a product's name, or `lot L1 at B-07-3`.
pub(crate) fn subject(row: &Row) -> String {
    match row {
        Row::Product(product) => product.name.clone(),
        Row::Lot(lot) => lot.lot.to_string(),
        // No action edits these rows.
        Row::Delivery(_)
        | Row::Exception(_)
        | Row::UnknownCode(_)
        | Row::Conflict(_)
        | Row::Person(_)
        | Row::Setting(_) => "this row".to_owned(),
    }
}

/// The sentence of an exception that was raised.
pub(crate) fn raised(exception: &StockException, other: Option<&Row>) -> String {
    let StockException { kind, lot, before, after, basis, .. } = exception;
    let (before, after) = (before.grouped(), after.grouped());
    let lot = lot.as_ref().map_or_else(|| "this product".to_owned(), LotRef::to_string);
    match kind {
        ExceptionKind::BelowZero => format!("Stock of {lot} is now {after}. Please count it."),
        ExceptionKind::MovedWhileCounted => match basis {
            Some(basis) => format!(
                "Stock of {lot} changed from {} to {before} while you counted. Your difference was booked; it is now \
                 {after}. Please count it again.",
                basis.grouped()
            ),
            None => format!(
                "The last count of {lot} may already include this. Stock went from {before} to {after}. Please count it \
                 again."
            ),
        },
        ExceptionKind::DuplicateBarcode => {
            let other = other.map_or_else(|| "Another product".to_owned(), subject);
            format!("{other} has the same barcode: a scan finds only one of the two. Correct one of them.")
        }
    }
}

/// A field's name within a sentence.
pub(crate) fn field_name(field: &str) -> &str {
    if field == "sku" { "SKU" } else { field }
}

/// The product's value of `field`.
pub(crate) fn product_value(product: &Product, field: &str) -> String {
    let money = || Money { minor: product.price_minor, currency: product.currency.clone() }.to_string();
    match field {
        "price" => money(),
        "sku" => quoted(&product.sku),
        "barcode" => quoted(&product.barcode),
        "name" => quoted(&product.name),
        "unit" => quoted(&product.unit),
        "currency" => quoted(&product.currency),
        "family" => quoted(&product.family),
        "variant" => quoted(&product.variant),
        _ => "something else".to_owned(),
    }
}

/// The lot's value of `field`.
pub(crate) fn lot_value(lot: &InventoryLot, field: &str) -> String {
    match field {
        "status" => lot.status.code().to_owned(),
        "expiry date" => lot.expires_on.map_or_else(|| "none".to_owned(), |date| date.to_string()),
        _ => "something else".to_owned(),
    }
}

fn quoted(text: &str) -> String {
    if text.is_empty() { "nothing".to_owned() } else { format!("\"{text}\"") }
}

/// The sentence of a conflict: somebody else changed the `contested` fields, which `mine` changes as well.
pub(crate) fn field_conflict(theirs: &Row, mine: &Row, contested: &[&str]) -> String {
    // A person who opened the row under its old name would not recognise the new one.
    let of = if contested.contains(&"name") { String::new() } else { format!(" of {}", subject(theirs)) };
    let [field] = contested else {
        let names: Vec<String> = contested.iter().map(|field| format!("the {}", field_name(field))).collect();
        let names = names.join(" and ");
        return format!("Somebody else changed {names}{of} after you opened it. Your change was not saved.");
    };
    let value = |row: &Row| match row {
        Row::Product(product) => product_value(product, field),
        Row::Lot(lot) => lot_value(lot, field),
        Row::Delivery(_)
        | Row::Exception(_)
        | Row::UnknownCode(_)
        | Row::Conflict(_)
        | Row::Person(_)
        | Row::Setting(_) => "something else".to_owned(),
    };
    format!(
        "Somebody else changed the {}{of} to {} after you opened it. Your {} was not saved.",
        field_name(field),
        value(theirs),
        value(mine),
    )
}

/// Fields that differ between two states of a row, by the names edits use.
pub(crate) fn changed_fields(old: &Row, new: &Row) -> Vec<&'static str> {
    let fields = match old {
        Row::Product(old) => new.product().map(|new| ProductPatch::between(old, new).fields()),
        Row::Lot(old) => new.lot().map(|new| lot_patch(old, new).fields()),
        Row::Delivery(_)
        | Row::Exception(_)
        | Row::UnknownCode(_)
        | Row::Conflict(_)
        | Row::Person(_)
        | Row::Setting(_) => None,
    };
    fields.unwrap_or_default()
}

fn lot_patch(old: &InventoryLot, new: &InventoryLot) -> LotPatch {
    LotPatch {
        status: (old.status != new.status).then_some(new.status),
        expires_on: new.expires_on.filter(|date| old.expires_on != Some(*date)),
    }
}

/// Every field that edits of such a row can name.
pub(crate) fn all_fields(row: &Row) -> &'static [&'static str] {
    match row {
        Row::Product(_) => &["sku", "barcode", "name", "unit", "price", "currency", "family", "variant"],
        Row::Lot(_) => &["status", "expiry date"],
        Row::Delivery(_)
        | Row::Exception(_)
        | Row::UnknownCode(_)
        | Row::Conflict(_)
        | Row::Person(_)
        | Row::Setting(_) => &[],
    }
}

/// The sentence of a refused deletion: there is still stock of the product.
pub(crate) fn has_stock(product: &Product, lots: usize, sum: Quantity) -> String {
    let lots =
        if lots == 1 { "1 lot".to_owned() } else { format!("{} lots", with_groups(&lots.to_string())) };
    format!(
        "Stock of {} isn't zero ({lots}: {} {}). Pick, move or adjust it first.",
        product.name,
        sum.grouped(),
        product.unit
    )
}
