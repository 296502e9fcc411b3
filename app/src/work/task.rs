//! The subject of an operation on a lot: the product, its lots, and the lots that may be taken. Pure.

use std::rc::Rc;

use domain::{
    CalendarDate, Delivery, InventoryLot, Quantity, first_to_take, location_key, primary_lot, same_key,
};
use uuid::Uuid;

use super::asked_code::is_like_a_bin;
use super::work_form::WorkForm;
use crate::route::LotWork;
use crate::words::format;
use crate::words::lot_words::not_for_use;

/// The subject of the operation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Task {
    pub(crate) work: LotWork,
    pub(crate) product: Uuid,
    pub(crate) name: String,
    pub(crate) unit: String,
    /// The product's lots, soonest to expire first.
    pub(crate) lots: Vec<InventoryLot>,
    /// Its lots that only the server has: reserved, quarantined, expired.
    pub(crate) elsewhere: Vec<InventoryLot>,
    /// The bin that received goods wait in.
    pub(crate) receiving_bin: String,
    /// The bins that were used on this device.
    pub(crate) used_bins: Rc<Vec<String>>,
    /// The open deliveries, if goods are received.
    pub(crate) deliveries: Rc<Vec<Delivery>>,
    /// The delivery that is being received line by line.
    pub(crate) delivery: Option<Uuid>,
    pub(crate) today: CalendarDate,
}

impl Task {
    /// The selected lot.
    pub(crate) fn lot(&self, form: &WorkForm) -> Option<&InventoryLot> {
        self.lots.iter().find(|lot| Some(lot.lot.id()) == form.chosen)
    }

    /// The quantity that is still expected with the form's delivery; negative if more has come.
    pub(crate) fn expected(&self, form: &WorkForm) -> Option<Quantity> {
        self.deliveries
            .iter()
            .find(|open| Some(open.id) == form.delivery)
            .and_then(|open| left(open, self.product))
    }

    /// The deliveries that more of the product is expected with, if the goods are not being counted to one.
    pub(crate) fn due(&self, form: &WorkForm) -> Vec<(&Delivery, Quantity)> {
        let due =
            |open| left(open, self.product).filter(|left| *left > Quantity::ZERO).map(|left| (open, left));
        self.deliveries.iter().filter(|_| form.delivery.is_none()).filter_map(due).collect()
    }

    /// Whether another product is on the delivery that is being received.
    pub(crate) fn is_line(&self, product: Uuid) -> bool {
        self.deliveries.iter().any(|open| Some(open.id) == self.delivery && left(open, product).is_some())
    }

    /// Whether a code is written like a bin's name.
    pub(crate) fn is_like_a_bin(&self, code: &str) -> bool {
        let stocked = self.lots.iter().chain(&self.elsewhere).map(|lot| lot.lot.location.as_str());
        is_like_a_bin(code, stocked.chain(self.used_bins.iter().map(String::as_str)))
    }

    /// The lots that the operation works on: a put-away only on stock that waits in the receiving bin.
    pub(crate) fn choices(&self) -> impl Iterator<Item = &InventoryLot> {
        let receiving = location_key(&self.receiving_bin);
        self.lots.iter().filter(move |lot| {
            let waits = || lot.quantity > Quantity::ZERO && location_key(&lot.lot.location) == receiving;
            self.work != LotWork::PutAway || waits()
        })
    }

    /// The lot that the operation begins with, unless a person named one. A put-away of several waiting lots begins
    /// with none: a person has to say which.
    pub(crate) fn usual_lot(&self) -> Option<&InventoryLot> {
        match self.work {
            LotWork::Receive => None,
            LotWork::Pick => first_to_take(&self.lots, self.today),
            LotWork::PutAway => {
                let mut waiting = self.choices();
                waiting.next().filter(|_| waiting.next().is_none())
            }
            LotWork::Move | LotWork::Adjust | LotWork::Count => primary_lot(&self.lots, self.today),
        }
    }

