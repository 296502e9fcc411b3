//! The key and the index keys of a row, from the row or straight from its JSON.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::Error as _;
use sync::{Identity, Records};
use uuid::Uuid;

use crate::action::Action;
use crate::exception::{EXCEPTIONS, key_of};
use crate::gtin::normalize_gtin;
use crate::lot::LotRef;
use crate::row::{DELIVERIES, LOTS, PRODUCTS, Row, delivery_key, lot_key, product_key, sku_key};
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
        let index_keys = vec![location_key(&self.location), format!("status:{}", self.status)];
        let lot = LotRef::new(self.product_id, &self.lot_code, &self.location);
        Identity { key: lot_key(&lot), index_keys }
    }
}

/// The index key of a bin's lots. `a-01` and `A-01` are the same bin.
pub fn location_key(location: &str) -> String {
    format!("location:{}", location.trim().to_ascii_uppercase())
}

/// The index key of a delivery. Case does not matter.
pub fn delivery_number_key(number: &str) -> String {
    format!("delivery:{}", number.trim().to_uppercase())
}

impl Records for Warehouse {
    type Action = Action;
    type Row = Row;
    const TABLES: &'static [&'static str] = &[PRODUCTS, LOTS, DELIVERIES, EXCEPTIONS];
    // Version 2 added deliveries and exceptions.
    const TABLES_VERSION: u32 = 2;
    const SCHEMA: u32 = 2;

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
            Row::Exception(row) => Identity { key: row.key(), index_keys: Vec::new() },
        }
    }

    fn key(row: &Row) -> sync::RowKey {
        match row {
            Row::Product(product) => product_key(product.id),
            Row::Lot(row) => lot_key(&row.lot),
            Row::Delivery(row) => delivery_key(row.id),
            Row::Exception(row) => row.key(),
        }
    }

    fn identify_json(json: &str) -> Result<Identity, serde_json::Error> {
        serde_json::from_str::<Found>(json)?.identity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Delivery, ExceptionKind, InventoryLot, Product, Quantity, StockException};

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
        assert_eq!(Warehouse::identify_json(spaced).expect("a row").key, lot_key(&lot.lot));
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
    fn a_row_without_a_field_of_its_keys_is_refused() {
        let id = "00000000-0000-0000-0000-000000000007";
        let rows = [
            format!(r#"{{"p":{{"id":"{id}"}}}}"#),
            r#"{"p":{"sku":"A"}}"#.to_owned(),
            format!(r#"{{"l":{{"product_id":"{id}","lot_code":"L","location":"A"}}}}"#),
            format!(r#"{{"l":{{"id":"{id}","lot_code":"L","location":"A","status":"available"}}}}"#),
            format!(r#"{{"d":{{"id":"{id}"}}}}"#),
            format!(r#"{{"x":{{"product_id":"{id}"}}}}"#),
        ];
        for row in rows {
            assert!(Warehouse::identify_json(&row).is_err(), "{row}");
        }
    }
}
