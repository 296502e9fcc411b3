//! The effect of a lot's label, or of a lot's own code, on the current operation. Pure.

use domain::{InventoryLot, same_key};

use super::asked_code::Doubt;
use super::work_form::WorkForm;
use super::work_scan::{Answer, Hearing};
use crate::book::lots_found::LotFound;
use crate::desk::scan::Scanned;
use crate::route::LotWork;
use crate::words::format;
use crate::words::language::{t, tf};
use crate::words::lot_words::not_for_use;

impl Hearing<'_> {
    /// A lot that is none of the product's as far as this page had loaded them.
    pub(super) fn looked_up(self, found: &LotFound, scanned: &Scanned) -> (WorkForm, Answer) {
        let is_own = found.product == self.task.product;
        let receives = self.task.work == LotWork::Receive;
        if receives && !is_own && self.form.chosen.is_none() && self.form.lot_code.is_empty() {
            return self.lot_code(scanned, Doubt::of_lot(&scanned.code, Some(&found.name)));
        }
        match found.not_for_use(self.task.today) {
            Some((title, sentence)) if is_own && !receives => (self.form, Answer::Wrong(title, sentence)),
            _ => self.goods(found.product, scanned),
        }
    }

    /// A lot's label: it selects the lot, and adds one to its count.
    pub(super) fn lot(mut self, lot_code: &str, scanned: &Scanned) -> (WorkForm, Answer) {
        if self.task.work == LotWork::Receive && self.form.chosen.is_none() {
            return self.incoming(lot_code, scanned);
        }
        let is_meant = |lot: &&InventoryLot| same_key(&lot.lot.lot_code, lot_code);
        let here: Vec<&InventoryLot> = self.task.choices().filter(is_meant).collect();
        let objection = |lot: &InventoryLot| not_for_use(lot, self.task.today);
        let in_hand = here.iter().find(|lot| Some(lot.lot.id()) == self.form.chosen);
        let for_use = here.iter().find(|lot| objection(lot).is_none());
        match (in_hand.or(for_use).or(here.first()), self.task.work) {
            (Some(lot), LotWork::Pick)
                if in_hand.is_none()
                    && let Some((title, sentence)) = objection(lot) =>
            {
                return (self.form, Answer::Wrong(title, sentence));
            }
            (Some(lot), _) => {
                self.form.choose(Some(lot.lot.id()), self.task);
                if let Some(doubt) = other_date(lot, scanned) {
                    self.count(scanned);
                    return (self.form, Answer::Wrong(t("Different date"), doubt));
                }
            }
            (None, LotWork::Receive) => {
                self.form.choose(None, self.task);
                return self.incoming(lot_code, scanned);
            }
            (None, _) if let Some((title, sentence)) = self.task.not_for_use(lot_code) => {
                return (self.form, Answer::Wrong(title, sentence));
            }
            (None, LotWork::PutAway) => {
                let detail = tf(
                    "Lot {lot} isn't in {bin}. To take it from another bin, use Move.",
                    &[("lot", &lot_code), ("bin", &self.task.receiving_bin)],
                );
                return (self.form, Answer::Wrong(t("Different lot"), detail));
            }
            (None, _) => {
                let detail =
                    tf("Lot {lot} isn't available here. Ask before you take it.", &[("lot", &lot_code)]);
                return (self.form, Answer::Wrong(t("Different lot"), detail));
            }
        }
        self.count(scanned);
        (self.form, Answer::Right(t("Right lot"), lot_code.to_owned()))
    }

    /// A label without an item: its lot, date and quantity belong to the goods of the form.
    pub(super) fn label(mut self, scanned: &Scanned) -> Option<(WorkForm, Answer)> {
        let scanned = scanned.clone().in_unit(&self.task.unit);
        let work = self.task.work;
        let takes_part = work == LotWork::Receive && self.form.chosen.is_none() && !scanned.is_typed;
        match &scanned.lot_code {
            _ if scanned.is_item || scanned.elements.0.is_empty() => None,
            Some(lot_code) if takes_part => Some(self.incoming(lot_code, &scanned)),
            Some(lot_code) if matches!(work, LotWork::Receive | LotWork::Move | LotWork::PutAway) => {
                Some(self.lot(lot_code, &scanned))
            }
            None if takes_part && (scanned.expires_on.is_some() || scanned.amount.is_some()) => {
                if let Some(date) = scanned.expires_on {
                    self.form.expires_on = date.to_string();
                }
                if scanned.amount.is_some() {
                    self.count(&scanned);
                }
                Some((self.form, Answer::Right(t("Right item"), self.task.name.clone())))
            }
            _ => None,
        }
    }

    /// A label of incoming goods. They go to the bin in the form, even if there is stock of the lot
    /// elsewhere.
    pub(super) fn incoming(mut self, lot_code: &str, scanned: &Scanned) -> (WorkForm, Answer) {
        let mut own = self.task.lots.iter().chain(&self.task.elsewhere);
        let known = own.find(|lot| same_key(&lot.lot.lot_code, lot_code));
        if !same_key(&self.form.lot_code, lot_code) {
            if self.form.scans > 0 && !self.form.lot_code.is_empty() {
                let values: [(&str, &dyn std::fmt::Display); 2] =
                    [("quantity", &self.form.quantity), ("lot", &self.form.lot_code)];
                let detail = tf("{quantity} of lot {lot} not saved. Save, then scan again.", &values);
                return (self.form, Answer::Wrong(t("Different lot"), detail));
            }
            if !self.form.is_typed() {
                self.form.begin_counting(self.form.quantity.clone());
            }
            // A label with the date alone may come first.
            let is_first = self.form.lot_code.is_empty();
            lot_code.clone_into(&mut self.form.lot_code);
            let date = scanned.expires_on.or(known.and_then(|lot| lot.expires_on));
            if date.is_some() || !is_first {
                self.form.expires_on = date.map_or_else(String::new, |date| date.to_string());
            }
        }
        // A second label of the goods, with their lot alone, counts nothing by itself.
        if scanned.is_item || scanned.elements.0.is_empty() || scanned.amount.is_some() {
            self.count(scanned);
        }
        let date = self.form.expires_on.parse().ok();
        if date.is_some_and(|date| self.task.today > date) {
            let detail = tf("Lot {lot} is past its date. Ask before you receive it.", &[("lot", &lot_code)]);
            return (self.form, Answer::Wrong(t("Expired"), detail));
        }
        match known.and_then(|lot| other_date(lot, scanned)) {
            Some(doubt) => (self.form, Answer::Wrong(t("Different date"), doubt)),
            None => (self.form, Answer::Right(t("Lot"), lot_code.to_owned())),
        }
    }
}

