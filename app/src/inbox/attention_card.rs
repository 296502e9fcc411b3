//! A change that the server did not book: the change, the reason, the current state, and all resolutions.

use domain::{Action, Row};
use sync::{Mutation, Outcome, UnixMillis, Verdict};
use yew::prelude::*;
use yew_router::Routable;

use super::comparison::{Compared, Comparison, compare};
use super::comparison_table::comparison_table;
use super::field_choice::FieldChoice;
use crate::book::people::APPROVAL_NEEDED;
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resolution {
    /// Sends the same mutation again.
    Retry,
    /// Sends it again, by somebody who may or with their approval.
    Approve,
    /// Sends this device's values again, based on the row that is shown.
    KeepMine,
    /// Keeps the current values of contested fields, and sends the others again.
    KeepTheirs,
    /// Like `KeepMine`, but keeps the current values of these fields.
    Choose(Vec<&'static str>),
    /// Drops the mutation.
    Discard,
}

impl Resolution {
    fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::Retry => (t("Try again"), "retry"),
            Self::Approve => (t("Approve"), "approve"),
            Self::KeepMine => (t("Use mine"), "keep-mine"),
            Self::KeepTheirs => (t("Keep theirs"), "keep-theirs"),
            Self::Choose(_) => (t("Save this choice"), "keep-chosen"),
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
    /// The person's name; empty at a site without people.
    pub(crate) who: &'a str,
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
        let when = sub_line(self.who, &words.place, &format::ago(mutation.captured_at, now));
        let Comparison { compared, kept } = compare(&mutation.action, outcome);
        html! {
            <article class="card attention" key={mutation.id.to_string()} data-test="attention-card"
                data-id={mutation.id.to_string()} data-verdict={word} data-kind={mutation.action.kind()}>
                { chip(Tone::Attention, Some(glyph), t(word), "attention-verdict") }
                <h3>{ words.title(self.name) }</h3>
                <p class="muted">{ when }</p>
                <p data-test="attention-reason">{ message.to_owned() }</p>
                if outcome.verdict == Verdict::Conflict && compared.len() > 1 && !is_gone(&compared) {
                    <FieldChoice id={mutation.id} fields={compared} is_busy={self.is_busy}
                        on_choose={self.on_resolve.reform(Resolution::Choose)} />
                } else if !compared.is_empty() {
                    { comparison_table(t("You").into(), &compared) }
                }
                if !kept.is_empty() {
                    { kept_fields(&kept) }
                }
                <div class="ways">
                    { for ways.iter().map(|way| self.way_button(way)) }
                    if let Some(id) = words.product.filter(|_| !is_creation) {
                        { link_button("button quiet", Route::Product { id }.to_path(), t("Open product").into(), "attention-open") }
                    }
                </div>
            </article>
        }
    }

    fn way_button(&self, way: &Resolution) -> Html {
        let (word, test) = way.words();
        let is_main = matches!(way, Resolution::KeepMine | Resolution::Retry | Resolution::Approve);
        let way = way.clone();
        let onclick = self.on_resolve.reform(move |_: MouseEvent| way.clone());
        html! {
            <button class={classes!("button", is_main.then_some("strong"))} type="button" disabled={self.is_busy}
                {onclick} data-test={test}>{ word }</button>
        }
    }
}

/// A verdict's label, icon, and resolutions, the most likely one last, in reach of the thumb.
fn ways_out(verdict: Verdict, code: &str) -> (&'static str, Glyph, &'static [Resolution]) {
    match verdict {
        Verdict::Rejected if code == APPROVAL_NEEDED => {
            (key("Waits for approval"), Glyph::Lock, &[Resolution::Discard, Resolution::Approve])
        }
        // A retry would book it twice.
        Verdict::Rejected if code == "already_booked" => {
            (key("Booked"), Glyph::Attention, &[Resolution::Discard])
        }
        Verdict::Conflict => {
            (key("Edit conflict"), Glyph::Attention, &[Resolution::KeepTheirs, Resolution::KeepMine])
        }
        Verdict::Held => (key("On hold"), Glyph::Link, &[Resolution::Discard, Resolution::Retry]),
        Verdict::Rejected | Verdict::Applied | Verdict::Merged => {
            (key("Not booked"), Glyph::Attention, &[Resolution::Discard, Resolution::Retry])
        }
    }
}

/// Whether the server has no row to compare with: then there is nothing to choose.
fn is_gone(fields: &[Compared]) -> bool {
    fields.iter().any(|field| field.theirs.is_none())
}

/// The changes of fields that nobody else changed.
fn kept_fields(fields: &[Compared]) -> Html {
    html! {
        <div class="kept-fields" data-test="kept-fields">
            <p class="muted">{ t("Saved either way (no one else changed these):") }</p>
            <ul>
                { for fields.iter().map(|field| html! {
                    <li><span class="muted">{ &field.field }</span>{ " " }<b translate="no">{ &field.mine }</b></li>
                }) }
            </ul>
        </div>
    }
}
