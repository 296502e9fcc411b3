//! Writes rows, ledger entries and edits, for mutations and for imports.

use std::borrow::Cow;

use domain::{
    CalendarDate, Conflict, Delivery, InventoryLot, LedgerEntry, LotRef, Person, Product, ProductEdit, Row,
    SiteSetting, StockException, UnknownCode, key_text, normalize_gtin,
};
use sync::UnixMillis;
use uuid::Uuid;

use super::super::StoreFault;
use super::convert::{json, verdict_code};
use super::session::{Change, Insert, Param, Session, params};
use crate::booking::StoredRow;

const PRODUCT: Insert<'_> = Insert {
    table: "products",
    columns: "site, product_id, sku, sku_key, barcode, barcode_key, name, unit, price_minor, currency, family, \
              variant, rev, field_revs, deleted_at",
    key: "site, product_id",
    // With another SKU, a product is no longer the twin of the one that shared the old one.
    also: ", sku_twin = CASE WHEN products.sku = excluded.sku THEN products.sku_twin ELSE '' END",
};
const LOT: Insert<'_> = Insert::new(
    "inventory_lots",
    "site, product_id, lot_id, lot_code, code_key, location, quantity, status, expires_on, received_on, \
              rev, field_revs, deleted_at",
)
.over("site, product_id, lot_id");
const DELIVERY: Insert<'_> = Insert::new(
    "deliveries",
    "site, delivery_id, number, supplier, expected_on, lines, closed, is_open, rev, deleted_at",
)
.over("site, delivery_id");
const EXCEPTION: Insert<'_> = Insert::new(
    "exceptions",
    "site, product_id, lot_id, kind, lot_code, location, other, before, after, basis, author, raised_at, \
              rev, deleted_at",
)
.over("site, product_id, lot_id, kind");
const UNKNOWN_CODE: Insert<'_> =
    Insert::new("unknown_codes", "site, code, times, devices, booked_at, rev, deleted_at").over("site, code");
const CONFLICT: Insert<'_> = Insert::new(
    "conflicts",
    "site, mutation_id, verdict, code, message, action, author, captured_at, booked_at, rev, deleted_at",
)
.over("site, mutation_id");
const PERSON: Insert<'_> = Insert::new(
    "people",
    "site, person_id, name, initials, badge, pin, language, role, active, rev, deleted_at",
)
.over("site, person_id");
const SETTING: Insert<'_> =
    Insert::new("site_settings", "site, code, value, rev, deleted_at").over("site, code");
const LEDGER: Insert<'_> = Insert::new(
    "stock_ledger",
    "site, rev, line, product_id, lot_id, lot_code, location, delta, movement, note, mutation_id, client, \
              author, captured_at, booked_at",
);
const EDIT: Insert<'_> = Insert::new(
    "product_edits",
    "site, rev, line, product_id, before, after, mutation_id, client, author, captured_at, booked_at",
);

/// The tables of rows in the order of writing: lots refer to products.
const TABLES: [Insert<'_>; 8] = [PRODUCT, LOT, DELIVERY, EXCEPTION, UNKNOWN_CODE, CONFLICT, PERSON, SETTING];

/// Writes rows with their revisions, or turns them into tombstones. No two of them have the same key.
pub(crate) fn rows<'r>(
    session: &dyn Session,
    site: &'r str,
    rows: impl IntoIterator<Item = &'r StoredRow>,
    now: UnixMillis,
) -> Result<(), StoreFault> {
    session.change(&row_changes(site, rows, now)?)
}

/// The changes of [`rows`].
pub(super) fn row_changes<'r>(
    site: &'r str,
    rows: impl IntoIterator<Item = &'r StoredRow>,
    now: UnixMillis,
) -> Result<Vec<Change<'r>>, StoreFault> {
    let mut of_tables = TABLES.map(|insert| (insert, Vec::new()));
    for stored in rows {
        let fields = if stored.fields.is_empty() { "{}".to_owned() } else { json(&stored.fields)? };
        let deleted_at = stored.deleted.then_some(now.0);
        let meta = Meta { site, rev: stored.rev, fields, deleted_at, now };
        let (table, values) = match &stored.row {
            Row::Product(row) => (PRODUCT.table, product(meta, row)),
            Row::Lot(row) => (LOT.table, lot(meta, row)),
            Row::Delivery(row) => (DELIVERY.table, delivery(&meta, row)?),
            Row::Exception(row) => (EXCEPTION.table, exception(&meta, row)),
            Row::UnknownCode(row) => (UNKNOWN_CODE.table, unknown_code(&meta, row)?),
            Row::Conflict(row) => (CONFLICT.table, conflict(&meta, row)),
            Row::Person(row) => (PERSON.table, person(&meta, row)?),
            Row::Setting(row) => (SETTING.table, setting(&meta, row)),
        };
        if let Some((_, of_table)) = of_tables.iter_mut().find(|(insert, _)| insert.table == table) {
            of_table.push(values);
        }
    }
    Ok(of_tables.into_iter().map(|(insert, values)| Change::Insert(insert, values)).collect())
}

/// Sets the product's SKU key to a value that no SKU has, until its row is written.
pub(super) fn sku_release(site: &str, product: Uuid) -> Change<'_> {
    let sql = "UPDATE products SET sku_key = ?3 WHERE site = ?1 AND product_id = ?2";
    let free = format!("\u{1}{:X}", product.simple());
    Change::Execute(sql, params![site, product, free].to_vec())
}

struct Meta<'m> {
    site: &'m str,
    rev: u64,
    fields: String,
    deleted_at: Option<i64>,
    now: UnixMillis,
}

