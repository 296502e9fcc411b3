//! Chips: a glyph, a word and a colour for one state.

use yew::prelude::*;

use super::icon::{Glyph, icon};
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
