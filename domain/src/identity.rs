//! The key and the index keys of a row, from the row or straight from its JSON.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::Error as _;
use sync::{Identity, Records};
use uuid::Uuid;

use crate::action::Action;
use crate::conflict::{CONFLICTS, conflict_key};
use crate::exception::{EXCEPTIONS, key_of};
use crate::gtin::normalize_gtin;
use crate::key_text::key_text;
use crate::lot::LotRef;
use crate::person::{PEOPLE, person_key};
use crate::row::{DELIVERIES, LOTS, PRODUCTS, Row, delivery_key, lot_key, product_key};
use crate::site_rules::{SITE_SETTINGS, setting_key};
use crate::unknown_code::{UNKNOWN_CODES, unknown_code_key};
use crate::upgrade::current_action;
use crate::warehouse::Warehouse;

/// The fields of a row's JSON that its keys are made of. The others are skipped: a snapshot has hundreds of
/// thousands of rows.
#[derive(Deserialize)]
enum Found<'a> {
    #[serde(rename = "p", borrow)]
    Product(Fields<'a>),
    #[serde(rename = "l", borrow)]
    Lot(Fields<'a>),
    #[serde(rename = "d", borrow)]
    Delivery(Fields<'a>),
    #[serde(rename = "x", borrow)]
    Exception(Fields<'a>),
    #[serde(rename = "u", borrow)]
    UnknownCode(Fields<'a>),
    #[serde(rename = "c", borrow)]
    Conflict(Fields<'a>),
    #[serde(rename = "h", borrow)]
    Person(Fields<'a>),
    #[serde(rename = "s", borrow)]
    Setting(Fields<'a>),
}

/// The fields of all kinds of rows, because a parser for each kind would be kilobytes of the worker's size.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(default)]
    id: Option<Uuid>,
    #[serde(default)]
    product_id: Option<Uuid>,
    #[serde(borrow, default = "missing")]
    sku: Cow<'a, str>,
    #[serde(borrow, default)]
    barcode: Cow<'a, str>,
    #[serde(borrow, default)]
    family: Cow<'a, str>,
    #[serde(borrow, default = "missing")]
    lot_code: Cow<'a, str>,
    #[serde(borrow, default = "missing")]
    location: Cow<'a, str>,
    #[serde(borrow, default = "missing")]
    status: Cow<'a, str>,
    #[serde(borrow, default = "missing")]
    number: Cow<'a, str>,
    #[serde(borrow, default = "missing")]
    kind: Cow<'a, str>,
    #[serde(borrow, default = "missing")]
    code: Cow<'a, str>,
    #[serde(default)]
    lot: Option<LotRef>,
}

/// The value of a field that is not there. Only `Cow` is borrowed from the JSON, `Option<Cow>` is not.
const MISSING: &str = "\0";

fn missing() -> Cow<'static, str> {
    Cow::Borrowed(MISSING)
}

fn text<'a>(value: Cow<'a, str>, name: &'static str) -> Result<Cow<'a, str>, serde_json::Error> {
    if value == MISSING { Err(serde_json::Error::missing_field(name)) } else { Ok(value) }
}

fn id(value: Option<Uuid>, name: &'static str) -> Result<Uuid, serde_json::Error> {
    value.ok_or_else(|| serde_json::Error::missing_field(name))
}

impl Found<'_> {
    fn identity(self) -> Result<Identity, serde_json::Error> {
        Ok(match self {
            Self::Product(Fields { id: product_id, sku, barcode, family, .. }) => {
                FoundProduct { id: id(product_id, "id")?, sku: text(sku, "sku")?, barcode, family }.identity()
            }
            Self::Lot(Fields { product_id, lot_code, location, status, .. }) => FoundLot {
                product_id: id(product_id, "product_id")?,
                lot_code: text(lot_code, "lot_code")?,
                location: text(location, "location")?,
                status: text(status, "status")?,
            }
            .identity(),
            Self::Delivery(Fields { id: delivery_id, number, .. }) => {
                FoundDelivery { id: id(delivery_id, "id")?, number: text(number, "number")? }.identity()
            }
            Self::Exception(Fields { kind, product_id, lot, .. }) => {
                let lot_id = lot.as_ref().map_or(Uuid::nil(), LotRef::id);
                let key = key_of(id(product_id, "product_id")?, lot_id, &text(kind, "kind")?);
                Identity { key, index_keys: Vec::new() }
            }
            Self::UnknownCode(Fields { code, .. }) => {
                Identity { key: unknown_code_key(&text(code, "code")?), index_keys: Vec::new() }
            }
            Self::Conflict(Fields { id: mutation, .. }) => {
                Identity { key: conflict_key(id(mutation, "id")?), index_keys: Vec::new() }
            }
            Self::Person(Fields { id: person, .. }) => {
                Identity { key: person_key(id(person, "id")?), index_keys: Vec::new() }
            }
            Self::Setting(Fields { code, .. }) => {
                Identity { key: setting_key(&text(code, "code")?), index_keys: Vec::new() }
            }
        })
    }
}

struct FoundProduct<'a> {
    id: Uuid,
    sku: Cow<'a, str>,
    barcode: Cow<'a, str>,
    family: Cow<'a, str>,
}

struct FoundLot<'a> {
    product_id: Uuid,
    lot_code: Cow<'a, str>,
    location: Cow<'a, str>,
    status: Cow<'a, str>,
}

struct FoundDelivery<'a> {
    id: Uuid,
    number: Cow<'a, str>,
}

impl FoundDelivery<'_> {
    fn identity(&self) -> Identity {
        Identity { key: delivery_key(self.id), index_keys: vec![delivery_number_key(&self.number)] }
    }
}

