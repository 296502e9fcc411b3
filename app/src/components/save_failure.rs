//! Why a form could not be saved, said where the eye is: above its button.

use yew::prelude::*;

use super::icon::{Glyph, Icon};

/// A sentence.
#[derive(Properties, PartialEq)]
pub(crate) struct SaveFailureProps {
    pub(crate) message: Option<AttrValue>,
}

/// The sentence, if there is one. Nothing that was typed is lost.
#[component]
pub(crate) fn SaveFailure(props: &SaveFailureProps) -> Html {
    html! {
        <div role="alert">
            if let Some(message) = &props.message {
                <p class="save-failure tone-attention" data-test="save-failure">
                    <Icon glyph={Glyph::Attention} />
                    <span>{ message }</span>
                </p>
            }
        </div>
    }
}
