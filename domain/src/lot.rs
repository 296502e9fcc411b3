//! Inventory lots: a row is one lot at one location.

use std::fmt;

use serde::{Deserialize, Serialize};
use sync::Refusal;
use uuid::Uuid;

use crate::date::CalendarDate;
use crate::key_text::key_text;
use crate::quantity::Quantity;
use crate::text::{MAX_CODE_CHARS, check_required, check_stored};

/// The allowed uses of a lot, the least restricted first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LotStatus {
    /// Free to pick and sell.
    #[default]
    Available,
    /// Reserved for a customer or a purpose.
    Reserved,
    /// Waiting for a quality decision.
    Quarantined,
    /// Past its date.
    Expired,
}

impl LotStatus {
    /// Every status, in the order people choose from.
    pub const ALL: [Self; 4] = [Self::Available, Self::Reserved, Self::Quarantined, Self::Expired];

    /// As stored and sent: `available`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Reserved => "reserved",
            Self::Quarantined => "quarantined",
            Self::Expired => "expired",
        }
    }

    /// The status with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }
}

/// Identifies a lot at a location by its printed code and its bin. Its id is derived from those, as [`key_text`] spells
/// them, so that two devices that put the same lot into the same bin use the same row. (The product's id belongs to one site,
/// so the lot's does, too.) Texts from outside are trimmed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "WireLotRef")]
pub struct LotRef {
    /// The product.
    pub product_id: Uuid,
    /// As printed on the goods.
    pub lot_code: String,
    /// The bin, such as `B-07-3`.
    pub location: String,
}

/// A [`LotRef`] on the wire.
#[derive(Deserialize)]
struct WireLotRef {
    product_id: Uuid,
    lot_code: String,
    location: String,
}

impl From<WireLotRef> for LotRef {
    fn from(wire: WireLotRef) -> Self {
        Self {
            product_id: wire.product_id,
            lot_code: trimmed(wire.lot_code),
            location: trimmed(wire.location),
        }
    }
}

/// Allocates only where there is something to trim: a snapshot has hundreds of thousands of rows.
fn trimmed(text: String) -> String {
    if text.trim().len() == text.len() { text } else { text.trim().to_owned() }
}

impl LotRef {
    /// A lot of a product at a location, both trimmed.
    pub fn new(product_id: Uuid, lot_code: &str, location: &str) -> Self {
        Self { product_id, lot_code: lot_code.trim().to_owned(), location: location.trim().to_owned() }
    }

    /// The row's id.
    pub fn id(&self) -> Uuid {
        // U+001F cannot be part of either text, so different pairs have different names.
        let name = [&key_text(&self.lot_code), "\u{1f}", &key_text(&self.location)].concat();
        Uuid::new_v5(&self.product_id, name.as_bytes())
    }

    /// The same lot in another bin.
    #[must_use]
    pub fn at(&self, location: &str) -> Self {
        Self::new(self.product_id, &self.lot_code, location)
    }

    /// Checks both texts.
    ///
    /// # Errors
    /// A [`Refusal`] that names the invalid one.
    pub fn validate(&self) -> Result<(), Refusal> {
        check_stored("Lot code", &self.lot_code, MAX_CODE_CHARS)?;
        check_stored("Bin", &self.location, MAX_CODE_CHARS)
    }

    /// Checks both texts of a lot that has no row yet.
    ///
    /// # Errors
    /// As [`Self::validate`], and for characters that only rows of earlier builds may have.
    pub fn validate_new(&self) -> Result<(), Refusal> {
        check_required("Lot code", &self.lot_code, MAX_CODE_CHARS)?;
        check_required("Bin", &self.location, MAX_CODE_CHARS)
    }
}

impl fmt::Display for LotRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lot {} at {}", self.lot_code, self.location)
    }
}

/// One lot at one location; on the wire its [`LotRef`]'s fields are inlined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "WireLot", into = "WireLot")]
pub struct InventoryLot {
    /// The lot and its bin.
    pub lot: LotRef,
    /// On hand. Negative when more was taken than booked in.
    pub quantity: Quantity,
    /// Its status.
    pub status: LotStatus,
    /// The last day it may be used.
    pub expires_on: Option<CalendarDate>,
    /// The day of receipt.
    pub received_on: Option<CalendarDate>,
}

/// An [`InventoryLot`] on the wire. (`serde(flatten)` would do the same through a buffer, several times
/// slower.)
#[derive(Serialize, Deserialize)]
struct WireLot {
    product_id: Uuid,
    lot_code: String,
    location: String,
    quantity: Quantity,
    status: LotStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_on: Option<CalendarDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    received_on: Option<CalendarDate>,
}

impl From<WireLot> for InventoryLot {
    fn from(wire: WireLot) -> Self {
        let WireLot { product_id, lot_code, location, quantity, status, expires_on, received_on } = wire;
        let lot = LotRef::from(WireLotRef { product_id, lot_code, location });
        Self { lot, quantity, status, expires_on, received_on }
    }
}

impl From<InventoryLot> for WireLot {
    fn from(row: InventoryLot) -> Self {
        let InventoryLot { lot, quantity, status, expires_on, received_on } = row;
        let LotRef { product_id, lot_code, location } = lot;
        Self { product_id, lot_code, location, quantity, status, expires_on, received_on }
    }
}

impl InventoryLot {
    /// An available lot with a quantity of zero.
    pub fn empty(lot: LotRef) -> Self {
        Self {
            lot,
            quantity: Quantity::ZERO,
            status: LotStatus::Available,
            expires_on: None,
            received_on: None,
        }
    }

    /// Whether some of it may be picked or sold on `today`.
    pub fn is_usable(&self, today: CalendarDate) -> bool {
        self.status == LotStatus::Available && !self.is_expired(today) && self.quantity > Quantity::ZERO
    }

    /// Whether it is past its date on `today`.
    pub fn is_expired(&self, today: CalendarDate) -> bool {
        self.status == LotStatus::Expired || self.expires_on.is_some_and(|date| date < today)
    }
}

/// New values for some fields of a lot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LotPatch {
    /// New status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<LotStatus>,
    /// New expiry date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_on: Option<CalendarDate>,
}

impl LotPatch {
    /// `row` with the new values.
    #[must_use]
    pub fn applied_to(&self, row: &InventoryLot) -> InventoryLot {
        let mut row = row.clone();
        row.status = self.status.unwrap_or(row.status);
        row.expires_on = self.expires_on.or(row.expires_on);
        row
    }

    /// The patch without these fields.
    #[must_use]
    pub fn without(&self, fields: &[&str]) -> Self {
        Self {
            status: self.status.filter(|_| !fields.contains(&"status")),
            expires_on: self.expires_on.filter(|_| !fields.contains(&"expiry date")),
        }
    }

    /// The names of the changed fields.
    pub fn fields(&self) -> Vec<&'static str> {
        let all = [("status", self.status.is_some()), ("expiry date", self.expires_on.is_some())];
        all.into_iter().filter_map(|(name, changed)| changed.then_some(name)).collect()
    }
}
