//! The warehouse: products, lots, deliveries and orders, and the effect of each mutation on them.
//!
//! [`Warehouse`] is the engine's model. Its `apply` runs in the app, in the service worker and on the server.

#![warn(clippy::wildcard_enum_match_arm)]

mod action;
mod answer;
mod authority;
mod conflict;
mod csv_guard;
mod date;
mod delivery;
mod digits;
mod edit;
mod effect;
mod exception;
mod fact;
mod fefo;
mod gs1;
mod gtin;
mod identity;
mod key_text;
mod lot;
mod names;
mod order;
mod person;
mod product;
mod quantity;
mod reason;
mod reversal;
mod row;
mod scale;
mod site_rules;
mod text;
mod unit;
mod unknown_code;
mod upgrade;
mod warehouse;

pub use action::{Action, Entity, Operation};
pub use answer::{
    DeviceAnswer, EnrolRequest, HistoryAnswer, HistoryEdit, HistoryEntry, HistoryNote, LotsAnswer,
    MAX_HISTORY_ENTRIES, MAX_LOTS_BY_CODE, MAX_UNAVAILABLE_LOTS, NoteTopic, ProductAnswer, UnavailableAnswer,
    UnavailableTotal,
};
pub use authority::{Authority, Role, authority, needed_role};
pub use conflict::{CONFLICTS, Conflict, MAX_CONFLICT_ACTION_BYTES, conflict_key};
pub use csv_guard::{guarded, unguarded};
pub use date::CalendarDate;
pub use delivery::{Delivery, DeliveryLine, MAX_DELIVERY_LINES};
pub use digits::ascii_digits;
pub use edit::{FieldRev, Verdict, conflict_code, contested_fields, judge_edit};
pub use effect::{Effect, LedgerEntry, Movement};
pub use exception::{EXCEPTIONS, ExceptionKind, Sighting, StockException, exception_key};
pub use fefo::{Allocation, allocate, by_expiry, first_to_take, primary_lot};
pub use gs1::{
    Amount, Element, GROUP_SEPARATOR, Gs1, Gs1Fault, Label, MAX_READINGS, Scan, Scanner, looks_like_date,
    looks_like_goods, read_scan,
};
pub use gtin::{GtinFault, check_gtin, expand_upc_e, normalize_gtin};
pub use identity::{delivery_number_key, location_key, lot_code_key, sku_key};
pub use key_text::{key_text, same_key};
pub use lot::{InventoryLot, LotPatch, LotRef, LotStatus};
pub use names::NAMES;
pub use order::{MAX_ORDER_LINES, Order, OrderLine};
pub use person::{
    MAX_INITIALS_CHARS, MAX_PEOPLE, MAX_PERSON_CHARS, MAX_PIN_DIGITS, MIN_PIN_DIGITS, PEOPLE, PIN_ROUNDS,
    Person, PinCheck, badge_hash, check_pin, initials_of, person_key,
};
pub use product::{Product, ProductEdit, ProductPatch};
pub use quantity::{Money, NUMBER_SIGNS, Quantity, QuantityFault, with_groups};
pub use reason::{Occasion, Reason, ReasonCode};
pub use reversal::reversal_of;
pub use row::{
    DELIVERIES, FIRST_TABLES, LOTS, PRODUCTS, Row, delivery_key, lot_key, lot_prefix, product_key,
};
pub use scale::{ScaleFault, ScaleLabel, ScalePattern};
pub use site_rules::{MAX_SETTING_CHARS, SITE_SETTINGS, SettingName, SiteRules, SiteSetting, setting_key};
pub use text::{
    MAX_BARCODE_CHARS, MAX_CODE_CHARS, MAX_NAME_CHARS, MAX_REASON_CHARS, MAX_UNIT_CHARS, clean_line,
    fold_for_search, is_harmful,
};
pub use unit::unit_decimals;
pub use unknown_code::{
    CodeSighting, DeviceSighting, MAX_DEVICES_PER_CODE, MAX_SCANS_PER_REPORT, UNKNOWN_CODES, UnknownCode,
    unknown_code_key,
};
pub use upgrade::current_action;
pub use warehouse::{DEFAULT_SCOPE, Warehouse, claims};
