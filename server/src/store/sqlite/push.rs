//! Books a batch: load, decide, write, in the one transaction of the caller.

use domain::{Delivery, Effect, LotRef, StockException};
use rusqlite::{Transaction, params};
use sync::Mutation;
use uuid::Uuid;

use super::super::{Pushed, StoreFault};
use super::convert::{VERDICTS, json, to_i64};
use super::save::{self, LedgerLine};
use super::{load, schema};
use crate::booking::{Batch, Booked, BookedEffect, book};

pub(super) fn push(transaction: &Transaction<'_>, batch: &Batch) -> Result<Pushed, StoreFault> {
    let known = load::known(transaction, batch)?;
    let known_seq = known.max_seq;
    let before = known.rev;
    let booked = book(batch, known);
    if !booked.answers.is_empty() {
        write(transaction, batch, &booked)?;
    }
    if booked.rev != before {
        schema::set_rev(transaction, &batch.site, booked.rev)?;
    }
    Ok(Pushed { rev: booked.rev, known_seq, receipts: booked.answers })
}

fn write(transaction: &Transaction<'_>, batch: &Batch, booked: &Booked) -> Result<(), StoreFault> {
    let rows = || booked.changed.values();
    // Products may have passed SKUs on to each other: all let go of theirs before any takes its new one.
    for product in rows().filter_map(|stored| stored.row.product()) {
        save::release_sku(transaction, &batch.site, product.id)?;
    }
    // Lots refer to products, which therefore come first.
    let (products, lots): (Vec<_>, Vec<_>) = rows().partition(|stored| stored.row.product().is_some());
    for stored in products.into_iter().chain(lots) {
        save::row(transaction, &batch.site, stored, batch.now)?;
    }
    for effect in &booked.effects {
        write_effect(transaction, batch, effect)?;
    }
    write_receipts(transaction, batch, booked)?;
    transaction
        .prepare_cached(
            "INSERT INTO clients (site, client, device, max_seq) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (site, client) DO UPDATE SET device = excluded.device, max_seq = excluded.max_seq",
        )?
        .execute(params![batch.site, batch.client, batch.device, to_i64(booked.max_seq)])?;
    Ok(())
}

fn write_receipts(transaction: &Transaction<'_>, batch: &Batch, booked: &Booked) -> Result<(), StoreFault> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO receipts (site, client, seq, mutation_id, verdict, code, message, touched, booked_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    for receipt in &booked.receipts {
        let verdict = VERDICTS.into_iter().find(|(verdict, _)| *verdict == receipt.verdict);
        insert.execute(params![
            batch.site,
            receipt.client,
            to_i64(receipt.seq),
            receipt.id,
            verdict.map_or("rejected", |(_, name)| name),
            receipt.code,
            receipt.message,
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
            write_resolution(transaction, batch, booked, exception, reason)
        }
        Effect::Closed { delivery, reason } => write_shortages(transaction, batch, booked, delivery, reason),
        // Its row says so.
        Effect::Raised(_) => Ok(()),
    }
}

fn write_order<A>(
    transaction: &Transaction<'_>,
    batch: &Batch,
    rev: u64,
    mutation: &Mutation<A>,
    order: &domain::Order,
) -> Result<(), StoreFault> {
    transaction
        .prepare_cached(
            "INSERT INTO orders (site, order_id, number, currency, total_minor, rev, mutation_id, client, author, \
             captured_at, booked_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
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
    let mut insert = transaction.prepare_cached(
        "INSERT INTO order_lines (site, order_id, line, product_id, lot_id, lot_code, location, quantity, \
         unit_price_minor) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
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

fn write_resolution(
    transaction: &Transaction<'_>,
    batch: &Batch,
    booked: &BookedEffect,
    exception: &StockException,
    reason: &str,
) -> Result<(), StoreFault> {
    let Some(mutation) = batch.mutations.get(booked.mutation) else { return Ok(()) };
    let lot = exception.lot.as_ref();
    transaction
        .prepare_cached(
            "INSERT INTO resolutions (site, rev, line, kind, product_id, lot_id, lot_code, location, reason, \
             mutation_id, client, author, captured_at, booked_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?
        .execute(params![
            batch.site,
            to_i64(booked.rev),
            to_i64(booked.line),
            exception.kind.code(),
            exception.product_id,
            lot.map_or(Uuid::nil(), LotRef::id),
            lot.map_or("", |lot| lot.lot_code.as_str()),
            lot.map_or("", |lot| lot.location.as_str()),
            reason,
            mutation.id,
            batch.client,
            mutation.author,
            mutation.captured_at.0,
            batch.now.0,
        ])?;
    Ok(())
}

/// Writes down what did not come of a delivery, for each product that is missing.
fn write_shortages(
    transaction: &Transaction<'_>,
    batch: &Batch,
    booked: &BookedEffect,
    delivery: &Delivery,
    reason: &str,
) -> Result<(), StoreFault> {
    let Some(mutation) = batch.mutations.get(booked.mutation) else { return Ok(()) };
    let mut insert = transaction.prepare_cached(
        "INSERT INTO shortages (site, rev, line, delivery_id, number, product_id, expected, received, reason, \
         mutation_id, client, author, captured_at, booked_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?;
    for (line, missing) in (booked.line..).zip(delivery.missing()) {
        insert.execute(params![
            batch.site,
            to_i64(booked.rev),
            to_i64(line),
            delivery.id,
            delivery.number,
            missing.product_id,
            missing.expected.0,
            missing.received.0,
            reason,
            mutation.id,
            batch.client,
            mutation.author,
            mutation.captured_at.0,
            batch.now.0,
        ])?;
    }
    Ok(())
}
