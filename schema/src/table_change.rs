//! The changes that a commit makes to each table.

use sync::{Identity, Records, Removal, ReplacedRange, RowKey, StoreError, Versioned};

use crate::filter::hashes_of;
use crate::rows::{Held, corrupt};
use crate::table::Range;

/// The changes that a commit makes to one table.
#[derive(Debug)]
pub(crate) struct TableChange {
    pub(crate) name: &'static str,
    pub(crate) replaced: Option<Range>,
    pub(crate) rows: Vec<Held>,
}

/// Splits a commit's rows, removals and replaced range by table.
pub(crate) fn changes_by_table<M: Records>(
    rows: Vec<Versioned<M::Row>>,
    removed: Vec<Removal>,
    range: Option<ReplacedRange>,
) -> Result<Vec<TableChange>, StoreError> {
    let mut changes: Vec<TableChange> =
        M::TABLES.iter().map(|name| TableChange { name, replaced: None, rows: Vec::new() }).collect();
    if let Some(ReplacedRange { table, after, through }) = range {
        change_of(&mut changes, &table)?.replaced = Some(Range { after, through });
    }
    for Versioned { rev, row } in rows {
        let (Identity { key: RowKey { table, key }, index_keys }, json) =
            M::into_json(row).map_err(corrupt)?;
        change_of(&mut changes, &table)?.rows.push(Held {
            key,
            rev,
            json: Some(json),
            index: Some(hashes_of(&index_keys)),
        });
    }
    for Removal { table, key, rev } in removed {
        change_of(&mut changes, &table)?.rows.push(Held { key, rev, json: None, index: None });
    }
    changes.retain(|change| change.replaced.is_some() || !change.rows.is_empty());
    Ok(changes)
}

fn change_of<'a>(changes: &'a mut [TableChange], table: &str) -> Result<&'a mut TableChange, StoreError> {
    let change = changes.iter_mut().find(|change| change.name == table);
    change.ok_or_else(|| corrupt(format!("this build has no table {table}")))
}
