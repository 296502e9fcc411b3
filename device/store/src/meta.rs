//! Text values by name: cursor, identity, counters, settings.

use rusqlite::{Connection, OptionalExtension as _};
use sync::Cursor;

use crate::fault::{Kept, corrupt};

pub(crate) const CLIENT: &str = "client";
pub(crate) const CURSOR: &str = "cursor";
pub(crate) const EPOCH: &str = "epoch";
pub(crate) const INDEX_VERSION: &str = "index_version";
/// The highest `seq` with a stored outcome.
pub(crate) const LAST_OUTCOME_SEQ: &str = "last_outcome_seq";
/// Counts the changes of the queue other than additions.
pub(crate) const QUEUE_CHANGES: &str = "queue_changes";
pub(crate) const SCOPE: &str = "scope";

/// The name of a counter.
pub(crate) fn counter(name: &str) -> String {
    format!("counter:{name}")
}

/// The name of a setting.
pub(crate) fn setting(name: &str) -> String {
    format!("setting:{name}")
}

/// A text, if it exists.
pub(crate) fn text(connection: &Connection, name: &str) -> Kept<Option<String>> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

/// Writes a text, or removes it with `None`.
pub(crate) fn put(connection: &Connection, name: &str, value: Option<&str>) -> Kept<()> {
    match value {
        Some(value) => connection
            .prepare_cached("REPLACE INTO meta (name, value) VALUES (?1, ?2)")?
            .execute([name, value]),
        None => connection.prepare_cached("DELETE FROM meta WHERE name = ?1")?.execute([name]),
    }?;
    Ok(())
}

/// A number; 0 if there is none.
pub(crate) fn number(connection: &Connection, name: &str) -> Kept<u64> {
    text(connection, name)?.map_or(Ok(0), |text| text.parse().map_err(corrupt))
}

/// Writes a number.
pub(crate) fn put_number(connection: &Connection, name: &str, number: u64) -> Kept<()> {
    put(connection, name, Some(&number.to_string()))
}

/// Increments a number and returns it.
pub(crate) fn count_up(connection: &Connection, name: &str) -> Kept<u64> {
    let number = number(connection, name)?.wrapping_add(1);
    put_number(connection, name, number)?;
    Ok(number)
}

/// The cursor of the rows.
pub(crate) fn cursor(connection: &Connection) -> Kept<Cursor> {
    text(connection, CURSOR)?.map_or(Ok(Cursor::Start), |text| Ok(serde_json::from_str(&text)?))
}

/// Writes the cursor.
pub(crate) fn put_cursor(connection: &Connection, cursor: &Cursor) -> Kept<()> {
    put(connection, CURSOR, Some(&serde_json::to_string(cursor)?))
}

/// Resets the cursor, so that the next round begins a snapshot of `scope`.
pub(crate) fn restart(connection: &Connection, scope: &str) -> Kept<()> {
    put(connection, SCOPE, Some(scope))?;
    put_cursor(connection, &Cursor::Start)
}
