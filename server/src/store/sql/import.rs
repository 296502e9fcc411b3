//! Imports rows from files. An import books through the ledger like mutations do: a lot's quantity changes by
//! an entry, so that the sum of entries stays the quantity on hand.

use domain::{
    Delivery, FieldRev, InventoryLot, LedgerEntry, Movement, Product, ProductEdit, Quantity, Row,
    delivery_key, lot_key, product_key, same_key, unknown_code_key,
};
use rusqlite::{Connection, Transaction};
use sync::RowKey;
use uuid::Uuid;

use super::super::{
    Consent, Import, ImportOutcome, Imported, KnownKeys, KnownProduct, LotRecord, OnRow, ProductRecord,
    StockChange, StoreFault,
};
use super::exceptions::{Finding, Inspector, row_of};
use super::save::{self, EditLine, LedgerLine};
use super::writer::Decided;
use super::{load, schema};
use crate::booking::{StoredRow, barcode_key, changed_fields, note_count};

/// Rows under one revision: devices pull whole revisions, so one must fit well into a response.
const MAX_ROWS_PER_REVISION: u64 = 1_000;
/// The author of entries and exceptions.
const AUTHOR: &str = "import";

pub(super) fn known_keys(connection: &Connection, site: &str) -> Result<KnownKeys, StoreFault> {
    let mut known = KnownKeys::default();
    // Of products with one key, the one that is no twin is the first.
    let sql =
        "SELECT sku, product_id, unit FROM products WHERE site = ?1 AND deleted_at IS NULL ORDER BY sku_twin";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([site])?;
    while let Some(row) = rows.next()? {
        let sku: String = row.get(0)?;
        known.products.insert(&sku, KnownProduct { id: row.get(1)?, unit: row.get(2)? });
    }
    let sql = "SELECT number, delivery_id FROM deliveries WHERE site = ?1 AND deleted_at IS NULL ORDER BY delivery_id";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([site])?;
    while let Some(row) = rows.next()? {
        let number: String = row.get(0)?;
        known.deliveries.insert(&number, row.get(1)?);
    }
    Ok(known)
}

pub(super) fn import(
    transaction: &Transaction<'_>,
    import: &Import,
    consent: &Consent,
    on_row: &OnRow,
) -> Result<Decided<ImportOutcome>, StoreFault> {
    schema::ensure_site(transaction, &import.site)?;
    let rev = schema::site(transaction, &import.site)?.rev;
    let mut importer = Importer {
        transaction,
        import,
        on_row,
        rev,
        rows_in_rev: MAX_ROWS_PER_REVISION,
        done: Imported::default(),
        stock: Vec::new(),
        relabelled: Vec::new(),
    };
    for record in &import.products {
        importer.product(record)?;
    }
    importer.check_barcodes()?;
    for record in &import.lots {
        importer.lot(record)?;
    }
    for delivery in &import.deliveries {
        importer.delivery(delivery)?;
    }
    let Importer { rev, done, stock, .. } = importer;
    schema::set_rev(transaction, &import.site, rev)?;
    let is_written = consent.allows(&stock);
    let outcome = ImportOutcome { imported: done, stock, is_written };
    Ok(if is_written { Decided::Keep(outcome) } else { Decided::Undo(outcome) })
}

struct Importer<'i> {
    transaction: &'i Transaction<'i>,
    import: &'i Import,
    on_row: &'i OnRow,
    rev: u64,
    rows_in_rev: u64,
    done: Imported,
    stock: Vec<StockChange>,
    /// Products whose barcode has changed.
    relabelled: Vec<Uuid>,
}

impl<'i> Importer<'i> {
    fn product(&mut self, record: &ProductRecord) -> Result<(), StoreFault> {
        let key = product_key(record.product.id);
        let old = load::row(self.transaction, &self.import.site, &key)?;
        let mut product = record.product.clone();
        if let Some(Product { family, variant, .. }) = old.as_ref().and_then(|old| old.row.product()) {
            if !record.has_family {
                product.family.clone_from(family);
            }
            if !record.has_variant {
                product.variant.clone_from(variant);
            }
        }
        let live = old.as_ref().filter(|old| !old.deleted).and_then(|old| old.row.product()).cloned();
        let live = live.as_ref();
        // The row keeps its spelling.
        if let Some(old) = live.filter(|old| same_key(&old.sku, &product.sku)) {
            product.sku.clone_from(&old.sku);
        }
        if live.and_then(|old| barcode_key(&old.barcode)) != barcode_key(&product.barcode) {
            self.relabelled.push(product.id);
        }
        let edit = live.and_then(|old| ProductEdit::between(old, &product));
        let id = product.id;
        self.put(old, Row::Product(product))?;
        let Some(edit) = edit else { return Ok(()) };
        save::edit(
            self.transaction,
            &EditLine {
                site: &self.import.site,
                rev: self.rev,
                line: self.rows_in_rev,
                product: id,
                edit: &edit,
                origin: None,
                author: AUTHOR,
                captured_at: self.import.now,
                booked_at: self.import.now,
            },
        )
    }

