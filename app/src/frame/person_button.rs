//! The person who is signed in, with the button to switch.

use yew::prelude::*;

use crate::book::Book;
use crate::book::staff::Door;
use crate::ui::icon::{Glyph, icon};
use crate::words::language::{t, tf};

/// The button beside the status line; nothing at a site without people.
pub(super) fn person_button(book: &Book) -> Html {
    let onclick = {
        let book = book.clone();
        Callback::from(move |_: MouseEvent| match book.door() {
            Door::By(_) => book.lock(),
            Door::Open | Door::Locked { .. } => book.look(false),
        })
    };
    match book.door() {
        Door::Open | Door::Locked { is_looking: false } => Html::default(),
        Door::Locked { is_looking: true } => html! {
            <button class="switch-person" type="button" {onclick} data-test="switch-person">
                { icon(Glyph::Key) }<span>{ t("Sign in") }</span>
            </button>
        },
        Door::By(person) => {
            let people = book.people();
            let name = people.name(person).unwrap_or_default();
            html! {
                <button class="switch-person" type="button" {onclick} data-test="switch-person" data-person={person.to_string()}>
                    <span class="initials" translate="no" aria-hidden="true">{ book.initials() }</span>
                    <span class="visually-hidden">{ tf("{name}: switch person", &[("name", &name)]) }</span>
                </button>
            }
        }
    }
}
