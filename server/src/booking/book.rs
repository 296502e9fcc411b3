//! Books a batch: replays are answered from their receipts, new mutations are decided one after the other.

use std::collections::BTreeMap;

use domain::{Action, Conflict, EXCEPTIONS, MAX_NAME_CHARS, Row, Warehouse, product_key};
use sync::{ALREADY_BOOKED, Model, Mutation, RowKey, Rows, Verdict, WITHDRAWN};
use uuid::Uuid;

use super::authors::{Authors, ROLE_LOST, Remark};
use super::batch::Batch;
use super::decode::DecodedAction;
use super::duplicate_barcode;
use super::late_facts;
use super::records::{Booked, Known, StoredReceipt};
use super::rules::{self, Ruling};
use super::unknown_codes;
use super::wording;
use super::working_set::{AppliedAction, WorkingSet};

/// Decides every mutation of `batch` over the store's records. Decides nothing if the device holds outcomes
/// that the store has lost: the device will then send those mutations again first.
pub fn book(batch: &Batch, known: Known) -> Booked {
    if known.max_seq < batch.last_outcome_seq {
        return Booked { rev: known.rev, max_seq: known.max_seq, ..Booked::default() };
    }
    let mut booking = Booking::new(batch, known);
    let answered: Vec<StoredReceipt> =
        batch.mutations.iter().enumerate().map(|(at, mutation)| booking.decide(at, mutation)).collect();
    // An answer contains the rows as they are after the whole batch.
    let with_rows = |receipt: &StoredReceipt| receipt.with_rows(booking.set.rows(), batch.scope);
    let answers = answered.iter().map(with_rows).collect();
    let max_seq = batch.mutations.iter().map(|mutation| mutation.seq).fold(booking.max_seq, u64::max);
    let (rev, receipts) = (booking.set.rev(), booking.new_receipts);
    let (changed, effects) = booking.set.into_changes();
    Booked { rev, max_seq, receipts, changed, effects, answers }
}

/// A partly decided batch: the receipts known so far, and the current rows.
struct Booking<'b> {
    batch: &'b Batch,
    max_seq: u64,
    by_seq: BTreeMap<u64, StoredReceipt>,
    by_id: BTreeMap<Uuid, StoredReceipt>,
    new_receipts: Vec<StoredReceipt>,
    authors: Authors,
    set: WorkingSet,
}

impl<'b> Booking<'b> {
    fn new(batch: &'b Batch, mut known: Known) -> Self {
        let (max_seq, receipts) = (known.max_seq, std::mem::take(&mut known.receipts));
        let own = receipts.iter().filter(|receipt| receipt.client == batch.client);
        Self {
            batch,
            max_seq,
            by_seq: own.map(|receipt| (receipt.seq, receipt.clone())).collect(),
            by_id: receipts.into_iter().map(|receipt| (receipt.id, receipt)).collect(),
            new_receipts: Vec::new(),
            authors: std::mem::take(&mut known.authors),
            set: WorkingSet::new(batch.client, known),
        }
    }

    /// The receipt of one mutation: the stored one if it was decided before, else a new one.
    fn decide(&mut self, at: usize, mutation: &Mutation<DecodedAction>) -> StoredReceipt {
        if let Some(stored) = self.by_seq.get(&mutation.seq).filter(|stored| stored.id != mutation.id) {
            let message = format!(
                "Entry {} of this device is already used ({}). Record it again.",
                mutation.seq, stored.id
            );
            return self.receipt(mutation, Ruling::rejected("seq_reused", message), Vec::new());
        }
        // The id identifies a replay, whichever client sends it and under whichever number.
        if let Some(stored) = self.by_id.get(&mutation.id) {
            let replayed = StoredReceipt { client: self.batch.client, seq: mutation.seq, ..stored.clone() };
            return if mutation.withdrawn { self.withdraw_decided(mutation, replayed) } else { replayed };
        }
        let touched = mutation.action.as_ref().map_or_else(|_| Vec::new(), Warehouse::touches);
        // A device sends in order, so this request timed out long ago, and would be booked out of order.
        let ruling =
            if mutation.seq <= self.max_seq { Err(Ruling::too_late()) } else { self.book_one(at, mutation) };
        let receipt = match ruling {
            Ok(receipt) => receipt,
            Err(ruling) => {
                let conflict = self.keep_conflict(mutation, &ruling);
                self.receipt(mutation, ruling, touched.into_iter().chain(conflict).collect())
            }
        };
        if let Some(replaced) = mutation.replaces {
            self.set.close_conflict(replaced);
        }
        self.by_seq.insert(receipt.seq, receipt.clone());
        self.by_id.insert(receipt.id, receipt.clone());
        self.new_receipts.push(receipt.clone());
        receipt
    }

    /// Keeps a refused mutation for all devices. Returns the key of the conflict.
    fn keep_conflict(&mut self, mutation: &Mutation<DecodedAction>, ruling: &Ruling) -> Option<RowKey> {
        // Its author has undone a withdrawn one already.
        if ruling.verdict.is_booked() || mutation.withdrawn {
            return None;
        }
        let conflict = Conflict {
            code: ruling.code.clone(),
            message: ruling.message.clone(),
            ..Conflict::of(mutation, ruling.verdict, mutation.action.as_ref().ok())
        };
        Some(self.set.add_conflict(conflict))
    }

    /// The receipt of a withdrawal that arrives after its mutation was decided.
    fn withdraw_decided(
        &mut self,
        mutation: &Mutation<DecodedAction>,
        decided: StoredReceipt,
    ) -> StoredReceipt {
        if is_in_effect(&decided) {
            let message = "It was already synced when you undid it. Reverse it instead.";
            self.receipt(mutation, Ruling::rejected(ALREADY_BOOKED, message), decided.touched)
        } else {
            self.set.close_conflict(mutation.id);
            self.receipt(mutation, Ruling::withdrawn(), decided.touched)
        }
    }

