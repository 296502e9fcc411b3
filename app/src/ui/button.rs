//! Buttons, and links that look like buttons. `test` is the test hook, `class` the CSS class.

use yew::prelude::*;

use super::icon::{Glyph, icon};
use super::unbroken::unbroken;

/// A button.
pub(crate) fn button(
    class: &'static str,
    face: Html,
    onclick: Callback<MouseEvent>,
    test: &'static str,
) -> Html {
    resting_button(false, class, face, onclick, test)
}

/// A button that can be disabled.
pub(crate) fn resting_button(
    rests: bool,
    class: &'static str,
    face: Html,
    onclick: Callback<MouseEvent>,
    test: &'static str,
) -> Html {
    html! { <button {class} type="button" {onclick} disabled={rests} data-test={test}>{ face }</button> }
}

/// An icon button, with a label for screen readers.
pub(crate) fn icon_button(
    class: &'static str,
    glyph: Glyph,
    label: impl Into<AttrValue>,
    onclick: Callback<MouseEvent>,
    test: &'static str,
) -> Html {
    labelled(class, glyph, label.into(), onclick, test)
}

fn labelled(
    class: &'static str,
    glyph: Glyph,
    label: AttrValue,
    onclick: Callback<MouseEvent>,
    test: &'static str,
) -> Html {
    html! {
        <button {class} type="button" aria-label={label} {onclick} data-test={test}>{ icon(glyph) }</button>
    }
}

/// Submits its form.
pub(crate) fn submit_button(word: impl Into<AttrValue>, is_busy: bool, test: &'static str) -> Html {
    let word: AttrValue = word.into();
    let word = unbroken(&word);
    html! { <button class="button primary" type="submit" disabled={is_busy} data-test={test}>{ word }</button> }
}

/// A toggle button in a group.
pub(crate) fn choice(
    word: &'static str,
    is_chosen: bool,
    onclick: Callback<MouseEvent>,
    test: &'static str,
) -> Html {
    html! {
        <button class="choice" type="button" aria-pressed={is_chosen.to_string()} {onclick} data-test={test}>
            { word }
        </button>
    }
}

/// A link to a page.
pub(crate) fn link_button(class: &'static str, href: String, face: Html, test: &'static str) -> Html {
    html! { <a {class} {href} data-test={test}>{ face }</a> }
}
