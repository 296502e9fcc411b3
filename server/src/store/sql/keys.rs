//! Reads the keys by which files name rows.

use std::collections::BTreeSet;

use domain::key_text;

use super::super::{KnownKeys, KnownProduct, NamedKeys, StoreFault};
use super::session::{Columns, Keyed, Param, Session, params};

pub(crate) fn known_keys(session: &dyn Session, site: &str) -> Result<KnownKeys, StoreFault> {
    let mut known = KnownKeys::default();
    // Of products with one key, the one that is no twin is the first.
    let sql =
        "SELECT sku, product_id, unit FROM products WHERE site = ?1 AND deleted_at IS NULL ORDER BY sku_twin";
    session.query(sql, &params![site], &mut |row| {
        known.products.insert(row.text(0)?, KnownProduct { id: row.id(1)?, unit: row.text(2)?.to_owned() });
        Ok(())
    })?;
    deliveries(session, site, &mut known)?;
    Ok(known)
}

fn deliveries(session: &dyn Session, site: &str, known: &mut KnownKeys) -> Result<(), StoreFault> {
    let sql = "SELECT number, delivery_id FROM deliveries WHERE site = ?1 AND deleted_at IS NULL ORDER BY delivery_id";
    session.query(sql, &params![site], &mut |row| {
        known.deliveries.insert(row.text(0)?, row.id(1)?);
        Ok(())
    })
}

/// The keys that some rows name, and the products that have the ids which new products might get.
pub(super) fn known_keys_of(
    session: &dyn Session,
    site: &str,
    named: &NamedKeys,
) -> Result<KnownKeys, StoreFault> {
    let mut known = KnownKeys { id_attempts: Some(named.id_attempts), ..KnownKeys::default() };
    let keys: BTreeSet<String> = named.skus.iter().map(|sku| key_text(sku).into_owned()).collect();
    let keys: Vec<_> = keys.iter().map(|key| params![key].to_vec()).collect();
    products_by(session, site, ("sku_key", keys.as_slice()), &mut known)?;
    let ids: Vec<_> = named.ids.iter().map(|id| params![*id].to_vec()).collect();
    products_by(session, site, ("product_id", ids.as_slice()), &mut known)?;
    if named.has_deliveries {
        deliveries(session, site, &mut known)?;
    }
    Ok(known)
}

/// Adds the live products with some values in a column.
fn products_by(
    session: &dyn Session,
    site: &str,
    (column, values): (&str, &[Vec<Param<'_>>]),
    known: &mut KnownKeys,
) -> Result<(), StoreFault> {
    let select = "SELECT sku, product_id, unit, sku_twin FROM products WHERE site = ?1";
    let query = Keyed { select, key: &[column], tail: "AND deleted_at IS NULL" };
    let mut found = Vec::new();
    session.query_keys(query, site, values, &mut |row: &dyn Columns| {
        let product = KnownProduct { id: row.id(1)?, unit: row.text(2)?.to_owned() };
        found.push((row.text(3)?.to_owned(), row.text(0)?.to_owned(), product));
        Ok(())
    })?;
    // Of products with one key, the one that is no twin is the first.
    found.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    for (_, sku, product) in found {
        known.products.insert(&sku, product);
    }
    Ok(())
}
