//! What every page has at hand: a place for notices, the scanner, and answers to what was scanned.

use yew::prelude::*;

use super::scan_question::Question;
use super::scanner::Scans;
use crate::device::feedback::{self, Feedback};
use crate::ui::chip::Tone;
use crate::ui::flash;
use crate::ui::toasts::{Shown, Toast, Toasts};
use crate::use_provided::use_provided;

/// The same for as long as the app runs.
#[derive(Clone, PartialEq)]
pub(crate) struct Desk {
    pub(crate) toasts: Toasts,
    pub(crate) scans: Scans,
    question: UseStateSetter<Option<Question>>,
}

impl Desk {
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

/// Makes the desk whose notices are kept in `shown`. Use it once, near the root.
#[hook]
pub(crate) fn use_new_desk(
    shown: &UseReducerHandle<Shown>,
    question: &UseStateHandle<Option<Question>>,
) -> Desk {
    let desk = use_memo((), |()| Desk {
        toasts: Toasts::new(shown.dispatcher()),
        scans: Scans::default(),
        question: question.setter(),
    });
    (*desk).clone()
}

/// The desk, anywhere below its provider.
#[hook]
pub(crate) fn use_desk() -> Desk {
    use_provided()
}
