//! Products that share a barcode: a scan finds only one of them.

use domain::{Action, Effect, ExceptionKind, Quantity, Row, StockException, exception_key, product_key};
use sync::{Mutation, RowKey, Rows};
use uuid::Uuid;

use super::barcode_key;
use super::desk::Desk;

/// The product that may have got another barcode by this.
pub(super) fn relabelled(action: &Action) -> Option<Uuid> {
    match action {
        Action::UpdateProduct { id, patch } if patch.barcode.is_some() => Some(*id),
        Action::DeleteProduct { id } => Some(*id),
        _ => None,
    }
}

/// Notes that a new or edited product has the barcode of another, or no longer has.
pub(super) fn flag(desk: &Desk<'_>, mutation: &Mutation<Action>, rows: &mut Rows<Row>) -> Option<Effect> {
    let id = match &mutation.action {
        Action::CreateProduct(product) => product.id,
        Action::UpdateProduct { id, patch } if patch.barcode.is_some() => *id,
        _ => return None,
    };
    let other = barcode_in(rows, id).and_then(|barcode| desk.namesake(&[id], &barcode));
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

/// Looks again at what was odd because of a product that has lost its barcode: a third may share it, or nobody. Returns the
/// rows that are no longer as they were.
pub(super) fn review(desk: &Desk<'_>, action: &Action, rows: &mut Rows<Row>) -> Vec<RowKey> {
    let Some(id) = relabelled(action) else { return Vec::new() };
    let now = barcode_in(rows, id);
    let mut reviewed = Vec::new();
    for (key, exception) in desk.shared_with(id) {
        let barcode = desk.row(&product_key(exception.product_id)).and_then(|held| held.row.product());
        let barcode = barcode.and_then(|product| barcode_key(&product.barcode));
        if barcode.is_some() && barcode == now {
            continue;
        }
        let third = barcode.and_then(|barcode| desk.namesake(&[exception.product_id, id], &barcode));
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
