//! The expected deliveries and exceptions after all bookings, computed by independent rules.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use domain::{Action, DeliveryLine};
use rusqlite::Connection;
use uuid::Uuid;

/// A lot below zero: the quantity before and after the booking that raised the exception.
type Below = (i64, i64);

/// The state of a lot according to the ledger.
#[derive(Default)]
struct Lot {
    product: Uuid,
    on_hand: i64,
    below: Option<Below>,
    moved: Option<Below>,
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
        let (closed, told): (bool, u32) = (row.get(4)?, row.get(5)?);
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
        if is_overlooked || (closed && !given_up.contains(&id)) || told != u32::from(closed) {
            found.push(format!(
                "{number} is closed: {closed}, and what is missing was written down {told} times"
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
    actions: &BTreeMap<Uuid, &Action>,
    booked: &[&Action],
) -> Result<Vec<String>> {
    let (lots, mut found) = lots(database, actions)?;
    let gone = deleted(booked, &lots);
    let mut held: BTreeMap<(Uuid, String), Below> = BTreeMap::new();
    let mut statement =
        database.prepare("SELECT lot_id, kind, before, after FROM exceptions WHERE deleted_at IS NULL")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        held.insert((row.get(0)?, row.get(1)?), (row.get(2)?, row.get(3)?));
    }
    for (id, lot) in &lots {
        for (kind, expected) in [("below_zero", lot.below), ("moved_while_counted", lot.moved)] {
            let is = held.remove(&(*id, kind.to_owned()));
            // The deletion of a lot removes the exception about its movement; a lot below zero cannot be
            // deleted.
            let went_along = kind != "below_zero" && is.is_none() && gone.contains(id);
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
fn lots(
    database: &Connection,
    actions: &BTreeMap<Uuid, &Action>,
) -> Result<(BTreeMap<Uuid, Lot>, Vec<String>)> {
    let sql = "SELECT rev, line, lot_id, delta, mutation_id, '', product_id FROM stock_ledger UNION ALL \
               SELECT rev, line, lot_id, 0, mutation_id, kind, product_id FROM resolutions ORDER BY 1, 2";
    let mut lots: BTreeMap<Uuid, Lot> = BTreeMap::new();
    let mut unseen = Vec::new();
    let mut statement = database.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (id, delta, mutation): (Uuid, i64, Uuid) = (row.get(2)?, row.get(3)?, row.get(4)?);
        let resolved: String = row.get(5)?;
        let lot = lots.entry(id).or_default();
        lot.product = row.get(6)?;
        let action = actions.get(&mutation).copied();
        let was = match resolved.as_str() {
            "" => {
                book(lot, delta, action);
                continue;
            }
            "below_zero" => lot.below.take(),
            "moved_while_counted" => lot.moved.take(),
            _ => continue,
        };
        let is_seen = matches!((action, was), (Some(Action::ResolveException { seen: Some(seen), .. }), Some(was)) if seen.after.0 == was.1);
        if !is_seen {
            unseen.push(format!("{mutation} resolved {was:?} of lot {id}, which nobody had seen"));
        }
    }
    Ok((lots, unseen))
}

fn book(lot: &mut Lot, delta: i64, action: Option<&Action>) {
    let (before, after) = (lot.on_hand, lot.on_hand + delta);
    lot.on_hand = after;
    if after >= 0 {
        lot.below = None;
    } else if delta < 0 {
        lot.below = Some((before, after));
    }
    if let Some(Action::CountLot { basis, .. }) = action {
        lot.moved = (before != basis.0).then_some((before, after));
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
