//! The effect of a scan on the current operation, so that every operation can be done by scans alone. Pure.

use domain::{CalendarDate, InventoryLot, Occasion, Quantity, ReasonCode, location_key};
use uuid::Uuid;

use super::work_form::{Task, WorkForm};
use crate::desk::command::Command;
use crate::desk::scan::Scanned;
use crate::desk::scanner::Found;
use crate::route::LotWork;
use crate::ui::keypad::{PadKey, press};
use crate::words::format;
use crate::words::language::{t, tf};

/// The feedback for a scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Success: a title and the name of the goods.
    Right(&'static str, String),
    /// Error: a title and the solution.
    Wrong(&'static str, String),
    /// None, because the form shows it.
    Quiet,
    /// The form is to be saved.
    Save,
}

/// The effect of `found` on `form`; `None` if this operation does not handle it.
pub(crate) fn hear(task: &Task, form: &WorkForm, found: &Found) -> Option<(WorkForm, Answer)> {
    let hearing = Hearing { task, form: form.clone() };
    match found {
        Found::Command(command) => hearing.command(*command),
        Found::Code(scanned) => hearing.own_code(scanned),
        Found::Product(id, scanned) => Some(hearing.goods(*id, scanned)),
        Found::Bin(location, is_echo) => Some(hearing.bin(location, *is_echo)),
        Found::Unlisted(scanned) => hearing.unlisted(scanned),
        Found::Raw(_) | Found::Delivery(_) => None,
    }
}

struct Hearing<'a> {
    task: &'a Task,
    form: WorkForm,
}

