//! What the server asks of a mutation beyond what the shared rules can see: who changed what since, what others hold.

use domain::{
    Action, Effect, Product, Quantity, Row, Verdict as EditVerdict, Warehouse, judge_edit, lot_key,
    product_key,
};
use sync::{Records, RowKey, Verdict};
use uuid::Uuid;

use super::desk::Desk;
use super::{Incoming, StoredRow, wording};

/// A decision against a mutation, or one that needs no booking.
pub(super) struct Ruling {
    pub(super) verdict: Verdict,
    pub(super) code: String,
    pub(super) message: String,
}

impl Ruling {
    /// It was taken back in time.
    pub(super) fn withdrawn() -> Self {
        Self { verdict: Verdict::Applied, code: sync::WITHDRAWN.to_owned(), message: String::new() }
    }

    /// Later work of the same device is booked.
    pub(super) fn too_late() -> Self {
        Self::rejected("too_late", "Later entries of this device are booked already. Record this one again.")
    }

    pub(super) fn rejected(code: &str, message: impl Into<String>) -> Self {
        Self { verdict: Verdict::Rejected, code: code.to_owned(), message: message.into() }
    }

    fn conflict(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { verdict: Verdict::Conflict, code: code.into(), message: message.into() }
    }
}

/// Whether `action` may be tried: `Ok(true)` if it merges with what others changed.
pub(super) fn admit(desk: &Desk<'_>, mutation: &Incoming, action: &Action) -> Result<bool, Ruling> {
    match action {
        Action::CreateProduct(product) => match desk.row(&product_key(product.id)) {
            Some(_) => Err(Ruling::rejected("exists", format!("{} is in the book already.", product.name))),
            None => Ok(false),
        },
        Action::UpdateProduct { .. }
        | Action::DeleteProduct { .. }
        | Action::UpdateLot { .. }
        | Action::DeleteLot { .. } => admit_edit(desk, mutation, action),
        Action::CreateLot { lot, .. } => {
            let product = known_product(desk, lot.product_id)?;
            if product.deleted {
                let message = format!(
                    "Somebody else deleted {}. Your lot was not saved.",
                    wording::subject(&product.row)
                );
                return Err(Ruling::conflict("deleted", message));
            }
            Ok(false)
        }
        Action::PlaceOrder(order) if desk.order_exists(order.id) => {
            Err(Ruling::rejected("exists", format!("Order {} is in the book already.", order.number)))
        }
        // Whatever it was about, somebody has looked.
        Action::ResolveException { .. } => Ok(false),
        _ => {
            action.products().into_iter().try_for_each(|id| known_product(desk, id).map(|_| ()))?;
            Ok(false)
        }
    }
}

fn known_product<'d>(desk: &'d Desk<'_>, id: Uuid) -> Result<&'d StoredRow, Ruling> {
    desk.row(&product_key(id)).ok_or_else(|| {
        let message =
            format!("The server does not know this product ({id}). Create it first, then try again.");
        Ruling::rejected("unknown_product", message)
    })
}

fn admit_edit(desk: &Desk<'_>, mutation: &Incoming, action: &Action) -> Result<bool, Ruling> {
    let target = match action {
        Action::UpdateProduct { id, .. } | Action::DeleteProduct { id } => product_key(*id),
        Action::UpdateLot { lot, .. } | Action::DeleteLot { lot } => {
            known_product(desk, lot.product_id)?;
            lot_key(lot)
        }
        _ => return Ok(false),
    };
    let Some(held) = desk.row(&target) else {
        return Err(Ruling::rejected("not_found", not_found(action)));
    };
    let is_deletion = matches!(action, Action::DeleteProduct { .. } | Action::DeleteLot { .. });
    if held.deleted {
        return Err(gone(held, action, is_deletion));
    }
    let edited = action.edited_fields().unwrap_or_default();
    if edited.is_empty() && !is_deletion {
        return Ok(false);
    }
    match judge_edit(&edited, mutation.base, desk.client(), &held.fields) {
        EditVerdict::Clean => Ok(false),
        EditVerdict::Merges => Ok(true),
        EditVerdict::Conflicts(_) if is_deletion => {
            let subject = wording::subject(&held.row);
            let message = format!("Somebody else changed {subject} after you opened it. It was not deleted.");
            Err(Ruling::conflict("changed", message))
        }
        EditVerdict::Conflicts(field) => {
            let message = wording::field_conflict(&held.row, &edited_row(action, &held.row), field);
            Err(Ruling::conflict(format!("{}_changed", field.replace(' ', "_")), message))
        }
    }
}

