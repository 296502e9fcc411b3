//! The columns of each table of rows.

use domain::{
    CONFLICTS, DELIVERIES, EXCEPTIONS, ExceptionKind, LOTS, PEOPLE, PRODUCTS, Row, SITE_SETTINGS,
    UNKNOWN_CODES, Warehouse,
};
use sync::Records as _;
use uuid::Uuid;

use super::super::StoreFault;
use super::convert;
use super::session::{Columns, Dialect, Param};
use crate::booking::Scope;

/// A table's columns. Its key is the site and the key columns; the text form of a key has their values joined
/// by dots.
pub(crate) struct Shape {
    pub(crate) table: &'static str,
    /// The columns that [`Shape::row`] reads, in order.
    pub(crate) columns: &'static str,
    /// The number of those columns: the index of the first column after them in a query.
    pub(super) width: usize,
    /// The key columns after the site; all except `kind` and `code` are ids.
    pub(crate) key: &'static [&'static str],
    /// The SQL expression of the last change of each field, as JSON.
    pub(super) fields: &'static str,
    read: fn(&dyn Columns) -> Result<Row, StoreFault>,
}

pub(crate) static PRODUCT: Shape = Shape {
    table: PRODUCTS,
    columns: "product_id, sku, barcode, name, unit, price_minor, currency, family, variant",
    width: 9,
    key: &["product_id"],
    fields: "field_revs",
    read: |row| convert::product(row).map(Row::Product),
};

pub(crate) static LOT: Shape = Shape {
    table: LOTS,
    columns: "product_id, lot_code, location, quantity, status, expires_on, received_on",
    width: 7,
    key: &["product_id", "lot_id"],
    fields: "field_revs",
    read: |row| convert::lot(row).map(Row::Lot),
};

pub(crate) static DELIVERY: Shape = Shape {
    table: DELIVERIES,
    columns: "delivery_id, number, supplier, expected_on, lines, closed",
    width: 6,
    key: &["delivery_id"],
    fields: "'{}'",
    read: |row| convert::delivery(row).map(Row::Delivery),
};

pub(crate) static EXCEPTION: Shape = Shape {
    table: EXCEPTIONS,
    columns: "product_id, lot_id, kind, lot_code, location, other, before, after, basis, author, raised_at",
    width: 11,
    key: &["product_id", "lot_id", "kind"],
    fields: "'{}'",
    read: |row| convert::exception(row).map(Row::Exception),
};

pub(crate) static UNKNOWN_CODE: Shape = Shape {
    table: UNKNOWN_CODES,
    columns: "code, times, devices",
    width: 3,
    key: &["code"],
    fields: "'{}'",
    read: |row| convert::unknown_code(row).map(Row::UnknownCode),
};

pub(crate) static CONFLICT: Shape = Shape {
    table: CONFLICTS,
    columns: "mutation_id, verdict, code, message, action, author, captured_at",
    width: 7,
    key: &["mutation_id"],
    fields: "'{}'",
    read: |row| convert::conflict(row).map(Row::Conflict),
};

pub(crate) static PERSON: Shape = Shape {
    table: PEOPLE,
    columns: "person_id, name, initials, badge, pin, language, role, active",
    width: 8,
    key: &["person_id"],
    fields: "'{}'",
    read: |row| convert::person(row).map(Row::Person),
};

pub(crate) static SETTING: Shape = Shape {
    table: SITE_SETTINGS,
    columns: "code, value",
    width: 2,
    key: &["code"],
    fields: "'{}'",
    read: |row| convert::setting(row).map(Row::Setting),
};

impl Shape {
    /// All of them.
    pub(crate) fn all() -> [&'static Self; 8] {
        [&PRODUCT, &LOT, &DELIVERY, &EXCEPTION, &UNKNOWN_CODE, &CONFLICT, &PERSON, &SETTING]
    }

    /// The shape of a table, if the name is known.
    pub(crate) fn of(table: &str) -> Option<&'static Self> {
        Self::all().into_iter().find(|shape| shape.table == table)
    }

    /// The shape of a table that a cursor or a range refers to.
    pub(super) fn named(table: &str) -> Result<&'static Self, StoreFault> {
        Self::of(table).ok_or_else(|| {
            let known = Warehouse::TABLES.join(", ");
            StoreFault::invalid("bad_cursor", format!("The cursor names no table of this server ({known})."))
        })
    }

    /// Converts a query's row.
    pub(super) fn row(&self, columns: &dyn Columns) -> Result<Row, StoreFault> {
        (self.read)(columns)
    }

    /// A key's column values; none if `key` is not a key of this table.
    pub(crate) fn values<'k>(&self, key: &'k str) -> Option<Vec<Param<'k>>> {
        let value = |(column, part): (&&str, &'k str)| match *column {
            "code" => Some(Param::from(part)),
            "kind" => ExceptionKind::from_code(part).map(|kind| Param::from(kind.code())),
            _ => Uuid::try_parse(part).ok().map(Param::from),
        };
        // A code may contain dots.
        let parts: Vec<&str> = if self.key.len() == 1 { vec![key] } else { key.split('.').collect() };
        if parts.len() != self.key.len() {
            return None;
        }
        self.key.iter().zip(parts).map(value).collect()
    }

    /// The condition for keys that compare so with `key`, whose values it appends to the parameters. All keys come after
    /// the empty one.
    pub(super) fn compared<'k>(
        &self,
        operator: &str,
        key: &'k str,
        params: &mut Vec<Param<'k>>,
    ) -> Result<String, StoreFault> {
        if key.is_empty() {
            return Ok(if operator == ">" { "TRUE" } else { "FALSE" }.to_owned());
        }
        let values = self.values(key).ok_or_else(|| {
            let message = format!("The cursor's key is none of {}. Start without a cursor.", self.table);
            StoreFault::invalid("bad_cursor", message)
        })?;
        let from = params.len() + 1;
        params.extend(values);
        let numbers: Vec<String> = (from..=params.len()).map(|at| format!("?{at}")).collect();
        Ok(format!("({}) {operator} ({})", self.key.join(", "), numbers.join(", ")))
    }

    /// The condition for rows in this scope. Rows are read in key order, so no index is used for it.
    pub(super) fn in_scope(&self, scope: Scope, dialect: &Dialect) -> String {
        match (self.table, scope.lot_status()) {
            (LOTS, Some(status)) => {
                format!("deleted_at IS NULL AND {}status = '{}'", dialect.unindexed, status.code())
            }
            (DELIVERIES, _) => "deleted_at IS NULL AND is_open".to_owned(),
            _ => "deleted_at IS NULL".to_owned(),
        }
    }
}
