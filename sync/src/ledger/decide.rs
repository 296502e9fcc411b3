//! Decides a batch of mutations: replays are answered from their receipts, new ones are applied one after the other.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{Entry, Ledger, LedgerReceipt, LedgerRow};
use crate::model::{Model, RowKey, Rows};
use crate::mutation::Mutation;
use crate::protocol::{ALREADY_BOOKED, SyncRequest, Verdict, WITHDRAWN};
use crate::relay::Json;

/// The decisions on one request.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided<R> {
    /// The highest `seq` of the client with a decision before.
    pub known_seq: u64,
    /// One for each mutation in order; none if the device holds decisions that this server has lost.
    pub answers: Vec<LedgerReceipt>,
    /// The change to be made durable and applied before the answers are sent.
    pub entry: Option<Entry<R>>,
}

/// A verdict, its code and its sentence.
type Ruling = (Verdict, &'static str, String);

fn rejected(code: &'static str, message: impl Into<String>) -> Ruling {
    (Verdict::Rejected, code, message.into())
}

impl<M: Model> Ledger<M> {
    /// Decides every mutation of a request, and changes nothing.
    ///
    /// If the device holds decisions that this server has lost, the server was restored from a backup: it decides nothing, the
    /// entry begins the epoch `new_epoch`, and the device will send the lost mutations again.
    pub fn decide(&self, request: &SyncRequest<Json>, new_epoch: Uuid) -> Decided<M::Row> {
        let (client, known_seq) = (request.client, self.known_seq(request.client));
        if known_seq < request.last_outcome_seq {
            // Another device may have brought the new epoch about already.
            let entry = (request.epoch == Some(self.epoch)).then_some(Entry::Epoch(new_epoch));
            return Decided { known_seq, answers: Vec::new(), entry };
        }
        let mut batch = Batch::new(self, client);
        let answers: Vec<_> = request.mutations.iter().map(|mutation| batch.decide(mutation)).collect();
        let max_seq = request.mutations.iter().map(|mutation| mutation.seq).fold(known_seq, u64::max);
        // One that came too late is decided for good as well, although its `seq` is no new one.
        let is_news = max_seq > known_seq || !batch.receipts.is_empty();
        let Batch { receipts, rows, .. } = batch;
        let (receipts, rows) = (receipts.into_values().collect(), rows.into_values().collect());
        let entry = is_news.then_some(Entry::Booked { client, max_seq, receipts, rows });
        Decided { known_seq, answers, entry }
    }
}

/// A batch half-way: the new receipts by their mutations, and the rows that were written so far.
struct Batch<'l, M: Model> {
    ledger: &'l Ledger<M>,
    client: Uuid,
    rev: u64,
    receipts: BTreeMap<Uuid, LedgerReceipt>,
    rows: BTreeMap<RowKey, LedgerRow<M::Row>>,
}

impl<'l, M: Model> Batch<'l, M> {
    fn new(ledger: &'l Ledger<M>, client: Uuid) -> Self {
        Self { ledger, client, rev: ledger.rev, receipts: BTreeMap::new(), rows: BTreeMap::new() }
    }

    fn receipt(&self, id: Uuid) -> Option<&LedgerReceipt> {
        self.receipts.get(&id).or_else(|| self.ledger.receipts.get(&id))
    }

    fn row(&self, key: &RowKey) -> Option<&LedgerRow<M::Row>> {
        self.rows.get(key).or_else(|| self.ledger.rows.get(key))
    }

    fn decide(&mut self, mutation: &Mutation<Json>) -> LedgerReceipt {
        let (seq, id) = (mutation.seq, mutation.id);
        if self.ledger.seqs.get(&(self.client, seq)).is_some_and(|used| *used != id) {
            let message = format!("Entry {seq} of this device is already used. Record it again.");
            return receipt(mutation, rejected("seq_reused", message), Vec::new());
        }
        // The id identifies a replay, whichever client sends it and under whichever number.
        if let Some(stored) = self.receipt(id) {
            let replayed = LedgerReceipt { seq, ..stored.clone() };
            return if mutation.withdrawn { withdrawn_late(mutation, replayed) } else { replayed };
        }
        let decided = match self.book(mutation) {
            Ok(touched) => receipt(mutation, (Verdict::Applied, "", String::new()), touched),
            Err((ruling, touched)) => receipt(mutation, ruling, touched),
        };
        self.receipts.insert(id, decided.clone());
        decided
    }

