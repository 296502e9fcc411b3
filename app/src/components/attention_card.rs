//! A change the server did not book: what it was, why, what is there now, and every way out.

use domain::{Action, Row};
use sync::{Mutation, Outcome, Verdict};
use yew::prelude::*;
use yew_router::Routable;

use super::action_words::in_words;
use super::chip::{Chip, Tone};
use super::comparison::{Compared, compare};
use super::icon::Glyph;
use crate::format;
use crate::hooks::use_now;
use crate::route::Route;

/// A way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resolution {
    /// The same again, as it was.
    Retry,
    /// Mine again, on the row as it is now.
    KeepMine,
    /// The server's row stays.
    KeepTheirs,
    /// Forget it.
    Discard,
}

impl Resolution {
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Retry => ("Try again", "retry"),
            Self::KeepMine => ("Use mine", "keep-mine"),
            Self::KeepTheirs => ("Keep theirs", "keep-theirs"),
            Self::Discard => ("Discard", "discard"),
        }
    }
}

/// A change that needs a person.
#[derive(Properties, PartialEq)]
pub(crate) struct AttentionCardProps {
    pub(crate) mutation: Mutation<Action>,
    pub(crate) outcome: Outcome<Row>,
    /// The product's name, if it is known.
    pub(crate) name: Option<String>,
    pub(crate) is_busy: bool,
    pub(crate) on_resolve: Callback<Resolution>,
}

/// Its card.
#[component]
pub(crate) fn AttentionCard(props: &AttentionCardProps) -> Html {
    let AttentionCardProps { mutation, outcome, name, .. } = props;
    let now = use_now();
    let words = in_words(&mutation.action);
    let (chip, glyph, ways) = ways_out(outcome.verdict);
    let message = if outcome.message.is_empty() {
        "The server did not book this change.".to_owned()
    } else {
        outcome.message.clone()
    };
    let when = format!("{} · {}", words.place, format::ago(mutation.captured_at, now));
    let fields = compare(&mutation.action, outcome);
    html! {
        <article class="card attention" data-test="attention-card" data-id={mutation.id.to_string()}
            data-verdict={chip} data-kind={mutation.action.kind()}>
            <Chip tone={Tone::Attention} {glyph} text={chip} test="attention-verdict" />
            <h3>{ words.title(name.as_deref()) }</h3>
            <p class="muted">{ when.trim_start_matches(" · ").to_owned() }</p>
            <p data-test="attention-reason">{ message }</p>
            if !fields.is_empty() {
                { comparison(&fields) }
            }
            <div class="ways">
                for way in ways {
                    { way_button(*way, props) }
                }
                if let Some(id) = words.product {
                    <a class="button quiet" href={Route::Product { id }.to_path()} data-test="attention-open">
                        { "Open product" }
                    </a>
                }
            </div>
        </article>
    }
}

/// A verdict's word, glyph, and ways out, the most likely last, where the thumb is.
const fn ways_out(verdict: Verdict) -> (&'static str, Glyph, &'static [Resolution]) {
    match verdict {
        Verdict::Conflict => {
            ("Changed twice", Glyph::Attention, &[Resolution::KeepTheirs, Resolution::KeepMine])
        }
        Verdict::Held => ("On hold", Glyph::Link, &[Resolution::Discard, Resolution::Retry]),
        Verdict::Rejected | Verdict::Applied | Verdict::Merged => {
            ("Not booked", Glyph::Attention, &[Resolution::Discard, Resolution::Retry])
        }
    }
}

fn way_button(way: Resolution, props: &AttentionCardProps) -> Html {
    let (word, test) = way.words();
    let is_main = matches!(way, Resolution::KeepMine | Resolution::Retry);
    let onclick = props.on_resolve.reform(move |_: MouseEvent| way);
    html! {
        <button class={classes!("button", is_main.then_some("strong"))} type="button" disabled={props.is_busy} {onclick}
            data-test={test}>{ word }</button>
    }
}

fn comparison(fields: &[Compared]) -> Html {
    html! {
        <table class="comparison" data-test="comparison">
            <thead>
                <tr><td /><th scope="col">{ "You" }</th><th scope="col">{ "Everyone now" }</th></tr>
            </thead>
            <tbody>
                { for fields.iter().map(|field| html! {
                    <tr>
                        <th scope="row">{ &field.field }</th>
                        <td data-test="mine">{ &field.mine }</td>
                        <td data-test="theirs">{ field.theirs.as_deref().unwrap_or("gone") }</td>
                    </tr>
                }) }
            </tbody>
        </table>
    }
}
