//! Books rows from files, a slice at a time. An import books through the ledger like mutations do: a lot's quantity
//! changes by an entry, so that the sum of entries stays the quantity on hand.

mod barcodes;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use domain::{
    Delivery, ExceptionKind, FieldRev, InventoryLot, LedgerEntry, LotRef, Movement, Product, ProductEdit,
    Quantity, Row, delivery_key, exception_key, key_text, lot_key, product_key, same_key,
};
use serde::{Deserialize, Serialize};
use sync::{RowKey, UnixMillis};
use uuid::Uuid;

use super::super::{Import, Imported, LotRecord, ProductRecord, StockChange, StoreFault};
use super::exceptions::{Finding, differs, lot_finding, row_of};
use super::load;
use super::save::{self, Booking};
use super::session::{Keyed, Session, params};
use crate::booking::{StoredRow, barcode_key, changed_fields, note_count};

/// Rows under one revision: devices pull whole revisions, so one must fit well into a response.
pub(super) const MAX_ROWS_PER_REVISION: u64 = 1_000;
/// The author of an import of files.
pub(super) const AUTHOR: &str = "import";

/// A row of an import.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum ImportRow<'i> {
    Product(Cow<'i, ProductRecord>),
    Lot(Cow<'i, LotRecord>),
    Delivery(Cow<'i, Delivery>),
    /// A product whose barcode has changed. It comes after the last product, as products may have exchanged barcodes.
    Relabelled(Uuid),
}

impl Import {
    /// The number of rows in the files.
    pub(super) fn len(&self) -> usize {
        self.products.len() + self.lots.len() + self.deliveries.len()
    }

    /// The rows from `at` on, in the order of writing.
    pub(super) fn rows_from(&self, at: usize) -> impl Iterator<Item = ImportRow<'_>> {
        let products = self.products.iter().map(|row| ImportRow::Product(Cow::Borrowed(row)));
        let lots = self.lots.iter().map(|row| ImportRow::Lot(Cow::Borrowed(row)));
        let deliveries = self.deliveries.iter().map(|row| ImportRow::Delivery(Cow::Borrowed(row)));
        products.chain(lots).chain(deliveries).skip(at)
    }
}

/// The changes of a slice, made or only checked.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) done: Imported,
    /// In the order of the rows.
    pub(super) stock: Vec<StockChange>,
    /// Products whose barcode has changed.
    pub(super) relabelled: Vec<Uuid>,
}

/// The parts that all slices of an import share.
#[derive(Clone, Copy)]
pub(super) struct Slices<'s> {
    pub(super) session: &'s dyn Session,
    pub(super) site: &'s str,
    pub(super) now: UnixMillis,
    /// The author of entries and exceptions.
    pub(super) author: &'s str,
}