    /// Applies one mutation. Returns the rows it touched, with the ruling if it was not applied.
    fn book(&mut self, mutation: &Mutation<Json>) -> Result<Vec<RowKey>, (Ruling, Vec<RowKey>)> {
        // A device sends in order, so this request was given up long ago.
        if mutation.seq <= self.ledger.known_seq(self.client) {
            let message = "Later entries from this device are already booked. Record this one again.";
            return Err((rejected("too_late", message), Vec::new()));
        }
        // Before the action is read: that of a withdrawn mutation need not be readable.
        if mutation.withdrawn {
            return Err(((Verdict::Applied, WITHDRAWN, String::new()), Vec::new()));
        }
        let action = read_action::<M>(mutation).map_err(|ruling| (ruling, Vec::new()))?;
        let touched = M::touches(&action);
        match self.apply(&mutation.clone().with_action(action), &touched) {
            Ok(()) => Ok(touched),
            Err(ruling) => Err((ruling, touched)),
        }
    }

    fn apply(&mut self, mutation: &Mutation<M::Action>, touched: &[RowKey]) -> Result<(), Ruling> {
        if let Some(needed) = mutation.depends_on
            && !self.receipt(needed).is_some_and(is_in_effect)
        {
            let message = "An earlier change it depends on was not saved. Resolve that one first.";
            return Err((Verdict::Held, "held", message.to_owned()));
        }
        if let Some(key) = M::edits(&mutation.action)
            && self.row(&key).is_some_and(|held| held.others_rev_of(self.client) > mutation.base)
        {
            let message = "Somebody else changed this after you opened it. Your change was not saved.";
            return Err((Verdict::Conflict, "changed", message.to_owned()));
        }
        let live = |key: &RowKey| Some((key.clone(), self.row(key)?.row.clone()?));
        let before: Rows<M::Row> = touched.iter().filter_map(live).collect();
        let mut after = before.clone();
        M::apply(mutation, &mut after).map_err(|refusal| rejected(refusal.code, refusal.message))?;
        self.write(touched, &before, &after);
        Ok(())
    }

    /// Writes the touched rows that differ under one new revision.
    fn write(&mut self, touched: &[RowKey], before: &Rows<M::Row>, after: &Rows<M::Row>) {
        let (client, rev) = (self.client, self.rev + 1);
        for key in touched.iter().filter(|key| before.get(key) != after.get(key)) {
            let others_rev = self.row(key).map_or(0, |held| held.others_rev_of(client));
            let row = after.get(key).cloned();
            self.rows.insert(key.clone(), LedgerRow { key: key.clone(), rev, row, client, others_rev });
            self.rev = rev;
        }
    }
}

fn read_action<M: Model>(mutation: &Mutation<Json>) -> Result<M::Action, Ruling> {
    if mutation.schema > M::SCHEMA {
        let message = "A newer app made this entry. Update the server, then try again.";
        return Err(rejected("newer_schema", message));
    }
    M::read_action(mutation.schema, mutation.action.text())
        .map_err(|error| rejected("malformed", format!("The server cannot read this entry: {error}.")))
}

/// The answer to a withdrawal that arrives after its mutation was decided.
fn withdrawn_late(mutation: &Mutation<Json>, decided: LedgerReceipt) -> LedgerReceipt {
    let ruling = if is_in_effect(&decided) {
        rejected(ALREADY_BOOKED, "It was already synced when you undid it.")
    } else {
        (Verdict::Applied, WITHDRAWN, String::new())
    };
    receipt(mutation, ruling, decided.touched)
}

/// Whether the mutation was booked and not withdrawn.
fn is_in_effect(receipt: &LedgerReceipt) -> bool {
    receipt.verdict.is_booked() && receipt.code != WITHDRAWN
}

fn receipt<A>(mutation: &Mutation<A>, ruling: Ruling, touched: Vec<RowKey>) -> LedgerReceipt {
    let (verdict, code, message) = ruling;
    LedgerReceipt { seq: mutation.seq, id: mutation.id, verdict, code: code.to_owned(), message, touched }
}
