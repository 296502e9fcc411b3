//! Invariants of the database at any moment, read beside the server.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use domain::{Action, LotRef, Movement, Quantity};
use rusqlite::{Connection, OpenFlags};
use sync::Mutation;
use test_postgres::Database;
use uuid::Uuid;

use crate::crew::Outcomes;

/// A read-only connection to a file that the server may have open, or a copy of the rows of PostgreSQL.
pub(crate) struct Books(Connection);

/// A ledger entry: the lot (product id, lot id), the movement, the delta.
type Line = ((Uuid, Uuid), String, i64);

impl Books {
    pub(crate) fn open(database: &Path) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        Ok(Self(Connection::open_with_flags(database, flags).context("opening the database to check it")?))
    }

    /// A copy of all rows of a database of PostgreSQL, as they are now.
    pub(crate) fn copied(database: &Database) -> Result<Self> {
        Ok(Self(database.mirrored()?))
    }

    /// The site's revision.
    pub(crate) fn rev(&self) -> Result<u64> {
        let rev: i64 = self.0.query_row("SELECT max(rev) FROM sites", [], |row| row.get(0))?;
        Ok(u64::try_from(rev)?)
    }

    /// The stored verdicts by mutation id.
    pub(crate) fn receipts(&self) -> Result<BTreeMap<Uuid, String>> {
        let mut statement = self.0.prepare("SELECT mutation_id, verdict FROM receipts")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Whether there is a receipt for each of these outcomes.
    pub(crate) fn hold(&self, outcomes: &Outcomes) -> Result<bool> {
        let receipts = self.receipts()?;
        Ok(outcomes.keys().all(|id| receipts.contains_key(id)))
    }

    /// Asserts that the database is consistent: it has the `outcomes` that devices hold, each receipt has its
    /// effects exactly once, and there are no other effects.
    pub(crate) fn assert_whole(&self, recorded: &[Mutation<Action>], outcomes: &Outcomes) -> Result<()> {
        // One read transaction for all queries, because the server may be writing.
        self.0.execute_batch("BEGIN")?;
        self.assert_sound()?;
        let receipts = self.receipts()?;
        for (id, verdict) in outcomes {
            let stored = receipts.get(id);
            let stored = stored.unwrap_or_else(|| panic!("mutation {id} was acknowledged, and is lost"));
            let verdict = serde_json::to_value(verdict)?;
            assert_eq!(
                verdict.as_str(),
                Some(stored.as_str()),
                "mutation {id}: the device holds another verdict"
            );
        }
        let by_id: BTreeMap<Uuid, &Mutation<Action>> = recorded.iter().map(|m| (m.id, m)).collect();
        let mut ledger = self.ledger()?;
        let mut on_hand = BTreeMap::<(Uuid, Uuid), i64>::new();
        for (id, verdict) in &receipts {
            let action = &by_id
                .get(id)
                .with_context(|| format!("a receipt of {id}, which no device recorded"))?
                .action;
            let is_booked = verdict == "applied" || verdict == "merged";
            let expected = if is_booked { lines(action) } else { Vec::new() };
            for (lot, _, delta) in &expected {
                *on_hand.entry(*lot).or_default() += delta;
            }
            let entered = ledger.remove(id).unwrap_or_default();
            assert_eq!(entered, expected, "the ledger of {id}, {verdict}: {action:?}");
            let orders = usize::from(is_booked && matches!(action, Action::PlaceOrder(_)));
            assert_eq!(self.orders(*id)?, orders, "orders of {id}");
        }
        assert_eq!(ledger.len(), 0, "ledger entries without a receipt: {ledger:?}");
        assert_eq!(self.on_hand()?, on_hand);
        self.0.execute_batch("COMMIT")?;
        Ok(())
    }

    fn assert_sound(&self) -> Result<()> {
        let sound: String = self.0.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        assert_eq!(sound, "ok");
        let mut orphans = self.0.prepare("PRAGMA foreign_key_check")?;
        assert!(!orphans.exists([])?, "a row refers to a missing one");
        Ok(())
    }

    fn ledger(&self) -> Result<BTreeMap<Uuid, Vec<Line>>> {
        let sql =
            "SELECT mutation_id, product_id, lot_id, movement, delta FROM stock_ledger ORDER BY rev, line";
        let mut statement = self.0.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut ledger = BTreeMap::<Uuid, Vec<_>>::new();
        while let Some(row) = rows.next()? {
            let entry = ((row.get(1)?, row.get(2)?), row.get(3)?, row.get(4)?);
            ledger.entry(row.get(0)?).or_default().push(entry);
        }
        Ok(ledger)
    }

    fn orders(&self, mutation: Uuid) -> Result<usize> {
        let sql = "SELECT count(*) FROM orders WHERE mutation_id = ?1";
        let count: i64 = self.0.query_row(sql, [mutation], |row| row.get(0))?;
        Ok(usize::try_from(count)?)
    }

    fn on_hand(&self) -> Result<BTreeMap<(Uuid, Uuid), i64>> {
        let mut statement = self.0.prepare("SELECT product_id, lot_id, quantity FROM inventory_lots")?;
        let rows = statement.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// The ledger entries that an action makes when it is booked.
fn lines(action: &Action) -> Vec<Line> {
    let line = |lot: &LotRef, movement: Movement, delta: Quantity| {
        ((lot.product_id, lot.id()), movement.code().to_owned(), delta.0)
    };
    match action {
        Action::ReceiveLot { lot, quantity, .. } => vec![line(lot, Movement::Receive, *quantity)],
        Action::PickLot { lot, quantity, .. } => vec![line(lot, Movement::Pick, -*quantity)],
        Action::AdjustLot { lot, delta, .. } => vec![line(lot, Movement::Adjust, *delta)],
        Action::CountLot { lot, counted, basis } => vec![line(lot, Movement::Count, *counted - *basis)],
        Action::MoveLot { lot, to, quantity } => {
            vec![line(lot, Movement::Move, -*quantity), line(&lot.at(to), Movement::Move, *quantity)]
        }
        Action::PlaceOrder(order) => {
            order.lines.iter().map(|sold| line(&sold.lot, Movement::Sale, -sold.quantity)).collect()
        }
        _ => Vec::new(),
    }
}
