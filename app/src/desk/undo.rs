//! Undoes recorded mutations: a pending one is withdrawn; for a booked one, its reversal is recorded.

use domain::{Action, reversal_of};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use sync::Mutation;
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;
use wasm_split_helpers::wasm_split;
use yew::prelude::*;

use super::record_faults::not_recorded;
use crate::book::Book;
use crate::rest::NotLoaded;
use crate::ui::chip::Tone;
use crate::ui::toasts::{Toast, Toasts};
use crate::words::action_words::in_words;
use crate::words::faults_in_words::not_loaded;
use crate::words::language::t;

/// Withdraws saved mutations, the last first, unless they have been sent in the meantime.
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

/// Undoes it with code from the split-off part of the wasm.
#[wasm_split(rest, fallible, return_wrapper(let work = _; { work.await; Ok(()) } -> Result<(), NotLoaded>))]
fn begin_take_back(book: Book, toasts: Toasts, back: TakenBack) -> LocalBoxFuture<'static, ()> {
    async move { take_back(&book, &toasts, back).await }.boxed_local()
}

/// The mutations to undo.
enum TakenBack {
    /// Pending: they are withdrawn.
    Waiting(Vec<Uuid>),
    /// Booked: the reversal is recorded.
    Booked(Box<Mutation<Action>>),
}

/// Undoes them and shows the result.
async fn take_back(book: &Book, toasts: &Toasts, back: TakenBack) {
    toasts.show(match back {
        TakenBack::Waiting(ids) => {
            let mut done = Ok(());
            for id in ids.into_iter().rev() {
                done = done.and(book.client().discard(id).await);
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

/// Undoes the last recorded mutation: a pending one is withdrawn; for a sent one, its reversal is recorded.
pub(crate) fn undo_last(book: &Book, toasts: &Toasts) {
    let (book, toasts) = (book.clone(), toasts.clone());
    spawn_local(async move {
        if let Some(last) = book.pending().last() {
            return undo(&book, &toasts, vec![last.mutation.id]).emit(());
        }
        let sent = book.client().journal().await.unwrap_or_default().into_iter().next();
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

/// Asks before the reversal of a sent mutation is recorded.
fn offer_reversal(book: &Book, toasts: &Toasts, mutation: Mutation<Action>) {
    let detail = in_words(&mutation.action).title(None);
    let reverse = reverse(book, toasts, mutation);
    toasts.show(Toast::new(Tone::Waiting, t("It is sent already"), detail).offering(t("Reverse"), reverse));
}

/// Records the reversal of a booked mutation.
pub(crate) fn reverse(book: &Book, toasts: &Toasts, mutation: Mutation<Action>) -> Callback<()> {
    let (book, toasts) = (book.clone(), toasts.clone());
    Callback::from(move |()| {
        begin(&book, &toasts, TakenBack::Booked(Box::new(mutation.clone())));
    })
}