    fn lot(&mut self, record: &LotRecord) -> Result<(), StoreFault> {
        let key: RowKey = lot_key(&record.lot);
        let old = load::row(self.transaction, &self.import.site, &key)?;
        let before = old.as_ref().filter(|old| !old.deleted).and_then(|old| old.row.lot()).cloned();
        let is_known = old.is_some();
        let before = before.unwrap_or_else(|| InventoryLot::empty(record.lot.clone()));
        // The row keeps its spelling.
        let named = before.lot.clone();
        let delta = record.quantity - before.quantity;
        if is_known && delta != Quantity::ZERO {
            let (before, after) = (before.quantity, record.quantity);
            self.stock.push(StockChange { lot: named.clone(), before, after });
        }
        let lot = InventoryLot {
            lot: named.clone(),
            quantity: record.quantity,
            status: record.status.unwrap_or(before.status),
            expires_on: record.expires_on.unwrap_or(before.expires_on),
            received_on: record.received_on.unwrap_or(before.received_on),
        };
        let finding = self.inspector().lot(&lot, before.quantity);
        let was_written = self.put(old, Row::Lot(lot))?;
        if !was_written || delta == Quantity::ZERO {
            return Ok(());
        }
        let line = self.rows_in_rev;
        let entry = LedgerEntry { lot: named, delta, movement: Movement::Import, note: String::new() };
        save::ledger(
            self.transaction,
            &LedgerLine {
                site: &self.import.site,
                rev: self.rev,
                line,
                entry: &entry,
                origin: None,
                author: AUTHOR,
                captured_at: self.import.now,
                booked_at: self.import.now,
            },
        )?;
        self.write_finding(finding)
    }

    fn inspector(&self) -> Inspector<'i> {
        let Import { site, now, .. } = self.import;
        Inspector { connection: self.transaction, site, author: AUTHOR, now: *now }
    }

    /// Runs after the last product, because products may have exchanged barcodes.
    fn check_barcodes(&mut self) -> Result<(), StoreFault> {
        for id in std::mem::take(&mut self.relabelled) {
            for finding in self.inspector().product(id)? {
                self.write_finding(finding)?;
            }
            self.settle_code(id)?;
        }
        Ok(())
    }

    /// Deletes the unknown code that a product has now.
    fn settle_code(&mut self, id: Uuid) -> Result<(), StoreFault> {
        let Some(barcode) = self.inspector().barcode(id)? else { return Ok(()) };
        let old = load::row(self.transaction, &self.import.site, &unknown_code_key(&barcode))?;
        let Some(old) = old.filter(|old| !old.deleted) else { return Ok(()) };
        let settled = StoredRow { rev: self.next_rev(), deleted: true, ..old };
        save::row(self.transaction, &self.import.site, &settled, self.import.now)
    }

    /// Raises or clears the exception, unless its row is up to date.
    fn write_finding(&mut self, finding: Finding) -> Result<(), StoreFault> {
        let Some(old) = self.inspector().differs(&finding)? else { return Ok(()) };
        let Some(stored) = row_of(finding.1, old, self.next_rev()) else { return Ok(()) };
        save::row(self.transaction, &self.import.site, &stored, self.import.now)
    }

    /// The revision for the next row.
    fn next_rev(&mut self) -> u64 {
        if self.rows_in_rev >= MAX_ROWS_PER_REVISION {
            self.rev += 1;
            self.rows_in_rev = 0;
        }
        self.rows_in_rev += 1;
        self.rev
    }

    /// A known delivery keeps its received quantities.
    fn delivery(&mut self, delivery: &Delivery) -> Result<(), StoreFault> {
        let old = load::row(self.transaction, &self.import.site, &delivery_key(delivery.id))?;
        let known = old.as_ref().filter(|old| !old.deleted).and_then(|old| old.row.delivery());
        let expected = match known {
            // The row keeps its spelling.
            Some(known) => Delivery { number: known.number.clone(), ..delivery.clone().replacing(known) },
            None => delivery.clone(),
        };
        self.put(old, Row::Delivery(expected))?;
        Ok(())
    }

    /// Writes the row unless it is unchanged. Returns whether it was written.
    fn put(&mut self, old: Option<StoredRow>, row: Row) -> Result<bool, StoreFault> {
        let Imported { added, changed, unchanged } = &mut self.done;
        let mut written = Vec::new();
        match &old {
            Some(old) if !old.deleted && old.row == row => {
                *unchanged += 1;
                (self.on_row)(*added + *changed + *unchanged);
                return Ok(false);
            }
            Some(old) if !old.deleted => {
                *changed += 1;
                written = changed_fields(&old.row, &row);
            }
            Some(_) | None => *added += 1,
        }
        (self.on_row)(*added + *changed + *unchanged);
        let rev = self.next_rev();
        let last = FieldRev { rev, client: Uuid::nil() };
        let quantity = |row: &Row| row.lot().map(|lot| lot.quantity);
        // To work that was recorded before, the import is a count.
        let is_count = old.as_ref().is_some_and(|old| quantity(&old.row) != quantity(&row));
        let mut revs = old.map(|old| old.fields).unwrap_or_default();
        revs.extend(written.into_iter().map(|field| (field.to_owned(), last)));
        if is_count {
            note_count(&mut revs, last);
        }
        let stored = StoredRow { rev, row, deleted: false, fields: revs };
        save::row(self.transaction, &self.import.site, &stored, self.import.now)?;
        Ok(true)
    }
}
