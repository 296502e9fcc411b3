//! The comparison of barcodes, and the actions that may change a product's barcode.

use domain::{Action, normalize_gtin};
use uuid::Uuid;

/// A barcode in its normal form for comparisons; none for an empty one.
pub(crate) fn barcode_key(barcode: &str) -> Option<String> {
    Some(normalize_gtin(barcode)).filter(|key| !key.is_empty())
}

/// The product whose barcode this action removes or may change.
pub(super) fn relabelled(action: &Action) -> Option<Uuid> {
    match action {
        Action::UpdateProduct { id, patch } => patch.barcode.as_ref().map(|_| *id),
        Action::DeleteProduct { id } => Some(*id),
        // A new product has no earlier barcode.
        Action::CreateProduct(_)
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
