//! The expected deliveries and exceptions after all bookings, computed by independent rules.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use domain::{Action, DeliveryLine};
use rusqlite::Connection;
use uuid::Uuid;

/// A lot below zero: the quantity before and after the booking that raised the exception.
type Below = (i64, i64);
/// An exception: the quantity before and after, and the quantity that a counting device showed.
type Shown = (i64, i64, Option<i64>);

/// People's drafts.
pub(crate) struct Drafts<'d> {
    pub(crate) actions: &'d BTreeMap<Uuid, &'d Action>,
    /// The revision that each was based on.
    pub(crate) bases: &'d BTreeMap<Uuid, u64>,
    /// Each replacement with the mutation that it replaces, and each reversal with the one that it reverses.
    pub(crate) replaces: &'d BTreeMap<Uuid, Uuid>,
}

/// A booking that raises "moved while counted": a count that had not seen other bookings, or other work that
/// had not seen a count.
#[derive(Clone, Copy)]
struct Moved {
    rev: u64,
    before: i64,
    after: i64,
    /// The quantity that the counting device showed; none for other work.
    basis: Option<i64>,
}

/// The state of a lot according to the ledger.
#[derive(Default)]
struct Lot {
    product: Uuid,
    on_hand: i64,
    below: Option<Below>,
    moved: Option<Moved>,
    /// Every count: its revision and its client.
    counts: Vec<(u64, Uuid)>,
}

/// A line of the ledger.
struct Line {
    rev: u64,
    client: Uuid,
    delta: i64,
    /// The revision that its mutation was based on; 0 if that is unknown.
    base: u64,
    /// The revision of the mutation that it reverses.
    reversed: Option<u64>,
}

/// The received quantity of a delivery is the sum of its bookings, and closed deliveries were closed by a
/// mutation.
pub(crate) fn deliveries_off(database: &Connection, booked: &[&Action]) -> Result<Vec<String>> {
    let mut model: BTreeMap<(Uuid, Uuid), i64> = BTreeMap::new();
    let (mut given_up, mut taken_back) = (BTreeSet::new(), BTreeSet::new());
    for action in booked {
        match action {
            Action::ReceiveLot { lot, quantity, delivery: Some(delivery), .. } => {
                *model.entry((*delivery, lot.product_id)).or_default() += quantity.0;
            }
            Action::AdjustLot { lot, delta, delivery: Some(delivery), .. } => {
                *model.entry((*delivery, lot.product_id)).or_default() += delta.0;
                taken_back.insert(*delivery);
            }
            Action::CloseDelivery { id, .. } => _ = given_up.insert(*id),
            _ => {}
        }
    }
    model.retain(|_, sum| *sum != 0);
    let mut found = Vec::new();
    let mut statement = database.prepare(
        "SELECT delivery_id, number, lines, is_open, closed, (SELECT count(DISTINCT rev) FROM shortages \
         WHERE shortages.delivery_id = deliveries.delivery_id AND received < expected) FROM deliveries",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (id, number, lines): (Uuid, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (closed, shortages): (bool, u32) = (row.get(4)?, row.get(5)?);
        let lines: Vec<DeliveryLine> = serde_json::from_str(&lines)?;
        for line in &lines {
            let sum = model.remove(&(id, line.product_id)).unwrap_or_default();
            if sum != line.received.0 {
                found.push(format!(
                    "{number} has received {} by its row and {sum} by the model",
                    line.received
                ));
            }
        }
        let is_missing_some = lines.iter().any(|line| line.expected.0 > 0 && line.received < line.expected);
        if (is_missing_some && !closed) != row.get::<_, bool>(3)? {
            found.push(format!("{number} is open or complete by mistake"));
        }
        // It may have been complete when it was closed, and incomplete again after a reversal.
        let is_overlooked = given_up.contains(&id) && is_missing_some && !closed && !taken_back.contains(&id);
        if is_overlooked || (closed && !given_up.contains(&id)) || shortages != u32::from(closed) {
            found.push(format!(
                "{number} is closed: {closed}, and what is missing was written down {shortages} times"
            ));
        }
        let nameless = model.keys().filter(|(delivery, _)| *delivery == id).count();
        if nameless > 0 {
            found.push(format!("{number} lacks {nameless} products that came with it"));
        }
    }
    Ok(found)
}

/// The server has exactly the exceptions that follow from the ledger and from the resolutions.
pub(crate) fn exceptions_off(
    database: &Connection,
    drafts: &Drafts<'_>,
    booked: &[&Action],
) -> Result<Vec<String>> {
    let (lots, mut found) = lots(database, drafts)?;
    let gone = deleted(booked, &lots);
    let mut held: BTreeMap<(Uuid, String), Shown> = BTreeMap::new();
    let mut statement = database
        .prepare("SELECT lot_id, kind, before, after, basis FROM exceptions WHERE deleted_at IS NULL")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        held.insert((row.get(0)?, row.get(1)?), (row.get(2)?, row.get(3)?, row.get(4)?));
    }
    for (id, lot) in &lots {
        let below = lot.below.map(|(before, after)| (before, after, None));
        let moved = lot.moved.map(|moved| (moved.before, moved.after, moved.basis));
        for (kind, expected) in [("below_zero", below), ("moved_while_counted", moved)] {
            let is = held.remove(&(*id, kind.to_owned()));
            // The deletion of a lot removes the exception about its movement, and a purge then forgets its
            // counts; a lot below zero cannot be deleted.
            let is_of_work = expected.is_some_and(|(.., basis)| basis.is_none());
            let went_along = kind != "below_zero" && (is.is_none() || is_of_work) && gone.contains(id);
            if is != expected && !went_along {
                found.push(format!("lot {id} is {kind} {is:?} by its row and {expected:?} by the ledger"));
            }
        }
    }
    let unfounded = held.keys().filter(|(_, kind)| kind != "duplicate_barcode");
    found.extend(unfounded.map(|(lot, kind)| format!("lot {lot} is {kind}, and never moved")));
    let sql = "SELECT count(*) FROM exceptions AS odd WHERE kind = 'duplicate_barcode' AND deleted_at IS NULL \
               AND NOT EXISTS (SELECT 1 FROM products AS one JOIN products AS two USING (site, barcode_key) \
               WHERE one.site = odd.site AND one.product_id = odd.product_id AND one.deleted_at IS NULL \
               AND two.product_id = odd.other AND two.product_id <> one.product_id AND two.deleted_at IS NULL \
               AND barcode_key <> '')";
    let nameless: i64 = database.query_row(sql, [], |row| row.get(0))?;
    if nameless > 0 {
        found.push(format!("{nameless} products share a barcode with nobody who has it"));
    }
    Ok(found)
}

