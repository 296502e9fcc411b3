//! Compares an edit of this device with the current row, field by field.

use domain::{Action, InventoryLot, LotPatch, Money, Product, ProductPatch, Row, contested_fields};
use sync::Outcome;

use crate::goods::lot_chip::status_word;
use crate::words::format;
use crate::words::language::t;

/// One field in both versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Compared {
    /// The field's name in edits.
    pub(crate) key: &'static str,
    /// The field's name.
    pub(crate) field: String,
    /// This device's value.
    pub(crate) mine: String,
    /// The current value, if the server sent it.
    pub(crate) theirs: Option<String>,
}

/// The fields of an edit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// Those to decide about; of an edit that did not conflict by fields, all.
    pub(crate) compared: Vec<Compared>,
    /// Those that nobody else changed: they are kept, whatever is decided.
    pub(crate) kept: Vec<Compared>,
}

/// Compares an edit with the row of its outcome; empty for other actions.
pub(crate) fn compare(action: &Action, outcome: &Outcome<Row>) -> Comparison {
    let contested = contested_fields(&outcome.code);
    let is_compared = |field: &Compared| contested.is_empty() || contested.iter().any(|it| it == field.key);
    let (compared, kept) = fields(action, outcome).into_iter().partition(is_compared);
    Comparison { compared, kept }
}

fn fields(action: &Action, outcome: &Outcome<Row>) -> Vec<Compared> {
    let rows = || outcome.rows.iter().map(|versioned| &versioned.row);
    match action {
        Action::UpdateProduct { id, patch } => {
            let theirs = rows().filter_map(Row::product).find(|product| product.id == *id);
            product_fields(patch, theirs)
        }
        Action::UpdateLot { lot, patch } => {
            lot_fields(patch, rows().filter_map(Row::lot).find(|row| row.lot == *lot))
        }
        _ => Vec::new(),
    }
}

fn product_fields(patch: &ProductPatch, theirs: Option<&Product>) -> Vec<Compared> {
    let text = |(key, field): (&'static str, &str), mine: &Option<String>, theirs: Option<&String>| {
        mine.as_ref().map(|mine| compared((key, field), said(mine), theirs.map(|value| said(value))))
    };
    let price = patch.price_minor.map(|minor| {
        let their_currency = theirs.map(|product| product.currency.clone());
        let currency = patch.currency.clone().or(their_currency).unwrap_or_default();
        let theirs = theirs.map(|product| {
            format::money(&Money { minor: product.price_minor, currency: product.currency.clone() })
        });
        compared(("price", t("Price")), format::money(&Money { minor, currency }), theirs)
    });
    let of = |read: fn(&Product) -> &String| theirs.map(read);
    let all = [
        text(("name", t("Name")), &patch.name, of(|product| &product.name)),
        text(("sku", t("SKU")), &patch.sku, of(|product| &product.sku)),
        text(("barcode", t("Barcode")), &patch.barcode, of(|product| &product.barcode)),
        text(("unit", t("Unit")), &patch.unit, of(|product| &product.unit)),
        price,
        text(("currency", t("Currency")), &patch.currency, of(|product| &product.currency)),
        text(("family", t("Family")), &patch.family, of(|product| &product.family)),
        text(("variant", t("Variant")), &patch.variant, of(|product| &product.variant)),
    ];
    all.into_iter().flatten().collect()
}

fn lot_fields(patch: &LotPatch, theirs: Option<&InventoryLot>) -> Vec<Compared> {
    let status = patch.status.map(|mine| {
        compared(
            ("status", t("Status")),
            status_word(mine).to_owned(),
            theirs.map(|lot| status_word(lot.status).to_owned()),
        )
    });
    let date = patch.expires_on.map(|mine| {
        let theirs = theirs.map(|lot| lot.expires_on.map_or_else(|| t("none").to_owned(), format::date));
        compared(("expiry date", t("Expiry date")), format::date(mine), theirs)
    });
    [status, date].into_iter().flatten().collect()
}

fn compared((key, field): (&'static str, &str), mine: String, theirs: Option<String>) -> Compared {
    Compared { key, field: field.to_owned(), mine, theirs }
}

fn said(value: &str) -> String {
    if value.is_empty() { t("none").to_owned() } else { value.to_owned() }
}

#[cfg(test)]
mod tests {
    use sync::{Verdict, Versioned};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_edit_is_compared_with_the_current_row() {
        let product = Product {
            id: Uuid::nil(),
            sku: "P1".into(),
            barcode: String::new(),
            name: "Rice vinegar".into(),
            unit: "each".into(),
            price_minor: 255,
            currency: "EUR".into(),
            family: String::new(),
            variant: String::new(),
        };
        let patch = ProductPatch {
            price_minor: Some(240),
            barcode: Some("12".into()),
            name: Some("Brown rice vinegar".into()),
            ..ProductPatch::default()
        };
        let edit = Action::UpdateProduct { id: Uuid::nil(), patch };
        let outcome = |code: &str| Outcome {
            verdict: Verdict::Conflict,
            code: code.to_owned(),
            message: String::new(),
            rows: vec![Versioned { rev: 9, row: Row::Product(product.clone()) }],
            removed: Vec::new(),
        };
        let name = || compared(("name", "Name"), "Brown rice vinegar".into(), Some("Rice vinegar".into()));
        let barcode = || compared(("barcode", "Barcode"), "12".into(), Some("none".into()));
        let price = || compared(("price", "Price"), "€\u{a0}2.40".into(), Some("€\u{a0}2.55".into()));

        let one = compare(&edit, &outcome("price_changed"));
        assert_eq!(one, Comparison { compared: vec![price()], kept: vec![name(), barcode()] });
        let two = compare(&edit, &outcome("barcode+price_changed"));
        assert_eq!(two, Comparison { compared: vec![barcode(), price()], kept: vec![name()] });
        let refused = compare(&edit, &outcome("sku_taken"));
        assert_eq!(refused, Comparison { compared: vec![name(), barcode(), price()], kept: Vec::new() });
        let deletion = Action::DeleteProduct { id: Uuid::nil() };
        assert_eq!(compare(&deletion, &outcome("changed")), Comparison::default());
    }
}
