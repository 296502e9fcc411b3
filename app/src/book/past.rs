//! A product's history as far as it is stored on this device: its queue, its journal, and the current
//! quantities.

use std::collections::HashMap;

use domain::{Action, HistoryEntry, LOTS, LotRef, Movement, Quantity, Row, lot_prefix};
use sync::{Mutation, Read, Store, StoreError, UnixMillis, Verdict};
use uuid::Uuid;

use super::Book;

/// Maximum journal records searched.
const MAX_JOURNAL_RECORDS: usize = 2_000;
/// Maximum lots of one product.
const MAX_LOTS: usize = 2_000;

/// A change of one lot that this device recorded.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OwnMove {
    pub(crate) lot: LotRef,
    pub(crate) delta: Quantity,
    pub(crate) movement: Movement,
    pub(crate) note: String,
    pub(crate) author: String,
    pub(crate) at: UnixMillis,
    /// Whether it is pending.
    pub(crate) is_pending: bool,
}

/// The part of a product's history that is on the device.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Past {
    /// Pending entries, newest first.
    pub(crate) pending: Vec<OwnMove>,
    /// Sent entries, newest first.
    pub(crate) sent: Vec<OwnMove>,
    /// Each lot's booked quantity on the server, and the revision of that quantity.
    pub(crate) booked: HashMap<Uuid, (u64, Quantity)>,
}

impl Book {
    /// The local history of a product, or of one lot.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn past(&self, product: Uuid, lot: Option<Uuid>) -> Result<Past, StoreError> {
        self.pause_catalogue();
        let all = [Read::Prefix { table: LOTS, prefix: lot_prefix(product), limit: MAX_LOTS }];
        let reading = self.client().noted(self.store().read(&all).await)?;
        let booked = reading.rows.iter().filter_map(|held| match &held.row {
            Row::Lot(row) => Some((row.lot.id(), (held.rev, row.quantity))),
            _ => None,
        });
        let booked = booked.collect();
        let is_meant =
            |one: &OwnMove| one.lot.product_id == product && lot.is_none_or(|lot| one.lot.id() == lot);
        let moves = |mutation: &Mutation<Action>, is_pending| {
            let author = self.author_of(mutation);
            let mut all = moves(mutation, is_pending);
            all.iter_mut().for_each(|one| one.author.clone_from(&author));
            all
        };
        let mut pending: Vec<OwnMove> =
            self.pending().iter().flat_map(|record| moves(&record.mutation, true)).filter(is_meant).collect();
        pending.reverse();
        let journal = self.client().noted(self.store().journal(MAX_JOURNAL_RECORDS).await)?;
        let is_booked = |verdict| matches!(verdict, Verdict::Applied | Verdict::Merged);
        let sent = journal
            .iter()
            .filter(|record| is_booked(record.outcome.verdict) && !record.mutation.withdrawn)
            .flat_map(|record| moves(&record.mutation, false))
            .filter(is_meant);
        Ok(Past { pending, sent: sent.collect(), booked })
    }
}

/// The movements of lots by a mutation, in the form of the ledger.
fn moves(mutation: &Mutation<Action>, is_pending: bool) -> Vec<OwnMove> {
    let one = |lot: &LotRef, delta: Quantity, movement, note: &str| OwnMove {
        lot: lot.clone(),
        delta,
        movement,
        note: note.to_owned(),
        author: mutation.author.clone(),
        at: mutation.captured_at,
        is_pending,
    };
    let transfer = |lot: &LotRef, to: &str, quantity: Quantity, movement| {
        let there = lot.at(to);
        let (out, back) = (format!("to {}", there.location), format!("from {}", lot.location));
        vec![one(lot, -quantity, movement, &out), one(&there, quantity, movement, &back)]
    };
    match &mutation.action {
        Action::ReceiveLot { lot, quantity, .. } => vec![one(lot, *quantity, Movement::Receive, "")],
        Action::PickLot { lot, quantity, reason } => vec![one(lot, -*quantity, Movement::Pick, reason)],
        Action::AdjustLot { lot, delta, reason, .. } => vec![one(lot, *delta, Movement::Adjust, reason)],
        Action::CountLot { lot, counted, basis } => {
            let note = format!("counted {counted}, expected {basis}");
            vec![one(lot, *counted - *basis, Movement::Count, &note)]
        }
        Action::PutAwayLot { lot, to, quantity } => transfer(lot, to, *quantity, Movement::PutAway),
        Action::MoveLot { lot, to, quantity } => transfer(lot, to, *quantity, Movement::Move),
        Action::PlaceOrder(order) => order
            .lines
            .iter()
            .map(|line| one(&line.lot, -line.quantity, Movement::Sale, &order.number))
            .collect(),
        Action::CreateProduct(_)
        | Action::UpdateProduct { .. }
        | Action::DeleteProduct { .. }
        | Action::CreateLot { .. }
        | Action::UpdateLot { .. }
        | Action::DeleteLot { .. }
        | Action::ResolveException { .. }
        | Action::CloseDelivery { .. }
        | Action::ReportCode(_)
        | Action::SettleCode { .. }
        | Action::CloseConflict { .. } => Vec::new(),
    }
}

