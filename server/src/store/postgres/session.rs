//! A [`Session`] on a connection. Statements have no names and their parameters' types are sent along: nothing is left in the
//! server's session, so that a pooler may give each transaction another one.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::pin::pin;

use futures::TryStreamExt as _;
use tokio::runtime::Handle;
use tokio_postgres::types::{FromSql, ToSql, Type};
use tokio_postgres::{Client, Error, Row};
use uuid::Uuid;

use super::super::StoreFault;
use super::super::sql::session::{Columns, Dialect, EachRow, Insert, Keyed, Param, Session};
use super::arrays::Arrays;
use super::fault::{Aftermath, aftermath, described, fault};

/// The dialect of PostgreSQL.
pub(super) static DIALECT: Dialect = Dialect {
    for_update: " FOR UPDATE",
    unindexed: "",
    has_index_hints: false,
    ordered_join: "JOIN",
    // Transactions that change the privileges of a table at the same time would fail.
    before_ledger_deletion: &[
        "SELECT pg_advisory_xact_lock(-4914011507)",
        "GRANT DELETE ON stock_ledger TO CURRENT_USER",
    ],
    after_ledger_deletion: &["REVOKE DELETE ON stock_ledger FROM CURRENT_USER"],
    has_lateral: true,
};

/// Rows that are held in memory before they are handled.
const MAX_HELD_ROWS: usize = 500;
/// Keys in one query.
const MAX_KEYS_PER_QUERY: usize = 2_000;
/// Rows in one `INSERT`.
const MAX_ROWS_PER_INSERT: usize = 2_000;

/// A session on a connection, whose transaction is its owner's. It is used outside of asynchronous code, on a thread that may
/// block.
pub(super) struct PostgresSession<'c> {
    client: &'c Client,
    runtime: Handle,
    gravest: RefCell<Option<(Aftermath, StoreFault)>>,
    announced: RefCell<BTreeMap<String, u64>>,
}

impl std::fmt::Debug for PostgresSession<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresSession").field("gravest", &self.gravest).finish_non_exhaustive()
    }
}

type Typed<'p> = (&'p (dyn ToSql + Sync), Type);

impl<'c> PostgresSession<'c> {
    pub(super) fn new(client: &'c Client, runtime: Handle) -> Self {
        Self { client, runtime, gravest: RefCell::default(), announced: RefCell::default() }
    }

    /// The gravest fault since the last call, with what it left behind.
    pub(super) fn take_gravest(&self) -> Option<(Aftermath, StoreFault)> {
        self.gravest.take()
    }

    /// The revisions announced since the last call, by site.
    pub(super) fn take_announced(&self) -> BTreeMap<String, u64> {
        self.announced.take()
    }

    /// Fails after a fault that ended the transaction or its connection, and after any fault of a write that goes on as if
    /// there were none: nothing of it could be kept.
    pub(super) fn check(&self, is_kept: bool) -> Result<(), StoreFault> {
        match &*self.gravest.borrow() {
            Some((Aftermath::Failed, _)) if !is_kept => Ok(()),
            Some((_, fault)) => Err(fault.clone()),
            None => Ok(()),
        }
    }

    /// Runs statements without parameters and results.
    pub(super) fn run(&self, sql: &str) -> Result<(), StoreFault> {
        self.runtime.block_on(self.client.batch_execute(sql)).map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &Error) -> StoreFault {
        let (aftermath, fault) = (aftermath(error), fault(error));
        let mut gravest = self.gravest.borrow_mut();
        if gravest.as_ref().is_none_or(|(graver, _)| *graver < aftermath) {
            *gravest = Some((aftermath, fault.clone()));
        }
        fault
    }

    fn query_typed(
        &self,
        sql: &str,
        params: Vec<Typed<'_>>,
        each_row: EachRow<'_>,
    ) -> Result<(), StoreFault> {
        let rows = self.runtime.block_on(self.client.query_typed_raw(&numbered(sql), params));
        let mut rows = pin!(rows.map_err(|error| self.failed(&error))?);
        loop {
            let next = async {
                let mut held = Vec::new();
                while held.len() < MAX_HELD_ROWS {
                    let Some(row) = rows.try_next().await? else { break };
                    held.push(row);
                }
                Ok(held)
            };
            let held: Vec<Row> = self.runtime.block_on(next).map_err(|error| self.failed(&error))?;
            held.iter().try_for_each(|row| each_row(row))?;
            if held.len() < MAX_HELD_ROWS {
                return Ok(());
            }
        }
    }
}

