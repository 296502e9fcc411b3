//! The lots of a transfer while they are collected. Pure.

use std::rc::Rc;

use domain::{Action, LotRef, Quantity, location_key};
use serde::{Deserialize, Serialize};
use yew::prelude::*;

/// Maximum number of lots in one transfer.
pub(crate) const MAX_TRANSFER_LOTS: usize = 100;

/// A collected lot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TransferLine {
    pub(crate) lot: LotRef,
    pub(crate) quantity: Quantity,
    /// The product's name at the time of the scan.
    pub(crate) name: String,
    pub(crate) unit: String,
}

/// The collected lots, the last one first, and their destination.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct TransferList {
    pub(crate) lines: Vec<TransferLine>,
    /// The source bin, if one was scanned first.
    pub(crate) from: String,
    pub(crate) to: String,
}

/// A change of the transfer.
#[derive(Clone, Debug)]
pub(crate) enum TransferChange {
    /// Adds a quantity of a lot.
    Add(TransferLine),
    /// Sets the quantity; zero removes the lot.
    Quantity(LotRef, Quantity),
    /// Sets the source bin.
    From(String),
    /// Sets the destination.
    To(String),
    /// Removes a lot that was moved.
    Done(LotRef),
}

impl Reducible for TransferList {
    type Action = TransferChange;

    fn reduce(self: Rc<Self>, change: TransferChange) -> Rc<Self> {
        let mut list = (*self).clone();
        match change {
            TransferChange::Add(line) => list.add(line),
            TransferChange::Quantity(lot, quantity) if quantity <= Quantity::ZERO => {
                list.lines.retain(|line| line.lot != lot);
            }
            TransferChange::Quantity(lot, quantity) => {
                let line = list.lines.iter_mut().find(|line| line.lot == lot);
                if let Some(line) = line.filter(|_| quantity.in_range()) {
                    line.quantity = quantity;
                }
            }
            TransferChange::From(from) => list.from = from,
            TransferChange::To(to) => list.to = to,
            TransferChange::Done(lot) => {
                list.lines.retain(|line| line.lot != lot);
                if list.lines.is_empty() {
                    list = Self::default();
                }
            }
        }
        Rc::new(list)
    }
}

impl TransferList {
    fn add(&mut self, more: TransferLine) {
        if let Some(line) = self.lines.iter_mut().find(|line| line.lot == more.lot) {
            if (line.quantity + more.quantity).in_range() {
                line.quantity += more.quantity;
            }
        } else if self.lines.len() < MAX_TRANSFER_LOTS {
            self.lines.insert(0, more);
        }
    }

    /// Whether a bin is the destination already.
    pub(crate) fn goes_to(&self, bin: &str) -> bool {
        !self.to.is_empty() && location_key(&self.to) == location_key(bin)
    }

    /// Lots that are in the destination already.
    pub(crate) fn already_there(&self) -> impl Iterator<Item = &TransferLine> {
        self.lines.iter().filter(|line| self.goes_to(&line.lot.location))
    }

    /// The resulting moves, in the order of collection.
    pub(crate) fn moves(&self) -> Vec<Action> {
        let to = self.to.trim().to_owned();
        let lines = self.lines.iter().rev();
        lines
            .map(|line| Action::MoveLot { lot: line.lot.clone(), to: to.clone(), quantity: line.quantity })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn line(code: &str, bin: &str) -> TransferLine {
        let lot = LotRef::new(Uuid::nil(), code, bin);
        TransferLine { lot, quantity: Quantity::units(1), name: "Rice".into(), unit: "each".into() }
    }

    fn after(changes: Vec<TransferChange>) -> TransferList {
        let list = changes.into_iter().fold(Rc::new(TransferList::default()), Reducible::reduce);
        (*list).clone()
    }

    #[test]
    fn scans_of_one_lot_add_up_and_each_lot_is_moved_once() {
        let list = after(vec![
            TransferChange::Add(line("L1", "A-1")),
            TransferChange::Add(line("L2", "A-2")),
            TransferChange::Add(line("L1", "A-1")),
            TransferChange::To("b-1".into()),
        ]);
        let moves = list.moves();
        assert_eq!(moves.len(), 2);
        let first =
            Action::MoveLot { lot: line("L1", "A-1").lot, to: "b-1".into(), quantity: Quantity::units(2) };
        assert_eq!(moves[0], first);
        assert!(list.goes_to("B-1") && !list.goes_to("B-2"));
        let done = list.lines.iter().map(|line| TransferChange::Done(line.lot.clone()));
        let rest = done.fold(Rc::new(list.clone()), Reducible::reduce);
        assert_eq!(*rest, TransferList::default());
    }

    #[test]
    fn a_lot_cannot_move_to_its_own_bin_and_a_quantity_of_zero_removes_it() {
        let lot = line("L1", "A-1").lot;
        let list = after(vec![TransferChange::Add(line("L1", "A-1")), TransferChange::To("a-1".into())]);
        assert_eq!(list.already_there().count(), 1);
        let list = after(vec![
            TransferChange::Add(line("L1", "A-1")),
            TransferChange::Quantity(lot, Quantity::ZERO),
        ]);
        assert!(list.lines.is_empty());
    }
}
