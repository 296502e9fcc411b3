//! The form of an operation on a lot, filled by typing and scans, and the resulting mutation. Pure.

use domain::{
    Action, CalendarDate, InventoryLot, LotRef, MAX_REASON_CHARS, Quantity, Reason, ReasonCode, ascii_digits,
    unit_decimals,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::asked_code::AskedCode;
use super::reason_code;
use super::task::Task;
use crate::route::LotWork;
use crate::ui::faults::Faults;
use crate::ui::quantity_field::read_quantity;
use crate::words::language::{grouped, t, tf};
use crate::words::reasons::of_field;

/// The current input. It is stored as a draft, without confirmations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct WorkForm {
    /// The selected lot; `None` for a new one.
    pub(crate) chosen: Option<Uuid>,
    pub(crate) quantity: String,
    /// The quantity as proposed, or counted by scans. A scanner may type into the field and have that undone,
    /// so only a difference from this value shows that a person typed.
    pub(crate) by_scans: String,
    /// Whether it was set by scans of printed digits, possibly to the proposed value.
    pub(crate) is_dictated: bool,
    /// Number of scans of the goods so far.
    pub(crate) scans: u32,
    /// The quantity that these scans counted.
    pub(crate) counted: Quantity,
    /// For a new lot.
    pub(crate) lot_code: String,
    /// For a new lot.
    pub(crate) location: String,
    /// `2026-11-24`, for a new lot; may be empty.
    pub(crate) expires_on: String,
    /// The destination.
    pub(crate) to: String,
    /// The last question whether a scanned code is a new bin, or the lot's.
    #[serde(skip)]
    pub(crate) asked: AskedCode,
    /// Whether an adjustment removes stock.
    pub(crate) takes_away: bool,
    /// The reason of an adjustment, or of picking another lot than the first to expire.
    #[serde(with = "reason_code")]
    pub(crate) reason: Option<ReasonCode>,
    /// The reason in words.
    pub(crate) note: String,
    /// The first count, if it differed from the book quantity.
    pub(crate) first_count: Option<Quantity>,
    /// The expected delivery that the goods belong to.
    pub(crate) delivery: Option<Uuid>,
    /// The quantity that a person confirmed, although it is more than expected.
    #[serde(skip)]
    pub(crate) confirmed_over: Option<Quantity>,
}

impl WorkForm {
    /// Whether a person set the quantity, so that scans only confirm.
    pub(crate) fn is_typed(&self) -> bool {
        self.is_dictated || self.quantity != self.by_scans
    }

    /// Starts a new count, from a quantity that is only a proposal.
    pub(crate) fn begin_counting(&mut self, proposal: String) {
        (self.quantity, self.by_scans) = (proposal.clone(), proposal);
        (self.is_dictated, self.scans, self.counted) = (false, 0, Quantity::ZERO);
    }

    /// Selects another lot, or a new one. A count by scans is dropped, because it was of the previous lot; a
    /// typed quantity stays.
    pub(crate) fn choose(&mut self, lot: Option<Uuid>, task: &Task) {
        if self.chosen == lot {
            return;
        }
        (self.chosen, self.first_count) = (lot, None);
        if !self.is_typed() {
            let is_all = task.work == LotWork::PutAway;
            self.begin_counting(if is_all { task.proposal(lot) } else { self.quantity.clone() });
        }
    }

    /// The bin that the goods go to.
    pub(super) fn place(&self, work: LotWork) -> &str {
        if work == LotWork::Receive { &self.location } else { &self.to }
    }

    /// Sets the bin that the goods go to.
    pub(crate) fn set_place(&mut self, work: LotWork, bin: &str) {
        if !self.asked.is_lot() {
            self.asked = AskedCode::default();
        }
        let place = if work == LotWork::Receive { &mut self.location } else { &mut self.to };
        bin.clone_into(place);
    }

