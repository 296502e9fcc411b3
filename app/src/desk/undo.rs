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
#[derive(Debug, PartialEq)]
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
            // Whoever scans a command has not seen which entry it is.
            Ok(()) => {
                let words = in_words(&mutation.action);
                let entry = format!("{} · {}", words.title(None), words.place);
                Toast::new(Tone::Good, t("Reversed"), entry)
            }
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
    let dropped = if is_refused { book.give_up(id).await } else { book.withdraw(id).await };
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
        let pending = book.pending();
        let sent = book.client().journal().await.unwrap_or_default();
        let person = book.person();
        let is_own = |mutation: &&Mutation<Action>| mutation.signed_by.map(|signed| signed.person) == person;
        let pending = pending.iter().map(|record| &record.mutation).filter(is_own);
        match last_work(pending, sent.iter().map(|record| &record.mutation).filter(is_own)) {
            Some(back) => begin(&book, &toasts, back),
            None => toasts.show(Toast::new(
                Tone::Info,
                t("Nothing to undo"),
                t("Nothing recorded here recently can be undone."),
            )),
        }
    });
}

/// The last work that can be undone, without questions: of `pending` work, the oldest first, else of the work that was
/// `sent`, the newest first.
fn last_work<'m>(
    pending: impl DoubleEndedIterator<Item = &'m Mutation<Action>>,
    mut sent: impl Iterator<Item = &'m Mutation<Action>>,
) -> Option<TakenBack> {
    // The app itself reports and settles unknown codes.
    let is_work = |mutation: &&Mutation<Action>| {
        !matches!(
            mutation.action,
            Action::ReportCode(_) | Action::SettleCode { .. } | Action::CloseConflict { .. }
        )
    };
    if let Some(last) = pending.rev().find(is_work) {
        return Some(TakenBack::Waiting(vec![last.id]));
    }
    let last = sent.find(is_work).filter(|mutation| reversal_of(&mutation.action).is_some())?;
    Some(TakenBack::Booked(Box::new(last.clone())))
}

/// Records the reversal of a booked mutation.
pub(crate) fn reverse(book: &Book, toasts: &Toasts, mutation: Mutation<Action>) -> Callback<()> {
    let (book, toasts) = (book.clone(), toasts.clone());
    Callback::from(move |()| {
        begin(&book, &toasts, TakenBack::Booked(Box::new(mutation.clone())));
    })
}

#[cfg(test)]
mod tests {
    use domain::{LotRef, Quantity};
    use sync::UnixMillis;

    use super::*;

    fn picked(seq: u64) -> Mutation<Action> {
        let lot = LotRef::new(Uuid::nil(), "L1", "A-1");
        let action = Action::PickLot { lot, quantity: Quantity::units(1), reason: String::new() };
        Mutation {
            seq,
            id: Uuid::from_u128(seq.into()),
            action,
            base: 0,
            author: String::new(),
            signed_by: None,
            captured_at: UnixMillis(0),
            schema: 1,
            depends_on: None,
            replaces: None,
            withdrawn: false,
        }
    }

    fn settled(seq: u64) -> Mutation<Action> {
        Mutation { action: Action::CloseConflict { id: Uuid::nil() }, ..picked(seq) }
    }

    #[test]
    fn the_last_work_is_undone_and_reversed_without_a_question_if_it_was_sent() {
        let sent = [settled(2), picked(1)];
        let pending = [picked(3), picked(4), settled(5)];
        let last = last_work(pending.iter(), sent.iter());
        assert_eq!(last, Some(TakenBack::Waiting(vec![Uuid::from_u128(4)])));
        let last = last_work(pending[2..].iter(), sent.iter());
        assert_eq!(last, Some(TakenBack::Booked(Box::new(picked(1)))));
        assert_eq!(last_work([].iter(), sent[..1].iter()), None);
    }
}
