//! Rows, their tables and their keys.

use serde::{Deserialize, Serialize};
use sync::RowKey;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use crate::conflict::Conflict;
use crate::delivery::Delivery;
use crate::exception::StockException;
use crate::lot::{InventoryLot, LotRef};
use crate::person::Person;
use crate::product::Product;
use crate::site_rules::SiteSetting;
use crate::unknown_code::UnknownCode;

/// The table of products.
pub const PRODUCTS: &str = "products";
/// The table of lots.
pub const LOTS: &str = "inventory_lots";
/// The table of expected deliveries.
pub const DELIVERIES: &str = "deliveries";
/// The tables of builds that do not name their tables in a request.
pub const FIRST_TABLES: &[&str] = &[PRODUCTS, LOTS];

/// A row of any table; on the wire `{"p": {...}}`, `{"l": {...}}` and so on, as there are hundreds of
/// thousands of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Row {
    /// A product.
    #[serde(rename = "p")]
    Product(Product),
    /// A lot.
    #[serde(rename = "l")]
    Lot(InventoryLot),
    /// An expected delivery.
    #[serde(rename = "d")]
    Delivery(Delivery),
    /// A case that a supervisor has to check.
    #[serde(rename = "x")]
    Exception(StockException),
    /// A code that was scanned and is not known.
    #[serde(rename = "u")]
    UnknownCode(UnknownCode),
    /// A change that was not booked.
    #[serde(rename = "c")]
    Conflict(Conflict),
    /// A person.
    #[serde(rename = "h")]
    Person(Person),
    /// A setting of the site.
    #[serde(rename = "s")]
    Setting(SiteSetting),
}

impl Row {
    /// The product, if it is one.
    pub fn product(&self) -> Option<&Product> {
        if let Self::Product(product) = self { Some(product) } else { None }
    }

    /// The lot, if it is one.
    pub fn lot(&self) -> Option<&InventoryLot> {
        if let Self::Lot(lot) = self { Some(lot) } else { None }
    }

    /// The delivery, if it is one.
    pub fn delivery(&self) -> Option<&Delivery> {
        if let Self::Delivery(delivery) = self { Some(delivery) } else { None }
    }

    /// The exception, if it is one.
    pub fn exception(&self) -> Option<&StockException> {
        if let Self::Exception(exception) = self { Some(exception) } else { None }
    }

    /// The unknown code, if it is one.
    pub fn unknown_code(&self) -> Option<&UnknownCode> {
        if let Self::UnknownCode(code) = self { Some(code) } else { None }
    }

    /// The conflict, if it is one.
    pub fn conflict(&self) -> Option<&Conflict> {
        if let Self::Conflict(conflict) = self { Some(conflict) } else { None }
    }

    /// The person, if it is one.
    pub fn person(&self) -> Option<&Person> {
        if let Self::Person(person) = self { Some(person) } else { None }
    }

    /// The setting, if it is one.
    pub fn setting(&self) -> Option<&SiteSetting> {
        if let Self::Setting(setting) = self { Some(setting) } else { None }
    }
}

/// The prefix of the keys of all lots of a product.
pub fn lot_prefix(product_id: Uuid) -> String {
    format!("{product_id}.")
}

/// The key of a product's row.
pub fn product_key(id: Uuid) -> RowKey {
    RowKey::new(PRODUCTS, id.to_string())
}

/// The key of a lot's row.
pub fn lot_key(lot: &LotRef) -> RowKey {
    // Computed for every lot of a snapshot, where `format!` stood out in a profile.
    let mut key = String::with_capacity(2 * Hyphenated::LENGTH + 1);
    let mut buffer = Uuid::encode_buffer();
    key.push_str(lot.product_id.hyphenated().encode_lower(&mut buffer));
    key.push('.');
    key.push_str(lot.id().hyphenated().encode_lower(&mut buffer));
    RowKey::new(LOTS, key)
}

/// The key of a delivery's row.
pub fn delivery_key(id: Uuid) -> RowKey {
    RowKey::new(DELIVERIES, id.to_string())
}
