//! Toasts that disappear by themselves. They are never the only place of a message: entries that need
//! attention are in the inbox.

use std::cell::Cell;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use sync::UnixMillis;
use yew::prelude::*;
use yew_hooks::use_event_with_window;

use super::button::{button, icon_button};
use super::chip::Tone;
use super::icon::{Glyph, icon};
use super::unbroken::unbroken;
use crate::words::language::t;
use client::use_provided;

/// Maximum number of toasts on the screen; a new one replaces the oldest.
const MAX_TOASTS: usize = 2;
/// Duration of a toast.
const TOAST_MILLIS: u32 = 6_000;
/// Duration of a toast with an error or an undo button.
const LONG_TOAST_MILLIS: u32 = 12_000;
/// A toast that was shown this long before a page opens belongs to that page: it is about the scan or the save that
/// opened it.
const NEW_TOAST_MILLIS: u64 = 1_000;

/// The button of a toast.
#[derive(Clone, PartialEq)]
pub(crate) struct Offer {
    pub(crate) label: &'static str,
    pub(crate) on_take: Callback<()>,
}

/// A toast.
#[derive(Clone, PartialEq)]
pub(crate) struct Toast {
    pub(crate) tone: Tone,
    pub(crate) title: String,
    pub(crate) detail: String,
    /// Whether the detail is a name or a code, which is not translated.
    pub(crate) is_data: bool,
    pub(crate) offer: Option<Offer>,
}

impl Toast {
    /// A toast without a button.
    pub(crate) fn new(tone: Tone, title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { tone, title: title.into(), detail: detail.into(), is_data: false, offer: None }
    }

    /// The confirmation of a save, shown only once the record is durable.
    pub(crate) fn saved(detail: impl Into<String>) -> Self {
        Self::new(Tone::Good, t("Saved on this device"), detail)
    }

    /// Adds a button.
    pub(crate) fn offering(self, label: &'static str, on_take: Callback<()>) -> Self {
        Self { offer: Some(Offer { label, on_take }), ..self }
    }

    const fn stay_millis(&self) -> u32 {
        if matches!(self.tone, Tone::Attention) || self.offer.is_some() {
            LONG_TOAST_MILLIS
        } else {
            TOAST_MILLIS
        }
    }

    const fn glyph(&self) -> Glyph {
        match self.tone {
            Tone::Good => Glyph::Tick,
            Tone::Waiting => Glyph::Clock,
            Tone::Attention => Glyph::Attention,
            Tone::Info | Tone::Quiet => Glyph::Triangle,
        }
    }
}

/// A change of the toasts on the screen; each toast has a number.
pub(crate) enum Change {
    /// With the time.
    Show(u32, Toast, UnixMillis),
    Dismiss(u32),
    /// A job begins: removes the toasts of earlier work.
    Begin(UnixMillis),
    /// Removes the newest toast, which may cover the focused element.
    DismissNewest,
}

/// The toasts on the screen.
#[derive(Default, PartialEq)]
pub(crate) struct Shown(Vec<(u32, Toast, UnixMillis)>);

impl Reducible for Shown {
    type Action = Change;

    fn reduce(self: Rc<Self>, change: Change) -> Rc<Self> {
        let mut toasts = self.0.clone();
        match change {
            Change::Show(id, toast, now) => {
                // Of the toasts without a button only the newest matters: scans follow each other within
                // moments.
                toasts.retain(|(_, shown, _)| shown.offer.is_some() && shown.detail != toast.detail);
                toasts.push((id, toast, now));
                let surplus = toasts.len().saturating_sub(MAX_TOASTS);
                toasts.drain(..surplus);
            }
            Change::Dismiss(id) => toasts.retain(|(shown, ..)| *shown != id),
            Change::Begin(now) => toasts.retain(|(.., shown_at)| now.since(*shown_at) < NEW_TOAST_MILLIS),
            Change::DismissNewest => drop(toasts.pop()),
        }
        Rc::new(Self(toasts))
    }
}

/// The handle to show toasts.
#[derive(Clone, PartialEq)]
pub(crate) struct Toasts {
    shown: UseReducerDispatcher<Shown>,
    last: Rc<Cell<u32>>,
}

