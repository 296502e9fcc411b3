//! Reads the records that a batch needs before it can be decided.

use std::collections::BTreeMap;

use domain::{FieldRev, Warehouse, product_key};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Params, params, params_from_iter};
use sync::{Records, RowKey};
use uuid::Uuid;

use super::super::StoreFault;
use super::convert::{from_i64, stored_json, to_i64, verdict};
use super::schema;
use super::shape::{EXCEPTION, LOT, PRODUCT, Shape};
use crate::booking::{Batch, Known, StoredReceipt, StoredRow, barcode_key};

/// Maximum number of products read for one barcode; a batch seldom affects more of them.
const MAX_SAME_BARCODES: u32 = 10;

pub(super) fn known(connection: &Connection, batch: &Batch) -> Result<Known, StoreFault> {
    let needs = batch.needs();
    let site = batch.site.as_str();
    let mut known = Known {
        rev: schema::site(connection, site)?.rev,
        max_seq: max_seq(connection, site, batch.client)?,
        ..Known::default()
    };
    for seq in &needs.seqs {
        let sql = receipt_sql("client = ?2 AND seq = ?3");
        known.receipts.extend(receipt(connection, &sql, params![site, batch.client, to_i64(*seq)])?);
    }
    for id in &needs.ids {
        let sql = receipt_sql("mutation_id = ?2");
        known.receipts.extend(receipt(connection, &sql, params![site, id])?);
    }
    let touched_before = known.receipts.iter().flat_map(|receipt| receipt.touched.iter().cloned());
    let keys = needs.rows.iter().cloned().chain(touched_before);
    for key in keys.collect::<std::collections::BTreeSet<_>>() {
        if let Some(row) = row(connection, site, &key)? {
            known.rows.insert(key, row);
        }
    }
    for product in needs.lots_of {
        known.rows.extend(lots_of(connection, site, product)?);
    }
    for claim in needs.claims {
        if let Some((key, row)) = holder(connection, site, &claim)? {
            known.rows.insert(key.clone(), row);
            known.claims.insert(claim, key);
        }
    }
    for barcode in needs.barcodes {
        known.rows.extend(with_barcode(connection, site, &barcode)?);
    }
    for product in needs.named {
        known.rows.extend(sharing_with(connection, site, product)?);
    }
    for order in needs.orders {
        let sql = "SELECT 1 FROM orders WHERE site = ?1 AND order_id = ?2";
        if connection.prepare_cached(sql)?.exists(params![site, order])? {
            known.orders.insert(order);
        }
    }
    for number in needs.numbers {
        let sql = "SELECT 1 FROM orders WHERE site = ?1 AND number = ?2";
        if connection.prepare_cached(sql)?.exists(params![site, number])? {
            known.numbers.insert(number);
        }
    }
    Ok(known)
}

pub(super) fn max_seq(connection: &Connection, site: &str, client: Uuid) -> Result<u64, StoreFault> {
    let mut statement =
        connection.prepare_cached("SELECT max_seq FROM clients WHERE site = ?1 AND client = ?2")?;
    let max: Option<i64> = statement.query_row(params![site, client], |row| row.get(0)).optional()?;
    Ok(max.map_or(0, from_i64))
}

fn receipt_sql(condition: &str) -> String {
    format!(
        "SELECT client, seq, mutation_id, verdict, code, message, rev, touched FROM receipts \
         WHERE site = ?1 AND {condition}"
    )
}

