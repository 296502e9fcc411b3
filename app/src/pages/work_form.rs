//! Work on a lot as it is typed, and the mutation it comes to. Pure.

use domain::{Action, CalendarDate, InventoryLot, LotRef, MAX_REASON_CHARS, Quantity};
use uuid::Uuid;

use crate::components::faults::Faults;
use crate::components::quantity_field::read_quantity;
use crate::route::LotWork;

/// What is typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WorkForm {
    pub(crate) quantity: String,
    /// Of a lot that is new here.
    pub(crate) lot_code: String,
    /// Of a lot that is new here.
    pub(crate) location: String,
    /// `2026-11-24`, of a lot that is new here; may be empty.
    pub(crate) expires_on: String,
    /// Where goods go.
    pub(crate) to: String,
    /// Whether an adjustment takes stock away.
    pub(crate) takes_away: bool,
    /// Why stock is adjusted.
    pub(crate) reason: String,
}

impl WorkForm {
    /// The mutation for `work` on `lot`, or on a lot of `product` that is new here.
    ///
    /// # Errors
    /// What is wrong, by field.
    pub(crate) fn read(
        &self,
        work: LotWork,
        product: Uuid,
        lot: Option<&InventoryLot>,
        today: CalendarDate,
    ) -> Result<Action, Faults> {
        let mut faults = Faults::default();
        let quantity = self.read_quantity(work, &mut faults);
        let target = self.read_lot(product, lot, &mut faults);
        let basis = lot.map_or(Quantity::ZERO, |lot| lot.quantity);
        let action = match work {
            LotWork::Receive => {
                let expires_on = self.read_date(lot, &mut faults);
                Action::ReceiveLot { lot: target, quantity, expires_on, received_on: Some(today) }
            }
            LotWork::Pick => Action::PickLot { lot: target, quantity },
            LotWork::Move => {
                Action::MoveLot { to: self.read_destination(&target, &mut faults), lot: target, quantity }
            }
            LotWork::PutAway => {
                Action::PutAwayLot { to: self.read_destination(&target, &mut faults), lot: target, quantity }
            }
            LotWork::Adjust => {
                let delta = if self.takes_away { -quantity } else { quantity };
                Action::AdjustLot { lot: target, delta, reason: self.read_reason(&mut faults) }
            }
            LotWork::Count => Action::CountLot { lot: target, counted: quantity, basis },
        };
        if faults.is_empty() { Ok(action) } else { Err(faults) }
    }

    fn read_quantity(&self, work: LotWork, faults: &mut Faults) -> Quantity {
        match read_quantity(&self.quantity) {
            Ok(quantity) if quantity < Quantity::ZERO => {
                faults.note("quantity", "A quantity cannot be negative. Correct it.");
                Quantity::ZERO
            }
            Ok(Quantity::ZERO) if work != LotWork::Count => {
                faults.note("quantity", "The quantity must be more than zero. Correct it.");
                Quantity::ZERO
            }
            Ok(quantity) => quantity,
            Err(fault) => {
                faults.note("quantity", fault);
                Quantity::ZERO
            }
        }
    }

    fn read_lot(&self, product: Uuid, lot: Option<&InventoryLot>, faults: &mut Faults) -> LotRef {
        if let Some(lot) = lot {
            return lot.lot.clone();
        }
        let target = LotRef::new(product, &self.lot_code, &self.location);
        if target.lot_code.is_empty() {
            faults.note("lot-code", "Lot code is missing. It is printed on the goods.");
        }
        if target.location.is_empty() {
            faults.note("location", "Location is missing. Scan or type the bin.");
        }
        if let Err(refusal) = target.validate() {
            let field = if refusal.message.starts_with("Lot code") { "lot-code" } else { "location" };
            faults.note(field, refusal.message);
        }
        target
    }

    fn read_destination(&self, from: &LotRef, faults: &mut Faults) -> String {
        let to = from.at(&self.to);
        if to.location.is_empty() {
            faults.note("to", "Say where the goods go: scan or type the bin.");
        } else if to.location == from.location {
            faults.note("to", format!("The goods are in {} already. Choose another location.", to.location));
        } else if let Err(refusal) = to.validate() {
            faults.note("to", refusal.message);
        }
        to.location
    }

    /// A lot keeps the date it has.
    fn read_date(&self, lot: Option<&InventoryLot>, faults: &mut Faults) -> Option<CalendarDate> {
        let known = lot.and_then(|lot| lot.expires_on);
        if known.is_some() || self.expires_on.is_empty() {
            return known;
        }
        let date = self.expires_on.parse().ok();
        if date.is_none() {
            faults.note(
                "expires-on",
                format!("\"{}\" is not a date that exists. Correct it.", self.expires_on),
            );
        }
        date
    }

