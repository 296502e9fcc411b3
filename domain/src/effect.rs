//! Effects of a booked mutation besides rows: ledger entries, orders, decisions on exceptions and deliveries, and
//! edits of products.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::delivery::Delivery;
use crate::exception::StockException;
use crate::lot::LotRef;
use crate::order::Order;
use crate::product::ProductEdit;
use crate::quantity::Quantity;

/// The cause of a change of stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are the field's own")]
pub enum Movement {
    Receive,
    PutAway,
    Move,
    Pick,
    Adjust,
    Count,
    Sale,
    Import,
}

impl Movement {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Receive,
        Self::PutAway,
        Self::Move,
        Self::Pick,
        Self::Adjust,
        Self::Count,
        Self::Sale,
        Self::Import,
    ];

    /// The movement with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|movement| movement.code() == code)
    }

    /// As stored: `put_away`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::PutAway => "put_away",
            Self::Move => "move",
            Self::Pick => "pick",
            Self::Adjust => "adjust",
            Self::Count => "count",
            Self::Sale => "sale",
            Self::Import => "import",
        }
    }
}

/// One line of the append-only stock ledger: the sum of a lot's deltas is its quantity on hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The lot and its bin.
    pub lot: LotRef,
    /// Up or down.
    pub delta: Quantity,
    /// The cause.
    pub movement: Movement,
    /// A reason, or an order's number.
    pub note: String,
}

/// A record that the server keeps of a booked mutation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Stock changed.
    Stock(LedgerEntry),
    /// An order was placed.
    Order(Order),
    /// An exception was raised; its row has the same content.
    Raised(StockException),
    /// A person has checked an exception.
    Resolved {
        /// The exception.
        exception: StockException,
        /// The result, in words. May be empty.
        reason: String,
    },
    /// A delivery was closed.
    Closed {
        /// The delivery, with its missing lines.
        delivery: Delivery,
        /// The reason. May be empty.
        reason: String,
    },
    /// A product's fields changed.
    Edited {
        /// The product.
        product_id: Uuid,
        /// The fields.
        edit: ProductEdit,
    },
}
