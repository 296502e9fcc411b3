//! Reads products on demand: one by its id or barcode, or those with a lot of some code.

use domain::{InventoryLot, MAX_LOTS_BY_CODE, Product, key_text, normalize_gtin};
use sync::Versioned;
use uuid::Uuid;

use super::super::{LotsByCode, ProductQuery, ProductWithLots, StoreFault};
use super::convert::{self, from_i64};
use super::session::{Columns, Param, Session, params};
use super::shape::{LOT, PRODUCT};
use super::sites;

/// The product with all its lots.
pub(crate) fn find(
    session: &dyn Session,
    site: &str,
    query: &ProductQuery,
) -> Result<Option<ProductWithLots>, StoreFault> {
    sites::check_open(session, site)?;
    let product = match query {
        ProductQuery::Id(id) => by_id(session, site, *id)?,
        ProductQuery::Barcode(code) => {
            let key = normalize_gtin(code);
            if key.is_empty() {
                return Ok(None);
            }
            product(session, site, "barcode_key <> '' AND barcode_key = ?2", key.into())?
        }
    };
    let Some(product) = product else { return Ok(None) };
    let sql = format!(
        "SELECT {}, rev FROM inventory_lots \
         WHERE site = ?1 AND product_id = ?2 AND deleted_at IS NULL \
         ORDER BY expires_on IS NULL, expires_on, lot_code, location",
        LOT.columns
    );
    let lots = session.all(&sql, &params![site, product.row.id], lot)?;
    Ok(Some((product, lots)))
}

/// The products that have lots with this code, with those lots.
pub(crate) fn with_lot_code(session: &dyn Session, site: &str, code: &str) -> Result<LotsByCode, StoreFault> {
    sites::check_open(session, site)?;
    let sql = format!(
        "SELECT {}, rev FROM inventory_lots \
         WHERE site = ?1 AND code_key = ?2 AND deleted_at IS NULL \
         ORDER BY quantity = 0, product_id, expires_on IS NULL, expires_on, location LIMIT ?3",
        LOT.columns
    );
    let most = i64::try_from(MAX_LOTS_BY_CODE).unwrap_or(i64::MAX);
    let params = params![site, key_text(code).into_owned(), most.saturating_add(1)];
    let mut lots = session.all(&sql, &params, lot)?;
    let mut found = LotsByCode { more: lots.len() > MAX_LOTS_BY_CODE, ..LotsByCode::default() };
    lots.truncate(MAX_LOTS_BY_CODE);
    for lot in lots {
        let id = lot.row.lot.product_id;
        match found.products.iter_mut().find(|(product, _)| product.row.id == id) {
            Some((_, lots)) => lots.push(lot),
            None => found.products.extend(by_id(session, site, id)?.map(|product| (product, vec![lot]))),
        }
    }
    Ok(found)
}

fn by_id(session: &dyn Session, site: &str, id: Uuid) -> Result<Option<Versioned<Product>>, StoreFault> {
    product(session, site, "product_id = ?2", id.into())
}

/// The first product for which `condition` on the parameter `?2` holds.
fn product(
    session: &dyn Session,
    site: &str,
    condition: &str,
    key: Param<'_>,
) -> Result<Option<Versioned<Product>>, StoreFault> {
    let sql = format!(
        "SELECT {}, rev FROM products WHERE site = ?1 AND deleted_at IS NULL AND {condition} \
         ORDER BY product_id LIMIT 1",
        PRODUCT.columns
    );
    session.first(&sql, &[site.into(), key], |row| {
        Ok(Versioned { rev: from_i64(row.int(PRODUCT.width)?), row: convert::product(row)? })
    })
}

fn lot(row: &dyn Columns) -> Result<Versioned<InventoryLot>, StoreFault> {
    Ok(Versioned { rev: from_i64(row.int(LOT.width)?), row: convert::lot(row)? })
}
