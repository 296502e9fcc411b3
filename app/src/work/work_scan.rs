//! The effect of a scan on the current operation, so that every operation can be done by scans alone. Pure.

use domain::{Amount, CalendarDate, InventoryLot, Occasion, ReasonCode, location_key, looks_like_date};
use uuid::Uuid;

use super::asked_code::{AskedCode, Doubt};
use super::task::Task;
use super::work_form::WorkForm;
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
    /// Another line of the delivery is received.
    Line(Uuid, Scanned),
}

/// The effect of `found` on `form`; `None` if this operation does not handle it.
pub(crate) fn hear(task: &Task, form: &WorkForm, found: &Found) -> Option<(WorkForm, Answer)> {
    let hearing = Hearing { task, form: form.clone() };
    match found {
        Found::Command(command) => hearing.command(*command),
        Found::Code(scanned) => hearing.own_code(scanned),
        Found::Product(id, scanned) => Some(hearing.goods(*id, scanned)),
        Found::Lot(lot, scanned) => Some(hearing.looked_up(lot, scanned)),
        Found::Bin(location, is_echo) => Some(hearing.bin(location, *is_echo)),
        Found::Unlisted(scanned) => hearing.unlisted(scanned),
        Found::Delivery(id) => hearing.delivery(*id),
        Found::Raw(_) => None,
    }
}

/// A form while it hears a scan.
pub(super) struct Hearing<'a> {
    pub(super) task: &'a Task,
    pub(super) form: WorkForm,
}

