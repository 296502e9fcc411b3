//! A product's history: its entries of the stock ledger, people's decisions on exceptions and deliveries, and edits.

use domain::{
    ExceptionKind, HistoryAnswer, HistoryEdit, HistoryEntry, HistoryNote, MAX_HISTORY_ENTRIES, Movement,
    NoteTopic, ProductEdit, Quantity,
};
use rusqlite::types::Type;
use rusqlite::{Connection, named_params};
use sync::UnixMillis;

use super::super::{HistoryQuery, StoreFault};
use super::convert::{from_i64, to_i64};

/// Maximum entries of one product under one revision: the rows of an import's revision; an order has fewer
/// lines.
const MAX_REVISION_ENTRIES: usize = 1_000;
/// The newest entries before a revision, from the index alone: for a product with a long history, only the
/// entries of the page are read from the table.
const NEWEST: &str = "SELECT rev, line FROM stock_ledger INDEXED BY ledger_by_product \
     WHERE site = :site AND product_id = :product AND :lot IS NULL AND rev < :before \
     ORDER BY rev DESC, line DESC LIMIT :limit";
/// The same for one lot.
const NEWEST_OF_LOT: &str = "SELECT rev, line FROM stock_ledger INDEXED BY ledger_by_lot \
     WHERE site = :site AND product_id = :product AND lot_id = :lot AND rev < :before \
     ORDER BY rev DESC, line DESC LIMIT :limit";
/// Resolved exceptions, with their reasons.
const RESOLVED: &str = "SELECT note.rev, reason, author, coalesce(devices.name, ''), captured_at, booked_at, kind, \
     lot_code, location FROM resolutions AS note INDEXED BY resolutions_by_product \
     LEFT JOIN clients ON clients.site = :site AND clients.client = note.client \
     LEFT JOIN devices ON devices.site = :site AND devices.device = clients.device \
     WHERE note.site = :site AND product_id = :product AND (:lot IS NULL OR lot_id = :lot) AND note.rev < :before \
     ORDER BY note.rev DESC LIMIT :limit";
/// Shortages of closed deliveries. They have no lot, so they are left out of a lot's history.
const SHORT: &str = "SELECT note.rev, reason, author, coalesce(devices.name, ''), captured_at, booked_at, number, \
     expected, received FROM shortages AS note INDEXED BY shortages_by_product \
     LEFT JOIN clients ON clients.site = :site AND clients.client = note.client \
     LEFT JOIN devices ON devices.site = :site AND devices.device = clients.device \
     WHERE note.site = :site AND product_id = :product AND :lot IS NULL AND note.rev < :before \
     ORDER BY note.rev DESC LIMIT :limit";
/// Edits of the product's fields. They belong to no lot.
const EDITED: &str = "SELECT note.rev, before, after, author, coalesce(devices.name, ''), captured_at, booked_at \
     FROM product_edits AS note INDEXED BY edits_by_product \
     LEFT JOIN clients ON clients.site = :site AND clients.client = note.client \
     LEFT JOIN devices ON devices.site = :site AND devices.device = clients.device \
     WHERE note.site = :site AND product_id = :product AND :lot IS NULL AND note.rev < :before \
     ORDER BY note.rev DESC LIMIT :limit";

