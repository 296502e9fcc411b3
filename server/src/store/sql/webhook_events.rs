//! Reads a webhook's next events from the ledger, the orders and the rows.
//!
//! Revisions are in the order of commits, so that nothing can appear before a position. A row that changes again moves to a
//! later revision: it is told once, as it is then.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Delivery, LotRef, Movement, Order, OrderLine, Product, Quantity};
use serde::Serialize;
use serde_json::value::RawValue;
use sync::UnixMillis;
use uuid::Uuid;

use super::super::StoreFault;
use super::super::webhooks::{
    Event, EventBatch, EventKind, MAX_BATCH_BYTES, MAX_BATCH_EVENTS, Position, Webhook,
};
use super::convert::{self, from_i64, json, to_i64, unreadable};
use super::people::{self, ShownAuthor};
use super::session::{Columns, Keyed, Param, Session, params};
use super::shape::{DELIVERY, PRODUCT};
use super::{sites, webhooks};

/// The namespace of the ids of events.
const EVENT_IDS: Uuid = Uuid::from_u128(0x5d1c_8f0e_7a36_4b52_9c41_3be2_96d4_70af);

/// Where events of a kind are read.
struct Source {
    kind: EventKind,
    table: &'static str,
    /// The column of the key within a revision.
    key: &'static str,
}

const SOURCES: [Source; 4] = [
    Source { kind: EventKind::ProductChanged, table: "products", key: "product_id" },
    Source { kind: EventKind::DeliveryChanged, table: "deliveries", key: "delivery_id" },
    Source { kind: EventKind::MovementBooked, table: "stock_ledger", key: "line" },
    Source { kind: EventKind::OrderBooked, table: "orders", key: "order_id" },
];

impl Source {
    /// The columns that [`Self::read`] reads.
    fn columns(&self) -> String {
        match self.kind {
            EventKind::ProductChanged => format!("{}, rev, deleted_at IS NOT NULL", PRODUCT.columns),
            EventKind::DeliveryChanged => format!("{}, rev, deleted_at IS NOT NULL", DELIVERY.columns),
            EventKind::MovementBooked => {
                "rev, line, product_id, lot_id, lot_code, location, delta, movement, note, \
                                          mutation_id, author, captured_at, booked_at"
                    .to_owned()
            }
            EventKind::OrderBooked => {
                "rev, order_id, number, currency, total_minor, author, captured_at, booked_at".to_owned()
            }
        }
    }

    fn read(&self, row: &dyn Columns) -> Result<Found, StoreFault> {
        let at = |rev: i64, key: String| Position::of(from_i64(rev), self.kind, &key);
        Ok(match self.kind {
            EventKind::ProductChanged => {
                let row_of = convert::product(row)?;
                let position = at(row.int(PRODUCT.width)?, row_of.id.to_string());
                let deleted = row.flag(PRODUCT.width + 1)?;
                Found { position, data: Data::Product(Changed { row: row_of, deleted }) }
            }
            EventKind::DeliveryChanged => {
                let row_of = convert::delivery(row)?;
                let position = at(row.int(DELIVERY.width)?, row_of.id.to_string());
                let deleted = row.flag(DELIVERY.width + 1)?;
                Found { position, data: Data::Delivery(Changed { row: row_of, deleted }) }
            }
            EventKind::MovementBooked => {
                let line = row.int(1)?;
                Found { position: at(row.int(0)?, line_key(line)), data: Data::Movement(movement(row)?) }
            }
            EventKind::OrderBooked => {
                let order = order(row)?;
                Found { position: at(row.int(0)?, order.order.id.to_string()), data: Data::Order(order) }
            }
        })
    }

    /// The condition for what comes after a position, with its parameters; `?1` is the site.
    fn after<'p>(&self, site: &'p str, position: &Position) -> Result<(String, Vec<Param<'p>>), StoreFault> {
        let mut params = params![site, position.rev].to_vec();
        let condition = match position.event() {
            Some((kind, _)) if kind < self.kind => "rev >= ?2".to_owned(),
            Some((kind, key)) if kind == self.kind => {
                params.push(self.key_of(key)?);
                format!("rev >= ?2 AND (rev > ?2 OR {} > ?3)", self.key)
            }
            Some(_) | None => "rev > ?2".to_owned(),
        };
        // Goods that are sent to another site are not sold.
        let sold = if self.kind == EventKind::OrderBooked { " AND to_site = ''" } else { "" };
        Ok((format!("site = ?1{sold} AND {condition}"), params))
    }

    fn key_of(&self, key: &str) -> Result<Param<'static>, StoreFault> {
        let damaged = || unreadable("a position");
        match self.kind {
            EventKind::MovementBooked => key.parse::<i64>().map(Param::from).map_err(|_| damaged()),
            EventKind::ProductChanged | EventKind::DeliveryChanged | EventKind::OrderBooked => {
                key.parse::<Uuid>().map(Param::from).map_err(|_| damaged())
            }
        }
    }
}