impl Toasts {
    /// A handle for the toasts in `shown`.
    pub(crate) fn new(shown: UseReducerDispatcher<Shown>) -> Self {
        Self { shown, last: Rc::default() }
    }

    /// Shows a toast for its duration.
    pub(crate) fn show(&self, toast: Toast) {
        let id = self.last.get() + 1;
        self.last.set(id);
        let (shown, stay_millis) = (self.shown.clone(), toast.stay_millis());
        shown.dispatch(Change::Show(id, toast, browser::now()));
        // A no-op if the toast is gone by then.
        Timeout::new(stay_millis, move || shown.dispatch(Change::Dismiss(id))).forget();
    }
}

/// Removes the toasts of earlier work when the page that uses it opens.
#[hook]
pub(crate) fn use_new_job() {
    let toasts = use_toasts();
    use_effect_with((), move |()| toasts.shown.dispatch(Change::Begin(browser::now())));
}

/// Escape removes the newest toast, unless a dialog handles the key.
#[hook]
pub(crate) fn use_escape(shown: &UseReducerHandle<Shown>) {
    let shown = shown.dispatcher();
    use_event_with_window("keydown", move |event: KeyboardEvent| {
        if event.key() == "Escape" && !event.default_prevented() && !is_dialog_open() {
            shown.dispatch(Change::DismissNewest);
        }
    });
}

fn is_dialog_open() -> bool {
    let document = web_sys::window().and_then(|window| window.document());
    document.is_some_and(|document| document.query_selector("dialog[open]").is_ok_and(|open| open.is_some()))
}

/// The handle to show toasts.
#[hook]
pub(crate) fn use_toasts() -> Toasts {
    use_provided()
}

/// The toasts on the screen.
pub(crate) fn toast_list(shown: &UseReducerHandle<Shown>) -> Html {
    html! {
        // Only a new toast is announced, not all of them again.
        <div class="toasts" role="status" aria-live="polite" aria-atomic="false" data-test="toasts">
            { for shown.0.iter().map(|(id, toast, _)| toast_card(*id, toast, shown.dispatcher())) }
        </div>
    }
}

fn toast_card(id: u32, toast: &Toast, shown: UseReducerDispatcher<Shown>) -> Html {
    let on_dismiss = Callback::from(move |_: MouseEvent| shown.dispatch(Change::Dismiss(id)));
    html! {
        <div class={classes!("toast", toast.tone.class())} key={id} data-test="toast" data-tone={toast.tone.class()}>
            { icon(toast.glyph()) }
            // Focusable, so that a tap unfolds a text that is longer than two lines.
            <div class="toast-text" tabindex="-1">
                <strong data-test="toast-title">{ unbroken(&toast.title) }</strong>
                if !toast.detail.is_empty() {
                    <span translate={toast.is_data.then_some("no")} data-test="toast-detail">{ unbroken(&toast.detail) }</span>
                }
            </div>
            if let Some(offer) = &toast.offer {
                { offer_button(offer.clone(), on_dismiss.clone()) }
            }
            { icon_button("icon-button", Glyph::Close, t("Dismiss"), on_dismiss, "toast-dismiss") }
        </div>
    }
}

fn offer_button(offer: Offer, on_dismiss: Callback<MouseEvent>) -> Html {
    let label = offer.label;
    let onclick = Callback::from(move |event: MouseEvent| {
        offer.on_take.emit(());
        on_dismiss.emit(event);
    });
    button("toast-offer", label.into(), onclick, "toast-offer")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_toasts_of_earlier_work_go_when_a_job_begins() {
        let show = |id, millis| {
            Change::Show(
                id,
                Toast::saved(id.to_string()).offering("Undo", Callback::noop()),
                UnixMillis(millis),
            )
        };
        let shown = Rc::new(Shown::default()).reduce(show(1, 1_000)).reduce(show(2, 5_000));
        let ids = |shown: &Shown| shown.0.iter().map(|(id, ..)| *id).collect::<Vec<_>>();
        assert_eq!(ids(&shown), [1, 2]);
        let shown = shown.reduce(Change::Begin(UnixMillis(5_200)));
        assert_eq!(ids(&shown), [2], "the other one is about the scan that opened the job");
        assert_eq!(ids(&shown.reduce(Change::Begin(UnixMillis(9_000)))), [0_u32; 0]);
    }
}
