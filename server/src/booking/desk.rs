//! The working set of a batch: each mutation is decided over what the ones before it left.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Action, Effect, FieldRev, MAX_NAME_CHARS, Product, Row, StockException, Warehouse, lot_prefix,
    product_key,
};
use sync::{ALREADY_BOOKED, Model, Receipt, RowKey, Rows, Verdict, WITHDRAWN};
use uuid::Uuid;

use super::rules::{self, Ruling};
use super::{
    Batch, Booked, BookedEffect, Incoming, Known, StoredReceipt, StoredRow, barcode_key, namesakes, outcome,
    wording,
};

/// Decides every mutation of `batch` over what the store knows; nothing at all if the device holds outcomes that the
/// store has lost, as it will then send those mutations again first.
pub fn book(batch: &Batch, known: Known) -> Booked {
    if known.max_seq < batch.last_outcome_seq {
        return Booked { rev: known.rev, max_seq: known.max_seq, ..Booked::default() };
    }
    let mut desk = Desk::new(batch, known);
    let told: Vec<StoredReceipt> =
        batch.mutations.iter().enumerate().map(|(at, mutation)| desk.decide(at, mutation)).collect();
    let answers = told.iter().map(|stored| Receipt {
        seq: stored.seq,
        id: stored.id,
        outcome: outcome(stored, &desk.rows, batch.scope),
    });
    let answers = answers.collect();
    let max_seq = batch.mutations.iter().map(|mutation| mutation.seq).fold(desk.max_seq, u64::max);
    let changed = desk.changed.iter().filter_map(|key| Some((key.clone(), desk.rows.get(key)?.clone())));
    let changed = changed.collect();
    Booked { rev: desk.rev, max_seq, receipts: desk.new_receipts, changed, effects: desk.effects, answers }
}

/// What an action came to on a copy of the rows.
struct Tried {
    mutation: usize,
    rows: Rows<Row>,
    also_deleted: Vec<RowKey>,
    effects: Vec<Effect>,
}

pub(super) struct Desk<'b> {
    batch: &'b Batch,
    rev: u64,
    max_seq: u64,
    by_seq: BTreeMap<u64, StoredReceipt>,
    by_id: BTreeMap<Uuid, StoredReceipt>,
    rows: BTreeMap<RowKey, StoredRow>,
    claims: BTreeMap<String, RowKey>,
    orders: BTreeSet<Uuid>,
    changed: BTreeSet<RowKey>,
    effects: Vec<BookedEffect>,
    new_receipts: Vec<StoredReceipt>,
}

impl<'b> Desk<'b> {
    fn new(batch: &'b Batch, known: Known) -> Self {
        let Known { rev, max_seq, receipts, rows, claims, orders } = known;
        let own = receipts.iter().filter(|receipt| receipt.client == batch.client);
        Self {
            batch,
            rev,
            max_seq,
            by_seq: own.map(|receipt| (receipt.seq, receipt.clone())).collect(),
            by_id: receipts.into_iter().map(|receipt| (receipt.id, receipt)).collect(),
            rows,
            claims,
            orders,
            changed: BTreeSet::new(),
            effects: Vec::new(),
            new_receipts: Vec::new(),
        }
    }

    pub(super) fn client(&self) -> Uuid {
        self.batch.client
    }

    pub(super) fn row(&self, key: &RowKey) -> Option<&StoredRow> {
        self.rows.get(key)
    }

    pub(super) fn holder(&self, claim: &str) -> Option<&RowKey> {
        self.claims.get(claim)
    }