/// A line's number, so that texts are in the order of numbers.
fn line_key(line: i64) -> String {
    format!("{line:020}")
}

struct Found {
    position: Position,
    data: Data,
}

enum Data {
    Product(Changed<Product>),
    Delivery(Changed<Delivery>),
    Movement(MovementBooked),
    Order(OrderBooked),
}

/// A row as it is now.
#[derive(Serialize)]
struct Changed<R> {
    #[serde(flatten)]
    row: R,
    deleted: bool,
}

/// A line of the ledger. Quantities are thousandths of the product's unit, times are milliseconds since 1970 (UTC).
#[derive(Serialize)]
struct MovementBooked {
    line: u64,
    product_id: Uuid,
    /// Of the product as it is now; empty if that was deleted long ago.
    sku: String,
    lot_id: Uuid,
    lot_code: String,
    location: String,
    delta: Quantity,
    movement: &'static str,
    note: String,
    /// None for an import.
    mutation_id: Option<Uuid>,
    author: String,
    captured_at: UnixMillis,
    booked_at: UnixMillis,
}

#[derive(Serialize)]
struct OrderBooked {
    #[serde(flatten)]
    order: Order,
    total_minor: i64,
    author: String,
    captured_at: UnixMillis,
    booked_at: UnixMillis,
}

fn movement(row: &dyn Columns) -> Result<MovementBooked, StoreFault> {
    Ok(MovementBooked {
        line: from_i64(row.int(1)?),
        product_id: row.id(2)?,
        sku: String::new(),
        lot_id: row.id(3)?,
        lot_code: row.text(4)?.to_owned(),
        location: row.text(5)?.to_owned(),
        delta: Quantity(row.int(6)?),
        movement: Movement::from_code(row.text(7)?).ok_or_else(|| unreadable("a movement"))?.code(),
        note: row.text(8)?.to_owned(),
        mutation_id: row.optional_id(9)?,
        author: row.text(10)?.to_owned(),
        captured_at: UnixMillis(row.int(11)?),
        booked_at: UnixMillis(row.int(12)?),
    })
}

/// Without its lines.
fn order(row: &dyn Columns) -> Result<OrderBooked, StoreFault> {
    let order = Order {
        id: row.id(1)?,
        number: row.text(2)?.to_owned(),
        currency: row.text(3)?.to_owned(),
        lines: Vec::new(),
        to_site: None,
    };
    Ok(OrderBooked {
        order,
        total_minor: row.int(4)?,
        author: row.text(5)?.to_owned(),
        captured_at: UnixMillis(row.int(6)?),
        booked_at: UnixMillis(row.int(7)?),
    })
}

/// The webhook with its next events. None if there is no such webhook.
pub(crate) fn next(
    session: &dyn Session,
    site: &str,
    id: Uuid,
) -> Result<Option<(Webhook, EventBatch)>, StoreFault> {
    // While an import is written, nothing of it is told.
    let rev = sites::site(session, site)?.rev;
    let Some(webhook) = webhooks::find(session, site, id)? else { return Ok(None) };
    let mut found = Vec::new();
    for source in SOURCES.iter().filter(|source| webhook.kinds.contains(&source.kind)) {
        let (condition, params) = source.after(site, &webhook.state.position)?;
        let sql = format!(
            "SELECT {} FROM {} WHERE {condition} ORDER BY rev, {} LIMIT {}",
            source.columns(),
            source.table,
            source.key,
            MAX_BATCH_EVENTS + 1
        );
        found.extend(session.all(&sql, &params, |row| source.read(row))?);
    }
    found.sort_unstable_by(|a, b| a.position.cmp(&b.position));
    let mut is_last = found.len() <= MAX_BATCH_EVENTS;
    found.truncate(MAX_BATCH_EVENTS);
    name_products(session, site, &mut found)?;
    fill_orders(session, site, &mut found)?;
    name_people(session, site, &mut found)?;
    let mut events = found.iter().map(|found| event(site, found)).collect::<Result<Vec<_>, _>>()?;
    let fitting = fitting(&events);
    is_last &= fitting == events.len();
    events.truncate(fitting);
    let through = match events.last() {
        Some(last) if !is_last => last.position.clone(),
        Some(_) | None => Position::end_of(rev),
    };
    Ok(Some((webhook, EventBatch { events, through, is_last })))
}

/// The number of events that fit into a batch: at least one.
fn fitting(events: &[Event]) -> usize {
    let mut bytes = 0;
    let over = events.iter().position(|event| {
        bytes += event.json.get().len();
        bytes > MAX_BATCH_BYTES
    });
    over.map_or(events.len(), |first| first.max(1))
}

fn name_people(session: &dyn Session, site: &str, found: &mut [Found]) -> Result<(), StoreFault> {
    let authors = found.iter_mut().filter_map(|found| match &mut found.data {
        Data::Movement(movement) => Some(&mut movement.author),
        Data::Order(order) => Some(&mut order.author),
        Data::Product(_) | Data::Delivery(_) => None,
    });
    people::show_names(session, site, authors.map(|author| ShownAuthor { author, approved_by: None }))
}

