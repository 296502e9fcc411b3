//! Reads products on demand: one by its id or barcode, or those with a lot of some code.

use domain::{InventoryLot, MAX_LOTS_BY_CODE, Product, key_text, normalize_gtin};
use rusqlite::types::ToSql;
use rusqlite::{Connection, OptionalExtension, params};
use sync::Versioned;
use uuid::Uuid;

use super::super::{LotsByCode, ProductQuery, ProductWithLots, StoreFault};
use super::convert::{self, from_i64};
use super::shape::{LOT, PRODUCT};

/// The product with all its lots.
pub(super) fn find(
    connection: &Connection,
    site: &str,
    query: &ProductQuery,
) -> Result<Option<ProductWithLots>, StoreFault> {
    let product = match query {
        ProductQuery::Id(id) => by_id(connection, site, *id)?,
        ProductQuery::Barcode(code) => {
            let key = normalize_gtin(code);
            if key.is_empty() {
                return Ok(None);
            }
            product(connection, site, "barcode_key <> '' AND barcode_key = ?2", &key)?
        }
    };
    let Some(product) = product else { return Ok(None) };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {}, rev FROM inventory_lots \
         WHERE site = ?1 AND product_id = ?2 AND deleted_at IS NULL \
         ORDER BY expires_on IS NULL, expires_on, lot_code, location",
        LOT.columns
    ))?;
    let lots = statement.query_map(params![site, product.row.id], lot)?;
    let lots = lots.collect::<Result<_, _>>()?;
    Ok(Some((product, lots)))
}

/// The products that have lots with this code, with those lots.
pub(super) fn with_lot_code(
    connection: &Connection,
    site: &str,
    code: &str,
) -> Result<LotsByCode, StoreFault> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {}, rev FROM inventory_lots \
         WHERE site = ?1 AND code_key = ?2 AND deleted_at IS NULL \
         ORDER BY quantity = 0, product_id, expires_on IS NULL, expires_on, location LIMIT ?3",
        LOT.columns
    ))?;
    let most = i64::try_from(MAX_LOTS_BY_CODE).unwrap_or(i64::MAX);
    let lots = statement.query_map(params![site, key_text(code), most.saturating_add(1)], lot)?;
    let mut lots = lots.collect::<Result<Vec<_>, _>>()?;
    let mut found = LotsByCode { more: lots.len() > MAX_LOTS_BY_CODE, ..LotsByCode::default() };
    lots.truncate(MAX_LOTS_BY_CODE);
    for lot in lots {
        let id = lot.row.lot.product_id;
        match found.products.iter_mut().find(|(product, _)| product.row.id == id) {
            Some((_, lots)) => lots.push(lot),
            None => found.products.extend(by_id(connection, site, id)?.map(|product| (product, vec![lot]))),
        }
    }
    Ok(found)
}

fn by_id(connection: &Connection, site: &str, id: Uuid) -> Result<Option<Versioned<Product>>, StoreFault> {
    product(connection, site, "product_id = ?2", &id)
}

/// The first product for which `condition` on the parameter `?2` holds.
fn product(
    connection: &Connection,
    site: &str,
    condition: &str,
    key: &dyn ToSql,
) -> Result<Option<Versioned<Product>>, StoreFault> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {}, rev FROM products WHERE site = ?1 AND deleted_at IS NULL AND {condition} \
         ORDER BY product_id LIMIT 1",
        PRODUCT.columns
    ))?;
    let versioned = |row: &rusqlite::Row<'_>| {
        Ok(Versioned { rev: from_i64(row.get(PRODUCT.width)?), row: convert::product(row)? })
    };
    Ok(statement.query_row(params![site, key], versioned).optional()?)
}

fn lot(row: &rusqlite::Row<'_>) -> rusqlite::Result<Versioned<InventoryLot>> {
    Ok(Versioned { rev: from_i64(row.get(LOT.width)?), row: convert::lot(row)? })
}
