//! The queue: what needs a person first, then what waits.

use std::collections::HashMap;
use std::rc::Rc;

use domain::{Action, Row};
use sync::{Outcome, QueueRecord, QueueState};
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::book::ProductCard;
use crate::components::action_words::in_words;
use crate::components::attention_card::{AttentionCard, Resolution};
use crate::components::chip::Tone;
use crate::components::icon::{Glyph, Icon};
use crate::components::placeholder::{ReadFailure, Skeleton};
use crate::components::queue_row::QueueRow;
use crate::components::saving::undo;
use crate::components::sheet::Sheet;
use crate::components::toasts::{Toast, use_toasts};
use crate::format;
use crate::hooks::{Loaded, use_book, use_cards, use_queue};

type Queued = QueueRecord<Action, Row>;

/// Waiting rows shown; the rest is counted.
const MAX_SHOWN_ROWS: usize = 100;

/// The queue.
#[component]
pub(crate) fn SyncQueue() -> Html {
    let queue = use_queue();
    let records = match &queue {
        Loaded::Ready(records) => records.clone(),
        Loaded::Loading | Loaded::Failed(_) => Rc::default(),
    };
    let ids: Rc<[Uuid]> =
        records.iter().filter_map(|record| in_words(&record.mutation.action).product).collect();
    let cards = use_cards(ids);
    match queue {
        Loaded::Loading => html! { <Skeleton /> },
        Loaded::Failed(message) => html! { <ReadFailure {message} /> },
        Loaded::Ready(_) => html! {
            <>
                <Attention records={records.clone()} cards={cards.clone()} />
                <Waiting {records} {cards} />
            </>
        },
    }
}

#[derive(Properties, PartialEq)]
struct RecordsProps {
    records: Rc<Vec<Queued>>,
    cards: Rc<HashMap<Uuid, ProductCard>>,
}

impl RecordsProps {
    fn name_of(&self, record: &Queued) -> Option<String> {
        let product = in_words(&record.mutation.action).product?;
        self.cards.get(&product).map(|card| card.product.name.clone())
    }
}

#[component]
fn Attention(props: &RecordsProps) -> Html {
    let busy = use_state(|| None::<Uuid>);
    let resolve = use_resolve(&busy);
    let confirming = use_state(|| None::<Uuid>);
    let decided: Vec<(&Queued, &Outcome<Row>)> = props
        .records
        .iter()
        .filter_map(|record| match &record.state {
            QueueState::Attention(outcome) => Some((record, outcome)),
            QueueState::Pending => None,
        })
        .collect();
    if decided.is_empty() {
        return Html::default();
    }
    html! {
        <section aria-label="Needs you" data-test="attention">
            <h2 class="section-title">{ format!("{} need you", decided.len()) }</h2>
            <div class="attention-cards">
                for (record, outcome) in decided {
                    <AttentionCard key={record.mutation.id.to_string()} mutation={record.mutation.clone()}
                        outcome={outcome.clone()} name={props.name_of(record)}
                        is_busy={*busy == Some(record.mutation.id)}
                        on_resolve={on_resolve(record.mutation.id, &confirming, &resolve)} />
                }
            </div>
            if let Some(id) = *confirming {
                <DiscardSheet on_close={let confirming = confirming.clone(); move |()| confirming.set(None)}
                    on_discard={resolve.reform(move |()| (id, Resolution::Discard))} />
            }
        </section>
    }
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

#[derive(Properties, PartialEq)]
struct DiscardSheetProps {
    on_close: Callback<()>,
    on_discard: Callback<()>,
}

#[component]
fn DiscardSheet(props: &DiscardSheetProps) -> Html {
    let keep = props.on_close.reform(|_: MouseEvent| ());
    let (on_close, on_discard) = (props.on_close.clone(), props.on_discard.clone());
    let discard = Callback::from(move |_: MouseEvent| {
        on_discard.emit(());
        on_close.emit(());
    });
    html! {
        <Sheet title="Discard this change?" on_close={props.on_close.clone()} test="discard-sheet">
            <p>{ "It was not booked, and it will not be sent again. What the server has stays as it is." }</p>
            <div class="sheet-actions">
                <button class="button" type="button" onclick={keep}>{ "Keep it" }</button>
                <button class="button danger-fill" type="button" onclick={discard} data-test="discard-confirm">
                    { "Discard" }
                </button>
            </div>
        </Sheet>
    }
}

#[component]
fn Waiting(props: &RecordsProps) -> Html {
    let (book, toasts) = (use_book(), use_toasts());
    let on_undo = Callback::from(move |id| undo(&book, &toasts, id).emit(()));
    let waiting: Vec<&Queued> = props.records.iter().filter(|record| record.is_pending()).collect();
    let beyond = waiting.len().saturating_sub(MAX_SHOWN_ROWS);
    html! {
        <section aria-label="Waiting to be sent">
            <h2 class="section-title" data-test="queue-count" data-count={waiting.len().to_string()}>
                { if waiting.is_empty() { "Waiting to be sent".to_owned() } else {
                    format!("Waiting to be sent: {}", format::grouped(waiting.len()))
                } }
            </h2>
            if waiting.is_empty() {
                <p class="all-sent tone-good" data-test="queue-empty">
                    <Icon glyph={Glyph::Tick} />{ "Everything has reached the server." }
                </p>
            } else {
                <ul class="entries" data-test="queue">
                    for record in waiting.into_iter().take(MAX_SHOWN_ROWS) {
                        <QueueRow key={record.mutation.id.to_string()} record={record.clone()}
                            name={props.name_of(record)} on_undo={on_undo.clone()} />
                    }
                </ul>
            }
            if beyond > 0 {
                <p class="muted">{ format!("and {} more", format::grouped(beyond)) }</p>
            }
        </section>
    }
}
