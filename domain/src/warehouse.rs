//! The engine's model of the warehouse: the effect of each action on rows.

use sync::{Model, Mutation, Refusal, RowKey, Rows, set_of};
use uuid::Uuid;

use crate::action::Action;
use crate::conflict::conflict_key;
use crate::effect::Effect;
use crate::exception::{ExceptionKind, Sighting, exception_key};
use crate::fact::apply_fact;
use crate::identity::sku_key;
use crate::lot::{InventoryLot, LotRef};
use crate::product::{Product, ProductEdit};
use crate::quantity::Quantity;
use crate::row::{Row, delivery_key, lot_key, product_key};
use crate::text::{MAX_BARCODE_CHARS, MAX_REASON_CHARS, check_optional, check_stored};
use crate::unknown_code::{CodeSighting, UnknownCode, unknown_code_key};

/// The default scope: all rows, but of lots only those that are available.
pub const DEFAULT_SCOPE: &str = "available";

/// The model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Warehouse;

/// Index keys that must be unique on the site once `action` is booked.
pub fn claims(action: &Action) -> Vec<String> {
    match action {
        Action::CreateProduct(product) => vec![sku_key(&product.sku)],
        Action::UpdateProduct { patch, .. } => patch.sku.iter().map(|sku| sku_key(sku)).collect(),
        // A lot's id is derived from its names, so its key is unique by itself.
        Action::DeleteProduct { .. }
        | Action::CreateLot { .. }
        | Action::UpdateLot { .. }
        | Action::DeleteLot { .. }
        | Action::ReceiveLot { .. }
        | Action::PutAwayLot { .. }
        | Action::MoveLot { .. }
        | Action::PickLot { .. }
        | Action::AdjustLot { .. }
        | Action::CountLot { .. }
        | Action::PlaceOrder(_)
        | Action::ResolveException { .. }
        | Action::CloseDelivery { .. }
        | Action::ReportCode(_)
        | Action::SettleCode { .. }
        | Action::CloseConflict { .. } => Vec::new(),
    }
}

/// The rows that a booking on a lot reads and changes.
fn booked_on(lot: &LotRef) -> [RowKey; 3] {
    let below_zero = exception_key(ExceptionKind::BelowZero, lot.product_id, Some(lot));
    [product_key(lot.product_id), lot_key(lot), below_zero]
}

/// The rows of a lot and of its exceptions.
fn all_of(lot: &LotRef) -> Vec<RowKey> {
    let moved = exception_key(ExceptionKind::MovedWhileCounted, lot.product_id, Some(lot));
    booked_on(lot).into_iter().chain([moved]).collect()
}

/// The rows of a product and of its own exception.
fn product_keys(id: Uuid) -> Vec<RowKey> {
    vec![product_key(id), exception_key(ExceptionKind::DuplicateBarcode, id, None)]
}

/// The row of the unknown code that is known once a product has this barcode.
fn code_row(barcode: &str) -> Option<RowKey> {
    Some(unknown_code_key(barcode)).filter(|key| !key.key.is_empty())
}

impl Model for Warehouse {
    type Effect = Effect;

    fn touches(action: &Action) -> Vec<RowKey> {
        match action {
            Action::CreateProduct(product) => {
                product_keys(product.id).into_iter().chain(code_row(&product.barcode)).collect()
            }
            Action::UpdateProduct { id, patch } => {
                let code = patch.barcode.as_deref().and_then(code_row);
                product_keys(*id).into_iter().chain(code).collect()
            }
            Action::DeleteProduct { id } => product_keys(*id),
            Action::CreateLot { lot, .. } | Action::UpdateLot { lot, .. } => {
                vec![product_key(lot.product_id), lot_key(lot)]
            }
            Action::DeleteLot { lot } | Action::CountLot { lot, .. } => all_of(lot),
            Action::ReceiveLot { lot, delivery, .. } | Action::AdjustLot { lot, delivery, .. } => {
                booked_on(lot).into_iter().chain(delivery.map(delivery_key)).collect()
            }
            Action::PickLot { lot, .. } => booked_on(lot).to_vec(),
            Action::PutAwayLot { lot, to, .. } | Action::MoveLot { lot, to, .. } => {
                let [_, target, below_zero] = booked_on(&lot.at(to));
                booked_on(lot).into_iter().chain([target, below_zero]).collect()
            }
            Action::PlaceOrder(order) => {
                let keys = order.lines.iter().flat_map(|line| booked_on(&line.lot));
                set_of(keys).into_iter().collect()
            }
            Action::ResolveException { kind, product_id, lot, .. } => {
                vec![exception_key(*kind, *product_id, lot.as_ref())]
            }
            Action::CloseDelivery { id, .. } => vec![delivery_key(*id)],
            Action::ReportCode(CodeSighting { code, .. }) | Action::SettleCode { code } => {
                vec![unknown_code_key(code)]
            }
            Action::CloseConflict { id } => vec![conflict_key(*id)],
        }
    }

