//! Books a batch: load, decide, write, in the one transaction of the caller.

use domain::{Delivery, Effect, LotRef, Order, StockException};
use sync::Mutation;
use uuid::Uuid;

use super::super::{Pushed, StoreFault};
use super::convert::{json, verdict_code};
use super::people::author_of;
use super::save::{self, Booking};
use super::session::{Insert, Param, Session, params};
use super::{load, sites};
use crate::booking::{Batch, Booked, BookedEffect, DecodedAction, book};

const CLIENT: Insert<'_> = Insert {
    table: "clients",
    columns: "site, client, device, max_seq, acknowledged_seq",
    key: "site, client",
    // A request that comes late tells less.
    also: ", acknowledged_seq = CASE WHEN clients.acknowledged_seq > excluded.acknowledged_seq \
           THEN clients.acknowledged_seq ELSE excluded.acknowledged_seq END",
};
const RECEIPT: Insert<'_> = Insert::new(
    "receipts",
    "site, client, seq, mutation_id, verdict, code, message, rev, touched, booked_at",
);
const ORDER: Insert<'_> = Insert::new(
    "orders",
    "site, order_id, number, currency, total_minor, rev, mutation_id, client, author, captured_at, booked_at, to_site",
);
const ORDER_LINE: Insert<'_> = Insert::new(
    "order_lines",
    "site, order_id, line, product_id, lot_id, lot_code, location, quantity, unit_price_minor",
);
/// The first columns are those of [`Note::params`].
const RESOLUTION: Insert<'_> = Insert::new(
    "resolutions",
    "site, rev, line, product_id, reason, mutation_id, client, author, captured_at, booked_at, kind, \
              lot_id, lot_code, location",
);
/// The first columns are those of [`Note::params`].
const SHORTAGE: Insert<'_> = Insert::new(
    "shortages",
    "site, rev, line, product_id, reason, mutation_id, client, author, captured_at, booked_at, delivery_id, \
              number, expected, received",
);

pub(crate) fn push(session: &dyn Session, batch: &Batch) -> Result<Pushed, StoreFault> {
    let known = load::known(session, batch)?;
    let known_seq = known.max_seq;
    let before = known.rev;
    let batch = batch.clone().bounded().named(&known.authors);
    let booked = book(&batch, known);
    if !booked.answers.is_empty() {
        write(session, &batch, &booked)?;
    }
    if booked.rev != before {
        sites::set_rev(session, &batch.site, booked.rev)?;
    }
    Ok(Pushed { rev_before: before, rev: booked.rev, known_seq, receipts: booked.answers })
}

pub(crate) fn push_nothing(session: &dyn Session, site: &str, client: Uuid) -> Result<Pushed, StoreFault> {
    let known_seq = load::max_seq(session, site, client)?;
    let rev = sites::site(session, site)?.rev;
    Ok(Pushed { rev_before: rev, rev, known_seq, receipts: Vec::new() })
}

fn write(session: &dyn Session, batch: &Batch, booked: &Booked) -> Result<(), StoreFault> {
    let site = batch.site.as_str();
    // Products may have exchanged SKUs, so all are released before the first row is written.
    for product in booked.changed.values().filter_map(|stored| stored.row.product()) {
        save::release_sku(session, site, product.id)?;
    }
    save::rows(session, site, booked.changed.values(), batch.now)?;
    write_effects(session, batch, &booked.effects)?;
    let receipts = booked.receipts.iter().map(|receipt| {
        Ok(params![
            site,
            receipt.client,
            receipt.seq,
            receipt.id,
            verdict_code(receipt.verdict),
            &receipt.code,
            &receipt.message,
            receipt.rev,
            json(&receipt.touched)?,
            batch.now,
        ]
        .to_vec())
    });
    session.insert(RECEIPT, &receipts.collect::<Result<Vec<_>, StoreFault>>()?)?;
    let client = params![site, batch.client, batch.device, booked.max_seq, batch.last_outcome_seq];
    session.insert(CLIENT, &[client.to_vec()])
}