pub(super) fn history(
    connection: &Connection,
    site: &str,
    query: HistoryQuery,
) -> Result<HistoryAnswer, StoreFault> {
    let before = query.before.map_or(i64::MAX, to_i64);
    let mut entries = newest(connection, site, query, before, MAX_HISTORY_ENTRIES + 1)?;
    let mut notes = notes(connection, site, query, before)?;
    let mut edits = edits(connection, site, query, before)?;
    let first_too_many = [
        entries.get(MAX_HISTORY_ENTRIES).map(|entry| entry.rev),
        notes.get(MAX_HISTORY_ENTRIES).map(|note| note.rev),
        edits.get(MAX_HISTORY_ENTRIES).map(|edit| edit.rev),
    ];
    let Some(cut) = first_too_many.into_iter().flatten().max() else {
        return Ok(HistoryAnswer { entries, more: false, notes, edits });
    };
    // A revision must not be split, because the next page starts before a revision.
    let is_in_one = entries.iter().all(|entry| entry.rev <= cut)
        && notes.iter().all(|note| note.rev <= cut)
        && edits.iter().all(|edit| edit.rev <= cut);
    if is_in_one {
        entries = newest(connection, site, query, before, MAX_REVISION_ENTRIES)?;
        entries.retain(|entry| entry.rev == cut);
        notes.retain(|note| note.rev == cut);
        edits.retain(|edit| edit.rev == cut);
    } else {
        entries.retain(|entry| entry.rev > cut);
        notes.retain(|note| note.rev > cut);
        edits.retain(|edit| edit.rev > cut);
    }
    Ok(HistoryAnswer { entries, more: true, notes, edits })
}

