//! Saves a mutation from a form: once, with what failed said in place, and a way to take it back while it waits.

use std::rc::Rc;

use domain::Action;
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::prelude::*;

use super::chip::Tone;
use super::toasts::{Toast, Toasts, use_toasts};
use crate::book::Book;
use crate::hooks::use_book;
use crate::route::Route;

/// A mutation to save.
pub(crate) struct Entry {
    pub(crate) action: Action,
    /// The revision it was made on; 0 for none.
    pub(crate) base: u64,
    /// What was done, for the notice.
    pub(crate) said: String,
    /// Where to go once it is saved.
    pub(crate) then: Route,
}

/// How saving goes.
#[derive(Clone, PartialEq)]
pub(crate) struct Saving {
    /// Whether a save is under way: its button rests.
    pub(crate) is_busy: bool,
    /// Why the last one failed.
    pub(crate) failure: Option<AttrValue>,
    /// Saves.
    pub(crate) save: Callback<Rc<Entry>>,
}

/// A form's way to save.
#[hook]
pub(crate) fn use_saving() -> Saving {
    let (book, toasts, navigator) = (use_book(), use_toasts(), use_navigator());
    let is_busy = use_state(bool::default);
    let failure = use_state(Option::<AttrValue>::default);
    let save = {
        let (is_busy, failure) = (is_busy.clone(), failure.clone());
        Callback::from(move |entry: Rc<Entry>| {
            if *is_busy {
                return;
            }
            is_busy.set(true);
            failure.set(None);
            let (book, toasts, navigator) = (book.clone(), toasts.clone(), navigator.clone());
            let (is_busy, failure) = (is_busy.clone(), failure.clone());
            spawn_local(async move {
                match book.record(entry.action.clone(), entry.base).await {
                    Ok(mutation) => {
                        let undo = undo(&book, &toasts, mutation.id);
                        toasts.show(Toast::saved(entry.said.clone()).offering("Undo", undo));
                        if let Some(navigator) = navigator {
                            navigator.push(&entry.then);
                        }
                    }
                    Err(error) => {
                        failure.set(Some(error.to_string().into()));
                        is_busy.set(false);
                    }
                }
            });
        })
    };
    Saving { is_busy: *is_busy, failure: (*failure).clone(), save }
}

/// Takes a saved mutation back, if it has not been sent in the meantime.
pub(crate) fn undo(book: &Book, toasts: &Toasts, id: Uuid) -> Callback<()> {
    let (book, toasts) = (book.clone(), toasts.clone());
    Callback::from(move |()| {
        let (book, toasts) = (book.clone(), toasts.clone());
        spawn_local(async move {
            toasts.show(match book.discard(id).await {
                Ok(()) => Toast::new(Tone::Good, "Taken back", "It does not count any more."),
                Err(error) => Toast::new(Tone::Attention, "It could not be taken back", error.to_string()),
            });
        });
    })
}