    fn edits(action: &Action) -> Option<RowKey> {
        match action {
            Action::UpdateProduct { id, .. } | Action::DeleteProduct { id } => Some(product_key(*id)),
            Action::UpdateLot { lot, .. } | Action::DeleteLot { lot } => Some(lot_key(lot)),
            Action::CreateProduct(_)
            | Action::CreateLot { .. }
            | Action::ReceiveLot { .. }
            | Action::PutAwayLot { .. }
            | Action::MoveLot { .. }
            | Action::PickLot { .. }
            | Action::AdjustLot { .. }
            | Action::CountLot { .. }
            | Action::PlaceOrder(_)
            | Action::ResolveException { .. }
            | Action::CloseDelivery { .. }
            | Action::ReportCode(_)
            | Action::SettleCode { .. }
            | Action::CloseConflict { .. } => None,
        }
    }

    fn creates(action: &Action) -> Option<RowKey> {
        match action {
            Action::CreateProduct(product) => Some(product_key(product.id)),
            // Stock operations need no existing row of the lot.
            Action::UpdateProduct { .. }
            | Action::DeleteProduct { .. }
            | Action::CreateLot { .. }
            | Action::UpdateLot { .. }
            | Action::DeleteLot { .. }
            | Action::ReceiveLot { .. }
            | Action::PutAwayLot { .. }
            | Action::MoveLot { .. }
            | Action::PickLot { .. }
            | Action::AdjustLot { .. }
            | Action::CountLot { .. }
            | Action::PlaceOrder(_)
            | Action::ResolveException { .. }
            | Action::CloseDelivery { .. }
            | Action::ReportCode(_)
            | Action::SettleCode { .. }
            | Action::CloseConflict { .. } => None,
        }
    }

    fn apply(mutation: &Mutation<Action>, rows: &mut Rows<Row>) -> Result<Vec<Effect>, Refusal> {
        match &mutation.action {
            Action::CreateProduct(product) => create_product(product, rows),
            Action::UpdateProduct { id, patch } => {
                let old = product_in(rows, *id)?;
                let changed = patch.applied_to(&old);
                changed.validate_edited(patch)?;
                let edit = ProductEdit::between(&old, &changed);
                patch.barcode.as_deref().and_then(code_row).map(|code| rows.remove(&code));
                rows.insert(product_key(*id), Row::Product(changed));
                Ok(edit.map(|edit| Effect::Edited { product_id: *id, edit }).into_iter().collect())
            }
            Action::DeleteProduct { id } => {
                product_in(rows, *id)?;
                product_keys(*id).iter().for_each(|key| _ = rows.remove(key));
                Ok(Vec::new())
            }
            Action::CreateLot { lot, status, expires_on } => {
                lot.validate_new()?;
                if rows.contains_key(&lot_key(lot)) {
                    return Err(Refusal::new("exists", format!("There is already a {lot}.")));
                }
                let row = InventoryLot {
                    status: *status,
                    expires_on: *expires_on,
                    ..InventoryLot::empty(lot.clone())
                };
                rows.insert(lot_key(lot), Row::Lot(row));
                Ok(Vec::new())
            }
            Action::UpdateLot { lot, patch } => {
                let row = patch.applied_to(&lot_in(rows, lot)?);
                rows.insert(lot_key(lot), Row::Lot(row));
                Ok(Vec::new())
            }
            Action::DeleteLot { lot } => delete_lot(lot, rows),
            Action::ResolveException { kind, product_id, lot, reason, seen } => {
                check_optional("Reason", reason, MAX_REASON_CHARS)?;
                Ok(resolve(&exception_key(*kind, *product_id, lot.as_ref()), *seen, reason, rows))
            }
            Action::CloseDelivery { id, reason } => {
                check_optional("Reason", reason, MAX_REASON_CHARS)?;
                Ok(close(*id, reason, rows))
            }
            Action::ReportCode(sighting) => report(mutation, sighting, rows),
            Action::SettleCode { code } => {
                check_stored("Code", code, MAX_BARCODE_CHARS)?;
                Ok(settle(&unknown_code_key(code), rows))
            }
            Action::CloseConflict { id } => Ok(settle(&conflict_key(*id), rows)),
            Action::ReceiveLot { .. }
            | Action::PutAwayLot { .. }
            | Action::MoveLot { .. }
            | Action::PickLot { .. }
            | Action::AdjustLot { .. }
            | Action::CountLot { .. }
            | Action::PlaceOrder(_) => apply_fact(mutation, rows),
        }
    }
}