    /// The resulting mutation.
    ///
    /// # Errors
    /// The faults, by field.
    pub(crate) fn read(&self, task: &Task) -> Result<Action, Faults> {
        let mut faults = Faults::default();
        let lot = task.lot(self);
        let quantity = self.read_quantity(task, &mut faults);
        let target = self.read_lot(task, lot, &mut faults);
        let basis = lot.map_or(Quantity::ZERO, |lot| lot.quantity);
        let reason = if task.needs_reason(self) { self.read_reason(&mut faults) } else { String::new() };
        let action = match task.work {
            LotWork::Receive => {
                let expires_on = self.read_date(lot, &mut faults);
                let received_on = Some(task.today);
                Action::ReceiveLot { lot: target, quantity, expires_on, received_on, delivery: self.delivery }
            }
            LotWork::Pick => Action::PickLot { lot: target, quantity, reason },
            LotWork::Move => {
                Action::MoveLot { to: self.read_destination(&target, &mut faults), lot: target, quantity }
            }
            LotWork::PutAway => {
                Action::PutAwayLot { to: self.read_destination(&target, &mut faults), lot: target, quantity }
            }
            LotWork::Adjust => {
                let delta = if self.takes_away { -quantity } else { quantity };
                Action::AdjustLot { lot: target, delta, reason, delivery: None }
            }
            LotWork::Count => Action::CountLot { lot: target, counted: quantity, basis },
        };
        if faults.is_empty() { Ok(action) } else { Err(faults) }
    }

    /// Whether a second count is needed: the count differs from the book quantity, and no earlier count
    /// confirms it.
    pub(crate) fn needs_recount(&self, action: &Action) -> Option<Quantity> {
        match action {
            Action::CountLot { counted, basis, .. }
                if counted != basis && self.first_count != Some(*counted) =>
            {
                Some(*counted)
            }
            _ => None,
        }
    }

    /// The quantity still expected, if more than that is received and nobody has confirmed it.
    pub(crate) fn over_receipt(&self, action: &Action, task: &Task) -> Option<Quantity> {
        let Action::ReceiveLot { quantity, .. } = action else { return None };
        let expected = task.expected(self).filter(|expected| quantity > expected)?;
        (self.confirmed_over != Some(*quantity)).then_some(expected.max(Quantity::ZERO))
    }

    fn read_quantity(&self, task: &Task, faults: &mut Faults) -> Quantity {
        match read_quantity(&self.quantity, unit_decimals(&task.unit)) {
            Ok(quantity) if quantity < Quantity::ZERO => {
                faults.note("quantity", t("A quantity cannot be negative. Correct it."));
                Quantity::ZERO
            }
            Ok(Quantity::ZERO) if task.work != LotWork::Count => {
                faults.note("quantity", t("The quantity must be more than zero. Correct it."));
                Quantity::ZERO
            }
            Ok(quantity) => quantity,
            Err(fault) => {
                faults.note("quantity", fault);
                Quantity::ZERO
            }
        }
    }

    fn read_lot(&self, task: &Task, lot: Option<&InventoryLot>, faults: &mut Faults) -> LotRef {
        if let Some(lot) = lot {
            return lot.lot.clone();
        }
        let target = LotRef::new(task.product, &self.lot_code, &self.location);
        let unchosen = match task.work {
            LotWork::Pick => Some(t("Choose the lot to pick from.")),
            LotWork::Move => Some(t("Choose the lot to move.")),
            LotWork::PutAway => Some(t("Choose the lot to put away.")),
            LotWork::Receive | LotWork::Adjust | LotWork::Count => None,
        };
        if let Some(unchosen) = unchosen {
            faults.note("lot-code", unchosen);
            return target;
        }
        if target.lot_code.is_empty() {
            faults.note("lot-code", t("Lot code is missing. It is printed on the goods."));
        }
        if target.location.is_empty() {
            faults.note("location", t("Bin is missing. Scan or type it."));
        }
        if let Err(refusal) = target.validate() {
            let field = if refusal.message.starts_with("Lot code") { "lot-code" } else { "location" };
            faults.note(field, of_field(refusal.code, &refusal.message));
        }
        target
    }

    fn read_destination(&self, from: &LotRef, faults: &mut Faults) -> String {
        let to = from.at(&self.to);
        if to.location.is_empty() {
            faults.note("to", t("Scan or type the destination bin."));
        } else if to.id() == from.id() {
            let bin: &dyn std::fmt::Display = &to.location;
            faults.note("to", tf("The goods are already in {bin}. Choose another bin.", &[("bin", bin)]));
        } else if let Err(refusal) = to.validate()
            && !to.lot_code.is_empty()
        {
            faults.note("to", of_field(refusal.code, &refusal.message));
        }
        to.location
    }

