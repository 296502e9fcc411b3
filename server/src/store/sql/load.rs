//! Reads the records that a batch needs before it can be decided.

use std::collections::{BTreeMap, BTreeSet};

use domain::{FieldRev, Warehouse, product_key, sku_key};
use sync::{Records, RowKey};
use uuid::Uuid;

use super::super::StoreFault;
use super::convert::{from_i64, stored_json, verdict};
use super::session::{Columns, Dialect, Keyed, Param, Query, Session, params};
use super::shape::{EXCEPTION, LOT, PRODUCT, Shape};
use super::{people, sites};
use crate::booking::{Batch, Known, Needs, StoredReceipt, StoredRow, barcode_key};

/// Maximum number of products read for one barcode; a batch seldom affects more of them.
const MAX_SAME_BARCODES: u32 = 10;
const RECEIPTS: &str =
    "SELECT client, seq, mutation_id, verdict, code, message, rev, touched FROM receipts WHERE site = ?1";

const MAX_SEQ: &str = "SELECT max_seq FROM clients WHERE site = ?1 AND client = ?2";
const ORDERS: &str = "SELECT order_id, number FROM orders WHERE site = ?1";

/// Rows by their keys.
type FoundRows = BTreeMap<RowKey, StoredRow>;

/// The records that a query of [`queries`] looks for.
#[derive(Clone, Copy)]
enum Sought<'n> {
    Site,
    MaxSeq,
    Receipts,
    Rows(&'static Shape),
    /// The holder of a claim.
    Holder(&'n str),
    /// Exceptions that name a product as the second one.
    Naming,
    Orders,
    Numbers,
}

/// The records that a batch needs. The site's row is locked until the end of the transaction.
pub(super) fn known(session: &dyn Session, batch: &Batch) -> Result<Known, StoreFault> {
    let needs = batch.needs();
    let site = batch.site.as_str();
    let (sought, queries): (Vec<Sought<'_>>, Vec<Query<'_>>) =
        queries(session.dialect(), batch, &needs)?.into_iter().unzip();
    let (mut locked, mut known, mut naming) = (None, Known::default(), FoundRows::new());
    session.ask(&queries, &mut |at, row| {
        match sought.get(at) {
            Some(Sought::Site) => locked = Some(sites::site_of(row)?),
            Some(Sought::MaxSeq) => known.max_seq = from_i64(row.int(0)?),
            Some(Sought::Receipts) => known.receipts.push(receipt(row)?),
            Some(Sought::Rows(shape)) => known.rows.extend([stored_row(shape, row)?]),
            Some(Sought::Holder(claim)) => {
                let (key, held) = stored_row(&PRODUCT, row)?;
                known.rows.insert(key.clone(), held);
                known.claims.insert((*claim).to_owned(), key);
            }
            Some(Sought::Naming) => naming.extend([stored_row(&EXCEPTION, row)?]),
            Some(Sought::Orders) => _ = known.orders.insert(row.id(0)?),
            Some(Sought::Numbers) => _ = known.numbers.insert(row.text(1)?.to_owned()),
            None => {}
        }
        Ok(())
    })?;
    let locked = sites::locked(locked, site)?;
    known.rev = locked.rev;
    known.authors = people::authors(session, &locked, &needs.people)?;
    known.sites = sites::existing(session, needs.sites.iter().filter(|other| other.as_str() != site))?;
    let touched_before: BTreeSet<&RowKey> =
        known.receipts.iter().flat_map(|receipt| &receipt.touched).collect();
    let further = rows(session, site, touched_before.into_iter().filter(|key| !needs.rows.contains(*key)))?;
    known.rows.extend(further);
    known.rows.extend(sharing_with(session, site, naming)?);
    Ok(known)
}

/// The queries of [`known`] that need no answer of another one. The first one locks the site.
fn queries<'n>(
    dialect: &Dialect,
    batch: &'n Batch,
    needs: &'n Needs,
) -> Result<Vec<(Sought<'n>, Query<'n>)>, StoreFault> {
    let site = batch.site.as_str();
    let keyed = |select: String, key: &'static [&'static str], keys: Vec<Vec<Param<'n>>>| Query::Keyed {
        select,
        key,
        site,
        keys,
    };
    let ids = |ids: &BTreeSet<Uuid>| ids.iter().map(|id| params![*id].to_vec()).collect::<Vec<_>>();
    let seqs = needs.seqs.iter().map(|seq| params![batch.client, *seq].to_vec()).collect();
    let mut queries = vec![
        (Sought::Site, sites::locking(dialect, site)),
        (Sought::MaxSeq, Query::Plain(MAX_SEQ.to_owned(), params![site, batch.client].to_vec())),
        (Sought::Receipts, keyed(RECEIPTS.to_owned(), &["client", "seq"], seqs)),
        (Sought::Receipts, keyed(RECEIPTS.to_owned(), &["mutation_id"], ids(&needs.ids))),
    ];
    for (shape, keys) in keys_of_tables(&needs.rows) {
        queries.push((Sought::Rows(shape), keyed(select(shape), shape.key, keys)));
    }
    // Every lot of these products, and the exceptions of the products and their lots.
    for shape in [&LOT, &EXCEPTION] {
        let query = keyed(select(shape), &["product_id"], ids(&needs.lots_of));
        queries.push((Sought::Rows(shape), query));
    }
    for claim in &needs.claims {
        queries.push((Sought::Holder(claim), holder(site, claim)?));
    }
    for barcode in &needs.barcodes {
        queries.push((Sought::Rows(&PRODUCT), of_barcode(site, barcode)));
    }
    for product in &needs.named {
        queries.push((Sought::Naming, naming(site, *product)));
    }
    let numbers = needs.numbers.iter().map(|number| params![number].to_vec()).collect();
    queries.push((Sought::Orders, keyed(ORDERS.to_owned(), &["order_id"], ids(&needs.orders))));
    queries.push((Sought::Numbers, keyed(ORDERS.to_owned(), &["number"], numbers)));
    Ok(queries)
}

