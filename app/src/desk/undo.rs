//! Undoes recorded mutations: a pending one is withdrawn; for a booked one, its reversal is recorded.

use client::RecordError;
use domain::{Action, reversal_of};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use sync::{Mutation, StoreError};
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

/// Undoes saved mutations, the last first: those that were booked in the meantime are reversed.
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
            toasts.show(Toast::new(Tone::Attention, t("Couldn't undo"), not_loaded(error)));
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
    /// Pending, unless they were sent in the meantime.
    Waiting(Vec<Uuid>),
    /// Booked: the reversal is recorded.
    Booked(Box<Mutation<Action>>),
}

/// Undoes them and shows the result.
async fn take_back(book: &Book, toasts: &Toasts, back: TakenBack) {
    toasts.show(match back {
        TakenBack::Waiting(ids) => {
            let mut done = Ok(Undone::Withdrawn);
            for id in ids.into_iter().rev() {
                let one = take_back_one(book, id).await;
                done = done.and_then(|before| Ok(before.max(one?)));
            }
            match done {
                Ok(Undone::Reversed) => reversed(),
                Ok(Undone::Withdrawn) => Toast::new(Tone::Good, t("Undone"), t("It no longer counts.")),
                Err(error) => Toast::new(Tone::Attention, t("Couldn't undo"), not_recorded(&error, None)),
            }
        }
        TakenBack::Booked(mutation) => match book.reverse(&mutation).await {
            Ok(()) => reversed(),
            Err(error) => Toast::new(
                Tone::Attention,
                t("Couldn't reverse"),
                not_recorded(&error, Some(&mutation.action)),
            ),
        },
    });
}

/// The means by which a mutation was undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Undone {
    Withdrawn,
    Reversed,
}

/// Withdraws a pending mutation; if it was booked in the meantime, records its reversal.
async fn take_back_one(book: &Book, id: Uuid) -> Result<Undone, RecordError> {
    let queue = book.client().queue();
    let is_refused = queue.iter().any(|record| record.mutation.id == id && !record.is_pending());
    let dropped = if is_refused { book.give_up(id).await } else { book.client().discard(id).await };
    match dropped {
        Err(RecordError::Store(StoreError::Gone)) => {}
        done => return done.map(|()| Undone::Withdrawn),
    }
    let sent = book.client().journal().await?.into_iter().find(|record| record.mutation.id == id);
    let sent =
        sent.filter(|record| reversal_of(&record.mutation.action).is_some()).ok_or(StoreError::Gone)?;
    book.reverse(&sent.mutation).await.map(|()| Undone::Reversed)
}

fn reversed() -> Toast {
    Toast::saved(t("Reversed. Both entries stay in the history."))
}

/// Undoes the last recorded mutation: a pending one is withdrawn; for a sent one, its reversal is recorded.
pub(crate) fn undo_last(book: &Book, toasts: &Toasts) {
    let (book, toasts) = (book.clone(), toasts.clone());
    spawn_local(async move {
        // The app itself reports and settles unknown codes.
        let is_work = |mutation: &Mutation<Action>| {
            let Mutation { action, .. } = mutation;
            !matches!(
                action,
                Action::ReportCode(_) | Action::SettleCode { .. } | Action::CloseConflict { .. }
            )
        };
        if let Some(last) = book.pending().iter().rfind(|record| is_work(&record.mutation)) {
            return undo(&book, &toasts, vec![last.mutation.id]).emit(());
        }
        let sent = book.client().journal().await.unwrap_or_default();
        let sent = sent.into_iter().find(|record| is_work(&record.mutation));
        match sent.filter(|record| reversal_of(&record.mutation.action).is_some()) {
            Some(record) => offer_reversal(&book, &toasts, record.mutation),
            None => toasts.show(Toast::new(
                Tone::Info,
                t("Nothing to undo"),
                t("Nothing recorded here recently can be undone."),
            )),
        }
    });
}

/// Asks before the reversal of a sent mutation is recorded.
fn offer_reversal(book: &Book, toasts: &Toasts, mutation: Mutation<Action>) {
    let detail = in_words(&mutation.action).title(None);
    let reverse = reverse(book, toasts, mutation);
    toasts.show(Toast::new(Tone::Waiting, t("Already synced"), detail).offering(t("Reverse"), reverse));
}

/// Records the reversal of a booked mutation.
pub(crate) fn reverse(book: &Book, toasts: &Toasts, mutation: Mutation<Action>) -> Callback<()> {
    let (book, toasts) = (book.clone(), toasts.clone());
    Callback::from(move |()| {
        begin(&book, &toasts, TakenBack::Booked(Box::new(mutation.clone())));
    })
}
