//! Reads the records that a batch needs before it can be decided.

use std::collections::{BTreeMap, BTreeSet};

use domain::{FieldRev, Warehouse, product_key};
use sync::{Records, RowKey};
use uuid::Uuid;

use super::super::StoreFault;
use super::convert::{from_i64, stored_json, verdict};
use super::session::{Columns, Keyed, Param, Session, params};
use super::shape::{EXCEPTION, LOT, PRODUCT, Shape};
use super::{people, sites};
use crate::booking::{Batch, Known, StoredReceipt, StoredRow, barcode_key};

/// Maximum number of products read for one barcode; a batch seldom affects more of them.
const MAX_SAME_BARCODES: u32 = 10;
const RECEIPTS: &str =
    "SELECT client, seq, mutation_id, verdict, code, message, rev, touched FROM receipts WHERE site = ?1";

/// Rows by their keys.
type FoundRows = BTreeMap<RowKey, StoredRow>;

/// The records that a batch needs. The site's row is locked until the end of the transaction.
pub(super) fn known(session: &dyn Session, batch: &Batch) -> Result<Known, StoreFault> {
    let needs = batch.needs();
    let site = batch.site.as_str();
    let locked = sites::lock(session, site)?;
    let mut known = Known {
        rev: locked.rev,
        max_seq: max_seq(session, site, batch.client)?,
        authors: people::authors(session, &locked, &needs.people)?,
        ..Known::default()
    };
    let seqs = needs.seqs.iter().map(|seq| params![batch.client, *seq].to_vec());
    known.receipts = receipts(session, site, &["client", "seq"], &seqs.collect::<Vec<_>>())?;
    let ids = needs.ids.iter().map(|id| params![*id].to_vec());
    known.receipts.extend(receipts(session, site, &["mutation_id"], &ids.collect::<Vec<_>>())?);
    let touched_before = known.receipts.iter().flat_map(|receipt| receipt.touched.iter().cloned());
    let keys: BTreeSet<RowKey> = needs.rows.iter().cloned().chain(touched_before).collect();
    known.rows = rows(session, site, &keys)?;
    known.rows.extend(lots_of(session, site, &needs.lots_of)?);
    for claim in needs.claims {
        if let Some((key, row)) = holder(session, site, &claim)? {
            known.rows.insert(key.clone(), row);
            known.claims.insert(claim, key);
        }
    }
    for barcode in needs.barcodes {
        known.rows.extend(with_barcode(session, site, &barcode)?);
    }
    for product in needs.named {
        known.rows.extend(sharing_with(session, site, product)?);
    }
    let orders = needs.orders.iter().map(|order| params![*order].to_vec()).collect::<Vec<_>>();
    let of_orders = orders_by("order_id");
    session.query_keys(of_orders, site, &orders, &mut |columns| {
        known.orders.insert(columns.id(0)?);
        Ok(())
    })?;
    let numbers = needs.numbers.iter().map(|number| params![number].to_vec()).collect::<Vec<_>>();
    let of_numbers = orders_by("number");
    session.query_keys(of_numbers, site, &numbers, &mut |columns| {
        known.numbers.insert(columns.text(1)?.to_owned());
        Ok(())
    })?;
    let other_sites = needs.sites.iter().filter(|other| other.as_str() != site);
    known.sites = sites::existing(session, other_sites)?;
    Ok(known)
}