    /// An existing lot keeps its date.
    fn read_date(&self, lot: Option<&InventoryLot>, faults: &mut Faults) -> Option<CalendarDate> {
        let known = lot.and_then(|lot| lot.expires_on);
        if known.is_some() || self.expires_on.is_empty() {
            return known;
        }
        let date = ascii_digits(&self.expires_on).parse().ok();
        if date.is_none() {
            let typed: &dyn std::fmt::Display = &self.expires_on;
            faults.note("expires-on", tf("\"{date}\" is not a valid date. Correct it.", &[("date", typed)]));
        }
        date
    }

    fn read_reason(&self, faults: &mut Faults) -> String {
        let note = self.note.trim();
        let reason = match (self.reason, note) {
            (None, "") | (Some(ReasonCode::Other), "") => {
                faults.note("reason", t("Choose or enter a reason."));
                String::new()
            }
            (code, note) => {
                Reason { code: code.unwrap_or(ReasonCode::Other), note: note.to_owned() }.to_string()
            }
        };
        let chars = reason.chars().count();
        if chars > MAX_REASON_CHARS {
            let values: [(&str, &dyn std::fmt::Display); 2] =
                [("chars", &grouped(chars)), ("most", &MAX_REASON_CHARS)];
            faults.note("reason", tf("The reason has {chars} characters; at most {most} fit.", &values));
        }
        reason
    }
}

/// The change of a lot with the quantity `here`, regardless of the fields that are still empty.
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
pub(crate) mod tests {
    use super::super::due_scan::tests::delivery;
    use super::*;

    pub(crate) fn lot_of(code: &str, bin: &str, expires_on: &str) -> InventoryLot {
        let empty = InventoryLot::empty(LotRef::new(Uuid::nil(), code, bin));
        InventoryLot { quantity: Quantity::units(30), expires_on: expires_on.parse().ok(), ..empty }
    }

    pub(crate) fn lot() -> InventoryLot {
        lot_of("L1", "A-1", "2027-01-31")
    }

    pub(crate) fn task(work: LotWork) -> Task {
        Task {
            work,
            product: Uuid::nil(),
            name: "Rice".into(),
            unit: "kg".into(),
            lots: vec![lot(), lot_of("L2", "A-2", "2027-05-31")],
            elsewhere: Vec::new(),
            receiving_bin: "RECEIVING".into(),
            used_bins: std::rc::Rc::default(),
            deliveries: std::rc::Rc::default(),
            delivery: None,
            today: "2026-11-21".parse().expect("a date"),
        }
    }

    pub(crate) fn typed(quantity: &str) -> WorkForm {
        WorkForm { chosen: Some(lot().lot.id()), quantity: quantity.into(), ..WorkForm::default() }
    }

    fn read(form: &WorkForm, work: LotWork) -> Result<Action, Faults> {
        form.read(&task(work))
    }

    /// The error of `field`, which must be the only field with one.
    fn only_fault(read: Result<Action, Faults>, field: &'static str) -> String {
        let faults = read.expect_err("a fault");
        let sentence = faults.first();
        let mut only = Faults::default();
        only.note(field, sentence.clone());
        assert_eq!(faults, only);
        sentence
    }

    #[test]
    fn a_pick_may_exceed_the_book_quantity() {
        let action = read(&typed("35,5"), LotWork::Pick).expect("a pick");
        let reason = String::new();
        assert_eq!(action, Action::PickLot { lot: lot().lot, quantity: Quantity(35_500), reason });
    }

    #[test]
    fn a_unit_without_decimals_needs_whole_numbers() {
        let pieces = Task { unit: "each".into(), ..task(LotWork::Pick) };
        let two = Action::PickLot { lot: lot().lot, quantity: Quantity::units(2), reason: String::new() };
        assert_eq!(typed("2").read(&pieces), Ok(two));
        let half = only_fault(typed("2.5").read(&pieces), "quantity");
        assert_eq!(half, "This product is counted, not measured: type a whole number.");
    }