/// The warning if the date on the label differs from the book.
fn other_date(lot: &InventoryLot, scanned: &Scanned) -> Option<String> {
    let (book, label) = (lot.expires_on?, scanned.expires_on.filter(|date| Some(*date) != lot.expires_on)?);
    let values: [(&str, &dyn std::fmt::Display); 3] =
        [("lot", &lot.lot.lot_code), ("label", &format::date(label)), ("book", &format::date(book))];
    Some(tf("Lot {lot}: label {label}, recorded {book}. Check the date.", &values))
}

#[cfg(test)]
mod tests {
    use domain::LotStatus;
    use uuid::Uuid;

    use super::*;
    use crate::desk::scan::{Meaning, meaning_of};
    use crate::desk::scanner::Found;
    use crate::work::task::Task;
    use crate::work::work_scan::hear;
    use crate::work::work_scan::tests::{RICE, after, code, lot, rice, task};

    fn lot_code(text: &str, product: Uuid, rows: Vec<InventoryLot>, is_here: bool) -> Found {
        let found = LotFound { product, name: "Goods".into(), unit: "each".into(), rows, is_here };
        Found::Lot(found, Scanned { lot_code: Some(text.into()), ..Scanned::plain(text) })
    }

    fn of_status(code: &str, status: LotStatus) -> InventoryLot {
        InventoryLot { status, ..lot(code, "A-3") }
    }

    fn past(code: &str, bin: &str) -> InventoryLot {
        InventoryLot { expires_on: "2026-11-20".parse().ok(), ..lot(code, bin) }
    }

    /// The sentence of a refused scan, which leaves the form as it is.
    fn refusal(task: &Task, form: &WorkForm, found: &Found) -> (&'static str, String) {
        match hear(task, form, found) {
            Some((after, Answer::Wrong(title, sentence))) if after == *form => (title, sentence),
            other => panic!("{found:?} is answered with {other:?}"),
        }
    }

