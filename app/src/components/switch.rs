//! A switch: on or off, at once.

use yew::prelude::*;

/// A switch and what it means.
#[derive(Properties, PartialEq)]
pub(crate) struct SwitchProps {
    pub(crate) label: AttrValue,
    #[prop_or_default]
    pub(crate) hint: AttrValue,
    pub(crate) is_on: bool,
    /// Called with the state asked for.
    pub(crate) on_change: Callback<bool>,
    pub(crate) test: AttrValue,
}

/// A whole row that switches.
#[component]
pub(crate) fn Switch(props: &SwitchProps) -> Html {
    let wanted = !props.is_on;
    let onclick = props.on_change.reform(move |_: MouseEvent| wanted);
    html! {
        <button class="switch" type="button" role="switch" aria-checked={props.is_on.to_string()} {onclick}
            data-test={&props.test}>
            <span class="switch-text">
                <span class="switch-label">{ &props.label }</span>
                if !props.hint.is_empty() {
                    <span class="switch-hint">{ &props.hint }</span>
                }
            </span>
            <span class="switch-word" aria-hidden="true">{ if props.is_on { "On" } else { "Off" } }</span>
            <span class="switch-track" aria-hidden="true"><span class="switch-thumb" /></span>
        </button>
    }
}
