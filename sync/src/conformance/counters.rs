//! The suite's own model, and builders of its rows and commits.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::{Identity, Model, Records, Refusal, RowKey, Rows};
use crate::mutation::{Draft, Mutation, UnixMillis};
use crate::protocol::{Cursor, Outcome, Receipt, Verdict, Versioned};
use crate::store::Commit;

/// Counters and labels: the smallest model with two tables, a prefix, an index, and two schemas of its
/// action. In schema 1 an action was a pair of key and amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counters;

/// Adds to a counter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Add {
    /// The counter's key.
    pub key: String,
    /// The amount to add.
    pub amount: i64,
}

/// A row of either table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CounterRow {
    /// A counter.
    Counter {
        /// Its key.
        key: String,
        /// Its value.
        value: i64,
    },
    /// A label, found by its colour.
    Label {
        /// Its key.
        key: String,
        /// Its colour.
        colour: String,
    },
}

impl Records for Counters {
    type Action = Add;
    type Row = CounterRow;
    const TABLES: &'static [&'static str] = &["counters", "labels"];
    const TABLES_VERSION: u32 = 1;
    const SCHEMA: u32 = 2;

    fn read_action(schema: u32, json: &str) -> Result<Add, serde_json::Error> {
        match schema {
            1 => serde_json::from_str(json).map(|(key, amount)| Add { key, amount }),
            _ => serde_json::from_str(json),
        }
    }

    fn identify(row: &CounterRow) -> Identity {
        match row {
            CounterRow::Counter { key, .. } => {
                Identity { key: RowKey::new("counters", key), index_keys: Vec::new() }
            }
            CounterRow::Label { key, colour } => {
                Identity { key: RowKey::new("labels", key), index_keys: vec![format!("colour:{colour}")] }
            }
        }
    }
}

impl Model for Counters {
    type Effect = ();

    fn touches(action: &Add) -> Vec<RowKey> {
        vec![RowKey::new("counters", &action.key)]
    }

    fn creates(_: &Add) -> Option<RowKey> {
        None
    }

    fn apply(mutation: &Mutation<Add>, rows: &mut Rows<CounterRow>) -> Result<Vec<()>, Refusal> {
        let Add { key, amount } = mutation.action.clone();
        let row = rows.entry(RowKey::new("counters", &key)).or_insert(CounterRow::Counter { key, value: 0 });
        if let CounterRow::Counter { value, .. } = row {
            *value += amount;
        }
        Ok(Vec::new())
    }
}

/// A counter's row at a revision.
pub fn counter(key: &str, value: i64, rev: u64) -> Versioned<CounterRow> {
    Versioned { rev, row: CounterRow::Counter { key: key.to_owned(), value } }
}

/// A label's row at a revision.
pub fn label(key: &str, colour: &str, rev: u64) -> Versioned<CounterRow> {
    Versioned { rev, row: CounterRow::Label { key: key.to_owned(), colour: colour.to_owned() } }
}

/// A draft that adds `amount` to `key`, with an id made from `n`.
pub fn add(n: u128, key: &str, amount: i64) -> Draft<Add> {
    Draft {
        id: Uuid::from_u128(n),
        action: Add { key: key.to_owned(), amount },
        base: 0,
        author: "suite".to_owned(),
        signed_by: None,
        captured_at: UnixMillis(5),
        depends_on: None,
        replaces: None,
    }
}

/// An empty commit that moves the cursor to `rev`.
pub fn commit(from: Cursor, rev: u64) -> Commit<CounterRow> {
    Commit {
        from,
        cursor: Cursor::Live { rev },
        receipts: Vec::new(),
        rows: Vec::new(),
        removed: Vec::new(),
        replaced: None,
        epoch: Uuid::from_u128(99),
        known_seq: 0,
        last_outcome_seq: 0,
        at: UnixMillis(9),
    }
}

/// The receipt of a mutation.
pub fn receipt(
    mutation: &Mutation<Add>,
    verdict: Verdict,
    rows: Vec<Versioned<CounterRow>>,
) -> Receipt<CounterRow> {
    let outcome = Outcome { verdict, code: String::new(), message: String::new(), rows, removed: Vec::new() };
    Receipt { seq: mutation.seq, id: mutation.id, outcome }
}
