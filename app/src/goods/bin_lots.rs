//! The lots of a bin, and lists of lots of several products.

use std::rc::Rc;

use domain::InventoryLot;
use uuid::Uuid;
use yew::prelude::*;

use super::lot_chip::lot_chip;
use super::use_catalogue::{card_of, use_cards};
use crate::book::views::LotView;
use crate::ui::chip::{Tone, chip, pending_chip};
use crate::ui::icon::Glyph;
use crate::ui::row_text::data_text;
use crate::ui::use_loaded::{Loaded, use_loaded};
use crate::use_book::{use_book, use_book_version};
use crate::use_today::use_today;
use crate::words::faults_in_words::store_fault;
use crate::words::format;
use crate::words::language::t;

/// The lots in a bin.
#[hook]
pub(crate) fn use_bin(location: String) -> Loaded<Vec<LotView>> {
    let (book, version) = (use_book(), use_book_version());
    use_loaded(location, version, move |location| async move {
        book.bin(&location).await.map_err(|error| store_fault(&error))
    })
}

/// A list of lots of several products.
#[derive(Properties, PartialEq)]
pub(crate) struct BinLotsProps {
    pub(crate) lots: Vec<LotView>,
    /// The address that a lot's row links to.
    pub(crate) path: Callback<InventoryLot, String>,
    pub(crate) is_blind: bool,
    /// Lots that are done.
    #[prop_or_default]
    pub(crate) counted: Rc<[Uuid]>,
}

/// The list.
#[component]
pub(crate) fn BinLots(props: &BinLotsProps) -> Html {
    let today = use_today();
    let ids: Rc<[Uuid]> = props.lots.iter().map(|lot| lot.row.lot.product_id).collect();
    let cards = use_cards(ids);
    let row = |lot: &LotView| {
        let id = lot.row.lot.id();
        let name = card_of(&cards, lot.row.lot.product_id).map(|card| card.product.name.clone());
        let date = lot.row.expires_on.map(|date| format!(" · {}", format::date(date))).unwrap_or_default();
        let is_counted = props.counted.contains(&id);
        html! {
            <li class="entry" key={id.to_string()} data-test="bin-lot" data-lot={lot.row.lot.lot_code.clone()}>
                <a class="entry-link" href={props.path.emit(lot.row.clone())}>
                    { data_text(name.unwrap_or_default(), format!("{}{date}", lot.row.lot.lot_code), None) }
                    <span class="row-chips">
                        if is_counted {
                            { chip(Tone::Good, Some(Glyph::Tick), t("Counted"), "counted-chip") }
                        } else if lot.pending {
                            { pending_chip() }
                        }
                        { lot_chip(&lot.row, today) }
                    </span>
                    if !props.is_blind {
                        <b class="row-quantity">{ format::quantity(lot.row.quantity) }</b>
                    }
                </a>
            </li>
        }
    };
    html! { <ul class="entries" data-test="bin-lots">{ for props.lots.iter().map(row) }</ul> }
}