impl Hearing<'_> {
    fn command(mut self, command: Command) -> Option<(WorkForm, Answer)> {
        let work = self.task.work;
        let fresh = !self.form.is_typed();
        let typed = |key| Some(press(&self.form.quantity, key, fresh));
        let quantity = match command {
            Command::Save => return Some((self.form, Answer::Save)),
            Command::Digit(digit) => typed(PadKey::Digit(digit)),
            Command::Point => typed(PadKey::Point),
            Command::Clear => Some(String::new()),
            _ => None,
        };
        if let Some(quantity) = quantity {
            (self.form.quantity, self.form.is_dictated) = (quantity, true);
            return Some((self.form, Answer::Quiet));
        }
        match command {
            Command::NoLot if work == LotWork::Receive => {
                self.form.lot_code = lot_code_of_day(self.task.today);
                self.form.chosen = None;
            }
            Command::TakeAway | Command::Add if work == LotWork::Adjust => {
                self.form.takes_away = command == Command::TakeAway;
            }
            Command::Reason(reason) if self.reasons().contains(&reason) => self.form.reason = Some(reason),
            _ => return None,
        }
        Some((self.form, Answer::Quiet))
    }

    fn reasons(&self) -> &'static [ReasonCode] {
        match self.task.work {
            LotWork::Adjust => ReasonCode::of(Occasion::Adjust),
            LotWork::Pick => ReasonCode::of(Occasion::Override),
            _ => &[],
        }
    }

    /// A lot code or a bin of the product itself needs no look-up.
    fn own_code(self, scanned: &Scanned) -> Option<(WorkForm, Answer)> {
        let lots = &self.task.lots;
        if lots.iter().any(|lot| scanned.is(&lot.lot.location)) || self.is_place_again(&scanned.code) {
            return Some(self.bin(&scanned.code, scanned.is_echo));
        }
        let is_own_lot = lots.iter().any(|lot| scanned.is(&lot.lot.lot_code));
        is_own_lot.then(|| self.lot(&scanned.code, scanned))
    }

    fn goods(mut self, id: Uuid, scanned: &Scanned) -> (WorkForm, Answer) {
        let Task { product, name, .. } = self.task;
        if id != *product {
            let detail = tf("This is not {name}. Put it back and scan again.", &[("name", name)]);
            return (self.form, Answer::Wrong(t("Another item"), detail));
        }
        if let Some(lot_code) = &scanned.lot_code {
            return self.lot(lot_code, scanned);
        }
        self.count(scanned);
        let title = t("Right item");
        (self.form, Answer::Right(title, name.clone()))
    }

    /// A lot's label: it selects the lot, and adds one to its count.
    fn lot(mut self, lot_code: &str, scanned: &Scanned) -> (WorkForm, Answer) {
        if self.task.work == LotWork::Receive && self.form.chosen.is_none() {
            return self.incoming(lot_code, scanned);
        }
        let here: Vec<&InventoryLot> =
            self.task.lots.iter().filter(|lot| lot.lot.lot_code.eq_ignore_ascii_case(lot_code)).collect();
        let in_hand = here.iter().find(|lot| Some(lot.lot.id()) == self.form.chosen);
        match (in_hand.or(here.first()), self.task.work) {
            (Some(lot), _) => {
                self.form.choose(Some(lot.lot.id()));
                if let Some(doubt) = other_date(lot, scanned) {
                    self.count(scanned);
                    return (self.form, Answer::Wrong(t("Another date"), doubt));
                }
            }
            (None, LotWork::Receive) => {
                self.form.choose(None);
                return self.incoming(lot_code, scanned);
            }
            (None, _) => {
                let detail = tf(
                    "Lot {lot} is not among the lots for use here. It may be blocked: ask before you take it.",
                    &[("lot", &lot_code)],
                );
                return (self.form, Answer::Wrong(t("Another lot"), detail));
            }
        }
        self.count(scanned);
        (self.form, Answer::Right(t("Right lot"), lot_code.to_owned()))
    }

    /// A label of incoming goods. They go to the bin in the form, even if there is stock of the lot
    /// elsewhere.
    fn incoming(mut self, lot_code: &str, scanned: &Scanned) -> (WorkForm, Answer) {
        let known = self.task.lots.iter().find(|lot| lot.lot.lot_code.eq_ignore_ascii_case(lot_code));
        if !self.form.lot_code.eq_ignore_ascii_case(lot_code) {
            if !self.form.is_typed() {
                self.form.begin_counting(self.form.quantity.clone());
            }
            lot_code.clone_into(&mut self.form.lot_code);
            let date = scanned.expires_on.or(known.and_then(|lot| lot.expires_on));
            self.form.expires_on = date.map_or_else(String::new, |date| date.to_string());
        }
        self.count(scanned);
        match known.and_then(|lot| other_date(lot, scanned)) {
            Some(doubt) => (self.form, Answer::Wrong(t("Another date"), doubt)),
            None => (self.form, Answer::Right(t("Lot"), lot_code.to_owned())),
        }
    }

    /// Adds one, or the count on the label; a typed quantity is only confirmed.
    fn count(&mut self, scanned: &Scanned) {
        if self.form.is_typed() {
            return;
        }
        let more = scanned.count.unwrap_or(Quantity::units(1));
        let so_far = match self.form.scans {
            0 => Quantity::ZERO,
            _ => Quantity::parse(&self.form.quantity).unwrap_or(Quantity::ZERO),
        };
        self.form.scans = self.form.scans.saturating_add(1);
        if (so_far + more).in_range() {
            self.form.quantity = format::typed(so_far + more);
            self.form.by_scans.clone_from(&self.form.quantity);
        }
    }

    /// An echo may be the same label read twice, so it never saves.
    fn bin(mut self, location: &str, is_echo: bool) -> (WorkForm, Answer) {
        if self.is_place_again(location) {
            let answer = if is_echo { Answer::Quiet } else { Answer::Save };
            return (self.form, answer);
        }
        let is_here = |lot: &&InventoryLot| location_key(&lot.lot.location) == location_key(location);
        let chosen = self.task.lot(&self.form);
        match self.task.work {
            LotWork::Move | LotWork::PutAway if chosen.as_ref().is_some_and(is_here) => {
                (self.form, Answer::Right(t("Taken from"), location.to_owned()))
            }
            LotWork::Move | LotWork::PutAway => {
                location.clone_into(&mut self.form.to);
                (self.form, Answer::Right(t("To"), location.to_owned()))
            }
            LotWork::Receive => {
                if let Some(lot) = chosen.filter(|lot| !is_here(lot)) {
                    // The same lot comes into another bin.
                    self.form.lot_code.clone_from(&lot.lot.lot_code);
                    self.form.expires_on = lot.expires_on.map_or_else(String::new, |date| date.to_string());
                    self.form.chosen = None;
                }
                location.clone_into(&mut self.form.location);
                (self.form, Answer::Right(t("Into"), location.to_owned()))
            }
            LotWork::Pick | LotWork::Count | LotWork::Adjust => self.check_bin(location),
        }
    }

    fn check_bin(mut self, location: &str) -> (WorkForm, Answer) {
        let here = || {
            let key = location_key(location);
            self.task.lots.iter().filter(move |lot| location_key(&lot.lot.location) == key)
        };
        let chosen = self.task.lot(&self.form);
        if chosen.is_some_and(|chosen| here().any(|lot| lot.lot == chosen.lot)) {
            return (self.form, Answer::Right(t("Right bin"), location.to_owned()));
        }
        match here().next() {
            Some(lot) => {
                self.form.choose(Some(lot.lot.id()));
                (self.form, Answer::Right(t("Another bin"), location.to_owned()))
            }
            None => {
                let values: [(&str, &dyn std::fmt::Display); 2] =
                    [("name", &self.task.name), ("bin", &location)];
                let detail = tf("There is no {name} in {bin}. Go to the bin on the screen.", &values);
                (self.form, Answer::Wrong(t("Wrong bin"), detail))
            }
        }
    }

    /// Whether it is a second scan of the destination, which confirms the form.
    fn is_place_again(&self, location: &str) -> bool {
        let place = match self.task.work {
            LotWork::Move | LotWork::PutAway => &self.form.to,
            LotWork::Receive if self.form.chosen.is_none() && self.form.scans > 0 => {
                if self.form.lot_code.is_empty() { return false } else { &self.form.location }
            }
            _ => return false,
        };
        !place.is_empty() && location_key(place) == location_key(location)
    }

    /// An unknown code fills the missing field: the code of the incoming lot, or the destination.
    fn unlisted(mut self, scanned: &Scanned) -> Option<(WorkForm, Answer)> {
        match self.task.work {
            _ if scanned.is_item || scanned.is_typed => None,
            LotWork::Receive if self.form.chosen.is_none() && self.form.lot_code.is_empty() => {
                self.form.lot_code.clone_from(&scanned.code);
                Some((self.form, Answer::Right(t("Lot"), scanned.code.clone())))
            }
            LotWork::Receive | LotWork::Move | LotWork::PutAway => {
                Some(self.bin(&scanned.code, scanned.is_echo))
            }
            LotWork::Pick | LotWork::Count | LotWork::Adjust => None,
        }
    }
}