    #[test]
    fn another_lot_than_the_first_to_expire_needs_a_reason() {
        let other = lot_of("L2", "A-2", "2027-05-31").lot;
        let form = WorkForm { chosen: Some(other.id()), ..typed("5") };
        let no_reason = only_fault(read(&form, LotWork::Pick), "reason");
        assert_eq!(no_reason, "Choose or enter a reason.");
        let given = WorkForm { reason: Some(ReasonCode::NotFound), note: "empty bin".into(), ..form.clone() };
        let reason = "not-found: empty bin".to_owned();
        assert_eq!(
            read(&given, LotWork::Pick),
            Ok(Action::PickLot { lot: other, quantity: Quantity::units(5), reason })
        );
        let no_bin = only_fault(read(&form, LotWork::Move), "to");
        assert_eq!(no_bin, "Scan or type the destination bin.", "a move needs no reason");
    }

    #[test]
    fn another_lot_starts_its_own_count() {
        let other = Some(Uuid::from_u128(2));
        let mut counted = typed("28");
        counted.first_count = Some(Quantity::units(28));
        counted.choose(other, &task(LotWork::Count));
        assert_eq!((counted.first_count, counted.quantity.as_str()), (None, "28"));
        let mut scanned = typed("");
        scanned.begin_counting("1".into());
        scanned.scans = 3;
        scanned.choose(other, &task(LotWork::Count));
        assert_eq!((scanned.scans, scanned.is_typed()), (0, false));
    }

    #[test]
    fn a_count_contains_the_shown_quantity_and_may_be_zero() {
        let action = read(&typed("0"), LotWork::Count).expect("a count");
        let basis = Quantity::units(30);
        assert_eq!(action, Action::CountLot { lot: lot().lot, counted: Quantity::ZERO, basis });
        let fault = |quantity, work| only_fault(read(&typed(quantity), work), "quantity");
        assert_eq!(fault("0", LotWork::Pick), "The quantity must be more than zero. Correct it.");
        assert_eq!(fault("-1", LotWork::Count), "A quantity cannot be negative. Correct it.");
    }

    #[test]
    fn a_difference_is_booked_when_two_counts_agree() {
        let count = |quantity: &str, first: Option<i64>| {
            let form = WorkForm { first_count: first.map(Quantity::units), ..typed(quantity) };
            form.needs_recount(&read(&form, LotWork::Count).expect("a count")).is_some()
        };
        assert!(!count("30", None), "as recorded");
        assert!(count("28", None));
        assert!(!count("28", Some(28)));
        assert!(count("27", Some(28)), "two counts that differ say nothing");
        assert!(!count("30", Some(28)));
    }

    #[test]
    fn a_put_away_is_of_all_of_what_waits_in_the_receiving_bin() {
        let waiting = lot_of("L3", "receiving", "2027-09-30");
        let none = InventoryLot { quantity: Quantity::ZERO, ..lot_of("L4", "RECEIVING", "2027-01-01") };
        let mut task = task(LotWork::PutAway);
        task.lots.extend([waiting.clone(), none]);
        assert_eq!(
            task.usual_lot(),
            Some(&waiting),
            "not the first to expire, which lies in its bin already"
        );
        assert_eq!(task.proposal(Some(waiting.lot.id())), "30");
        task.lots.push(lot_of("L5", "RECEIVING", "2027-10-31"));
        assert_eq!(task.usual_lot(), None, "a person says which");
        let mut form = WorkForm { to: "B-1".into(), ..WorkForm::default() };
        let one = WorkForm { quantity: "1".into(), ..form.clone() };
        let unnamed = only_fault(one.read(&task), "lot-code");
        assert_eq!(unnamed, "Choose the lot to put away.");
        form.choose(Some(waiting.lot.id()), &task);
        let all = Action::PutAwayLot { lot: waiting.lot, to: "B-1".into(), quantity: Quantity::units(30) };
        assert_eq!(form.read(&task), Ok(all));
    }

    #[test]
    fn goods_cannot_move_to_their_own_bin() {
        let to = |to: &str| read(&WorkForm { to: to.into(), ..typed("5") }, LotWork::Move);
        assert_eq!(only_fault(to(" "), "to"), "Scan or type the destination bin.");
        let same = only_fault(to("a-1"), "to");
        assert_eq!(same, "The goods are already in a-1. Choose another bin.");
        let (lot, to_bin) = (lot().lot, "B-2".to_owned());
        assert_eq!(to("B-2"), Ok(Action::MoveLot { lot, to: to_bin, quantity: Quantity::units(5) }));
    }

