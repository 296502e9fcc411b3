//! Books a batch: load, decide, write, in the one transaction of the caller.

use domain::{Delivery, Effect, LotRef, Order, StockException};
use sync::Mutation;
use uuid::Uuid;

use super::super::{Pushed, StoreFault};
use super::convert::{json, verdict_code};
use super::people::author_of;
use super::save::{self, Booking};
use super::session::{Change, Insert, Param, Session, params};
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
    let mut changes = if booked.answers.is_empty() { Vec::new() } else { changes(&batch, &booked)? };
    if booked.rev != before {
        changes.push(sites::rev_change(&batch.site, booked.rev));
        session.announce(&batch.site, booked.rev);
    }
    session.change(&changes)?;
    drop(changes);
    Ok(Pushed { rev_before: before, rev: booked.rev, known_seq, receipts: booked.answers })
}

pub(crate) fn push_nothing(session: &dyn Session, site: &str, client: Uuid) -> Result<Pushed, StoreFault> {
    let known_seq = load::max_seq(session, site, client)?;
    let rev = sites::site(session, site)?.rev;
    Ok(Pushed { rev_before: rev, rev, known_seq, receipts: Vec::new() })
}

/// The changes that book a batch. Each may rely on those before it.
fn changes<'b>(batch: &'b Batch, booked: &'b Booked) -> Result<Vec<Change<'b>>, StoreFault> {
    let site = batch.site.as_str();
    // Products may have exchanged SKUs, so all are released before the first row is written.
    let products = booked.changed.values().filter_map(|stored| stored.row.product());
    let mut changes: Vec<Change<'_>> = products.map(|product| save::sku_release(site, product.id)).collect();
    changes.extend(save::row_changes(site, booked.changed.values(), batch.now)?);
    changes.extend(effect_changes(batch, &booked.effects)?);
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
    changes.push(Change::Insert(RECEIPT, receipts.collect::<Result<Vec<_>, StoreFault>>()?));
    let client = params![site, batch.client, batch.device, booked.max_seq, batch.last_outcome_seq];
    changes.push(Change::Insert(CLIENT, vec![client.to_vec()]));
    Ok(changes)
}

fn effect_changes<'b>(batch: &'b Batch, effects: &'b [BookedEffect]) -> Result<Vec<Change<'b>>, StoreFault> {
    let (mut changes, mut ledger, mut edits) = (Vec::new(), Vec::new(), Vec::new());
    for booked in effects {
        let Some(mutation) = batch.mutations.get(booked.mutation) else { continue };
        let note = |reason| Note { batch, booked, mutation, reason };
        match &booked.effect {
            Effect::Stock(entry) => ledger.push((booking_of(batch, booked, mutation), entry)),
            Effect::Order(order) => changes.extend(placed(batch, booked.rev, mutation, order)),
            Effect::Resolved { exception, reason } => changes.push(resolution(&note(reason), exception)),
            Effect::Closed { delivery, reason } => changes.push(shortages(&note(reason), delivery)),
            Effect::Edited { product_id, edit } => {
                edits.push((booking_of(batch, booked, mutation), (*product_id, edit)));
            }
            // The exception is stored only as its row.
            Effect::Raised(_) => {}
        }
    }
    changes.push(save::ledger(&batch.site, ledger));
    changes.push(save::edits(&batch.site, edits)?);
    Ok(changes)
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

/// An order and its lines.
fn placed<'b, A>(batch: &'b Batch, rev: u64, mutation: &'b Mutation<A>, order: &'b Order) -> [Change<'b>; 2] {
    let values = params![
        &batch.site,
        order.id,
        &order.number,
        &order.currency,
        order.total().minor,
        rev,
        mutation.id,
        batch.client,
        author_of(mutation),
        mutation.captured_at,
        batch.now,
        order.to_site.as_deref().unwrap_or_default(),
    ];
    let line = |(number, line): (i64, &'b domain::OrderLine)| {
        let lot = &line.lot;
        params![
            &batch.site,
            order.id,
            number,
            lot.product_id,
            lot.id(),
            &lot.lot_code,
            &lot.location,
            line.quantity.0,
            line.unit_price_minor,
        ]
        .to_vec()
    };
    let lines = (0_i64..).zip(&order.lines).map(line).collect();
    [Change::Insert(ORDER, vec![values.to_vec()]), Change::Insert(ORDER_LINE, lines)]
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
            author_of(mutation),
            mutation.captured_at,
            batch.now,
        ];
        shared.into_iter().chain(own).collect()
    }
}

fn resolution<'n>(note: &Note<'n>, exception: &'n StockException) -> Change<'n> {
    let lot = exception.lot.as_ref();
    let own = params![
        exception.kind.code(),
        lot.map_or(Uuid::nil(), LotRef::id),
        lot.map_or("", |lot| lot.lot_code.as_str()),
        lot.map_or("", |lot| lot.location.as_str()),
    ];
    Change::Insert(RESOLUTION, vec![note.params((note.booked.line, exception.product_id), own)])
}

/// The missing quantity of each product of a closed delivery.
fn shortages<'n>(note: &Note<'n>, delivery: &'n Delivery) -> Change<'n> {
    let missing = delivery.missing();
    let values = (note.booked.line..).zip(missing).map(|(line, missing)| {
        let own = params![delivery.id, &delivery.number, missing.expected.0, missing.received.0];
        note.params((line, missing.product_id), own)
    });
    Change::Insert(SHORTAGE, values.collect())
}
