//! Reads figures from the database of a stopped server, and checks that every mutation was booked exactly
//! once.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use domain::{LotRef, Quantity};
use rusqlite::Connection;
use tests::Books;
use uuid::Uuid;

use super::work::{LotOnHand, Work};

/// Figures of a database that pushes change.
#[derive(Debug)]
pub(super) struct Figures {
    receipts: usize,
    receipts_not_applied: usize,
    ledger_entries: usize,
    booked_mutations: usize,
    /// Sum of all lots' quantities, in thousandths.
    stock: i64,
    /// Lots whose ledger entries do not add up to their quantity.
    wrong_lots: usize,
}

impl Figures {
    /// Reads the figures of a database.
    pub(super) fn read(books: &Books) -> Result<Self> {
        let count = |sql: &str| -> Result<usize> { Ok(usize::try_from(books.number(sql)?)?) };
        Ok(Self {
            receipts: count("SELECT count(*) FROM receipts")?,
            receipts_not_applied: count("SELECT count(*) FROM receipts WHERE verdict <> 'applied'")?,
            ledger_entries: count("SELECT count(*) FROM stock_ledger")?,
            booked_mutations: count("SELECT count(DISTINCT mutation_id) FROM stock_ledger")?,
            stock: books.number("SELECT sum(quantity) FROM inventory_lots")?,
            wrong_lots: count(
                "SELECT count(*) FROM inventory_lots AS lots WHERE quantity <> (SELECT coalesce(sum(delta), 0) \
                 FROM stock_ledger AS ledger WHERE ledger.site = lots.site AND ledger.product_id = lots.product_id \
                 AND ledger.lot_id = lots.lot_id)",
            )?,
        })
    }

    /// Checks that exactly `work` was booked since `before`.
    ///
    /// # Errors
    /// When a figure differs; the message says which.
    pub(super) fn check(&self, before: &Self, work: &Work) -> Result<()> {
        let mutations = work.mutations();
        let (receipts, booked) =
            (self.receipts - before.receipts, self.booked_mutations - before.booked_mutations);
        ensure!(receipts == mutations, "{mutations} mutations were sent, {receipts} receipts are stored");
        ensure!(self.receipts_not_applied == 0, "{} mutations were not applied", self.receipts_not_applied);
        ensure!(booked == mutations, "{mutations} mutations were sent, {booked} are in the ledger");
        let (due, entries) = (work.ledger_entries(), self.ledger_entries - before.ledger_entries);
        ensure!(entries == due, "the ledger has {entries} new entries instead of {due}");
        let (due, change) = (work.stock_change(), self.stock - before.stock);
        ensure!(change == due, "stock changed by {change} thousandths instead of {due}");
        ensure!(self.wrong_lots == 0, "the ledger does not add up to the stock of {} lots", self.wrong_lots);
        Ok(())
    }
}

/// All lots of a site in the file `database`, in key order.
pub(super) fn lots(database: &Path, site: &str) -> Result<Vec<LotOnHand>> {
    let connection =
        Connection::open(database).with_context(|| format!("{} cannot be opened", database.display()))?;
    let mut select = connection.prepare(
        "SELECT product_id, lot_code, location, quantity FROM inventory_lots WHERE site = ?1 \
         ORDER BY product_id, lot_id",
    )?;
    let lots = select.query_map([site], |row| {
        let product_id = Uuid::from_bytes(row.get(0)?);
        let lot = LotRef { product_id, lot_code: row.get(1)?, location: row.get(2)? };
        Ok((lot, Quantity(row.get(3)?)))
    })?;
    Ok(lots.collect::<Result<_, _>>()?)
}
