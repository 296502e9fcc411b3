//! Reads the keys by which files name rows.

use super::super::{KnownKeys, KnownProduct, StoreFault};
use super::session::{Session, params};

pub(crate) fn known_keys(session: &dyn Session, site: &str) -> Result<KnownKeys, StoreFault> {
    let mut known = KnownKeys::default();
    // Of products with one key, the one that is no twin is the first.
    let sql =
        "SELECT sku, product_id, unit FROM products WHERE site = ?1 AND deleted_at IS NULL ORDER BY sku_twin";
    session.query(sql, &params![site], &mut |row| {
        known.products.insert(row.text(0)?, KnownProduct { id: row.id(1)?, unit: row.text(2)?.to_owned() });
        Ok(())
    })?;
    let sql = "SELECT number, delivery_id FROM deliveries WHERE site = ?1 AND deleted_at IS NULL ORDER BY delivery_id";
    session.query(sql, &params![site], &mut |row| {
        known.deliveries.insert(row.text(0)?, row.id(1)?);
        Ok(())
    })?;
    Ok(known)
}
