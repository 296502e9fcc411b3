//! A batch of mutations, and the records needed to decide it.

use std::collections::BTreeSet;

use domain::{Action, Warehouse, claims, clean_line, conflict_key};
use sync::{Model, Mutation, RowKey, UnixMillis};
use uuid::Uuid;

use super::barcode::{barcode_key, relabelled};
use super::decode::DecodedAction;
use super::late_facts;
use super::scope::Scope;

/// The start of 2020: earlier than any device that has a clock at all.
const MIN_CAPTURED_AT: UnixMillis = UnixMillis(1_577_836_800_000);
/// How far a device's clock may be ahead before its times are replaced: a wrong day, or a wrong time zone.
const MAX_CAPTURED_AHEAD_MILLIS: u64 = 2 * 24 * 60 * 60 * 1_000;

/// The mutations of one request, and their sender.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Their site.
    pub site: String,
    /// The device that sent them.
    pub device: Uuid,
    /// The id of one life of that device's database.
    pub client: Uuid,
    /// By ascending `seq`.
    pub mutations: Vec<Mutation<DecodedAction>>,
    /// The rows on the device.
    pub scope: Scope,
    /// The highest `seq` with an outcome on the device.
    pub last_outcome_seq: u64,
    /// The server's clock.
    pub now: UnixMillis,
}

/// The records that have to be loaded before a batch can be decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Receipts of the batch's client by these `seq`s.
    pub seqs: BTreeSet<u64>,
    /// Receipts of any client by these mutation ids.
    pub ids: BTreeSet<Uuid>,
    /// Rows, with those the receipts touched.
    pub rows: BTreeSet<RowKey>,
    /// Products whose lots are all needed.
    pub lots_of: BTreeSet<Uuid>,
    /// Claims whose holders' rows are needed.
    pub claims: BTreeSet<String>,
    /// Barcodes, as normalized by [`barcode_key`], whose holders' rows are needed.
    pub barcodes: BTreeSet<String>,
    /// Products whose change may add or clear exceptions on other products.
    pub named: BTreeSet<Uuid>,
    /// Orders whose existence has to be checked.
    pub orders: BTreeSet<Uuid>,
    /// Order numbers whose existence has to be checked.
    pub numbers: BTreeSet<String>,
}

impl Batch {
    /// The batch with claims that can be true. A time of recording before 2020, or well after the server's, is replaced by
    /// the server's: a device with a wrong date loses no work. A revision that the site does not have yet is the current
    /// one, and an author is one line.
    #[must_use]
    pub fn bounded(mut self, rev: u64) -> Self {
        let latest = self.now.plus(MAX_CAPTURED_AHEAD_MILLIS);
        for mutation in &mut self.mutations {
            mutation.base = mutation.base.min(rev);
            if mutation.captured_at < MIN_CAPTURED_AT || mutation.captured_at > latest {
                mutation.captured_at = self.now;
            }
            // Too long a name is refused, and not cut.
            mutation.author = clean_line(&mutation.author, usize::MAX);
        }
        self
    }

    /// The records that have to be loaded before it can be decided.
    pub fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        for mutation in &self.mutations {
            needs.seqs.insert(mutation.seq);
            needs.ids.insert(mutation.id);
            needs.ids.extend(mutation.depends_on.into_iter().chain(mutation.replaces));
            // The conflicts that it may settle.
            let withdrawn = mutation.withdrawn.then_some(mutation.id);
            needs.rows.extend(mutation.replaces.into_iter().chain(withdrawn).map(conflict_key));
            if let Ok(action) = &mutation.action {
                needs.extend(action);
            }
        }
        needs
    }
}

impl Needs {
    fn extend(&mut self, action: &Action) {
        let touched = Warehouse::touches(action);
        self.rows.extend(late_facts::exceptions_of(&touched));
        self.rows.extend(touched);
        self.claims.extend(claims(action));
        self.named.extend(relabelled(action));
        match action {
            Action::DeleteProduct { id } => _ = self.lots_of.insert(*id),
            Action::PlaceOrder(order) => {
                self.orders.insert(order.id);
                self.numbers.insert(order.number.clone());
            }
            Action::ReportCode(sighting) => self.barcodes.extend(barcode_key(&sighting.code)),
            Action::CreateProduct(product) => self.barcodes.extend(barcode_key(&product.barcode)),
            Action::UpdateProduct { patch, .. } => {
                self.barcodes.extend(patch.barcode.as_deref().and_then(barcode_key));
            }
            Action::CreateLot { .. }
            | Action::UpdateLot { .. }
            | Action::DeleteLot { .. }
            | Action::ReceiveLot { .. }
            | Action::PutAwayLot { .. }
            | Action::MoveLot { .. }
            | Action::PickLot { .. }
            | Action::AdjustLot { .. }
            | Action::CountLot { .. }
            | Action::ResolveException { .. }
            | Action::CloseDelivery { .. }
            | Action::SettleCode { .. }
            | Action::CloseConflict { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::Action;

    use super::*;

    #[test]
    fn claims_that_cannot_be_true_are_replaced() {
        const DAY: i64 = 86_400_000;
        let now = UnixMillis(1_800_000_000_000);
        let claim = |base, captured_at, author: &str| {
            let mutation = Mutation {
                seq: 1,
                id: Uuid::nil(),
                action: Ok(Action::DeleteProduct { id: Uuid::nil() }),
                base,
                author: author.to_owned(),
                captured_at: UnixMillis(captured_at),
                schema: 2,
                depends_on: None,
                replaces: None,
                withdrawn: false,
            };
            let batch = Batch {
                site: String::new(),
                device: Uuid::nil(),
                client: Uuid::nil(),
                mutations: vec![mutation],
                scope: Scope::EVERYTHING,
                last_outcome_seq: 0,
                now,
            };
            let Mutation { base, captured_at, author, .. } = batch.bounded(7).mutations.remove(0);
            (base, captured_at.0, author)
        };
        let kept = |base, at, author: &str| (base, at, author.to_owned());
        assert_eq!(claim(7, now.0 + DAY, "Zoë"), kept(7, now.0 + DAY, "Zoë"));
        assert_eq!(claim(3, MIN_CAPTURED_AT.0, ""), kept(3, MIN_CAPTURED_AT.0, ""));
        assert_eq!(claim(u64::MAX, i64::MIN, "A\u{1b}[2J\n"), kept(7, now.0, "A[2J"));
        assert_eq!(claim(8, now.0 + 2 * DAY + 1, "A"), kept(7, now.0, "A"));
    }
}
