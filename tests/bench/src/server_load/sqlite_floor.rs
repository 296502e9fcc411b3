//! The floor of SQLite: a plain loop writes the rows of a load again. One thread, one transaction per batch, prepared
//! statements, the server's database settings and equally durable commits; no HTTP, JSON, rules or look-ups.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use sync::MAX_BATCH_MUTATIONS;

/// A row's values in the table's column order.
type Columns = Vec<Value>;
/// Site, client id and number of its batch.
type BatchKey = (String, Vec<u8>, i64);

/// Rows written by one batch.
#[derive(Debug, Default)]
struct Batch {
    first_rev: i64,
    ledger: Vec<Columns>,
    exceptions: Vec<Columns>,
    receipts: Vec<Columns>,
    lots: Vec<Columns>,
    client: Columns,
    site: String,
}

/// All rows that a load wrote, by batch, in commit order.
#[derive(Debug)]
pub(super) struct Recorded(Vec<Batch>);

impl Recorded {
    /// Reads the rows that the load wrote to `database`, of at most so many batches.
    pub(super) fn read(database: &Path, max_batches: usize) -> Result<Self> {
        let connection = Connection::open(database)?;
        let mut batches = BTreeMap::<BatchKey, Batch>::new();
        for (table, order) in [("stock_ledger", "t.rev, t.line"), ("receipts", "t.seq")] {
            let sql = format!(
                "SELECT t.site, r.client, (r.seq - 1) / {MAX_BATCH_MUTATIONS}, t.* FROM {table} AS t JOIN receipts AS r \
                 ON r.site = t.site AND r.mutation_id = t.mutation_id ORDER BY {order}"
            );
            for (key, columns) in keyed(&connection, &sql)? {
                let batch = batches.entry(key).or_default();
                match table {
                    "stock_ledger" => batch.ledger.push(columns),
                    _ => batch.receipts.push(columns),
                }
            }
        }
        let mut completed = Vec::new();
        for ((site, client, _), mut batch) in batches.into_iter().take(max_batches) {
            batch.complete(&connection, site, &client)?;
            completed.push(batch);
        }
        completed.sort_by_key(|batch| batch.first_rev);
        Ok(Self(completed))
    }

    /// The number of mutations whose rows these are.
    pub(super) fn mutations(&self) -> usize {
        self.0.iter().map(|batch| batch.receipts.len()).sum()
    }

    /// Writes all batches to `database`. Returns the time taken, in seconds.
    pub(super) fn write_again(&self, database: &Path) -> Result<f64> {
        let mut connection = Connection::open(database)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
             PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 16000;",
        )?;
        let began = Instant::now();
        for batch in &self.0 {
            let transaction = connection.transaction()?;
            batch.write(&transaction)?;
            transaction.commit()?;
        }
        Ok(began.elapsed().as_secs_f64())
    }
}

impl Batch {
    /// Adds the rows that are updated in place: the lots and their exceptions in their final state, and the
    /// client.
    fn complete(&mut self, connection: &Connection, site: String, client: &[u8]) -> Result<()> {
        let mut select = connection.prepare_cached(
            "SELECT * FROM inventory_lots WHERE product_id = ?1 AND lot_id = ?2 AND site = ?3",
        )?;
        let mut select_odd = connection
            .prepare_cached("SELECT * FROM exceptions WHERE product_id = ?1 AND lot_id = ?2 AND site = ?3")?;
        let mut seen = BTreeSet::new();
        for entry in &self.ledger {
            let [site, Value::Integer(rev), _, Value::Blob(product), Value::Blob(lot), ..] = entry.as_slice()
            else {
                anyhow::bail!("a ledger entry is not as expected");
            };
            self.first_rev = if self.first_rev == 0 { *rev } else { self.first_rev.min(*rev) };
            if seen.insert((product, lot)) {
                self.lots.push(select.query_row((product, lot, site), |row| columns(row, 0))?);
                let odd = select_odd.query_map((product, lot, site), |row| columns(row, 0))?;
                self.exceptions.extend(odd.collect::<Result<Vec<_>, _>>()?);
            }
        }
        let sql = "SELECT * FROM clients WHERE site = ?1 AND client = ?2";
        self.client = connection.prepare_cached(sql)?.query_row((&site, client), |row| columns(row, 0))?;
        self.site = site;
        Ok(())
    }

    fn write(&self, connection: &Connection) -> Result<()> {
        insert(
            connection,
            "inventory_lots",
            &self.lots,
            " ON CONFLICT DO UPDATE SET quantity = excluded.quantity, \
            rev = excluded.rev, field_revs = excluded.field_revs",
        )?;
        insert(connection, "stock_ledger", &self.ledger, "")?;
        insert(
            connection,
            "exceptions",
            &self.exceptions,
            " ON CONFLICT DO UPDATE SET after = excluded.after, rev = excluded.rev, deleted_at = excluded.deleted_at",
        )?;
        insert(connection, "receipts", &self.receipts, "")?;
        let client = std::slice::from_ref(&self.client);
        insert(connection, "clients", client, " ON CONFLICT DO UPDATE SET max_seq = excluded.max_seq")?;
        let rev = self.ledger.last().and_then(|entry| entry.get(1)).context("a batch without entries")?;
        connection.prepare_cached("UPDATE sites SET rev = ?1 WHERE site = ?2")?.execute((rev, &self.site))?;
        Ok(())
    }
}

fn insert(connection: &Connection, table: &str, rows: &[Columns], conflict: &str) -> Result<()> {
    let Some(first) = rows.first() else { return Ok(()) };
    let marks = vec!["?"; first.len()].join(", ");
    let mut insert = connection.prepare_cached(&format!("INSERT INTO {table} VALUES ({marks}){conflict}"))?;
    for row in rows {
        insert.execute(params_from_iter(row))?;
    }
    Ok(())
}

fn keyed(connection: &Connection, sql: &str) -> Result<Vec<(BatchKey, Columns)>> {
    let mut select = connection.prepare(sql)?;
    let rows = select.query_map([], |row| Ok(((row.get(0)?, row.get(1)?, row.get(2)?), columns(row, 3)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The values of a row from column `first` on.
fn columns(row: &Row<'_>, first: usize) -> rusqlite::Result<Columns> {
    (first..row.as_ref().column_count()).map(|column| row.get(column)).collect()
}
