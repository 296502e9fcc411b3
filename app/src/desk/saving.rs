//! Saves a mutation from a form: once, with what failed said in place, and a way to take it back while it waits.

use std::rc::Rc;

use domain::Action;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::AnyRoute;
use yew_router::prelude::*;

use super::record_faults::not_recorded;
use super::undo::undo;
use super::use_desk::use_scans;
use crate::device::feedback::{self, Feedback};
use crate::ui::toasts::{Toast, use_toasts};
use crate::use_book::use_book;
use crate::words::language::t;

/// A mutation to save.
pub(crate) struct Entry {
    pub(crate) action: Action,
    /// The revision it was made on; 0 for none.
    pub(crate) base: u64,
    /// What was done, for the notice.
    pub(crate) said: String,
    /// The page to go to once it is saved, as its address.
    pub(crate) then: String,
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
    let (book, toasts, navigator, scans) = (use_book(), use_toasts(), use_navigator(), use_scans());
    let is_busy = use_state(bool::default);
    let failure = use_state(Option::<AttrValue>::default);
    let save = {
        let (is_busy, failure) = (is_busy.clone(), failure.clone());
        Callback::from(move |entry: Rc<Entry>| {
            if *is_busy {
                return;
            }
            let (book, toasts, navigator) = (book.clone(), toasts.clone(), navigator.clone());
            let (busy, fault, hold) = (is_busy.setter(), failure.setter(), scans.hold());
            // Begun before the button is drawn anew: the database is at work meanwhile.
            spawn_local(async move {
                match book.record(entry.action.clone(), entry.base).await {
                    Ok(mutation) => {
                        let undo = undo(&book, &toasts, vec![mutation.id]);
                        feedback::give(Feedback::Saved);
                        toasts.show(Toast::saved(entry.said.clone()).offering(t("Undo"), undo));
                        if let Some(navigator) = navigator {
                            book.client().save_drawn().await;
                            navigator.push(&AnyRoute::new(entry.then.clone()));
                        }
                    }
                    Err(error) => {
                        fault.set(Some(not_recorded(&error, Some(&entry.action)).into()));
                        busy.set(false);
                    }
                }
                drop(hold);
            });
            is_busy.set(true);
            failure.set(None);
        })
    };
    Saving { is_busy: *is_busy, failure: (*failure).clone(), save }
}

/// What a page is about, without what it saves itself: as it was when that began, until the page is left or the save has failed.
#[hook]
pub(crate) fn use_before_save<T: Clone + 'static>(now: T, saving: &Saving) -> T {
    let before = use_mut_ref(|| now.clone());
    if !saving.is_busy {
        before.replace(now);
    }
    let before = before.borrow();
    before.clone()
}
