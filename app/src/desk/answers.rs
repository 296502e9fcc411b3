//! Feedback for scans and saves, by sound, colour and words.

use domain::CalendarDate;
use yew::prelude::*;

use super::scan_question::Question;
use crate::book::lots_found::LotFound;
use crate::device::feedback::{self, Feedback};
use crate::ui::chip::Tone;
use crate::ui::flash;
use crate::ui::toasts::{Toast, Toasts};

/// The place where feedback is shown; clones share it.
#[derive(Clone, PartialEq)]
pub(crate) struct Answers {
    pub(crate) toasts: Toasts,
    question: UseStateSetter<Option<Question>>,
}

impl Answers {
    /// Shows feedback in `toasts`; sets `question` to ask which reading of a label is right.
    pub(crate) fn new(toasts: Toasts, question: UseStateSetter<Option<Question>>) -> Self {
        Self { toasts, question }
    }

    /// Success, with `detail` as text. Sound, colour and words each suffice alone.
    pub(crate) fn right(&self, title: &str, detail: impl Into<String>) {
        self.answer(Feedback::Right, Toast { is_data: true, ..Toast::new(Tone::Good, title, detail) });
    }

    /// A wrong scan, or an impossible action.
    pub(crate) fn wrong(&self, title: &str, detail: impl Into<String>) {
        self.answer(Feedback::Wrong, Toast::new(Tone::Attention, title, detail));
    }

    /// Says that a scanned lot must not be taken. `false` if some of it is for use on `today`.
    pub(crate) fn refuses(&self, lot: &LotFound, today: CalendarDate) -> bool {
        let reason = lot.not_for_use(today);
        if let Some((title, sentence)) = &reason {
            self.wrong(title, sentence.clone());
        }
        reason.is_some()
    }

    /// Like [`Self::wrong`], for pages that announce the problem themselves: screen readers read only
    /// `detail` once.
    pub(crate) fn wrong_as_said(&self, title: &str, detail: impl Into<String>) {
        feedback::give(Feedback::Wrong);
        flash::show(Feedback::Wrong, title, detail);
        self.toasts.show(Toast::new(Tone::Attention, title, ""));
    }

    /// An unknown code.
    pub(crate) fn unknown(&self, toast: Toast, code: &str) {
        feedback::give(Feedback::Unknown);
        flash::show(Feedback::Unknown, toast.title.clone(), code);
        self.toasts.show(toast);
    }

    fn answer(&self, feedback: Feedback, toast: Toast) {
        feedback::give(feedback);
        flash::show(feedback, toast.title.clone(), toast.detail.clone());
        self.toasts.show(toast);
    }

    /// Asks which reading of a label is right.
    pub(crate) fn ask(&self, question: Question) {
        self.question.set(Some(question));
    }
}
