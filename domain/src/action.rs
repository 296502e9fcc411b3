//! Every kind of mutation, with its payload.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::date::CalendarDate;
use crate::exception::{ExceptionKind, Sighting};
use crate::lot::{LotPatch, LotRef, LotStatus};
use crate::order::Order;
use crate::product::{Product, ProductPatch};
use crate::quantity::Quantity;
use crate::unknown_code::CodeSighting;

/// The verb of a kind; with an [`Entity`] it names one: `pick` and `lot` make `pick_lot`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words are the field's own")]
pub enum Operation {
    Create,
    Update,
    Delete,
    Receive,
    PutAway,
    Move,
    Pick,
    Adjust,
    Count,
    Place,
    Resolve,
    Close,
    Report,
    Settle,
}

/// The noun of a kind; with an [`Operation`] it names one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words are the field's own")]
pub enum Entity {
    Product,
    Lot,
    Order,
    Exception,
    Delivery,
    Code,
    Conflict,
}

/// A mutation's kind and payload; on the wire `{"pick_lot": {...}}`.
///
/// Edits (create, update, delete) may conflict. Stock operations and orders are facts: they have happened, so
/// they are booked even if stock goes below zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A new product.
    CreateProduct(Product),
    /// New values for some fields.
    UpdateProduct {
        /// The product.
        id: Uuid,
        /// The fields.
        patch: ProductPatch,
    },
    /// Deletes a product. It must have no stock.
    DeleteProduct {
        /// The product.
        id: Uuid,
    },
    /// A lot that is registered before its goods are received.
    CreateLot {
        /// The lot and its bin.
        lot: LotRef,
        /// Its status.
        status: LotStatus,
        /// The last day it may be used.
        expires_on: Option<CalendarDate>,
    },
    /// New values for some fields.
    UpdateLot {
        /// The lot and its bin.
        lot: LotRef,
        /// The fields.
        patch: LotPatch,
    },
    /// Deletes a lot. It must have no stock.
    DeleteLot {
        /// The lot and its bin.
        lot: LotRef,
    },
    /// Goods were received.
    ReceiveLot {
        /// The lot and its bin.
        lot: LotRef,
        /// More than zero.
        quantity: Quantity,
        /// The last day it may be used.
        expires_on: Option<CalendarDate>,
        /// The day of receipt.
        received_on: Option<CalendarDate>,
        /// The delivery they belong to, if one was expected. Builds that do not know this field ignore it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delivery: Option<Uuid>,
    },
    /// Goods were moved from the receiving bin into a bin.
    PutAwayLot {
        /// The lot and its source bin.
        lot: LotRef,
        /// The target bin.
        to: String,
        /// More than zero.
        quantity: Quantity,
    },
    /// Goods were moved from one bin to another.
    MoveLot {
        /// The lot and its source bin.
        lot: LotRef,
        /// The target bin.
        to: String,
        /// More than zero.
        quantity: Quantity,
    },
    /// Goods were picked.
    PickLot {
        /// The lot and its bin.
        lot: LotRef,
        /// More than zero.
        quantity: Quantity,
        /// The reason for another lot than the first to expire; empty for that one. Builds that do not know
        /// this field ignore it.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// Stock was corrected.
    AdjustLot {
        /// The lot and its bin.
        lot: LotRef,
        /// Up or down, not zero.
        delta: Quantity,
        /// The reason, for the product's history.
        reason: String,
        /// The delivery whose received quantity changes as well, if a receipt is reversed. Builds that do not
        /// know this field ignore it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delivery: Option<Uuid>,
    },
    /// A cycle count.
    CountLot {
        /// The lot and its bin.
        lot: LotRef,
        /// The quantity that was counted.
        counted: Quantity,
        /// The quantity that the device showed during the count, its own pending mutations included.
        basis: Quantity,
    },
    /// Goods were sold.
    PlaceOrder(Order),
    /// A person has checked an exception.
    ResolveException {
        /// The kind of the exception.
        kind: ExceptionKind,
        /// Its product.
        product_id: Uuid,
        /// Its lot, if it is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lot: Option<LotRef>,
        /// The result, in words. May be empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
        /// The exception that was shown: a later one under the same key stays. Builds that do not know this
        /// field resolve any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<Sighting>,
    },
    /// A delivery is closed, although some of it may be missing.
    CloseDelivery {
        /// The delivery.
        id: Uuid,
        /// The reason. May be empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// A code was scanned that the device does not know.
    ReportCode(CodeSighting),
    /// A person has settled an unknown code.
    SettleCode {
        /// The code, in any spelling.
        code: String,
    },
    /// A person has checked a change that was not booked.
    CloseConflict {
        /// The mutation that was not booked.
        id: Uuid,
    },
}

impl Action {
    /// Its kind as on the wire.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::CreateProduct(_) => "create_product",
            Self::UpdateProduct { .. } => "update_product",
            Self::DeleteProduct { .. } => "delete_product",
            Self::CreateLot { .. } => "create_lot",
            Self::UpdateLot { .. } => "update_lot",
            Self::DeleteLot { .. } => "delete_lot",
            Self::ReceiveLot { .. } => "receive_lot",
            Self::PutAwayLot { .. } => "put_away_lot",
            Self::MoveLot { .. } => "move_lot",
            Self::PickLot { .. } => "pick_lot",
            Self::AdjustLot { .. } => "adjust_lot",
            Self::CountLot { .. } => "count_lot",
            Self::PlaceOrder(_) => "place_order",
            Self::ResolveException { .. } => "resolve_exception",
            Self::CloseDelivery { .. } => "close_delivery",
            Self::ReportCode(_) => "report_code",
            Self::SettleCode { .. } => "settle_code",
            Self::CloseConflict { .. } => "close_conflict",
        }
    }

    /// Every kind that a server of this build books.
    pub const KINDS: [&'static str; 18] = [
        "create_product",
        "update_product",
        "delete_product",
        "create_lot",
        "update_lot",
        "delete_lot",
        "receive_lot",
        "put_away_lot",
        "move_lot",
        "pick_lot",
        "adjust_lot",
        "count_lot",
        "place_order",
        "resolve_exception",
        "close_delivery",
        "report_code",
        "settle_code",
        "close_conflict",
    ];

    /// The kind for an operation on an entity; none if there is no such kind.
    pub fn kind_of(operation: Operation, entity: Entity) -> Option<&'static str> {
        let kind = match (operation, entity) {
            (Operation::Create, Entity::Product) => "create_product",
            (Operation::Update, Entity::Product) => "update_product",
            (Operation::Delete, Entity::Product) => "delete_product",
            (Operation::Create, Entity::Lot) => "create_lot",
            (Operation::Update, Entity::Lot) => "update_lot",
            (Operation::Delete, Entity::Lot) => "delete_lot",
            (Operation::Receive, Entity::Lot) => "receive_lot",
            (Operation::PutAway, Entity::Lot) => "put_away_lot",
            (Operation::Move, Entity::Lot) => "move_lot",
            (Operation::Pick, Entity::Lot) => "pick_lot",
            (Operation::Adjust, Entity::Lot) => "adjust_lot",
            (Operation::Count, Entity::Lot) => "count_lot",
            (Operation::Place, Entity::Order) => "place_order",
            (Operation::Resolve, Entity::Exception) => "resolve_exception",
            (Operation::Close, Entity::Delivery) => "close_delivery",
            (Operation::Report, Entity::Code) => "report_code",
            (Operation::Settle, Entity::Code) => "settle_code",
            (Operation::Close, Entity::Conflict) => "close_conflict",
            _ => return None,
        };
        Some(kind)
    }

    /// The fields that an edit changes; an empty list for a deletion, which concerns all fields. None for
    /// facts and creations.
    pub fn edited_fields(&self) -> Option<Vec<&'static str>> {
        match self {
            Self::UpdateProduct { patch, .. } => Some(patch.fields()),
            Self::UpdateLot { patch, .. } => Some(patch.fields()),
            Self::DeleteProduct { .. } | Self::DeleteLot { .. } => Some(Vec::new()),
            Self::CreateProduct(_)
            | Self::CreateLot { .. }
            | Self::ReceiveLot { .. }
            | Self::PutAwayLot { .. }
            | Self::MoveLot { .. }
            | Self::PickLot { .. }
            | Self::AdjustLot { .. }
            | Self::CountLot { .. }
            | Self::PlaceOrder(_)
            | Self::ResolveException { .. }
            | Self::CloseDelivery { .. }
            | Self::ReportCode(_)
            | Self::SettleCode { .. }
            | Self::CloseConflict { .. } => None,
        }
    }

    /// The edit without these fields; none if it would change nothing, or is no edit of fields.
    #[must_use]
    pub fn without_fields(&self, fields: &[&str]) -> Option<Self> {
        let rest = match self {
            Self::UpdateProduct { id, patch } => {
                Self::UpdateProduct { id: *id, patch: patch.without(fields) }
            }
            Self::UpdateLot { lot, patch } => {
                Self::UpdateLot { lot: lot.clone(), patch: patch.without(fields) }
            }
            Self::CreateProduct(_)
            | Self::DeleteProduct { .. }
            | Self::CreateLot { .. }
            | Self::DeleteLot { .. }
            | Self::ReceiveLot { .. }
            | Self::PutAwayLot { .. }
            | Self::MoveLot { .. }
            | Self::PickLot { .. }
            | Self::AdjustLot { .. }
            | Self::CountLot { .. }
            | Self::PlaceOrder(_)
            | Self::ResolveException { .. }
            | Self::CloseDelivery { .. }
            | Self::ReportCode(_)
            | Self::SettleCode { .. }
            | Self::CloseConflict { .. } => return None,
        };
        rest.edited_fields().is_some_and(|left| !left.is_empty()).then_some(rest)
    }

    /// The products it concerns.
    pub fn products(&self) -> Vec<Uuid> {
        match self {
            Self::CreateProduct(product) => vec![product.id],
            Self::UpdateProduct { id, .. } | Self::DeleteProduct { id } => vec![*id],
            Self::CreateLot { lot, .. }
            | Self::UpdateLot { lot, .. }
            | Self::DeleteLot { lot }
            | Self::ReceiveLot { lot, .. }
            | Self::PutAwayLot { lot, .. }
            | Self::MoveLot { lot, .. }
            | Self::PickLot { lot, .. }
            | Self::AdjustLot { lot, .. }
            | Self::CountLot { lot, .. } => vec![lot.product_id],
            Self::ResolveException { product_id, .. } => vec![*product_id],
            Self::CloseDelivery { .. }
            | Self::ReportCode(_)
            | Self::SettleCode { .. }
            | Self::CloseConflict { .. } => Vec::new(),
            Self::PlaceOrder(order) => order.lines.iter().map(|line| line.lot.product_id).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_without_its_contested_fields_keeps_all_others() {
        let text = |value: &str| Some(value.to_owned());
        let patch = ProductPatch {
            sku: text("s"),
            barcode: text("b"),
            name: text("n"),
            unit: text("u"),
            price_minor: Some(1),
            currency: text("EUR"),
            family: text("f"),
            variant: text("v"),
        };
        let all = patch.fields();
        let id = Uuid::from_u128(1);
        let edit = Action::UpdateProduct { id, patch };
        for field in &all {
            let rest = edit.without_fields(&[*field]).and_then(|rest| rest.edited_fields());
            let expected: Vec<&str> = all.iter().copied().filter(|other| other != field).collect();
            assert_eq!(rest, Some(expected));
        }
        assert_eq!(edit.without_fields(&all), None);
        assert_eq!(Action::DeleteProduct { id }.without_fields(&["price"]), None);

        let lot = LotRef::new(id, "L1", "A-1");
        let expires_on = "2027-01-31".parse().ok();
        let patch = LotPatch { status: Some(LotStatus::Reserved), expires_on };
        let edit = Action::UpdateLot { lot: lot.clone(), patch };
        let dated = Action::UpdateLot { lot, patch: LotPatch { status: None, expires_on } };
        assert_eq!(edit.without_fields(&["status"]), Some(dated.clone()));
        assert_eq!(dated.without_fields(&["expiry date"]), None);
    }

    #[test]
    fn every_kind_is_made_by_one_operation_on_one_entity() {
        use Operation::{
            Adjust, Close, Count, Create, Delete, Move, Pick, Place, PutAway, Receive, Report, Resolve,
            Settle, Update,
        };
        let operations = [
            Create, Update, Delete, Receive, PutAway, Move, Pick, Adjust, Count, Place, Resolve, Close,
            Report, Settle,
        ];
        let entities = [
            Entity::Product,
            Entity::Lot,
            Entity::Order,
            Entity::Exception,
            Entity::Delivery,
            Entity::Code,
            Entity::Conflict,
        ];
        let pairs = operations.into_iter().flat_map(|operation| entities.map(|entity| (operation, entity)));
        let mut made: Vec<&str> =
            pairs.filter_map(|(operation, entity)| Action::kind_of(operation, entity)).collect();
        let mut kinds = Action::KINDS;
        made.sort_unstable();
        kinds.sort_unstable();
        assert_eq!(made, kinds);
    }
}
