//! One transaction of an engine, and the values that go in and out of it. The statements are the same for both engines:
//! parameters are numbered `?1`, `?2`, and what differs is in [`Dialect`].

use std::borrow::Cow;

use sync::UnixMillis;
use uuid::Uuid;

use super::super::StoreFault;
use super::convert::to_i64;

/// A parameter. `None` is NULL.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Param<'p> {
    Text(Option<Cow<'p, str>>),
    Int(Option<i64>),
    Id(Option<Uuid>),
    Bytes(&'p [u8]),
    Flag(bool),
}

impl<'p> From<&'p str> for Param<'p> {
    fn from(text: &'p str) -> Self {
        Self::Text(Some(Cow::Borrowed(text)))
    }
}

impl<'p> From<&'p String> for Param<'p> {
    fn from(text: &'p String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<String> for Param<'_> {
    fn from(text: String) -> Self {
        Self::Text(Some(Cow::Owned(text)))
    }
}

impl<'p> From<Cow<'p, str>> for Param<'p> {
    fn from(text: Cow<'p, str>) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<String>> for Param<'_> {
    fn from(text: Option<String>) -> Self {
        Self::Text(text.map(Cow::Owned))
    }
}

impl From<i64> for Param<'_> {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<Option<i64>> for Param<'_> {
    fn from(number: Option<i64>) -> Self {
        Self::Int(number)
    }
}

impl From<u64> for Param<'_> {
    fn from(number: u64) -> Self {
        Self::Int(Some(to_i64(number)))
    }
}

impl From<UnixMillis> for Param<'_> {
    fn from(time: UnixMillis) -> Self {
        Self::Int(Some(time.0))
    }
}

impl From<Uuid> for Param<'_> {
    fn from(id: Uuid) -> Self {
        Self::Id(Some(id))
    }
}

impl From<Option<Uuid>> for Param<'_> {
    fn from(id: Option<Uuid>) -> Self {
        Self::Id(id)
    }
}

impl From<bool> for Param<'_> {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl<'p> From<&'p [u8]> for Param<'p> {
    fn from(bytes: &'p [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'p, const N: usize> From<&'p [u8; N]> for Param<'p> {
    fn from(bytes: &'p [u8; N]) -> Self {
        Self::Bytes(bytes)
    }
}

/// The parameters of a statement, each converted to a [`Param`].
macro_rules! params {
    ($($value:expr),* $(,)?) => { [$($crate::store::sql::session::Param::from($value)),*] };
}
pub(crate) use params;

/// The columns of a row, by their index from 0. NULL in a column that is not optional is an error.
pub(crate) trait Columns {
    fn optional_text(&self, at: usize) -> Result<Option<&str>, StoreFault>;
    fn optional_int(&self, at: usize) -> Result<Option<i64>, StoreFault>;
    fn optional_id(&self, at: usize) -> Result<Option<Uuid>, StoreFault>;
    fn bytes(&self, at: usize) -> Result<&[u8], StoreFault>;
    /// A condition or a column of truth values.
    fn flag(&self, at: usize) -> Result<bool, StoreFault>;

    fn text(&self, at: usize) -> Result<&str, StoreFault> {
        self.optional_text(at)?.ok_or_else(|| is_null(at))
    }

    fn int(&self, at: usize) -> Result<i64, StoreFault> {
        self.optional_int(at)?.ok_or_else(|| is_null(at))
    }

    fn id(&self, at: usize) -> Result<Uuid, StoreFault> {
        self.optional_id(at)?.ok_or_else(|| is_null(at))
    }
}

fn is_null(at: usize) -> StoreFault {
    StoreFault::Failed(format!("column {at} has no value"))
}

/// The syntax that differs between the engines.
#[derive(Debug)]
pub(crate) struct Dialect {
    /// Locks the selected row until the end of the transaction.
    pub(crate) for_update: &'static str,
    /// Keeps the planner from using an index for the column behind it.
    pub(crate) unindexed: &'static str,
    /// Whether statements name the indexes that they need.
    pub(crate) has_index_hints: bool,
    /// Joins in the order of the statement, where the engine can be told so.
    pub(crate) ordered_join: &'static str,
    /// Permits this transaction to delete entries of the ledger, where privileges forbid it.
    pub(crate) before_ledger_deletion: &'static [&'static str],
    /// Forbids it again.
    pub(crate) after_ledger_deletion: &'static [&'static str],
    /// Whether a join can be made a look-up for each row, whatever the planner believes of tables that it has no figures of.
    pub(crate) has_lateral: bool,
}

impl Dialect {
    /// ` INDEXED BY index`, where the engine has such hints.
    pub(crate) fn indexed_by(&self, index: &str) -> String {
        if self.has_index_hints { format!(" INDEXED BY {index}") } else { String::new() }
    }
}

/// A query that is run for many keys of one site: `{select} AND (key) = (values) {tail}`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keyed<'k> {
    /// Ends with a condition on the site, which is the parameter `?1`.
    pub(crate) select: &'k str,
    /// The columns of the key.
    pub(crate) key: &'k [&'k str],
    /// Further conditions, which begin with `AND`; may be empty.
    pub(crate) tail: &'k str,
}

