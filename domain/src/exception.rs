//! What a supervisor has to look at.

use serde::{Deserialize, Serialize};
use sync::{RowKey, UnixMillis};
use uuid::Uuid;

use crate::lot::LotRef;
use crate::quantity::Quantity;
use crate::warehouse::EXCEPTIONS;

/// What is odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionKind {
    /// More was taken than was booked in: count the lot.
    BelowZero,
    /// A lot moved between being shown and being counted: look at it.
    MovedWhileCounted,
    /// Two products have the same barcode: a scan finds only one of them.
    DuplicateBarcode,
}

impl ExceptionKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::BelowZero, Self::MovedWhileCounted, Self::DuplicateBarcode];

    /// As stored and sent: `below_zero`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::BelowZero => "below_zero",
            Self::MovedWhileCounted => "moved_while_counted",
            Self::DuplicateBarcode => "duplicate_barcode",
        }
    }

    /// The kind with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// One thing to look at. There is one of each kind for a lot, or for a product: a later one takes its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockException {
    /// What is odd.
    pub kind: ExceptionKind,
    /// The product.
    pub product_id: Uuid,
    /// Which lot, where; none if it is about the product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<LotRef>,
    /// The other product, where there are two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<Uuid>,
    /// The lot's quantity before the booking that raised it.
    pub before: Quantity,
    /// And after.
    pub after: Quantity,
    /// What a counting device showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Quantity>,
    /// Whose booking it was.
    pub author: String,
    /// When they recorded it, by their device's clock.
    pub at: UnixMillis,
}

/// Which of the exceptions that followed each other under one key a person has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// [`StockException::at`].
    pub at: UnixMillis,
    /// [`StockException::after`].
    pub after: Quantity,
}

impl StockException {
    /// What somebody has seen who was shown it.
    pub fn sighting(&self) -> Sighting {
        Sighting { at: self.at, after: self.after }
    }

    /// The row's key.
    pub fn key(&self) -> RowKey {
        exception_key(self.kind, self.product_id, self.lot.as_ref())
    }
}

/// The key of what is odd about a lot, or about a product.
pub fn exception_key(kind: ExceptionKind, product_id: Uuid, lot: Option<&LotRef>) -> RowKey {
    key_of(product_id, lot.map_or(Uuid::nil(), LotRef::id), kind.code())
}

pub(crate) fn key_of(product_id: Uuid, lot_id: Uuid, kind: &str) -> RowKey {
    RowKey::new(EXCEPTIONS, format!("{product_id}.{lot_id}.{kind}"))
}