/// Each lot's quantity after each entry, newest first. `booked` is each lot's quantity at some revision:
/// later entries are added, earlier ones are subtracted. `None` for lots that are not on the device.
pub(crate) fn quantities_after(
    product: Uuid,
    entries: &[HistoryEntry],
    booked: &HashMap<Uuid, (u64, Quantity)>,
) -> Vec<Option<Quantity>> {
    let id = |entry: &HistoryEntry| LotRef::new(product, &entry.lot_code, &entry.location).id();
    let mut now: HashMap<Uuid, Quantity> = HashMap::new();
    for entry in entries {
        if let Some((rev, quantity)) = booked.get(&id(entry)) {
            let sum = now.entry(id(entry)).or_insert(*quantity);
            if entry.rev > *rev {
                *sum += entry.delta;
            }
        }
    }
    let after = |entry: &HistoryEntry| {
        let quantity = now.get_mut(&id(entry))?;
        let after = *quantity;
        *quantity = *quantity - entry.delta;
        Some(after)
    };
    entries.iter().map(after).collect()
}

#[cfg(test)]
mod tests {
    use sync::Draft;

    use super::*;

    const OATS: Uuid = Uuid::from_u128(1);

    fn entry(rev: u64, code: &str, units: i64) -> HistoryEntry {
        HistoryEntry {
            rev,
            movement: Movement::Adjust,
            delta: Quantity::units(units),
            lot_code: code.into(),
            location: "A-1".into(),
            note: String::new(),
            author: "D01".into(),
            approved_by: String::new(),
            device: "D01".into(),
            captured_at: UnixMillis(0),
            booked_at: UnixMillis(0),
        }
    }

    fn booked(lots: &[(&str, u64, i64)]) -> HashMap<Uuid, (u64, Quantity)> {
        let one = |(code, rev, units): &(&str, u64, i64)| {
            (LotRef::new(OATS, code, "A-1").id(), (*rev, Quantity::units(*units)))
        };
        lots.iter().map(one).collect()
    }

    fn after(entries: &[HistoryEntry], booked: &HashMap<Uuid, (u64, Quantity)>) -> Vec<Option<i64>> {
        let all = quantities_after(OATS, entries, booked);
        all.into_iter().map(|quantity| quantity.map(|quantity| quantity.0 / 1_000)).collect()
    }

    #[test]
    fn each_lot_is_counted_back_from_its_current_quantity() {
        let entries = [entry(9, "a", -2), entry(8, "b", 4), entry(7, "a", -3), entry(3, "A", 10)];
        let held = booked(&[("a", 9, 5), ("b", 8, 4)]);
        assert_eq!(after(&entries, &held), [Some(5), Some(4), Some(7), Some(10)]);
    }

    #[test]
    fn entries_newer_than_the_booked_quantity_are_added() {
        let entries = [entry(9, "a", -2), entry(8, "a", -1), entry(7, "a", 10)];
        assert_eq!(after(&entries, &booked(&[("a", 7, 10)])), [Some(7), Some(9), Some(10)]);
        assert_eq!(after(&entries, &booked(&[])), [None, None, None], "a lot that it does not hold");
    }

    #[test]
    fn a_transfer_is_two_movements_and_an_edit_none() {
        let lot = LotRef::new(OATS, "L1", "A-1");
        let mutation = |action| {
            let draft = Draft {
                id: Uuid::nil(),
                depends_on: None,
                action,
                base: 0,
                author: "D01".into(),
                signed_by: None,
                captured_at: UnixMillis(0),
                replaces: None,
            };
            Mutation::from_draft(draft, 1, 2)
        };
        let moved = moves(
            &mutation(Action::MoveLot { lot: lot.clone(), to: "B-2".into(), quantity: Quantity::units(3) }),
            true,
        );
        let found: Vec<_> =
            moved.iter().map(|one| (one.lot.location.as_str(), one.delta.0, one.note.as_str())).collect();
        assert_eq!(found, [("A-1", -3_000, "to B-2"), ("B-2", 3_000, "from A-1")]);
        let (counted, basis) = (Quantity::units(5), Quantity::units(7));
        let counted = moves(&mutation(Action::CountLot { lot: lot.clone(), counted, basis }), false);
        assert_eq!(counted[0].delta, Quantity::units(-2));
        assert!(moves(&mutation(Action::DeleteLot { lot }), true).is_empty());
    }
}
