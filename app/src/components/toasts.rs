//! Short notices that go away by themselves. Nothing is said only here: what needs a person stays on the sync page.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use yew::prelude::*;

use crate::hooks::use_provided;

use super::chip::Tone;
use super::icon::{Glyph, icon};

/// Notices on the screen at once; the oldest makes way.
const MAX_TOASTS: usize = 2;
/// How long a notice stays.
const TOAST_MILLIS: u32 = 6_000;
/// How long a notice stays that says something went wrong or offers to undo.
const LONG_TOAST_MILLIS: u32 = 12_000;

/// What a notice offers.
#[derive(Clone, PartialEq)]
pub(crate) struct Offer {
    pub(crate) label: &'static str,
    pub(crate) on_take: Callback<()>,
}

/// A notice.
#[derive(Clone, PartialEq)]
pub(crate) struct Toast {
    pub(crate) tone: Tone,
    pub(crate) title: String,
    pub(crate) detail: String,
    pub(crate) offer: Option<Offer>,
}

impl Toast {
    /// A notice without an offer.
    pub(crate) fn new(tone: Tone, title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { tone, title: title.into(), detail: detail.into(), offer: None }
    }

    /// The sentence people wait for, said only once the record is durable.
    pub(crate) fn saved(detail: impl Into<String>) -> Self {
        Self::new(Tone::Good, "Saved on this device", detail)
    }

    /// With something to do about it.
    pub(crate) fn offering(self, label: &'static str, on_take: Callback<()>) -> Self {
        Self { offer: Some(Offer { label, on_take }), ..self }
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

enum Change {
    Show(Toast),
    Dismiss(u32),
}

/// The notices on the screen.
#[derive(Default, PartialEq)]
struct Shown {
    toasts: Vec<(u32, Toast)>,
    last: u32,
}

impl Reducible for Shown {
    type Action = Change;

    fn reduce(self: Rc<Self>, change: Change) -> Rc<Self> {
        let mut toasts = self.toasts.clone();
        let mut last = self.last;
        match change {
            Change::Show(toast) => {
                // Only the newest of those that ask for nothing matters: scans follow each other within moments.
                toasts.retain(|(_, shown)| shown.offer.is_some() && shown.detail != toast.detail);
                last += 1;
                toasts.push((last, toast));
                let surplus = toasts.len().saturating_sub(MAX_TOASTS);
                toasts.drain(..surplus);
            }
            Change::Dismiss(id) => toasts.retain(|(shown, _)| *shown != id),
        }
        Rc::new(Self { toasts, last })
    }
}

/// Where notices are put.
#[derive(Clone, PartialEq)]
pub(crate) struct Toasts(UseReducerDispatcher<Shown>);

impl Toasts {
    /// Shows a notice.
    pub(crate) fn show(&self, toast: Toast) {
        self.0.dispatch(Change::Show(toast));
    }
}

/// The place for notices.
#[hook]
pub(crate) fn use_toasts() -> Toasts {
    use_provided()
}

/// What notices are for.
#[derive(Properties, PartialEq)]
pub(crate) struct ToastProviderProps {
    pub(crate) children: Html,
}

/// Gives its children a place for notices, and shows them.
#[component]
pub(crate) fn ToastProvider(props: &ToastProviderProps) -> Html {
    let shown = use_reducer_eq(Shown::default);
    let dispatcher = shown.dispatcher();
    let on_dismiss = {
        let dispatcher = dispatcher.clone();
        Callback::from(move |id| dispatcher.dispatch(Change::Dismiss(id)))
    };
    html! {
        <ContextProvider<Toasts> context={Toasts(dispatcher)}>
            { props.children.clone() }
            <div class="toasts" role="status" aria-live="polite" data-test="toasts">
                for (id, toast) in shown.toasts.clone() {
                    <ToastCard key={id} {id} {toast} on_dismiss={on_dismiss.clone()} />
                }
            </div>
        </ContextProvider<Toasts>>
    }
}

#[derive(Properties, PartialEq)]
struct ToastCardProps {
    id: u32,
    toast: Toast,
    on_dismiss: Callback<u32>,
}

#[component]
fn ToastCard(props: &ToastCardProps) -> Html {
    let ToastCardProps { id, toast, on_dismiss } = props;
    let id = *id;
    use_effect_with(id, {
        let on_dismiss = on_dismiss.clone();
        let needs_time = toast.tone == Tone::Attention || toast.offer.is_some();
        let stay = if needs_time { LONG_TOAST_MILLIS } else { TOAST_MILLIS };
        move |id| {
            let id = *id;
            let timeout = Timeout::new(stay, move || on_dismiss.emit(id));
            move || drop(timeout)
        }
    });
    let dismiss = on_dismiss.reform(move |_: MouseEvent| id);
    html! {
        <div class={classes!("toast", toast.tone.class())} data-test="toast" data-tone={toast.tone.class()}>
            { icon(toast.glyph()) }
            <div class="toast-text">
                <strong data-test="toast-title">{ &toast.title }</strong>
                if !toast.detail.is_empty() {
                    <span data-test="toast-detail">{ &toast.detail }</span>
                }
            </div>
            if let Some(offer) = &toast.offer {
                { offer_button(offer.clone(), id, on_dismiss.clone()) }
            }
            <button class="icon-button" type="button" aria-label="Dismiss" onclick={dismiss} data-test="toast-dismiss">
                { icon(Glyph::Close) }
            </button>
        </div>
    }
}

fn offer_button(offer: Offer, id: u32, on_dismiss: Callback<u32>) -> Html {
    let label = offer.label;
    let onclick = Callback::from(move |_: MouseEvent| {
        offer.on_take.emit(());
        on_dismiss.emit(id);
    });
    html! { <button class="toast-offer" type="button" {onclick} data-test="toast-offer">{ label }</button> }
}