/// The newest edits before a revision, one more than a page has.
fn edits(
    connection: &Connection,
    site: &str,
    query: HistoryQuery,
    before: i64,
) -> Result<Vec<HistoryEdit>, StoreFault> {
    let limit = i64::try_from(MAX_HISTORY_ENTRIES + 1).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(EDITED)?;
    let params = named_params! {
        ":site": site, ":product": query.product, ":lot": query.lot, ":before": before, ":limit": limit,
    };
    let patch = |row: &rusqlite::Row<'_>, at: usize| {
        serde_json::from_str(row.get_ref(at)?.as_str()?)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(at, Type::Text, error.into()))
    };
    let found = statement.query_map(params, |row| {
        Ok(HistoryEdit {
            rev: from_i64(row.get(0)?),
            edit: ProductEdit { before: patch(row, 1)?, after: patch(row, 2)? },
            author: row.get(3)?,
            device: row.get(4)?,
            captured_at: UnixMillis(row.get(5)?),
            booked_at: UnixMillis(row.get(6)?),
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The newest notes before a revision, of each kind one more than a page has.
fn notes(
    connection: &Connection,
    site: &str,
    query: HistoryQuery,
    before: i64,
) -> Result<Vec<HistoryNote>, StoreFault> {
    let limit = i64::try_from(MAX_HISTORY_ENTRIES + 1).unwrap_or(i64::MAX);
    let mut found = Vec::new();
    for (sql, topic) in [(RESOLVED, resolved as fn(&rusqlite::Row<'_>) -> _), (SHORT, short)] {
        let mut statement = connection.prepare_cached(sql)?;
        let params = named_params! {
            ":site": site, ":product": query.product, ":lot": query.lot, ":before": before, ":limit": limit,
        };
        let rows = statement.query_map(params, |row| {
            Ok(HistoryNote {
                rev: from_i64(row.get(0)?),
                topic: topic(row)?,
                reason: row.get(1)?,
                author: row.get(2)?,
                device: row.get(3)?,
                captured_at: UnixMillis(row.get(4)?),
                booked_at: UnixMillis(row.get(5)?),
            })
        })?;
        for row in rows {
            found.push(row?);
        }
    }
    found.sort_by_key(|note: &HistoryNote| std::cmp::Reverse(note.rev));
    Ok(found)
}

fn resolved(row: &rusqlite::Row<'_>) -> rusqlite::Result<NoteTopic> {
    let unknown = || rusqlite::Error::FromSqlConversionFailure(6, Type::Text, "no known exception".into());
    let kind = ExceptionKind::from_code(row.get_ref(6)?.as_str()?).ok_or_else(unknown)?;
    Ok(NoteTopic::Resolved { kind, lot_code: row.get(7)?, location: row.get(8)? })
}

fn short(row: &rusqlite::Row<'_>) -> rusqlite::Result<NoteTopic> {
    let (expected, received) = (Quantity(row.get(7)?), Quantity(row.get(8)?));
    Ok(NoteTopic::Short { number: row.get(6)?, expected, received })
}

fn newest(
    connection: &Connection,
    site: &str,
    query: HistoryQuery,
    before: i64,
    limit: usize,
) -> Result<Vec<HistoryEntry>, StoreFault> {
    let newest = if query.lot.is_some() { NEWEST_OF_LOT } else { NEWEST };
    let mut statement = connection.prepare_cached(&page_sql(newest))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let params = named_params! {
        ":site": site, ":product": query.product, ":lot": query.lot, ":before": before, ":limit": limit,
    };
    let found = statement.query_map(params, entry)?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn page_sql(newest: &str) -> String {
    format!(
        "SELECT entry.rev, movement, delta, lot_code, location, note, author, coalesce(devices.name, ''), \
         captured_at, booked_at FROM ({newest}) AS newest \
         CROSS JOIN stock_ledger AS entry \
         ON entry.site = :site AND entry.rev = newest.rev AND entry.line = newest.line \
         LEFT JOIN clients ON clients.site = :site AND clients.client = entry.client \
         LEFT JOIN devices ON devices.site = :site AND devices.device = clients.device \
         ORDER BY entry.rev DESC, entry.line DESC"
    )
}

fn entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<HistoryEntry> {
    let unknown = || rusqlite::Error::FromSqlConversionFailure(1, Type::Text, "no known movement".into());
    Ok(HistoryEntry {
        rev: from_i64(row.get(0)?),
        movement: Movement::from_code(row.get_ref(1)?.as_str()?).ok_or_else(unknown)?,
        delta: Quantity(row.get(2)?),
        lot_code: row.get(3)?,
        location: row.get(4)?,
        note: row.get(5)?,
        author: row.get(6)?,
        device: row.get(7)?,
        captured_at: UnixMillis(row.get(8)?),
        booked_at: UnixMillis(row.get(9)?),
    })
}

#[cfg(test)]
mod tests {
    use super::super::schema::open_writer;
    use super::*;

    fn plan(connection: &Connection, sql: &str) -> Vec<String> {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect(sql);
        let params = named_params! { ":site": "", ":product": "", ":lot": "", ":before": 1, ":limit": 1 };
        let steps = statement.query_map(params, |row| row.get(3)).expect(sql);
        steps.collect::<Result<_, _>>().expect(sql)
    }

    #[test]
    fn the_index_finds_a_page_and_only_its_entries_are_read() {
        let dir = tempfile::TempDir::new().expect("a folder");
        let connection = open_writer(&dir.path().join("lotbook.db")).expect("a database");
        for (newest, index) in [(NEWEST, "ledger_by_product"), (NEWEST_OF_LOT, "ledger_by_lot")] {
            let plan = plan(&connection, newest);
            assert!(
                plan[0].contains(&format!("SEARCH stock_ledger USING COVERING INDEX {index}")),
                "{plan:?}"
            );
            assert!(plan[0].contains("rev<?") && plan.len() == 1, "nothing is sorted: {plan:?}");
        }
        for (notes, index) in [
            (RESOLVED, "resolutions_by_product"),
            (SHORT, "shortages_by_product"),
            (EDITED, "edits_by_product"),
        ] {
            let plan = plan(&connection, notes);
            assert!(plan[0].contains(index) && plan[0].contains("rev<?"), "{plan:?}");
            assert!(plan.iter().all(|step| step.contains("SEARCH")), "{plan:?}");
        }
        let plan = plan(&connection, &page_sql(NEWEST));
        let is_looked_up = |of: &str| plan.iter().any(|step| step.contains(of));
        assert!(is_looked_up("SEARCH entry USING PRIMARY KEY (site=? AND rev=? AND line=?)"), "{plan:?}");
        assert!(is_looked_up("SEARCH clients") && is_looked_up("SEARCH devices"), "{plan:?}");
    }
}