impl FoundProduct<'_> {
    fn identity(&self) -> Identity {
        let mut index_keys = vec![sku_key(&self.sku)];
        if !self.barcode.is_empty() {
            index_keys.push(format!("barcode:{}", normalize_gtin(&self.barcode)));
        }
        if !self.family.is_empty() {
            index_keys.push(format!("family:{}", self.family));
        }
        Identity { key: product_key(self.id), index_keys }
    }
}

impl FoundLot<'_> {
    fn identity(&self) -> Identity {
        let index_keys = vec![
            location_key(&self.location),
            lot_code_key(&self.lot_code),
            format!("status:{}", self.status),
        ];
        let lot = LotRef::new(self.product_id, &self.lot_code, &self.location);
        Identity { key: lot_key(&lot), index_keys }
    }
}

/// The index key of a SKU.
pub fn sku_key(sku: &str) -> String {
    [SKU, &key_text(sku)].concat()
}

/// The index key of a bin's lots. `a-01` and `A-01` are the same bin: see [`key_text`].
pub fn location_key(location: &str) -> String {
    [LOCATION, &key_text(location)].concat()
}

/// The index key of a lot in any bin. `ab-1` and `AB-1` are the same lot code, as in [`LotRef::id`].
pub fn lot_code_key(lot_code: &str) -> String {
    [LOT_CODE, &key_text(lot_code)].concat()
}

/// The index key of a delivery.
pub fn delivery_number_key(number: &str) -> String {
    [DELIVERY, &key_text(number)].concat()
}

/// The prefixes of the index keys that are compared by [`key_text`]. Earlier versions of the index have such keys by narrower
/// rules, and version 0 has none of lot codes.
const SKU: &str = "sku:";
const LOCATION: &str = "location:";
const LOT_CODE: &str = "lot:";
const DELIVERY: &str = "delivery:";