/// Replays the ledger and the resolutions in booking order. Reports resolutions of exceptions that did not
/// exist.
fn lots(database: &Connection, drafts: &Drafts<'_>) -> Result<(BTreeMap<Uuid, Lot>, Vec<String>)> {
    let sql = "SELECT rev, line, lot_id, delta, mutation_id, '', product_id, client FROM stock_ledger \
               UNION ALL SELECT rev, line, lot_id, 0, mutation_id, kind, product_id, client FROM resolutions \
               ORDER BY 1, 2";
    let mut lots: BTreeMap<Uuid, Lot> = BTreeMap::new();
    let (mut unseen, mut revs) = (Vec::new(), BTreeMap::new());
    let mut statement = database.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (id, mutation): (Uuid, Uuid) = (row.get(2)?, row.get(4)?);
        let resolved: String = row.get(5)?;
        let lot = lots.entry(id).or_default();
        lot.product = row.get(6)?;
        let action = drafts.actions.get(&mutation).copied();
        let was = match resolved.as_str() {
            "" => {
                let base = drafts.bases.get(&mutation).copied().unwrap_or_default();
                let rev = u64::try_from(row.get::<_, i64>(0)?)?;
                revs.insert(mutation, rev);
                let reversed = drafts.replaces.get(&mutation).and_then(|subject| revs.get(subject)).copied();
                book(lot, &Line { rev, client: row.get(7)?, delta: row.get(3)?, base, reversed }, action);
                continue;
            }
            "below_zero" => lot.below.take(),
            "moved_while_counted" => lot.moved.take().map(|moved| (moved.before, moved.after)),
            _ => continue,
        };
        let is_seen = matches!((action, was), (Some(Action::ResolveException { seen: Some(seen), .. }), Some(was)) if seen.after.0 == was.1);
        if !is_seen {
            unseen.push(format!("{mutation} resolved {was:?} of lot {id}, which nobody had seen"));
        }
    }
    Ok((lots, unseen))
}

fn book(lot: &mut Lot, line: &Line, action: Option<&Action>) {
    let (before, after) = (lot.on_hand, lot.on_hand + line.delta);
    lot.on_hand = after;
    if after >= 0 {
        lot.below = None;
    } else if line.delta < 0 {
        lot.below = Some((before, after));
    }
    let moved = |basis| Some(Moved { rev: line.rev, before, after, basis });
    if let Some(Action::CountLot { basis, .. }) = action {
        // A count settles only what its device had seen.
        let is_unseen = |moved: &Moved| line.base > 0 && line.base < moved.rev;
        lot.moved = if before == basis.0 { lot.moved.filter(is_unseen) } else { moved(Some(basis.0)) };
        lot.counts.push((line.rev, line.client));
    } else {
        let is_late = |(rev, client): &(u64, Uuid)| {
            let is_unseen = line.base > 0 && *rev > line.base && *client != line.client;
            is_unseen || line.reversed.is_some_and(|reversed| *rev > reversed)
        };
        if lot.counts.iter().any(is_late) {
            lot.moved = moved(None);
        }
    }
}

/// Lots that were deleted at some time, alone or with their product: the ledger has no line for that.
fn deleted(booked: &[&Action], lots: &BTreeMap<Uuid, Lot>) -> BTreeSet<Uuid> {
    let of = |product: Uuid| lots.iter().filter(move |(_, lot)| lot.product == product).map(|(id, _)| *id);
    let mut gone = BTreeSet::new();
    for action in booked {
        match action {
            Action::DeleteLot { lot } => _ = gone.insert(lot.id()),
            Action::DeleteProduct { id } => gone.extend(of(*id)),
            _ => {}
        }
    }
    gone
}
