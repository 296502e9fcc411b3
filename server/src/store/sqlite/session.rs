//! A [`Session`] on a connection.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, params_from_iter};
use uuid::Uuid;

use super::super::StoreFault;
use super::super::sql::session::{Columns, Dialect, EachRow, Insert, Keyed, Param, Session};

/// The dialect of SQLite.
pub(super) static DIALECT: Dialect = Dialect {
    for_update: "",
    unindexed: "+",
    has_index_hints: true,
    ordered_join: "CROSS JOIN",
    // The trigger lets go what has been packed.
    before_ledger_deletion: &[],
    after_ledger_deletion: &[],
    has_lateral: false,
};

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self {
            Self::Text(Some(text)) => ValueRef::Text(text.as_bytes()),
            Self::Int(Some(number)) => ValueRef::Integer(*number),
            Self::Id(Some(id)) => ValueRef::Blob(id.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Flag(flag) => ValueRef::Integer(i64::from(*flag)),
            Self::Text(None) | Self::Int(None) | Self::Id(None) => ValueRef::Null,
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}

impl Columns for rusqlite::Row<'_> {
    fn optional_text(&self, at: usize) -> Result<Option<&str>, StoreFault> {
        let value = self.get_ref(at)?;
        value.as_str_or_null().map_err(|error| StoreFault::Failed(error.to_string()))
    }

    fn optional_int(&self, at: usize) -> Result<Option<i64>, StoreFault> {
        Ok(self.get(at)?)
    }

    fn optional_id(&self, at: usize) -> Result<Option<Uuid>, StoreFault> {
        Ok(self.get(at)?)
    }

    fn bytes(&self, at: usize) -> Result<&[u8], StoreFault> {
        self.get_ref(at)?.as_blob().map_err(|error| StoreFault::Failed(error.to_string()))
    }

    fn flag(&self, at: usize) -> Result<bool, StoreFault> {
        Ok(self.get(at)?)
    }
}

/// A session on a connection, whose transaction is its owner's.
#[derive(Debug)]
pub(super) struct SqliteSession<'c>(pub(super) &'c Connection);

impl SqliteSession<'_> {
    fn query_one(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        each_row: EachRow<'_>,
    ) -> Result<(), StoreFault> {
        let mut statement = self.0.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        while let Some(row) = rows.next()? {
            each_row(row)?;
        }
        Ok(())
    }
}

impl Session for SqliteSession<'_> {
    fn dialect(&self) -> &'static Dialect {
        &DIALECT
    }

    fn query(&self, sql: &str, params: &[Param<'_>], each_row: EachRow<'_>) -> Result<(), StoreFault> {
        self.query_one(sql, params_from_iter(params), each_row)
    }

    fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreFault> {
        let changed = self.0.prepare_cached(sql)?.execute(params_from_iter(params))?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    /// One look-up for each key: a look-up costs little in an embedded database.
    fn query_keys(
        &self,
        query: Keyed<'_>,
        site: &str,
        keys: &[Vec<Param<'_>>],
        each_row: EachRow<'_>,
    ) -> Result<(), StoreFault> {
        if keys.is_empty() {
            return Ok(());
        }
        let Keyed { select, key, tail } = query;
        let condition: Vec<String> =
            key.iter().zip(2..).map(|(column, at)| format!("{column} = ?{at}")).collect();
        let sql = format!("{select} AND {} {tail}", condition.join(" AND "));
        let site = Param::from(site);
        keys.iter().try_for_each(|key| {
            self.query_one(&sql, params_from_iter(std::iter::once(&site).chain(key)), each_row)
        })
    }

    /// One server owns the file.
    fn announce(&self, _: &str, _: u64) {}

    fn insert(&self, insert: Insert<'_>, rows: &[Vec<Param<'_>>]) -> Result<(), StoreFault> {
        if rows.is_empty() {
            return Ok(());
        }
        let values: Vec<String> = (1..=insert.names().count()).map(|at| format!("?{at}")).collect();
        let Insert { table, columns, .. } = insert;
        let sql =
            format!("INSERT INTO {table} ({columns}) VALUES ({}){}", values.join(", "), insert.on_conflict());
        let mut statement = self.0.prepare_cached(&sql)?;
        for row in rows {
            statement.execute(params_from_iter(row))?;
        }
        Ok(())
    }
}