/// An `INSERT` of rows with these columns. A row with the same values in the columns of `key` is overwritten.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Insert<'i> {
    pub(crate) table: &'i str,
    /// `a, b`
    pub(crate) columns: &'i str,
    /// The columns of the key, `a, b`; empty if there is no such row.
    pub(crate) key: &'i str,
    /// Other assignments for a row that is overwritten, each of which begins with a comma; may be empty.
    pub(crate) also: &'i str,
}

impl<'i> Insert<'i> {
    /// Of new rows.
    pub(crate) const fn new(table: &'i str, columns: &'i str) -> Self {
        Self { table, columns, key: "", also: "" }
    }

    /// Of rows that overwrite those with the same key.
    pub(crate) const fn over(self, key: &'i str) -> Self {
        Self { key, ..self }
    }
}

impl Insert<'_> {
    /// The names of the columns.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.split(", ")
    }

    /// `ON CONFLICT ...`, or nothing.
    pub(crate) fn on_conflict(&self) -> String {
        if self.key.is_empty() {
            return String::new();
        }
        let is_key = |column: &&str| self.key.split(", ").any(|part| part == *column);
        let set: Vec<String> = self
            .names()
            .filter(|column| !is_key(column) && !self.also.contains(&format!(", {column} = ")))
            .map(|name| format!("{name} = excluded.{name}"))
            .collect();
        format!(" ON CONFLICT ({}) DO UPDATE SET {}{}", self.key, set.join(", "), self.also)
    }
}

/// A query of several that do not need each other's rows.
#[derive(Clone, Debug)]
pub(crate) enum Query<'q> {
    /// With its parameters.
    Plain(String, Vec<Param<'q>>),
    /// For many keys of a site, as [`Session::query_keys`] takes them.
    Keyed { select: String, key: &'q [&'q str], site: &'q str, keys: Vec<Vec<Param<'q>>> },
}

/// A change of several, none of which returns anything.
#[derive(Clone, Debug)]
pub(crate) enum Change<'c> {
    /// A statement with its parameters.
    Execute(&'static str, Vec<Param<'c>>),
    /// New rows, as [`Session::insert`] takes them.
    Insert(Insert<'c>, Vec<Vec<Param<'c>>>),
}

/// Called with each row of several queries, and the index of the row's query.
pub(crate) type EachRowOf<'f> = &'f mut dyn FnMut(usize, &dyn Columns) -> Result<(), StoreFault>;

/// Called with each row of a query; an error ends the query.
pub(crate) type EachRow<'f> = &'f mut dyn FnMut(&dyn Columns) -> Result<(), StoreFault>;

/// A transaction.
pub(crate) trait Session {
    fn dialect(&self) -> &'static Dialect;

    /// Calls `each_row` with each row of a query.
    fn query(&self, sql: &str, params: &[Param<'_>], each_row: EachRow<'_>) -> Result<(), StoreFault>;

    /// Runs a statement. Returns the number of affected rows.
    fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreFault>;

    /// Runs a query for many keys; each has the values of one key. Keys must be distinct. Rows come in any order.
    fn query_keys(
        &self,
        query: Keyed<'_>,
        site: &str,
        keys: &[Vec<Param<'_>>],
        each_row: EachRow<'_>,
    ) -> Result<(), StoreFault>;

    /// Inserts rows, each with the values of all columns. No two of them have the same key.
    fn insert(&self, insert: Insert<'_>, rows: &[Vec<Param<'_>>]) -> Result<(), StoreFault>;

    /// Runs queries in this order. An engine that waits for answers sends all of them before it waits.
    fn ask(&self, queries: &[Query<'_>], each_row: EachRowOf<'_>) -> Result<(), StoreFault> {
        queries.iter().enumerate().try_for_each(|(at, query)| match query {
            Query::Plain(sql, params) => self.query(sql, params, &mut |row| each_row(at, row)),
            Query::Keyed { select, key, site, keys } => {
                let keyed = Keyed { select, key, tail: "" };
                self.query_keys(keyed, site, keys, &mut |row| each_row(at, row))
            }
        })
    }

    /// Makes changes in this order, as [`Session::ask`] runs queries.
    fn change(&self, changes: &[Change<'_>]) -> Result<(), StoreFault> {
        changes.iter().try_for_each(|change| match change {
            Change::Execute(sql, params) => self.execute(sql, params).map(drop),
            Change::Insert(insert, rows) => self.insert(*insert, rows),
        })
    }

    /// Tells the other servers of a site's revision once the transaction is committed, where the engine has others.
    fn announce(&self, site: &str, rev: u64);
}

impl dyn Session + '_ {
    /// All rows of a query.
    pub(crate) fn all<T>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        read: impl Fn(&dyn Columns) -> Result<T, StoreFault>,
    ) -> Result<Vec<T>, StoreFault> {
        let mut found = Vec::new();
        self.query(sql, params, &mut |columns| {
            found.push(read(columns)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// The first row of a query, which has one row or few.
    pub(crate) fn first<T>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        read: impl Fn(&dyn Columns) -> Result<T, StoreFault>,
    ) -> Result<Option<T>, StoreFault> {
        Ok(self.all(sql, params, read)?.into_iter().next())
    }

    /// Whether a query has a row.
    pub(crate) fn exists(&self, sql: &str, params: &[Param<'_>]) -> Result<bool, StoreFault> {
        Ok(self.first(sql, params, |_| Ok(()))?.is_some())
    }
}