fn product<'p>(meta: Meta<'p>, row: &'p Product) -> Vec<Param<'p>> {
    let Meta { site, rev, fields, deleted_at, .. } = meta;
    params![
        site,
        row.id,
        &row.sku,
        key_text(&row.sku).into_owned(),
        &row.barcode,
        normalize_gtin(&row.barcode),
        &row.name,
        &row.unit,
        row.price_minor,
        &row.currency,
        &row.family,
        &row.variant,
        rev,
        fields,
        deleted_at,
    ]
    .to_vec()
}

fn lot<'p>(meta: Meta<'p>, row: &'p InventoryLot) -> Vec<Param<'p>> {
    let Meta { site, rev, fields, deleted_at, .. } = meta;
    params![
        site,
        row.lot.product_id,
        row.lot.id(),
        &row.lot.lot_code,
        key_text(&row.lot.lot_code).into_owned(),
        &row.lot.location,
        row.quantity.0,
        row.status.code(),
        date(row.expires_on),
        date(row.received_on),
        rev,
        fields,
        deleted_at,
    ]
    .to_vec()
}

fn delivery<'p>(meta: &Meta<'p>, row: &'p Delivery) -> Result<Vec<Param<'p>>, StoreFault> {
    Ok(params![
        meta.site,
        row.id,
        &row.number,
        &row.supplier,
        date(row.expected_on),
        json(&row.lines)?,
        row.closed,
        row.is_open(),
        meta.rev,
        meta.deleted_at,
    ]
    .to_vec())
}

fn exception<'p>(meta: &Meta<'p>, row: &'p StockException) -> Vec<Param<'p>> {
    let lot = row.lot.as_ref();
    params![
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
        &row.author,
        row.at,
        meta.rev,
        meta.deleted_at,
    ]
    .to_vec()
}

fn unknown_code<'p>(meta: &Meta<'p>, row: &'p UnknownCode) -> Result<Vec<Param<'p>>, StoreFault> {
    let devices = json(&row.devices)?;
    Ok(params![meta.site, &row.code, row.times, devices, meta.now, meta.rev, meta.deleted_at].to_vec())
}

fn conflict<'p>(meta: &Meta<'p>, row: &'p Conflict) -> Vec<Param<'p>> {
    params![
        meta.site,
        row.id,
        verdict_code(row.verdict),
        &row.code,
        &row.message,
        &row.action,
        &row.author,
        row.at,
        meta.now,
        meta.rev,
        meta.deleted_at,
    ]
    .to_vec()
}

fn person<'p>(meta: &Meta<'p>, row: &'p Person) -> Result<Vec<Param<'p>>, StoreFault> {
    Ok(params![
        meta.site,
        row.id,
        &row.name,
        &row.initials,
        row.badge,
        row.pin.as_ref().map(json).transpose()?,
        &row.language,
        row.role.code(),
        row.active,
        meta.rev,
        meta.deleted_at,
    ]
    .to_vec())
}

fn setting<'p>(meta: &Meta<'p>, row: &'p SiteSetting) -> Vec<Param<'p>> {
    params![meta.site, &row.code, &row.value, meta.rev, meta.deleted_at].to_vec()
}

fn date(date: Option<CalendarDate>) -> Option<String> {
    date.map(|date| date.to_string())
}

/// The place of an entry in a site's history, and where it came from.
#[derive(Clone, Debug)]
pub(super) struct Booking<'b> {
    pub(super) rev: u64,
    pub(super) line: u64,
    /// The mutation and the client it came from; none for an import.
    pub(super) origin: Option<(Uuid, Uuid)>,
    /// The device's name, or the people who answer for it: see [`people::author_of`](super::people::author_of).
    pub(super) author: Cow<'b, str>,
    pub(super) captured_at: UnixMillis,
    pub(super) booked_at: UnixMillis,
}

/// Appends entries to the stock ledger.
pub(super) fn ledger<'l>(
    site: &'l str,
    entries: impl IntoIterator<Item = (Booking<'l>, &'l LedgerEntry)>,
) -> Change<'l> {
    let lines = entries.into_iter().map(|(booking, entry)| ledger_line(site, booking, entry));
    Change::Insert(LEDGER, lines.collect())
}

fn ledger_line<'l>(site: &'l str, booking: Booking<'l>, entry: &'l LedgerEntry) -> Vec<Param<'l>> {
    let LedgerEntry { lot, delta, movement, note } = entry;
    params![
        site,
        booking.rev,
        booking.line,
        lot.product_id,
        lot.id(),
        &lot.lot_code,
        &lot.location,
        delta.0,
        movement.code(),
        note,
        booking.origin.map(|(mutation, _)| mutation),
        booking.origin.map(|(_, client)| client),
        booking.author,
        booking.captured_at,
        booking.booked_at,
    ]
    .to_vec()
}

/// An edit of a product.
pub(super) type EditOf<'e> = (Uuid, &'e ProductEdit);

/// Stores edits of products.
pub(super) fn edits<'e>(
    site: &'e str,
    edits: impl IntoIterator<Item = (Booking<'e>, EditOf<'e>)>,
) -> Result<Change<'e>, StoreFault> {
    let lines = edits.into_iter().map(|(booking, of)| edit_line(site, booking, of));
    Ok(Change::Insert(EDIT, lines.collect::<Result<_, _>>()?))
}

fn edit_line<'l>(
    site: &'l str,
    booking: Booking<'l>,
    (product, edit): EditOf<'_>,
) -> Result<Vec<Param<'l>>, StoreFault> {
    Ok(params![
        site,
        booking.rev,
        booking.line,
        product,
        json(&edit.before)?,
        json(&edit.after)?,
        booking.origin.map(|(mutation, _)| mutation),
        booking.origin.map(|(_, client)| client),
        booking.author,
        booking.captured_at,
        booking.booked_at,
    ]
    .to_vec())
}
