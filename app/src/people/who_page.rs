//! Asks who works on the device, in place of every page while nobody is signed in.

use domain::Person;
use futures::FutureExt;
use sync::SignedBy;
use wasm_split_helpers::wasm_split;
use yew::prelude::*;
use yew_router::prelude::*;

use super::person_list::{Choice, PersonList};
use super::pin_pad::PinPad;
use crate::book::Book;
use crate::book::people::People;
use crate::desk::answers::Answers;
use crate::desk::badge::welcome;
use crate::desk::scan_target::use_scan_target;
use crate::desk::scanner::{Found, ScanTarget};
use crate::desk::use_desk::use_answers;
use crate::goods::queue_row::sub_line;
use crate::rest::NotLoaded;
use crate::route::Route;
use crate::ui::button::button;
use crate::ui::icon::{Glyph, icon};
use crate::ui::later::use_later;
use crate::ui::page_head::PageHead;
use crate::ui::placeholder::{read_failure, skeleton};
use crate::use_book::{use_book, use_book_version};
use crate::words::language::{t, tf, tn};
use crate::words::role_words::role_word;

/// The page, once its code is loaded.
#[component]
pub(crate) fn WhoLater() -> Html {
    use_later(|| load_who().boxed_local(), draw_who(), read_failure)
}

#[wasm_split(rest, fallible, preload(load_who))]
fn draw_who() -> Result<Html, NotLoaded> {
    Ok(html! { <WhoPage /> })
}

#[component]
fn WhoPage() -> Html {
    let (book, answers) = (use_book(), use_answers());
    use_book_version();
    let chosen = use_state(|| None::<Person>);
    use_scan_target(unknown_badge(&answers));
    let people = book.people();
    let on_right = {
        let (book, answers) = (book.clone(), answers.clone());
        Callback::from(move |person: Person| welcome(&book, &answers, &person))
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
    let (navigator, route) = (use_navigator(), use_route::<Route>());
    let look = {
        let book = book.clone();
        Callback::from(move |_: MouseEvent| {
            book.look(true);
            if let (Some(navigator), true) = (&navigator, route.as_ref().is_none_or(Route::needs_person)) {
                navigator.push(&Route::Stock);
            }
        })
    };
    html! {
        <div class="page who" data-test="who-page">
            <PageHead title={t("Who is working?")} keeps_focus={chosen.is_some()} />
            if let Some(person) = (*chosen).clone() {
                <PinPad {person} word={t("Sign in")} {on_right} {on_back} />
            } else if people.is_empty() {
                { skeleton() }
            } else {
                <p class="who-hint">{ icon(Glyph::Scan) }{ t("Scan your badge, or tap your name.") }</p>
                <PersonList people={choices(&book, &people)} {on_choose} />
                { button("button", html! { <>{ icon(Glyph::Box) }{ t("Just look at the stock") }</> }, look, "who-look") }
            }
        </div>
    }
}

/// Everybody, with their role and the number of their changes that wait to be sent.
fn choices(book: &Book, people: &People) -> Vec<Choice> {
    let pending = book.pending();
    let of = |person: &Person| {
        let is_theirs = |signed: SignedBy| signed.person == person.id;
        pending.iter().filter(|record| record.mutation.signed_by.is_some_and(is_theirs)).count()
    };
    let choice = |person: &Person| {
        let saved = match of(person) {
            0 => String::new(),
            saved => tn(saved, "{n} saved here", "{n} saved here"),
        };
        Choice { note: sub_line(role_word(person.role), &saved, ""), person: person.clone() }
    };
    people.active().map(choice).collect()
}

/// A badge that nobody has is not reported as an unknown code of goods.
fn unknown_badge(answers: &Answers) -> ScanTarget {
    let answers = answers.clone();
    let on_scan = Callback::from(move |found: Found| {
        let is_unknown = matches!(found, Found::Unlisted(_));
        if is_unknown {
            let detail = t("Scan it again, or ask a supervisor to add it.");
            answers.wrong(t("Nobody here has this badge"), detail);
        }
        is_unknown
    });
    ScanTarget { on_scan }
}