/// The warning if the date on the label differs from the book.
fn other_date(lot: &InventoryLot, scanned: &Scanned) -> Option<String> {
    let (book, label) = (lot.expires_on?, scanned.expires_on.filter(|date| Some(*date) != lot.expires_on)?);
    let values: [(&str, &dyn std::fmt::Display); 3] =
        [("lot", &lot.lot.lot_code), ("label", &format::date(label)), ("book", &format::date(book))];
    Some(tf(
        "The label of lot {lot} says {label}, the book says {book}. Check the goods, then correct the lot's date.",
        &values,
    ))
}

/// The lot code of goods without one is their day of arrival: `20261121`.
pub(crate) fn lot_code_of_day(today: CalendarDate) -> String {
    today.to_string().replace('-', "")
}

#[cfg(test)]
mod tests {
    use domain::{Action, LotRef};

    use super::*;

    const RICE: Uuid = Uuid::from_u128(7);

    fn lot(code: &str, bin: &str) -> InventoryLot {
        InventoryLot { quantity: Quantity::units(30), ..InventoryLot::empty(LotRef::new(RICE, code, bin)) }
    }

    fn task(work: LotWork) -> Task {
        Task {
            work,
            product: RICE,
            name: "Rice".into(),
            unit: "each".into(),
            lots: vec![lot("L1", "A-1"), lot("L2", "A-2")],
            today: "2026-11-21".parse().expect("a date"),
        }
    }

