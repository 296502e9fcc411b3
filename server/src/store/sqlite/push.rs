//! Books a batch: load, decide, write, in the one transaction of the caller.

use std::sync::LazyLock;

use domain::{Delivery, Effect, LotRef, Order, StockException};
use rusqlite::{Connection, ToSql, Transaction, params};
use sync::Mutation;
use uuid::Uuid;

use super::super::{Pushed, StoreFault};
use super::convert::{json, to_i64, verdict_code};
use super::save::{self, EditLine, LedgerLine};
use super::sql::{insert, upsert};
use super::{load, schema};
use crate::booking::{Batch, Booked, BookedEffect, DecodedAction, book};

static CLIENT: LazyLock<String> =
    LazyLock::new(|| upsert("clients", "site, client", "site, client, device, max_seq"));
static RECEIPT: LazyLock<String> = LazyLock::new(|| {
    insert("receipts", "site, client, seq, mutation_id, verdict, code, message, rev, touched, booked_at")
});
static ORDER: LazyLock<String> = LazyLock::new(|| {
    insert(
        "orders",
        "site, order_id, number, currency, total_minor, rev, mutation_id, client, author, captured_at, \
         booked_at",
    )
});
static ORDER_LINE: LazyLock<String> = LazyLock::new(|| {
    insert(
        "order_lines",
        "site, order_id, line, product_id, lot_id, lot_code, location, quantity, unit_price_minor",
    )
});
/// The columns that all notes have: see [`Note`].
const NOTE_COLUMNS: &str =
    "site, rev, line, product_id, reason, mutation_id, client, author, captured_at, booked_at";
static RESOLUTION: LazyLock<String> =
    LazyLock::new(|| insert("resolutions", &format!("{NOTE_COLUMNS}, kind, lot_id, lot_code, location")));
static SHORTAGE: LazyLock<String> = LazyLock::new(|| {
    insert("shortages", &format!("{NOTE_COLUMNS}, delivery_id, number, expected, received"))
});

pub(super) fn push(transaction: &Transaction<'_>, batch: Batch) -> Result<Pushed, StoreFault> {
    let known = load::known(transaction, &batch)?;
    let known_seq = known.max_seq;
    let before = known.rev;
    let batch = batch.bounded();
    let booked = book(&batch, known);
    if !booked.answers.is_empty() {
        write(transaction, &batch, &booked)?;
    }
    if booked.rev != before {
        schema::set_rev(transaction, &batch.site, booked.rev)?;
    }
    Ok(Pushed { rev_before: before, rev: booked.rev, known_seq, receipts: booked.answers })
}

pub(super) fn push_nothing(connection: &Connection, site: &str, client: Uuid) -> Result<Pushed, StoreFault> {
    let known_seq = load::max_seq(connection, site, client)?;
    let rev = schema::site(connection, site)?.rev;
    Ok(Pushed { rev_before: rev, rev, known_seq, receipts: Vec::new() })
}

fn write(transaction: &Transaction<'_>, batch: &Batch, booked: &Booked) -> Result<(), StoreFault> {
    let rows = || booked.changed.values();
    // Products may have exchanged SKUs, so all are released before the first row is written.
    for product in rows().filter_map(|stored| stored.row.product()) {
        save::release_sku(transaction, &batch.site, product.id)?;
    }
    // Products first, because lots refer to them.
    let (products, lots): (Vec<_>, Vec<_>) = rows().partition(|stored| stored.row.product().is_some());
    for stored in products.into_iter().chain(lots) {
        save::row(transaction, &batch.site, stored, batch.now)?;
    }
    for effect in &booked.effects {
        write_effect(transaction, batch, effect)?;
    }
    write_receipts(transaction, batch, booked)?;
    let max_seq = to_i64(booked.max_seq);
    transaction.prepare_cached(&CLIENT)?.execute(params![batch.site, batch.client, batch.device, max_seq])?;
    Ok(())
}

fn write_receipts(transaction: &Transaction<'_>, batch: &Batch, booked: &Booked) -> Result<(), StoreFault> {
    let mut insert = transaction.prepare_cached(&RECEIPT)?;
    for receipt in &booked.receipts {
        insert.execute(params![
            batch.site,
            receipt.client,
            to_i64(receipt.seq),
            receipt.id,
            verdict_code(receipt.verdict),
            receipt.code,
            receipt.message,
            to_i64(receipt.rev),
            json(&receipt.touched)?,
            batch.now.0,
        ])?;
    }
    Ok(())
}