    #[test]
    fn an_adjustment_needs_a_reason() {
        let no_reason = only_fault(read(&typed("5"), LotWork::Adjust), "reason");
        assert_eq!(no_reason, "Choose or enter a reason.");
        let form = WorkForm { reason: Some(ReasonCode::Damaged), takes_away: true, ..typed("5") };
        let (delta, reason) = (Quantity::units(-5), "damaged".to_owned());
        assert_eq!(
            read(&form, LotWork::Adjust),
            Ok(Action::AdjustLot { lot: lot().lot, delta, reason, delivery: None })
        );
        let bare = WorkForm { reason: Some(ReasonCode::Other), ..typed("5") };
        let bare = only_fault(read(&bare, LotWork::Adjust), "reason");
        assert_eq!(bare, no_reason, "another reason has to be said");
    }

    #[test]
    fn shows_the_change_of_a_quantity() {
        let of =
            |work, takes_away| change(work, Quantity::units(5), Quantity::units(30), takes_away).0 / 1_000;
        assert_eq!(
            [of(LotWork::Receive, true), of(LotWork::Pick, false), of(LotWork::Count, false)],
            [5, -5, -25]
        );
        assert_eq!([of(LotWork::Adjust, true), of(LotWork::Adjust, false)], [-5, 5]);
    }

    #[test]
    fn more_than_expected_is_received_once_it_is_confirmed() {
        let over = |typed_quantity: &str, expected: Option<i64>, confirmed: Option<i64>| {
            let deliveries: Vec<_> =
                expected.map(|units| delivery(1, &[(Uuid::nil(), units)])).into_iter().collect();
            let task = Task { deliveries: std::rc::Rc::new(deliveries), ..task(LotWork::Receive) };
            let confirmed_over = confirmed.map(Quantity::units);
            let form =
                WorkForm { confirmed_over, delivery: Some(Uuid::from_u128(1)), ..typed(typed_quantity) };
            form.over_receipt(&form.read(&task).expect("a receipt"), &task)
        };
        assert_eq!(over("60", Some(6), None), Some(Quantity::units(6)));
        assert_eq!(over("60", Some(6), Some(60)), None);
        assert_eq!(
            over("61", Some(6), Some(60)),
            Some(Quantity::units(6)),
            "another quantity is asked about"
        );
        assert_eq!(over("1", Some(-2), None), Some(Quantity::ZERO));
        assert_eq!(over("6", Some(6), None), None);
        assert_eq!(over("60", None, None), None);
    }

    #[test]
    fn goods_of_a_new_lot_are_received() {
        let mut form = WorkForm { chosen: None, ..typed("5") };
        let faults = read(&form, LotWork::Receive).expect_err("no lot");
        let at = |field| faults.of(field).map(|sentence| sentence.to_string()).unwrap_or_default();
        assert_eq!(at("lot-code"), "Lot code is missing. It is printed on the goods.");
        assert_eq!(at("location"), "Bin is missing. Scan or type it.");
        (form.lot_code, form.location) = ("L9".into(), "R-1".into());
        form.expires_on = "2026-02-30".into();
        let no_such_day = only_fault(read(&form, LotWork::Receive), "expires-on");
        assert_eq!(no_such_day, "\"2026-02-30\" is not a valid date. Correct it.");
        form.expires_on = "2027-02-28".into();
        let received = Action::ReceiveLot {
            lot: LotRef::new(Uuid::nil(), "L9", "R-1"),
            quantity: Quantity::units(5),
            expires_on: "2027-02-28".parse().ok(),
            received_on: Some(task(LotWork::Receive).today),
            delivery: None,
        };
        assert_eq!(read(&form, LotWork::Receive), Ok(received));
        form.lot_code = "x".repeat(65);
        let too_long = only_fault(read(&form, LotWork::Receive), "lot-code");
        assert_eq!(too_long, "Lot code has 65 characters; at most 64 fit. Shorten it.");
    }
}
