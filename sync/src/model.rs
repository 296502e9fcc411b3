//! The application's description of its rows for the engine: keys, the rows that a mutation touches, and the
//! changes it makes.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::mutation::Mutation;

/// Identifies one row: a table and a key within it. Keys sort; related rows share a prefix.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RowKey {
    /// One of [`Records::TABLES`].
    pub table: Cow<'static, str>,
    /// The key within the table.
    pub key: String,
}

impl RowKey {
    /// A key in one of the model's tables.
    pub fn new(table: &'static str, key: impl Into<String>) -> Self {
        Self { table: Cow::Borrowed(table), key: key.into() }
    }
}

/// A working set of rows that [`Model::apply`] reads and changes.
pub type Rows<R> = BTreeMap<RowKey, R>;

/// The reason why an action is refused, in words for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// A stable code, such as `bad_quantity`.
    pub code: &'static str,
    /// One sentence that names the problem and its solution.
    pub message: String,
}

impl Refusal {
    /// A refusal with its code and sentence.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// The key of a row and its index keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The row's key.
    pub key: RowKey,
    /// Further strings to find the row by, each with its index's name as a prefix (`colour:red`).
    pub index_keys: Vec<String>,
}

/// The types and functions that a store needs to keep, forward and find rows and actions.
pub trait Records: 'static {
    /// A named intent with its payload.
    type Action: Clone + Debug + PartialEq + Serialize + DeserializeOwned + 'static;
    /// A row of any table.
    type Row: Clone + Debug + PartialEq + Serialize + DeserializeOwned + 'static;

    /// Every table on a device, in the order in which a snapshot fills them.
    const TABLES: &'static [&'static str];
    /// The version of [`Records::TABLES`], below 1,000. Increment it whenever a table is added, so that
    /// devices create it.
    const TABLES_VERSION: u32;
    /// The version of [`Records::Action`]'s shape, carried by every mutation. Increment it whenever pending
    /// mutations of earlier builds would be parsed differently, and extend [`Records::read_action`] to the
    /// earlier shapes.
    const SCHEMA: u32;
    /// The version of the index keys. Increment it when rows get index keys that earlier builds did not store, and extend
    /// [`Records::indexed_since`]. Increment it as well when rows get other keys: stored rows move to them.
    const INDEX_VERSION: u8 = 0;

    /// The [`Records::INDEX_VERSION`] that began to store index keys like this one. A store does not rely on an older index
    /// to find it. By default every build has stored it.
    fn indexed_since(index_key: &str) -> u8 {
        let _ = index_key;
        0
    }

    /// Parses an action's JSON of any schema up to [`Records::SCHEMA`].
    ///
    /// # Errors
    /// When the text is not an action of that schema.
    fn read_action(schema: u32, json: &str) -> Result<Self::Action, serde_json::Error> {
        let _ = schema;
        serde_json::from_str(json)
    }

    /// The row's key and index keys.
    fn identify(row: &Self::Row) -> Identity;

    /// The row's key alone. The default also computes the index keys; a specialised implementation is faster.
    fn key(row: &Self::Row) -> RowKey {
        Self::identify(row).key
    }

    /// The row's key, index keys and JSON. The default serializes the row; a specialised implementation can
    /// reuse JSON that it already holds.
    ///
    /// # Errors
    /// When the row cannot be written as JSON.
    fn into_json(row: Self::Row) -> Result<(Identity, Box<str>), serde_json::Error> {
        Ok((Self::identify(&row), serde_json::to_string(&row)?.into()))
    }

    /// The key and index keys of a row's JSON. The default parses the whole row; a specialised implementation
    /// is faster.
    ///
    /// # Errors
    /// When the text is not the JSON of a row.
    fn identify_json(json: &str) -> Result<Identity, serde_json::Error> {
        serde_json::from_str(json).map(|row| Self::identify(&row))
    }
}

/// The application's rows and rules. The same implementation runs on the device and on the server, so the
/// view before the server's answer is a preview of its decision.
pub trait Model: Records {
    /// A side effect of an applied action besides its row changes; only a server keeps it.
    type Effect: Debug;

    /// Every row the action may read or change. By default the row that it edits or creates.
    fn touches(action: &Self::Action) -> Vec<RowKey> {
        Self::edits(action).or_else(|| Self::creates(action)).into_iter().collect()
    }
    /// The row that the action edits, if any. The mutation is based on this row's revision, and a later
    /// revision may conflict with it.
    fn edits(action: &Self::Action) -> Option<RowKey> {
        let _ = action;
        None
    }
    /// The row that this action creates, if any: later mutations of that row depend on it.
    fn creates(action: &Self::Action) -> Option<RowKey> {
        let _ = action;
        None
    }
    /// Changes `rows`. It must not need rows beyond [`Model::touches`], and must treat each row
    /// independently, so that some of the rows can be shown without the others.
    ///
    /// # Errors
    /// A [`Refusal`] when the action is invalid in itself or breaks a rule on the rows; `rows` is unchanged
    /// then.
    fn apply(
        mutation: &Mutation<Self::Action>,
        rows: &mut Rows<Self::Row>,
    ) -> Result<Vec<Self::Effect>, Refusal>;
}

/// Rows as the screen shows them: the server's rows with the pending mutations folded in.
#[derive(Clone, Debug, PartialEq)]
pub struct View<R> {
    /// The rows after every pending mutation.
    pub rows: Rows<R>,
    /// The rows that at least one pending mutation touches.
    pub pending: BTreeSet<RowKey>,
}

/// Folds `pending`, in order and without withdrawn mutations, over `base`. Only mutations that touch a key
/// for which `wanted` holds are applied, and only such rows are returned. A mutation that no longer applies
/// is left out: the server's outcome will give the reason.
pub fn fold<'a, M: Model>(
    base: Rows<M::Row>,
    pending: impl IntoIterator<Item = &'a Mutation<M::Action>>,
    wanted: impl Fn(&RowKey) -> bool,
) -> View<M::Row> {
    let mut rows = base;
    let mut touched = BTreeSet::new();
    for mutation in pending.into_iter().filter(|mutation| !mutation.withdrawn) {
        let keys: Vec<RowKey> = M::touches(&mutation.action).into_iter().filter(|key| wanted(key)).collect();
        if !keys.is_empty() && M::apply(mutation, &mut rows).is_ok() {
            touched.extend(keys);
        }
    }
    rows.retain(|key, _| wanted(key));
    View { rows, pending: touched }
}
