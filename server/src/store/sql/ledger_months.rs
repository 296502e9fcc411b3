//! Old months of the stock ledger: the entries of a product in a month are packed into one row, which its history still
//! reads. Packed, an entry takes less than a quarter of its room.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};

use domain::{CalendarDate, HistoryEntry, Movement, Quantity};
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::{Deserialize, Serialize};
use sync::UnixMillis;
use uuid::Uuid;

use super::super::{HistoryQuery, StoreFault};
use super::convert::{from_i64, json, stored_json, to_i64, unreadable};
use super::session::{Columns, Insert, Keyed, Param, Session, params};
use super::sites;

/// Days for which entries stay in the ledger; the month that they lie in stays whole.
const LEDGER_DAYS: i64 = 400;
const MILLIS_A_DAY: i64 = 24 * 60 * 60 * 1_000;
/// Entries that are packed in one transaction.
const MAX_SLICE_ENTRIES: usize = 2_000;
/// Bytes of an unpacked month of a product: more than a million entries.
const MAX_UNPACKED_BYTES: u64 = 512 * 1024 * 1024;
/// Characters of a month, such as 2026-11.
const MONTH_CHARS: usize = 7;

const MONTHS: Insert<'_> = Insert::new("ledger_months", "site, product_id, month, first_rev, last_rev, body")
    .over("site, product_id, month");
const COLUMNS: &str = "rev, line, product_id, lot_id, lot_code, location, delta, movement, note, mutation_id, client, \
                       author, captured_at, booked_at";

/// A ledger entry of a known product. The names are as short as they are because every packed month has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    #[serde(rename = "r")]
    rev: u64,
    #[serde(rename = "l")]
    line: i64,
    #[serde(rename = "i")]
    lot_id: Uuid,
    #[serde(rename = "c")]
    lot_code: String,
    #[serde(rename = "p")]
    location: String,
    #[serde(rename = "d")]
    delta: i64,
    #[serde(rename = "m")]
    movement: String,
    #[serde(rename = "n")]
    note: String,
    #[serde(rename = "u")]
    mutation_id: Option<Uuid>,
    #[serde(rename = "k")]
    client: Option<Uuid>,
    #[serde(rename = "a")]
    author: String,
    #[serde(rename = "t")]
    captured_at: i64,
    #[serde(rename = "b")]
    booked_at: i64,
}

/// A product and a month.
type MonthKey = (Uuid, String);

/// Moves a site's next old entries, in whole revisions, out of the ledger. Returns their number; 0 if none are left.
pub(crate) fn pack(session: &dyn Session, site: &str, now: UnixMillis) -> Result<u64, StoreFault> {
    sites::lock(session, site)?;
    let first_kept = month_of(now.0.saturating_sub(LEDGER_DAYS * MILLIS_A_DAY));
    let entries = next_entries(session, site, &first_kept)?;
    let Some(through) = entries.last().map(|(_, entry)| entry.rev) else { return Ok(0) };
    let packed = u64::try_from(entries.len()).unwrap_or(u64::MAX);
    let mut months: BTreeMap<MonthKey, Vec<Entry>> = BTreeMap::new();
    for (product, entry) in entries {
        months.entry((product, month_of(entry.booked_at))).or_default().push(entry);
    }
    prepend_packed(session, site, &mut months)?;
    write(session, site, &months)?;
    session.execute("UPDATE sites SET archived_rev = ?2 WHERE site = ?1", &params![site, through])?;
    let dialect = session.dialect();
    dialect.before_ledger_deletion.iter().try_for_each(|sql| session.execute(sql, &[]).map(drop))?;
    session.execute("DELETE FROM stock_ledger WHERE site = ?1 AND rev <= ?2", &params![site, through])?;
    dialect.after_ledger_deletion.iter().try_for_each(|sql| session.execute(sql, &[]).map(drop))?;
    Ok(packed)
}

