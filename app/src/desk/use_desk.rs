//! What every page has at hand, from context: where answers are shown, and the scanner's queue.

use yew::prelude::*;

use super::answers::Answers;
use super::scan_question::Question;
use super::scanner::Scans;
use crate::ui::toasts::{Shown, Toasts};
use crate::use_provided::use_provided;

/// The same for as long as the app runs.
#[derive(Clone, PartialEq)]
pub(crate) struct Desk {
    pub(crate) answers: Answers,
    pub(crate) scans: Scans,
}

/// Makes the desk whose notices are kept in `shown`. Use it once, near the root.
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

/// Where answers are shown, anywhere below the desk's provider.
#[hook]
pub(crate) fn use_answers() -> Answers {
    use_provided::<Desk>().answers
}

/// Where scans are handed in, anywhere below the desk's provider.
#[hook]
pub(crate) fn use_scans() -> Scans {
    use_provided::<Desk>().scans
}
