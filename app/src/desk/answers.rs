//! Answers to what was scanned or saved, by sound, colour and words.

use yew::prelude::*;

use super::scan_question::Question;
use crate::device::feedback::{self, Feedback};
use crate::ui::chip::Tone;
use crate::ui::flash;
use crate::ui::toasts::{Toast, Toasts};

/// Where answers are shown; clones are the same place.
#[derive(Clone, PartialEq)]
pub(crate) struct Answers {
    pub(crate) toasts: Toasts,
    question: UseStateSetter<Option<Question>>,
}

impl Answers {
    /// Answers in `toasts`; a question is put into `question`.
    pub(crate) fn new(toasts: Toasts, question: UseStateSetter<Option<Question>>) -> Self {
        Self { toasts, question }
    }

    /// It was the right thing, which `detail` names: said by sound, colour and words, each enough alone.
    pub(crate) fn right(&self, title: &str, detail: impl Into<String>) {
        self.answer(Feedback::Right, Toast { is_data: true, ..Toast::new(Tone::Good, title, detail) });
    }

    /// It was something else, or cannot be.
    pub(crate) fn wrong(&self, title: &str, detail: impl Into<String>) {
        self.answer(Feedback::Wrong, Toast::new(Tone::Attention, title, detail));
    }

    /// The same, where the page itself says more aloud: readers say `detail` once.
    pub(crate) fn wrong_as_said(&self, title: &str, detail: impl Into<String>) {
        feedback::give(Feedback::Wrong);
        flash::show(Feedback::Wrong, title, detail);
        self.toasts.show(Toast::new(Tone::Attention, title, ""));
    }

    /// Nobody knows what `code` is.
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

    /// Asks what a label means.
    pub(crate) fn ask(&self, question: Question) {
        self.question.set(Some(question));
    }
}
