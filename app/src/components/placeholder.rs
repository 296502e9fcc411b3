//! What a page shows while it has nothing to show: loading, empty, failed.

use yew::prelude::*;

use super::icon::{Glyph, Icon};
use crate::hooks::use_sync;

/// What there is to say.
#[derive(Properties, PartialEq)]
pub(crate) struct PlaceholderProps {
    pub(crate) glyph: Glyph,
    pub(crate) title: AttrValue,
    #[prop_or_default]
    pub(crate) text: AttrValue,
    #[prop_or_default]
    pub(crate) test: AttrValue,
    /// What can be done about it.
    #[prop_or_default]
    pub(crate) children: Html,
}

/// An empty place that says why and what to do.
#[component]
pub(crate) fn Placeholder(props: &PlaceholderProps) -> Html {
    html! {
        <div class="placeholder" data-test={&props.test}>
            <span class="placeholder-glyph"><Icon glyph={props.glyph} /></span>
            <h2>{ &props.title }</h2>
            if !props.text.is_empty() {
                <p>{ &props.text }</p>
            }
            { props.children.clone() }
        </div>
    }
}

/// Grey bars in the shape of what is coming.
#[component]
pub(crate) fn Skeleton() -> Html {
    html! {
        <div class="skeleton" role="status" aria-label="Loading" data-test="loading">
            <span class="bone bone-wide" /><span class="bone bone-tall" />
            <span class="bone" /><span class="bone" /><span class="bone bone-short" />
        </div>
    }
}

/// Why something could not be read.
#[derive(Properties, PartialEq)]
pub(crate) struct ReadFailureProps {
    pub(crate) message: AttrValue,
}

/// A failure to read this device's data, with a way to try again.
#[component]
pub(crate) fn ReadFailure(props: &ReadFailureProps) -> Html {
    let sync = use_sync();
    let retry = sync.refetch_data.reform(|_: MouseEvent| ());
    html! {
        <Placeholder glyph={Glyph::Attention} title="This cannot be shown" text={props.message.clone()} test="read-failure">
            <button class="button" onclick={retry} data-test="read-again">{ "Try again" }</button>
        </Placeholder>
    }
}
