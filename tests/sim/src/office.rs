//! The unknown codes and the conflicts after all bookings, computed by independent rules.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use domain::{Action, normalize_gtin};
use rusqlite::Connection;
use uuid::Uuid;

use crate::check::Books;

/// People's intentions that decide which conflicts are left.
pub(crate) struct Intents {
    /// Each replacement with the mutation that it replaces.
    pub(crate) replaces: BTreeMap<Uuid, Uuid>,
    /// Mutations that were undone or dropped: their conflicts may be there or not.
    pub(crate) given_up: BTreeSet<Uuid>,
}

/// Each unknown code has the scans of all its reports, and none has a product.
pub(crate) fn codes_off(database: &Connection, booked: &[&Action]) -> Result<Vec<String>> {
    let mut reported: BTreeMap<String, u64> = BTreeMap::new();
    let mut settled: BTreeSet<String> = BTreeSet::new();
    for action in booked {
        match action {
            Action::ReportCode(scans) => {
                *reported.entry(normalize_gtin(&scans.code)).or_default() += u64::from(scans.times);
            }
            Action::SettleCode { code } => _ = settled.insert(normalize_gtin(code)),
            Action::CreateProduct(product) => _ = settled.insert(normalize_gtin(&product.barcode)),
            Action::UpdateProduct { patch, .. } => {
                settled.extend(patch.barcode.as_deref().map(normalize_gtin));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    let sql = "SELECT code, times, EXISTS (SELECT 1 FROM products WHERE products.site = codes.site \
               AND barcode_key = code AND products.deleted_at IS NULL) \
               FROM unknown_codes AS codes WHERE deleted_at IS NULL";
    let mut statement = database.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (code, times): (String, i64) = (row.get(0)?, row.get(1)?);
        let sum = reported.remove(&code).unwrap_or_default();
        let times = u64::try_from(times)?;
        // Of a code that was settled and scanned again, only the later scans count.
        let is_right = if settled.contains(&code) { (1..=sum).contains(&times) } else { times == sum };
        if !is_right {
            found.push(format!("code {code} has {times} scans by its row and {sum} by its reports"));
        }
        if row.get::<_, bool>(2)? {
            found.push(format!("code {code} is unknown, and a product has it"));
        }
    }
    let lost = reported.keys().filter(|code| !settled.contains(*code));
    found.extend(lost.map(|code| format!("code {code} was reported, and nobody settled it: it has no row")));
    Ok(found)
}

/// Every refused mutation has a conflict until somebody settles it.
pub(crate) fn conflicts_off(
    database: &Connection,
    books: &Books,
    booked: &[&Action],
    intents: &Intents,
) -> Result<Vec<String>> {
    let mut statement = database.prepare("SELECT mutation_id FROM conflicts WHERE deleted_at IS NULL")?;
    let held: BTreeSet<Uuid> = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let decided = |id: &Uuid| books.receipts.contains_key(id);
    let replaced: BTreeSet<Uuid> =
        intents.replaces.iter().filter(|(id, _)| decided(id)).map(|(_, replaced)| *replaced).collect();
    let closed: BTreeSet<Uuid> = booked
        .iter()
        .filter_map(|action| match action {
            Action::CloseConflict { id } => Some(*id),
            _ => None,
        })
        .collect();
    let mut found = Vec::new();
    for id in &held {
        if !books.receipts.get(id).is_some_and(|receipt| receipt.is_told) {
            found.push(format!("{id} is a conflict, and was neither refused nor without a role"));
        }
        if replaced.contains(id) {
            found.push(format!("{id} is a conflict, and was sent again"));
        }
    }
    let refused = books.receipts.iter().filter(|(_, receipt)| receipt.is_told).map(|(id, _)| id);
    let is_settled =
        |id: &&Uuid| replaced.contains(*id) || closed.contains(*id) || intents.given_up.contains(*id);
    let missing = refused.filter(|id| !is_settled(id) && !held.contains(*id));
    found.extend(missing.map(|id| format!("{id} was refused, and is no conflict")));
    Ok(found)
}