    #[test]
    fn a_lot_that_is_not_for_use_is_not_picked() {
        let lots = vec![past("L0", "A-0"), lot("L1", "A-1")];
        let elsewhere = vec![of_status("L7", LotStatus::Expired), of_status("L8", LotStatus::Quarantined)];
        let task = Task { lots: lots.clone(), elsewhere, ..task(LotWork::Pick) };
        let form = WorkForm { chosen: Some(lots[1].lot.id()), ..WorkForm::default() };
        let expired = |lot: &str| ("Expired", format!("Lot {lot} is expired: do not take it."));
        assert_eq!(refusal(&task, &form, &code("l0")), expired("L0"));
        assert_eq!(refusal(&task, &form, &code("L7")), expired("L7"));
        let blocked = |lot: &str| ("Blocked", format!("Lot {lot} is blocked: do not take it."));
        assert_eq!(refusal(&task, &form, &code("L8")), blocked("L8"));
        let label = Scanned { lot_code: Some("L8".into()), ..Scanned::plain("4000000000000") };
        assert_eq!(refusal(&task, &form, &Found::Product(RICE, label)), blocked("L8"));
        // The server answered only when it was asked for the code.
        let reserved = lot_code("L9", RICE, vec![of_status("L9", LotStatus::Reserved)], false);
        let (title, sentence) = refusal(&task, &form, &reserved);
        assert_eq!((title, sentence.as_str()), ("Reserved", "Lot L9 is reserved: ask before you take it."));
        // A person has chosen it, and gives a reason.
        let chosen = WorkForm { chosen: Some(lots[0].lot.id()), ..WorkForm::default() };
        let (form, answer) = hear(&task, &chosen, &code("L0")).expect("heard");
        assert_eq!((form.quantity.as_str(), answer), ("1", Answer::Right("Right lot", "L0".into())));
    }

    #[test]
    fn of_a_lot_in_several_bins_the_one_for_use_is_picked() {
        let lots = vec![past("L0", "A-0"), lot("L0", "A-9")];
        let task = Task { lots: lots.clone(), ..task(LotWork::Pick) };
        let (form, answer) = hear(&task, &WorkForm::default(), &code("L0")).expect("heard");
        assert_eq!((form.chosen, answer), (Some(lots[1].lot.id()), Answer::Right("Right lot", "L0".into())));
    }

    #[test]
    fn an_expired_lot_is_counted_and_moved() {
        let lots = vec![past("L0", "A-0"), lot("L1", "A-1")];
        for work in [LotWork::Count, LotWork::Move, LotWork::Adjust] {
            let task = Task { lots: lots.clone(), ..task(work) };
            let (form, answer) = hear(&task, &WorkForm::default(), &code("L0")).expect("heard");
            assert_eq!(
                (form.chosen, answer),
                (Some(lots[0].lot.id()), Answer::Right("Right lot", "L0".into()))
            );
        }
    }

    #[test]
    fn a_lot_of_other_goods_is_another_item_except_as_a_new_lot_code() {
        let other = || lot_code("20261121", Uuid::from_u128(8), vec![lot("20261121", "C-1")], true);
        for work in [LotWork::Pick, LotWork::Count, LotWork::Move, LotWork::PutAway] {
            let (title, _) = refusal(&task(work), &WorkForm::default(), &other());
            assert_eq!(title, "Different item", "{work}");
        }
        let (form, answer) = hear(&task(LotWork::Receive), &WorkForm::default(), &other()).expect("heard");
        assert_eq!((form.lot_code.as_str(), form.scans), ("20261121", 0));
        assert_eq!(answer, Answer::Right("Lot", "20261121".into()));
        let oats = lot_code("BR611X", Uuid::from_u128(8), vec![lot("BR611X", "C-1")], true);
        let (asked, answer) = hear(&task(LotWork::Receive), &WorkForm::default(), &oats).expect("heard");
        let question = "Scan again to use BR611X: it's a lot of Goods.".to_owned();
        assert_eq!((asked.lot_code.as_str(), answer), ("", Answer::Wrong("New lot?", question)));
        let (again, answer) = hear(&task(LotWork::Receive), &asked, &oats).expect("heard");
        assert_eq!((again.lot_code.as_str(), answer), ("BR611X", Answer::Right("Lot", "BR611X".into())));
        let (title, _) = refusal(
            &task(LotWork::Receive),
            &form,
            &lot_code("L5", Uuid::from_u128(8), vec![lot("L5", "C-1")], true),
        );
        assert_eq!(title, "Different item", "the lot code is known by now");
    }

