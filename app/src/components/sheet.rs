//! A sheet over the page: from below on a phone, in the middle elsewhere. The browser's own dialog keeps the focus
//! inside and gives it back.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlDialogElement};
use yew::prelude::*;

use super::icon::{Glyph, icon};

/// A sheet, shown as long as it is rendered.
#[derive(Properties, PartialEq)]
pub(crate) struct SheetProps {
    pub(crate) title: AttrValue,
    /// Escape, the cross and a tap beside it.
    pub(crate) on_close: Callback<()>,
    pub(crate) test: AttrValue,
    pub(crate) children: Html,
}

/// A modal sheet.
#[component]
pub(crate) fn Sheet(props: &SheetProps) -> Html {
    let dialog = use_node_ref();
    use_effect_with(dialog.clone(), |dialog| {
        if let Some(dialog) = dialog.cast::<HtmlDialogElement>() {
            // It fails only for a dialog that is open already, which is as wanted.
            let _ = dialog.show_modal();
        }
    });
    let oncancel = props.on_close.reform(|event: Event| event.prevent_default());
    let close = props.on_close.reform(|_: MouseEvent| ());
    let on_close = props.on_close.clone();
    let onclick = Callback::from(move |event: MouseEvent| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        if target.is_some_and(|target| target.tag_name() == "DIALOG") {
            on_close.emit(());
        }
    });
    html! {
        <dialog class="sheet" ref={dialog} {oncancel} {onclick} aria-label={&props.title} data-test={&props.test}>
            <div class="sheet-body">
                <header class="sheet-head">
                    <h2>{ &props.title }</h2>
                    <button class="icon-button" type="button" onclick={close} aria-label="Close" data-test="close-sheet">
                        { icon(Glyph::Close) }
                    </button>
                </header>
                { props.children.clone() }
            </div>
        </dialog>
    }
}
