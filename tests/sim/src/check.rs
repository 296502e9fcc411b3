//! The invariants once everything is quiet: the guarantees of Lotbook, checked on the server's database and
//! on every device's storage against people's diaries.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use anyhow::Result;
use domain::{Action, DELIVERIES, LOTS, LotRef, Movement, Row, Warehouse};
use futures::executor::block_on;
use rusqlite::Connection;
use sync::memory::MemoryStore;
use sync::{
    Cursor, Outcome, QueueRecordOf, QueueState, Records as _, RoundLimits, Store as _, UnixMillis, Versioned,
    WITHDRAWN, run_round,
};
use uuid::Uuid;

use crate::actor::{Actor, finish};
use crate::device::Device;
use crate::floor::{Drafts, deliveries_off, exceptions_off};
use crate::network::{Air, Link};
use crate::office::{Intents, codes_off, conflicts_off};
use crate::person::description;
use crate::server::SITES;
use crate::staff::authority_off;

const MAX_ROWS: usize = 10_000;

/// A receipt on the server.
pub(crate) struct Receipt {
    client: Uuid,
    seq: i64,
    is_in_effect: bool,
    /// Whether devices hold it as a conflict: it was refused, or its people had lost their role for it.
    pub(crate) is_told: bool,
}

/// The recorded outcomes of all mutations.
pub(crate) struct Books {
    pub(crate) receipts: BTreeMap<Uuid, Receipt>,
    /// Ledger lines by mutation.
    lines: BTreeMap<Uuid, Vec<(LotRef, i64)>>,
}

/// All violated invariants.
///
/// # Errors
/// When the server's database cannot be read.
pub fn violations(air: &Rc<Air>, devices: &[&Device]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for site in SITES {
        let of_site: Vec<&Device> =
            devices.iter().copied().filter(|device| device.link.home == site).collect();
        let database = air.server.database_of(site)?;
        found.extend(strangers(&database, site, &of_site)?);
        found.extend(violations_at(air, &database, &of_site)?);
    }
    Ok(found)
}

/// Nothing of one site is booked at another: every receipt is of a device of the site.
fn strangers(database: &Connection, site: &str, devices: &[&Device]) -> Result<Vec<String>> {
    let mut statement = database.prepare("SELECT DISTINCT client FROM receipts")?;
    let clients: Vec<Uuid> = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let is_stranger = |client: &&Uuid| devices.iter().all(|device| device.client != **client);
    let strangers = clients.iter().filter(is_stranger);
    Ok(strangers.map(|client| format!("strayed: work of {client} is booked at {site}")).collect())
}

/// The violated invariants of one site, given its devices and a view of its rows.
fn violations_at(air: &Rc<Air>, database: &Connection, devices: &[&Device]) -> Result<Vec<String>> {
    let books = read(database)?;
    let drafted: Vec<(Uuid, Action)> =
        devices.iter().flat_map(|device| device.diary.borrow().drafted.clone()).collect();
    let actions: BTreeMap<Uuid, &Action> = drafted.iter().map(|(id, action)| (*id, action)).collect();
    let bases: BTreeMap<Uuid, u64> =
        devices.iter().flat_map(|device| device.diary.borrow().bases.clone()).collect();
    let intents = intents(devices);
    let drafts = Drafts { actions: &actions, bases: &bases, replaces: &intents.replaces };
    let mut found = Vec::new();
    found.extend(booked_wrongly(&books, &actions));
    for device in devices {
        found.extend(lost_or_stuck(device, &books));
        found.extend(undone_but_booked(device, &books));
        found.extend(screens_off(device));
    }
    found.extend(quantities_off(database, &books, &actions)?);
    found.extend(out_of_order(database, &books)?);
    let booked = in_effect(&books, &actions);
    found.extend(deliveries_off(database, &booked)?);
    found.extend(exceptions_off(database, &drafts, &booked)?);
    found.extend(codes_off(database, &booked)?);
    found.extend(conflicts_off(database, &books, &booked, &intents)?);
    let signed = devices.iter().flat_map(|device| device.diary.borrow().signed.clone()).collect();
    found.extend(authority_off(database, &actions, &signed)?);
    for device in devices {
        found.extend(rows_off(air, device, database)?);
    }
    Ok(found)
}

