//! A lot in a list: code, place, expiry and quantity.

use domain::{CalendarDate, InventoryLot};
use uuid::Uuid;
use yew::prelude::*;

use super::lot_chip::lot_chip;
use crate::ui::chip::pending_chip;
use crate::ui::row_text::data_text;
use crate::words::format;
use crate::words::language::isolated;

/// A lot's row.
pub(crate) struct LotRow<'a> {
    pub(crate) lot: &'a InventoryLot,
    pub(crate) today: CalendarDate,
    pub(crate) pending: bool,
    /// Whether the quantity is hidden for a blind count.
    pub(crate) is_blind: bool,
    /// Whether it is selected, and the callback to select it; `None` if lots cannot be selected.
    pub(crate) choice: Option<(bool, &'a Callback<Uuid>)>,
}

/// `B-07-3 · 31 Dec 2026`.
pub(crate) fn place_and_date(lot: &InventoryLot) -> String {
    match lot.expires_on {
        Some(date) => format!("{} · {}", isolated(&lot.lot.location), isolated(&format::date(date))),
        None => lot.lot.location.clone(),
    }
}

impl LotRow<'_> {
    /// Renders it, with `below` under it.
    pub(crate) fn view(self, below: Html) -> Html {
        let Self { lot, today, pending, is_blind, choice } = self;
        let id = lot.lot.id();
        let class = classes!(
            "lot",
            pending.then_some("is-pending"),
            lot.is_expired(today).then_some("is-spent"),
            choice.is_some_and(|(is_chosen, _)| is_chosen).then_some("is-chosen")
        );
        let face = match choice {
            Some((is_chosen, on_choose)) => html! {
                <button class="lot-face" type="button" aria-pressed={is_chosen.to_string()}
                    onclick={on_choose.reform(move |_: MouseEvent| id)} data-test="choose-lot">
                    { face(lot, today, pending, is_blind) }
                </button>
            },
            None => html! { <div class="lot-face">{ face(lot, today, pending, is_blind) }</div> },
        };
        html! {
            <li {class} key={id.to_string()} data-test="lot-row" data-lot={lot.lot.lot_code.clone()}
                data-location={lot.lot.location.clone()}>
                { face }
                { below }
            </li>
        }
    }
}

fn face(lot: &InventoryLot, today: CalendarDate, pending: bool, is_blind: bool) -> Html {
    html! {
        <>
            { data_text(lot.lot.lot_code.clone(), place_and_date(lot), Some("lot-code")) }
            <span class="row-chips">
                if pending {
                    { pending_chip() }
                }
                { lot_chip(lot, today) }
            </span>
            if !is_blind {
                <b class="row-quantity" data-test="lot-quantity" data-value={lot.quantity.0.to_string()}>
                { format::quantity(lot.quantity) }
            </b>
            }
        </>
    }
}
