//! The contents of a bin, pending work included.

use domain::{Action, InventoryLot, LOTS, Quantity, Warehouse, by_expiry, location_key};
use sync::{Model, Read, Records, RowKey, Store, StoreError, set_of, sort_by};

use super::Book;
use super::views::LotView;

impl Book {
    /// The lots in a bin, by product and then by expiry; none for an empty or unknown bin.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn bin(&self, location: &str) -> Result<Vec<LotView>, StoreError> {
        self.pause_catalogue();
        let index_key = location_key(location);
        let mut lots = self.lots_with(&index_key, |lot| location_key(&lot.lot.location) == index_key).await?;
        lots.retain(|lot| lot.pending || lot.row.quantity != Quantity::ZERO);
        Ok(lots)
    }

    /// The lots with an index key, by product and then by expiry. Pending work is included, so `has_key` checks each row.
    pub(super) async fn lots_with(
        &self,
        index_key: &str,
        has_key: impl Fn(&InventoryLot) -> bool,
    ) -> Result<Vec<LotView>, StoreError> {
        let found = self.store().find(LOTS, index_key).await?;
        let mut keys = set_of(found.iter().map(|held| Warehouse::key(&held.row)));
        keys.extend(self.pending().iter().flat_map(|record| lots_of(&record.mutation.action)));
        let reads: Vec<Read> = keys.iter().cloned().map(Read::Row).collect();
        let held = self.client().view(&reads, |key| keys.contains(key)).await?;
        let rows = held.view.rows.iter().filter_map(|(key, row)| Some((key, row.lot()?)));
        let mut lots: Vec<LotView> = rows
            .filter(|(_, lot)| has_key(lot))
            .map(|(key, lot)| LotView {
                row: lot.clone(),
                rev: held.rev(key),
                pending: held.view.pending.contains(key),
            })
            .collect();
        let by_product = |a: &InventoryLot, b: &InventoryLot| a.lot.product_id.cmp(&b.lot.product_id);
        sort_by(&mut lots, |a, b| by_product(&a.row, &b.row).then_with(|| by_expiry(&a.row, &b.row)));
        Ok(lots)
    }

    /// The stored spelling of a bin's name, if the bin has stock or is part of pending stock work.
    pub(super) async fn find_bin(&self, code: &str) -> Result<Option<String>, StoreError> {
        let index_key = location_key(code);
        let found = self.store().find(LOTS, &index_key).await?;
        let held = found.iter().find_map(|held| held.row.lot().map(|lot| lot.lot.location.clone()));
        Ok(held.or_else(|| {
            let named = |action: &Action| {
                let mut bins = bins_of(action).into_iter();
                bins.find(|bin| location_key(bin) == index_key).map(str::to_owned)
            };
            self.pending().iter().find_map(|record| named(&record.mutation.action))
        }))
    }
}

fn lots_of(action: &Action) -> Vec<RowKey> {
    Warehouse::touches(action).into_iter().filter(|key| key.table == LOTS).collect()
}

/// Bins in pending stock work.
fn bins_of(action: &Action) -> Vec<&str> {
    match action {
        Action::PutAwayLot { lot, to, .. } | Action::MoveLot { lot, to, .. } => vec![&lot.location, to],
        Action::ReceiveLot { lot, .. } | Action::CountLot { lot, .. } => vec![&lot.location],
        _ => Vec::new(),
    }
}
