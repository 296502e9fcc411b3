//! A product's history: its entries of the stock ledger, people's decisions on exceptions and deliveries, and edits.

use domain::{
    HistoryAnswer, HistoryEdit, HistoryEntry, HistoryNote, MAX_HISTORY_ENTRIES, Movement, NoteTopic,
    ProductEdit, Quantity,
};
use sync::UnixMillis;

use super::super::{HistoryQuery, StoreFault};
use super::convert::{exception_kind, from_i64, stored_json, to_i64, unreadable};
use super::people::{self, ShownAuthor};
use super::session::{Columns, Dialect, Session, params};
use super::{ledger_months, sites};

/// Maximum entries of one product under one revision: the rows of an import's revision; an order has fewer
/// lines.
const MAX_REVISION_ENTRIES: usize = 1_000;
/// The device that a note came from.
const DEVICE_OF_NOTE: &str = "LEFT JOIN clients ON clients.site = ?1 AND clients.client = note.client \
     LEFT JOIN devices ON devices.site = ?1 AND devices.device = clients.device";

/// The newest entries before a revision, from the index alone: for a product with a long history, only the
/// entries of the page are read from the table. The parameters of this and the other queries are the site, the product,
/// the lot, the revision, and the limit.
pub(crate) fn newest_sql(dialect: &Dialect) -> String {
    format!(
        "SELECT rev, line FROM stock_ledger{} WHERE site = ?1 AND product_id = ?2 AND ?3 IS NULL AND rev < ?4 \
         ORDER BY rev DESC, line DESC LIMIT ?5",
        dialect.indexed_by("ledger_by_product")
    )
}

/// The same for one lot, whose entries the index finds among its product's.
pub(crate) fn newest_of_lot_sql(dialect: &Dialect) -> String {
    format!(
        "SELECT rev, line FROM stock_ledger{} WHERE site = ?1 AND product_id = ?2 AND lot_id = ?3 AND rev < ?4 \
         ORDER BY rev DESC, line DESC LIMIT ?5",
        dialect.indexed_by("ledger_by_product")
    )
}

/// Resolved exceptions, with their reasons.
pub(crate) fn resolved_sql(dialect: &Dialect) -> String {
    format!(
        "SELECT note.rev, reason, author, coalesce(devices.name, ''), captured_at, booked_at, kind, lot_code, \
         location FROM resolutions AS note{} {DEVICE_OF_NOTE} \
         WHERE note.site = ?1 AND product_id = ?2 AND (?3 IS NULL OR lot_id = ?3) AND note.rev < ?4 \
         ORDER BY note.rev DESC LIMIT ?5",
        dialect.indexed_by("resolutions_by_product")
    )
}

/// Shortages of closed deliveries. They have no lot, so they are left out of a lot's history.
pub(crate) fn short_sql(dialect: &Dialect) -> String {
    format!(
        "SELECT note.rev, reason, author, coalesce(devices.name, ''), captured_at, booked_at, number, expected, \
         received FROM shortages AS note{} {DEVICE_OF_NOTE} \
         WHERE note.site = ?1 AND product_id = ?2 AND ?3 IS NULL AND note.rev < ?4 \
         ORDER BY note.rev DESC LIMIT ?5",
        dialect.indexed_by("shortages_by_product")
    )
}

/// Edits of the product's fields. They belong to no lot.
pub(crate) fn edited_sql(dialect: &Dialect) -> String {
    format!(
        "SELECT note.rev, before, after, author, coalesce(devices.name, ''), captured_at, booked_at \
         FROM product_edits AS note{} {DEVICE_OF_NOTE} \
         WHERE note.site = ?1 AND product_id = ?2 AND ?3 IS NULL AND note.rev < ?4 \
         ORDER BY note.rev DESC LIMIT ?5",
        dialect.indexed_by("edits_by_product")
    )
}

pub(crate) fn history(
    session: &dyn Session,
    site: &str,
    query: HistoryQuery,
) -> Result<HistoryAnswer, StoreFault> {
    sites::check_open(session, site)?;
    let before = query.before.map_or(i64::MAX, to_i64);
    let mut entries = newest(session, site, query, before, MAX_HISTORY_ENTRIES + 1)?;
    let mut notes = notes(session, site, query, before)?;
    let mut edits = edits(session, site, query, before)?;
    let first_too_many = [
        entries.get(MAX_HISTORY_ENTRIES).map(|entry| entry.rev),
        notes.get(MAX_HISTORY_ENTRIES).map(|note| note.rev),
        edits.get(MAX_HISTORY_ENTRIES).map(|edit| edit.rev),
    ];
    let Some(cut) = first_too_many.into_iter().flatten().max() else {
        return shown(session, site, HistoryAnswer { entries, more: false, notes, edits });
    };
    // A revision must not be split, because the next page starts before a revision.
    let is_in_one = entries.iter().all(|entry| entry.rev <= cut)
        && notes.iter().all(|note| note.rev <= cut)
        && edits.iter().all(|edit| edit.rev <= cut);
    if is_in_one {
        entries = newest(session, site, query, before, MAX_REVISION_ENTRIES)?;
        entries.retain(|entry| entry.rev == cut);
        notes.retain(|note| note.rev == cut);
        edits.retain(|edit| edit.rev == cut);
    } else {
        entries.retain(|entry| entry.rev > cut);
        notes.retain(|note| note.rev > cut);
        edits.retain(|edit| edit.rev > cut);
    }
    shown(session, site, HistoryAnswer { entries, more: true, notes, edits })
}

