//! Exceptions: cases that a supervisor has to check.

use serde::{Deserialize, Serialize};
use sync::{RowKey, UnixMillis};
use uuid::Uuid;

use crate::lot::LotRef;
use crate::quantity::Quantity;

/// The table of cases that a supervisor has to check.
pub const EXCEPTIONS: &str = "exceptions";

/// The kind of an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionKind {
    /// More was taken than was booked in: the lot has to be counted.
    BelowZero,
    /// The lot was booked on between the display and the count, or by a device that had not seen the count:
    /// it has to be counted again.
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

/// One exception. A lot, or a product, has at most one of each kind: a later one replaces it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockException {
    /// The kind of an exception.
    pub kind: ExceptionKind,
    /// The product.
    pub product_id: Uuid,
    /// The lot and its bin; none if it is about the product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<LotRef>,
    /// The other product, where there are two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<Uuid>,
    /// The lot's quantity before the booking that raised it.
    pub before: Quantity,
    /// The lot's quantity after it.
    pub after: Quantity,
    /// The quantity that the counting device showed; none for a booking of a device that had not seen the last
    /// count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Quantity>,
    /// The author of the booking.
    pub author: String,
    /// The time of recording, by the device's clock.
    pub at: UnixMillis,
}

/// Distinguishes exceptions that follow each other under the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// [`StockException::at`].
    pub at: UnixMillis,
    /// [`StockException::after`].
    pub after: Quantity,
}

impl StockException {
    /// Distinguishes this exception from others under its key.
    pub fn sighting(&self) -> Sighting {
        Sighting { at: self.at, after: self.after }
    }

    /// The row's key.
    pub fn key(&self) -> RowKey {
        exception_key(self.kind, self.product_id, self.lot.as_ref())
    }
}

/// The key of an exception of a lot, or of a product.
pub fn exception_key(kind: ExceptionKind, product_id: Uuid, lot: Option<&LotRef>) -> RowKey {
    key_of(product_id, lot.map_or(Uuid::nil(), LotRef::id), kind.code())
}

pub(crate) fn key_of(product_id: Uuid, lot_id: Uuid, kind: &str) -> RowKey {
    RowKey::new(EXCEPTIONS, format!("{product_id}.{lot_id}.{kind}"))
}
