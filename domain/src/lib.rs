//! The warehouse: products, lots, deliveries and orders, and the effect of each mutation on them.
//!
//! [`Warehouse`] is the engine's model. Its `apply` runs in the app, in the service worker and on the server.

#![warn(clippy::wildcard_enum_match_arm)]

mod action;
mod answer;
mod date;
mod delivery;
mod edit;
mod effect;
mod exception;
mod fact;
mod fefo;
mod gs1;
mod gtin;
mod identity;
mod lot;
mod names;
mod order;
mod product;
mod quantity;
mod reason;
mod reversal;
mod row;
mod text;
mod unit;
mod upgrade;
mod warehouse;

pub use action::{Action, Entity, Operation};
pub use answer::{
    DeviceAnswer, EnrolRequest, HistoryAnswer, HistoryEntry, HistoryNote, MAX_HISTORY_ENTRIES, NoteTopic,
    ProductAnswer,
};
pub use date::CalendarDate;
pub use delivery::{Delivery, DeliveryLine, MAX_DELIVERY_LINES};
pub use edit::{FieldRev, Verdict, judge_edit};
pub use effect::{Effect, LedgerEntry, Movement};
pub use exception::{EXCEPTIONS, ExceptionKind, Sighting, StockException, exception_key};
pub use fefo::{Allocation, allocate, by_expiry, first_to_take, primary_lot};
pub use gs1::{Element, GROUP_SEPARATOR, Gs1, Gs1Fault, MAX_READINGS, Scan, Scanner, read_scan};
pub use gtin::{GtinFault, check_gtin, expand_upc_e, normalize_gtin};
pub use identity::{delivery_number_key, location_key};
pub use lot::{InventoryLot, LotPatch, LotRef, LotStatus};
pub use names::NAMES;
pub use order::{MAX_ORDER_LINES, Order, OrderLine};
pub use product::{Product, ProductPatch};
pub use quantity::{Money, Quantity, QuantityFault};
pub use reason::{Occasion, Reason, ReasonCode};
pub use reversal::reversal_of;
pub use row::{
    DELIVERIES, FIRST_TABLES, LOTS, PRODUCTS, Row, delivery_key, lot_key, lot_prefix, product_key,
};
pub use text::{
    MAX_BARCODE_CHARS, MAX_CODE_CHARS, MAX_NAME_CHARS, MAX_REASON_CHARS, MAX_UNIT_CHARS, fold_for_search,
};
pub use unit::unit_decimals;
pub use upgrade::current_action;
pub use warehouse::{DEFAULT_SCOPE, Warehouse, claims};