fn write_effects(session: &dyn Session, batch: &Batch, effects: &[BookedEffect]) -> Result<(), StoreFault> {
    let (mut ledger, mut edits) = (Vec::new(), Vec::new());
    for booked in effects {
        let Some(mutation) = batch.mutations.get(booked.mutation) else { continue };
        let note = |reason| Note { batch, booked, mutation, reason };
        match &booked.effect {
            Effect::Stock(entry) => ledger.push((booking_of(batch, booked, mutation), entry)),
            Effect::Order(order) => write_order(session, batch, booked.rev, mutation, order)?,
            Effect::Resolved { exception, reason } => write_resolution(session, &note(reason), exception)?,
            Effect::Closed { delivery, reason } => write_shortages(session, &note(reason), delivery)?,
            Effect::Edited { product_id, edit } => {
                edits.push((booking_of(batch, booked, mutation), (*product_id, edit)));
            }
            // The exception is stored only as its row.
            Effect::Raised(_) => {}
        }
    }
    save::ledger(session, &batch.site, &ledger)?;
    save::edits(session, &batch.site, &edits)
}

fn booking_of<'b>(
    batch: &Batch,
    booked: &BookedEffect,
    mutation: &'b Mutation<DecodedAction>,
) -> Booking<'b> {
    Booking {
        rev: booked.rev,
        line: booked.line,
        origin: Some((mutation.id, batch.client)),
        author: author_of(mutation),
        captured_at: mutation.captured_at,
        booked_at: batch.now,
    }
}

fn write_order<A>(
    session: &dyn Session,
    batch: &Batch,
    rev: u64,
    mutation: &Mutation<A>,
    order: &Order,
) -> Result<(), StoreFault> {
    let values = params![
        &batch.site,
        order.id,
        &order.number,
        &order.currency,
        order.total().minor,
        rev,
        mutation.id,
        batch.client,
        author_of(mutation).into_owned(),
        mutation.captured_at,
        batch.now,
        order.to_site.as_deref().unwrap_or_default(),
    ];
    session.insert(ORDER, &[values.to_vec()])?;
    let line = |(number, line): (i64, &domain::OrderLine)| {
        let lot = &line.lot;
        params![
            &batch.site,
            order.id,
            number,
            lot.product_id,
            lot.id(),
            lot.lot_code.clone(),
            lot.location.clone(),
            line.quantity.0,
            line.unit_price_minor,
        ]
        .to_vec()
    };
    session.insert(ORDER_LINE, &(0_i64..).zip(&order.lines).map(line).collect::<Vec<_>>())
}

/// A person's decision that changed no stock, for a product's history.
struct Note<'n> {
    batch: &'n Batch,
    booked: &'n BookedEffect,
    mutation: &'n Mutation<DecodedAction>,
    reason: &'n str,
}

impl<'n> Note<'n> {
    /// The values of the columns that all notes have, and those of `own`.
    fn params(&self, (line, product): (u64, Uuid), own: [Param<'n>; 4]) -> Vec<Param<'n>> {
        let Self { batch, booked, mutation, reason } = self;
        let shared = params![
            &batch.site,
            booked.rev,
            line,
            product,
            *reason,
            mutation.id,
            batch.client,
            author_of(mutation).into_owned(),
            mutation.captured_at,
            batch.now,
        ];
        shared.into_iter().chain(own).collect()
    }
}

fn write_resolution<'n>(
    session: &dyn Session,
    note: &Note<'n>,
    exception: &'n StockException,
) -> Result<(), StoreFault> {
    let lot = exception.lot.as_ref();
    let own = params![
        exception.kind.code(),
        lot.map_or(Uuid::nil(), LotRef::id),
        lot.map_or("", |lot| lot.lot_code.as_str()),
        lot.map_or("", |lot| lot.location.as_str()),
    ];
    session.insert(RESOLUTION, &[note.params((note.booked.line, exception.product_id), own)])
}

/// Writes the missing quantity of each product of a closed delivery.
fn write_shortages<'n>(
    session: &dyn Session,
    note: &Note<'n>,
    delivery: &'n Delivery,
) -> Result<(), StoreFault> {
    let missing = delivery.missing();
    let values = (note.booked.line..).zip(missing).map(|(line, missing)| {
        let own = params![delivery.id, &delivery.number, missing.expected.0, missing.received.0];
        note.params((line, missing.product_id), own)
    });
    session.insert(SHORTAGE, &values.collect::<Vec<_>>())
}
