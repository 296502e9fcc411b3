//! A page's heading: where one is, and the way back.

use yew::prelude::*;
use yew_router::Routable;

use super::icon::{Glyph, icon};
use super::use_element::use_element;
use crate::route::Route;
use crate::words::language::{t, tf};

/// A heading's parts.
#[derive(Properties, PartialEq)]
pub(crate) struct PageHeadProps {
    pub(crate) title: AttrValue,
    /// Whether the title is a name, which no language changes.
    #[prop_or_default]
    pub(crate) is_name: bool,
    /// Above the title, small: mostly a name.
    #[prop_or_default]
    pub(crate) eyebrow: AttrValue,
    /// Where the arrow leads.
    #[prop_or_default]
    pub(crate) back: Option<Route>,
    /// Whether the arrow is of use only where the list is out of sight.
    #[prop_or_default]
    pub(crate) back_to_list: bool,
    /// Whether the page takes the focus elsewhere itself.
    #[prop_or_default]
    pub(crate) keeps_focus: bool,
    /// Further buttons.
    #[prop_or_default]
    pub(crate) children: Html,
}

/// A heading. It takes the focus when the page opens, so that a screen reader reads it, and names the window.
#[component]
pub(crate) fn PageHead(props: &PageHeadProps) -> Html {
    let heading = use_node_ref();
    use_element(&heading, !props.keeps_focus, |heading| {
        // An element that cannot be focused only stays silent.
        let _ = heading.focus();
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
                <h1 ref={heading} tabindex="-1" translate={props.is_name.then_some("no")} data-test="page-title">{ &props.title }</h1>
            </div>
            { props.children.clone() }
        </header>
    }
}

/// Names the window after the page.
#[hook]
pub(crate) fn use_window_title(title: &AttrValue) {
    use_effect_with(title.clone(), |title| {
        if let Some(document) = web_sys::window().and_then(|window| window.document()) {
            document.set_title(&tf("{page} · Lotbook", &[("page", title)]));
        }
    });
}
