//! Reads what a batch needs before it can be decided.

use std::collections::BTreeMap;

use domain::{FieldRev, Row};
use rusqlite::{Connection, OptionalExtension, Params, params};
use sync::{RowKey, Verdict};
use uuid::Uuid;

use super::super::StoreFault;
use super::convert::{
    self, Key, LOT_COLUMNS, LOT_WIDTH, PRODUCT_COLUMNS, PRODUCT_WIDTH, VERDICTS, from_i64, stored_json,
    to_i64,
};
use super::schema;
use crate::booking::{Batch, Known, StoredReceipt, StoredRow, lot_key, product_key};

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
    for order in needs.orders {
        let sql = "SELECT 1 FROM orders WHERE site = ?1 AND order_id = ?2";
        if connection.prepare_cached(sql)?.exists(params![site, order])? {
            known.orders.insert(order);
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
        "SELECT client, seq, mutation_id, verdict, code, message, touched FROM receipts \
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
                touched: Vec::new(),
            };
            Ok((receipt, row.get::<_, String>(6)?))
        })
        .optional()?;
    let Some((receipt, touched)) = found else { return Ok(None) };
    Ok(Some(StoredReceipt { touched: stored_json(&touched)?, ..receipt }))
}

/// A verdict that this server never wrote is taken for a refusal, which loses nothing: a person decides.
fn verdict(code: &str) -> Verdict {
    let known = VERDICTS.into_iter().find(|(_, name)| *name == code);
    known.map_or(Verdict::Rejected, |(verdict, _)| verdict)
}

/// A row with all that is kept of it, a tombstone too.
pub(super) fn row(
    connection: &Connection,
    site: &str,
    key: &RowKey,
) -> Result<Option<StoredRow>, StoreFault> {
    match Key::parse(key) {
        Some(Key::Product(id)) => {
            let found = products(connection, "product_id = ?2", params![site, id])?;
            Ok(found.into_iter().next().map(|(_, row)| row))
        }
        Some(Key::Lot(product, lot)) => {
            let condition = "product_id = ?2 AND lot_id = ?3";
            let found = lots(connection, condition, params![site, product, lot])?;
            Ok(found.into_iter().next().map(|(_, row)| row))
        }
        None => Ok(None),
    }
}

fn lots_of(
    connection: &Connection,
    site: &str,
    product: Uuid,
) -> Result<BTreeMap<RowKey, StoredRow>, StoreFault> {
    Ok(lots(connection, "product_id = ?2", params![site, product])?.into_iter().collect())
}

/// The live row that holds a claim, which is the index's name, a colon and the key.
fn holder(
    connection: &Connection,
    site: &str,
    claim: &str,
) -> Result<Option<(RowKey, StoredRow)>, StoreFault> {
    let Some(sku) = claim.strip_prefix("sku:") else {
        return Err(StoreFault::Failed(format!("nothing is known of claims like \"{claim}\"")));
    };
    let found = products(connection, "sku_key = ?2 AND deleted_at IS NULL", params![site, sku])?;
    Ok(found.into_iter().next())
}

fn products(
    connection: &Connection,
    condition: &str,
    params: impl Params,
) -> Result<Vec<(RowKey, StoredRow)>, StoreFault> {
    let sql = format!(
        "SELECT {PRODUCT_COLUMNS}, rev, deleted_at IS NOT NULL, field_revs FROM products \
         WHERE site = ?1 AND {condition}"
    );
    stored(connection, &sql, params, PRODUCT_WIDTH, |row| {
        let product = convert::product(row)?;
        Ok((product_key(product.id), Row::Product(product)))
    })
}

fn lots(
    connection: &Connection,
    condition: &str,
    params: impl Params,
) -> Result<Vec<(RowKey, StoredRow)>, StoreFault> {
    let sql = format!(
        "SELECT {LOT_COLUMNS}, rev, deleted_at IS NOT NULL, field_revs FROM inventory_lots \
         WHERE site = ?1 AND {condition}"
    );
    stored(connection, &sql, params, LOT_WIDTH, |row| {
        let lot = convert::lot(row)?;
        Ok((lot_key(&lot.lot), Row::Lot(lot)))
    })
}

/// Reads rows of either table; `width` columns of it come before `rev`, the tombstone flag and the field revisions.
fn stored(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    width: usize,
    read: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<(RowKey, Row)>,
) -> Result<Vec<(RowKey, StoredRow)>, StoreFault> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(columns) = rows.next()? {
        let (key, row) = read(columns)?;
        let fields: BTreeMap<String, FieldRev> = match columns.get_ref(width + 2)?.as_str() {
            Ok("{}") => BTreeMap::new(),
            Ok(text) => stored_json(text)?,
            Err(error) => return Err(StoreFault::Failed(error.to_string())),
        };
        let (rev, deleted) = (from_i64(columns.get(width)?), columns.get(width + 1)?);
        found.push((key, StoredRow { rev, row, deleted, fields }));
    }
    Ok(found)
}
