//! Something done to an element once it is in the page, such as giving it the focus or opening it as a dialog.

use web_sys::{HtmlDialogElement, HtmlElement};
use yew::prelude::*;

/// Does it after the rendering in which `is_due` turned true, and at the first one if it was so from the start.
#[hook]
pub(crate) fn use_element(node: &NodeRef, is_due: bool, act: fn(&HtmlElement)) {
    use_effect_with((node.clone(), is_due), move |(node, is_due)| {
        if let (true, Some(element)) = (*is_due, node.cast::<HtmlElement>()) {
            act(&element);
        }
    });
}

/// Opens a dialog over the page as long as it is rendered. The browser gives the focus back only for one that is closed.
#[hook]
pub(crate) fn use_modal(node: &NodeRef) {
    use_effect_with(node.clone(), |node| {
        let dialog = node.cast::<HtmlDialogElement>();
        if let Some(dialog) = &dialog {
            // It fails only for a dialog that is open already, which is as wanted.
            let _ = dialog.show_modal();
        }
        move || dialog.iter().for_each(HtmlDialogElement::close)
    });
}
