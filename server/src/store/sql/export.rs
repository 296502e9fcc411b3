//! Reads rows for an export.

use std::collections::HashMap;

use domain::InventoryLot;
use sync::sort_by;
use uuid::Uuid;

use super::super::{ExportRow, RowSink, StoreFault};
use super::convert;
use super::session::{Keyed, Session, params};
use super::shape::{DELIVERY, LOT, PRODUCT};
use super::sites;

/// Products whose lots are read at once.
const MAX_PRODUCTS_PER_READ: usize = 500;

pub(crate) fn export(session: &dyn Session, site: &str, mut sink: RowSink) -> Result<(), StoreFault> {
    sites::check_open(session, site)?;
    let products = format!(
        "SELECT {} FROM products WHERE site = ?1 AND deleted_at IS NULL ORDER BY sku_key",
        PRODUCT.columns
    );
    let mut ids = Vec::new();
    session.query(&products, &params![site], &mut |row| {
        let product = convert::product(row)?;
        ids.push(product.id);
        sink(ExportRow::Product(product)).map_err(StoreFault::Failed)
    })?;
    for ids in ids.chunks(MAX_PRODUCTS_PER_READ) {
        for lot in lots_of(session, site, ids)? {
            sink(ExportRow::Lot(lot)).map_err(StoreFault::Failed)?;
        }
    }
    let deliveries = format!(
        "SELECT {} FROM deliveries WHERE site = ?1 AND deleted_at IS NULL ORDER BY number",
        DELIVERY.columns
    );
    session.query(&deliveries, &params![site], &mut |row| {
        sink(ExportRow::Delivery(convert::delivery(row)?)).map_err(StoreFault::Failed)
    })?;
    Ok(())
}

/// The lots of some products, in the order of the products. They are not joined by the database: without figures of its
/// tables it may compare each lot with each product.
fn lots_of(session: &dyn Session, site: &str, products: &[Uuid]) -> Result<Vec<InventoryLot>, StoreFault> {
    let select = format!("SELECT {} FROM inventory_lots WHERE site = ?1", LOT.columns);
    let lots = Keyed { select: &select, key: &["product_id"], tail: "AND deleted_at IS NULL" };
    let keys: Vec<_> = products.iter().map(|product| params![*product].to_vec()).collect();
    let mut of_products: HashMap<Uuid, Vec<InventoryLot>> = HashMap::new();
    session.query_keys(lots, site, &keys, &mut |row| {
        let lot = convert::lot(row)?;
        of_products.entry(lot.lot.product_id).or_default().push(lot);
        Ok(())
    })?;
    let mut found = Vec::new();
    for product in products {
        let mut lots = of_products.remove(product).unwrap_or_default();
        sort_by(&mut lots, |a, b| {
            (&a.lot.lot_code, &a.lot.location).cmp(&(&b.lot.lot_code, &b.lot.location))
        });
        found.extend(lots);
    }
    Ok(found)
}