    fn receipt(
        &self,
        mutation: &Mutation<DecodedAction>,
        ruling: Ruling,
        touched: Vec<RowKey>,
    ) -> StoredReceipt {
        let Ruling { verdict, code, message } = ruling;
        // Most of the exceptions that an action could touch do not exist.
        let touched = touched.into_iter().filter(|key| self.set.row(key).is_some()).collect();
        let (seq, id) = (mutation.seq, mutation.id);
        StoredReceipt {
            client: self.batch.client,
            seq,
            id,
            verdict,
            code,
            message,
            rev: self.set.rev(),
            touched,
        }
    }

    fn book_one(&mut self, at: usize, mutation: &Mutation<DecodedAction>) -> Result<StoredReceipt, Ruling> {
        // Checked first, because the action of a withdrawn mutation need not be parsable.
        if mutation.withdrawn {
            return Err(Ruling::withdrawn());
        }
        let action = mutation
            .action
            .as_ref()
            .map_err(|refusal| Ruling::rejected(refusal.code, refusal.message.clone()))?;
        self.check_envelope(mutation)?;
        let renumbered = rules::renumbered(&self.set, action);
        let action = renumbered.as_ref().unwrap_or(action);
        let mut touched = Warehouse::touches(action);
        touched.extend(late_facts::exceptions_of(&touched));
        let mut rows = self.set.live_rows(&touched);
        let lost = self.permit(mutation, action, &rows)?;
        let merges = rules::admit(&self.set, mutation.base, action)?;
        let valid = mutation.clone().with_action(action.clone());
        let mut effects = Warehouse::apply(&valid, &mut rows)
            .map_err(|refusal| Ruling::rejected(refusal.code, refusal.message))?;
        effects.extend(duplicate_barcode::flag(&self.set, &valid, &mut rows));
        let late = late_facts::flag(&self.set, &valid, self.reversed(mutation), &effects, &mut rows);
        effects.extend(late);
        unknown_codes::leave_out(&self.set, &valid, &mut rows);
        let reviewed = duplicate_barcode::review(&self.set, action, &mut rows);
        if let Some(key) = touched.first() {
            rules::check_claims(&self.set, action, key)?;
        }
        touched.extend(reviewed);
        let also_deleted = self.deleted_with(action)?;
        let (code, message) = if merges {
            let message = "Somebody else changed other fields in the meantime. Both changes were kept.";
            ("merged".to_owned(), message.to_owned())
        } else {
            rules::remark(&self.set, &effects)
        };
        let (code, message) = match &renumbered {
            Some(Action::PlaceOrder(order)) if code.is_empty() => wording::renumbered(order),
            _ => (code, message),
        };
        let applied = AppliedAction { mutation: at, rows, also_deleted, effects };
        touched.extend(self.set.write(&touched, applied));
        let (code, message) = match lost {
            Some(sentence) => {
                touched.push(self.tell_of_lost_role(mutation, &sentence));
                (ROLE_LOST.to_owned(), sentence)
            }
            None => (code, message),
        };
        let verdict = if merges { Verdict::Merged } else { Verdict::Applied };
        Ok(self.receipt(mutation, Ruling { verdict, code, message }, touched))
    }

    /// Whether the people who answer for a mutation may do it. What other systems and the administrator send is their own.
    fn permit(
        &self,
        mutation: &Mutation<DecodedAction>,
        action: &Action,
        rows: &Rows<Row>,
    ) -> Result<Remark, Ruling> {
        if self.batch.device_name.is_none() { Ok(None) } else { self.authors.permit(mutation, action, rows) }
    }

    /// Keeps a booked mutation in the inbox of all devices. Returns the key of its row.
    fn tell_of_lost_role(&mut self, mutation: &Mutation<DecodedAction>, sentence: &str) -> RowKey {
        self.set.add_conflict(Conflict {
            code: ROLE_LOST.to_owned(),
            message: sentence.to_owned(),
            ..Conflict::of(mutation, Verdict::Applied, mutation.action.as_ref().ok())
        })
    }

    /// The revision of the booked mutation that this one reverses.
    fn reversed(&self, mutation: &Mutation<DecodedAction>) -> Option<u64> {
        let subject = self.by_id.get(&mutation.replaces?).filter(|receipt| is_in_effect(receipt))?;
        (subject.rev > 0).then_some(subject.rev)
    }

    fn check_envelope(&self, mutation: &Mutation<DecodedAction>) -> Result<(), Ruling> {
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
        let message =
            "An earlier change it depends on was not saved. Resolve that one first, then try again.";
        Err(Ruling { verdict: Verdict::Held, code: "held".to_owned(), message: message.to_owned() })
    }

    /// Rows that are deleted along with those that the action touches: a product's lots, and their
    /// exceptions.
    fn deleted_with(&self, action: &Action) -> Result<Vec<RowKey>, Ruling> {
        let Action::DeleteProduct { id } = action else { return Ok(Vec::new()) };
        let stored = self.set.row(&product_key(*id)).and_then(|stored| stored.row.product());
        let Some(product) = stored else { return Ok(Vec::new()) };
        let mut deleted = rules::lots_to_delete(&self.set, product)?;
        let live = self.set.rows_of(EXCEPTIONS, *id).filter(|(_, stored)| !stored.deleted);
        deleted.extend(live.map(|(key, _)| key.clone()));
        Ok(deleted)
    }
}

/// Whether the mutation was booked and not withdrawn.
fn is_in_effect(receipt: &StoredReceipt) -> bool {
    receipt.verdict.is_booked() && receipt.code != WITHDRAWN
}