fn receipt(
    connection: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<Option<StoredReceipt>, StoreFault> {
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement
        .query_row(params, |row| {
            let receipt = StoredReceipt {
                client: row.get(0)?,
                seq: from_i64(row.get(1)?),
                id: row.get(2)?,
                verdict: verdict(row.get_ref(3)?.as_str()?),
                code: row.get(4)?,
                message: row.get(5)?,
                rev: from_i64(row.get(6)?),
                touched: Vec::new(),
            };
            Ok((receipt, row.get::<_, String>(7)?))
        })
        .optional()?;
    let Some((receipt, touched)) = found else { return Ok(None) };
    Ok(Some(StoredReceipt { touched: stored_json(&touched)?, ..receipt }))
}

/// A row, tombstones included.
pub(super) fn row(
    connection: &Connection,
    site: &str,
    key: &RowKey,
) -> Result<Option<StoredRow>, StoreFault> {
    let Some((shape, values)) =
        Shape::of(&key.table).and_then(|shape| Some((shape, shape.values(&key.key)?)))
    else {
        return Ok(None);
    };
    let params = params_from_iter([Value::Text(site.to_owned())].into_iter().chain(values));
    let found = stored(connection, shape, &shape.compared("=", 2), params)?;
    Ok(found.into_iter().next().map(|(_, row)| row))
}

/// Every lot of a product, and the exceptions of the product and its lots.
fn lots_of(
    connection: &Connection,
    site: &str,
    product: Uuid,
) -> Result<BTreeMap<RowKey, StoredRow>, StoreFault> {
    let mut found = BTreeMap::new();
    for shape in [&LOT, &EXCEPTION] {
        found.extend(stored(connection, shape, "product_id = ?2", params![site, product])?);
    }
    Ok(found)
}

/// The live row that holds a claim, such as `sku:A-1`.
fn holder(
    connection: &Connection,
    site: &str,
    claim: &str,
) -> Result<Option<(RowKey, StoredRow)>, StoreFault> {
    let Some(sku) = claim.strip_prefix("sku:") else {
        return Err(StoreFault::Failed(format!("nothing is known of claims like \"{claim}\"")));
    };
    let condition = "sku_key = ?2 AND deleted_at IS NULL";
    Ok(stored(connection, &PRODUCT, condition, params![site, sku])?.into_iter().next())
}

/// Live products with a barcode, at most [`MAX_SAME_BARCODES`].
pub(super) fn with_barcode(
    connection: &Connection,
    site: &str,
    barcode: &str,
) -> Result<Vec<(RowKey, StoredRow)>, StoreFault> {
    let condition = format!(
        "barcode_key <> '' AND barcode_key = ?2 AND deleted_at IS NULL ORDER BY product_id LIMIT {MAX_SAME_BARCODES}"
    );
    stored(connection, &PRODUCT, &condition, params![site, barcode])
}

/// Live exceptions about other products that name this product as the second one.
pub(super) fn exceptions_naming(
    connection: &Connection,
    site: &str,
    product: Uuid,
) -> Result<Vec<(RowKey, StoredRow)>, StoreFault> {
    stored(connection, &EXCEPTION, "other = ?2 AND deleted_at IS NULL", params![site, product])
}

/// Live exceptions that name this product, with their products and all products of the same barcodes.
fn sharing_with(
    connection: &Connection,
    site: &str,
    product: Uuid,
) -> Result<BTreeMap<RowKey, StoredRow>, StoreFault> {
    let exceptions = exceptions_naming(connection, site, product)?;
    let mut found = BTreeMap::new();
    for exception in exceptions.iter().filter_map(|(_, stored)| stored.row.exception()) {
        let key = product_key(exception.product_id);
        let Some(sharing) = row(connection, site, &key)? else { continue };
        if let Some(barcode) = sharing.row.product().and_then(|product| barcode_key(&product.barcode)) {
            found.extend(with_barcode(connection, site, &barcode)?);
        }
        found.insert(key, sharing);
    }
    found.extend(exceptions);
    Ok(found)
}

/// Reads rows of a table.
fn stored(
    connection: &Connection,
    shape: &Shape,
    condition: &str,
    params: impl Params,
) -> Result<Vec<(RowKey, StoredRow)>, StoreFault> {
    let Shape { table, columns, width, fields, .. } = shape;
    let sql = format!(
        "SELECT {columns}, rev, deleted_at IS NOT NULL, {fields} FROM {table} WHERE site = ?1 AND {condition}"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(columns) = rows.next()? {
        let row = shape.row(columns)?;
        let fields: BTreeMap<String, FieldRev> = match columns.get_ref(width + 2)?.as_str() {
            Ok("{}") => BTreeMap::new(),
            Ok(text) => stored_json(text)?,
            Err(error) => return Err(StoreFault::Failed(error.to_string())),
        };
        let (rev, deleted) = (from_i64(columns.get(*width)?), columns.get(width + 1)?);
        found.push((Warehouse::key(&row), StoredRow { rev, row, deleted, fields }));
    }
    Ok(found)
}