fn not_found(action: &Action) -> String {
    match action {
        Action::UpdateLot { lot, .. } | Action::DeleteLot { lot } => {
            format!("The server knows no {lot}. Check the lot code and the location.")
        }
        _ => "The server does not know this product. It may have been deleted long ago.".to_owned(),
    }
}

/// The target is deleted: what is wanted already, or in the way.
fn gone(held: &StoredRow, action: &Action, is_deletion: bool) -> Ruling {
    let subject = wording::subject(&held.row);
    if is_deletion {
        let message = format!("{subject} was deleted already.");
        return Ruling { verdict: Verdict::Applied, code: "already_deleted".to_owned(), message };
    }
    let fields: Vec<&str> =
        action.edited_fields().unwrap_or_default().into_iter().map(wording::field_name).collect();
    let fields = if fields.is_empty() { "edit".to_owned() } else { fields.join(", ") };
    Ruling::conflict("deleted", format!("Somebody else deleted {subject}. Your new {fields} was not saved."))
}

fn edited_row(action: &Action, row: &Row) -> Row {
    match (action, row) {
        (Action::UpdateProduct { patch, .. }, Row::Product(product)) => {
            Row::Product(patch.applied_to(product))
        }
        (Action::UpdateLot { patch, .. }, Row::Lot(lot)) => Row::Lot(patch.applied_to(lot)),
        _ => row.clone(),
    }
}

/// A product goes out of the book only without stock. Returns its lots, which go with it.
pub(super) fn lots_to_delete(desk: &Desk<'_>, product: &Product) -> Result<Vec<RowKey>, Ruling> {
    let lots: Vec<(&RowKey, &domain::InventoryLot)> = desk
        .rows_of(domain::LOTS, product.id)
        .filter(|(_, held)| !held.deleted)
        .filter_map(|(key, held)| held.row.lot().map(|lot| (key, lot)))
        .collect();
    let stocked = || lots.iter().filter(|(_, lot)| lot.quantity != Quantity::ZERO);
    if stocked().next().is_some() {
        let sum = stocked().fold(Quantity::ZERO, |sum, (_, lot)| sum + lot.quantity);
        let message = wording::has_stock(product, stocked().count(), sum);
        return Err(Ruling::rejected("has_stock", message));
    }
    Ok(lots.into_iter().map(|(key, _)| key.clone()).collect())
}

/// Nothing that `row` claims may be held by another row.
pub(super) fn check_claims(desk: &Desk<'_>, action: &Action, key: &RowKey) -> Result<(), Ruling> {
    for claim in domain::claims(action) {
        let Some(holder) = desk.holder(&claim).filter(|holder| *holder != key) else { continue };
        let name =
            desk.row(holder).map_or_else(|| "another product".to_owned(), |held| wording::subject(&held.row));
        let sku = claim.split_once(':').map_or("", |(_, sku)| sku);
        let message = format!("SKU {sku} belongs to {name} already. Choose another one.");
        return Err(Ruling::rejected("sku_taken", message));
    }
    Ok(())
}

/// Index keys of `row` that it claims for itself.
pub(super) fn claimed_by(row: &Row) -> Vec<String> {
    Warehouse::identify(row).index_keys.into_iter().filter(|key| key.starts_with("sku:")).collect()
}

/// What a booked mutation leaves for people to look at: a code and a sentence.
pub(super) fn remark(desk: &Desk<'_>, effects: &[Effect]) -> (String, String) {
    let raised = effects.iter().find_map(|effect| match effect {
        Effect::Raised(exception) => Some(exception),
        Effect::Stock(_) | Effect::Order(_) | Effect::Resolved { .. } | Effect::Closed { .. } => None,
    });
    let Some(raised) = raised else { return (String::new(), String::new()) };
    let other = raised.other.and_then(|id| desk.row(&product_key(id))).map(|held| &held.row);
    (raised.kind.code().to_owned(), wording::raised(raised, other))
}