fn intents(devices: &[&Device]) -> Intents {
    let mut intents = Intents { replaces: BTreeMap::new(), given_up: BTreeSet::new() };
    for device in devices {
        let diary = device.diary.borrow();
        intents.replaces.extend(&diary.replaces);
        intents.given_up.extend(diary.discarded.iter().chain(diary.undone.keys()));
    }
    intents
}

fn read(database: &Connection) -> Result<Books> {
    let mut receipts = BTreeMap::new();
    let mut statement = database.prepare("SELECT mutation_id, client, seq, verdict, code FROM receipts")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (verdict, code): (String, String) = (row.get(3)?, row.get(4)?);
        let is_refused = !matches!(verdict.as_str(), "applied" | "merged");
        let is_in_effect = !is_refused && code != WITHDRAWN;
        let is_told = is_refused || code == "role_lost";
        let receipt = Receipt { client: row.get(1)?, seq: row.get(2)?, is_in_effect, is_told };
        receipts.insert(row.get(0)?, receipt);
    }
    let mut lines: BTreeMap<Uuid, Vec<(LotRef, i64)>> = BTreeMap::new();
    let sql =
        "SELECT mutation_id, product_id, lot_code, location, delta FROM stock_ledger ORDER BY rev, line";
    let mut statement = database.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (code, location): (String, String) = (row.get(2)?, row.get(3)?);
        let lot = LotRef::new(row.get(1)?, &code, &location);
        lines.entry(row.get(0)?).or_default().push((lot, row.get(4)?));
    }
    Ok(Books { receipts, lines })
}

/// Every mutation reported as saved is booked, or needs its person's attention with a reason.
fn lost_or_stuck(device: &Device, books: &Books) -> Vec<String> {
    let name = &device.link.name;
    let Ok(queue) = block_on(device.store.kept.queue()) else { return vec![format!("{name} has no queue")] };
    let states: BTreeMap<Uuid, &QueueState<Row>> =
        queue.records.iter().map(|record| (record.mutation.id, &record.state)).collect();
    let (mut found, diary) = (Vec::new(), device.diary.borrow());
    for id in &diary.saved {
        let receipt = books.receipts.get(id);
        let what = || diary.drafted.get(id).map(description).unwrap_or_default();
        // Withdrawn and dropped mutations may be missing: their person wanted that.
        let is_settled = diary.discarded.contains(id) || diary.undone.contains_key(id);
        let is_booked = receipt.is_some_and(|receipt| receipt.is_in_effect) || books.lines.contains_key(id);
        match states.get(id) {
            Some(QueueState::Pending) => {
                found.push(format!("stuck: {name} still has {id} to send: {}", what()))
            }
            Some(QueueState::Attention(Outcome { message, .. })) if message.is_empty() => {
                found.push(format!("no reason is given for {id} of {name}: {}", what()));
            }
            Some(QueueState::Attention(_)) => {}
            None if is_booked || is_settled => {}
            None => found.push(format!("lost: {id} of {name} is nowhere: {}", what())),
        }
    }
    found
}

/// Every window shows the stored queue.
fn screens_off(device: &Device) -> Vec<String> {
    let queue = block_on(device.store.kept.queue()).map(|queue| queue.records).unwrap_or_default();
    let is_shown = |record: &QueueRecordOf<Warehouse>| !(record.is_pending() && record.mutation.withdrawn);
    let stored: Vec<_> = queue.into_iter().filter(is_shown).collect();
    let pages = device.actors.iter().filter_map(Actor::open_page);
    let wrong = pages.filter(|page| !page.client().queue().iter().map(Rc::as_ref).eq(&stored));
    wrong.map(|_| format!("a window of {} does not show its queue as it is", device.link.name)).collect()
}

