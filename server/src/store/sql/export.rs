//! Reads rows for an export.

use super::super::{ExportRow, RowSink, StoreFault};
use super::convert;
use super::session::{Session, params};
use super::shape::{DELIVERY, LOT, PRODUCT};
use super::sites;

pub(crate) fn export(session: &dyn Session, site: &str, mut sink: RowSink) -> Result<(), StoreFault> {
    sites::check_open(session, site)?;
    let products = format!(
        "SELECT {} FROM products WHERE site = ?1 AND deleted_at IS NULL ORDER BY sku_key",
        PRODUCT.columns
    );
    session.query(&products, &params![site], &mut |row| {
        sink(ExportRow::Product(convert::product(row)?)).map_err(StoreFault::Failed)
    })?;
    let columns =
        LOT.columns.split(", ").map(|column| format!("lots.{column}")).collect::<Vec<_>>().join(", ");
    let lots = format!(
        "SELECT {columns} FROM inventory_lots AS lots JOIN products USING (site, product_id) \
         WHERE lots.site = ?1 AND lots.deleted_at IS NULL AND products.deleted_at IS NULL \
         ORDER BY products.sku_key, lots.lot_code, lots.location"
    );
    session.query(&lots, &params![site], &mut |row| {
        sink(ExportRow::Lot(convert::lot(row)?)).map_err(StoreFault::Failed)
    })?;
    let deliveries = format!(
        "SELECT {} FROM deliveries WHERE site = ?1 AND deleted_at IS NULL ORDER BY number",
        DELIVERY.columns
    );
    session.query(&deliveries, &params![site], &mut |row| {
        sink(ExportRow::Delivery(convert::delivery(row)?)).map_err(StoreFault::Failed)
    })?;
    Ok(())
}
