//! Imports rows from files. An import books through the ledger like mutations do: a lot's quantity changes by
//! an entry, so that the sum of entries stays the quantity on hand.

use std::collections::HashMap;

use domain::{
    Delivery, FieldRev, InventoryLot, LedgerEntry, Movement, Product, Quantity, Row, delivery_key, lot_key,
    product_key,
};
use rusqlite::{Connection, Transaction};
use sync::RowKey;
use uuid::Uuid;

use super::super::{Import, Imported, LotRecord, ProductRecord, StoreFault};
use super::exceptions::{Finding, Inspector, row_of};
use super::save::{self, LedgerLine};
use super::{load, schema};
use crate::booking::{StoredRow, barcode_key, changed_fields};

/// Rows under one revision: devices pull whole revisions, so one must fit well into a response.
const MAX_ROWS_PER_REVISION: u64 = 1_000;
/// The author of entries and exceptions.
const AUTHOR: &str = "import";

pub(super) fn skus(connection: &Connection, site: &str) -> Result<HashMap<String, Uuid>, StoreFault> {
    let sql = "SELECT sku_key, product_id FROM products WHERE site = ?1 AND deleted_at IS NULL";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([site], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn import(transaction: &Transaction<'_>, import: &Import) -> Result<Imported, StoreFault> {
    let rev = schema::site(transaction, &import.site)?.rev;
    let mut importer = Importer {
        transaction,
        import,
        rev,
        rows_in_rev: MAX_ROWS_PER_REVISION,
        done: Imported::default(),
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
    let Importer { rev, done, .. } = importer;
    schema::set_rev(transaction, &import.site, rev)?;
    Ok(done)
}

struct Importer<'i> {
    transaction: &'i Transaction<'i>,
    import: &'i Import,
    rev: u64,
    rows_in_rev: u64,
    done: Imported,
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
        let live = old.as_ref().filter(|old| !old.deleted).and_then(|old| old.row.product());
        if live.and_then(|old| barcode_key(&old.barcode)) != barcode_key(&product.barcode) {
            self.relabelled.push(product.id);
        }
        self.put(old, Row::Product(product))?;
        Ok(())
    }

    fn lot(&mut self, record: &LotRecord) -> Result<(), StoreFault> {
        let key: RowKey = lot_key(&record.lot);
        let old = load::row(self.transaction, &self.import.site, &key)?;
        let before = old.as_ref().filter(|old| !old.deleted).and_then(|old| old.row.lot()).cloned();
        let before = before.unwrap_or_else(|| InventoryLot::empty(record.lot.clone()));
        let delta = record.quantity - before.quantity;
        let lot = InventoryLot {
            lot: record.lot.clone(),
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
        let entry =
            LedgerEntry { lot: record.lot.clone(), delta, movement: Movement::Import, note: String::new() };
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
        }
        Ok(())
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
            Some(known) => delivery.clone().expected_anew(known),
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
                (self.import.on_row)(*added + *changed + *unchanged);
                return Ok(false);
            }
            Some(old) if !old.deleted => {
                *changed += 1;
                written = changed_fields(&old.row, &row);
            }
            Some(_) | None => *added += 1,
        }
        (self.import.on_row)(*added + *changed + *unchanged);
        let rev = self.next_rev();
        let last = FieldRev { rev, client: Uuid::nil() };
        let mut revs = old.map(|old| old.fields).unwrap_or_default();
        revs.extend(written.into_iter().map(|field| (field.to_owned(), last)));
        let stored = StoredRow { rev, row, deleted: false, fields: revs };
        save::row(self.transaction, &self.import.site, &stored, self.import.now)?;
        Ok(true)
    }
}