    /// The form after scans, and their feedback.
    fn after(work: LotWork, scans: &[Found]) -> (WorkForm, Vec<Answer>) {
        let first = Some(lot("L1", "A-1").lot.id()).filter(|_| work != LotWork::Receive);
        let mut form = WorkForm { chosen: first, ..WorkForm::default() };
        let mut answers = Vec::new();
        for scan in scans {
            let (next, answer) = hear(&task(work), &form, scan).expect("heard");
            form = next;
            answers.push(answer);
        }
        (form, answers)
    }

    fn rice() -> Found {
        Found::Product(RICE, Scanned::plain("4000000000000"))
    }

    fn code(text: &str) -> Found {
        Found::Code(Scanned::plain(text))
    }

    #[test]
    fn goods_are_put_away_by_scans_alone() {
        let bin = || Found::Unlisted(Scanned::plain("B-7"));
        let (form, answers) =
            after(LotWork::PutAway, &[rice(), rice(), code("L2"), rice(), bin(), code("B-7")]);
        assert_eq!(answers.last(), Some(&Answer::Save));
        let Ok(Action::PutAwayLot { lot: put, to, quantity }) = form.read(&task(LotWork::PutAway)) else {
            panic!("a put-away")
        };
        assert_eq!((put.lot_code.as_str(), to.as_str()), ("L2", "B-7"));
        assert_eq!(quantity, Quantity::units(2), "what was counted of another lot does not count");
    }

    #[test]
    fn goods_are_received_by_scans_alone() {
        let label = Scanned {
            lot_code: Some("L9".into()),
            expires_on: "2027-05-31".parse().ok(),
            count: Some(Quantity::units(12)),
            ..Scanned::plain("4000000000000")
        };
        let scans = [
            Found::Product(RICE, label.clone()),
            Found::Product(RICE, label),
            Found::Bin("R-1".into(), false),
            code("r-1"),
        ];
        let (form, answers) = after(LotWork::Receive, &scans);
        assert_eq!(answers.last(), Some(&Answer::Save));
        let Ok(Action::ReceiveLot { lot, quantity, expires_on, .. }) = form.read(&task(LotWork::Receive))
        else {
            panic!("a receipt")
        };
        assert_eq!(lot, LotRef::new(RICE, "L9", "R-1"));
        assert_eq!((quantity, expires_on), (Quantity::units(24), "2027-05-31".parse().ok()));
    }

    #[test]
    fn goods_with_a_plain_barcode_take_their_lot_and_bin_from_the_next_scans() {
        let unlisted = |text: &str| Found::Unlisted(Scanned::plain(text));
        let (form, _) = after(LotWork::Receive, &[rice(), unlisted("LOT-5"), unlisted("R-1")]);
        assert_eq!((form.lot_code.as_str(), form.location.as_str()), ("LOT-5", "R-1"));
        let item = Found::Unlisted(Scanned { is_item: true, ..Scanned::plain("7622210434593") });
        for work in [LotWork::Receive, LotWork::Move] {
            assert_eq!(hear(&task(work), &WorkForm::default(), &item), None, "an item is no lot and no bin");
        }
        let (form, _) = after(LotWork::Receive, &[rice(), Found::Command(Command::NoLot)]);
        assert_eq!(form.lot_code, "20261121");
    }

    #[test]
    fn a_wrong_item_or_bin_is_reported_and_changes_nothing() {
        let other = Found::Product(Uuid::from_u128(8), Scanned::plain("5"));
        let (form, answers) = after(LotWork::Pick, &[rice(), other, Found::Bin("Z-9".into(), false)]);
        assert_eq!(form.quantity, "1");
        assert!(matches!(answers[..], [Answer::Right(..), Answer::Wrong(..), Answer::Wrong(..)]));
        let label = Scanned { lot_code: Some("L77".into()), ..Scanned::plain("4000000000000") };
        let (form, answers) = after(LotWork::Pick, &[Found::Product(RICE, label)]);
        assert!(matches!(answers[..], [Answer::Wrong(..)]) && form.quantity.is_empty());
    }

