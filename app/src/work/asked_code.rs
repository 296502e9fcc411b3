//! A scanned code that becomes a bin or a lot code only when a person confirms it, and the form of bins' names.

use domain::{Action, GtinFault, check_gtin, key_text, looks_like_date};

use super::task::Task;
use super::work_form::WorkForm;
use crate::route::LotWork;
use crate::ui::faults::Faults;
use crate::words::language::{t, tf};

/// The reason to ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// A code that was never used as a bin.
    #[default]
    NewBin,
    /// A lot code of other goods, by their name.
    LotOf(String),
    /// A number of goods that was misread or mistyped.
    CheckDigit,
}

impl Doubt {
    /// The doubt about `code` as the code of a lot, which the goods named `other` have, too. Many lot codes are dates, which
    /// many goods have.
    pub(crate) fn of_lot(code: &str, other: Option<&str>) -> Option<Self> {
        if looks_like_date(code) {
            return None;
        }
        let is_misread = || matches!(check_gtin(code), Err(GtinFault::CheckDigit { .. }));
        other.map(|name| Self::LotOf(name.to_owned())).or_else(|| is_misread().then_some(Self::CheckDigit))
    }
}

/// The code, and the text that its field had when it was scanned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AskedCode {
    pub(crate) code: String,
    before: String,
    doubt: Doubt,
}

impl AskedCode {
    pub(crate) fn of(code: &str, field: &str, doubt: Doubt) -> Self {
        Self { code: code.to_owned(), before: field.to_owned(), doubt }
    }

    /// Itself, unless a person typed something else into the field since. The keys of a scan reach a focused field too and
    /// are taken out of it again, which must not drop the question.
    pub(crate) fn open(&self, field: &str) -> Option<&Self> {
        (!self.code.is_empty() && self.before == field).then_some(self)
    }

    /// Whether it becomes a lot code, and not a bin.
    pub(crate) fn is_lot(&self) -> bool {
        self.doubt != Doubt::NewBin
    }

    /// The title and the sentence of the question.
    pub(crate) fn question(&self) -> (&'static str, String) {
        let code = &self.code;
        match &self.doubt {
            Doubt::NewBin => {
                (t("New bin?"), tf("{bin} is new. To use it, scan Save or tap the button.", &[("bin", code)]))
            }
            Doubt::LotOf(name) => (
                t("New lot?"),
                tf("Scan again to use {lot}: it's a lot of {name}.", &[("lot", code), ("name", name)]),
            ),
            Doubt::CheckDigit => {
                (t("New lot?"), tf("Scan again to use {lot}: its check digit is wrong.", &[("lot", code)]))
            }
        }
    }
}

impl WorkForm {
    /// Takes the code that is asked about as the place of the operation or as the lot code, and returns it.
    pub(crate) fn confirm(&mut self, work: LotWork) -> Option<AskedCode> {
        let asked = self.asked(work)?.clone();
        if asked.is_lot() {
            self.lot_code.clone_from(&asked.code);
            self.asked = AskedCode::default();
        } else {
            self.set_place(work, &asked.code);
        }
        Some(asked)
    }

    /// The resulting mutation, after a tap on the save button. The button also names a code that is asked about, so the
    /// tap confirms it.
    ///
    /// # Errors
    /// As of [`Self::read`].
    pub(crate) fn submit(&mut self, task: &Task) -> Result<Action, Faults> {
        self.confirm(task.work);
        self.read(task)
    }

    /// The code that is to be confirmed.
    pub(crate) fn asked(&self, work: LotWork) -> Option<&AskedCode> {
        let is_lot = self.asked.is_lot();
        let field = if is_lot { &self.lot_code } else { self.place(work) };
        self.asked.open(field).filter(|_| !is_lot || self.chosen.is_none())
    }

    /// Asks whether a scanned code is a new bin, or the lot's; returns the title and the sentence.
    pub(crate) fn ask(&mut self, work: LotWork, code: &str, doubt: Doubt) -> (&'static str, String) {
        let field = if doubt == Doubt::NewBin { self.place(work) } else { &self.lot_code };
        self.asked = AskedCode::of(code, field, doubt);
        self.asked.question()
    }
}