/// A withdrawn mutation is not booked, unless the device reports that the withdrawal came too late.
fn undone_but_booked(device: &Device, books: &Books) -> Vec<String> {
    let Ok(queue) = block_on(device.store.kept.queue()) else { return Vec::new() };
    let diary = device.diary.borrow();
    let undone = diary.undone.iter().filter(|(_, is_told)| **is_told).map(|(id, _)| id);
    let counts = undone.filter(|id| books.receipts.get(id).is_some_and(|receipt| receipt.is_in_effect));
    let silent = counts.filter(|id| {
        let says_so = queue.records.iter().any(|record| record.mutation.id == **id && !record.is_pending());
        !says_so && !diary.discarded.contains(id)
    });
    silent.map(|id| format!("undone in silence: {id} of {} is booked", device.link.name)).collect()
}

/// Every effect belongs to a mutation that a person made, and is in the ledger exactly once.
fn booked_wrongly(books: &Books, actions: &BTreeMap<Uuid, &Action>) -> Vec<String> {
    let mut found = Vec::new();
    for (id, lines) in &books.lines {
        let Some(action) = actions.get(id) else {
            found.push(format!("nobody made {id}, and it is booked"));
            continue;
        };
        let expected = deltas(action);
        if lines.len() != expected.len() {
            let (booked, due) = (lines.len(), expected.len());
            found
                .push(format!("doubled: {id} has {booked} ledger lines, not {due}: {}", description(action)));
        }
        if !books.receipts.get(id).is_some_and(|receipt| receipt.is_in_effect) {
            found.push(format!("booked without a receipt: {id}: {}", description(action)));
        }
    }
    for (id, _) in books.receipts.iter().filter(|(_, receipt)| receipt.is_in_effect) {
        let due = actions.get(id).map(|action| deltas(action).len()).unwrap_or_default();
        if due > 0 && !books.lines.contains_key(id) {
            found.push(format!("a receipt without its effect: {id}"));
        }
    }
    found
}

/// The stock changes of an action, by an independent model.
fn deltas(action: &Action) -> Vec<(LotRef, i64)> {
    match action {
        Action::ReceiveLot { lot, quantity, .. } => vec![(lot.clone(), quantity.0)],
        Action::PickLot { lot, quantity, .. } => vec![(lot.clone(), -quantity.0)],
        Action::MoveLot { lot, to, quantity } | Action::PutAwayLot { lot, to, quantity } => {
            vec![(lot.clone(), -quantity.0), (lot.at(to), quantity.0)]
        }
        Action::AdjustLot { lot, delta, .. } => vec![(lot.clone(), delta.0)],
        Action::CountLot { lot, counted, basis } => vec![(lot.clone(), counted.0 - basis.0)],
        Action::PlaceOrder(order) => {
            order.lines.iter().map(|line| (line.lot.clone(), -line.quantity.0)).collect()
        }
        _ => Vec::new(),
    }
}

/// The quantity on hand is the sum of the bookings, according to the ledger and to the model.
fn quantities_off(
    database: &Connection,
    books: &Books,
    actions: &BTreeMap<Uuid, &Action>,
) -> Result<Vec<String>> {
    let mut ledger: BTreeMap<Uuid, i64> = BTreeMap::new();
    for (lot, delta) in books.lines.values().flatten() {
        *ledger.entry(lot.id()).or_default() += delta;
    }
    let mut model: BTreeMap<Uuid, i64> = BTreeMap::new();
    for (id, _) in books.receipts.iter().filter(|(_, receipt)| receipt.is_in_effect) {
        for (lot, delta) in actions.get(id).map(|action| deltas(action)).unwrap_or_default() {
            *model.entry(lot.id()).or_default() += delta;
        }
    }
    let mut found = Vec::new();
    let mut statement =
        database.prepare("SELECT lot_id, lot_code, location, quantity FROM inventory_lots")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (lot, code, location): (Uuid, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let on_hand: i64 = row.get(3)?;
        for (source, sums) in [("the ledger", &mut ledger), ("the model", &mut model)] {
            let sum = sums.remove(&lot).unwrap_or_default();
            if sum != on_hand {
                found.push(format!("{code} at {location} has {on_hand} on hand and {sum} by {source}"));
            }
        }
    }
    let rest = ledger.values().chain(model.values()).filter(|sum| **sum != 0).count();
    if rest > 0 {
        found.push(format!("{rest} lots have movements and no row"));
    }
    Ok(found)
}

