//! The lots of a transfer while they are collected. Pure.

use std::rc::Rc;

use domain::{Action, InventoryLot, LotRef, Quantity, location_key};
use serde::{Deserialize, Serialize};
use yew::prelude::*;

use super::asked_code::{AskedCode, Doubt};
use crate::route::MAX_TRANSFER_LOTS;

/// A collected lot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TransferLine {
    pub(crate) lot: LotRef,
    pub(crate) quantity: Quantity,
    /// The product's name at the time of the scan.
    pub(crate) name: String,
    pub(crate) unit: String,
    /// The quantity in the bin, as known at the last scan.
    #[serde(default)]
    pub(crate) here: Option<Quantity>,
}

impl TransferLine {
    /// Whether more is taken than the bin has.
    pub(crate) fn is_over(&self) -> bool {
        self.here.is_some_and(|here| self.quantity > here)
    }
}

/// The collected lots, the last one first, and their destination.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct TransferList {
    pub(crate) lines: Vec<TransferLine>,
    /// The source bin, if one was scanned first.
    pub(crate) from: String,
    pub(crate) to: String,
    /// The question whether a scanned code is a new bin.
    #[serde(skip)]
    pub(crate) asked: AskedCode,
    /// Whether a person confirmed that more is taken than the bins have.
    pub(crate) is_over_confirmed: bool,
}

/// A change of the transfer.
#[derive(Clone, Debug)]
pub(crate) enum TransferChange {
    /// Adds a quantity of a lot.
    Add(TransferLine),
    /// Sets a lot to all that its bin has.
    Whole(TransferLine),
    /// Sets the quantity; zero removes the lot.
    Quantity(LotRef, Quantity),
    /// Sets the source bin.
    From(String),
    /// Sets the destination.
    To(String),
    /// Asks whether a code is a new bin.
    Ask(String),
    /// Takes that code as the destination.
    Confirm,
    /// Takes more than the bins have.
    ConfirmOver,
    /// Removes a lot that was moved.
    Done(LotRef),
    /// Removes everything.
    Clear,
}

impl Reducible for TransferList {
    type Action = TransferChange;

    fn reduce(self: Rc<Self>, change: TransferChange) -> Rc<Self> {
        let mut list = (*self).clone();
        list.is_over_confirmed &= !matches!(
            change,
            TransferChange::Add(_) | TransferChange::Whole(_) | TransferChange::Quantity(..)
        );
        match change {
            TransferChange::Add(line) => list.add(line),
            TransferChange::Whole(line) => {
                list.lines.retain(|known| known.lot != line.lot);
                list.add(line);
            }
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
            TransferChange::Ask(code) => list.asked = AskedCode::of(&code, &list.to, Doubt::NewBin),
            TransferChange::ConfirmOver => list.is_over_confirmed = true,
            TransferChange::Confirm => list = list.confirmed(),
            TransferChange::Done(lot) => {
                list.lines.retain(|line| line.lot != lot);
                if list.lines.is_empty() {
                    list = Self::default();
                }
            }
            TransferChange::Clear => list = Self::default(),
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
            line.here = more.here;
        } else if self.has_room(0) {
            self.lines.insert(0, more);
        }
    }

    /// Whether a quantity of a lot can be added.
    pub(crate) fn takes(&self, lot: &LotRef) -> bool {
        self.has_room(0) || self.lines.iter().any(|line| line.lot == *lot)
    }

    /// Whether another lot can be added after `more` others.
    pub(crate) fn has_room(&self, more: usize) -> bool {
        self.lines.len().saturating_add(more) < MAX_TRANSFER_LOTS
    }

    /// The new bin that is to be confirmed.
    pub(crate) fn asked(&self) -> Option<&AskedCode> {
        self.asked.open(&self.to)
    }

    /// With that bin as the destination.
    pub(crate) fn confirmed(&self) -> Self {
        let to = self.asked().map_or(&self.to, |asked| &asked.code).clone();
        Self { to, asked: AskedCode::default(), ..self.clone() }
    }

    /// Whether a bin is the destination already.
    pub(crate) fn goes_to(&self, bin: &str) -> bool {
        !self.to.is_empty() && location_key(&self.to) == location_key(bin)
    }

