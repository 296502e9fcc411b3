//! Reads one product on demand.

use domain::normalize_gtin;
use rusqlite::{Connection, OptionalExtension, params};
use sync::Versioned;

use super::super::{ProductQuery, ProductWithLots, StoreFault};
use super::convert::{self, from_i64};
use super::shape::{LOT, PRODUCT};

pub(super) fn find(
    connection: &Connection,
    site: &str,
    query: &ProductQuery,
) -> Result<Option<ProductWithLots>, StoreFault> {
    let select = |condition: &str| {
        format!(
            "SELECT {}, rev FROM products WHERE site = ?1 AND deleted_at IS NULL AND {condition} \
             ORDER BY product_id LIMIT 1",
            PRODUCT.columns
        )
    };
    let versioned = |row: &rusqlite::Row<'_>| {
        Ok(Versioned { rev: from_i64(row.get(PRODUCT.width)?), row: convert::product(row)? })
    };
    let product = match query {
        ProductQuery::Id(id) => {
            let mut statement = connection.prepare_cached(&select("product_id = ?2"))?;
            statement.query_row(params![site, id], versioned).optional()?
        }
        ProductQuery::Barcode(code) => {
            let key = normalize_gtin(code);
            if key.is_empty() {
                return Ok(None);
            }
            let condition = "barcode_key <> '' AND barcode_key = ?2";
            let mut statement = connection.prepare_cached(&select(condition))?;
            statement.query_row(params![site, key], versioned).optional()?
        }
    };
    let Some(product) = product else { return Ok(None) };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {}, rev FROM inventory_lots \
         WHERE site = ?1 AND product_id = ?2 AND deleted_at IS NULL \
         ORDER BY expires_on IS NULL, expires_on, lot_code, location",
        LOT.columns
    ))?;
    let lots = statement.query_map(params![site, product.row.id], |row| {
        Ok(Versioned { rev: from_i64(row.get(LOT.width)?), row: convert::lot(row)? })
    })?;
    let lots = lots.collect::<Result<_, _>>()?;
    Ok(Some((product, lots)))
}
