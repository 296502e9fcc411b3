//! Brings the rows of an earlier build to the keys and index keys of this one, when the file is opened.

use rusqlite::Connection;
use sync::Records;

use crate::fault::{Kept, corrupt};
use crate::meta;
use crate::rows::hash;

/// Rows that are read at a time.
const MAX_STEP_ROWS: i64 = 10_000;

/// Gives all rows new keys and entries if those of the model have changed since. Rows that cannot be parsed stay as they
/// are: whoever reads them reports it.
pub(crate) fn reindex<M: Records>(connection: &Connection) -> Kept<()> {
    let version = u64::from(M::INDEX_VERSION);
    if meta::number(connection, meta::INDEX_VERSION)? >= version {
        return Ok(());
    }
    connection.execute("DELETE FROM row_keys", [])?;
    let mut after = 0;
    while let Some(last) = step::<M>(connection, after)? {
        after = last;
    }
    meta::put_number(connection, meta::INDEX_VERSION, version)
}

/// Handles the next rows and returns the last one's id; `None` at the end.
fn step<M: Records>(connection: &Connection, after: i64) -> Kept<Option<i64>> {
    let sql = "SELECT id, key, json FROM rows WHERE id > ?1 ORDER BY id LIMIT ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let mut found = statement.query((after, MAX_STEP_ROWS))?;
    let (mut last, mut entries, mut moved) = (None, Vec::new(), Vec::new());
    while let Some(row) = found.next()? {
        let id: i64 = row.get(0)?;
        last = Some(id);
        let Ok(identity) = M::identify_json(row.get_ref(2)?.as_str().map_err(corrupt)?) else { continue };
        entries.extend(identity.index_keys.iter().map(|key| (hash(&identity.key.table, key), id)));
        if row.get_ref(1)?.as_str().map_err(corrupt)? != identity.key.key {
            moved.push((id, identity.key.key));
        }
    }
    drop(found);
    entries.sort_unstable();
    let sql = "INSERT OR IGNORE INTO row_keys (hash, row) VALUES (?1, ?2)";
    let mut statement = connection.prepare_cached(sql)?;
    entries.into_iter().try_for_each(|entry| statement.execute(entry).map(drop))?;
    for (id, key) in moved {
        move_row(connection, id, &key)?;
    }
    Ok(last)
}

/// Moves a row to another key. Of two rows that meet there, the newer one stays.
fn move_row(connection: &Connection, id: i64, key: &str) -> Kept<()> {
    let older = "DELETE FROM rows WHERE id <> ?1 AND key = ?2
                 AND kind = (SELECT kind FROM rows WHERE id = ?1) AND rev <= (SELECT rev FROM rows WHERE id = ?1)";
    connection.prepare_cached(older)?.execute((id, key))?;
    let moved =
        connection.prepare_cached("UPDATE OR IGNORE rows SET key = ?2 WHERE id = ?1")?.execute((id, key))?;
    if moved == 0 {
        connection.prepare_cached("DELETE FROM rows WHERE id = ?1")?.execute([id])?;
    }
    Ok(())
}
