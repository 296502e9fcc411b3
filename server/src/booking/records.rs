//! The records that a store loads for a batch and writes after it.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Effect, FieldRev, Row};
use sync::{Outcome, Receipt, Removal, RowKey, Verdict, Versioned};
use uuid::Uuid;

use super::authors::Authors;
use super::scope::Scope;

/// A row as the store keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRow {
    /// The revision that last wrote it.
    pub rev: u64,
    /// Its fields; the last ones it had if it is deleted.
    pub row: Row,
    /// Whether it is a tombstone.
    pub deleted: bool,
    /// The last change of each field that an edit changed, and a lot's last counts.
    pub fields: BTreeMap<String, FieldRev>,
}

/// A [`Receipt`] as stored: with the keys of rows, which are read again for each answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReceipt {
    /// The client that sent the mutation.
    pub client: Uuid,
    /// Its position in that client's queue.
    pub seq: u64,
    /// The mutation.
    pub id: Uuid,
    /// The decision.
    pub verdict: Verdict,
    /// See [`Outcome::code`].
    pub code: String,
    /// See [`Outcome::message`].
    pub message: String,
    /// The site's revision after the decision; 0 if it changed no stock under a server that did not keep it.
    pub rev: u64,
    /// Rows it may have changed, and those it depended on.
    pub touched: Vec<RowKey>,
}

impl StoredReceipt {
    /// The receipt with the current rows: those in scope, and removals for the others.
    pub(super) fn with_rows(&self, rows: &BTreeMap<RowKey, StoredRow>, scope: Scope) -> Receipt<Row> {
        let mut outcome = Outcome {
            verdict: self.verdict,
            code: self.code.clone(),
            message: self.message.clone(),
            rows: Vec::new(),
            removed: Vec::new(),
        };
        for key in &self.touched {
            let Some(stored) = rows.get(key).filter(|_| scope.has_table(&key.table)) else { continue };
            if !stored.deleted && scope.holds(&stored.row) {
                outcome.rows.push(Versioned { rev: stored.rev, row: stored.row.clone() });
            } else {
                let RowKey { table, key } = key.clone();
                outcome.removed.push(Removal { table, key, rev: stored.rev });
            }
        }
        Receipt { seq: self.seq, id: self.id, outcome }
    }
}

/// The stored records of those that a batch [needs](super::Needs).
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The site's revision.
    pub rev: u64,
    /// The highest `seq` of the client with a receipt; 0 for none.
    pub max_seq: u64,
    /// Receipts found.
    pub receipts: Vec<StoredReceipt>,
    /// Rows found, tombstones included.
    pub rows: BTreeMap<RowKey, StoredRow>,
    /// Claims in use, and the row that holds each.
    pub claims: BTreeMap<String, RowKey>,
    /// Orders that exist.
    pub orders: BTreeSet<Uuid>,
    /// Order numbers in use.
    pub numbers: BTreeSet<String>,
    /// The other sites that exist, of those that goods are sent to.
    pub sites: BTreeSet<String>,
    /// The people that the batch names.
    pub authors: Authors,
}

/// An effect of a booked mutation, with its place in the site's history.
#[derive(Clone, Debug)]
pub struct BookedEffect {
    /// The mutation's revision.
    pub rev: u64,
    /// Its position among the effects of that revision.
    pub line: u64,
    /// The index of the mutation in the batch.
    pub mutation: usize,
    /// The effect.
    pub effect: Effect,
}

/// The result of a batch: the records to write, and the receipts to answer with.
#[derive(Clone, Debug, Default)]
pub struct Booked {
    /// The site's revision afterwards.
    pub rev: u64,
    /// The client's highest `seq` afterwards.
    pub max_seq: u64,
    /// Receipts to store.
    pub receipts: Vec<StoredReceipt>,
    /// Rows to write.
    pub changed: BTreeMap<RowKey, StoredRow>,
    /// Ledger entries, orders and resolutions to write.
    pub effects: Vec<BookedEffect>,
    /// Receipts for the device, one for each mutation in order.
    pub answers: Vec<Receipt<Row>>,
}