    fn read_reason(&self, faults: &mut Faults) -> String {
        let reason = self.reason.trim();
        let chars = reason.chars().count();
        if reason.is_empty() {
            faults.note("reason", "Say why, for whoever asks later.");
        } else if chars > MAX_REASON_CHARS {
            faults.note(
                "reason",
                format!("The reason has {chars} characters; at most {MAX_REASON_CHARS} fit."),
            );
        }
        reason.to_owned()
    }
}

/// What `quantity` does to a lot that has `here`, whatever else is still to be typed.
pub(crate) fn change(work: LotWork, quantity: Quantity, here: Quantity, takes_away: bool) -> Quantity {
    match work {
        LotWork::Receive => quantity,
        LotWork::Pick | LotWork::Move | LotWork::PutAway => -quantity,
        LotWork::Adjust if takes_away => -quantity,
        LotWork::Adjust => quantity,
        LotWork::Count => quantity - here,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> CalendarDate {
        "2026-11-21".parse().expect("a date")
    }

    fn lot() -> InventoryLot {
        let empty = InventoryLot::empty(LotRef::new(Uuid::nil(), "L1", "A-1"));
        InventoryLot { quantity: Quantity::units(30), ..empty }
    }

    fn typed(quantity: &str) -> WorkForm {
        WorkForm { quantity: quantity.into(), ..WorkForm::default() }
    }

    fn read(form: &WorkForm, work: LotWork) -> Result<Action, Faults> {
        form.read(work, Uuid::nil(), Some(&lot()), today())
    }

    #[test]
    fn picks_more_than_there_is_because_it_happened() {
        let action = read(&typed("35,5"), LotWork::Pick).expect("a pick");
        assert_eq!(action, Action::PickLot { lot: lot().lot, quantity: Quantity(35_500) });
    }

    #[test]
    fn a_count_carries_what_was_shown_and_may_be_nothing() {
        let action = read(&typed("0"), LotWork::Count).expect("a count");
        let basis = Quantity::units(30);
        assert_eq!(action, Action::CountLot { lot: lot().lot, counted: Quantity::ZERO, basis });
        assert!(read(&typed("0"), LotWork::Pick).is_err());
        assert!(read(&typed("-1"), LotWork::Count).is_err());
    }

    #[test]
    fn goods_move_only_somewhere_else() {
        let to = |to: &str| read(&WorkForm { to: to.into(), ..typed("5") }, LotWork::Move);
        assert!(to(" ").is_err_and(|faults| faults.of("to").is_some()));
        assert!(to("A-1").is_err_and(|faults| faults.of("to").is_some_and(|why| why.contains("already"))));
        assert!(to("B-2").is_ok());
    }

    #[test]
    fn an_adjustment_needs_a_reason() {
        assert!(read(&typed("5"), LotWork::Adjust).is_err_and(|faults| faults.of("reason").is_some()));
        let form = WorkForm { reason: "Damaged".into(), takes_away: true, ..typed("5") };
        let (delta, reason) = (Quantity::units(-5), "Damaged".to_owned());
        assert_eq!(read(&form, LotWork::Adjust), Ok(Action::AdjustLot { lot: lot().lot, delta, reason }));
    }

    #[test]
    fn says_what_a_quantity_does() {
        let of =
            |work, takes_away| change(work, Quantity::units(5), Quantity::units(30), takes_away).0 / 1_000;
        assert_eq!(
            [of(LotWork::Receive, true), of(LotWork::Pick, false), of(LotWork::Count, false)],
            [5, -5, -25]
        );
        assert_eq!([of(LotWork::Adjust, true), of(LotWork::Adjust, false)], [-5, 5]);
    }

    #[test]
    fn goods_of_a_new_lot_are_received() {
        let mut form = typed("5");
        let faults = form.read(LotWork::Receive, Uuid::nil(), None, today()).expect_err("no lot");
        assert!(faults.of("lot-code").is_some() && faults.of("location").is_some());
        (form.lot_code, form.location) = ("L9".into(), "R-1".into());
        form.expires_on = "2026-02-30".into();
        let faults = form.read(LotWork::Receive, Uuid::nil(), None, today()).expect_err("no such day");
        assert!(faults.of("expires-on").is_some());
        form.expires_on = "2027-02-28".into();
        assert!(form.read(LotWork::Receive, Uuid::nil(), None, today()).is_ok());
    }
}