    pub(super) fn order_exists(&self, id: Uuid) -> bool {
        self.orders.contains(&id)
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

    /// A live product with this barcode, as it is compared, but none of `not`.
    pub(super) fn namesake(&self, not: &[Uuid], barcode: &str) -> Option<&Product> {
        let live = self.rows.values().filter(|held| !held.deleted).filter_map(|held| held.row.product());
        let mut others = live.filter(|other| !not.contains(&other.id));
        others.find(|other| barcode_key(&other.barcode).as_deref() == Some(barcode))
    }

    /// What is odd about others because they share something with this product.
    pub(super) fn shared_with(&self, product: Uuid) -> impl Iterator<Item = (&RowKey, &StockException)> {
        let live = self.rows.iter().filter(|(_, held)| !held.deleted);
        let odd = live.filter_map(|(key, held)| Some((key, held.row.exception()?)));
        odd.filter(move |(_, exception)| exception.other == Some(product))
    }

    /// What the device is told of one mutation: a stored outcome if it was decided before, else a new one.
    fn decide(&mut self, at: usize, mutation: &Incoming) -> StoredReceipt {
        if let Some(stored) = self.by_seq.get(&mutation.seq).filter(|stored| stored.id != mutation.id) {
            let message = format!(
                "Entry {} of this device was already used for another mutation ({}). Record it again.",
                mutation.seq, stored.id
            );
            return self.receipt(mutation, Ruling::rejected("seq_reused", message), Vec::new());
        }
        // The id decides: whoever sends a mutation again, under whatever number, is told what became of it.
        if let Some(stored) = self.by_id.get(&mutation.id) {
            let told = StoredReceipt { client: self.batch.client, seq: mutation.seq, ..stored.clone() };
            return if mutation.withdrawn { self.withdraw_decided(mutation, told) } else { told };
        }
        let touched = mutation.action.as_ref().map_or_else(|_| Vec::new(), Warehouse::touches);
        // A device sends in order, so this is a request that was long given up, and its work would be out of order.
        let ruling =
            if mutation.seq <= self.max_seq { Err(Ruling::too_late()) } else { self.book_one(at, mutation) };
        let receipt = match ruling {
            Ok(receipt) => receipt,
            Err(ruling) => self.receipt(mutation, ruling, touched),
        };
        self.by_seq.insert(receipt.seq, receipt.clone());
        self.by_id.insert(receipt.id, receipt.clone());
        self.new_receipts.push(receipt.clone());
        receipt
    }

    /// What is told of a mutation that was decided before its withdrawal arrived.
    fn withdraw_decided(&self, mutation: &Incoming, told: StoredReceipt) -> StoredReceipt {
        if is_in_effect(&told) {
            let message = "It had reached the server before you undid it, so it is booked. To reverse it, record the opposite.";
            self.receipt(mutation, Ruling::rejected(ALREADY_BOOKED, message), told.touched)
        } else {
            self.receipt(mutation, Ruling::withdrawn(), told.touched)
        }
    }

    fn receipt(&self, mutation: &Incoming, ruling: Ruling, touched: Vec<RowKey>) -> StoredReceipt {
        let Ruling { verdict, code, message } = ruling;
        // Most of what could be odd is not: such rows have never been.
        let touched = touched.into_iter().filter(|key| self.rows.contains_key(key)).collect();
        let (seq, id) = (mutation.seq, mutation.id);
        StoredReceipt { client: self.batch.client, seq, id, verdict, code, message, touched }
    }

    fn book_one(&mut self, at: usize, mutation: &Incoming) -> Result<StoredReceipt, Ruling> {
        // Before anything else: what was taken back need not be readable.
        if mutation.withdrawn {
            return Err(Ruling::withdrawn());
        }
        let action = mutation.action.as_ref().map_err(|refusal| Ruling {
            verdict: Verdict::Rejected,
            code: refusal.code.to_owned(),
            message: refusal.message.clone(),
        })?;
        self.check_envelope(mutation)?;
        let merges = rules::admit(self, mutation, action)?;
        let mut touched = Warehouse::touches(action);
        let mut rows = self.live_rows(&touched);
        let valid = mutation.clone().with_action(action.clone());
        let mut effects = Warehouse::apply(&valid, &mut rows)
            .map_err(|refusal| Ruling::rejected(refusal.code, refusal.message))?;
        effects.extend(namesakes::flag(self, &valid, &mut rows));
        let reviewed = namesakes::review(self, action, &mut rows);
        if let Some(key) = touched.first() {
            rules::check_claims(self, action, key)?;
        }
        touched.extend(reviewed);
        let also_deleted = match action {
            Action::DeleteProduct { id } => self.deleted_with(*id)?,
            _ => Vec::new(),
        };
        let (code, message) = if merges {
            let message = "Somebody else changed other fields in the meantime. Both changes were kept.";
            ("merged".to_owned(), message.to_owned())
        } else {
            rules::remark(self, &effects)
        };
        let tried = Tried { mutation: at, rows, also_deleted, effects };
        touched.extend(self.write(&touched, tried));
        let verdict = if merges { Verdict::Merged } else { Verdict::Applied };
        Ok(self.receipt(mutation, Ruling { verdict, code, message }, touched))
    }

    fn check_envelope(&self, mutation: &Incoming) -> Result<(), Ruling> {
        let chars = mutation.author.chars().count();
        if chars > MAX_NAME_CHARS {
            let message =
                format!("Author has {chars} characters; at most {MAX_NAME_CHARS} fit. Shorten the name.");
            return Err(Ruling::rejected("too_long", message));
        }
        let Some(needed) = mutation.depends_on else { return Ok(()) };
        if self.by_id.get(&needed).is_some_and(is_in_effect) {
            return Ok(());
        }
        let message = "The entry that this one builds on was not saved. Settle that one first, then try this \
                       one again.";
        Err(Ruling { verdict: Verdict::Held, code: "held".to_owned(), message: message.to_owned() })
    }

    fn live_rows(&self, keys: &[RowKey]) -> Rows<Row> {
        let live =
            keys.iter().filter_map(|key| Some((key, self.rows.get(key).filter(|held| !held.deleted)?)));
        live.map(|(key, held)| (key.clone(), held.row.clone())).collect()
    }

    /// A product's lots, and what was odd about them.
    fn deleted_with(&self, product: Uuid) -> Result<Vec<RowKey>, Ruling> {
        let held = self.rows.get(&product_key(product)).and_then(|held| held.row.product());
        let Some(held) = held else { return Ok(Vec::new()) };
        let mut deleted = rules::lots_to_delete(self, held)?;
        let live = self.rows_of(domain::EXCEPTIONS, product).filter(|(_, held)| !held.deleted);
        deleted.extend(live.map(|(key, _)| key.clone()));
        Ok(deleted)
    }

    /// Takes over what an action made of the rows it touches, under one new revision if anything came of it. Returns what
    /// it deleted besides.
    fn write(&mut self, touched: &[RowKey], tried: Tried) -> Vec<RowKey> {
        let Tried { mutation, mut rows, also_deleted, effects } = tried;
        let before = self.live_rows(touched);
        let differs: Vec<&RowKey> = touched.iter().filter(|key| before.get(key) != rows.get(key)).collect();
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
        also_deleted.iter().for_each(|key| self.delete(key));
        for (line, effect) in (0_u64..).zip(effects) {
            if let Effect::Order(order) = &effect {
                self.orders.insert(order.id);
            }
            self.effects.push(BookedEffect { rev: self.rev, line, mutation, effect });
        }
        also_deleted
    }

    fn put(&mut self, key: &RowKey, row: Row) {
        let old = self.rows.get(key);
        let last = FieldRev { rev: self.rev, client: self.batch.client };
        let mut fields = old.map(|old| old.fields.clone()).unwrap_or_default();
        let written = match old {
            Some(old) if old.deleted => wording::all_fields(&row).to_vec(),
            Some(old) => wording::changed_fields(&old.row, &row),
            // Nobody can have opened it before: there is nothing to conflict with.
            None => Vec::new(),
        };
        fields.extend(written.into_iter().map(|field| (field.to_owned(), last)));
        self.release_claims(key);
        self.claims.extend(rules::claimed_by(&row).into_iter().map(|claim| (claim, key.clone())));
        self.rows.insert(key.clone(), StoredRow { rev: self.rev, row, deleted: false, fields });
        self.changed.insert(key.clone());
    }

    fn delete(&mut self, key: &RowKey) {
        self.release_claims(key);
        let Some(held) = self.rows.get_mut(key) else { return };
        held.rev = self.rev;
        held.deleted = true;
        self.changed.insert(key.clone());
    }

    fn release_claims(&mut self, key: &RowKey) {
        self.claims.retain(|_, holder| holder != key);
    }
}

/// Whether something came of it.
fn is_in_effect(receipt: &StoredReceipt) -> bool {
    receipt.verdict.is_booked() && receipt.code != WITHDRAWN
}
