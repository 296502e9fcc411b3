//! Something done to an element once it is in the page, such as giving it the focus.

use web_sys::HtmlElement;
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
