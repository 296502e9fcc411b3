//! The server's checks of a mutation beyond the shared rules: concurrent edits by others, and keys that
//! belong to other rows.

use domain::{
    Action, Effect, MAX_CODE_CHARS, Order, Product, Quantity, Row, Verdict as EditVerdict, conflict_code,
    judge_edit, lot_key, product_key,
};
use sync::{RowKey, Verdict};
use uuid::Uuid;

use super::late_facts;
use super::records::StoredRow;
use super::wording::{self, shortened};
use super::working_set::WorkingSet;

/// Digits of an order's id that are added to a number that is taken.
const ORDER_ID_DIGITS: usize = 6;

/// A decision that books nothing: a refusal, or a no-op.
pub(super) struct Ruling {
    pub(super) verdict: Verdict,
    pub(super) code: String,
    pub(super) message: String,
}

impl Ruling {
    /// The mutation was withdrawn before it was booked.
    pub(super) fn withdrawn() -> Self {
        Self { verdict: Verdict::Applied, code: sync::WITHDRAWN.to_owned(), message: String::new() }
    }

    /// Later mutations of the same client are booked already.
    pub(super) fn too_late() -> Self {
        Self::rejected(
            "too_late",
            "Later entries from this device are already booked. Record this one again.",
        )
    }

    pub(super) fn rejected(code: &str, message: impl Into<String>) -> Self {
        Self { verdict: Verdict::Rejected, code: code.to_owned(), message: message.into() }
    }

    fn conflict(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { verdict: Verdict::Conflict, code: code.into(), message: message.into() }
    }
}

/// Whether `action`, based on revision `base`, may be applied: `Ok(true)` if it merges with changes of
/// others.
pub(super) fn admit(set: &WorkingSet, base: u64, action: &Action) -> Result<bool, Ruling> {
    match action {
        Action::CreateProduct(product) => match set.row(&product_key(product.id)) {
            Some(_) => Err(Ruling::rejected("exists", format!("{} already exists.", product.name))),
            None => Ok(false),
        },
        Action::UpdateProduct { id, .. } | Action::DeleteProduct { id } => {
            let stored = set.row(&product_key(*id)).ok_or_else(|| {
                let message = "The server doesn't have this product. It may have been deleted long ago.";
                Ruling::rejected("not_found", message)
            })?;
            admit_edit(set, base, action, stored)
        }
        Action::UpdateLot { lot, .. } | Action::DeleteLot { lot } => {
            known_product(set, lot.product_id)?;
            let stored = set.row(&lot_key(lot)).ok_or_else(|| {
                let message = format!("The server has no {lot}. Check the lot code and the location.");
                Ruling::rejected("not_found", message)
            })?;
            admit_edit(set, base, action, stored)
        }
        Action::CreateLot { lot, .. } => {
            let product = known_product(set, lot.product_id)?;
            if product.deleted {
                let message = format!(
                    "Somebody else deleted {}. Your lot was not saved.",
                    wording::subject(&product.row)
                );
                return Err(Ruling::conflict("deleted", message));
            }
            Ok(false)
        }
        Action::PlaceOrder(order) if set.order_exists(order.id) => {
            Err(Ruling::rejected("exists", format!("Order {} already exists.", order.number)))
        }
        Action::PlaceOrder(Order { to_site: Some(site), .. }) if !set.site_exists(site) => {
            let message = format!(
                "There is no other site \"{}\" to send goods to. Choose another one.",
                shortened(site)
            );
            Err(Ruling::rejected("unknown_site", message))
        }
        // A no-op if the exception, or its product, is gone.
        Action::ResolveException { .. }
        | Action::ReportCode(_)
        | Action::SettleCode { .. }
        | Action::CloseConflict { .. } => Ok(false),
        Action::ReceiveLot { .. }
        | Action::PutAwayLot { .. }
        | Action::MoveLot { .. }
        | Action::PickLot { .. }
        | Action::AdjustLot { .. }
        | Action::CountLot { .. }
        | Action::PlaceOrder(_)
        | Action::CloseDelivery { .. } => {
            action.products().into_iter().try_for_each(|id| known_product(set, id).map(|_| ()))?;
            Ok(false)
        }
    }
}

/// An order whose number another order has, under a number of its own: the sale has happened, and the two have to be told
/// apart. `None` for everything else.
pub(super) fn renumbered(set: &WorkingSet, action: &Action) -> Option<Action> {
    let Action::PlaceOrder(order) = action else { return None };
    if set.order_exists(order.id) || !set.number_exists(&order.number) {
        return None;
    }
    let id = order.id.simple().to_string();
    // The last digits differ in ids of any version.
    let own = id.get(id.len() - ORDER_ID_DIGITS..).unwrap_or(&id);
    let room = MAX_CODE_CHARS - ORDER_ID_DIGITS - 1;
    let number: String = order.number.chars().take(room).collect();
    Some(Action::PlaceOrder(Order { number: format!("{number}-{own}"), ..order.clone() }))
}

