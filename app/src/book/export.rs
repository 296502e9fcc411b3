//! Tables for spreadsheets: products and lots. Headers are English and numbers plain, for programs.

use domain::{Money, PRODUCTS, Product, Row, Warehouse};
use gloo_timers::future::TimeoutFuture;
use sync::{Read, Records, RowKey, Store, StoreError, fold, set_of};
use uuid::Uuid;

use super::Book;
use super::lot_filter::Selection;
use super::worth::Worth;
use crate::device::csv;

const PRODUCT_HEAD: [&str; 9] =
    ["sku", "barcode", "name", "unit", "price", "price_minor", "currency", "family", "variant"];
const LOT_HEAD: [&str; 11] = [
    "sku",
    "name",
    "lot_code",
    "location",
    "quantity",
    "unit",
    "status",
    "expires_on",
    "received_on",
    "value",
    "currency",
];
/// Products per read.
const READ_ROWS: usize = 1_000;

impl Book {
    /// The selected lots, in the order of the selection.
    pub(crate) fn lots_csv(&self, selection: &Selection) -> String {
        let survey = self.survey();
        let cells = |at: &u32| {
            let lot = survey.lots().get(*at as usize)?;
            let product = survey.product_of(lot)?;
            let row = survey.row(lot)?;
            let mut worth = Worth::default();
            survey.add_worth(&mut worth, lot);
            let label = self.label(product.id);
            let (sku, name) = label.map(|label| (label.sku, label.name)).unwrap_or_default();
            let date =
                |date: Option<domain::CalendarDate>| date.map_or_else(String::new, |date| date.to_string());
            Some([
                sku,
                name,
                row.lot.lot_code,
                row.lot.location,
                row.quantity.for_files(),
                survey.name(product.unit).to_owned(),
                row.status.code().to_owned(),
                date(row.expires_on),
                date(row.received_on),
                worth.moneys(&|id| survey.name(id)).first().map_or_else(String::new, plain_money),
                survey.name(product.currency).to_owned(),
            ])
        };
        table(LOT_HEAD, selection.rows.iter().filter_map(cells))
    }

    /// Every product of the device, pending changes included.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn products_csv(&self) -> Result<String, StoreError> {
        let mut rows = Vec::new();
        let mut after = String::new();
        loop {
            let part = self.store().scan(PRODUCTS, "", &after, READ_ROWS).await;
            let part = self.client().noted(part)?;
            let Some(last) = part.last() else { break };
            let first = std::mem::replace(&mut after, Warehouse::key(&last.row).key);
            let through = after.clone();
            let base = part.into_iter().map(|held| (Warehouse::key(&held.row), held.row)).collect();
            let pending = self.pending();
            let mutations = pending.iter().map(|record| &record.mutation);
            let view = fold::<Warehouse>(base, mutations, |key| {
                key.table == PRODUCTS && key.key > first && key.key <= through
            });
            rows.extend(view.rows.values().filter_map(Row::product).map(product_cells));
            TimeoutFuture::new(0).await;
            self.wait_for_pause().await;
        }
        // Products created on this device whose keys are behind the last stored one.
        let view =
            self.client().view(&[] as &[Read], |key| key.table == PRODUCTS && key.key > after).await?.view;
        rows.extend(view.rows.values().filter_map(Row::product).map(product_cells));
        Ok(table(PRODUCT_HEAD, rows))
    }

    /// These products, in this order, pending changes included.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn products_csv_of(&self, products: &[Uuid]) -> Result<String, StoreError> {
        let mut rows = Vec::new();
        for part in products.chunks(READ_ROWS) {
            let row_key = |id: &Uuid| RowKey::new(PRODUCTS, id.to_string());
            let reads: Vec<Read> = part.iter().map(|id| Read::Row(row_key(id))).collect();
            let wanted = set_of(part.iter().map(row_key));
            let view = self.client().view(&reads, |key| wanted.contains(key)).await?.view;
            let found = part.iter().filter_map(|id| view.rows.get(&row_key(id))?.product());
            rows.extend(found.map(product_cells));
            TimeoutFuture::new(0).await;
        }
        Ok(table(PRODUCT_HEAD, rows))
    }
}

fn product_cells(product: &Product) -> [String; 9] {
    let Product { sku, barcode, name, unit, price_minor, currency, family, variant, .. } = product;
    let price = Money { minor: *price_minor, currency: currency.clone() };
    [
        sku.clone(),
        barcode.clone(),
        name.clone(),
        unit.clone(),
        plain_money(&price),
        price_minor.to_string(),
        currency.clone(),
        family.clone(),
        variant.clone(),
    ]
}

pub(super) fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let rows: Vec<[String; N]> = rows.into_iter().collect();
    let body = rows.iter().map(|row| row.iter().map(String::as_str).collect());
    csv::table(std::iter::once(head.to_vec()).chain(body))
}

pub(super) fn plain_money(money: &Money) -> String {
    money.plain().replace('\u{2212}', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_row_has_its_price_in_both_forms() {
        let cells = product_cells(&crate::book::survey::tests::product(250));
        assert_eq!(cells[..7].join("|"), "P250||Product 250|each|2.50|250|EUR");
    }
}