/// The oldest entries of the ledger that were booked before the month `first_kept`, each with its product.
fn next_entries(
    session: &dyn Session,
    site: &str,
    first_kept: &str,
) -> Result<Vec<(Uuid, Entry)>, StoreFault> {
    let archived = session
        .first("SELECT archived_rev FROM sites WHERE site = ?1", &params![site], |row| row.int(0))?
        .unwrap_or(0);
    let sql = format!(
        "SELECT {COLUMNS} FROM stock_ledger WHERE site = ?1 AND rev > ?2 ORDER BY rev, line LIMIT ?3"
    );
    let limit = i64::try_from(MAX_SLICE_ENTRIES + 1).unwrap_or(i64::MAX);
    let mut found = session.all(&sql, &params![site, archived, limit], entry)?;
    let is_cut = found.len() > MAX_SLICE_ENTRIES;
    let kept = found.iter().position(|(_, entry)| month_of(entry.booked_at).as_str() >= first_kept);
    let Some(last) = found.last().map(|(_, entry)| entry.rev).filter(|_| is_cut && kept.is_none()) else {
        found.truncate(kept.unwrap_or(found.len()));
        return Ok(found);
    };
    found.retain(|(_, entry)| entry.rev != last);
    if !found.is_empty() {
        return Ok(found);
    }
    // A revision with more entries than a slice.
    let sql = format!("SELECT {COLUMNS} FROM stock_ledger WHERE site = ?1 AND rev = ?2 ORDER BY line");
    session.all(&sql, &params![site, last], entry)
}

fn entry(row: &dyn Columns) -> Result<(Uuid, Entry), StoreFault> {
    let entry = Entry {
        rev: from_i64(row.int(0)?),
        line: row.int(1)?,
        lot_id: row.id(3)?,
        lot_code: row.text(4)?.to_owned(),
        location: row.text(5)?.to_owned(),
        delta: row.int(6)?,
        movement: row.text(7)?.to_owned(),
        note: row.text(8)?.to_owned(),
        mutation_id: row.optional_id(9)?,
        client: row.optional_id(10)?,
        author: row.text(11)?.to_owned(),
        captured_at: row.int(12)?,
        booked_at: row.int(13)?,
    };
    Ok((row.id(2)?, entry))
}

/// Puts the entries that earlier slices have packed before those of their months.
fn prepend_packed(
    session: &dyn Session,
    site: &str,
    months: &mut BTreeMap<MonthKey, Vec<Entry>>,
) -> Result<(), StoreFault> {
    let keys: Vec<Vec<Param<'static>>> = months
        .keys()
        .map(|(product, month)| vec![Param::from(*product), Param::from(month.clone())])
        .collect();
    let query = Keyed {
        select: "SELECT product_id, month, body FROM ledger_months WHERE site = ?1",
        key: &["product_id", "month"],
        tail: "",
    };
    session.query_keys(query, site, &keys, &mut |row| {
        if let Some(entries) = months.get_mut(&(row.id(0)?, row.text(1)?.to_owned())) {
            let mut packed = unpacked(row.bytes(2)?)?;
            packed.append(entries);
            *entries = packed;
        }
        Ok(())
    })
}

fn write(
    session: &dyn Session,
    site: &str,
    months: &BTreeMap<MonthKey, Vec<Entry>>,
) -> Result<(), StoreFault> {
    let bodies: Vec<Vec<u8>> = months.values().map(|entries| packed(entries)).collect::<Result<_, _>>()?;
    let rows = months.iter().zip(&bodies).map(|(((product, month), entries), body)| {
        let revs = || entries.iter().map(|entry| entry.rev);
        let (first, last) = (revs().min().unwrap_or(0), revs().max().unwrap_or(0));
        params![site, *product, month, first, last, body.as_slice()].to_vec()
    });
    session.insert(MONTHS, &rows.collect::<Vec<_>>())
}