impl<'s> Slices<'s> {
    /// The changes that these rows would make to the database. `products` are those of all slices.
    ///
    /// # Errors
    /// If they cannot be booked: the stock book has changed since the files were read.
    pub(super) fn check(self, rows: &[ImportRow<'_>], products: &HashSet<Uuid>) -> Result<Tally, StoreFault> {
        let slice = self.decide(rows, 0)?;
        self.check_skus(rows, &slice.known)?;
        self.check_products_of_lots(rows, products)?;
        Ok(slice.tally)
    }

    /// No other product has got the SKU of a new one.
    fn check_skus(
        self,
        rows: &[ImportRow<'_>],
        known: &BTreeMap<RowKey, StoredRow>,
    ) -> Result<(), StoreFault> {
        let is_live = |id: Uuid| known.get(&product_key(id)).is_some_and(|stored| !stored.deleted);
        let products = rows.iter().filter_map(|row| {
            if let ImportRow::Product(record) = row { Some(&record.product) } else { None }
        });
        let new = products.filter(|product| !is_live(product.id));
        let keys: BTreeSet<String> = new.map(|product| key_text(&product.sku).into_owned()).collect();
        let keys: Vec<_> = keys.iter().map(|key| params![key].to_vec()).collect();
        let select = "SELECT sku FROM products WHERE site = ?1";
        let holders = Keyed { select, key: &["sku_key"], tail: "AND deleted_at IS NULL" };
        self.session.query_keys(holders, self.site, &keys, &mut |row| {
            let sku = row.text(0)?;
            let message = format!(
                "Another product has got the SKU {sku} since the files were read. Import them again."
            );
            Err(StoreFault::invalid("sku_taken", message))
        })
    }

    /// The products of all lots are there.
    fn check_products_of_lots(
        self,
        rows: &[ImportRow<'_>],
        products: &HashSet<Uuid>,
    ) -> Result<(), StoreFault> {
        let of_lots = rows
            .iter()
            .filter_map(|row| if let ImportRow::Lot(record) = row { Some(&record.lot) } else { None });
        let named = of_lots.filter(|lot| !products.contains(&lot.product_id));
        let keys: BTreeMap<RowKey, &LotRef> = named.map(|lot| (product_key(lot.product_id), lot)).collect();
        let found = load::rows(self.session, self.site, keys.keys())?;
        let Some((_, lot)) = keys.iter().find(|(key, _)| !found.contains_key(key)) else { return Ok(()) };
        let message = format!(
            "The product of lot {} is not in the stock book any more. Import the files again.",
            lot.lot_code
        );
        Err(StoreFault::invalid("unknown_product", message))
    }

    /// Books these rows after the revision `rev`. Returns the revision afterwards.
    pub(super) fn book(self, rows: &[ImportRow<'_>], rev: u64) -> Result<(u64, Tally), StoreFault> {
        let mut slice = self.decide(rows, rev)?;
        slice.write()?;
        let relabelled = rows.iter().filter_map(|row| match row {
            ImportRow::Relabelled(id) => Some(*id),
            ImportRow::Product(_) | ImportRow::Lot(_) | ImportRow::Delivery(_) => None,
        });
        slice.check_barcodes(&relabelled.collect::<Vec<_>>())?;
        Ok((slice.rev, slice.tally))
    }

    fn decide(self, rows: &[ImportRow<'_>], rev: u64) -> Result<Slice<'s>, StoreFault> {
        let mut slice = Slice {
            of: self,
            known: load::rows(self.session, self.site, &keys(rows))?,
            changed: BTreeSet::new(),
            ledger: Vec::new(),
            edits: Vec::new(),
            rev,
            rows_in_rev: MAX_ROWS_PER_REVISION,
            tally: Tally::default(),
        };
        for row in rows {
            match row {
                ImportRow::Product(record) => slice.product(record),
                ImportRow::Lot(record) => slice.lot(record),
                ImportRow::Delivery(delivery) => slice.delivery(delivery),
                ImportRow::Relabelled(_) => {}
            }
        }
        Ok(slice)
    }
}

/// The keys of the rows that these rows need.
fn keys(rows: &[ImportRow<'_>]) -> BTreeSet<RowKey> {
    let mut keys = BTreeSet::new();
    for row in rows {
        match row {
            ImportRow::Product(record) => keys.extend([product_key(record.product.id)]),
            ImportRow::Lot(record) => {
                let below = exception_key(ExceptionKind::BelowZero, record.lot.product_id, Some(&record.lot));
                keys.extend([lot_key(&record.lot), below]);
            }
            ImportRow::Delivery(delivery) => keys.extend([delivery_key(delivery.id)]),
            ImportRow::Relabelled(_) => {}
        }
    }
    keys
}

struct Slice<'s> {
    of: Slices<'s>,
    /// The rows of these keys, those of this slice included.
    known: BTreeMap<RowKey, StoredRow>,
    changed: BTreeSet<RowKey>,
    /// Entries with their revisions and lines.
    ledger: Vec<(u64, u64, LedgerEntry)>,
    /// Edits of products with their revisions and lines.
    edits: Vec<(u64, u64, Uuid, ProductEdit)>,
    rev: u64,
    rows_in_rev: u64,
    tally: Tally,
}

impl Slice<'_> {
    fn product(&mut self, record: &ProductRecord) {
        let key = product_key(record.product.id);
        let old = self.known.get(&key).cloned();
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
            self.tally.relabelled.push(product.id);
        }
        let edit = live.and_then(|old| ProductEdit::between(old, &product));
        let id = product.id;
        self.put(key, old, Row::Product(product));
        self.edits.extend(edit.map(|edit| (self.rev, self.rows_in_rev, id, edit)));
    }

    fn lot(&mut self, record: &LotRecord) {
        let key = lot_key(&record.lot);
        let old = self.known.get(&key).cloned();
        let before = old.as_ref().filter(|old| !old.deleted).and_then(|old| old.row.lot()).cloned();
        let is_known = old.is_some();
        let before = before.unwrap_or_else(|| InventoryLot::empty(record.lot.clone()));
        // The row keeps its spelling.
        let named = before.lot.clone();
        let delta = record.quantity - before.quantity;
        if is_known && delta != Quantity::ZERO {
            let (before, after) = (before.quantity, record.quantity);
            self.tally.stock.push(StockChange { lot: named.clone(), before, after });
        }
        let lot = InventoryLot {
            lot: named.clone(),
            quantity: record.quantity,
            status: record.status.unwrap_or(before.status),
            expires_on: record.expires_on.unwrap_or(before.expires_on),
            received_on: record.received_on.unwrap_or(before.received_on),
        };
        let finding = lot_finding(&lot, before.quantity, self.of.author, self.of.now);
        let was_written = self.put(key, old, Row::Lot(lot));
        if !was_written || delta == Quantity::ZERO {
            return;
        }
        let entry = LedgerEntry { lot: named, delta, movement: Movement::Import, note: String::new() };
        self.ledger.push((self.rev, self.rows_in_rev, entry));
        let old = self.known.get(&finding.0).cloned();
        if differs(old.as_ref(), &finding) {
            self.put_finding(finding, old);
        }
    }

    /// A known delivery keeps its received quantities.
    fn delivery(&mut self, delivery: &Delivery) {
        let key = delivery_key(delivery.id);
        let old = self.known.get(&key).cloned();
        let known = old.as_ref().filter(|old| !old.deleted).and_then(|old| old.row.delivery());
        let expected = match known {
            // The row keeps its spelling.
            Some(known) => Delivery { number: known.number.clone(), ..delivery.clone().replacing(known) },
            None => delivery.clone(),
        };
        self.put(key, old, Row::Delivery(expected));
    }

    /// Raises or clears an exception.
    fn put_finding(&mut self, (key, found): Finding, old: Option<StoredRow>) {
        let rev = self.next_rev();
        if let Some(stored) = row_of(found, old, rev) {
            self.known.insert(key.clone(), stored);
            self.changed.insert(key);
        }
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

    /// Changes the row unless it is the same. Returns whether it was changed.
    fn put(&mut self, key: RowKey, old: Option<StoredRow>, row: Row) -> bool {
        let Imported { added, changed, unchanged } = &mut self.tally.done;
        let mut written = Vec::new();
        match &old {
            Some(old) if !old.deleted && old.row == row => {
                *unchanged += 1;
                return false;
            }
            Some(old) if !old.deleted => {
                *changed += 1;
                written = changed_fields(&old.row, &row);
            }
            Some(_) | None => *added += 1,
        }
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
        self.known.insert(key.clone(), StoredRow { rev, row, deleted: false, fields: revs });
        self.changed.insert(key);
        true
    }

    fn write(&mut self) -> Result<(), StoreFault> {
        let Slices { session, site, now, author } = self.of;
        let changed = self.changed.iter().filter_map(|key| self.known.get(key));
        let mut changes = save::row_changes(site, changed, now)?;
        let booking = |rev, line| {
            let author = Cow::Borrowed(author);
            Booking { rev, line, origin: None, author, captured_at: now, booked_at: now }
        };
        let ledger = self.ledger.iter().map(|(rev, line, entry)| (booking(*rev, *line), entry));
        changes.push(save::ledger(site, ledger));
        let edits = self.edits.iter().map(|(rev, line, id, edit)| (booking(*rev, *line), (*id, edit)));
        changes.push(save::edits(site, edits)?);
        session.change(&changes)
    }
}
