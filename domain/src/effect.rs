//! What a booked mutation leaves behind besides rows: ledger entries, orders, and exceptions for a supervisor.

use serde::{Deserialize, Serialize};

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
    /// A lot went below zero: recount it.
    BelowZero {
        /// Which lot, where.
        lot: LotRef,
        /// On hand now.
        quantity: Quantity,
    },
    /// A lot moved between being shown and being counted: look at it.
    MovedWhileCounted {
        /// Which lot, where.
        lot: LotRef,
        /// What the counting device showed.
        basis: Quantity,
        /// What was on hand when the count was booked.
        found: Quantity,
    },
}
