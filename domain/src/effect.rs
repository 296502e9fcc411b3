//! What a booked mutation leaves behind besides rows: ledger entries, orders, and word of exceptions.

use serde::{Deserialize, Serialize};

use crate::delivery::Delivery;
use crate::exception::StockException;
use crate::lot::LotRef;
use crate::order::Order;
use crate::quantity::Quantity;

/// Why stock changed.
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
    /// Which lot, where.
    pub lot: LotRef,
    /// Up or down.
    pub delta: Quantity,
    /// Why.
    pub movement: Movement,
    /// Anything said about it: a reason, an order's number.
    pub note: String,
}

/// What a server keeps of a booked mutation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Stock changed.
    Stock(LedgerEntry),
    /// An order was placed.
    Order(Order),
    /// A supervisor has to look at something; its row says the same.
    Raised(StockException),
    /// A person has looked.
    Resolved {
        /// What at.
        exception: StockException,
        /// What came of it. May be empty.
        reason: String,
    },
    /// Nothing more of a delivery comes.
    Closed {
        /// With what is missing.
        delivery: Delivery,
        /// Why. May be empty.
        reason: String,
    },
}
