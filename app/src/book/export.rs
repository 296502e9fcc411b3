//! Tables for spreadsheets: products, lots and history. Heads are English and numbers plain, so that programs read them, too.

use domain::{HistoryEntry, Money, PRODUCTS, Product, Quantity, Row, Warehouse};
use gloo_timers::future::TimeoutFuture;
use sync::{Read, Records, Store, StoreError, UnixMillis, fold};

use super::Book;
use super::lot_filter::Selection;
use super::worth::Worth;
use crate::device::csv;
use crate::words::format;

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
const HISTORY_HEAD: [&str; 10] = [
    "booked_at",
    "recorded_at",
    "who",
    "device",
    "movement",
    "lot_code",
    "location",
    "change",
    "note",
    "rev",
];
/// Products read at a time.
const READ_ROWS: usize = 1_000;

impl Book {
    /// The lots of a selection, in its order.
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
                plain(row.quantity),
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
            self.let_person_first().await;
        }
        // Products that were made here and lie behind the last that the server knows.
        let view =
            self.client().view(&[] as &[Read], |key| key.table == PRODUCTS && key.key > after).await?.view;
        rows.extend(view.rows.values().filter_map(Row::product).map(product_cells));
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

/// What was booked, as a table.
pub(crate) fn history_csv(entries: &[HistoryEntry], offset_minutes: fn(UnixMillis) -> i32) -> String {
    let moment = |at: UnixMillis| format::moment(at, offset_minutes(at));
    let cells = |entry: &HistoryEntry| {
        [
            moment(entry.booked_at),
            moment(entry.captured_at),
            entry.author.clone(),
            entry.device.clone(),
            entry.movement.code().to_owned(),
            entry.lot_code.clone(),
            entry.location.clone(),
            plain(entry.delta),
            entry.note.clone(),
            entry.rev.to_string(),
        ]
    };
    table(HISTORY_HEAD, entries.iter().map(cells))
}

fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let rows: Vec<[String; N]> = rows.into_iter().collect();
    let body = rows.iter().map(|row| row.iter().map(String::as_str).collect());
    csv::table(std::iter::once(head.to_vec()).chain(body))
}

/// As programs read numbers, with a hyphen for minus.
fn plain(quantity: Quantity) -> String {
    quantity.to_string().replace('\u{2212}', "-")
}

fn plain_money(money: &Money) -> String {
    money.plain().replace('\u{2212}', "-")
}

#[cfg(test)]
mod tests {
    use domain::Movement;

    use super::*;

    #[test]
    fn a_table_has_a_head_and_numbers_that_programs_read() {
        let entry = HistoryEntry {
            rev: 7,
            movement: Movement::Pick,
            delta: Quantity(-2_500),
            lot_code: "L1".into(),
            location: "A-1".into(),
            note: "damaged, \"wet\"".into(),
            author: "D01".into(),
            device: String::new(),
            captured_at: UnixMillis(0),
            booked_at: UnixMillis(60_000),
        };
        let text = history_csv(&[entry], |_| 60);
        let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
        assert_eq!(lines[0], HISTORY_HEAD.join(","));
        assert_eq!(
            lines[1],
            "1970-01-01 01:01,1970-01-01 01:00,D01,,pick,L1,A-1,-2.5,\"damaged, \"\"wet\"\"\",7"
        );
        assert_eq!(lines.len(), 2);
    }

    #[test]
    fn a_product_is_a_row_with_its_price_both_ways() {
        let cells = product_cells(&crate::book::survey::tests::product(250));
        assert_eq!(cells[..7].join("|"), "P250||Product 250|each|2.50|250|EUR");
    }
}