impl Records for Warehouse {
    type Action = Action;
    type Row = Row;
    const TABLES: &'static [&'static str] =
        &[PRODUCTS, LOTS, DELIVERIES, EXCEPTIONS, UNKNOWN_CODES, CONFLICTS, PEOPLE, SITE_SETTINGS];
    // Version 2 added deliveries and exceptions, version 3 unknown codes and conflicts, version 4 people and settings.
    const TABLES_VERSION: u32 = 4;
    const SCHEMA: u32 = 2;
    // Version 2 compares by `key_text`, which also changes the keys of some lots.
    const INDEX_VERSION: u8 = 2;

    fn indexed_since(index_key: &str) -> u8 {
        let is_compared =
            [SKU, LOCATION, LOT_CODE, DELIVERY].iter().any(|prefix| index_key.starts_with(prefix));
        if is_compared { 2 } else { 0 }
    }

    fn read_action(schema: u32, json: &str) -> Result<Action, serde_json::Error> {
        serde_json::from_str(&current_action(schema, json))
    }

    fn identify(row: &Row) -> Identity {
        match row {
            Row::Product(product) => FoundProduct {
                id: product.id,
                sku: (&product.sku).into(),
                barcode: (&product.barcode).into(),
                family: (&product.family).into(),
            }
            .identity(),
            Row::Lot(row) => FoundLot {
                product_id: row.lot.product_id,
                lot_code: (&row.lot.lot_code).into(),
                location: (&row.lot.location).into(),
                status: row.status.code().into(),
            }
            .identity(),
            Row::Delivery(row) => FoundDelivery { id: row.id, number: (&row.number).into() }.identity(),
            Row::Exception(_) | Row::UnknownCode(_) | Row::Conflict(_) | Row::Person(_) | Row::Setting(_) => {
                Identity { key: Self::key(row), index_keys: Vec::new() }
            }
        }
    }

    fn key(row: &Row) -> sync::RowKey {
        match row {
            Row::Product(product) => product_key(product.id),
            Row::Lot(row) => lot_key(&row.lot),
            Row::Delivery(row) => delivery_key(row.id),
            Row::Exception(row) => row.key(),
            Row::UnknownCode(row) => unknown_code_key(&row.code),
            Row::Conflict(row) => conflict_key(row.id),
            Row::Person(row) => person_key(row.id),
            Row::Setting(row) => setting_key(&row.code),
        }
    }

    fn identify_json(json: &str) -> Result<Identity, serde_json::Error> {
        serde_json::from_str::<Found>(json)?.identity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Conflict, Delivery, ExceptionKind, InventoryLot, Person, Product, Quantity, Role, SiteSetting,
        StockException, UnknownCode,
    };

    #[test]
    fn a_row_and_its_json_have_the_same_keys() {
        let product = Product {
            id: Uuid::from_u128(7),
            sku: "P-\"7\" \u{e9}".to_owned(),
            barcode: "4006381333931".to_owned(),
            name: "Crème".to_owned(),
            unit: "each".to_owned(),
            price_minor: 100,
            currency: "EUR".to_owned(),
            family: "F".to_owned(),
            variant: String::new(),
        };
        let plain = Product { barcode: String::new(), family: String::new(), ..product.clone() };
        let lot = InventoryLot::empty(LotRef::new(product.id, "l-1", "a-01"));
        let spaced = r#"{"l":{"product_id":"00000000-0000-0000-0000-000000000007","lot_code":" l-1","location":"a-01 ","quantity":0,
            "status":"available"}}"#;
        assert_eq!(serde_json::from_str::<Row>(spaced).expect("a row"), Row::Lot(lot.clone()));
        let identity = Warehouse::identify_json(spaced).expect("a row");
        assert_eq!(identity.key, lot_key(&lot.lot));
        assert!(identity.index_keys.contains(&lot_code_key("L-1 ")));
        let since = [lot_code_key("L-1"), sku_key("A"), "family:F".to_owned()];
        let since = since.map(|key| Warehouse::indexed_since(&key));
        assert_eq!(since, [2, 2, 0], "earlier builds compared codes otherwise");
        let delivery = Delivery {
            id: Uuid::from_u128(8),
            number: " ls-\u{e4}1".to_owned(),
            supplier: "Mill".to_owned(),
            expected_on: None,
            lines: Vec::new(),
            closed: false,
        };
        assert_eq!(delivery_number_key("LS-\u{c4}1"), delivery_number_key(&delivery.number));
        let exception = |lot| StockException {
            kind: ExceptionKind::BelowZero,
            product_id: product.id,
            lot,
            other: None,
            before: Quantity::ZERO,
            after: Quantity::ZERO,
            basis: None,
            author: "Ada".to_owned(),
            at: sync::UnixMillis(0),
        };
        for odd in [exception(Some(lot.lot.clone())), exception(None)] {
            let row = Row::Exception(odd.clone());
            let json = serde_json::to_string(&row).expect("JSON");
            assert_eq!(Warehouse::identify_json(&json).expect("a row").key, odd.key());
            assert_eq!((Warehouse::key(&row), Warehouse::identify(&row).key), (odd.key(), odd.key()));
        }
        let rows = [Row::Product(product), Row::Product(plain), Row::Lot(lot), Row::Delivery(delivery)];
        for row in rows {
            let json = serde_json::to_string(&row).expect("JSON");
            let identity = Warehouse::identify(&row);
            assert_eq!(Warehouse::identify_json(&json).expect("a row"), identity);
            assert_eq!(Warehouse::key(&row), identity.key);
            assert!(!identity.index_keys.is_empty());
        }
        assert!(Warehouse::identify_json("{}").is_err());
    }

    #[test]
    fn unknown_codes_and_conflicts_have_the_keys_of_their_json() {
        let conflict = Conflict {
            id: Uuid::from_u128(9),
            verdict: sync::Verdict::Conflict,
            code: "price_changed".to_owned(),
            message: "Somebody \"else\"".to_owned(),
            action: r#"{"delete_product":{"id":"7"}}"#.to_owned(),
            author: "Ada".to_owned(),
            at: sync::UnixMillis(0),
        };
        let person = Person {
            id: Uuid::from_u128(10),
            name: "Zo\u{eb} \"Z\"".to_owned(),
            initials: "Z".to_owned(),
            badge: Some(Uuid::from_u128(11)),
            pin: None,
            language: String::new(),
            role: Role::Lead,
            active: true,
        };
        let setting = SiteSetting { code: "lock_minutes".to_owned(), value: "5".to_owned() };
        let rows = [
            Row::Conflict(conflict),
            Row::UnknownCode(UnknownCode::new("4006381333931")),
            Row::Person(person),
            Row::Setting(setting),
        ];
        for row in rows {
            let json = serde_json::to_string(&row).expect("JSON");
            let identity = Warehouse::identify(&row);
            assert_eq!(Warehouse::identify_json(&json).expect("a row"), identity);
            assert_eq!(Warehouse::key(&row), identity.key);
        }
    }

    #[test]
    fn a_row_without_a_field_of_its_keys_is_refused() {
        let id = "00000000-0000-0000-0000-000000000007";
        let rows = [
            format!(r#"{{"p":{{"id":"{id}"}}}}"#),
            r#"{"p":{"sku":"A"}}"#.to_owned(),
            format!(r#"{{"l":{{"product_id":"{id}","lot_code":"L","location":"A"}}}}"#),
            format!(r#"{{"l":{{"id":"{id}","lot_code":"L","location":"A","status":"available"}}}}"#),
            format!(r#"{{"d":{{"id":"{id}"}}}}"#),
            format!(r#"{{"x":{{"product_id":"{id}"}}}}"#),
            r#"{"u":{"times":1}}"#.to_owned(),
            r#"{"c":{"code":"A"}}"#.to_owned(),
        ];
        for row in rows {
            assert!(Warehouse::identify_json(&row).is_err(), "{row}");
        }
    }
}
