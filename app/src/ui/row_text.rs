//! A row's two lines: what it is, and what tells it from others.

use yew::prelude::*;

/// The lines; `test` is the first one's test hook.
pub(crate) fn row_text(
    title: impl Into<AttrValue>,
    sub: impl Into<AttrValue>,
    test: Option<&'static str>,
) -> Html {
    lines((title.into(), None), (sub.into(), None), test)
}

/// The same where the first line is a name or a code, which no language changes.
pub(crate) fn named_text(
    title: impl Into<AttrValue>,
    sub: impl Into<AttrValue>,
    test: Option<&'static str>,
) -> Html {
    lines((title.into(), Some("no")), (sub.into(), None), test)
}

/// The same where both lines are.
pub(crate) fn data_text(
    title: impl Into<AttrValue>,
    sub: impl Into<AttrValue>,
    test: Option<&'static str>,
) -> Html {
    lines((title.into(), Some("no")), (sub.into(), Some("no")), test)
}

/// Each line with HTML's `translate`.
type Line = (AttrValue, Option<&'static str>);

fn lines((title, title_translate): Line, (sub, sub_translate): Line, test: Option<&'static str>) -> Html {
    html! {
        <span class="row-text">
            <span class="row-title" data-test={test} translate={title_translate}>{ title }</span>
            <span class="row-sub" translate={sub_translate}>{ sub }</span>
        </span>
    }
}
