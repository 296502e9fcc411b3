//! The server's rows, and the hashes of their index keys.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension as _};
use sync::{Identity, Records, Removal, ReplacedRange, RowKey, Versioned};

use crate::fault::{Kept, corrupt};
use crate::queue::signed;
use crate::schema::Kinds;

/// FNV-1a, 64 bits. Files hold it: it must never change.
pub(crate) fn hash(table: &str, index_key: &str) -> i64 {
    let bytes = table.bytes().chain([0]).chain(index_key.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    i64::from_le_bytes(hash.to_le_bytes())
}

/// Rows being written in one transaction. The entries of their index keys are collected and written in order, which
/// touches each page of the index once.
pub(crate) struct Writing<'c> {
    connection: &'c Connection,
    kinds: &'c Kinds,
    /// Hashes of index keys with their rows.
    entries: Vec<(i64, i64)>,
    /// Rows with entries among these.
    collected: BTreeSet<i64>,
}

/// A row as it is stored.
struct Held {
    id: i64,
    rev: i64,
    json: String,
}

impl<'c> Writing<'c> {
    pub(crate) fn new(connection: &'c Connection, kinds: &'c Kinds) -> Self {
        Self { connection, kinds, entries: Vec::new(), collected: BTreeSet::new() }
    }

    fn kind(&self, table: &str) -> Kept<i64> {
        self.kinds.get(table).copied().ok_or_else(|| corrupt(format!("there is no table {table}")))
    }

    fn held(&self, kind: i64, key: &str) -> Kept<Option<Held>> {
        let sql = "SELECT id, rev, json FROM rows WHERE kind = ?1 AND key = ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let held = statement
            .query_row((kind, key), |row| Ok(Held { id: row.get(0)?, rev: row.get(1)?, json: row.get(2)? }));
        Ok(held.optional()?)
    }

    /// Stores a row, unless a newer one is there.
    pub(crate) fn put<M: Records>(&mut self, versioned: Versioned<M::Row>) -> Kept<()> {
        let rev = signed(versioned.rev);
        let (identity, json) = M::into_json(versioned.row)?;
        let kind = self.kind(&identity.key.table)?;
        match self.held(kind, &identity.key.key)? {
            None => {
                let sql = "INSERT INTO rows (kind, key, rev, json) VALUES (?1, ?2, ?3, ?4)";
                let values = (kind, &identity.key.key, rev, &*json);
                let id = self.connection.prepare_cached(sql)?.insert(values)?;
                self.collect(id, &identity);
            }
            Some(held) if held.rev > rev => {}
            Some(held) => {
                let sql = "UPDATE rows SET rev = ?2, json = ?3 WHERE id = ?1";
                self.connection.prepare_cached(sql)?.execute((held.id, rev, &*json))?;
                let before = M::identify_json(&held.json).ok();
                if before.as_ref().is_none_or(|before| before.index_keys != identity.index_keys) {
                    self.forget(held.id, before.as_ref())?;
                    self.collect(held.id, &identity);
                }
            }
        }
        Ok(())
    }

    /// Removes a row, unless a newer one is there.
    pub(crate) fn remove<M: Records>(&mut self, removal: &Removal) -> Kept<()> {
        // A server may name tables that this build does not have.
        let Ok(kind) = self.kind(&removal.table) else { return Ok(()) };
        match self.held(kind, &removal.key)? {
            Some(held) if held.rev <= signed(removal.rev) => self.delete::<M>(held.id, &held.json),
            _ => Ok(()),
        }
    }

