//! The rows of a batch while it is decided: each mutation sees the changes of those before it.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Conflict, Effect, FieldRev, Product, Row, StockException, Warehouse, conflict_key, lot_prefix};
use sync::{Records, RowKey, Rows};
use uuid::Uuid;

use super::barcode::barcode_key;
use super::late_facts;
use super::records::{BookedEffect, Known, StoredRow};
use super::wording;

/// The result of one action on a copy of the rows it touches.
pub(super) struct AppliedAction {
    /// The index of the mutation in the batch.
    pub(super) mutation: usize,
    /// The touched rows afterwards.
    pub(super) rows: Rows<Row>,
    /// Rows that are deleted along with them.
    pub(super) also_deleted: Vec<RowKey>,
    pub(super) effects: Vec<Effect>,
}

/// Rows, claims and orders, and the changes made to them so far.
pub(super) struct WorkingSet {
    /// The client that edits are attributed to.
    client: Uuid,
    rev: u64,
    rows: BTreeMap<RowKey, StoredRow>,
    claims: BTreeMap<String, RowKey>,
    orders: BTreeSet<Uuid>,
    numbers: BTreeSet<String>,
    sites: BTreeSet<String>,
    changed: BTreeSet<RowKey>,
    effects: Vec<BookedEffect>,
}

impl WorkingSet {
    /// The site's state before the first mutation.
    pub(super) fn new(client: Uuid, known: Known) -> Self {
        let Known { rev, rows, claims, orders, numbers, sites, max_seq: _, receipts: _, authors: _ } = known;
        let (changed, effects) = (BTreeSet::new(), Vec::new());
        Self { client, rev, rows, claims, orders, numbers, sites, changed, effects }
    }

    pub(super) fn client(&self) -> Uuid {
        self.client
    }

    /// The site's revision after the mutations so far.
    pub(super) fn rev(&self) -> u64 {
        self.rev
    }

    pub(super) fn row(&self, key: &RowKey) -> Option<&StoredRow> {
        self.rows.get(key)
    }

    pub(super) fn rows(&self) -> &BTreeMap<RowKey, StoredRow> {
        &self.rows
    }

    /// The row that holds a claim.
    pub(super) fn holder(&self, claim: &str) -> Option<&RowKey> {
        self.claims.get(claim)
    }

    pub(super) fn number_exists(&self, number: &str) -> bool {
        self.numbers.contains(number)
    }

    pub(super) fn order_exists(&self, id: Uuid) -> bool {
        self.orders.contains(&id)
    }

    /// Whether there is another site of this name.
    pub(super) fn site_exists(&self, site: &str) -> bool {
        self.sites.contains(site)
    }

    /// A product's rows in a table whose keys begin with the product's.
    pub(super) fn rows_of(
        &self,
        table: &'static str,
        product: Uuid,
    ) -> impl Iterator<Item = (&RowKey, &StoredRow)> {
        let prefix = lot_prefix(product);
        let from = RowKey::new(table, prefix.clone());
        self.rows.range(from..).take_while(move |(key, _)| key.table == table && key.key.starts_with(&prefix))
    }

    /// A live product with this barcode, as normalized by [`barcode_key`], that is not one of `except`.
    pub(super) fn product_with_barcode(&self, barcode: &str, except: &[Uuid]) -> Option<&Product> {
        let live = self.rows.values().filter(|stored| !stored.deleted);
        let mut others =
            live.filter_map(|stored| stored.row.product()).filter(|product| !except.contains(&product.id));
        others.find(|product| barcode_key(&product.barcode).as_deref() == Some(barcode))
    }

    /// Live exceptions about other products that name this product as the second one.
    pub(super) fn exceptions_naming(
        &self,
        product: Uuid,
    ) -> impl Iterator<Item = (&RowKey, &StockException)> {
        let live = self.rows.iter().filter(|(_, stored)| !stored.deleted);
        let exceptions = live.filter_map(|(key, stored)| Some((key, stored.row.exception()?)));
        exceptions.filter(move |(_, exception)| exception.other == Some(product))
    }

    /// The rows of these keys that exist and are not deleted.
    pub(super) fn live_rows(&self, keys: &[RowKey]) -> Rows<Row> {
        let live =
            keys.iter().filter_map(|key| Some((key, self.rows.get(key).filter(|stored| !stored.deleted)?)));
        live.map(|(key, stored)| (key.clone(), stored.row.clone())).collect()
    }

