//! Dialogs: of a form, before something is deleted, and with a secret that is shown once.

use web_sys::HtmlDialogElement;
use yew::prelude::*;

use crate::acting::{Acting, fault_line, use_act};
use crate::ask;
use crate::parts::submitted;
use crate::words::t;

#[derive(Properties, PartialEq)]
pub(crate) struct DialogProps {
    pub(crate) title: AttrValue,
    pub(crate) on_close: Callback<()>,
    pub(crate) test: AttrValue,
    pub(crate) children: Html,
}

/// A modal dialog, open while it is rendered. The browser keeps the focus inside and restores it.
#[component]
pub(crate) fn Dialog(props: &DialogProps) -> Html {
    let node = use_node_ref();
    use_effect_with(node.clone(), |node| {
        let dialog = node.cast::<HtmlDialogElement>();
        if let Some(dialog) = &dialog {
            // It fails only for a dialog that is open already.
            drop(dialog.show_modal());
        }
        move || dialog.iter().for_each(HtmlDialogElement::close)
    });
    let oncancel = props.on_close.reform(|event: Event| event.prevent_default());
    let title_id = AttrValue::from(format!("{}-title", props.test));
    html! {
        <dialog class="sheet office-dialog" ref={node} {oncancel} aria-labelledby={&title_id} data-test={&props.test}>
            <div class="sheet-body">
                <header class="sheet-head"><h2 id={title_id}>{ &props.title }</h2></header>
                { props.children.clone() }
            </div>
        </dialog>
    }
}

/// The buttons at the end of a dialog: what it does, and the way back.
pub(crate) fn dialog_buttons(
    word: &str,
    class: &'static str,
    acting: &Acting,
    on_close: &Callback<()>,
) -> Html {
    html! {
        <div class="sheet-actions">
            <button type="button" class="button" onclick={on_close.reform(|_: MouseEvent| ())} data-test="dialog-back">{ t("Cancel") }</button>
            <button type="submit" class={classes!("button", class)} disabled={acting.is_waiting} data-test="dialog-go">{ word }</button>
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct ConfirmProps {
    pub(crate) title: AttrValue,
    /// The consequence.
    pub(crate) text: AttrValue,
    /// The button that does it.
    pub(crate) word: AttrValue,
    /// The path to delete.
    pub(crate) path: AttrValue,
    pub(crate) on_done: Callback<()>,
    pub(crate) on_close: Callback<()>,
}

/// Asks before something is deleted.
#[component]
pub(crate) fn Confirm(props: &ConfirmProps) -> Html {
    let (acting, actor) = use_act();
    let onsubmit = {
        let (path, on_done) = (props.path.clone(), props.on_done.clone());
        submitted(move || {
            let (path, on_done) = (path.clone(), on_done.clone());
            actor.run(async move { ask::act(ask::Act::Delete, &path).await }, move |()| on_done.emit(()));
        })
    };
    html! {
        <Dialog title={&props.title} on_close={&props.on_close} test="confirm">
            <form {onsubmit}>
                <p>{ &props.text }</p>
                { fault_line(&acting) }
                { dialog_buttons(&props.word, "danger-fill", &acting, &props.on_close) }
            </form>
        </Dialog>
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct SecretProps {
    pub(crate) title: AttrValue,
    pub(crate) secret: AttrValue,
    pub(crate) on_close: Callback<()>,
}

/// Shows a secret once.
#[component]
pub(crate) fn SecretDialog(props: &SecretProps) -> Html {
    let onclick = props.on_close.reform(|_: MouseEvent| ());
    html! {
        <Dialog title={&props.title} on_close={&props.on_close} test="secret-dialog">
            <p>{ t("Copy the secret now. It is not shown again.") }</p>
            <p class="office-secret" translate="no" tabindex="0" data-test="secret">{ &props.secret }</p>
            <button type="button" class="button strong" {onclick} data-test="secret-done">{ t("Done") }</button>
        </Dialog>
    }
}
