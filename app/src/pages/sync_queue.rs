//! The queue: what needs a person first, then what waits.

use domain::{Action, Row};
use sync::{Outcome, QueueRecord, QueueState, UnixMillis};
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::take_in::TakeInUnsent;
use crate::components::action_words::in_words;
use crate::components::attention_card::{AttentionCard, Resolution};
use crate::components::button::button;
use crate::components::chip::Tone;
use crate::components::icon::{Glyph, icon};
use crate::components::queue_row::queue_row;
use crate::components::save_unsent::use_save_unsent;
use crate::components::saving::undo;
use crate::components::sheet::Sheet;
use crate::components::toasts::{Toast, use_toasts};
use crate::format;
use crate::hooks::{use_book, use_queue};

type Queued = QueueRecord<Action, Row>;

/// Waiting rows shown; the rest is counted.
const MAX_SHOWN_ROWS: usize = 100;

/// The queue as it is `now`.
#[hook]
pub(crate) fn use_sync_queue(now: UnixMillis) -> Html {
    let (book, toasts) = (use_book(), use_toasts());
    let busy = use_state(Option::<Uuid>::default);
    let confirming = use_state(Option::<Uuid>::default);
    let resolve = use_resolve(&busy);
    let save = use_save_unsent();
    let records = use_queue();
    let name_of = |record: &Queued| {
        let product = in_words(&record.mutation.action).product?;
        book.label(product).map(|label| label.name)
    };
    let card = |(record, outcome): (&Queued, &Outcome<Row>)| {
        let mutation = &record.mutation;
        let on_resolve = on_resolve(mutation.id, &confirming, &resolve);
        let (name, is_busy) = (name_of(record), *busy == Some(mutation.id));
        AttentionCard { mutation, outcome, name: name.as_deref(), is_busy, on_resolve }.view(now)
    };
    let on_undo = {
        let (book, toasts) = (book.clone(), toasts.clone());
        Callback::from(move |id| undo(&book, &toasts, id).emit(()))
    };
    let row = |record: &Queued| queue_row(&record.mutation, name_of(record).as_deref(), now, &on_undo);
    let cards: Vec<Html> = turned_down(&records).map(card).collect();
    let rows: Vec<Html> =
        records.iter().filter(|record| record.is_pending()).take(MAX_SHOWN_ROWS).map(row).collect();
    let unreadable = book.unreadable();
    let waiting = records.iter().filter(|record| record.is_pending()).count() + unreadable;
    let save_button = |test| {
        let onclick = save.open.reform(|_: MouseEvent| ());
        button("button", html! { <>{ icon(Glyph::Receive) }{ "Save unsent work" }</> }, onclick, test)
    };
    html! {
        <>
            if !cards.is_empty() {
                <section aria-label="Needs you" data-test="attention">
                    <h2 class="section-title">{ format!("{} need you", cards.len()) }</h2>
                    <div class="attention-cards">{ for cards }</div>
                    <div class="section-ways">{ save_button("attention-save") }</div>
                </section>
            }
            <section aria-label="Waiting to be sent">
                { waiting_list(waiting, unreadable, rows) }
                <div class="section-ways">
                    if waiting > 0 {
                        { save_button("save-unsent") }
                    }
                    <TakeInUnsent />
                </div>
            </section>
            { save.sheet }
            if let Some(id) = *confirming {
                { discard_sheet(id, &confirming, &resolve) }
            }
        </>
    }
}

fn turned_down(records: &[Queued]) -> impl Iterator<Item = (&Queued, &Outcome<Row>)> {
    records.iter().filter_map(|record| match &record.state {
        QueueState::Attention(outcome) => Some((record, outcome)),
        QueueState::Pending => None,
    })
}

/// Only forgetting a change for good is asked about first.
fn on_resolve(
    id: Uuid,
    confirming: &UseStateHandle<Option<Uuid>>,
    resolve: &Callback<(Uuid, Resolution)>,
) -> Callback<Resolution> {
    let (confirming, resolve) = (confirming.clone(), resolve.clone());
    Callback::from(move |way| match way {
        Resolution::Discard => confirming.set(Some(id)),
        Resolution::Retry | Resolution::KeepMine | Resolution::KeepTheirs => resolve.emit((id, way)),
    })
}

/// Carries a way out through and says how it went.
#[hook]
fn use_resolve(busy: &UseStateHandle<Option<Uuid>>) -> Callback<(Uuid, Resolution)> {
    let (book, toasts) = (use_book(), use_toasts());
    let busy = busy.clone();
    Callback::from(move |(id, way): (Uuid, Resolution)| {
        let (book, toasts, busy) = (book.clone(), toasts.clone(), busy.clone());
        busy.set(Some(id));
        spawn_local(async move {
            let done = match way {
                Resolution::Retry => book.retry(id).await,
                Resolution::KeepMine => book.keep_mine(id).await,
                Resolution::KeepTheirs | Resolution::Discard => book.discard(id).await,
            };
            let said = match way {
                Resolution::Retry | Resolution::KeepMine => "It is sent again.",
                Resolution::KeepTheirs => "Everyone's value stays.",
                Resolution::Discard => "The change is discarded.",
            };
            toasts.show(match done {
                Ok(()) => Toast::saved(said),
                Err(error) => Toast::new(Tone::Attention, "That did not work", error.to_string()),
            });
            busy.set(None);
        });
    })
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
        <Sheet title="Discard this change?" {on_close} test="discard-sheet">
            <p>{ "It was not booked, and it will not be sent again. What the server has stays as it is." }</p>
            <div class="sheet-actions">
                { button("button", "Keep it".into(), keep, "discard-cancel") }
                { button("button danger-fill", "Discard".into(), discard, "discard-confirm") }
            </div>
        </Sheet>
    }
}

fn waiting_list(waiting: usize, unreadable: usize, rows: Vec<Html>) -> Html {
    let beyond = waiting - unreadable - rows.len();
    let title = match waiting {
        0 => "Waiting to be sent".to_owned(),
        waiting => format!("Waiting to be sent: {}", format::grouped(waiting)),
    };
    html! {
        <>
            <h2 class="section-title" data-test="queue-count" data-count={waiting.to_string()}>{ title }</h2>
            if waiting == 0 {
                <p class="all-sent tone-good" data-test="queue-empty">
                    { icon(Glyph::Tick) }{ "Nothing waits to be sent." }
                </p>
            } else if !rows.is_empty() {
                <ul class="entries" data-test="queue">{ for rows }</ul>
            }
            if beyond > 0 {
                <p class="muted">{ format!("and {} more", format::grouped(beyond)) }</p>
            }
            if unreadable > 0 {
                <p class="muted unreadable" data-test="unreadable">{ unreadable_words(unreadable) }</p>
            }
        </>
    }
}

fn unreadable_words(unreadable: usize) -> String {
    match unreadable {
        1 => "1 entry was made by another version of the app. It is kept and will be sent.".to_owned(),
        many => format!(
            "{} entries were made by another version of the app. They are kept and will be sent.",
            format::grouped(many)
        ),
    }
}