    /// Removes all rows of a range.
    pub(crate) fn clear<M: Records>(&mut self, range: &ReplacedRange) -> Kept<()> {
        let kind = self.kind(&range.table)?;
        let sql = "SELECT id, json FROM rows WHERE kind = ?1 AND key > ?2 AND (?3 IS NULL OR key <= ?3)";
        let mut statement = self.connection.prepare_cached(sql)?;
        let values = (kind, &range.after, &range.through);
        let found = statement.query_map(values, |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
        let found: Vec<(i64, String)> = found.collect::<rusqlite::Result<_>>()?;
        found.iter().try_for_each(|(id, json)| self.delete::<M>(*id, json))
    }

    fn delete<M: Records>(&mut self, id: i64, json: &str) -> Kept<()> {
        self.forget(id, M::identify_json(json).ok().as_ref())?;
        self.connection.prepare_cached("DELETE FROM rows WHERE id = ?1")?.execute([id])?;
        Ok(())
    }

    fn collect(&mut self, id: i64, identity: &Identity) {
        let hashes = identity.index_keys.iter().map(|key| hash(&identity.key.table, key));
        self.entries.extend(hashes.map(|hash| (hash, id)));
        self.collected.insert(id);
    }

    /// Removes a row's entries. Those of a row that cannot be parsed stay; look-ups compare, and pass them over.
    fn forget(&mut self, id: i64, identity: Option<&Identity>) -> Kept<()> {
        if self.collected.remove(&id) {
            self.entries.retain(|(_, row)| *row != id);
        }
        let sql = "DELETE FROM row_keys WHERE hash = ?1 AND row = ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        for key in identity.iter().flat_map(|identity| &identity.index_keys) {
            let table = identity.map_or("", |identity| &*identity.key.table);
            statement.execute((hash(table, key), id))?;
        }
        Ok(())
    }

    /// Writes the collected entries.
    pub(crate) fn end(mut self) -> Kept<()> {
        self.entries.sort_unstable();
        let sql = "INSERT OR IGNORE INTO row_keys (hash, row) VALUES (?1, ?2)";
        let mut statement = self.connection.prepare_cached(sql)?;
        for entry in self.entries {
            statement.execute(entry)?;
        }
        Ok(())
    }
}

fn parsed<M: Records>(row: &rusqlite::Row<'_>) -> Kept<Versioned<M::Row>> {
    let rev = u64::try_from(row.get::<_, i64>(0)?).map_err(corrupt)?;
    let json = row.get_ref(1)?.as_str().map_err(corrupt)?;
    Ok(Versioned { rev, row: serde_json::from_str(json)? })
}

/// One row.
pub(crate) fn get<M: Records>(
    connection: &Connection,
    kinds: &Kinds,
    key: &RowKey,
) -> Kept<Option<Versioned<M::Row>>> {
    let Some(kind) = kinds.get(&*key.table) else { return Ok(None) };
    let mut statement =
        connection.prepare_cached("SELECT rev, json FROM rows WHERE kind = ?1 AND key = ?2")?;
    let mut found = statement.query((kind, &key.key))?;
    found.next()?.map(parsed::<M>).transpose()
}

/// A part of a table's rows by ascending key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    pub(crate) table: &'a str,
    pub(crate) prefix: &'a str,
    pub(crate) after: &'a str,
    pub(crate) limit: usize,
}

/// The rows of a part.
pub(crate) fn scan<M: Records>(
    connection: &Connection,
    kinds: &Kinds,
    part: Part<'_>,
) -> Kept<Vec<Versioned<M::Row>>> {
    let Some(kind) = kinds.get(part.table) else { return Ok(Vec::new()) };
    let sql = "SELECT rev, json, key FROM rows WHERE kind = ?1 AND key >= ?2 ORDER BY key";
    let mut statement = connection.prepare_cached(sql)?;
    let mut found = statement.query((kind, part.prefix.max(part.after)))?;
    let mut rows = Vec::new();
    while rows.len() < part.limit
        && let Some(row) = found.next()?
    {
        let key = row.get_ref(2)?.as_str().map_err(corrupt)?;
        if !key.starts_with(part.prefix) {
            break;
        }
        if part.after.is_empty() || key > part.after {
            rows.push(parsed::<M>(row)?);
        }
    }
    Ok(rows)
}

/// The rows of a table with an index key, by ascending key.
pub(crate) fn find<M: Records>(
    connection: &Connection,
    kinds: &Kinds,
    table: &str,
    index_key: &str,
) -> Kept<Vec<Versioned<M::Row>>> {
    let Some(kind) = kinds.get(table) else { return Ok(Vec::new()) };
    let sql = "SELECT rev, json FROM row_keys JOIN rows ON rows.id = row_keys.row
               WHERE hash = ?1 AND kind = ?2 ORDER BY key";
    let mut statement = connection.prepare_cached(sql)?;
    let mut found = statement.query((hash(table, index_key), kind))?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let versioned = parsed::<M>(row)?;
        // Another key may have the same hash.
        if M::identify(&versioned.row).index_keys.iter().any(|key| key == index_key) {
            rows.push(versioned);
        }
    }
    Ok(rows)
}
