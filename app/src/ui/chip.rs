//! Chips: a glyph, a word and a colour for one state.

use yew::prelude::*;

use super::icon::{Glyph, icon};
use crate::words::language::t;

/// The meaning of a colour, the same on every page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Success, confirmed.
    Good,
    /// Saved on this device, not sent.
    Waiting,
    /// Needs a person's attention.
    Attention,
    /// Information.
    Info,
    /// Inactive.
    Quiet,
}

impl Tone {
    /// The CSS class.
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

/// A chip; `test` is the test hook.
pub(crate) fn chip(tone: Tone, glyph: Option<Glyph>, text: impl Into<AttrValue>, test: &'static str) -> Html {
    html! {
        <span class={classes!("chip", tone.class())} data-test={test}>
            { for glyph.map(icon) }
            { text.into() }
        </span>
    }
}

/// The chip for entries that are saved on this device and not sent.
pub(crate) fn pending_chip() -> Html {
    chip(Tone::Waiting, Some(Glyph::Clock), t("Not synced"), "pending-chip")
}
