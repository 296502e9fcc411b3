//! Every kind of mutation, with its payload.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::date::CalendarDate;
use crate::exception::{ExceptionKind, Sighting};
use crate::lot::{LotPatch, LotRef, LotStatus};
use crate::order::Order;
use crate::product::{Product, ProductPatch};
use crate::quantity::Quantity;

/// What is done; with an [`Entity`] it names a kind: `pick` and `lot` make `pick_lot`.
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
}

/// What it is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words are the field's own")]
pub enum Entity {
    Product,
    Lot,
    Order,
    Exception,
    Delivery,
}

/// A mutation's kind and payload; on the wire `{"pick_lot": {...}}`.
///
/// Edits (create, update, delete) may conflict. Stock work and orders are facts: they happened, so they are booked even
/// if stock goes below zero.
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
    /// Takes a product out of the book. Only without stock.
    DeleteProduct {
        /// The product.
        id: Uuid,
    },
    /// A lot known before any of it has come in.
    CreateLot {
        /// Which lot, where.
        lot: LotRef,
        /// What may be done with it.
        status: LotStatus,
        /// The last day it may be used.
        expires_on: Option<CalendarDate>,
    },
    /// New values for some fields.
    UpdateLot {
        /// Which lot, where.
        lot: LotRef,
        /// The fields.
        patch: LotPatch,
    },
    /// Takes a lot out of the book. Only without stock.
    DeleteLot {
        /// Which lot, where.
        lot: LotRef,
    },
    /// Goods came in.
    ReceiveLot {
        /// Which lot, where.
        lot: LotRef,
        /// More than none.
        quantity: Quantity,
        /// The last day it may be used.
        expires_on: Option<CalendarDate>,
        /// The day it came in.
        received_on: Option<CalendarDate>,
        /// The delivery it came with, if one was expected. Builds that do not know it pass it over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delivery: Option<Uuid>,
    },
    /// Goods went from a receiving place into a bin.
    PutAwayLot {
        /// Which lot, from where.
        lot: LotRef,
        /// To where.
        to: String,
        /// More than none.
        quantity: Quantity,
    },
    /// Goods went from one bin to another.
    MoveLot {
        /// Which lot, from where.
        lot: LotRef,
        /// To where.
        to: String,
        /// More than none.
        quantity: Quantity,
    },
    /// Goods were taken out.
    PickLot {
        /// Which lot, where.
        lot: LotRef,
        /// More than none.
        quantity: Quantity,
        /// Why not the lot that expires first; empty when it was that one. Builds that do not know it pass it over.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// Stock was corrected.
    AdjustLot {
        /// Which lot, where.
        lot: LotRef,
        /// Up or down, not zero.
        delta: Quantity,
        /// Why, for whoever asks later.
        reason: String,
        /// The delivery of which so much more or less has come, if a receipt is taken back. Builds that do not know it pass it
        /// over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delivery: Option<Uuid>,
    },
    /// A cycle count.
    CountLot {
        /// Which lot, where.
        lot: LotRef,
        /// What was there.
        counted: Quantity,
        /// What the device showed when it was counted, its own pending work included.
        basis: Quantity,
    },
    /// Goods were sold.
    PlaceOrder(Order),
    /// A person has looked at what was odd.
    ResolveException {
        /// What was odd.
        kind: ExceptionKind,
        /// About which product.
        product_id: Uuid,
        /// About which lot, if it was about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lot: Option<LotRef>,
        /// What came of it. May be empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
        /// What was shown: a later one in its place nobody has seen. Builds that do not know it mean whatever is there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<Sighting>,
    },
    /// Nothing more of a delivery comes, whatever is missing.
    CloseDelivery {
        /// The delivery.
        id: Uuid,
        /// Why. May be empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
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
        }
    }

    /// Every kind a server of this build books.
    pub const KINDS: [&'static str; 15] = [
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
    ];

    /// The kind that an operation on an entity makes; none if there is no such kind.
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
            _ => return None,
        };
        Some(kind)
    }

    /// The fields an edit changes; none for a deletion, which concerns them all. Facts and creations are no edits.
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
            | Self::CloseDelivery { .. } => None,
        }
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
            Self::CloseDelivery { .. } => Vec::new(),
            Self::PlaceOrder(order) => order.lines.iter().map(|line| line.lot.product_id).collect(),
        }
    }
}
