//! A row's two lines: its name, and the details that distinguish it from others.

use yew::prelude::*;

use super::unbroken::unbroken;

/// The lines; `test` is the first one's test hook.
pub(crate) fn row_text(
    title: impl Into<AttrValue>,
    sub: impl Into<AttrValue>,
    test: Option<&'static str>,
) -> Html {
    lines((title.into(), None), (sub.into(), None), test)
}

/// Like [`row_text`], with a name or a code in the first line, which is not translated.
pub(crate) fn named_text(
    title: impl Into<AttrValue>,
    sub: impl Into<AttrValue>,
    test: Option<&'static str>,
) -> Html {
    lines((title.into(), Some("no")), (sub.into(), None), test)
}

/// Like [`row_text`], with names or codes in both lines.
pub(crate) fn data_text(
    title: impl Into<AttrValue>,
    sub: impl Into<AttrValue>,
    test: Option<&'static str>,
) -> Html {
    lines((title.into(), Some("no")), (sub.into(), Some("no")), test)
}

/// A line with HTML's `translate`.
type Line = (AttrValue, Option<&'static str>);

fn lines((title, title_translate): Line, (sub, sub_translate): Line, test: Option<&'static str>) -> Html {
    html! {
        <span class="row-text">
            <span class="row-title" data-test={test} translate={title_translate}>{ unbroken(&title) }</span>
            <span class="row-sub" translate={sub_translate}>{ unbroken(&sub) }</span>
        </span>
    }
}
