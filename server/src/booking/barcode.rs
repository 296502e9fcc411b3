//! How barcodes are compared, and which actions may give a product another one.

use domain::{Action, normalize_gtin};
use uuid::Uuid;

/// A barcode in the form that is compared; none for an empty one.
pub(crate) fn barcode_key(barcode: &str) -> Option<String> {
    Some(normalize_gtin(barcode)).filter(|key| !key.is_empty())
}

/// The product that loses its barcode by this action, or may get another one.
pub(super) fn relabelled(action: &Action) -> Option<Uuid> {
    match action {
        Action::UpdateProduct { id, patch } => patch.barcode.as_ref().map(|_| *id),
        Action::DeleteProduct { id } => Some(*id),
        // A new product has had no barcode before.
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
        | Action::CloseDelivery { .. } => None,
    }
}
