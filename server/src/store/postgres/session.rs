//! A [`Session`] on a connection.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;

use futures::TryStreamExt as _;
use tokio::runtime::Handle;
use tokio_postgres::types::FromSql;
use tokio_postgres::{Client, Error, Row, RowStream};
use uuid::Uuid;

use super::super::StoreFault;
use super::super::sql::session::{
    Change, Columns, Dialect, EachRow, EachRowOf, Insert, Keyed, Param, Query, Session,
};
use super::fault::{Aftermath, aftermath, described, fault};
use super::statement::{Sent, Statement};

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
/// Statements that are sent before an answer is waited for.
const MAX_STATEMENTS_AT_ONCE: usize = 100;

/// A session on a connection, whose transaction is its owner's. It is used outside of asynchronous code, on a thread that may
/// block.
pub(super) struct PostgresSession<'c> {
    client: &'c Client,
    runtime: Handle,
    gravest: RefCell<Option<(Aftermath, StoreFault)>>,
    announced: RefCell<BTreeMap<String, u64>>,
    /// Statements without parameters and results that are sent with the next ones.
    ahead: RefCell<String>,
}

impl std::fmt::Debug for PostgresSession<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresSession").field("gravest", &self.gravest).finish_non_exhaustive()
    }
}

impl<'c> PostgresSession<'c> {
    pub(super) fn new(client: &'c Client, runtime: Handle) -> Self {
        Self {
            client,
            runtime,
            gravest: RefCell::default(),
            announced: RefCell::default(),
            ahead: RefCell::default(),
        }
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
        let sql = format!("{}{sql}", self.ahead.take());
        self.runtime.block_on(self.client.batch_execute(&sql)).map_err(|error| self.failed(&error))
    }

    /// Runs statements without parameters and results, each of which ends with a semicolon, before the next ones. They save the
    /// wait for an answer of their own.
    pub(super) fn run_ahead(&self, sql: &str) {
        self.ahead.borrow_mut().push_str(sql);
    }

    /// Ends the transaction without keeping anything.
    pub(super) fn roll_back(&self) -> Result<(), StoreFault> {
        self.ahead.take();
        self.run("ROLLBACK")
    }

    /// Sends requests in this order. The answer to what goes ahead of them has come when it returns.
    fn send<T, F: Future<Output = Result<T, Error>>>(
        &self,
        requests: impl IntoIterator<Item = F>,
    ) -> Result<Vec<Sent<F>>, StoreFault> {
        let ahead = self.ahead.take();
        let send = async {
            let first = Sent::send(async {
                if ahead.is_empty() { Ok(()) } else { self.client.batch_execute(&ahead).await }
            });
            let first = first.await;
            let mut sent = Vec::new();
            for request in requests {
                sent.push(Sent::send(request).await);
            }
            first.answer().await.map(|()| sent)
        };
        self.runtime.block_on(send).map_err(|error| self.failed(&error))
    }

    /// The answer to a request. In a transaction, the requests after one that failed fail because of it: answers are read in the
    /// order of their requests.
    fn answer<T>(&self, sent: Sent<impl Future<Output = Result<T, Error>>>) -> Result<T, StoreFault> {
        self.runtime.block_on(sent.answer()).map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &Error) -> StoreFault {
        let (aftermath, fault) = (aftermath(error), fault(error));
        let mut gravest = self.gravest.borrow_mut();
        if gravest.as_ref().is_none_or(|(graver, _)| *graver < aftermath) {
            *gravest = Some((aftermath, fault.clone()));
        }
        fault
    }

    /// Runs queries; their rows need not fit into memory.
    fn query_all(
        &self,
        queries: &[(usize, Statement<'_>)],
        each_row: EachRowOf<'_>,
    ) -> Result<(), StoreFault> {
        for part in queries.chunks(MAX_STATEMENTS_AT_ONCE) {
            let requests =
                part.iter().map(|(_, query)| self.client.query_typed_raw(query.sql(), query.params()));
            for ((at, _), sent) in part.iter().zip(self.send(requests)?) {
                let rows = self.answer(sent)?;
                self.read(rows, &mut |row| each_row(*at, row))?;
            }
        }
        Ok(())
    }

    fn read(&self, rows: RowStream, each_row: EachRow<'_>) -> Result<(), StoreFault> {
        let mut rows = pin!(rows);
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

    /// Runs statements. Returns the number of rows that they affect.
    fn execute_all(&self, statements: &[Statement<'_>]) -> Result<u64, StoreFault> {
        let mut affected = 0;
        for part in statements.chunks(MAX_STATEMENTS_AT_ONCE) {
            let requests = part.iter().map(|statement| statement.execute(self.client));
            for sent in self.send(requests)? {
                affected += self.answer(sent)?;
            }
        }
        Ok(affected)
    }
}

impl Session for PostgresSession<'_> {
    fn dialect(&self) -> &'static Dialect {
        &DIALECT
    }

    fn query(&self, sql: &str, params: &[Param<'_>], each_row: EachRow<'_>) -> Result<(), StoreFault> {
        self.query_all(&[(0, Statement::plain(sql, params))], &mut |_, row| each_row(row))
    }

    fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreFault> {
        self.execute_all(&[Statement::plain(sql, params)])
    }

    fn query_keys(
        &self,
        query: Keyed<'_>,
        site: &str,
        keys: &[Vec<Param<'_>>],
        each_row: EachRow<'_>,
    ) -> Result<(), StoreFault> {
        let parts = Statement::keyed(query, site, keys)?.into_iter().map(|part| (0, part));
        self.query_all(&parts.collect::<Vec<_>>(), &mut |_, row| each_row(row))
    }

    fn insert(&self, insert: Insert<'_>, rows: &[Vec<Param<'_>>]) -> Result<(), StoreFault> {
        self.execute_all(&Statement::inserts(insert, rows)?).map(drop)
    }

    fn ask(&self, queries: &[Query<'_>], each_row: EachRowOf<'_>) -> Result<(), StoreFault> {
        let mut statements = Vec::with_capacity(queries.len());
        for (at, query) in queries.iter().enumerate() {
            match query {
                Query::Plain(sql, params) => statements.push((at, Statement::plain(sql, params))),
                Query::Keyed { select, key, site, keys } => {
                    let keyed = Keyed { select, key, tail: "" };
                    let parts = Statement::keyed(keyed, site, keys)?;
                    statements.extend(parts.into_iter().map(|part| (at, part)));
                }
            }
        }
        self.query_all(&statements, each_row)
    }

    fn change(&self, changes: &[Change<'_>]) -> Result<(), StoreFault> {
        let mut statements = Vec::with_capacity(changes.len());
        for change in changes {
            match change {
                Change::Execute(sql, params) => statements.push(Statement::plain(sql, params)),
                Change::Insert(insert, rows) => statements.extend(Statement::inserts(*insert, rows)?),
            }
        }
        self.execute_all(&statements).map(drop)
    }

    fn announce(&self, site: &str, rev: u64) {
        self.announced.borrow_mut().insert(site.to_owned(), rev);
    }
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
