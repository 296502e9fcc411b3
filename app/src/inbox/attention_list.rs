//! The changes that the server did not book as sent, each with its resolutions.

use std::rc::Rc;

use client::{RecordError, RetryBase};
use domain::{Action, Row};
use sync::{Outcome, QueueRecord, QueueState, UnixMillis};
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::attention_card::{AttentionCard, Resolution};
use super::resolving::{rest_of, rest_without_contested};
use crate::book::Book;
use crate::desk::record_faults::not_recorded;
use crate::goods::use_queue::use_queue;
use crate::ui::button::button;
use crate::ui::chip::Tone;
use crate::ui::sheet::Sheet;
use crate::ui::toasts::{Toast, use_toasts};
use crate::use_book::{use_book, use_book_version};
use crate::words::action_words::in_words;
use crate::words::language::t;

type Queued = QueueRecord<Action, Row>;

/// The cards, and the confirmation that one of them has opened.
pub(crate) struct AttentionList {
    /// Newest first.
    pub(crate) cards: Vec<Html>,
    pub(crate) sheet: Html,
}

/// The changes that need attention at the time `now`.
#[hook]
pub(crate) fn use_attention_list(now: UnixMillis) -> AttentionList {
    let book = use_book();
    let busy = use_state(Option::<Uuid>::default);
    let confirming = use_state(Option::<Uuid>::default);
    let resolve = use_resolve(&busy);
    let records = use_queue();
    // Names appear as the catalogue loads.
    use_book_version();
    let card = |(record, outcome): (&Queued, &Outcome<Row>)| {
        let mutation = &record.mutation;
        let on_resolve = on_resolve(mutation.id, &confirming, &resolve);
        let label = in_words(&mutation.action).product.and_then(|product| book.label(product));
        let (name, is_busy) = (label.map(|label| label.name), *busy == Some(mutation.id));
        let who = mutation.signed_by.map(|_| book.author_of(mutation)).unwrap_or_default();
        AttentionCard { mutation, outcome, name: name.as_deref(), who: &who, is_busy, on_resolve }.view(now)
    };
    let mut cards: Vec<Html> = turned_down(&records).map(card).collect();
    cards.reverse();
    let sheet = confirming.map_or_else(Html::default, |id| discard_sheet(id, &confirming, &resolve));
    AttentionList { cards, sheet }
}

fn turned_down(records: &[Rc<Queued>]) -> impl Iterator<Item = (&Queued, &Outcome<Row>)> {
    records.iter().filter_map(|record| match &record.state {
        QueueState::Attention(outcome) => Some((&**record, outcome)),
        QueueState::Pending => None,
    })
}

/// Only dropping a change for good needs a confirmation.
fn on_resolve(
    id: Uuid,
    confirming: &UseStateHandle<Option<Uuid>>,
    resolve: &Callback<(Uuid, Resolution)>,
) -> Callback<Resolution> {
    let (confirming, resolve) = (confirming.clone(), resolve.clone());
    Callback::from(move |way| match way {
        Resolution::Discard => confirming.set(Some(id)),
        Resolution::Retry
        | Resolution::Approve
        | Resolution::KeepMine
        | Resolution::KeepTheirs
        | Resolution::Choose(_) => resolve.emit((id, way)),
    })
}

/// Carries out a resolution and shows the result.
#[hook]
fn use_resolve(busy: &UseStateHandle<Option<Uuid>>) -> Callback<(Uuid, Resolution)> {
    let (book, toasts) = (use_book(), use_toasts());
    let busy = busy.clone();
    Callback::from(move |(id, way): (Uuid, Resolution)| {
        let (book, toasts, busy) = (book.clone(), toasts.clone(), busy.clone());
        busy.set(Some(id));
        spawn_local(async move {
            toasts.show(match carry_out(&book, id, &way).await {
                Ok(said) => Toast::saved(said),
                Err(error) => Toast::new(Tone::Attention, t("That didn't work"), not_recorded(&error, None)),
            });
            busy.set(None);
        });
    })
}

/// Returns the sentence to show.
async fn carry_out(book: &Book, id: Uuid, way: &Resolution) -> Result<&'static str, RecordError> {
    match way {
        Resolution::Retry | Resolution::Approve | Resolution::KeepMine => {
            book.retry(id, None, RetryBase::Shown).await?;
            Ok(t("Trying again."))
        }
        Resolution::Discard => {
            let is_for_all = book.may_close_conflicts();
            book.give_up(id).await?;
            Ok(match is_for_all {
                true => t("Change discarded."),
                false => t("Discarded here. A lead closes it for everyone."),
            })
        }
        Resolution::KeepTheirs => {
            let is_sent = send_rest(book, id, rest_without_contested).await?;
            Ok(match is_sent {
                true => t("Current value kept. Your other changes will sync."),
                false => t("Current value kept."),
            })
        }
        Resolution::Choose(theirs) => {
            send_rest(book, id, |action, code| rest_of(action, code, theirs)).await?;
            Ok(t("Your choice is saved and will sync."))
        }
    }
}

/// Sends what is left of a conflicting edit, or drops it if nothing is. Returns whether it is sent.
async fn send_rest(
    book: &Book,
    id: Uuid,
    rest: impl Fn(&Action, &str) -> Option<(Action, RetryBase)>,
) -> Result<bool, RecordError> {
    let queue = book.client().queue();
    let left = queue.iter().find(|record| record.mutation.id == id).and_then(|record| match &record.state {
        QueueState::Attention(outcome) => rest(&record.mutation.action, &outcome.code),
        QueueState::Pending => None,
    });
    match left {
        Some((action, base)) => book.retry(id, Some(action), base).await.map(|()| true),
        None => book.give_up(id).await.map(|()| false),
    }
}

fn discard_sheet(
    id: Uuid,
    confirming: &UseStateHandle<Option<Uuid>>,
    resolve: &Callback<(Uuid, Resolution)>,
) -> Html {
    let confirming = confirming.clone();
    let on_close = Callback::from(move |()| confirming.set(None));
    let keep = on_close.reform(|_: MouseEvent| ());
    let discard = {
        let (on_close, resolve) = (on_close.clone(), resolve.clone());
        Callback::from(move |_: MouseEvent| {
            resolve.emit((id, Resolution::Discard));
            on_close.emit(());
        })
    };
    html! {
        <Sheet title={t("Discard this change?")} {on_close} test="discard-sheet">
            <p>{ t("It wasn't booked and won't be retried. The server's data stays as it is.") }</p>
            <div class="sheet-actions">
                { button("button", t("Keep it").into(), keep, "discard-cancel") }
                { button("button danger-fill", t("Discard").into(), discard, "discard-confirm") }
            </div>
        </Sheet>
    }
}