/// The label of a save button that confirms a code as well.
pub(crate) fn confirm_words(code: &str) -> String {
    tf("Use {bin} and save", &[("bin", &code)])
}

/// Whether a code is written like one of `bins`, with letters, digits and signs in the same places, as `A-01-1` and
/// `B-12-3` are. Names without both digits and signs have no form of their own.
pub(crate) fn is_like_a_bin<'a>(code: &str, mut bins: impl Iterator<Item = &'a str>) -> bool {
    let form = form_of(code);
    let is_telling = form.contains('9') && form.chars().any(|char| !matches!(char, '9' | 'A'));
    is_telling && bins.any(|bin| form_of(bin) == form)
}

/// The code with `9` for digits and `A` for letters.
fn form_of(code: &str) -> String {
    let form = |char: char| match char {
        _ if char.is_numeric() => '9',
        _ if char.is_alphabetic() => 'A',
        other => other,
    };
    key_text(code).chars().map(form).collect()
}

#[cfg(test)]
mod tests {
    use super::super::work_form::tests::{task, typed};
    use super::*;

    #[test]
    fn a_bin_is_known_by_its_form() {
        let bins = || ["B-07-1", "RECEIVING", "1204"].into_iter();
        assert!(is_like_a_bin("a-01-1", bins()));
        for lot in ["L9001X", "A-1-1", "A-01-12", "DELIVERED", "2027", ""] {
            assert!(!is_like_a_bin(lot, bins()), "{lot}");
        }
    }

    #[test]
    fn a_lot_code_of_other_goods_or_with_a_wrong_check_digit_is_in_doubt() {
        let rice = Some("Rice");
        assert_eq!(Doubt::of_lot("BR611X", rice), Some(Doubt::LotOf("Rice".into())));
        for day in ["20260131", "310126", "31012026", "31.01.26"] {
            assert_eq!((Doubt::of_lot(day, rice), Doubt::of_lot(day, None)), (None, None), "{day}");
        }
        for misread in ["4006381333932", "036000291453", "96385075", "10012345678903"] {
            assert_eq!(Doubt::of_lot(misread, None), Some(Doubt::CheckDigit), "{misread}");
        }
        for lot in ["BR611X", "12345", "40063813339", "260131-A"] {
            assert_eq!(Doubt::of_lot(lot, None), None, "{lot}");
        }
    }

    #[test]
    fn the_question_stays_while_a_scan_passes_through_the_field() {
        let new = AskedCode::of("W-01", "RECEIVING", Doubt::NewBin);
        assert_eq!(new.open("RECEIVING"), Some(&new));
        assert_eq!(new.open("RECEIVINGLBCMD-"), None);
        assert_eq!(new.open("RECEIVING"), Some(&new));
        assert_eq!(new.open("B-1"), None, "a person typed another bin");
        assert_eq!(AskedCode::default().open(""), None);
    }

    #[test]
    fn one_tap_confirms_a_new_bin_and_saves() {
        for work in [LotWork::Move, LotWork::Receive] {
            let mut form = WorkForm { to: "B-1".into(), ..typed("5") };
            if work == LotWork::Receive {
                form = WorkForm { chosen: None, lot_code: "L9".into(), location: "RECEIVING".into(), ..form };
            }
            form.ask(work, "Z-9", Doubt::NewBin);
            let bin = match form.submit(&task(work)) {
                Ok(Action::MoveLot { to, .. }) => to,
                Ok(Action::ReceiveLot { lot, .. }) => lot.location,
                other => panic!("{other:?}"),
            };
            assert_eq!((bin.as_str(), form.asked(work)), ("Z-9", None), "{work}");
        }
        let mut form = WorkForm { location: "RECEIVING".into(), quantity: "5".into(), ..WorkForm::default() };
        form.ask(LotWork::Receive, "BR611X", Doubt::LotOf("Oats".into()));
        let lot = form.submit(&task(LotWork::Receive)).map(|action| action.kind().to_owned());
        assert_eq!((lot.as_deref(), form.lot_code.as_str()), (Ok("receive_lot"), "BR611X"));
    }
}