fn known_product(set: &WorkingSet, id: Uuid) -> Result<&StoredRow, Ruling> {
    set.row(&product_key(id)).ok_or_else(|| {
        let message =
            format!("The server doesn't have this product ({id}). Create it first, then try again.");
        Ruling::rejected("unknown_product", message)
    })
}

/// Like [`admit`], for an edit of an existing row.
fn admit_edit(set: &WorkingSet, base: u64, action: &Action, stored: &StoredRow) -> Result<bool, Ruling> {
    let is_deletion = matches!(action, Action::DeleteProduct { .. } | Action::DeleteLot { .. });
    if stored.deleted {
        return Err(gone(stored, action, is_deletion));
    }
    let edited = action.edited_fields().unwrap_or_default();
    if edited.is_empty() && !is_deletion {
        return Ok(false);
    }
    match judge_edit(&edited, base, set.client(), &late_facts::without_counts(&stored.fields)) {
        EditVerdict::Clean => Ok(false),
        EditVerdict::Merges => Ok(true),
        EditVerdict::Conflicts(_) if is_deletion => {
            let subject = wording::subject(&stored.row);
            let message = format!("Somebody else changed {subject} after you opened it. It was not deleted.");
            Err(Ruling::conflict("changed", message))
        }
        EditVerdict::Conflicts(contested) => {
            let message = wording::field_conflict(&stored.row, &edited_row(action, &stored.row), &contested);
            Err(Ruling::conflict(conflict_code(&contested), message))
        }
    }
}

/// The target is deleted already: a deletion is a no-op, any other edit a conflict.
fn gone(stored: &StoredRow, action: &Action, is_deletion: bool) -> Ruling {
    let subject = wording::subject(&stored.row);
    if is_deletion {
        let message = format!("{subject} was already deleted.");
        return Ruling { verdict: Verdict::Applied, code: "already_deleted".to_owned(), message };
    }
    let fields: Vec<&str> =
        action.edited_fields().unwrap_or_default().into_iter().map(wording::field_name).collect();
    let fields = if fields.is_empty() { "edit".to_owned() } else { fields.join(", ") };
    Ruling::conflict("deleted", format!("Somebody else deleted {subject}. Your new {fields} was not saved."))
}

/// The row after an edit.
fn edited_row(action: &Action, row: &Row) -> Row {
    let edited = match action {
        Action::UpdateProduct { patch, .. } => {
            row.product().map(|product| Row::Product(patch.applied_to(product)))
        }
        Action::UpdateLot { patch, .. } => row.lot().map(|lot| Row::Lot(patch.applied_to(lot))),
        Action::CreateProduct(_)
        | Action::DeleteProduct { .. }
        | Action::CreateLot { .. }
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
    };
    edited.unwrap_or_else(|| row.clone())
}

/// Checks that a product to be deleted has no stock. Returns its lots, which are deleted with it.
pub(super) fn lots_to_delete(set: &WorkingSet, product: &Product) -> Result<Vec<RowKey>, Ruling> {
    let lots: Vec<(&RowKey, &domain::InventoryLot)> = set
        .rows_of(domain::LOTS, product.id)
        .filter(|(_, stored)| !stored.deleted)
        .filter_map(|(key, stored)| stored.row.lot().map(|lot| (key, lot)))
        .collect();
    let stocked = || lots.iter().filter(|(_, lot)| lot.quantity != Quantity::ZERO);
    if stocked().next().is_some() {
        let sum = stocked().fold(Quantity::ZERO, |sum, (_, lot)| sum + lot.quantity);
        let message = wording::has_stock(product, stocked().count(), sum);
        return Err(Ruling::rejected("has_stock", message));
    }
    Ok(lots.into_iter().map(|(key, _)| key.clone()).collect())
}

/// Checks that no other row than `key` holds a key that the action claims.
pub(super) fn check_claims(set: &WorkingSet, action: &Action, key: &RowKey) -> Result<(), Ruling> {
    for claim in domain::claims(action) {
        let Some(holder) = set.holder(&claim).filter(|holder| *holder != key) else { continue };
        let product = set.row(holder).and_then(|stored| stored.row.product());
        let (sku, name) =
            product.map_or(("", "another product"), |product| (product.sku.as_str(), product.name.as_str()));
        let message = format!("SKU {sku} is already used by {name}. Choose another one.");
        return Err(Ruling::rejected("sku_taken", message));
    }
    Ok(())
}

/// The code and the sentence of the first exception that a booked mutation raised; both empty if it raised
/// none.
pub(super) fn remark(set: &WorkingSet, effects: &[Effect]) -> (String, String) {
    let raised = effects.iter().find_map(|effect| match effect {
        Effect::Raised(exception) => Some(exception),
        Effect::Stock(_)
        | Effect::Order(_)
        | Effect::Resolved { .. }
        | Effect::Closed { .. }
        | Effect::Edited { .. } => None,
    });
    let Some(raised) = raised else { return (String::new(), String::new()) };
    let other = raised.other.and_then(|id| set.row(&product_key(id))).map(|stored| &stored.row);
    let code = if late_facts::is_late(raised) { late_facts::LATE } else { raised.kind.code() };
    (code.to_owned(), wording::raised(raised, other))
}
