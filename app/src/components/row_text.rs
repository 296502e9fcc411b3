//! A row's two lines: what it is, and what tells it from others.

use yew::prelude::*;

/// The lines; `test` is the first one's test hook.
pub(crate) fn row_text(
    title: impl Into<AttrValue>,
    sub: impl Into<AttrValue>,
    test: Option<&'static str>,
) -> Html {
    lines(title.into(), sub.into(), test)
}

fn lines(title: AttrValue, sub: AttrValue, test: Option<&'static str>) -> Html {
    html! {
        <span class="row-text">
            <span class="row-title" data-test={test}>{ title }</span>
            <span class="row-sub">{ sub }</span>
        </span>
    }
}
