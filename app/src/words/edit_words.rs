//! An edit of a product in words: each changed field with its values before and after.

use domain::{Money, ProductEdit, ProductPatch};

use super::field_names::field_name;
use super::format;
use super::language::{t, tf};

/// `price: € 16.90 → € 17.50, name: Oats → Rolled oats`.
pub(crate) fn edit_words(edit: &ProductEdit) -> String {
    let ProductEdit { before, after } = edit;
    // A price is shown with its currency, so that a new currency is a new price.
    let has_price = after.price_minor.is_some();
    let fields = after.fields().into_iter().filter(|field| !(*field == "currency" && has_price));
    let words = fields.map(|field| {
        let (before, after) = (value_of(before, field), value_of(after, field));
        tf(
            "{field}: {before} → {after}",
            &[("field", &field_name(field)), ("before", &before), ("after", &after)],
        )
    });
    words.collect::<Vec<_>>().join(t(", "))
}

/// The value of a field as screens show it.
fn value_of(patch: &ProductPatch, field: &str) -> String {
    let text = field_text(patch, field, format::money);
    text.filter(|text| !text.is_empty()).unwrap_or_else(|| t("none").to_owned())
}

/// The value of a field, a price as `money` writes it.
pub(crate) fn field_text(
    patch: &ProductPatch,
    field: &str,
    money: impl Fn(&Money) -> String,
) -> Option<String> {
    match field {
        "sku" => patch.sku.clone(),
        "barcode" => patch.barcode.clone(),
        "name" => patch.name.clone(),
        "unit" => patch.unit.clone(),
        "price" => patch
            .price_minor
            .map(|minor| money(&Money { minor, currency: patch.currency.clone().unwrap_or_default() })),
        "currency" => patch.currency.clone(),
        "family" => patch.family.clone(),
        "variant" => patch.variant.clone(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_changed_field_has_both_values() {
        let patch = |minor: i64, name: &str, barcode: &str| ProductPatch {
            price_minor: Some(minor),
            currency: Some("EUR".to_owned()),
            name: Some(name.to_owned()),
            barcode: Some(barcode.to_owned()),
            ..ProductPatch::default()
        };
        let edit = ProductEdit {
            before: patch(1_690, "Oats", ""),
            after: patch(1_750, "Rolled oats", "4006381333931"),
        };
        assert_eq!(
            edit_words(&edit),
            "barcode: none → 4006381333931, name: Oats → Rolled oats, price: €\u{a0}16.90 → €\u{a0}17.50"
        );
    }
}