/// The newest packed entries of a product or lot before a revision, the newest first.
pub(super) fn newest(
    session: &dyn Session,
    site: &str,
    query: HistoryQuery,
    before: i64,
    limit: usize,
) -> Result<Vec<HistoryEntry>, StoreFault> {
    let mut found: Vec<Entry> = Vec::new();
    for (month, last_rev) in months_before(session, site, query.product, before)? {
        // The server's clock may have been set back: months may overlap in their revisions.
        if limit.checked_sub(1).and_then(|last| found.get(last)).is_none_or(|entry| entry.rev <= last_rev) {
            let entries = month_entries(session, site, query.product, &month)?;
            found.extend(entries.into_iter().filter(|entry| {
                query.lot.is_none_or(|lot| lot == entry.lot_id) && to_i64(entry.rev) < before
            }));
            found.sort_by_key(|entry| std::cmp::Reverse((entry.rev, entry.line)));
            found.truncate(limit);
        }
    }
    let devices = device_names(session, site, &found)?;
    let name =
        |client: Option<Uuid>| client.and_then(|client| devices.get(&client)).cloned().unwrap_or_default();
    found.into_iter().map(|entry| shown(name(entry.client), entry)).collect()
}

/// The months with entries before a revision, and the last revision of each, the newest first.
fn months_before(
    session: &dyn Session,
    site: &str,
    product: Uuid,
    before: i64,
) -> Result<Vec<(String, u64)>, StoreFault> {
    let sql = "SELECT month, last_rev FROM ledger_months WHERE site = ?1 AND product_id = ?2 AND first_rev < ?3 \
               ORDER BY last_rev DESC";
    session
        .all(sql, &params![site, product, before], |row| Ok((row.text(0)?.to_owned(), from_i64(row.int(1)?))))
}

fn month_entries(
    session: &dyn Session,
    site: &str,
    product: Uuid,
    month: &str,
) -> Result<Vec<Entry>, StoreFault> {
    let sql = "SELECT body FROM ledger_months WHERE site = ?1 AND product_id = ?2 AND month = ?3";
    let found = session.first(sql, &params![site, product, month], |row| unpacked(row.bytes(0)?))?;
    Ok(found.unwrap_or_default())
}

/// The names of the devices that entries came from, by client.
fn device_names(
    session: &dyn Session,
    site: &str,
    entries: &[Entry],
) -> Result<BTreeMap<Uuid, String>, StoreFault> {
    let mut clients: Vec<Uuid> = entries.iter().filter_map(|entry| entry.client).collect();
    clients.sort_unstable();
    clients.dedup();
    let keys: Vec<_> = clients.into_iter().map(|client| vec![Param::from(client)]).collect();
    let query = Keyed {
        select: "SELECT clients.client, devices.name FROM clients JOIN devices ON devices.site = clients.site \
                 AND devices.device = clients.device WHERE clients.site = ?1",
        key: &["clients.client"],
        tail: "",
    };
    let mut names = BTreeMap::new();
    session.query_keys(query, site, &keys, &mut |row| {
        names.insert(row.id(0)?, row.text(1)?.to_owned());
        Ok(())
    })?;
    Ok(names)
}

fn shown(device: String, entry: Entry) -> Result<HistoryEntry, StoreFault> {
    Ok(HistoryEntry {
        rev: entry.rev,
        movement: Movement::from_code(&entry.movement).ok_or_else(|| unreadable("a movement"))?,
        delta: Quantity(entry.delta),
        lot_code: entry.lot_code,
        location: entry.location,
        note: entry.note,
        author: entry.author,
        approved_by: String::new(),
        device,
        captured_at: UnixMillis(entry.captured_at),
        booked_at: UnixMillis(entry.booked_at),
    })
}

/// The month of a time, by UTC.
fn month_of(millis: i64) -> String {
    let mut date = CalendarDate::of(UnixMillis(millis), 0).to_string();
    date.truncate(MONTH_CHARS);
    date
}

fn packed(entries: &[Entry]) -> Result<Vec<u8>, StoreFault> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(json(&entries)?.as_bytes()).and_then(|()| encoder.finish());
    written.map_err(|error| StoreFault::Failed(format!("a month of the ledger cannot be packed: {error}")))
}

fn unpacked(body: &[u8]) -> Result<Vec<Entry>, StoreFault> {
    let mut text = String::new();
    let read = DeflateDecoder::new(body).take(MAX_UNPACKED_BYTES).read_to_string(&mut text);
    read.map_err(|_| unreadable("a month of the ledger"))?;
    stored_json(&text)
}