/// The orders with some value in a column.
fn orders_by(column: &'static str) -> Keyed<'static> {
    let key = match column {
        "number" => &["number"],
        _ => &["order_id"],
    };
    Keyed { select: "SELECT order_id, number FROM orders WHERE site = ?1", key, tail: "" }
}

pub(crate) fn max_seq(session: &dyn Session, site: &str, client: Uuid) -> Result<u64, StoreFault> {
    let sql = "SELECT max_seq FROM clients WHERE site = ?1 AND client = ?2";
    let max = session.first(sql, &params![site, client], |columns| columns.int(0))?;
    Ok(max.map_or(0, from_i64))
}

fn receipts(
    session: &dyn Session,
    site: &str,
    key: &[&str],
    keys: &[Vec<Param<'_>>],
) -> Result<Vec<StoredReceipt>, StoreFault> {
    let mut found = Vec::new();
    session.query_keys(Keyed { select: RECEIPTS, key, tail: "" }, site, keys, &mut |columns| {
        found.push(StoredReceipt {
            client: columns.id(0)?,
            seq: from_i64(columns.int(1)?),
            id: columns.id(2)?,
            verdict: verdict(columns.text(3)?),
            code: columns.text(4)?.to_owned(),
            message: columns.text(5)?.to_owned(),
            rev: from_i64(columns.int(6)?),
            touched: stored_json(columns.text(7)?)?,
        });
        Ok(())
    })?;
    Ok(found)
}

/// Rows, tombstones included. Keys of unknown tables, and those that are no keys, are left out.
pub(super) fn rows<'k>(
    session: &dyn Session,
    site: &str,
    keys: impl IntoIterator<Item = &'k RowKey>,
) -> Result<FoundRows, StoreFault> {
    let mut of_tables: BTreeMap<&str, Vec<Vec<Param<'_>>>> = BTreeMap::new();
    for RowKey { table, key } in keys {
        let values = Shape::of(table).and_then(|shape| shape.values(key));
        of_tables.entry(table).or_default().extend(values);
    }
    let mut found = FoundRows::new();
    for (table, keys) in of_tables {
        if let Some(shape) = Shape::of(table) {
            found.extend(stored_by(session, site, shape, shape.key, &keys)?);
        }
    }
    Ok(found)
}

/// A row, tombstones included.
pub(crate) fn row(session: &dyn Session, site: &str, key: &RowKey) -> Result<Option<StoredRow>, StoreFault> {
    // Rows of earlier builds may be under another key than their own.
    Ok(rows(session, site, [key])?.into_values().next())
}

/// Every lot of some products, and the exceptions of the products and their lots.
fn lots_of(session: &dyn Session, site: &str, products: &BTreeSet<Uuid>) -> Result<FoundRows, StoreFault> {
    let keys: Vec<_> = products.iter().map(|product| params![*product].to_vec()).collect();
    let mut found = stored_by(session, site, &LOT, &["product_id"], &keys)?;
    found.extend(stored_by(session, site, &EXCEPTION, &["product_id"], &keys)?);
    Ok(found)
}

/// The live row that holds a claim, such as `sku:A-1`.
pub(super) fn holder(
    session: &dyn Session,
    site: &str,
    claim: &str,
) -> Result<Option<(RowKey, StoredRow)>, StoreFault> {
    let Some(sku) = claim.strip_prefix("sku:") else {
        return Err(StoreFault::Failed(format!("nothing is known of claims like \"{claim}\"")));
    };
    let condition = "sku_key = ?2 AND deleted_at IS NULL ORDER BY sku_twin LIMIT 1";
    Ok(stored(session, &PRODUCT, condition, &params![site, sku])?.into_iter().next())
}

/// Live products with a barcode, at most [`MAX_SAME_BARCODES`].
pub(super) fn with_barcode(
    session: &dyn Session,
    site: &str,
    barcode: &str,
) -> Result<Vec<(RowKey, StoredRow)>, StoreFault> {
    let condition = format!(
        "barcode_key <> '' AND barcode_key = ?2 AND deleted_at IS NULL ORDER BY product_id LIMIT {MAX_SAME_BARCODES}"
    );
    stored(session, &PRODUCT, &condition, &params![site, barcode])
}

/// Live exceptions about other products that name this product as the second one.
pub(super) fn exceptions_naming(
    session: &dyn Session,
    site: &str,
    product: Uuid,
) -> Result<Vec<(RowKey, StoredRow)>, StoreFault> {
    stored(session, &EXCEPTION, "other = ?2 AND deleted_at IS NULL", &params![site, product])
}

/// Live exceptions that name this product, with their products and all products of the same barcodes.
fn sharing_with(session: &dyn Session, site: &str, product: Uuid) -> Result<FoundRows, StoreFault> {
    let exceptions = exceptions_naming(session, site, product)?;
    let mut found = FoundRows::new();
    for exception in exceptions.iter().filter_map(|(_, stored)| stored.row.exception()) {
        let key = product_key(exception.product_id);
        let Some(sharing) = row(session, site, &key)? else { continue };
        if let Some(barcode) = sharing.row.product().and_then(|product| barcode_key(&product.barcode)) {
            found.extend(with_barcode(session, site, &barcode)?);
        }
        found.insert(key, sharing);
    }
    found.extend(exceptions);
    Ok(found)
}

fn select(shape: &Shape) -> String {
    let Shape { table, columns, fields, .. } = shape;
    format!("SELECT {columns}, rev, deleted_at IS NOT NULL, {fields} FROM {table} WHERE site = ?1")
}

/// Reads rows of a table.
fn stored(
    session: &dyn Session,
    shape: &Shape,
    condition: &str,
    params: &[Param<'_>],
) -> Result<Vec<(RowKey, StoredRow)>, StoreFault> {
    let sql = format!("{} AND {condition}", select(shape));
    session.all(&sql, params, |columns| stored_row(shape, columns))
}

/// Reads the rows of a table with some values in the columns of `key`.
fn stored_by(
    session: &dyn Session,
    site: &str,
    shape: &Shape,
    key: &[&str],
    keys: &[Vec<Param<'_>>],
) -> Result<FoundRows, StoreFault> {
    let mut found = FoundRows::new();
    session.query_keys(Keyed { select: &select(shape), key, tail: "" }, site, keys, &mut |columns| {
        found.extend([stored_row(shape, columns)?]);
        Ok(())
    })?;
    Ok(found)
}

fn stored_row(shape: &Shape, columns: &dyn Columns) -> Result<(RowKey, StoredRow), StoreFault> {
    let row = shape.row(columns)?;
    let fields: BTreeMap<String, FieldRev> = match columns.text(shape.width + 2)? {
        "{}" => BTreeMap::new(),
        text => stored_json(text)?,
    };
    let (rev, deleted) = (from_i64(columns.int(shape.width)?), columns.flag(shape.width + 1)?);
    Ok((Warehouse::key(&row), StoredRow { rev, row, deleted, fields }))
}
