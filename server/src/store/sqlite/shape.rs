//! The columns of each table of rows.

use domain::{
    CONFLICTS, DELIVERIES, EXCEPTIONS, ExceptionKind, LOTS, PRODUCTS, Row, UNKNOWN_CODES, Warehouse,
};
use rusqlite::types::Value;
use sync::Records as _;
use uuid::Uuid;

use super::super::StoreFault;
use super::convert;
use crate::booking::Scope;

/// A table's columns. Its key is the site and the key columns; the text form of a key has their values joined
/// by dots.
pub(super) struct Shape {
    pub(super) table: &'static str,
    /// The columns that [`Shape::row`] reads, in order.
    pub(super) columns: &'static str,
    /// The number of those columns: the index of the first column after them in a query.
    pub(super) width: usize,
    /// The key columns after the site; all except `kind` and `code` are ids.
    pub(super) key: &'static [&'static str],
    /// The SQL expression of the last change of each field, as JSON.
    pub(super) fields: &'static str,
    read: fn(&rusqlite::Row<'_>) -> rusqlite::Result<Row>,
}

pub(super) static PRODUCT: Shape = Shape {
    table: PRODUCTS,
    columns: "product_id, sku, barcode, name, unit, price_minor, currency, family, variant",
    width: 9,
    key: &["product_id"],
    fields: "field_revs",
    read: |row| convert::product(row).map(Row::Product),
};

pub(super) static LOT: Shape = Shape {
    table: LOTS,
    columns: "product_id, lot_code, location, quantity, status, expires_on, received_on",
    width: 7,
    key: &["product_id", "lot_id"],
    fields: "field_revs",
    read: |row| convert::lot(row).map(Row::Lot),
};

pub(super) static DELIVERY: Shape = Shape {
    table: DELIVERIES,
    columns: "delivery_id, number, supplier, expected_on, lines, closed",
    width: 6,
    key: &["delivery_id"],
    fields: "'{}'",
    read: |row| convert::delivery(row).map(Row::Delivery),
};

pub(super) static EXCEPTION: Shape = Shape {
    table: EXCEPTIONS,
    columns: "product_id, lot_id, kind, lot_code, location, other, before, after, basis, author, raised_at",
    width: 11,
    key: &["product_id", "lot_id", "kind"],
    fields: "'{}'",
    read: |row| convert::exception(row).map(Row::Exception),
};

pub(super) static UNKNOWN_CODE: Shape = Shape {
    table: UNKNOWN_CODES,
    columns: "code, times, devices",
    width: 3,
    key: &["code"],
    fields: "'{}'",
    read: |row| convert::unknown_code(row).map(Row::UnknownCode),
};

pub(super) static CONFLICT: Shape = Shape {
    table: CONFLICTS,
    columns: "mutation_id, verdict, code, message, action, author, captured_at",
    width: 7,
    key: &["mutation_id"],
    fields: "'{}'",
    read: |row| convert::conflict(row).map(Row::Conflict),
};

impl Shape {
    /// The shape of a table, if the name is known.
    pub(super) fn of(table: &str) -> Option<&'static Self> {
        let shapes = [&PRODUCT, &LOT, &DELIVERY, &EXCEPTION, &UNKNOWN_CODE, &CONFLICT];
        shapes.into_iter().find(|shape| shape.table == table)
    }

    /// The shape of a table that a cursor or a range refers to.
    pub(super) fn named(table: &str) -> Result<&'static Self, StoreFault> {
        Self::of(table).ok_or_else(|| {
            let known = Warehouse::TABLES.join(", ");
            StoreFault::invalid("bad_cursor", format!("The cursor names no table of this server ({known})."))
        })
    }

    /// Converts a query's row.
    pub(super) fn row(&self, columns: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
        (self.read)(columns)
    }

    /// A key's column values; none if `key` is not a key of this table.
    pub(super) fn values(&self, key: &str) -> Option<Vec<Value>> {
        let value = |(column, part): (&&str, &str)| match *column {
            "code" => Some(Value::Text(part.to_owned())),
            "kind" => ExceptionKind::from_code(part).map(|kind| Value::Text(kind.code().to_owned())),
            _ => Uuid::try_parse(part).ok().map(|id| Value::Blob(id.as_bytes().to_vec())),
        };
        // A code may contain dots.
        let parts: Vec<&str> = if self.key.len() == 1 { vec![key] } else { key.split('.').collect() };
        if parts.len() != self.key.len() {
            return None;
        }
        self.key.iter().zip(parts).map(value).collect()
    }

    /// The column values of the key to continue after; for an empty `after`, values that sort before all
    /// keys.
    pub(super) fn position(&self, after: &str) -> Result<Vec<Value>, StoreFault> {
        if after.is_empty() {
            let first = |column: &&str| match *column {
                "kind" | "code" => Value::Text(String::new()),
                _ => Value::Blob(Vec::new()),
            };
            return Ok(self.key.iter().map(first).collect());
        }
        self.values(after).ok_or_else(|| {
            let message = format!("The cursor's key is none of {}. Start without a cursor.", self.table);
            StoreFault::invalid("bad_cursor", message)
        })
    }

    /// `(product_id, lot_id) > (?2, ?3)`, the first value being parameter `from`.
    pub(super) fn compared(&self, operator: &str, from: usize) -> String {
        let values: Vec<String> =
            (from..from.saturating_add(self.key.len())).map(|at| format!("?{at}")).collect();
        format!("({}) {operator} ({})", self.key.join(", "), values.join(", "))
    }

    /// The condition for rows in this scope. Its `+` keeps the planner from using an index for it: rows are
    /// read in key order.
    pub(super) fn in_scope(&self, scope: Scope) -> String {
        match (self.table, scope.lot_status()) {
            (LOTS, Some(status)) => format!("deleted_at IS NULL AND +status = '{}'", status.code()),
            (DELIVERIES, _) => "deleted_at IS NULL AND is_open".to_owned(),
            _ => "deleted_at IS NULL".to_owned(),
        }
    }
}
