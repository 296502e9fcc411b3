//! Decides a batch of mutations. Pure: a store loads what [`Batch::needs`] names, [`book`] decides over it, and the store
//! writes [`Booked`], all in one transaction. Whatever engine the store runs on, the decisions are the same.

mod desk;
mod namesakes;
mod rules;
mod scope;
mod wording;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use domain::{Action, Effect, FieldRev, Row, Warehouse, claims};
use sync::{Model, Mutation, Outcome, Receipt, Refusal, Removal, RowKey, UnixMillis, Verdict, Versioned};
use uuid::Uuid;

pub use desk::book;
pub use scope::Scope;
pub(crate) use wording::{changed_fields, shortened};

/// A mutation as it came in: its action, or why that cannot be read.
pub type Incoming = Mutation<Result<Action, Refusal>>;

/// What one request brings to be booked.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The site it is for.
    pub site: String,
    /// The device that sent it.
    pub device: Uuid,
    /// One life of that device's database.
    pub client: Uuid,
    /// By rising `seq`.
    pub mutations: Vec<Incoming>,
    /// Which rows the device holds.
    pub scope: Scope,
    /// The highest `seq` the device holds an outcome for.
    pub last_outcome_seq: u64,
    /// The server's clock.
    pub now: UnixMillis,
}

/// What has to be loaded before a batch can be decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Receipts of the batch's client by these `seq`s.
    pub seqs: BTreeSet<u64>,
    /// Receipts by these mutation ids, whoever's.
    pub ids: BTreeSet<Uuid>,
    /// Rows, with those the receipts touched.
    pub rows: BTreeSet<RowKey>,
    /// Products of which every lot is needed.
    pub lots_of: BTreeSet<Uuid>,
    /// Claims of which the holder's row is needed.
    pub claims: BTreeSet<String>,
    /// Barcodes, as they are compared, of which the holders' rows are needed.
    pub barcodes: BTreeSet<String>,
    /// Products of which it matters what is odd about others because of them.
    pub named: BTreeSet<Uuid>,
    /// Orders of which it matters whether they exist.
    pub orders: BTreeSet<Uuid>,
}

impl Batch {
    /// What has to be loaded before it can be decided.
    pub fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        for mutation in &self.mutations {
            needs.seqs.insert(mutation.seq);
            needs.ids.insert(mutation.id);
            needs.ids.extend(mutation.depends_on);
            let Ok(action) = &mutation.action else { continue };
            needs.rows.extend(Warehouse::touches(action));
            needs.claims.extend(claims(action));
            needs.named.extend(namesakes::relabelled(action));
            match action {
                Action::DeleteProduct { id } => _ = needs.lots_of.insert(*id),
                Action::PlaceOrder(order) => _ = needs.orders.insert(order.id),
                Action::CreateProduct(product) => needs.barcodes.extend(barcode_key(&product.barcode)),
                Action::UpdateProduct { patch, .. } => {
                    needs.barcodes.extend(patch.barcode.as_deref().and_then(barcode_key));
                }
                _ => {}
            }
        }
        needs
    }
}

/// A barcode as it is compared; none if there is none.
pub(crate) fn barcode_key(barcode: &str) -> Option<String> {
    Some(domain::normalize_gtin(barcode)).filter(|key| !key.is_empty())
}

/// A row as the store keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRow {
    /// The revision that last wrote it.
    pub rev: u64,
    /// Its fields; the last ones it had if it is deleted.
    pub row: Row,
    /// Whether it is a tombstone.
    pub deleted: bool,
    /// Who last changed which field, and when.
    pub fields: BTreeMap<String, FieldRev>,
}

/// The outcome of one mutation as the store keeps it; rows are looked up anew each time it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReceipt {
    /// Who sent it.
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
    /// Rows it may have changed, and those it depended on.
    pub touched: Vec<RowKey>,
}

/// What the store holds of what a batch [`Needs`].
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
}

/// An effect of a booked mutation, with its place in the site's history.
#[derive(Clone, Debug)]
pub struct BookedEffect {
    /// The mutation's revision.
    pub rev: u64,
    /// Its place among the effects of that revision.
    pub line: u64,
    /// Which of the batch's mutations.
    pub mutation: usize,
    /// What it is.
    pub effect: Effect,
}

/// What a batch comes to.
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
    /// What the device is told, one for each mutation in order.
    pub answers: Vec<Receipt<Row>>,
}

/// Tells a stored outcome with its rows as they are now: those in scope, and removals for the others.
pub(crate) fn outcome(
    stored: &StoredReceipt,
    rows: &BTreeMap<RowKey, StoredRow>,
    scope: Scope,
) -> Outcome<Row> {
    let mut outcome = Outcome {
        verdict: stored.verdict,
        code: stored.code.clone(),
        message: stored.message.clone(),
        rows: Vec::new(),
        removed: Vec::new(),
    };
    for key in &stored.touched {
        let Some(held) = rows.get(key).filter(|_| scope.has_table(&key.table)) else { continue };
        if !held.deleted && scope.holds(&held.row) {
            outcome.rows.push(Versioned { rev: held.rev, row: held.row.clone() });
        } else {
            let RowKey { table, key } = key.clone();
            outcome.removed.push(Removal { table, key, rev: held.rev });
        }
    }
    outcome
}
