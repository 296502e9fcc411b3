//! Asks which of several readings of a label is right, because a separator may have been lost. The app never
//! guesses.

use std::cell::RefCell;
use std::rc::Rc;

use domain::Gs1;
use futures::channel::oneshot;
use yew::prelude::*;

use super::scan::in_words;
use crate::ui::sheet::Sheet;
use crate::words::language::t;

/// A pending question.
#[derive(Clone)]
pub(crate) struct Question {
    readings: Rc<[Gs1]>,
    answer: Rc<RefCell<Option<oneshot::Sender<Gs1>>>>,
}

impl PartialEq for Question {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.answer, &other.answer)
    }
}

impl Question {
    /// A question, and a receiver for the answer, which is cancelled if the user does not choose.
    pub(crate) fn new(readings: Vec<Gs1>) -> (Self, oneshot::Receiver<Gs1>) {
        let (sender, receiver) = oneshot::channel();
        (Self { readings: readings.into(), answer: Rc::new(RefCell::new(Some(sender))) }, receiver)
    }
}

/// The question, if there is one, and the setter that removes it.
#[derive(Properties, PartialEq)]
pub(crate) struct ScanQuestionProps {
    pub(crate) question: UseStateHandle<Option<Question>>,
}

/// The sheet.
#[component]
pub(crate) fn ScanQuestion(props: &ScanQuestionProps) -> Html {
    let Some(question) = &*props.question else { return Html::default() };
    let close = {
        let (setter, answer) = (props.question.setter(), question.answer.clone());
        Callback::from(move |reading: Option<Gs1>| {
            let waiting = answer.borrow_mut().take();
            if let (Some(sender), Some(reading)) = (waiting, reading) {
                // The receiver may be gone.
                drop(sender.send(reading));
            }
            setter.set(None);
        })
    };
    html! {
        <Sheet title={t("What does the label say?")} on_close={close.reform(|()| None)} test="scan-question">
            <p>{ t("The scanner may have left out a separator. Compare with the label, or close this and scan again.") }</p>
            <ul class="readings">
                for reading in question.readings.iter().cloned() {
                    <li>
                        <button class="button wide" type="button" translate="no" data-test="scan-reading"
                            onclick={let chosen = reading.clone(); close.reform(move |_: MouseEvent| Some(chosen.clone()))}>
                            { in_words(&reading) }
                        </button>
                    </li>
                }
            </ul>
        </Sheet>
    }
}
