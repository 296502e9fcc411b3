//! Saves a mutation from a form: once, with errors shown in place, and with undo while it is pending.

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
    /// The revision that an edit is based on; 0 for none.
    pub(crate) base: u64,
    /// The text of the toast.
    pub(crate) said: String,
    /// The address to go to once it is saved.
    pub(crate) then: String,
}

/// The state of saving.
#[derive(Clone, PartialEq)]
pub(crate) struct Saving {
    /// Whether a save is in progress: the button is disabled.
    pub(crate) is_busy: bool,
    /// The reason why the last save failed.
    pub(crate) failure: Option<AttrValue>,
    /// Saves an entry.
    pub(crate) save: Callback<Rc<Entry>>,
}

/// A form's state for saving.
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
            // Started before the button is redrawn, so that the database works meanwhile.
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

/// Freezes the page's data while it saves, so that its own mutation is not shown: the value from the start of
/// the save, until the page is left or the save has failed.
#[hook]
pub(crate) fn use_before_save<T: Clone + 'static>(now: T, saving: &Saving) -> T {
    let before = use_mut_ref(|| now.clone());
    if !saving.is_busy {
        before.replace(now);
    }
    let before = before.borrow();
    before.clone()
}