/// The mutations of one device on one lot are booked in the order in which they were made.
fn out_of_order(database: &Connection, books: &Books) -> Result<Vec<String>> {
    let mut last: BTreeMap<(Uuid, Uuid), i64> = BTreeMap::new();
    let mut found = Vec::new();
    let sql = "SELECT mutation_id, lot_id FROM stock_ledger WHERE movement <> ?1 ORDER BY rev, line";
    let mut statement = database.prepare(sql)?;
    let mut rows = statement.query([Movement::Import.code()])?;
    while let Some(row) = rows.next()? {
        let (id, lot): (Uuid, Uuid) = (row.get(0)?, row.get(1)?);
        let Some(receipt) = books.receipts.get(&id) else { continue };
        let before = last.insert((receipt.client, lot), receipt.seq);
        if before.is_some_and(|before| before > receipt.seq) {
            found.push(format!("reordered: seq {} after {:?} on one lot", receipt.seq, before));
        }
    }
    Ok(found)
}

/// A device has exactly the server's rows of its scope.
fn rows_off(air: &Rc<Air>, device: &Device, database: &Connection) -> Result<Vec<String>> {
    let outbox = block_on(device.store.kept.outbox(0))?;
    let name = &device.link.name;
    if !matches!(outbox.cursor, Cursor::Live { .. }) {
        return Ok(vec![format!("{name} has not everything yet: {:?}", outbox.cursor)]);
    }
    let observer = MemoryStore::<Warehouse>::new(Uuid::from_u128(0x0B), &outbox.scope);
    let link = Link::calm(air, "observer", &device.link.home, &device.link.token.borrow());
    drop(finish(run_round(&observer, &link, RoundLimits::default(), || UnixMillis(0), |_| {})));
    let mut found = Vec::new();
    for table in Warehouse::TABLES {
        let truth: Vec<Versioned<Row>> = block_on(observer.scan(table, "", "", MAX_ROWS))?;
        let held = block_on(device.store.kept.scan(table, "", "", MAX_ROWS))?;
        let differing = |from: &[Versioned<Row>], other: &[Versioned<Row>]| -> Vec<String> {
            let only = from.iter().filter(|row| !other.contains(row));
            only.map(|row| format!("{:?}@{}", row.row, row.rev)).collect()
        };
        if truth != held {
            let (missing, wrong) = (differing(&truth, &held), differing(&held, &truth));
            found.push(format!("{name}'s {table} differ: the server has {missing:?}, the device {wrong:?}"));
        }
        let there: i64 = database.query_row(&in_scope(table), [outbox.scope == "all"], |row| row.get(0))?;
        if usize::try_from(there) != Ok(truth.len()) {
            found.push(format!("a whole snapshot has {} {table} of {there}", truth.len()));
        }
    }
    Ok(found)
}

/// Counts the rows of a table in a device's scope; with every status if `?1` is true.
fn in_scope(table: &str) -> String {
    let condition = match table {
        LOTS => "status = 'available' OR ?1",
        DELIVERIES => "?1 IS NOT NULL AND is_open",
        _ => "?1 IS NOT NULL",
    };
    format!("SELECT count(*) FROM {table} WHERE deleted_at IS NULL AND ({condition})")
}

/// The actions that were booked.
fn in_effect<'a>(books: &Books, actions: &BTreeMap<Uuid, &'a Action>) -> Vec<&'a Action> {
    let booked = books.receipts.iter().filter(|(_, receipt)| receipt.is_in_effect);
    booked.filter_map(|(id, _)| actions.get(id).copied()).collect()
}
