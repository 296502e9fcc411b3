//! The effect of a scan that may be the code of the incoming lot. Pure.

use super::asked_code::Doubt;
use super::work_form::WorkForm;
use super::work_scan::{Answer, Hearing};
use crate::desk::scan::Scanned;
use crate::words::language::t;

impl Hearing<'_> {
    /// Takes a code as that of the incoming lot; if it is in doubt, once it is scanned again.
    pub(super) fn lot_code(mut self, scanned: &Scanned, doubt: Option<Doubt>) -> (WorkForm, Answer) {
        let (work, code) = (self.task.work, &scanned.code);
        let is_again = self.form.asked(work).is_some_and(|asked| asked.is_lot() && scanned.is(&asked.code));
        if let Some(doubt) = doubt.filter(|_| !is_again) {
            let (title, sentence) = self.form.ask(work, code, doubt);
            return (self.form, Answer::Wrong(title, sentence));
        }
        if is_again && scanned.is_echo {
            return (self.form, Answer::Quiet);
        }
        if !scanned.elements.0.is_empty() {
            return self.incoming(code, scanned);
        }
        self.form.lot_code.clone_from(code);
        (self.form, Answer::Right(t("Lot"), code.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::command::Command;
    use crate::desk::scanner::Found;
    use crate::route::LotWork;
    use crate::work::work_scan::tests::{after, code, rice};

    #[test]
    fn a_scan_of_the_bin_in_the_form_drops_the_question_about_another_one() {
        let scans = [Found::Bin("B-5".into(), false), Found::Unlisted(Scanned::plain("Z-9")), code("B-5")];
        let (form, answers) = after(LotWork::Move, &scans);
        assert_eq!((form.to.as_str(), form.asked(LotWork::Move)), ("B-5", None));
        assert_eq!(answers.last(), Some(&Answer::Save));
    }

    #[test]
    fn a_misread_number_becomes_the_lot_only_when_it_is_confirmed() {
        let scan = |is_echo| Found::Unlisted(Scanned { is_echo, ..Scanned::plain("4006381333932") });
        let asked = || {
            Answer::Wrong("New lot?", "Scan again to use 4006381333932: its check digit is wrong.".to_owned())
        };
        let (form, answers) = after(LotWork::Receive, &[rice(), scan(false), scan(true)]);
        assert_eq!((form.lot_code.as_str(), &answers[1..]), ("", &[asked(), Answer::Quiet][..]));
        for confirm in [scan(false), Found::Command(Command::Save)] {
            let (form, answers) = after(LotWork::Receive, &[rice(), scan(false), confirm]);
            assert_eq!(form.lot_code, "4006381333932");
            assert_eq!(answers[2], Answer::Right("Lot", "4006381333932".into()));
        }
        let other = Found::Unlisted(Scanned::plain("036000291453"));
        let (form, answers) = after(LotWork::Receive, &[rice(), scan(false), other]);
        assert!(
            form.lot_code.is_empty() && matches!(answers[2], Answer::Wrong("New lot?", _)),
            "{answers:?}"
        );
        for passes in ["20260131", "310126", "BR611X", "96385074000"] {
            let (form, _) = after(LotWork::Receive, &[rice(), Found::Unlisted(Scanned::plain(passes))]);
            assert_eq!(form.lot_code, passes);
        }
    }

    #[test]
    fn a_day_that_is_also_a_valid_number_of_goods_is_the_lot() {
        let day = "20270117";
        assert_eq!(domain::check_gtin(day), Ok(()));
        let (form, _) = after(LotWork::Receive, &[rice(), Found::Unlisted(Scanned::plain(day))]);
        assert_eq!(form.lot_code, day);
    }
}
