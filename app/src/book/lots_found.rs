//! Lots by the code on their label: on this device, pending work included, and in the server's answer.

use domain::{
    CalendarDate, InventoryLot, LotsAnswer, PRODUCTS, Product, Quantity, Row, lot_code_key, product_key,
};
use sync::{Read, StoreError, set_of, sort_by};
use uuid::Uuid;

use super::Book;
use super::views::LotView;
use crate::words::lot_words::not_for_use;

/// Lots whose products are read for one code. Many lot codes are dates, which goods of many products have.
const MAX_FOUND_LOTS: usize = 100;

/// The lots of one product that have a scanned code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LotFound {
    pub(crate) product: Uuid,
    pub(crate) name: String,
    /// The product's unit, in which a label's quantity is read.
    pub(crate) unit: String,
    /// The lot in each of its bins, those with stock first. Never empty.
    pub(crate) rows: Vec<InventoryLot>,
    /// Whether this device holds it. Otherwise it is in the server's answer alone.
    pub(crate) is_here: bool,
}

impl LotFound {
    fn of(product: &Product, mut rows: Vec<InventoryLot>, is_here: bool) -> Option<Self> {
        sort_by(&mut rows, |a, b| (a.quantity == Quantity::ZERO).cmp(&(b.quantity == Quantity::ZERO)));
        let (name, unit) = (product.name.clone(), product.unit.clone());
        (!rows.is_empty()).then_some(Self { product: product.id, name, unit, rows, is_here })
    }

    /// The code as it is stored.
    pub(crate) fn lot_code(&self) -> &str {
        self.rows.first().map_or("", |row| row.lot.lot_code.as_str())
    }

    /// The id of the lot in its first bin.
    pub(crate) fn first_id(&self) -> Option<Uuid> {
        self.rows.first().map(|row| row.lot.id())
    }

    /// A title and the sentence, if none of it is for use on `today`.
    pub(crate) fn not_for_use(&self, today: CalendarDate) -> Option<(&'static str, String)> {
        let mut reasons = self.rows.iter().map(|row| not_for_use(row, today));
        let first = reasons.next()?;
        if reasons.all(|reason| reason.is_some()) { first } else { None }
    }
}

impl Book {
    /// The lots with this code on this device, by product.
    pub(super) async fn find_lots(&self, code: &str) -> Result<Vec<LotFound>, StoreError> {
        let key = lot_code_key(code);
        let mut lots = self.lots_with(&key, |lot| lot_code_key(&lot.lot.lot_code) == key).await?;
        lots.truncate(MAX_FOUND_LOTS);
        let keys = set_of(lots.iter().map(|lot| product_key(lot.row.lot.product_id)));
        let reads: Vec<Read> = keys.iter().cloned().map(Read::Row).collect();
        let view = self.client().view(&reads, |key| key.table == PRODUCTS && keys.contains(key)).await?.view;
        let products = view.rows.values().filter_map(Row::product);
        let of = |product: &Product| {
            let own = lots.iter().filter(|lot| lot.row.lot.product_id == product.id);
            LotFound::of(product, own.map(|lot: &LotView| lot.row.clone()).collect(), true)
        };
        Ok(products.filter_map(of).collect())
    }
}

/// The lots of a server's answer.
pub(super) fn answered(answer: &LotsAnswer) -> Vec<LotFound> {
    let lots = answer.products.iter().filter_map(|found| {
        LotFound::of(&found.product, found.lots.iter().map(|(_, lot)| lot.clone()).collect(), false)
    });
    lots.collect()
}