    /// The quantity of a lot that is collected so far.
    pub(crate) fn taken(&self, lot: &LotRef) -> Quantity {
        self.lines.iter().find(|line| line.lot == *lot).map_or(Quantity::ZERO, |line| line.quantity)
    }

    /// The lot that a scan of `quantity` takes from, of `lots` in the order of preference: the first that still has as
    /// much, else the first that has any, else the first.
    pub(crate) fn lot_for<'a>(
        &self,
        lots: &[&'a InventoryLot],
        quantity: Quantity,
    ) -> Option<&'a InventoryLot> {
        let left = |lot: &InventoryLot| lot.quantity - self.taken(&lot.lot);
        let with = |least: Quantity| lots.iter().find(|lot| left(lot) >= least).copied();
        with(quantity).or_else(|| with(Quantity(1))).or_else(|| lots.first().copied())
    }

    /// The first line that takes more than its bin has, unless a person confirmed that.
    pub(crate) fn unconfirmed(&self) -> Option<&TransferLine> {
        self.lines.iter().find(|line| line.is_over() && !self.is_over_confirmed)
    }

    /// The line that a mutation has moved.
    pub(crate) fn moved_by(&self, action: &Action) -> Option<&LotRef> {
        let Action::MoveLot { lot, quantity, .. } = action else { return None };
        self.lines.iter().find(|line| line.lot == *lot && line.quantity == *quantity).map(|line| &line.lot)
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
        TransferLine {
            lot,
            quantity: Quantity::units(1),
            name: "Rice".into(),
            unit: "each".into(),
            here: None,
        }
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
    fn scans_take_from_a_lot_that_has_as_much_and_more_than_there_is_has_to_be_confirmed() {
        let held = |code: &str, units| InventoryLot {
            quantity: Quantity::units(units),
            ..InventoryLot::empty(line(code, "A-1").lot)
        };
        let (few, many) = (held("L1", 1), held("L2", 178));
        let lots = [&few, &many];
        let of = |list: &TransferList, units| {
            list.lot_for(&lots, Quantity::units(units)).map(|lot| lot.lot.lot_code.clone())
        };
        let add = |code, here| {
            TransferChange::Add(TransferLine { here: Some(Quantity::units(here)), ..line(code, "A-1") })
        };
        let list = after(vec![add("L1", 1)]);
        assert_eq!(of(&TransferList::default(), 1).as_deref(), Some("L1"));
        assert_eq!(of(&TransferList::default(), 2).as_deref(), Some("L2"));
        assert_eq!(of(&list, 1).as_deref(), Some("L2"), "the first is collected already");
        assert!(list.unconfirmed().is_none());
        let over = after(vec![add("L1", 1), add("L1", 1)]);
        assert!(over.unconfirmed().is_some());
        let confirmed = after(vec![add("L1", 1), add("L1", 1), TransferChange::ConfirmOver]);
        assert!(confirmed.unconfirmed().is_none() && confirmed.lines[0].is_over());
        let more = after(vec![add("L1", 1), add("L1", 1), TransferChange::ConfirmOver, add("L1", 1)]);
        assert!(more.unconfirmed().is_some(), "it is asked again about more");
    }

    #[test]
    fn a_line_is_moved_by_its_own_move_alone() {
        let list =
            after(vec![TransferChange::Add(line("L1", "A-1")), TransferChange::Add(line("L2", "A-1"))]);
        let moved = |code, units| Action::MoveLot {
            lot: line(code, "A-1").lot,
            to: "B-1".into(),
            quantity: Quantity::units(units),
        };
        assert_eq!(list.moved_by(&moved("L1", 1)), Some(&line("L1", "A-1").lot));
        assert_eq!(list.moved_by(&moved("L1", 2)), None);
        assert_eq!(list.moved_by(&moved("L3", 1)), None);
        assert_eq!(*Rc::new(list).reduce(TransferChange::Clear), TransferList::default());
    }

    #[test]
    fn a_new_bin_is_the_destination_once_it_is_confirmed() {
        let ask = || TransferChange::Ask("Z-9".into());
        assert_eq!(after(vec![ask(), ask()]).to, "");
        assert_eq!(after(vec![ask(), TransferChange::Confirm]).to, "Z-9");
        let other = after(vec![ask(), TransferChange::To("B-1".into()), TransferChange::Confirm]);
        assert_eq!((other.to.as_str(), other.asked()), ("B-1", None));
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
