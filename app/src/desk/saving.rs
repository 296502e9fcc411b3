//! Saves a mutation from a form: once, with what failed said in place, and a way to take it back while it waits.

use std::rc::Rc;

use domain::{Action, reversal_of};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use sync::Mutation;
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;
use wasm_split_helpers::wasm_split;
use yew::prelude::*;
use yew_router::AnyRoute;
use yew_router::prelude::*;

use super::scanner::use_scans;
use crate::book::Book;
use crate::book::record::RecordError;
use crate::device::feedback::{self, Feedback};
use crate::rest::NotLoaded;
use crate::ui::chip::Tone;
use crate::ui::toasts::{Toast, Toasts, use_toasts};
use crate::use_book::use_book;
use crate::words::action_words::in_words;
use crate::words::faults_in_words::not_loaded;
use crate::words::faults_in_words::store_fault;
use crate::words::language::t;
use crate::words::reasons::reason;

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
                            book.save_shown().await;
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

/// Takes saved mutations back, the last first, as far as they have not been sent in the meantime.
pub(crate) fn undo(book: &Book, toasts: &Toasts, ids: Vec<Uuid>) -> Callback<()> {
    let (book, toasts) = (book.clone(), toasts.clone());
    Callback::from(move |()| {
        begin(&book, &toasts, TakenBack::Waiting(ids.clone()));
    })
}

fn begin(book: &Book, toasts: &Toasts, back: TakenBack) {
    let (book, toasts) = (book.clone(), toasts.clone());
    spawn_local(async move {
        if let Err(error) = begin_take_back(book, toasts.clone(), back).await {
            toasts.show(Toast::new(Tone::Attention, t("It could not be taken back"), not_loaded(error)));
        }
    });
}

/// Takes it back with the code of the rest.
#[wasm_split(rest, fallible, return_wrapper(let work = _; { work.await; Ok(()) } -> Result<(), NotLoaded>))]
fn begin_take_back(book: Book, toasts: Toasts, back: TakenBack) -> LocalBoxFuture<'static, ()> {
    async move { take_back(&book, &toasts, back).await }.boxed_local()
}

/// What is taken back.
enum TakenBack {
    /// What still waits: it never counts.
    Waiting(Vec<Uuid>),
    /// What is booked already: the opposite is recorded.
    Booked(Box<Mutation<Action>>),
}

/// Takes it back and says how that went.
async fn take_back(book: &Book, toasts: &Toasts, back: TakenBack) {
    toasts.show(match back {
        TakenBack::Waiting(ids) => {
            let mut done = Ok(());
            for id in ids.into_iter().rev() {
                done = done.and(book.discard(id).await);
            }
            match done {
                Ok(()) => Toast::new(Tone::Good, t("Taken back"), t("It does not count any more.")),
                Err(error) => {
                    Toast::new(Tone::Attention, t("It could not be taken back"), not_recorded(&error, None))
                }
            }
        }
        TakenBack::Booked(mutation) => match book.reverse(&mutation).await {
            Ok(()) => Toast::saved(t("The opposite is recorded. Both stay in the history.")),
            Err(error) => Toast::new(
                Tone::Attention,
                t("It could not be reversed"),
                not_recorded(&error, Some(&mutation.action)),
            ),
        },
    });
}

/// Takes back what was recorded last: while it waits it never counts; once it is sent, the opposite is recorded.
pub(crate) fn undo_last(book: &Book, toasts: &Toasts) {
    let (book, toasts) = (book.clone(), toasts.clone());
    spawn_local(async move {
        if let Some(last) = book.pending().last() {
            return undo(&book, &toasts, vec![last.id]).emit(());
        }
        let sent = book.journal().await.unwrap_or_default().into_iter().next();
        match sent.filter(|record| reversal_of(&record.mutation.action).is_some()) {
            Some(record) => offer_reversal(&book, &toasts, record.mutation),
            None => toasts.show(Toast::new(
                Tone::Info,
                t("Nothing to take back"),
                t("Nothing was recorded on this device lately that can be taken back."),
            )),
        }
    });
}

/// Asks before the opposite of something that is sent is recorded.
fn offer_reversal(book: &Book, toasts: &Toasts, mutation: Mutation<Action>) {
    let detail = in_words(&mutation.action).title(None);
    let reverse = reverse(book, toasts, mutation);
    toasts.show(Toast::new(Tone::Waiting, t("It is sent already"), detail).offering(t("Reverse"), reverse));
}

/// Records the opposite of what is booked already.
pub(crate) fn reverse(book: &Book, toasts: &Toasts, mutation: Mutation<Action>) -> Callback<()> {
    let (book, toasts) = (book.clone(), toasts.clone());
    Callback::from(move |()| {
        begin(&book, &toasts, TakenBack::Booked(Box::new(mutation.clone())));
    })
}

/// Why an action was not saved; `action` is the one, where the caller has it.
pub(crate) fn not_recorded(error: &RecordError, action: Option<&Action>) -> String {
    match (error, action) {
        (RecordError::Store(error), _) => store_fault(error),
        (RecordError::Refused(refusal), Some(action)) => reason(action, refusal.code, &refusal.message),
        (RecordError::Refused(refusal), None) => refusal.message.clone(),
    }
}
