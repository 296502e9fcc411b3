//! A change that the server did not book: the change, the reason, the current state, and all resolutions.

use domain::{Action, Row};
use sync::{Mutation, Outcome, UnixMillis, Verdict};
use yew::prelude::*;
use yew_router::Routable;

use super::comparison::{Compared, compare};
use crate::goods::queue_row::sub_line;
use crate::route::Route;
use crate::ui::button::link_button;
use crate::ui::chip::{Tone, chip};
use crate::ui::icon::Glyph;
use crate::words::action_words::in_words;
use crate::words::format;
use crate::words::language::{key, t};
use crate::words::reasons::reason;

/// A resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resolution {
    /// Sends the same mutation again.
    Retry,
    /// Sends this device's values again, based on the current row.
    KeepMine,
    /// Keeps the server's row.
    KeepTheirs,
    /// Drops the mutation.
    Discard,
}

impl Resolution {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Retry => (t("Try again"), "retry"),
            Self::KeepMine => (t("Use mine"), "keep-mine"),
            Self::KeepTheirs => (t("Keep theirs"), "keep-theirs"),
            Self::Discard => (t("Discard"), "discard"),
        }
    }
}

/// A change that needs a person's attention.
pub(crate) struct AttentionCard<'a> {
    pub(crate) mutation: &'a Mutation<Action>,
    pub(crate) outcome: &'a Outcome<Row>,
    /// The product's name, if it is known.
    pub(crate) name: Option<&'a str>,
    pub(crate) is_busy: bool,
    pub(crate) on_resolve: Callback<Resolution>,
}

impl AttentionCard<'_> {
    /// Renders its card.
    pub(crate) fn view(self, now: UnixMillis) -> Html {
        let Self { mutation, outcome, .. } = self;
        let words = in_words(&mutation.action);
        // The product was not created, so there is no page to open.
        let is_creation = matches!(mutation.action, Action::CreateProduct(_));
        let (word, glyph, ways) = ways_out(outcome.verdict, &outcome.code);
        let why = reason(&mutation.action, &outcome.code, &outcome.message);
        let message = match why.as_str() {
            "" => t("The server did not book this change."),
            message => message,
        };
        let when = sub_line(&words.place, "", &format::ago(mutation.captured_at, now));
        let fields = compare(&mutation.action, outcome);
        html! {
            <article class="card attention" key={mutation.id.to_string()} data-test="attention-card"
                data-id={mutation.id.to_string()} data-verdict={word} data-kind={mutation.action.kind()}>
                { chip(Tone::Attention, Some(glyph), t(word), "attention-verdict") }
                <h3>{ words.title(self.name) }</h3>
                <p class="muted">{ when }</p>
                <p data-test="attention-reason">{ message.to_owned() }</p>
                if !fields.is_empty() {
                    { comparison(&fields) }
                }
                <div class="ways">
                    { for ways.iter().map(|way| self.way_button(*way)) }
                    if let Some(id) = words.product.filter(|_| !is_creation) {
                        { link_button("button quiet", Route::Product { id }.to_path(), t("Open product").into(), "attention-open") }
                    }
                </div>
            </article>
        }
    }

    fn way_button(&self, way: Resolution) -> Html {
        let (word, test) = way.words();
        let is_main = matches!(way, Resolution::KeepMine | Resolution::Retry);
        let onclick = self.on_resolve.reform(move |_: MouseEvent| way);
        html! {
            <button class={classes!("button", is_main.then_some("strong"))} type="button" disabled={self.is_busy}
                {onclick} data-test={test}>{ word }</button>
        }
    }
}

/// A verdict's label, icon, and resolutions, the most likely one last, in reach of the thumb.
fn ways_out(verdict: Verdict, code: &str) -> (&'static str, Glyph, &'static [Resolution]) {
    match verdict {
        // A retry would book it twice.
        Verdict::Rejected if code == "already_booked" => {
            (key("Booked"), Glyph::Attention, &[Resolution::Discard])
        }
        Verdict::Conflict => {
            (key("Changed twice"), Glyph::Attention, &[Resolution::KeepTheirs, Resolution::KeepMine])
        }
        Verdict::Held => (key("On hold"), Glyph::Link, &[Resolution::Discard, Resolution::Retry]),
        Verdict::Rejected | Verdict::Applied | Verdict::Merged => {
            (key("Not booked"), Glyph::Attention, &[Resolution::Discard, Resolution::Retry])
        }
    }
}

fn comparison(fields: &[Compared]) -> Html {
    html! {
        <table class="comparison" data-test="comparison">
            <thead>
                <tr><td /><th scope="col">{ t("You") }</th><th scope="col">{ t("Everyone now") }</th></tr>
            </thead>
            <tbody>
                { for fields.iter().map(|field| html! {
                    <tr>
                        <th scope="row">{ &field.field }</th>
                        <td data-test="mine" translate="no">{ &field.mine }</td>
                        <td data-test="theirs" translate="no">{ field.theirs.as_deref().unwrap_or(t("gone")) }</td>
                    </tr>
                }) }
            </tbody>
        </table>
    }
}
