//! Why a form could not be saved, said where the eye is: above its button.

use yew::prelude::*;

use super::icon::{Glyph, icon};

/// The sentence, if there is one. Nothing that was typed is lost.
pub(crate) fn save_failure(message: Option<AttrValue>) -> Html {
    html! {
        <div role="alert">
            if let Some(message) = message {
                <p class="save-failure tone-attention" data-test="save-failure">
                    { icon(Glyph::Attention) }
                    <span>{ message }</span>
                </p>
            }
        </div>
    }
}
