//! A change that waits to be sent, with a way to take it back.

use domain::{Action, Row};
use sync::QueueRecord;
use uuid::Uuid;
use yew::prelude::*;

use super::action_words::in_words;
use super::icon::{Glyph, Icon};
use crate::format;
use crate::hooks::use_now;

/// A waiting change.
#[derive(Properties, PartialEq)]
pub(crate) struct QueueRowProps {
    pub(crate) record: QueueRecord<Action, Row>,
    /// The product's name, if it is known.
    pub(crate) name: Option<String>,
    pub(crate) on_undo: Callback<Uuid>,
}

/// Its row.
#[component]
pub(crate) fn QueueRow(props: &QueueRowProps) -> Html {
    let now = use_now();
    let mutation = &props.record.mutation;
    let words = in_words(&mutation.action);
    let id = mutation.id;
    let undo = props.on_undo.reform(move |_: MouseEvent| id);
    let title = words.title(props.name.as_deref());
    let state = match mutation.depends_on {
        Some(_) => "waits for an earlier change",
        None => "saved here",
    };
    html! {
        <li class="entry is-pending" data-test="queue-row" data-id={id.to_string()} data-kind={mutation.action.kind()}>
            <span class="entry-glyph tone-waiting"><Icon glyph={Glyph::Clock} /></span>
            <span class="row-text">
                <span class="row-title">{ &title }</span>
                <span class="row-sub">{ sub_line(&words.place, state, &format::ago(mutation.captured_at, now)) }</span>
            </span>
            if let Some(change) = words.change {
                <b class="row-quantity">{ change }</b>
            }
            <button class="icon-button" type="button" onclick={undo} aria-label={format!("Take back: {title}")}
                data-test="queue-undo"><Icon glyph={Glyph::Undo} /></button>
        </li>
    }
}

/// Parts in one line, without the empty ones.
pub(crate) fn sub_line(place: &str, state: &str, when: &str) -> String {
    let parts: Vec<&str> = [place, state, when].into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" · ")
}
