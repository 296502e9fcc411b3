//! The stock, with the work of this device that was not sent yet.

use std::collections::BTreeSet;

use domain::{
    GROUP_SEPARATOR, InventoryLot, LOTS, PRODUCTS, Product, Row, Scan, Scanner, Warehouse, by_expiry,
    location_key, lot_code_key, lot_prefix, normalize_gtin, product_key, read_scan, same_key, sku_key,
};
use sync::{Model as _, Read, RowKey, Store as _};

use crate::device::Device;
use crate::error::DeviceError;

/// Lots of one answer.
pub const MAX_SHOWN_LOTS: usize = 10_000;

/// A product with its lots on this device.
#[derive(Clone, Debug, PartialEq)]
pub struct ProductStock {
    /// The product.
    pub product: Product,
    /// Soonest to expire first.
    pub lots: Vec<InventoryLot>,
    /// Whether work that was not sent yet is among the quantities.
    pub has_pending: bool,
}

/// A lot with its product.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedLot {
    /// The product, if it is on this device.
    pub product: Option<Product>,
    /// The lot.
    pub lot: InventoryLot,
}

/// The goods that a code stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// A product.
    Product(ProductStock),
    /// The lots in a bin.
    Bin(Vec<NamedLot>),
    /// The lots with a lot code.
    Lots(Vec<NamedLot>),
}

/// The product's code in a scan: the text itself, if it is no label.
fn item_code(code: &str) -> Result<String, DeviceError> {
    let scanner = Scanner { separator: GROUP_SEPARATOR, sends_separators: false };
    Ok(match read_scan(code, scanner) {
        Ok(Scan::Gtin(gtin)) => gtin,
        Ok(Scan::Gs1(elements)) => elements.gtin().unwrap_or(code).to_owned(),
        Ok(Scan::Label(label)) => label.code,
        Ok(Scan::Unclear(_)) => {
            let message =
                format!("The label \"{code}\" can be read in several ways. Give the product's own code.");
            return Err(DeviceError::Refused(message));
        }
        Ok(Scan::Other(code)) => code,
        Err(_) => code.trim().to_owned(),
    })
}

impl Device {
    /// Looks a code up: as a product's barcode, label or SKU, as a bin, as a lot code.
    ///
    /// # Errors
    /// [`DeviceError::Refused`] if it is not on this device.
    pub async fn stock(&self, code: &str) -> Result<Found, DeviceError> {
        if let Some(product) = self.product(code).await? {
            return Ok(Found::Product(product));
        }
        let is_there = |lot: &InventoryLot| same_key(&lot.lot.location, code);
        let in_bin = self.lots_with(&location_key(code), is_there).await?;
        if !in_bin.is_empty() {
            return Ok(Found::Bin(in_bin));
        }
        let is_it = |lot: &InventoryLot| same_key(&lot.lot.lot_code, code);
        let lots = self.lots_with(&lot_code_key(code), is_it).await?;
        if lots.is_empty() { Err(self.unknown(code)) } else { Ok(Found::Lots(lots)) }
    }

    fn unknown(&self, code: &str) -> DeviceError {
        let is_complete = self.completeness() == client::Completeness::Complete;
        let rest = if is_complete {
            "It may be new: sync, then try again."
        } else {
            "The stock is not downloaded yet: run lotbook-device sync first."
        };
        DeviceError::Refused(format!("\"{}\" is not on this device. {rest}", code.trim()))
    }

    /// The product with this code, or why there is none.
    ///
    /// # Errors
    /// As [`Self::stock`].
    pub(crate) async fn product_of(&self, code: &str) -> Result<ProductStock, DeviceError> {
        self.product(code).await?.ok_or_else(|| self.unknown(code))
    }

    async fn product(&self, code: &str) -> Result<Option<ProductStock>, DeviceError> {
        let code = item_code(code)?;
        for index_key in [format!("barcode:{}", normalize_gtin(&code)), sku_key(&code)] {
            let found = self.client.store().find(PRODUCTS, &index_key).await;
            let found = found.map_err(|error| self.store_fault(error))?;
            let products = || found.iter().filter_map(|held| held.row.product());
            // Rows from the time when case counted may share a key.
            let spelled = products().find(|product| product.sku == code).or_else(|| products().next());
            if let Some(product) = spelled {
                return self.with_lots(product.clone()).await.map(Some);
            }
        }
        Ok(None)
    }

    async fn with_lots(&self, product: Product) -> Result<ProductStock, DeviceError> {
        let (key, prefix) = (product_key(product.id), lot_prefix(product.id));
        let reads =
            [Read::Row(key), Read::Prefix { table: LOTS, prefix: prefix.clone(), limit: MAX_SHOWN_LOTS }];
        let is_wanted = |key: &RowKey| key.table == LOTS && key.key.starts_with(&prefix);
        let shown = self.client.view(&reads, is_wanted).await.map_err(|error| self.store_fault(error))?;
        let has_pending = !shown.view.pending.is_empty();
        let mut lots: Vec<InventoryLot> =
            shown.view.rows.into_values().filter_map(|row| row.lot().cloned()).collect();
        lots.sort_by(by_expiry);
        Ok(ProductStock { product, lots, has_pending })
    }

    /// The lots that `is_meant` holds for, of those with the index key and those that pending work touches.
    async fn lots_with(
        &self,
        index_key: &str,
        is_meant: impl Fn(&InventoryLot) -> bool,
    ) -> Result<Vec<NamedLot>, DeviceError> {
        let fault = |error| self.store_fault(error);
        let stored = self.client.store().find(LOTS, index_key).await.map_err(fault)?;
        let stored = stored.iter().filter_map(|held| held.row.lot()).map(|lot| domain::lot_key(&lot.lot));
        let pending = self.client.pending();
        let touched = pending.iter().flat_map(|record| Warehouse::touches(&record.mutation.action));
        let keys: BTreeSet<RowKey> = stored.chain(touched.filter(|key| key.table == LOTS)).collect();
        let reads: Vec<Read> = keys.iter().cloned().map(Read::Row).collect();
        let shown = self.client.view(&reads, |key| keys.contains(key)).await.map_err(fault)?;
        let mut lots = Vec::new();
        for lot in shown.view.rows.into_values().filter_map(|row| row.lot().cloned()) {
            if !is_meant(&lot) {
                continue;
            }
            let held = self.client.store().get(&product_key(lot.lot.product_id)).await.map_err(fault)?;
            let product = held.as_ref().and_then(|held| Row::product(&held.row)).cloned();
            lots.push(NamedLot { product, lot });
        }
        lots.sort_by(|a, b| by_expiry(&a.lot, &b.lot));
        Ok(lots)
    }
}
