//! The visible rows of a long list of products with the data they show.

use std::rc::Rc;

use uuid::Uuid;
use yew::prelude::*;

use super::use_catalogue::use_cards;
use crate::book::views::ProductCard;
use crate::ui::long_list::{LongList, use_long_list};
use crate::ui::printed_rows::use_printing;

/// The rows to render.
pub(crate) struct ProductRows {
    pub(crate) list: LongList,
    /// The products of the visible rows.
    pub(crate) shown: Rc<[Uuid]>,
    pub(crate) cards: Rc<[(Uuid, ProductCard)]>,
}

/// The visible rows of the products `ids` in the element that scrolls them. A new `subject` scrolls it to the top.
#[hook]
pub(crate) fn use_product_rows<S: PartialEq + 'static>(
    viewport: &NodeRef,
    ids: &Rc<Vec<Uuid>>,
    subject: S,
) -> ProductRows {
    let list = use_long_list(viewport, ids.len(), subject);
    let shown = use_memo((ids.clone(), list.visible.clone()), |(ids, visible)| {
        Rc::<[Uuid]>::from(ids.get(visible.clone()).unwrap_or_default())
    });
    let shown = (*shown).clone();
    let cards = use_cards(shown.clone());
    use_printing(&list.paper, cards.iter().all(|(_, card)| card.detail.is_some()));
    ProductRows { list, shown, cards }
}
