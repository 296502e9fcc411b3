//! Writes rows and ledger entries, for mutations and for imports.

use std::sync::LazyLock;

use domain::{
    Conflict, Delivery, InventoryLot, LedgerEntry, LotRef, Product, ProductEdit, Row, StockException,
    UnknownCode, key_text, normalize_gtin,
};
use rusqlite::{Transaction, params};
use sync::UnixMillis;
use uuid::Uuid;

use super::super::StoreFault;
use super::convert::{json, to_i64, verdict_code};
use super::sql::{insert, upsert};
use crate::booking::StoredRow;

static PRODUCT: LazyLock<String> = LazyLock::new(|| {
    let product = upsert(
        "products",
        "site, product_id",
        "site, product_id, sku, sku_key, barcode, barcode_key, name, unit, price_minor, currency, \
         family, variant, rev, field_revs, deleted_at",
    );
    // With another SKU, a product is no longer the twin of the one that shared the old one.
    format!("{product}, sku_twin = CASE WHEN products.sku = excluded.sku THEN products.sku_twin ELSE '' END")
});
static LOT: LazyLock<String> = LazyLock::new(|| {
    upsert(
        "inventory_lots",
        "site, product_id, lot_id",
        "site, product_id, lot_id, lot_code, code_key, location, quantity, status, expires_on, received_on, rev, \
         field_revs, deleted_at",
    )
});
static DELIVERY: LazyLock<String> = LazyLock::new(|| {
    upsert(
        "deliveries",
        "site, delivery_id",
        "site, delivery_id, number, supplier, expected_on, lines, closed, is_open, rev, deleted_at",
    )
});
static EXCEPTION: LazyLock<String> = LazyLock::new(|| {
    upsert(
        "exceptions",
        "site, product_id, lot_id, kind",
        "site, product_id, lot_id, kind, lot_code, location, other, before, after, basis, author, \
         raised_at, rev, deleted_at",
    )
});
static UNKNOWN_CODE: LazyLock<String> = LazyLock::new(|| {
    upsert("unknown_codes", "site, code", "site, code, times, devices, booked_at, rev, deleted_at")
});
static CONFLICT: LazyLock<String> = LazyLock::new(|| {
    upsert(
        "conflicts",
        "site, mutation_id",
        "site, mutation_id, verdict, code, message, action, author, captured_at, booked_at, rev, deleted_at",
    )
});
static LEDGER: LazyLock<String> = LazyLock::new(|| {
    insert(
        "stock_ledger",
        "site, rev, line, product_id, lot_id, lot_code, location, delta, movement, note, mutation_id, \
         client, author, captured_at, booked_at",
    )
});
static EDIT: LazyLock<String> = LazyLock::new(|| {
    insert(
        "product_edits",
        "site, rev, line, product_id, before, after, mutation_id, client, author, captured_at, booked_at",
    )
});

/// Writes a row with its revision, or turns it into a tombstone.
pub(super) fn row(
    transaction: &Transaction<'_>,
    site: &str,
    stored: &StoredRow,
    now: UnixMillis,
) -> Result<(), StoreFault> {
    let fields = if stored.fields.is_empty() { "{}".to_owned() } else { json(&stored.fields)? };
    let deleted_at = stored.deleted.then_some(now.0);
    let meta = Meta { site, rev: to_i64(stored.rev), fields: &fields, deleted_at, now };
    match &stored.row {
        Row::Product(row) => product(transaction, &meta, row),
        Row::Lot(row) => lot(transaction, &meta, row),
        Row::Delivery(row) => delivery(transaction, &meta, row),
        Row::Exception(row) => exception(transaction, &meta, row),
        Row::UnknownCode(row) => unknown_code(transaction, &meta, row),
        Row::Conflict(row) => conflict(transaction, &meta, row),
    }
}

/// Sets the product's SKU key to a value that no SKU has, until its row is written.
pub(super) fn release_sku(
    transaction: &Transaction<'_>,
    site: &str,
    product: Uuid,
) -> Result<(), StoreFault> {
    transaction
        .prepare_cached(
            "UPDATE products SET sku_key = char(1) || hex(product_id) WHERE site = ?1 AND product_id = ?2",
        )?
        .execute(params![site, product])?;
    Ok(())
}

struct Meta<'m> {
    site: &'m str,
    rev: i64,
    fields: &'m str,
    deleted_at: Option<i64>,
    now: UnixMillis,
}

fn product(transaction: &Transaction<'_>, meta: &Meta<'_>, row: &Product) -> Result<(), StoreFault> {
    transaction.prepare_cached(&PRODUCT)?.execute(params![
        meta.site,
        row.id,
        row.sku,
        key_text(&row.sku),
        row.barcode,
        normalize_gtin(&row.barcode),
        row.name,
        row.unit,
        row.price_minor,
        row.currency,
        row.family,
        row.variant,
        meta.rev,
        meta.fields,
        meta.deleted_at,
    ])?;
    Ok(())
}

