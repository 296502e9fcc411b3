//! The tables, and their upgrades: of the file's own form, and of the tables of a model.

use std::collections::BTreeMap;

use rusqlite::Connection;
use sync::{Cursor, Progress, Records, StoreError};
use uuid::Uuid;

use crate::fault::{Fault, Kept, corrupt};
use crate::meta;

/// The form of the file (`PRAGMA user_version`). A later build that changes it upgrades files in [`prepare`].
const FORM: i64 = 1;

/// Rows have a number of their own, by which the small entries of `row_keys` name them. The hash of an index key may be
/// another key's as well: whoever looks one up compares.
const CREATE: &str = "
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE queue (seq INTEGER PRIMARY KEY AUTOINCREMENT, attention INTEGER NOT NULL, record TEXT NOT NULL);
    CREATE INDEX queue_by_attention ON queue (attention, seq);
    CREATE TABLE journal (seq INTEGER PRIMARY KEY, record TEXT NOT NULL);
    CREATE TABLE kinds (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE rows (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, key TEXT NOT NULL, rev INTEGER NOT NULL,
                       json TEXT NOT NULL);
    CREATE UNIQUE INDEX rows_by_key ON rows (kind, key);
    CREATE TABLE row_keys (hash INTEGER NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (hash, row)) WITHOUT ROWID;
    PRAGMA user_version = 1;
";

/// The identity of a new database.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life<'a> {
    pub(crate) client: Uuid,
    pub(crate) scope: &'a str,
}

/// The numbers of the model's tables by name.
pub(crate) type Kinds = BTreeMap<String, i64>;

/// Whether the database has its tables; an error if it is not a device's. It only reads, so that a file of another
/// program stays as it is. A database without tables is damaged, unless it `may_be_new`.
pub(crate) fn is_there(connection: &Connection, may_be_new: bool) -> Kept<bool> {
    let form: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match form {
        FORM => Ok(true),
        0 if tables == 0 && may_be_new => Ok(false),
        0 if tables == 0 => Err(corrupt("the file is empty")),
        0 => Err(corrupt("the file is a database of another program")),
        _ => Err(Fault(StoreError::Occupied)),
    }
}

/// Creates or upgrades the tables.
pub(crate) fn prepare<M: Records>(connection: &Connection, life: Option<Life<'_>>) -> Kept<Kinds> {
    if !is_there(connection, life.is_some())?
        && let Some(life) = life
    {
        create(connection, life)?;
    }
    kinds_of::<M>(connection)
}

fn create(connection: &Connection, life: Life<'_>) -> Kept<()> {
    connection.execute_batch(CREATE)?;
    meta::put(connection, meta::CLIENT, Some(&life.client.to_string()))?;
    meta::put(connection, meta::SCOPE, Some(life.scope))
}

fn kinds_of<M: Records>(connection: &Connection) -> Kept<Kinds> {
    let mut kinds = kinds(connection)?;
    let is_new = kinds.is_empty();
    let missing = M::TABLES.iter().position(|table| !kinds.contains_key(*table));
    let Some(missing) = missing else { return Ok(kinds) };
    for table in M::TABLES.iter().skip(missing) {
        connection.execute("INSERT OR IGNORE INTO kinds (name) VALUES (?1)", [table])?;
    }
    if !is_new {
        let before = M::TABLES.get(missing.saturating_sub(1)).copied().unwrap_or_default();
        go_on_with(connection, before)?;
    }
    kinds.extend(self::kinds(connection)?);
    Ok(kinds)
}

fn kinds(connection: &Connection) -> Kept<Kinds> {
    let mut statement = connection.prepare("SELECT name, id FROM kinds")?;
    let kinds = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(kinds.collect::<rusqlite::Result<_>>()?)
}

/// Moves a cursor that has passed all earlier tables back into a snapshot, to the start of the last earlier one: only
/// that and the new ones are fetched. The new tables themselves are no cursor for a server that does not have them yet.
fn go_on_with(connection: &Connection, table: &str) -> Kept<()> {
    let Cursor::Live { rev } = meta::cursor(connection)? else { return Ok(()) };
    let progress = Progress { done_rows: 1, total_rows: 1 };
    let back = Cursor::Snapshot { rev, table: table.to_owned(), after: String::new(), progress };
    meta::put_cursor(connection, &back)
}