fn name_products(session: &dyn Session, site: &str, found: &mut [Found]) -> Result<(), StoreFault> {
    let moved = found.iter().filter_map(|found| {
        if let Data::Movement(movement) = &found.data { Some(movement.product_id) } else { None }
    });
    let products: BTreeSet<Uuid> = moved.collect();
    let keys: Vec<_> = products.iter().map(|product| params![*product].to_vec()).collect();
    let select = "SELECT product_id, sku FROM products WHERE site = ?1";
    let mut skus = BTreeMap::new();
    session.query_keys(Keyed { select, key: &["product_id"], tail: "" }, site, &keys, &mut |row| {
        skus.insert(row.id(0)?, row.text(1)?.to_owned());
        Ok(())
    })?;
    for found in found {
        if let Data::Movement(movement) = &mut found.data {
            movement.sku = skus.get(&movement.product_id).cloned().unwrap_or_default();
        }
    }
    Ok(())
}

fn fill_orders(session: &dyn Session, site: &str, found: &mut [Found]) -> Result<(), StoreFault> {
    let orders: Vec<_> = found
        .iter()
        .filter_map(|found| if let Data::Order(booked) = &found.data { Some(booked.order.id) } else { None })
        .map(|order| params![order].to_vec())
        .collect();
    let select = "SELECT order_id, line, product_id, lot_code, location, quantity, unit_price_minor \
                  FROM order_lines WHERE site = ?1";
    let mut lines: BTreeMap<Uuid, BTreeMap<i64, OrderLine>> = BTreeMap::new();
    session.query_keys(Keyed { select, key: &["order_id"], tail: "" }, site, &orders, &mut |row| {
        let lot = LotRef {
            product_id: row.id(2)?,
            lot_code: row.text(3)?.to_owned(),
            location: row.text(4)?.to_owned(),
        };
        let line = OrderLine { lot, quantity: Quantity(row.int(5)?), unit_price_minor: row.int(6)? };
        lines.entry(row.id(0)?).or_default().insert(row.int(1)?, line);
        Ok(())
    })?;
    for found in found {
        if let Data::Order(booked) = &mut found.data {
            booked.order.lines = lines.remove(&booked.order.id).unwrap_or_default().into_values().collect();
        }
    }
    Ok(())
}

/// An event as it is sent.
#[derive(Serialize)]
struct Sent<'e> {
    id: Uuid,
    #[serde(rename = "type")]
    kind: &'static str,
    rev: u64,
    data: &'e RawValue,
}

fn event(site: &str, found: &Found) -> Result<Event, StoreFault> {
    let Found { position, data } = found;
    let rev = position.rev;
    let (kind, text) = match data {
        Data::Product(row) => (EventKind::ProductChanged, json(row)?),
        Data::Delivery(row) => (EventKind::DeliveryChanged, json(row)?),
        Data::Movement(row) => (EventKind::MovementBooked, json(row)?),
        Data::Order(row) => (EventKind::OrderBooked, json(row)?),
    };
    // After a restore of the database, devices send again what it lacks: booked again, it has the same id under another
    // revision. Other contents under the same revision have another id.
    let what = match data {
        Data::Product(_) | Data::Delivery(_) => format!("{rev} {text}"),
        Data::Order(booked) => booked.order.id.to_string(),
        Data::Movement(MovementBooked { mutation_id: Some(mutation), line, .. }) => {
            format!("{mutation} {line}")
        }
        Data::Movement(MovementBooked { line, lot_id, delta, booked_at, .. }) => {
            format!("{rev} {line} {lot_id} {} {}", delta.0, booked_at.0)
        }
    };
    let id = Uuid::new_v5(&EVENT_IDS, format!("{site}\n{}\n{what}", kind.name()).as_bytes());
    let raw =
        |text: String| RawValue::from_string(text).map_err(|error| StoreFault::Failed(error.to_string()));
    let data = raw(text)?;
    let sent = Sent { id, kind: kind.name(), rev, data: &data };
    Ok(Event { id, position: position.clone(), json: raw(json(&sent)?)? })
}

/// The number of events after a webhook's position; at most `most`.
pub(crate) fn pending(session: &dyn Session, webhook: &Webhook, most: u64) -> Result<u64, StoreFault> {
    let mut pending = 0;
    for source in SOURCES.iter().filter(|source| webhook.kinds.contains(&source.kind)) {
        let (condition, params) = source.after(&webhook.site, &webhook.state.position)?;
        let sql = format!(
            "SELECT count(*) FROM (SELECT 1 FROM {} WHERE {condition} LIMIT {}) AS pending",
            source.table,
            to_i64(most)
        );
        pending += session.first(&sql, &params, |row| row.int(0))?.map_or(0, from_i64);
    }
    Ok(pending.min(most))
}
