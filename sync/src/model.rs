//! What an application tells the engine about its rows: keys, which rows a mutation touches, and how it changes them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::mutation::Mutation;

/// Names one row: a table and a key within it. Keys sort; rows that belong together share a prefix.
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

/// Why an action cannot be done, in words for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// A stable code, such as `bad_quantity`.
    pub code: &'static str,
    /// One sentence: what is wrong and what to do.
    pub message: String,
}

impl Refusal {
    /// A refusal with its code and sentence.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// What names a row and what else it is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The row's key.
    pub key: RowKey,
    /// Further strings the row is found by, each with its index's name as a prefix (`colour:red`).
    pub index_keys: Vec<String>,
}

/// What a store has to know of rows and actions to keep them, pass them on and find them again.
pub trait Records: 'static {
    /// A named intent with its payload.
    type Action: Clone + Debug + PartialEq + Serialize + DeserializeOwned + 'static;
    /// A row of any table.
    type Row: Clone + Debug + PartialEq + Serialize + DeserializeOwned + 'static;

    /// Every table a device holds, in the order a snapshot fills them.
    const TABLES: &'static [&'static str];
    /// The version of [`Records::TABLES`], below 1,000. Raise it whenever a table is added, so that devices create it.
    const TABLES_VERSION: u32;
    /// The version of [`Records::Action`]'s shape, carried by every mutation. Raise it whenever mutations that wait on devices
    /// would be read differently, and teach [`Records::read_action`] the earlier shapes.
    const SCHEMA: u32;

    /// Reads an action's JSON of any schema up to [`Records::SCHEMA`].
    ///
    /// # Errors
    /// When it is no action of that schema.
    fn read_action(schema: u32, json: &str) -> Result<Self::Action, serde_json::Error> {
        let _ = schema;
        serde_json::from_str(json)
    }

    /// What a row is found by.
    fn identify(row: &Self::Row) -> Identity;

    /// The row's key alone. Worth writing by hand: the default also works out what else the row is found by.
    fn key(row: &Self::Row) -> RowKey {
        Self::identify(row).key
    }

    /// What a row is found by, and its JSON. Worth writing by hand where the JSON is there already: the default writes it.
    ///
    /// # Errors
    /// When the row cannot be written as JSON.
    fn into_json(row: Self::Row) -> Result<(Identity, Box<str>), serde_json::Error> {
        Ok((Self::identify(&row), serde_json::to_string(&row)?.into()))
    }

    /// What a row's JSON is found by. Worth writing by hand: the default reads all of it.
    ///
    /// # Errors
    /// When it is no row's JSON.
    fn identify_json(json: &str) -> Result<Identity, serde_json::Error> {
        serde_json::from_str(json).map(|row| Self::identify(&row))
    }
}

/// The application's rows and rules. The same implementation runs on the device and on the server, so what a person
/// sees before the server answers is what the server will decide.
pub trait Model: Records {
    /// What an applied action leaves behind besides rows; only a server keeps it.
    type Effect: Debug;

    /// Every row the action may read or change.
    fn touches(action: &Self::Action) -> Vec<RowKey>;
    /// The row that the action edits, if any: it is made on this row's revision, and a later one may conflict with it.
    fn edits(action: &Self::Action) -> Option<RowKey> {
        let _ = action;
        None
    }
    /// The row that exists only once this action is accepted, if any: later work on it depends on this action.
    fn creates(action: &Self::Action) -> Option<RowKey>;
    /// Changes `rows`. It must not need rows beyond [`Model::touches`], and must treat each row by itself, so that a
    /// part of the rows can be shown without the rest.
    ///
    /// # Errors
    /// A [`Refusal`] when the action is invalid whatever the rows say, or breaks a rule on them; `rows` is unchanged then.
    fn apply(
        mutation: &Mutation<Self::Action>,
        rows: &mut Rows<Self::Row>,
    ) -> Result<Vec<Self::Effect>, Refusal>;
}

/// Rows as the screen shows them: the server's truth with the pending mutations folded in.
#[derive(Clone, Debug, PartialEq)]
pub struct View<R> {
    /// The rows after every pending mutation.
    pub rows: Rows<R>,
    /// Which of them some pending mutation touches.
    pub pending: BTreeSet<RowKey>,
}

/// Folds `pending`, in order and without what was withdrawn, over `base`. Only mutations that touch a key for which `wanted` holds are applied, and
/// only such rows are returned. A mutation that no longer applies is left out: the server will say why.
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
