//! The error of saving a form, shown above its button.

use yew::prelude::*;

use super::icon::{Glyph, icon};

/// The error, if there is one. The typed input is kept.
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