    #[test]
    fn a_bin_selects_the_lot_in_it() {
        let (form, answers) = after(LotWork::Count, &[code("A-2"), code("a-2")]);
        assert_eq!(form.chosen, Some(lot("L2", "A-2").lot.id()));
        assert!(matches!(answers[1], Answer::Right("Right bin", _)));
    }

    #[test]
    fn the_printed_commands_fill_the_form() {
        let digits = [Command::Digit(1), Command::Digit(2)].map(Found::Command);
        let (form, _) = after(LotWork::Adjust, &digits);
        assert_eq!(form.quantity, "12");
        let why = [Command::Add, Command::Reason(ReasonCode::Found)].map(Found::Command);
        let (form, _) = after(LotWork::Adjust, &why);
        assert_eq!((form.takes_away, form.reason), (false, Some(ReasonCode::Found)));
        let form = WorkForm::default();
        let reason = Found::Command(Command::Reason(ReasonCode::Lost));
        assert_eq!(hear(&task(LotWork::Count), &form, &reason), None, "a count needs no reason");
        assert_eq!(hear(&task(LotWork::Pick), &form, &Found::Command(Command::Home)), None);
    }

    #[test]
    fn printed_digits_replace_the_proposed_quantity() {
        let mut form = WorkForm::default();
        form.begin_counting("1".into());
        for digit in [1, 2] {
            let heard = hear(&task(LotWork::Pick), &form, &Found::Command(Command::Digit(digit)));
            form = heard.expect("heard").0;
        }
        assert_eq!(form.quantity, "12");
        let (form, _) = hear(&task(LotWork::Pick), &form, &rice()).expect("heard");
        assert_eq!(form.quantity, "12", "a scan confirms it");
    }

    #[test]
    fn incoming_goods_go_to_the_bin_in_the_form_even_if_their_lot_is_elsewhere() {
        let label = || Scanned { lot_code: Some("L1".into()), ..Scanned::plain("4000000000000") };
        let mut form =
            WorkForm { lot_code: "L1".into(), location: "RECEIVING".into(), scans: 1, ..WorkForm::default() };
        (form.quantity, form.by_scans) = ("1".into(), "1".into());
        let heard = hear(&task(LotWork::Receive), &form, &Found::Product(RICE, label())).expect("heard");
        assert_eq!((heard.0.chosen, heard.0.quantity.as_str()), (None, "2"));
        assert_eq!(heard.0.location, "RECEIVING");
    }

    #[test]
    fn one_label_read_twice_saves_nothing() {
        let again = |is_echo| Found::Code(Scanned { is_echo, ..Scanned::plain("B-7") });
        let form = WorkForm { to: "B-7".into(), ..WorkForm::default() };
        let answer = |found| hear(&task(LotWork::Move), &form, &found).map(|(_, answer)| answer);
        assert_eq!(answer(again(true)), Some(Answer::Quiet));
        assert_eq!(answer(again(false)), Some(Answer::Save));
    }

    #[test]
    fn a_label_with_another_date_than_the_book_is_reported_and_counts() {
        let expires_on = "2027-05-31".parse().ok();
        let dated = InventoryLot { expires_on: "2027-01-31".parse().ok(), ..lot("L1", "A-1") };
        let task = Task { lots: vec![dated], ..task(LotWork::Pick) };
        let label = Scanned { lot_code: Some("L1".into()), expires_on, ..Scanned::plain("4000000000000") };
        let (form, answer) = hear(&task, &WorkForm::default(), &Found::Product(RICE, label)).expect("heard");
        assert!(matches!(answer, Answer::Wrong("Another date", _)));
        assert_eq!(form.quantity, "1");
    }

    #[test]
    fn a_typed_quantity_is_confirmed_and_not_incremented() {
        let typed = WorkForm { quantity: "12".into(), ..WorkForm::default() };
        let (form, _) = hear(&task(LotWork::Pick), &typed, &rice()).expect("heard");
        assert_eq!(form.quantity, "12");
    }
}