    #[test]
    fn goods_of_a_blocked_lot_are_received() {
        let blocked = of_status("L8", LotStatus::Quarantined);
        let task = Task { elsewhere: vec![blocked.clone()], ..task(LotWork::Receive) };
        for found in [code("L8"), lot_code("L8", RICE, vec![blocked], false)] {
            let (form, answer) = hear(&task, &WorkForm::default(), &found).expect("heard");
            assert_eq!((form.lot_code.as_str(), form.quantity.as_str()), ("L8", "1"));
            assert_eq!(answer, Answer::Right("Lot", "L8".into()));
        }
    }

    fn scanned_label(text: &str) -> Scanned {
        let scanner = domain::Scanner { separator: domain::GROUP_SEPARATOR, sends_separators: true };
        let today = "2026-11-21".parse().expect("a date");
        match meaning_of(text, scanner, None, today) {
            Ok(Meaning::Code(scanned)) => scanned,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_second_label_adds_its_lot_its_date_and_its_quantity() {
        let label = |text: &str| Found::Unlisted(scanned_label(text));
        let (form, _) =
            after(LotWork::Receive, &[rice(), label("]C117270630"), label("]C110LX7"), label("]C13712")]);
        assert_eq!((form.lot_code.as_str(), form.expires_on.as_str()), ("LX7", "2027-06-30"));
        assert_eq!(form.quantity, "12", "the label's count, after a piece that only named the goods");
        for other in ["]C100340123450000000017", "]C121SER-1", "]C1400PO77"] {
            assert_eq!(hear(&task(LotWork::Receive), &form, &label(other)), None, "{other}");
        }
    }

    #[test]
    fn a_label_is_not_taken_for_a_lot_or_a_bin_of_the_same_text() {
        let scan = |text: &str| Found::Code(scanned_label(text));
        let lots = vec![lot("12", "LX9"), lot("L1", "A-1")];
        let form = WorkForm { chosen: Some(lots[1].lot.id()), ..WorkForm::default() };
        for work in [LotWork::Pick, LotWork::Move, LotWork::Receive] {
            let task = Task { lots: lots.clone(), ..task(work) };
            assert_eq!(hear(&task, &form, &scan("]C13712")), None, "a count, {work}");
            assert_eq!(hear(&task, &form, &scan("]C110LX9")), None, "a lot, {work}");
        }
    }

    #[test]
    fn a_label_of_goods_is_no_destination() {
        for text in ["]C110LX9", "]C117270630", "]C13712", "]C100340123450000000017", "0104006381333931"] {
            let form = WorkForm { chosen: Some(lot("L1", "A-1").lot.id()), ..WorkForm::default() };
            let scan = Found::Unlisted(scanned_label(text));
            if let Some((after, answer)) = hear(&task(LotWork::Move), &form, &scan) {
                assert_eq!((&after, after.to.as_str()), (&form, ""), "{text}");
                assert!(matches!(answer, Answer::Wrong("Different lot", _)), "{text}: {answer:?}");
            }
        }
        let place = Found::Unlisted(scanned_label("]C14144006381000000"));
        let (_, answers) = after(LotWork::Move, &[place]);
        assert!(matches!(answers[..], [Answer::Wrong("New bin?", _)]), "the number of a place: {answers:?}");
    }

    #[test]
    fn another_lot_drops_no_count() {
        let of = |lot: &str| Scanned {
            lot_code: Some(lot.into()),
            is_item: true,
            ..Scanned::plain("04000000000000")
        };
        let goods = |lot: &str| Found::Product(RICE, of(lot));
        let (form, answers) = after(LotWork::Receive, &[goods("G1"), goods("G1"), goods("G2")]);
        assert!(matches!(answers[2], Answer::Wrong("Different lot", _)), "{answers:?}");
        assert_eq!((form.lot_code.as_str(), form.quantity.as_str()), ("G1", "2"));
    }

    #[test]
    fn incoming_goods_past_their_date_are_told_of() {
        let expires_on = "2026-11-20".parse().ok();
        let label = Scanned {
            lot_code: Some("G1".into()),
            expires_on,
            is_item: true,
            ..Scanned::plain("04000000000000")
        };
        let (form, answers) = after(LotWork::Receive, &[Found::Product(RICE, label)]);
        assert!(matches!(answers[..], [Answer::Wrong("Expired", _)]), "{answers:?}");
        assert_eq!(form.quantity, "1");
    }
}