fn lot(transaction: &Transaction<'_>, meta: &Meta<'_>, row: &InventoryLot) -> Result<(), StoreFault> {
    let text = |date: Option<domain::CalendarDate>| date.map(|date| date.to_string());
    transaction.prepare_cached(&LOT)?.execute(params![
        meta.site,
        row.lot.product_id,
        row.lot.id(),
        row.lot.lot_code,
        key_text(&row.lot.lot_code),
        row.lot.location,
        row.quantity.0,
        row.status.code(),
        text(row.expires_on),
        text(row.received_on),
        meta.rev,
        meta.fields,
        meta.deleted_at,
    ])?;
    Ok(())
}

fn delivery(transaction: &Transaction<'_>, meta: &Meta<'_>, row: &Delivery) -> Result<(), StoreFault> {
    transaction.prepare_cached(&DELIVERY)?.execute(params![
        meta.site,
        row.id,
        row.number,
        row.supplier,
        row.expected_on.map(|date| date.to_string()),
        json(&row.lines)?,
        row.closed,
        row.is_open(),
        meta.rev,
        meta.deleted_at,
    ])?;
    Ok(())
}

fn exception(transaction: &Transaction<'_>, meta: &Meta<'_>, row: &StockException) -> Result<(), StoreFault> {
    let lot = row.lot.as_ref();
    transaction.prepare_cached(&EXCEPTION)?.execute(params![
        meta.site,
        row.product_id,
        lot.map_or(Uuid::nil(), LotRef::id),
        row.kind.code(),
        lot.map_or("", |lot| lot.lot_code.as_str()),
        lot.map_or("", |lot| lot.location.as_str()),
        row.other,
        row.before.0,
        row.after.0,
        row.basis.map(|basis| basis.0),
        row.author,
        row.at.0,
        meta.rev,
        meta.deleted_at,
    ])?;
    Ok(())
}

fn unknown_code(transaction: &Transaction<'_>, meta: &Meta<'_>, row: &UnknownCode) -> Result<(), StoreFault> {
    transaction.prepare_cached(&UNKNOWN_CODE)?.execute(params![
        meta.site,
        row.code,
        to_i64(row.times),
        json(&row.devices)?,
        meta.now.0,
        meta.rev,
        meta.deleted_at,
    ])?;
    Ok(())
}

fn conflict(transaction: &Transaction<'_>, meta: &Meta<'_>, row: &Conflict) -> Result<(), StoreFault> {
    transaction.prepare_cached(&CONFLICT)?.execute(params![
        meta.site,
        row.id,
        verdict_code(row.verdict),
        row.code,
        row.message,
        row.action,
        row.author,
        row.at.0,
        meta.now.0,
        meta.rev,
        meta.deleted_at,
    ])?;
    Ok(())
}

/// One entry of the stock ledger.
pub(super) struct LedgerLine<'l> {
    pub(super) site: &'l str,
    pub(super) rev: u64,
    pub(super) line: u64,
    pub(super) entry: &'l LedgerEntry,
    /// The mutation and the client it came from; none for an import.
    pub(super) origin: Option<(Uuid, Uuid)>,
    pub(super) author: &'l str,
    pub(super) captured_at: UnixMillis,
    pub(super) booked_at: UnixMillis,
}

pub(super) fn ledger(transaction: &Transaction<'_>, line: &LedgerLine<'_>) -> Result<(), StoreFault> {
    let LedgerEntry { lot, delta, movement, note } = line.entry;
    transaction.prepare_cached(&LEDGER)?.execute(params![
        line.site,
        to_i64(line.rev),
        to_i64(line.line),
        lot.product_id,
        lot.id(),
        lot.lot_code,
        lot.location,
        delta.0,
        movement.code(),
        note,
        line.origin.map(|(mutation, _)| mutation),
        line.origin.map(|(_, client)| client),
        line.author,
        line.captured_at.0,
        line.booked_at.0,
    ])?;
    Ok(())
}

/// One edit of a product.
pub(super) struct EditLine<'l> {
    pub(super) site: &'l str,
    pub(super) rev: u64,
    pub(super) line: u64,
    pub(super) product: Uuid,
    pub(super) edit: &'l ProductEdit,
    /// The mutation and the client it came from; none for an import.
    pub(super) origin: Option<(Uuid, Uuid)>,
    pub(super) author: &'l str,
    pub(super) captured_at: UnixMillis,
    pub(super) booked_at: UnixMillis,
}

pub(super) fn edit(transaction: &Transaction<'_>, line: &EditLine<'_>) -> Result<(), StoreFault> {
    transaction.prepare_cached(&EDIT)?.execute(params![
        line.site,
        to_i64(line.rev),
        to_i64(line.line),
        line.product,
        json(&line.edit.before)?,
        json(&line.edit.after)?,
        line.origin.map(|(mutation, _)| mutation),
        line.origin.map(|(_, client)| client),
        line.author,
        line.captured_at.0,
        line.booked_at.0,
    ])?;
    Ok(())
}
