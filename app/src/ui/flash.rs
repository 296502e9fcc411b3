//! Full-screen feedback for a scan, shown for a moment: a colour, an icon and a word that can be read from a
//! distance.

use std::cell::RefCell;

use gloo_timers::callback::Timeout;
use yew::prelude::*;

use super::chip::Tone;
use super::icon::{Glyph, icon};
use super::unbroken::unbroken;
use crate::device::feedback::Feedback;

/// Duration; the next flash replaces it at once.
const FLASH_MILLIS: u32 = 900;

/// The content of a flash.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Flash {
    pub(crate) feedback: Feedback,
    pub(crate) title: String,
    pub(crate) detail: String,
}

thread_local! {
    /// The one mounted [`FlashScreen`].
    static SCREEN: RefCell<Option<Callback<Flash>>> = const { RefCell::new(None) };
}

/// Shows a flash. It is hidden from screen readers, which get the same text from a toast.
pub(crate) fn show(feedback: Feedback, title: impl Into<String>, detail: impl Into<String>) {
    let screen = SCREEN.with_borrow(Clone::clone);
    if let Some(screen) = screen {
        screen.emit(Flash { feedback, title: title.into(), detail: detail.into() });
    }
}

/// The place of flashes. Use it once, near the root.
#[component]
pub(crate) fn FlashScreen() -> Html {
    let flash = use_state(Option::<Flash>::default);
    let going = use_mut_ref(Option::<Timeout>::default);
    let setter = flash.setter();
    use_effect_with((), move |()| {
        let screen = Callback::from(move |flash| {
            let gone = setter.clone();
            setter.set(Some(flash));
            // This drops the timer of the previous flash.
            *going.borrow_mut() = Some(Timeout::new(FLASH_MILLIS, move || gone.set(None)));
        });
        SCREEN.set(Some(screen));
        || SCREEN.set(None)
    });
    flash.as_ref().map(view).unwrap_or_default()
}

fn view(flash: &Flash) -> Html {
    let (tone, glyph) = match flash.feedback {
        Feedback::Right => (Tone::Good, Glyph::Tick),
        Feedback::Wrong => (Tone::Attention, Glyph::Close),
        Feedback::Unknown => (Tone::Waiting, Glyph::Triangle),
        Feedback::Saved => (Tone::Good, Glyph::Tick),
    };
    html! {
        <div class={classes!("flash", tone.class())} aria-hidden="true" data-test="flash">
            { icon(glyph) }
            <strong>{ unbroken(&flash.title) }</strong>
            if !flash.detail.is_empty() {
                <span translate="no">{ unbroken(&flash.detail) }</span>
            }
        </div>
    }
}