    /// The quantity proposed for a lot: a put-away is of all of it.
    pub(crate) fn proposal(&self, lot: Option<Uuid>) -> String {
        let chosen = || self.lots.iter().find(|known| Some(known.lot.id()) == lot);
        match self.work {
            LotWork::Adjust | LotWork::Count => String::new(),
            LotWork::PutAway => chosen().map_or_else(String::new, |lot| format::typed(lot.quantity)),
            LotWork::Receive | LotWork::Pick | LotWork::Move => "1".to_owned(),
        }
    }

    /// A title and the sentence, if the named lot is only elsewhere and not for use.
    pub(crate) fn not_for_use(&self, lot_code: &str) -> Option<(&'static str, String)> {
        let is_meant = |lot: &&InventoryLot| same_key(&lot.lot.lot_code, lot_code);
        let is_here = self.lots.iter().any(|lot| is_meant(&lot));
        let mut elsewhere = self.elsewhere.iter().filter(is_meant).filter(|_| !is_here);
        elsewhere.find_map(|lot| not_for_use(lot, self.today))
    }

    /// The objection to picking the selected lot.
    pub(crate) fn objection(&self, form: &WorkForm) -> Option<Objection<'_>> {
        let chosen = self.lot(form).filter(|_| self.work == LotWork::Pick)?;
        let may_be_used = not_for_use(chosen, self.today).is_none();
        match first_to_take(&self.lots, self.today).filter(|first| first.lot != chosen.lot) {
            Some(first) if !may_be_used || chosen.expires_on != first.expires_on => {
                Some(Objection::TakeFirst(first))
            }
            _ => (!may_be_used).then_some(Objection::NotForUse),
        }
    }

    /// Whether a reason is required.
    pub(crate) fn needs_reason(&self, form: &WorkForm) -> bool {
        self.work == LotWork::Adjust || self.objection(form).is_some()
    }
}

/// The quantity of a product that is still expected; none if it is not on the delivery.
fn left(delivery: &Delivery, product: Uuid) -> Option<Quantity> {
    let line = delivery.lines.iter().find(|line| line.product_id == product)?;
    Some(line.expected - line.received)
}

/// An objection to a pick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Objection<'a> {
    /// This lot is usable and expires first.
    TakeFirst(&'a InventoryLot),
    /// The lot is not usable, and there is no other.
    NotForUse,
}

#[cfg(test)]
mod tests {
    use domain::LotStatus;

    use super::super::work_form::tests::{lot, lot_of, task, typed};
    use super::*;

    #[test]
    fn an_unusable_lot_is_never_first_and_needs_a_reason() {
        let expired = lot_of("L0", "A-0", "2026-11-20");
        let blocked = InventoryLot { status: LotStatus::Quarantined, ..lot_of("L9", "A-9", "2027-01-31") };
        let of = |lots: Vec<InventoryLot>, chosen: &InventoryLot| {
            let form = WorkForm { chosen: Some(chosen.lot.id()), ..typed("1") };
            let task = Task { lots, ..task(LotWork::Pick) };
            match task.objection(&form) {
                Some(Objection::TakeFirst(first)) => first.lot.lot_code.clone(),
                Some(Objection::NotForUse) => "not for use".to_owned(),
                None => String::new(),
            }
        };
        assert_eq!(of(vec![expired.clone(), lot()], &expired), "L1");
        assert_eq!(of(vec![expired.clone()], &expired), "not for use");
        assert_eq!(of(vec![blocked.clone(), lot()], &blocked), "L1", "whatever its date");
        assert_eq!(of(vec![expired.clone(), lot()], &lot()), "");
        let empty = InventoryLot { quantity: Quantity::ZERO, ..lot() };
        assert_eq!(of(vec![expired, empty.clone()], &empty), "", "the record may be wrong");
    }
}
