//! Checks of the database at the end.

use std::rc::Rc;

use anyhow::{Result, ensure};
use tests::Books;

use super::count;
use super::device::FleetDevice;

/// Every mutation is booked once, and every lot is the sum of its entries. Returns the number of mutations.
pub(super) fn check(books: &Books, devices: &[Rc<FleetDevice>]) -> Result<f64> {
    let recorded: u64 = devices.iter().map(|device| device.recorded()).sum();
    let receipts = books.number("SELECT count(*) FROM receipts WHERE verdict = 'applied'")?;
    ensure!(
        i64::try_from(recorded)? == receipts,
        "{recorded} mutations were recorded, {receipts} are booked"
    );
    let booked = books.number("SELECT count(DISTINCT mutation_id) FROM stock_ledger")?;
    ensure!(booked == receipts, "{receipts} mutations have receipts, {booked} are in the ledger");
    let wrong = books.number(
        "SELECT count(*) FROM inventory_lots AS lots WHERE quantity <> (SELECT coalesce(sum(delta), 0) \
         FROM stock_ledger AS ledger WHERE ledger.site = lots.site AND ledger.product_id = lots.product_id \
         AND ledger.lot_id = lots.lot_id)",
    )?;
    ensure!(wrong == 0, "the ledger does not add up to the stock of {wrong} lots");
    Ok(count(usize::try_from(recorded)?))
}

/// The size of a database, with its indexes.
pub(super) fn database_bytes(books: &Books) -> Result<f64> {
    let sql = match books {
        Books::File(_) => "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
        Books::Postgres(_) => "SELECT pg_database_size(current_database())",
    };
    Ok(count(usize::try_from(books.number(sql)?)?))
}
