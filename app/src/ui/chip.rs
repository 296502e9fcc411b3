//! Chips: a glyph, a word and a colour for one state.

use domain::{CalendarDate, InventoryLot, LotStatus};
use yew::prelude::*;

use super::icon::{Glyph, icon};
use crate::book::lot_filter::{PRESSING_DAYS, SOON_DAYS};
use crate::words::format;
use crate::words::language::t;

/// What a colour means, everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// All is well, confirmed.
    Good,
    /// Saved here, not sent.
    Waiting,
    /// Needs a person.
    Attention,
    /// Worth knowing.
    Info,
    /// Out of use.
    Quiet,
}

impl Tone {
    /// The style sheet's class.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Good => "tone-good",
            Self::Waiting => "tone-waiting",
            Self::Attention => "tone-attention",
            Self::Info => "tone-info",
            Self::Quiet => "tone-quiet",
        }
    }
}

/// One state; `test` is the test hook.
pub(crate) fn chip(tone: Tone, glyph: Option<Glyph>, text: impl Into<AttrValue>, test: &'static str) -> Html {
    html! {
        <span class={classes!("chip", tone.class())} data-test={test}>
            { for glyph.map(icon) }
            { text.into() }
        </span>
    }
}

/// The chip of everything that is saved here and not sent.
pub(crate) fn pending_chip() -> Html {
    chip(Tone::Waiting, Some(Glyph::Clock), t("Not sent"), "pending-chip")
}

/// What may be done with a lot, in a word.
pub(crate) fn status_word(status: LotStatus) -> &'static str {
    match status {
        LotStatus::Available => t("Available"),
        LotStatus::Reserved => t("Reserved"),
        LotStatus::Quarantined => t("Quarantined"),
        LotStatus::Expired => t("Expired"),
    }
}

/// What a lot's status or date says about its use: days left, `Expired`, `Quarantined`.
pub(crate) fn lot_chip(lot: &InventoryLot, today: CalendarDate) -> Html {
    let (tone, glyph, text) = match lot.status {
        LotStatus::Quarantined => {
            (Tone::Attention, Some(Glyph::Attention), status_word(lot.status).to_owned())
        }
        LotStatus::Reserved => (Tone::Info, Some(Glyph::Key), status_word(lot.status).to_owned()),
        LotStatus::Expired => (Tone::Quiet, None, status_word(lot.status).to_owned()),
        LotStatus::Available => match lot.expires_on {
            None => return Html::default(),
            Some(date) => {
                let (tone, glyph) = expiry_tone(today, date);
                (tone, glyph, format::days_left(today, date))
            }
        },
    };
    chip(tone, glyph, text, "lot-chip")
}

/// How close a date is.
pub(crate) fn expiry_tone(today: CalendarDate, date: CalendarDate) -> (Tone, Option<Glyph>) {
    match today.days_until(date) {
        ..0 => (Tone::Quiet, None),
        days if days <= PRESSING_DAYS => (Tone::Attention, Some(Glyph::Attention)),
        days if days <= SOON_DAYS => (Tone::Waiting, Some(Glyph::Triangle)),
        _ => (Tone::Good, None),
    }
}
