//! Actions on an element after it is in the document, such as focusing it or opening it as a dialog.

use web_sys::{HtmlDialogElement, HtmlElement};
use yew::prelude::*;

/// Calls `act` after the render in which `is_due` became true, or after the first render.
#[hook]
pub(crate) fn use_element(node: &NodeRef, is_due: bool, act: fn(&HtmlElement)) {
    use_effect_with((node.clone(), is_due), move |(node, is_due)| {
        if let (true, Some(element)) = (*is_due, node.cast::<HtmlElement>()) {
            act(&element);
        }
    });
}

/// Opens a modal dialog while it is rendered, and closes it at the end: the browser restores the focus only
/// for a closed dialog.
#[hook]
pub(crate) fn use_modal(node: &NodeRef) {
    use_effect_with(node.clone(), |node| {
        let dialog = node.cast::<HtmlDialogElement>();
        if let Some(dialog) = &dialog {
            // It fails only for a dialog that is open already.
            let _ = dialog.show_modal();
        }
        move || dialog.iter().for_each(HtmlDialogElement::close)
    });
}
