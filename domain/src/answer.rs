//! What the server answers when asked for one product, and when a device enrols.

use serde::{Deserialize, Serialize};
use sync::UnixMillis;
use uuid::Uuid;

use crate::effect::Movement;
use crate::exception::ExceptionKind;
use crate::lot::InventoryLot;
use crate::product::Product;
use crate::quantity::Quantity;

/// Entries of one page of a product's history. A revision is never split: one that has more by itself is a longer page.
pub const MAX_HISTORY_ENTRIES: usize = 100;

/// `GET /api/products/{id}` and `GET /api/products/by-barcode/{code}`: the product with all its lots, whatever their
/// status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductAnswer {
    /// The product.
    pub product: Product,
    /// The product's revision.
    pub rev: u64,
    /// Its lots with their revisions, soonest to expire first.
    pub lots: Vec<(u64, InventoryLot)>,
    /// The server's clock.
    pub as_of: UnixMillis,
}

/// `GET /api/products/{id}/history?lot={lot_id}&before={rev}`: who did what where and when, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryAnswer {
    /// The newest before the revision asked for, at most [`MAX_HISTORY_ENTRIES`].
    pub entries: Vec<HistoryEntry>,
    /// Whether there are older ones: ask again with the lowest revision of these entries and notes as `before`.
    pub more: bool,
    /// What people decided besides, as far back as the entries, and at most as many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<HistoryNote>,
}

impl HistoryAnswer {
    /// The lowest revision in it.
    pub fn oldest_rev(&self) -> Option<u64> {
        let last = [self.entries.last().map(|entry| entry.rev), self.notes.last().map(|note| note.rev)];
        last.into_iter().flatten().min()
    }
}

/// What a person decided that changed no stock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryNote {
    /// The site's revision that booked it.
    pub rev: u64,
    /// What about.
    pub topic: NoteTopic,
    /// What they said. May be empty.
    pub reason: String,
    /// Who recorded it.
    pub author: String,
    /// What people call the device; empty for work that came in as a file.
    pub device: String,
    /// When it was recorded, by the device's clock.
    pub captured_at: UnixMillis,
    /// When it was booked, by the server's.
    pub booked_at: UnixMillis,
}

/// What a [`HistoryNote`] is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteTopic {
    /// Something odd that somebody looked at.
    Resolved {
        /// What was odd.
        kind: ExceptionKind,
        /// As printed on the goods; empty if it was about the product.
        lot_code: String,
        /// The bin; empty if it was about the product.
        location: String,
    },
    /// Nothing more of a delivery came.
    Short {
        /// As printed on the delivery note.
        number: String,
        /// How much should have come.
        expected: Quantity,
        /// How much had come by then.
        received: Quantity,
    },
}

/// One line of the stock ledger, with who booked it on which device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The site's revision that booked it.
    pub rev: u64,
    /// Why stock changed.
    pub movement: Movement,
    /// Up or down.
    pub delta: Quantity,
    /// As printed on the goods.
    pub lot_code: String,
    /// The bin.
    pub location: String,
    /// Anything said about it: a reason, an order's or a delivery's number.
    pub note: String,
    /// Who recorded it.
    pub author: String,
    /// What people call the device; empty for an import, and for work that came in as a file.
    pub device: String,
    /// When it was recorded, by the device's clock.
    pub captured_at: UnixMillis,
    /// When it was booked, by the server's.
    pub booked_at: UnixMillis,
}

/// `POST /api/enrol`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolRequest {
    /// The one-time code.
    pub code: String,
    /// What people call the device; the server makes a name up if it is empty.
    #[serde(default)]
    pub device_name: String,
    /// Asks for the token in the answer, for a client that is not a browser. A browser gets a cookie it cannot read.
    #[serde(default)]
    pub bearer: bool,
}

/// `POST /api/enrol` and `GET /api/device`: who this device is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceAnswer {
    /// The device.
    pub device: Uuid,
    /// What people call it.
    pub name: String,
    /// What its order numbers begin with: `D07`.
    pub prefix: String,
    /// The site it works at.
    pub site: String,
    /// How many lives of its database have sent work. One that knows of none of its own has lost its data.
    #[serde(default)]
    pub lives: u64,
    /// The token, if it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}