fn create_product(product: &Product, rows: &mut Rows<Row>) -> Result<Vec<Effect>, Refusal> {
    product.validate()?;
    if rows.contains_key(&product_key(product.id)) {
        return Err(Refusal::new("exists", format!("{} already exists.", product.name)));
    }
    code_row(&product.barcode).map(|code| rows.remove(&code));
    rows.insert(product_key(product.id), Row::Product(product.clone()));
    Ok(Vec::new())
}

fn delete_lot(lot: &LotRef, rows: &mut Rows<Row>) -> Result<Vec<Effect>, Refusal> {
    let row = lot_in(rows, lot)?;
    if row.quantity != Quantity::ZERO {
        let message =
            format!("Stock isn't zero ({lot}: {}). Pick, move or adjust it first.", row.quantity.grouped());
        return Err(Refusal::new("has_stock", message));
    }
    all_of(lot).iter().skip(1).for_each(|key| _ = rows.remove(key));
    Ok(Vec::new())
}

/// Removes the row of an unknown code or of a conflict. No-op if it is gone.
fn settle(key: &RowKey, rows: &mut Rows<Row>) -> Vec<Effect> {
    rows.remove(key);
    Vec::new()
}

/// Adds the scans to the code's row, which is created if it is missing.
fn report(
    mutation: &Mutation<Action>,
    sighting: &CodeSighting,
    rows: &mut Rows<Row>,
) -> Result<Vec<Effect>, Refusal> {
    sighting.validate()?;
    let new = || Row::UnknownCode(UnknownCode::new(&sighting.code));
    if let Row::UnknownCode(row) = rows.entry(unknown_code_key(&sighting.code)).or_insert_with(new) {
        row.add(&mutation.author, sighting);
    }
    Ok(Vec::new())
}

/// Removes an exception that a person has checked. No-op if it is gone, or if it is not the one that was
/// `seen`.
fn resolve(key: &RowKey, seen: Option<Sighting>, reason: &str, rows: &mut Rows<Row>) -> Vec<Effect> {
    let found = rows.get(key).and_then(Row::exception);
    let Some(exception) = found.filter(|found| seen.is_none_or(|seen| seen == found.sighting())).cloned()
    else {
        return Vec::new();
    };
    rows.remove(key);
    vec![Effect::Resolved { exception, reason: reason.to_owned() }]
}

/// Closes a delivery. No-op if it is complete, already closed or missing.
fn close(id: Uuid, reason: &str, rows: &mut Rows<Row>) -> Vec<Effect> {
    let Some(Row::Delivery(row)) = rows.get_mut(&delivery_key(id)) else { return Vec::new() };
    if !row.is_open() {
        return Vec::new();
    }
    row.closed = true;
    vec![Effect::Closed { delivery: row.clone(), reason: reason.to_owned() }]
}

fn product_in(rows: &Rows<Row>, id: Uuid) -> Result<Product, Refusal> {
    let product = rows.get(&product_key(id)).and_then(Row::product).cloned();
    product.ok_or_else(|| Refusal::new("not_found", "This product no longer exists."))
}

fn lot_in(rows: &Rows<Row>, lot: &LotRef) -> Result<InventoryLot, Refusal> {
    let row = rows.get(&lot_key(lot)).and_then(Row::lot).cloned();
    row.ok_or_else(|| Refusal::new("not_found", format!("There is no {lot}.")))
}