/// The page with the names of people.
fn shown(session: &dyn Session, site: &str, mut page: HistoryAnswer) -> Result<HistoryAnswer, StoreFault> {
    let entries = page.entries.iter_mut().map(|entry| (&mut entry.author, &mut entry.approved_by));
    let notes = page.notes.iter_mut().map(|note| (&mut note.author, &mut note.approved_by));
    let edits = page.edits.iter_mut().map(|edit| (&mut edit.author, &mut edit.approved_by));
    let authors = entries.chain(notes).chain(edits);
    let authors = authors.map(|(author, approver)| ShownAuthor { author, approved_by: Some(approver) });
    people::show_names(session, site, authors)?;
    Ok(page)
}

/// The newest edits before a revision, one more than a page has.
fn edits(
    session: &dyn Session,
    site: &str,
    query: HistoryQuery,
    before: i64,
) -> Result<Vec<HistoryEdit>, StoreFault> {
    let limit = i64::try_from(MAX_HISTORY_ENTRIES + 1).unwrap_or(i64::MAX);
    let params = params![site, query.product, query.lot, before, limit];
    session.all(&edited_sql(session.dialect()), &params, |row| {
        let edit = ProductEdit { before: stored_json(row.text(1)?)?, after: stored_json(row.text(2)?)? };
        Ok(HistoryEdit {
            rev: from_i64(row.int(0)?),
            edit,
            author: row.text(3)?.to_owned(),
            approved_by: String::new(),
            device: row.text(4)?.to_owned(),
            captured_at: UnixMillis(row.int(5)?),
            booked_at: UnixMillis(row.int(6)?),
        })
    })
}

/// The newest notes before a revision, of each kind one more than a page has.
fn notes(
    session: &dyn Session,
    site: &str,
    query: HistoryQuery,
    before: i64,
) -> Result<Vec<HistoryNote>, StoreFault> {
    let limit = i64::try_from(MAX_HISTORY_ENTRIES + 1).unwrap_or(i64::MAX);
    let params = params![site, query.product, query.lot, before, limit];
    let dialect = session.dialect();
    let mut found = Vec::new();
    for (sql, topic) in
        [(resolved_sql(dialect), resolved as fn(&dyn Columns) -> _), (short_sql(dialect), short)]
    {
        found.extend(session.all(&sql, &params, |row| {
            Ok(HistoryNote {
                rev: from_i64(row.int(0)?),
                topic: topic(row)?,
                reason: row.text(1)?.to_owned(),
                author: row.text(2)?.to_owned(),
                approved_by: String::new(),
                device: row.text(3)?.to_owned(),
                captured_at: UnixMillis(row.int(4)?),
                booked_at: UnixMillis(row.int(5)?),
            })
        })?);
    }
    found.sort_by_key(|note: &HistoryNote| std::cmp::Reverse(note.rev));
    Ok(found)
}

fn resolved(row: &dyn Columns) -> Result<NoteTopic, StoreFault> {
    let (lot_code, location) = (row.text(7)?.to_owned(), row.text(8)?.to_owned());
    Ok(NoteTopic::Resolved { kind: exception_kind(row, 6)?, lot_code, location })
}

fn short(row: &dyn Columns) -> Result<NoteTopic, StoreFault> {
    let (expected, received) = (Quantity(row.int(7)?), Quantity(row.int(8)?));
    Ok(NoteTopic::Short { number: row.text(6)?.to_owned(), expected, received })
}

fn newest(
    session: &dyn Session,
    site: &str,
    query: HistoryQuery,
    before: i64,
    limit: usize,
) -> Result<Vec<HistoryEntry>, StoreFault> {
    let dialect = session.dialect();
    let newest = if query.lot.is_some() { newest_of_lot_sql(dialect) } else { newest_sql(dialect) };
    let max_rows = i64::try_from(limit).unwrap_or(i64::MAX);
    let params = params![site, query.product, query.lot, before, max_rows];
    let mut entries = session.all(&page_sql(&newest, dialect), &params, entry)?;
    if entries.len() < limit {
        entries.extend(ledger_months::newest(session, site, query, before, limit - entries.len())?);
    }
    Ok(entries)
}

pub(crate) fn page_sql(newest: &str, dialect: &Dialect) -> String {
    format!(
        "SELECT entry.rev, movement, delta, lot_code, location, note, author, coalesce(devices.name, ''), \
         captured_at, booked_at FROM ({newest}) AS newest {} stock_ledger AS entry \
         ON entry.site = ?1 AND entry.rev = newest.rev AND entry.line = newest.line \
         LEFT JOIN clients ON clients.site = ?1 AND clients.client = entry.client \
         LEFT JOIN devices ON devices.site = ?1 AND devices.device = clients.device \
         ORDER BY entry.rev DESC, entry.line DESC",
        dialect.ordered_join
    )
}

fn entry(row: &dyn Columns) -> Result<HistoryEntry, StoreFault> {
    Ok(HistoryEntry {
        rev: from_i64(row.int(0)?),
        movement: Movement::from_code(row.text(1)?).ok_or_else(|| unreadable("a movement"))?,
        delta: Quantity(row.int(2)?),
        lot_code: row.text(3)?.to_owned(),
        location: row.text(4)?.to_owned(),
        note: row.text(5)?.to_owned(),
        author: row.text(6)?.to_owned(),
        approved_by: String::new(),
        device: row.text(7)?.to_owned(),
        captured_at: UnixMillis(row.int(8)?),
        booked_at: UnixMillis(row.int(9)?),
    })
}
