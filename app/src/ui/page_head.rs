//! A page's heading, with the back link.

use yew::prelude::*;
use yew_router::Routable;

use super::icon::{Glyph, icon};
use super::unbroken::unbroken;
use super::use_element::use_element;
use crate::route::Route;
use crate::words::language::{t, tf};

/// The parts of a heading.
#[derive(Properties, PartialEq)]
pub(crate) struct PageHeadProps {
    pub(crate) title: AttrValue,
    /// Whether the title is a name, which is not translated.
    #[prop_or_default]
    pub(crate) is_name: bool,
    /// A small line above the title, usually a name.
    #[prop_or_default]
    pub(crate) eyebrow: AttrValue,
    /// The target of the back arrow.
    #[prop_or_default]
    pub(crate) back: Option<Route>,
    /// Whether the arrow is shown only if the list is not visible.
    #[prop_or_default]
    pub(crate) back_to_list: bool,
    /// Whether the page focuses another element itself.
    #[prop_or_default]
    pub(crate) keeps_focus: bool,
    /// Additional buttons.
    #[prop_or_default]
    pub(crate) children: Html,
}

/// A heading. It gets the focus when the page opens, so that a screen reader reads it, and sets the window
/// title.
#[component]
pub(crate) fn PageHead(props: &PageHeadProps) -> Html {
    let heading = use_node_ref();
    use_element(&heading, !props.keeps_focus, |heading| {
        // Without focus, screen readers do not read it, but the page works.
        let _ = heading.focus();
    });
    // The focus scrolls to the heading; without it, the page would begin where the previous one was scrolled to.
    use_element(&heading, props.keeps_focus, |heading| {
        if let Ok(Some(scrolled)) = heading.closest(".detail, .main") {
            scrolled.set_scroll_top(0);
        }
    });
    use_window_title(&props.title);
    let back_class = classes!("icon-button", props.back_to_list.then_some("back-to-list"));
    html! {
        <header class="page-head">
            if let Some(back) = &props.back {
                <a class={back_class} href={back.to_path()} aria-label={t("Back")} data-test="back">
                    { icon(Glyph::Back) }
                </a>
            }
            <div class="page-head-text">
                if !props.eyebrow.is_empty() {
                    <p class="eyebrow" translate="no">{ &props.eyebrow }</p>
                }
                <h1 ref={heading} tabindex="-1" translate={props.is_name.then_some("no")} data-test="page-title">{ unbroken(&props.title) }</h1>
            </div>
            { props.children.clone() }
        </header>
    }
}

/// Sets the window title to the page's title.
#[hook]
pub(crate) fn use_window_title(title: &AttrValue) {
    use_effect_with(title.clone(), |title| {
        if let Some(document) = web_sys::window().and_then(|window| window.document()) {
            document.set_title(&tf("{page} · Lotbook", &[("page", title)]));
        }
    });
}
