//! Chips: a glyph, a word and a colour for one state.

use domain::{CalendarDate, InventoryLot, LotStatus};
use yew::prelude::*;

use super::icon::{Glyph, Icon};
use crate::format;

/// Fewer days than this to a lot's date are worth a look.
pub(crate) const SOON_DAYS: i64 = 60;
/// Fewer days than this press.
const PRESSING_DAYS: i64 = 14;

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

/// One state.
#[derive(Properties, PartialEq)]
pub(crate) struct ChipProps {
    pub(crate) tone: Tone,
    #[prop_or_default]
    pub(crate) glyph: Option<Glyph>,
    pub(crate) text: AttrValue,
    #[prop_or_default]
    pub(crate) test: Option<AttrValue>,
}

/// A chip.
#[component]
pub(crate) fn Chip(props: &ChipProps) -> Html {
    html! {
        <span class={classes!("chip", props.tone.class())} data-test={props.test.clone()}>
            if let Some(glyph) = props.glyph {
                <Icon {glyph} />
            }
            { &props.text }
        </span>
    }
}

/// The chip of everything that is saved here and not sent.
pub(crate) fn pending_chip() -> Html {
    html! { <Chip tone={Tone::Waiting} glyph={Glyph::Clock} text="Not sent" test="pending-chip" /> }
}

/// What a lot's status or date says about its use: days left, `Expired`, `Quarantined`.
pub(crate) fn lot_chip(lot: &InventoryLot, today: CalendarDate) -> Html {
    let (tone, glyph, text) = match lot.status {
        LotStatus::Quarantined => (Tone::Attention, Some(Glyph::Attention), "Quarantined".to_owned()),
        LotStatus::Reserved => (Tone::Info, Some(Glyph::Key), "Reserved".to_owned()),
        LotStatus::Expired => (Tone::Quiet, None, "Expired".to_owned()),
        LotStatus::Available => match lot.expires_on {
            None => return Html::default(),
            Some(date) => {
                let (tone, glyph) = expiry_tone(today, date);
                (tone, glyph, format::days_left(today, date))
            }
        },
    };
    html! { <Chip {tone} {glyph} {text} test="lot-chip" /> }
}

/// How close a date is.
pub(crate) fn expiry_tone(today: CalendarDate, date: CalendarDate) -> (Tone, Option<Glyph>) {
    match today.days_until(date) {
        ..0 => (Tone::Quiet, None),
        0..PRESSING_DAYS => (Tone::Attention, Some(Glyph::Attention)),
        PRESSING_DAYS..SOON_DAYS => (Tone::Waiting, Some(Glyph::Triangle)),
        _ => (Tone::Good, None),
    }
}
