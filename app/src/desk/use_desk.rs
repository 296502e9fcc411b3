//! The context of every page: the place for feedback, and the scan queue.

use yew::prelude::*;

use super::answers::Answers;
use super::scan_question::Question;
use super::scanner::Scans;
use crate::ui::toasts::{Shown, Toasts};
use client::use_provided;

/// Stays the same while the app runs.
#[derive(Clone, PartialEq)]
pub(crate) struct Desk {
    pub(crate) answers: Answers,
    pub(crate) scans: Scans,
}

/// Creates the desk with toasts in `shown`. Use it once, near the root.
#[hook]
pub(crate) fn use_new_desk(
    shown: &UseReducerHandle<Shown>,
    question: &UseStateHandle<Option<Question>>,
) -> Desk {
    let desk = use_memo((), |()| Desk {
        answers: Answers::new(Toasts::new(shown.dispatcher()), question.setter()),
        scans: Scans::default(),
    });
    (*desk).clone()
}

/// The place for feedback, anywhere below the desk's provider.
#[hook]
pub(crate) fn use_answers() -> Answers {
    use_provided::<Desk>().answers
}

/// The entry point for scans, anywhere below the desk's provider.
#[hook]
pub(crate) fn use_scans() -> Scans {
    use_provided::<Desk>().scans
}
