//! Exceptions for products that share a barcode: a scan finds only one of them.

use domain::{Action, Effect, ExceptionKind, Quantity, Row, StockException, exception_key, product_key};
use sync::{Mutation, RowKey, Rows};
use uuid::Uuid;

use super::barcode::{barcode_key, relabelled};
use super::working_set::WorkingSet;

/// Raises the exception of a new or edited product that has another's barcode, or clears it.
pub(super) fn flag(set: &WorkingSet, mutation: &Mutation<Action>, rows: &mut Rows<Row>) -> Option<Effect> {
    let id = labelled(&mutation.action)?;
    let other = barcode_in(rows, id).and_then(|barcode| set.product_with_barcode(&barcode, &[id]));
    let Some(other) = other else {
        rows.remove(&exception_key(ExceptionKind::DuplicateBarcode, id, None));
        return None;
    };
    let exception = StockException {
        kind: ExceptionKind::DuplicateBarcode,
        product_id: id,
        lot: None,
        other: Some(other.id),
        before: Quantity::ZERO,
        after: Quantity::ZERO,
        basis: None,
        author: mutation.author.clone(),
        at: mutation.captured_at,
    };
    rows.insert(exception.key(), Row::Exception(exception.clone()));
    Some(Effect::Raised(exception))
}

/// The product that gets a barcode by this action.
fn labelled(action: &Action) -> Option<Uuid> {
    if let Action::CreateProduct(product) = action {
        return Some(product.id);
    }
    relabelled(action).filter(|_| !matches!(action, Action::DeleteProduct { .. }))
}

/// Checks again the exceptions that name a product which has lost its barcode: a third product may have the
/// same barcode, or none. Returns the rows that have changed.
pub(super) fn review(set: &WorkingSet, action: &Action, rows: &mut Rows<Row>) -> Vec<RowKey> {
    let Some(id) = relabelled(action) else { return Vec::new() };
    let now = barcode_in(rows, id);
    let mut reviewed = Vec::new();
    for (key, exception) in set.exceptions_naming(id) {
        let product = set.row(&product_key(exception.product_id)).and_then(|stored| stored.row.product());
        let barcode = product.and_then(|product| barcode_key(&product.barcode));
        if barcode.is_some() && barcode == now {
            continue;
        }
        let third =
            barcode.and_then(|barcode| set.product_with_barcode(&barcode, &[exception.product_id, id]));
        if let Some(third) = third {
            let of_third = StockException { other: Some(third.id), ..exception.clone() };
            rows.insert(key.clone(), Row::Exception(of_third));
        }
        reviewed.push(key.clone());
    }
    reviewed
}

fn barcode_in(rows: &Rows<Row>, id: Uuid) -> Option<String> {
    rows.get(&product_key(id)).and_then(Row::product).and_then(|product| barcode_key(&product.barcode))
}