    /// Writes the result of an action on the `touched` rows, under one new revision unless it is a no-op.
    /// Returns the rows that were deleted besides.
    pub(super) fn write(&mut self, touched: &[RowKey], applied: AppliedAction) -> Vec<RowKey> {
        let AppliedAction { mutation, mut rows, also_deleted, effects } = applied;
        let before = self.live_rows(touched);
        // A count without a difference is noted in the lot's row as well, and an exception that is raised again
        // is a later one, even if it looks the same.
        let counted = late_facts::counted_lots(&effects);
        let raised: BTreeSet<RowKey> = effects.iter().filter_map(raised_key).collect();
        let is_written =
            |key: &&RowKey| before.get(key) != rows.get(key) || counted.contains(key) || raised.contains(key);
        let differs: Vec<&RowKey> = touched.iter().filter(is_written).collect();
        if differs.is_empty() && also_deleted.is_empty() && effects.is_empty() {
            return also_deleted;
        }
        self.rev += 1;
        for key in differs {
            match rows.remove(key) {
                Some(row) => self.put(key, row),
                None => self.delete(key),
            }
        }
        let last = FieldRev { rev: self.rev, client: self.client };
        for key in &counted {
            if let Some(stored) = self.rows.get_mut(key) {
                late_facts::note_count(&mut stored.fields, last);
            }
        }
        also_deleted.iter().for_each(|key| self.delete(key));
        for (line, effect) in (0_u64..).zip(effects) {
            if let Effect::Order(order) = &effect {
                self.orders.insert(order.id);
                self.numbers.insert(order.number.clone());
            }
            self.effects.push(BookedEffect { rev: self.rev, line, mutation, effect });
        }
        also_deleted
    }

    /// Writes the conflict of a refused mutation under a new revision. Returns its key.
    pub(super) fn add_conflict(&mut self, conflict: Conflict) -> RowKey {
        let key = conflict_key(conflict.id);
        self.rev += 1;
        self.put(&key, Row::Conflict(conflict));
        key
    }

    /// Deletes the conflict of a mutation, if there is one.
    pub(super) fn close_conflict(&mut self, mutation: Uuid) {
        let key = conflict_key(mutation);
        if self.rows.get(&key).is_some_and(|stored| !stored.deleted) {
            self.rev += 1;
            self.delete(&key);
        }
    }

    /// The rows that were written, and the effects in order.
    pub(super) fn into_changes(self) -> (BTreeMap<RowKey, StoredRow>, Vec<BookedEffect>) {
        let Self { mut rows, changed, effects, .. } = self;
        (changed.into_iter().filter_map(|key| rows.remove_entry(&key)).collect(), effects)
    }

    fn put(&mut self, key: &RowKey, row: Row) {
        let old = self.rows.get(key);
        let last = FieldRev { rev: self.rev, client: self.client };
        let mut fields = old.map(|old| old.fields.clone()).unwrap_or_default();
        let written = match old {
            Some(old) if old.deleted => wording::all_fields(&row).to_vec(),
            Some(old) => wording::changed_fields(&old.row, &row),
            // A new row has no earlier readers, so no edit can conflict.
            None => Vec::new(),
        };
        fields.extend(written.into_iter().map(|field| (field.to_owned(), last)));
        self.release_claims(key);
        self.claims.extend(claimed_by(&row).into_iter().map(|claim| (claim, key.clone())));
        self.rows.insert(key.clone(), StoredRow { rev: self.rev, row, deleted: false, fields });
        self.changed.insert(key.clone());
    }

    fn delete(&mut self, key: &RowKey) {
        self.release_claims(key);
        let Some(stored) = self.rows.get_mut(key) else { return };
        stored.rev = self.rev;
        stored.deleted = true;
        self.changed.insert(key.clone());
    }

    fn release_claims(&mut self, key: &RowKey) {
        self.claims.retain(|_, holder| holder != key);
    }
}

fn raised_key(effect: &Effect) -> Option<RowKey> {
    match effect {
        Effect::Raised(exception) => Some(exception.key()),
        Effect::Stock(_)
        | Effect::Order(_)
        | Effect::Resolved { .. }
        | Effect::Closed { .. }
        | Effect::Edited { .. } => None,
    }
}

/// Index keys of `row` that no other row may have.
fn claimed_by(row: &Row) -> Vec<String> {
    Warehouse::identify(row).index_keys.into_iter().filter(|key| key.starts_with("sku:")).collect()
}