impl Hearing<'_> {
    fn command(mut self, command: Command) -> Option<(WorkForm, Answer)> {
        let work = self.task.work;
        let fresh = !self.form.is_typed();
        let typed = |key| Some(press(&self.form.quantity, key, fresh));
        let quantity = match command {
            Command::Save => {
                let answer = self.form.confirm(work).map_or(Answer::Save, |asked| {
                    let word = if asked.is_lot() { t("Lot") } else { place_word(work) };
                    Answer::Right(word, asked.code)
                });
                return Some((self.form, answer));
            }
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
        if scanned.is_part() {
            return None;
        }
        let lots = &self.task.lots;
        let mut stocked = lots.iter().chain(&self.task.elsewhere);
        // A lot's label is no bin, whatever the bin is called.
        let is_lot = scanned.lot_code.is_some();
        if !is_lot && (stocked.any(|lot| scanned.is(&lot.lot.location)) || self.is_place_again(&scanned.code))
        {
            return Some(self.bin(&scanned.code, scanned.is_echo));
        }
        let scanned = &scanned.clone().in_unit(&self.task.unit);
        let mut own = lots.iter().chain(&self.task.elsewhere);
        own.any(|lot| scanned.is(&lot.lot.lot_code)).then(|| self.lot(&scanned.code, scanned))
    }

    pub(super) fn goods(mut self, id: Uuid, scanned: &Scanned) -> (WorkForm, Answer) {
        let Task { product, name, .. } = self.task;
        if id != *product {
            if self.task.is_line(id) {
                return self.next_line(id, scanned);
            }
            let detail = tf("This is not {name}. Put it back and scan again.", &[("name", name)]);
            return (self.form, Answer::Wrong(t("Different item"), detail));
        }
        if let Some(lot_code) = &scanned.lot_code {
            return self.lot(lot_code, scanned);
        }
        self.count(scanned);
        let title = t("Right item");
        (self.form, Answer::Right(title, name.clone()))
    }

    /// Adds one, or the quantity on the label; a typed quantity is only confirmed.
    pub(super) fn count(&mut self, scanned: &Scanned) {
        if self.form.is_typed() {
            return;
        }
        if matches!(scanned.amount, Some(Amount::Other(_))) {
            return;
        }
        let counted = self.form.counted + scanned.quantity();
        self.form.scans = self.form.scans.saturating_add(1);
        if counted.in_range() {
            self.form.counted = counted;
            self.form.quantity = format::typed(counted);
            self.form.by_scans.clone_from(&self.form.quantity);
        }
    }

    /// An echo may be the same label read twice, so it never saves.
    fn bin(mut self, location: &str, is_echo: bool) -> (WorkForm, Answer) {
        if self.is_place_again(location) {
            self.form.asked = AskedCode::default();
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
                self.form.set_place(self.task.work, location);
                (self.form, Answer::Right(place_word(self.task.work), location.to_owned()))
            }
            LotWork::Receive => {
                if let Some(lot) = chosen.filter(|lot| !is_here(lot)) {
                    // The same lot comes into another bin.
                    self.form.lot_code.clone_from(&lot.lot.lot_code);
                    self.form.expires_on = lot.expires_on.map_or_else(String::new, |date| date.to_string());
                    self.form.chosen = None;
                }
                self.form.set_place(LotWork::Receive, location);
                (self.form, Answer::Right(place_word(LotWork::Receive), location.to_owned()))
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
                self.form.choose(Some(lot.lot.id()), self.task);
                (self.form, Answer::Right(t("Different bin"), location.to_owned()))
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

    /// An unknown code is the code of the incoming lot if that is missing, unless it is written like a bin's name. A code
    /// of goods is never a bin; any other one becomes a bin when a person confirms it.
    fn unlisted(mut self, scanned: &Scanned) -> Option<(WorkForm, Answer)> {
        let is_like_a_bin = self.task.is_like_a_bin(&scanned.code);
        let lacks_lot = self.form.chosen.is_none() && self.form.lot_code.is_empty();
        match self.task.work {
            // One in ten dates of eight digits is a valid number of goods.
            LotWork::Receive if lacks_lot && scanned.is_plain() && looks_like_date(&scanned.code) => {
                Some(self.lot_code(scanned, None))
            }
            _ if !scanned.may_be_name() => self.label(scanned),
            LotWork::Receive if lacks_lot && !is_like_a_bin => {
                Some(self.lot_code(scanned, Doubt::of_lot(&scanned.code, None)))
            }
            LotWork::Receive | LotWork::Move | LotWork::PutAway => {
                let (title, sentence) = self.form.ask(self.task.work, &scanned.code, Doubt::NewBin);
                Some((self.form, Answer::Wrong(title, sentence)))
            }
            LotWork::Pick | LotWork::Count | LotWork::Adjust => {
                is_like_a_bin.then(|| self.check_bin(&scanned.code))
            }
        }
    }
}

/// The word for the place that goods go to.
fn place_word(work: LotWork) -> &'static str {
    if work == LotWork::Receive { t("Destination") } else { t("To") }
}

/// The lot code of goods without one is their day of arrival: `20261121`.
pub(crate) fn lot_code_of_day(today: CalendarDate) -> String {
    today.to_string().replace('-', "")
}

#[cfg(test)]
pub(crate) mod tests {
    use domain::{Action, LotRef, Quantity};

    use super::*;

    pub(crate) const RICE: Uuid = Uuid::from_u128(7);

    pub(crate) fn lot(code: &str, bin: &str) -> InventoryLot {
        InventoryLot { quantity: Quantity::units(30), ..InventoryLot::empty(LotRef::new(RICE, code, bin)) }
    }

    pub(crate) fn task(work: LotWork) -> Task {
        Task {
            work,
            product: RICE,
            name: "Rice".into(),
            unit: "each".into(),
            lots: vec![lot("L1", "A-1"), lot("L2", "A-2")],
            elsewhere: Vec::new(),
            receiving_bin: "A-2".into(),
            used_bins: std::rc::Rc::default(),
            deliveries: std::rc::Rc::default(),
            delivery: None,
            today: "2026-11-21".parse().expect("a date"),
        }
    }

    /// The form after scans, and their feedback.
    pub(crate) fn after(work: LotWork, scans: &[Found]) -> (WorkForm, Vec<Answer>) {
        let first = Some(lot("L1", "A-1").lot.id()).filter(|_| work != LotWork::Receive);
        after_scans(work, WorkForm { chosen: first, ..WorkForm::default() }, scans)
    }

    fn after_scans(work: LotWork, mut form: WorkForm, scans: &[Found]) -> (WorkForm, Vec<Answer>) {
        let mut answers = Vec::new();
        for scan in scans {
            let (next, answer) = hear(&task(work), &form, scan).expect("heard");
            form = next;
            answers.push(answer);
        }
        (form, answers)
    }

    pub(crate) fn rice() -> Found {
        Found::Product(RICE, Scanned::plain("4000000000000"))
    }

    pub(crate) fn code(text: &str) -> Found {
        Found::Code(Scanned::plain(text))
    }

    #[test]
    fn goods_are_put_away_by_scans_alone() {
        let bin = || Found::Bin("B-7".into(), false);
        let mut form = WorkForm::default();
        form.choose(Some(lot("L2", "A-2").lot.id()), &task(LotWork::PutAway));
        let (all, answers) = after_scans(LotWork::PutAway, form.clone(), &[bin(), code("B-7")]);
        assert_eq!(answers.last(), Some(&Answer::Save));
        let Ok(Action::PutAwayLot { lot: put, to, quantity }) = all.read(&task(LotWork::PutAway)) else {
            panic!("a put-away")
        };
        assert_eq!((put.lot_code.as_str(), to.as_str()), ("L2", "B-7"));
        assert_eq!(quantity, Quantity::units(30), "all of it");
        let (counted, _) = after_scans(LotWork::PutAway, form, &[rice(), code("L2"), rice()]);
        assert_eq!(counted.quantity, "3", "unless it is counted");
    }

    #[test]
    fn a_lot_that_does_not_wait_is_not_put_away() {
        let (form, answers) = after_scans(LotWork::PutAway, WorkForm::default(), &[code("L1")]);
        assert_eq!(form.chosen, None);
        assert!(matches!(answers[..], [Answer::Wrong("Different lot", _)]));
    }

    #[test]
    fn goods_are_received_by_scans_alone() {
        let label = Scanned {
            lot_code: Some("L9".into()),
            expires_on: "2027-05-31".parse().ok(),
            amount: Some(Amount::Exact(Quantity::units(12))),
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
    fn a_bins_label_is_never_the_lot_of_incoming_goods() {
        let unlisted = |text: &str| Found::Unlisted(Scanned::plain(text));
        let (form, answers) = after(LotWork::Receive, &[rice(), unlisted("B-7"), unlisted("LOT-5")]);
        assert!(matches!(answers[1], Answer::Wrong("New bin?", _)), "{answers:?}");
        assert_eq!(form.lot_code, "LOT-5");
    }

    #[test]
    fn a_bin_without_stock_is_a_wrong_bin() {
        for work in [LotWork::Pick, LotWork::Adjust] {
            let (_, answers) = after(work, &[Found::Unlisted(Scanned::plain("C-9"))]);
            assert!(matches!(answers[..], [Answer::Wrong("Wrong bin", _)]), "{work}: {answers:?}");
        }
    }

    #[test]
    fn goods_with_a_plain_barcode_take_their_lot_and_bin_from_the_next_scans() {
        let unlisted = |text: &str| Found::Unlisted(Scanned::plain(text));
        let save = Found::Command(Command::Save);
        let (form, _) = after(LotWork::Receive, &[rice(), unlisted("LOT-5"), unlisted("R-1"), save]);
        assert_eq!((form.lot_code.as_str(), form.location.as_str()), ("LOT-5", "R-1"));
        let item = Found::Unlisted(Scanned { is_item: true, ..Scanned::plain("7622210434593") });
        for work in [LotWork::Receive, LotWork::Move] {
            assert_eq!(hear(&task(work), &WorkForm::default(), &item), None, "an item is no lot and no bin");
        }
        let (form, _) = after(LotWork::Receive, &[rice(), Found::Command(Command::NoLot)]);
        assert_eq!(form.lot_code, "20261121");
    }

    #[test]
    fn a_code_becomes_a_bin_only_when_it_is_confirmed_and_is_none_of_goods() {
        let unlisted = |text: &str| Found::Unlisted(Scanned::plain(text));
        let save = || Found::Command(Command::Save);
        for work in [LotWork::Move, LotWork::PutAway] {
            let (form, answers) = after(work, &[unlisted("Z-9"), unlisted("Z-9"), unlisted("Z-9")]);
            assert_eq!(
                (form.to.as_str(), form.asked(work).map(|asked| asked.code.as_str())),
                ("", Some("Z-9"))
            );
            assert!(answers.iter().all(|answer| matches!(answer, Answer::Wrong("New bin?", _))));
            let (form, answers) = after(work, &[unlisted("Z-9"), save()]);
            assert_eq!((form.to.as_str(), answers.last()), ("Z-9", Some(&Answer::Right("To", "Z-9".into()))));
            let (form, _) = after(work, &[unlisted("Z-9"), Found::Bin("B-5".into(), false), save()]);
            assert_eq!(form.to, "B-5", "another bin was scanned in its place");
            for code in ["04252614", "96385074", "+A123BJC5D6E71G"] {
                assert_eq!(hear(&task(work), &WorkForm::default(), &unlisted(code)), None, "{code}");
            }
        }
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
        (form.quantity, form.by_scans, form.counted) = ("1".into(), "1".into(), Quantity::units(1));
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
        assert!(matches!(answer, Answer::Wrong("Different date", _)));
        assert_eq!(form.quantity, "1");
    }

    #[test]
    fn a_typed_quantity_is_confirmed_and_not_incremented() {
        let typed = WorkForm { quantity: "12".into(), ..WorkForm::default() };
        let (form, _) = hear(&task(LotWork::Pick), &typed, &rice()).expect("heard");
        assert_eq!(form.quantity, "12");
    }
}
