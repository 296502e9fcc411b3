//! Asks for the approval of what the person who is signed in may not do alone.

use std::rc::Rc;

use domain::Person;
use futures::FutureExt;
use wasm_split_helpers::wasm_split;
use yew::prelude::*;

use super::person_list::{Choice, PersonList};
use super::pin_pad::PinPad;
use crate::book::approval::{Approval, Asked};
use crate::desk::badge::approve;
use crate::desk::use_desk::use_answers;
use crate::rest::NotLoaded;
use crate::ui::button::button;
use crate::ui::icon::{Glyph, icon};
use crate::ui::later::use_later;
use crate::ui::placeholder::read_failure;
use crate::ui::sheet::Sheet;
use crate::use_book::{use_book, use_book_version};
use crate::words::action_words::in_words;
use crate::words::language::{t, tf};
use crate::words::role_words::role_word;

/// The sheet, once its code is loaded.
#[component]
pub(crate) fn ApprovalLater() -> Html {
    use_later(|| load_approval().boxed_local(), draw_approval(), read_failure)
}

#[wasm_split(rest, fallible, preload(load_approval))]
fn draw_approval() -> Result<Html, NotLoaded> {
    Ok(html! { <ApprovalSheet /> })
}

#[component]
fn ApprovalSheet() -> Html {
    let book = use_book();
    use_book_version();
    let Some(asked) = book.asked() else { return Html::default() };
    html! { <AskedSheet {asked} /> }
}

#[derive(Properties)]
struct AskedProps {
    asked: Rc<Asked>,
}

impl PartialEq for AskedProps {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.asked, &other.asked)
    }
}

#[component]
fn AskedSheet(props: &AskedProps) -> Html {
    let (book, answers) = (use_book(), use_answers());
    let chosen = use_state(|| None::<Person>);
    let asked = &props.asked;
    let answer = |answer: Option<Approval>| {
        let book = book.clone();
        Callback::from(move |()| book.answer_asked(answer))
    };
    let on_right = {
        let (book, asked, answers) = (book.clone(), asked.clone(), answers.clone());
        Callback::from(move |person: Person| approve(&book, &answers, &asked, &person))
    };
    let on_choose = {
        let (chosen, on_right) = (chosen.setter(), on_right.clone());
        Callback::from(move |person: Person| match (&person.pin, &person.badge) {
            (Some(_), _) => chosen.set(Some(person)),
            (None, Some(_)) => {
                let detail = tf("{name} has no PIN. Scan the badge.", &[("name", &person.name)]);
                answers.wrong(t("Scan your badge"), detail);
            }
            (None, None) => on_right.emit(person),
        })
    };
    let on_back = {
        let chosen = chosen.setter();
        Callback::from(move |()| chosen.set(None))
    };
    let words = in_words(&asked.action);
    let name = words.product.and_then(|product| book.label(product)).map(|label| label.name);
    let choice = |person: &Person| Choice { person: person.clone(), note: role_word(person.role).to_owned() };
    let people: Vec<Choice> =
        book.people().active().filter(|person| asked.may_approve(person)).map(choice).collect();
    let (cancel, wait) = (answer(None), answer(Some(Approval::InInbox)));
    html! {
        <Sheet title={t("Approval needed")} on_close={cancel.clone()} test="approval-sheet">
            <p><b>{ words.title(name.as_deref()) }</b></p>
            if let Some(person) = (*chosen).clone() {
                <PinPad {person} word={t("Approve")} {on_right} {on_back} />
            } else {
                <p>
                    { icon(Glyph::Scan) }
                    { tf("Scan the badge of somebody who may approve this, or tap a name. Minimum role: {role}.",
                        &[("role", &role_word(asked.needed))]) }
                </p>
                if !people.is_empty() {
                    <PersonList {people} {on_choose} />
                }
                <div class="sheet-actions">
                    { button("button", t("Cancel").into(), cancel.reform(|_: MouseEvent| ()), "approval-cancel") }
                    if asked.may_wait {
                        { button("button", t("Ask in the inbox").into(), wait.reform(|_: MouseEvent| ()), "approval-inbox") }
                    }
                </div>
            }
        </Sheet>
    }
}
