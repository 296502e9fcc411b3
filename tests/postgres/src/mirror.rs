//! The rows of a database of PostgreSQL as a database of SQLite, for checks that are written for that.

use anyhow::{Context as _, Result, bail};
use rusqlite::types::Value as Stored;
use rusqlite::{Connection, params_from_iter};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::database::Database;

/// The columns of all tables, as `table|column|type`. Bytes are left out: they are hashes and packed rows.
const COLUMNS: &str = "SELECT relname, attname, atttypid::regtype FROM pg_attribute \
     JOIN pg_class ON pg_class.oid = attrelid WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace \
     AND attnum > 0 AND NOT attisdropped AND atttypid <> 'bytea'::regtype ORDER BY relname, attnum";

/// A table, and its columns with their types.
struct Table {
    name: String,
    columns: Vec<(String, String)>,
}

impl Table {
    fn names(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        names.join(", ")
    }
}

/// A copy in memory of one snapshot of all tables, without their bytes. Ids are bytes and truth values numbers, as the server
/// writes them on SQLite; there are no keys.
pub(crate) fn mirrored(database: &Database) -> Result<Connection> {
    let tables = tables(database)?;
    let mirror = Connection::open_in_memory()?;
    for table in &tables {
        mirror.execute_batch(&format!("CREATE TABLE {} ({})", table.name, table.names()))?;
    }
    let selects = tables.iter().map(|Table { name, .. }| {
        format!("SELECT '{name}' AS of_table, to_json({name})::text AS row FROM {name}")
    });
    // One statement, and so one snapshot.
    let rows = database.as_superuser(&selects.collect::<Vec<_>>().join(" UNION ALL "))?;
    mirror.execute_batch("BEGIN")?;
    for line in rows.lines() {
        let (name, row) = line.split_once('|').context("a row without a table")?;
        let table = tables.iter().find(|table| table.name == name).context("an unknown table")?;
        let row: Map<String, Value> = serde_json::from_str(row)?;
        let values = table.columns.iter().map(|(column, kind)| stored(row.get(column), kind));
        let places = vec!["?"; table.columns.len()].join(", ");
        let mut insert = mirror.prepare_cached(&format!("INSERT INTO {name} VALUES ({places})"))?;
        insert.execute(params_from_iter(values.collect::<Result<Vec<_>>>()?))?;
    }
    mirror.execute_batch("COMMIT")?;
    Ok(mirror)
}

fn tables(database: &Database) -> Result<Vec<Table>> {
    let mut tables: Vec<Table> = Vec::new();
    for line in database.as_superuser(COLUMNS)?.lines() {
        let mut parts = line.split('|').map(str::to_owned);
        let (Some(name), Some(column), Some(kind)) = (parts.next(), parts.next(), parts.next()) else {
            bail!("{line} is no column");
        };
        match tables.last_mut().filter(|table| table.name == name) {
            Some(table) => table.columns.push((column, kind)),
            None => tables.push(Table { name, columns: vec![(column, kind)] }),
        }
    }
    Ok(tables)
}

fn stored(value: Option<&Value>, kind: &str) -> Result<Stored> {
    Ok(match value {
        None | Some(Value::Null) => Stored::Null,
        Some(Value::Bool(flag)) => Stored::Integer((*flag).into()),
        Some(Value::Number(number)) => Stored::Integer(number.as_i64().context("a number of 64 bits")?),
        Some(Value::String(id)) if kind == "uuid" => Stored::Blob(Uuid::try_parse(id)?.as_bytes().to_vec()),
        Some(Value::String(text)) => Stored::Text(text.clone()),
        Some(other) => bail!("{other} is no value of a column"),
    })
}