pub(crate) fn max_seq(session: &dyn Session, site: &str, client: Uuid) -> Result<u64, StoreFault> {
    let max = session.first(MAX_SEQ, &params![site, client], |columns| columns.int(0))?;
    Ok(max.map_or(0, from_i64))
}

fn receipt(columns: &dyn Columns) -> Result<StoredReceipt, StoreFault> {
    Ok(StoredReceipt {
        client: columns.id(0)?,
        seq: from_i64(columns.int(1)?),
        id: columns.id(2)?,
        verdict: verdict(columns.text(3)?),
        code: columns.text(4)?.to_owned(),
        message: columns.text(5)?.to_owned(),
        rev: from_i64(columns.int(6)?),
        touched: stored_json(columns.text(7)?)?,
    })
}

/// The values of keys, by their tables. Keys of unknown tables, and those that are no keys, are left out.
fn keys_of_tables<'k>(
    keys: impl IntoIterator<Item = &'k RowKey>,
) -> Vec<(&'static Shape, Vec<Vec<Param<'k>>>)> {
    let mut of_tables: BTreeMap<&str, Vec<Vec<Param<'_>>>> = BTreeMap::new();
    for RowKey { table, key } in keys {
        let values = Shape::of(table).and_then(|shape| shape.values(key));
        of_tables.entry(table).or_default().extend(values);
    }
    of_tables.into_iter().filter_map(|(table, keys)| Some((Shape::of(table)?, keys))).collect()
}

/// Rows, tombstones included. Keys of unknown tables, and those that are no keys, are left out.
pub(super) fn rows<'k>(
    session: &dyn Session,
    site: &str,
    keys: impl IntoIterator<Item = &'k RowKey>,
) -> Result<FoundRows, StoreFault> {
    let mut found = FoundRows::new();
    for (shape, keys) in keys_of_tables(keys) {
        session.query_keys(
            Keyed { select: &select(shape), key: shape.key, tail: "" },
            site,
            &keys,
            &mut |columns| {
                found.extend([stored_row(shape, columns)?]);
                Ok(())
            },
        )?;
    }
    Ok(found)
}

/// A row, tombstones included.
pub(crate) fn row(session: &dyn Session, site: &str, key: &RowKey) -> Result<Option<StoredRow>, StoreFault> {
    // Rows of earlier builds may be under another key than their own.
    Ok(rows(session, site, [key])?.into_values().next())
}

/// Finds the live row that holds a claim, such as `sku:A-1`.
fn holder<'q>(site: &'q str, claim: &'q str) -> Result<Query<'q>, StoreFault> {
    let Some(sku) = claim.strip_prefix("sku:") else {
        return Err(StoreFault::Failed(format!("nothing is known of claims like \"{claim}\"")));
    };
    let condition = "sku_key = ?2 AND deleted_at IS NULL ORDER BY sku_twin LIMIT 1";
    Ok(stored(&PRODUCT, condition, params![site, sku]))
}

/// Finds live products with a barcode, at most [`MAX_SAME_BARCODES`].
fn of_barcode<'q>(site: &'q str, barcode: &'q str) -> Query<'q> {
    let condition = format!(
        "barcode_key <> '' AND barcode_key = ?2 AND deleted_at IS NULL ORDER BY product_id LIMIT {MAX_SAME_BARCODES}"
    );
    stored(&PRODUCT, &condition, params![site, barcode])
}

/// Finds live exceptions about other products that name this product as the second one.
fn naming(site: &str, product: Uuid) -> Query<'_> {
    stored(&EXCEPTION, "other = ?2 AND deleted_at IS NULL", params![site, product])
}

/// The live product with a SKU.
pub(super) fn with_sku(
    session: &dyn Session,
    site: &str,
    sku: &str,
) -> Result<Option<StoredRow>, StoreFault> {
    let held = found(session, &PRODUCT, holder(site, &sku_key(sku))?)?;
    Ok(held.into_iter().next().map(|(_, stored)| stored))
}

/// Live products with a barcode, at most [`MAX_SAME_BARCODES`].
pub(super) fn with_barcode(
    session: &dyn Session,
    site: &str,
    barcode: &str,
) -> Result<Vec<(RowKey, StoredRow)>, StoreFault> {
    found(session, &PRODUCT, of_barcode(site, barcode))
}

/// Live exceptions about other products that name this product as the second one.
pub(super) fn exceptions_naming(
    session: &dyn Session,
    site: &str,
    product: Uuid,
) -> Result<Vec<(RowKey, StoredRow)>, StoreFault> {
    found(session, &EXCEPTION, naming(site, product))
}

/// These exceptions with their products and all products of the same barcodes.
fn sharing_with(session: &dyn Session, site: &str, exceptions: FoundRows) -> Result<FoundRows, StoreFault> {
    let mut found = FoundRows::new();
    for exception in exceptions.values().filter_map(|stored| stored.row.exception()) {
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

/// Finds rows of a table.
fn stored<'q>(shape: &Shape, condition: &str, params: [Param<'q>; 2]) -> Query<'q> {
    Query::Plain(format!("{} AND {condition}", select(shape)), params.to_vec())
}

/// The rows that a query finds.
fn found(
    session: &dyn Session,
    shape: &Shape,
    query: Query<'_>,
) -> Result<Vec<(RowKey, StoredRow)>, StoreFault> {
    let mut found = Vec::new();
    session.ask(&[query], &mut |_, columns| {
        found.push(stored_row(shape, columns)?);
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
