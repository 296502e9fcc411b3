//! Asks what a scan means, if it may mean several things. The app never guesses.

use std::cell::RefCell;
use std::rc::Rc;

use domain::Gs1;
use futures::channel::oneshot;
use yew::prelude::*;

use super::scan::in_words;
use crate::book::lots_found::LotFound;
use crate::ui::sheet::Sheet;
use crate::words::language::{t, tf};

/// A pending question.
#[derive(Clone)]
pub(crate) struct Question {
    title: &'static str,
    text: AttrValue,
    choices: Rc<[AttrValue]>,
    answer: Rc<RefCell<Option<oneshot::Sender<usize>>>>,
}

impl PartialEq for Question {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.answer, &other.answer)
    }
}

impl Question {
    /// Which reading of a label is right, because a separator may have been lost. The receiver gets the position of the
    /// answer, and is cancelled if the user does not choose.
    pub(crate) fn of_readings(readings: &[Gs1]) -> (Self, oneshot::Receiver<usize>) {
        let text = t(
            "The scanner may have left out a separator. Compare with the label, or close this and scan again.",
        );
        Self::new(t("Which reading is right?"), text.into(), readings.iter().map(|one| in_words(one).into()))
    }

    /// Which product's lot it is; the receiver is as of [`Self::of_readings`].
    pub(crate) fn of_lots(lots: &[LotFound]) -> (Self, oneshot::Receiver<usize>) {
        let code: &dyn std::fmt::Display = &lots.first().map_or("", LotFound::lot_code);
        let text = tf("Several products have a lot {lot}. Choose the goods in your hand.", &[("lot", code)]);
        Self::new(t("Which product is it?"), text.into(), lots.iter().map(|lot| lot.name.clone().into()))
    }

    /// Which delivery goods belong to; the receiver is as of [`Self::of_readings`].
    pub(crate) fn of_deliveries(words: impl Iterator<Item = AttrValue>) -> (Self, oneshot::Receiver<usize>) {
        Self::new(t("Which delivery?"), AttrValue::default(), words)
    }

    fn new(
        title: &'static str,
        text: AttrValue,
        choices: impl Iterator<Item = AttrValue>,
    ) -> (Self, oneshot::Receiver<usize>) {
        let (sender, receiver) = oneshot::channel();
        let answer = Rc::new(RefCell::new(Some(sender)));
        (Self { title, text, choices: choices.collect(), answer }, receiver)
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
        Callback::from(move |choice: Option<usize>| {
            let waiting = answer.borrow_mut().take();
            if let (Some(sender), Some(choice)) = (waiting, choice) {
                // The receiver may be gone.
                sender.send(choice).unwrap_or_default();
            }
            setter.set(None);
        })
    };
    let choice = |(at, words): (usize, &AttrValue)| {
        html! {
            <li>
                <button class="button wide" type="button" translate="no" data-test="scan-reading"
                    onclick={close.reform(move |_: MouseEvent| Some(at))}>{ words }</button>
            </li>
        }
    };
    html! {
        <Sheet title={question.title} on_close={close.reform(|()| None)} test="scan-question">
            <p>{ &question.text }</p>
            <ul class="readings">{ for question.choices.iter().enumerate().map(choice) }</ul>
        </Sheet>
    }
}