impl Session for PostgresSession<'_> {
    fn dialect(&self) -> &'static Dialect {
        &DIALECT
    }

    fn query(&self, sql: &str, params: &[Param<'_>], each_row: EachRow<'_>) -> Result<(), StoreFault> {
        self.query_typed(sql, params.iter().map(typed).collect(), each_row)
    }

    fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreFault> {
        let params: Vec<_> = params.iter().map(typed).collect();
        let done = self.runtime.block_on(self.client.execute_typed(&numbered(sql), &params));
        done.map_err(|error| self.failed(&error))
    }

    fn query_keys(
        &self,
        query: Keyed<'_>,
        site: &str,
        keys: &[Vec<Param<'_>>],
        each_row: EachRow<'_>,
    ) -> Result<(), StoreFault> {
        let Keyed { select, key, tail } = query;
        for keys in keys.chunks(MAX_KEYS_PER_QUERY) {
            let arrays = Arrays::of(keys, key.len())?;
            let names: Vec<String> = (1..=key.len()).map(|at| format!("key_{at}")).collect();
            let equal = |(column, name): (&&str, &String)| format!("{column} = keys.{name}");
            let condition: Vec<String> = key.iter().zip(&names).map(equal).collect();
            // One look-up for each key, whatever the planner believes of tables that it has no figures of: OFFSET keeps it from
            // joining the keys with all rows of the site.
            let sql = format!(
                "SELECT found.* FROM unnest({}) AS keys ({}) \
                 CROSS JOIN LATERAL ({select} AND {} {tail} OFFSET 0) AS found",
                arrays.casts(2),
                names.join(", "),
                condition.join(" AND ")
            );
            let mut params: Vec<Typed<'_>> = vec![(&site, Type::TEXT)];
            params.extend(arrays.typed());
            self.query_typed(&sql, params, each_row)?;
        }
        Ok(())
    }

    fn insert(&self, insert: Insert<'_>, rows: &[Vec<Param<'_>>]) -> Result<(), StoreFault> {
        let Insert { table, columns, .. } = insert;
        for rows in rows.chunks(MAX_ROWS_PER_INSERT) {
            let arrays = Arrays::of(rows, insert.names().count())?;
            let sql = format!(
                "INSERT INTO {table} ({columns}) SELECT * FROM unnest({}){}",
                arrays.casts(1),
                insert.on_conflict()
            );
            let params: Vec<_> = arrays.typed().collect();
            let done = self.runtime.block_on(self.client.execute_typed(&sql, &params));
            done.map_err(|error| self.failed(&error))?;
        }
        Ok(())
    }

    fn announce(&self, site: &str, rev: u64) {
        self.announced.borrow_mut().insert(site.to_owned(), rev);
    }
}

fn typed<'p>(param: &'p Param<'_>) -> Typed<'p> {
    match param {
        Param::Text(text) => (text, Type::TEXT),
        Param::Int(number) => (number, Type::INT8),
        Param::Id(id) => (id, Type::UUID),
        Param::Bytes(bytes) => (bytes, Type::BYTEA),
        Param::Flag(flag) => (flag, Type::BOOL),
    }
}

/// A statement whose parameters are called `$1` and not `?1`. A question mark that no digit follows stays.
fn numbered(sql: &str) -> String {
    let mut numbered = String::with_capacity(sql.len());
    let mut rest = sql.chars().peekable();
    while let Some(char) = rest.next() {
        let is_parameter = char == '?' && rest.peek().is_some_and(char::is_ascii_digit);
        numbered.push(if is_parameter { '$' } else { char });
    }
    numbered
}

impl Columns for Row {
    fn optional_text(&self, at: usize) -> Result<Option<&str>, StoreFault> {
        read(self, at)
    }

    fn optional_int(&self, at: usize) -> Result<Option<i64>, StoreFault> {
        read(self, at)
    }

    fn optional_id(&self, at: usize) -> Result<Option<Uuid>, StoreFault> {
        read(self, at)
    }

    fn bytes(&self, at: usize) -> Result<&[u8], StoreFault> {
        read(self, at)
    }

    fn flag(&self, at: usize) -> Result<bool, StoreFault> {
        read(self, at)
    }
}

fn read<'r, T: FromSql<'r>>(row: &'r Row, at: usize) -> Result<T, StoreFault> {
    row.try_get(at).map_err(|error| StoreFault::Failed(described(&error)))
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn parameters_are_numbered_with_dollars() {
        assert_eq!(numbered("SELECT ?1, '?' WHERE a = ?12 -- ?"), "SELECT $1, '?' WHERE a = $12 -- ?");
    }
}
