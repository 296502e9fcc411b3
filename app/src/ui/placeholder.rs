//! Placeholders of pages: loading, empty, failed.

use yew::prelude::*;
use yew_router::Routable;

use super::button::{button, link_button};
use super::icon::{Glyph, icon};
use crate::route::Route;
use crate::words::language::t;

/// An empty state with its reason and the next step.
pub(crate) struct Placeholder<'a> {
    pub(crate) glyph: Glyph,
    pub(crate) title: &'a str,
    pub(crate) text: &'a str,
    pub(crate) test: &'static str,
}

impl Placeholder<'_> {
    /// Renders it, with its buttons.
    pub(crate) fn view(self, ways: Html) -> Html {
        self.headed("h2", ways)
    }

    fn headed(self, heading: &'static str, ways: Html) -> Html {
        html! {
            <div class="placeholder" data-test={self.test}>
                <span class="placeholder-glyph">{ icon(self.glyph) }</span>
                <@{heading}>{ self.title.to_owned() }</@>
                <p>{ self.text.to_owned() }</p>
                { ways }
            </div>
        }
    }
}

/// Grey bars in the shape of the content being loaded.
pub(crate) fn skeleton() -> Html {
    html! {
        <div class="skeleton" role="status" aria-label={t("Loading")} data-test="loading">
            <span class="bone bone-wide" /><span class="bone bone-tall" />
            <span class="bone" /><span class="bone" /><span class="bone bone-short" />
        </div>
    }
}

/// An error while reading this device's data, with a retry button.
pub(crate) fn read_failure(message: &str) -> Html {
    cannot_be_shown(message).view(try_again())
}

/// An error that replaces a whole page, with an additional link or button.
pub(crate) fn page_failure(message: &str, way: Html) -> Html {
    cannot_be_shown(message).headed("h1", html! { <>{ try_again() }{ way }</> })
}

fn cannot_be_shown(message: &str) -> Placeholder<'_> {
    let (title, test) = (t("Can't show this"), "read-failure");
    Placeholder { glyph: Glyph::Attention, title, text: message, test }
}

fn try_again() -> Html {
    let retry = Callback::from(|_: MouseEvent| client::reload());
    button("button", t("Try again").into(), retry, "read-again")
}

/// A link to the stock list.
pub(crate) fn to_stock(class: &'static str) -> Html {
    link_button(class, Route::Stock.to_path(), t("Back to stock").into(), "back-to-stock")
}
