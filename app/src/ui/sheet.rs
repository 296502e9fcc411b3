//! A sheet over the page: at the bottom of a phone, in the centre elsewhere. The browser's dialog element
//! keeps the focus inside and restores it.

use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

use super::button::icon_button;
use super::icon::Glyph;
use super::use_element::use_modal;
use crate::words::language::t;

/// A sheet, open while it is rendered.
#[derive(Properties, PartialEq)]
pub(crate) struct SheetProps {
    pub(crate) title: AttrValue,
    /// Whether the title is a name, which is not translated.
    #[prop_or_default]
    pub(crate) is_name: bool,
    /// Called on Escape, on the close button and on a tap outside.
    pub(crate) on_close: Callback<()>,
    pub(crate) test: AttrValue,
    pub(crate) children: Html,
}

/// A modal sheet.
#[component]
pub(crate) fn Sheet(props: &SheetProps) -> Html {
    let dialog = use_node_ref();
    use_modal(&dialog);
    let oncancel = props.on_close.reform(|event: Event| event.prevent_default());
    let close = props.on_close.reform(|_: MouseEvent| ());
    let on_close = props.on_close.clone();
    let onclick = Callback::from(move |event: MouseEvent| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        if target.is_some_and(|target| target.tag_name() == "DIALOG") {
            on_close.emit(());
        }
    });
    let title_id = AttrValue::from(format!("{}-title", props.test));
    html! {
        <dialog class="sheet" ref={dialog} {oncancel} {onclick} aria-labelledby={&title_id} data-test={&props.test}>
            <div class="sheet-body">
                <header class="sheet-head">
                    <h2 id={title_id} translate={props.is_name.then_some("no")}>{ &props.title }</h2>
                    { icon_button("icon-button", Glyph::Close, t("Close"), close, "close-sheet") }
                </header>
                { props.children.clone() }
            </div>
        </dialog>
    }
}
