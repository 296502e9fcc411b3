//! A switch with immediate effect.

use yew::prelude::*;

use crate::words::language::t;

/// A row that is a switch as a whole.
pub(crate) struct Switch<'a> {
    pub(crate) label: &'static str,
    pub(crate) hint: &'a str,
    pub(crate) is_on: bool,
    /// Called with the requested state.
    pub(crate) on_change: Callback<bool>,
    /// The test hook.
    pub(crate) test: &'static str,
}

impl Switch<'_> {
    /// Renders it.
    pub(crate) fn view(self) -> Html {
        let wanted = !self.is_on;
        let onclick = self.on_change.reform(move |_: MouseEvent| wanted);
        html! {
            <button class="switch" type="button" role="switch" aria-checked={self.is_on.to_string()} {onclick}
                data-test={self.test}>
                <span class="switch-text">
                    <span class="switch-label">{ self.label }</span>
                    <span class="switch-hint">{ self.hint.to_owned() }</span>
                </span>
                <span class="switch-word" aria-hidden="true">{ if self.is_on { t("On") } else { t("Off") } }</span>
                <span class="switch-track" aria-hidden="true"><span class="switch-thumb" /></span>
            </button>
        }
    }
}