fn write_effect(
    transaction: &Transaction<'_>,
    batch: &Batch,
    booked: &BookedEffect,
) -> Result<(), StoreFault> {
    let Some(mutation) = batch.mutations.get(booked.mutation) else { return Ok(()) };
    match &booked.effect {
        Effect::Stock(entry) => save::ledger(
            transaction,
            &LedgerLine {
                site: &batch.site,
                rev: booked.rev,
                line: booked.line,
                entry,
                origin: Some((mutation.id, batch.client)),
                author: &mutation.author,
                captured_at: mutation.captured_at,
                booked_at: batch.now,
            },
        ),
        Effect::Order(order) => write_order(transaction, batch, booked.rev, mutation, order),
        Effect::Resolved { exception, reason } => {
            let note = Note { batch, booked, mutation, reason };
            write_resolution(transaction, &note, exception)
        }
        Effect::Closed { delivery, reason } => {
            let note = Note { batch, booked, mutation, reason };
            write_shortages(transaction, &note, delivery)
        }
        Effect::Edited { product_id, edit } => save::edit(
            transaction,
            &EditLine {
                site: &batch.site,
                rev: booked.rev,
                line: booked.line,
                product: *product_id,
                edit,
                origin: Some((mutation.id, batch.client)),
                author: &mutation.author,
                captured_at: mutation.captured_at,
                booked_at: batch.now,
            },
        ),
        // The exception is stored only as its row.
        Effect::Raised(_) => Ok(()),
    }
}

fn write_order<A>(
    transaction: &Transaction<'_>,
    batch: &Batch,
    rev: u64,
    mutation: &Mutation<A>,
    order: &Order,
) -> Result<(), StoreFault> {
    transaction.prepare_cached(&ORDER)?.execute(params![
        batch.site,
        order.id,
        order.number,
        order.currency,
        order.total().minor,
        to_i64(rev),
        mutation.id,
        batch.client,
        mutation.author,
        mutation.captured_at.0,
        batch.now.0,
    ])?;
    let mut insert = transaction.prepare_cached(&ORDER_LINE)?;
    for (number, line) in (0_i64..).zip(&order.lines) {
        let lot = &line.lot;
        insert.execute(params![
            batch.site,
            order.id,
            number,
            lot.product_id,
            lot.id(),
            lot.lot_code,
            lot.location,
            line.quantity.0,
            line.unit_price_minor,
        ])?;
    }
    Ok(())
}

/// A person's decision that changed no stock, for a product's history.
struct Note<'n> {
    batch: &'n Batch,
    booked: &'n BookedEffect,
    mutation: &'n Mutation<DecodedAction>,
    reason: &'n str,
}

impl Note<'_> {
    /// Writes one row by `sql`, whose columns are [`NOTE_COLUMNS`] and those of `own`.
    fn write(
        &self,
        transaction: &Transaction<'_>,
        sql: &str,
        (line, product): (u64, Uuid),
        own: [&dyn ToSql; 4],
    ) -> Result<(), StoreFault> {
        let Self { batch, booked, mutation, reason } = self;
        let (rev, line) = (to_i64(booked.rev), to_i64(line));
        let (captured_at, booked_at) = (mutation.captured_at.0, batch.now.0);
        let shared: [&dyn ToSql; 10] = [
            &batch.site,
            &rev,
            &line,
            &product,
            reason,
            &mutation.id,
            &batch.client,
            &mutation.author,
            &captured_at,
            &booked_at,
        ];
        transaction.prepare_cached(sql)?.execute(&[&shared[..], &own[..]].concat()[..])?;
        Ok(())
    }
}

fn write_resolution(
    transaction: &Transaction<'_>,
    note: &Note<'_>,
    exception: &StockException,
) -> Result<(), StoreFault> {
    let lot = exception.lot.as_ref();
    let lot_id = lot.map_or(Uuid::nil(), LotRef::id);
    let lot_code = lot.map_or("", |lot| lot.lot_code.as_str());
    let location = lot.map_or("", |lot| lot.location.as_str());
    let own: [&dyn ToSql; 4] = [&exception.kind.code(), &lot_id, &lot_code, &location];
    note.write(transaction, &RESOLUTION, (note.booked.line, exception.product_id), own)
}

/// Writes the missing quantity of each product of a closed delivery.
fn write_shortages(
    transaction: &Transaction<'_>,
    note: &Note<'_>,
    delivery: &Delivery,
) -> Result<(), StoreFault> {
    for (line, missing) in (note.booked.line..).zip(delivery.missing()) {
        let own: [&dyn ToSql; 4] = [&delivery.id, &delivery.number, &missing.expected.0, &missing.received.0];
        note.write(transaction, &SHORTAGE, (line, missing.product_id), own)?;
    }
    Ok(())
}
