//! A switch: on or off, at once.

use yew::prelude::*;

use crate::words::language::t;

/// A whole row that switches.
pub(crate) struct Switch<'a> {
    pub(crate) label: &'static str,
    pub(crate) hint: &'a str,
    pub(crate) is_on: bool,
    /// Called with the state asked for.
    pub(crate) on_change: Callback<bool>,
    /// The test hook.
    pub(crate) test: &'static str,
}

impl Switch<'_> {
    /// It.
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
