//! The server's half of the protocol for any model: decides mutations exactly once, and answers pulls and audits.
//!
//! A [`Ledger`] holds everything in memory and does no IO. [`Ledger::decide`] changes nothing and returns an [`Entry`]; the
//! caller makes that entry durable and then hands it to [`Ledger::apply`]. So an answer never tells of anything that a
//! restarted server, which applies its entries again, would not know.

mod decide;
mod pull;

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::ops::Bound;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::{Records, RowKey};
use crate::protocol::{Outcome, Receipt, Removal, Verdict, Versioned};

pub use decide::Decided;

/// A row as the server keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LedgerRow<R> {
    /// Its key.
    pub key: RowKey,
    /// The revision that last wrote it.
    pub rev: u64,
    /// The row; none once it is deleted.
    pub row: Option<R>,
    /// The client that last wrote it; nil for the server itself.
    pub client: Uuid,
    /// The last revision that another client wrote.
    pub others_rev: u64,
}

/// A decision as the server keeps it: with the keys of rows, which are read again for each answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LedgerReceipt {
    /// The position in the client's queue.
    pub seq: u64,
    /// The mutation.
    pub id: Uuid,
    /// The decision.
    pub verdict: Verdict,
    /// See [`Outcome::code`].
    pub code: String,
    /// See [`Outcome::message`].
    pub message: String,
    /// The rows that it may have changed.
    pub touched: Vec<RowKey>,
}

/// One change of a [`Ledger`]. All of it happens, or nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry<R> {
    /// Another life of the data begins.
    Epoch(Uuid),
    /// Mutations of one client were decided, or the server wrote rows itself.
    Booked {
        /// The client; nil for the server itself.
        client: Uuid,
        /// Its highest `seq` afterwards.
        max_seq: u64,
        /// The new decisions.
        receipts: Vec<LedgerReceipt>,
        /// The rows that were written, deleted ones included.
        rows: Vec<LedgerRow<R>>,
    },
}

/// A server's rows and receipts.
pub struct Ledger<M: Records> {
    epoch: Uuid,
    rev: u64,
    rows: BTreeMap<RowKey, LedgerRow<M::Row>>,
    receipts: BTreeMap<Uuid, LedgerReceipt>,
    max_seqs: BTreeMap<Uuid, u64>,
    /// Which mutation has a client's `seq`.
    seqs: BTreeMap<(Uuid, u64), Uuid>,
    model: PhantomData<fn() -> M>,
}

impl<M: Records> std::fmt::Debug for Ledger<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").field("epoch", &self.epoch).field("rev", &self.rev).finish_non_exhaustive()
    }
}

impl<M: Records> Default for Ledger<M> {
    /// A ledger without an epoch: apply an [`Entry::Epoch`] first.
    fn default() -> Self {
        Self {
            epoch: Uuid::nil(),
            rev: 0,
            rows: BTreeMap::new(),
            receipts: BTreeMap::new(),
            max_seqs: BTreeMap::new(),
            seqs: BTreeMap::new(),
            model: PhantomData,
        }
    }
}

impl<M: Records> Ledger<M> {
    /// This life of the data.
    pub fn epoch(&self) -> Uuid {
        self.epoch
    }

    /// The revision after the last entry.
    pub fn rev(&self) -> u64 {
        self.rev
    }

    /// The highest `seq` of a client with a decision; 0 for none.
    pub fn known_seq(&self, client: Uuid) -> u64 {
        self.max_seqs.get(&client).copied().unwrap_or(0)
    }

    /// The rows of a table, by rising key.
    pub fn rows(&self, table: &'static str) -> impl Iterator<Item = Versioned<M::Row>> {
        self.range(table, "", None).filter_map(|held| {
            let row = held.row.clone()?;
            Some(Versioned { rev: held.rev, row })
        })
    }

    /// The rows of every table with this index key, by rising key.
    pub fn find(&self, index_key: &str) -> Vec<Versioned<M::Row>> {
        let has_key =
            |row: &Versioned<M::Row>| M::identify(&row.row).index_keys.iter().any(|key| key == index_key);
        M::TABLES.iter().flat_map(|table| self.rows(table)).filter(has_key).collect()
    }

    /// The entry with which the server itself writes rows: those of a new database, or of an import.
    pub fn put(&self, rows: impl IntoIterator<Item = M::Row>) -> Entry<M::Row> {
        let rev = self.rev + 1;
        let written = |row: M::Row| {
            let key = M::key(&row);
            let others_rev = self.rows.get(&key).map_or(0, |held| held.others_rev_of(Uuid::nil()));
            LedgerRow { key, rev, row: Some(row), client: Uuid::nil(), others_rev }
        };
        let rows = rows.into_iter().map(written).collect();
        Entry::Booked { client: Uuid::nil(), max_seq: 0, receipts: Vec::new(), rows }
    }

    /// Applies an entry that is durable by now, or was read back.
    pub fn apply(&mut self, entry: Entry<M::Row>) {
        match entry {
            Entry::Epoch(epoch) => self.epoch = epoch,
            Entry::Booked { client, max_seq, receipts, rows } => {
                let known = self.max_seqs.entry(client).or_default();
                *known = (*known).max(max_seq);
                for receipt in receipts {
                    self.seqs.insert((client, receipt.seq), receipt.id);
                    self.receipts.insert(receipt.id, receipt);
                }
                for row in rows {
                    self.rev = self.rev.max(row.rev);
                    self.rows.insert(row.key.clone(), row);
                }
            }
        }
    }

    /// The rows of a table after a key and through another, or to the table's end; deleted ones included.
    fn range(
        &self,
        table: &str,
        after: &str,
        through: Option<&str>,
    ) -> impl Iterator<Item = &LedgerRow<M::Row>> {
        let from = RowKey { table: table.to_owned().into(), key: after.to_owned() };
        let (table, through) = (table.to_owned(), through.map(str::to_owned));
        // No row has an empty key.
        self.rows.range((Bound::Excluded(from), Bound::Unbounded)).map(|(_, held)| held).take_while(
            move |held| {
                held.key.table == table && through.as_deref().is_none_or(|last| held.key.key.as_str() <= last)
            },
        )
    }

    /// A receipt with the rows as they are now, of tables that the device knows.
    fn with_rows(&self, receipt: LedgerReceipt, tables: &BTreeSet<&str>) -> Receipt<M::Row> {
        let LedgerReceipt { seq, id, verdict, code, message, touched } = receipt;
        let mut outcome = Outcome { verdict, code, message, rows: Vec::new(), removed: Vec::new() };
        for held in touched.iter().filter_map(|key| self.rows.get(key)) {
            if tables.contains(&*held.key.table) {
                held.add_to(&mut outcome.rows, &mut outcome.removed);
            }
        }
        Receipt { seq, id, outcome }
    }
}

impl<R: Clone> LedgerRow<R> {
    /// The last revision that a client other than `client` wrote.
    fn others_rev_of(&self, client: Uuid) -> u64 {
        if self.client == client { self.others_rev } else { self.rev }
    }

    fn add_to(&self, rows: &mut Vec<Versioned<R>>, removed: &mut Vec<Removal>) {
        match &self.row {
            Some(row) => rows.push(Versioned { rev: self.rev, row: row.clone() }),
            None => {
                let RowKey { table, key } = self.key.clone();
                removed.push(Removal { table, key, rev: self.rev });
            }
        }
    }
}
