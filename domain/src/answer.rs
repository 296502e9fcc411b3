//! Requests and responses beside the sync protocol: one product, its history, lots by their code and for reports, enrolment.

use serde::{Deserialize, Serialize};
use sync::UnixMillis;
use uuid::Uuid;

use crate::effect::Movement;
use crate::exception::ExceptionKind;
use crate::lot::{InventoryLot, LotStatus};
use crate::product::{Product, ProductEdit};
use crate::quantity::Quantity;

/// Entries of one page of a product's history. A revision is never split, so that one with more entries makes
/// a longer page.
pub const MAX_HISTORY_ENTRIES: usize = 100;

/// Lots of one answer to a lot code.
pub const MAX_LOTS_BY_CODE: usize = 100;

/// `GET /api/products/{id}` and `GET /api/products/by-barcode/{code}`: the product with all its lots,
/// regardless of their status.
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

/// `GET /api/lots/by-code/{code}`: the lots with this code in any spelling, regardless of their status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LotsAnswer {
    /// Their products, each with only these lots: those with stock first, at most [`MAX_LOTS_BY_CODE`].
    pub products: Vec<ProductAnswer>,
    /// Whether there are more lots with this code.
    pub more: bool,
}

/// `GET /api/products/{id}/history?lot={lot_id}&before={rev}`: the stock ledger's entries with author, device
/// and time, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryAnswer {
    /// The newest before the revision asked for, at most [`MAX_HISTORY_ENTRIES`].
    pub entries: Vec<HistoryEntry>,
    /// Whether there are older ones: ask again with the lowest revision of these entries and notes as
    /// `before`.
    pub more: bool,
    /// People's decisions, as far back as the entries, and at most as many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<HistoryNote>,
    /// Edits of the product's fields, as far back as the entries, and at most as many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<HistoryEdit>,
}

impl HistoryAnswer {
    /// The lowest revision in it.
    pub fn oldest_rev(&self) -> Option<u64> {
        let last = [
            self.entries.last().map(|entry| entry.rev),
            self.notes.last().map(|note| note.rev),
            self.edits.last().map(|edit| edit.rev),
        ];
        last.into_iter().flatten().min()
    }
}

/// An edit of the product's fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEdit {
    /// The site's revision that booked it.
    pub rev: u64,
    /// The changed fields.
    pub edit: ProductEdit,
    /// The person who recorded it, or the device's name where no person did.
    pub author: String,
    /// The person who approved it; empty if that was not needed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub approved_by: String,
    /// The device's name; empty for an import, and for mutations from a file.
    pub device: String,
    /// The time of recording, by the device's clock.
    pub captured_at: UnixMillis,
    /// The time of booking, by the server's clock.
    pub booked_at: UnixMillis,
}

/// A person's decision that changed no stock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryNote {
    /// The site's revision that booked it.
    pub rev: u64,
    /// Its topic.
    pub topic: NoteTopic,
    /// The reason. May be empty.
    pub reason: String,
    /// The person who recorded it, or the device's name where no person did.
    pub author: String,
    /// The person who approved it; empty if that was not needed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub approved_by: String,
    /// The device's name; empty for mutations from a file.
    pub device: String,
    /// The time of recording, by the device's clock.
    pub captured_at: UnixMillis,
    /// The time of booking, by the server's clock.
    pub booked_at: UnixMillis,
}

/// The topic of a [`HistoryNote`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteTopic {
    /// An exception was checked.
    Resolved {
        /// The kind of the exception.
        kind: ExceptionKind,
        /// As printed on the goods; empty if it was about the product.
        lot_code: String,
        /// The bin; empty if it was about the product.
        location: String,
    },
    /// A delivery was closed without all of its goods.
    Short {
        /// As printed on the delivery note.
        number: String,
        /// The expected quantity.
        expected: Quantity,
        /// The received quantity at that time.
        received: Quantity,
    },
}

/// Lots in one [`UnavailableAnswer`].
pub const MAX_UNAVAILABLE_LOTS: usize = 2_000;

/// `GET /api/lots/unavailable?after={next}`: the lots with stock that devices do not hold, because their status is not
/// `available`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnavailableAnswer {
    /// The totals of all of them. Only in the first part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub totals: Vec<UnavailableTotal>,
    /// A part of them, at most [`MAX_UNAVAILABLE_LOTS`].
    pub lots: Vec<InventoryLot>,
    /// `after` of the next part, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The server's clock.
    pub as_of: UnixMillis,
}

/// The number of lots of one status whose prices are in one currency, and their value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnavailableTotal {
    /// The status.
    pub status: LotStatus,
    /// ISO 4217.
    pub currency: String,
    /// The number of lots.
    pub lots: u64,
    /// Their value in thousandths of the currency's minor unit.
    pub exact: i64,
}

/// One line of the stock ledger, with its author and device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The site's revision that booked it.
    pub rev: u64,
    /// The cause of the change.
    pub movement: Movement,
    /// Up or down.
    pub delta: Quantity,
    /// As printed on the goods.
    pub lot_code: String,
    /// The bin.
    pub location: String,
    /// A reason, an order's number or a delivery's number.
    pub note: String,
    /// The person who recorded it, or the device's name where no person did.
    pub author: String,
    /// The person who approved it; empty if that was not needed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub approved_by: String,
    /// The device's name; empty for an import, and for mutations from a file.
    pub device: String,
    /// The time of recording, by the device's clock.
    pub captured_at: UnixMillis,
    /// The time of booking, by the server's clock.
    pub booked_at: UnixMillis,
}

/// `POST /api/enrol`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolRequest {
    /// The one-time code; empty if the request has a person's token instead.
    #[serde(default)]
    pub code: String,
    /// The site whose data the device holds: a code of another site is refused, and stays unused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// The device's name; the server chooses one if it is empty.
    #[serde(default)]
    pub device_name: String,
    /// Asks for the token in the answer, for a client that is not a browser. A browser gets a cookie it
    /// cannot read.
    #[serde(default)]
    pub bearer: bool,
}

/// `POST /api/enrol` and `GET /api/device`: the identity of the device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceAnswer {
    /// The device.
    pub device: Uuid,
    /// Its name.
    pub name: String,
    /// The prefix of its order numbers: `D07`.
    pub prefix: String,
    /// The site it works at.
    pub site: String,
    /// The number of clients (lives of its database) that have sent mutations. If a browser has no client yet
    /// and this is above zero, the browser has lost its data.
    #[serde(default)]
    pub lives: u64,
    /// The token, if it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}
