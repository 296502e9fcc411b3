//! A lot in a list: its code and place, how long it keeps, how much there is.

use domain::{CalendarDate, InventoryLot};
use uuid::Uuid;
use yew::prelude::*;

use super::chip::{lot_chip, pending_chip};
use crate::format;

/// A lot.
#[derive(Properties, PartialEq)]
pub(crate) struct LotRowProps {
    pub(crate) lot: InventoryLot,
    pub(crate) today: CalendarDate,
    #[prop_or_default]
    pub(crate) pending: bool,
    /// Whether it is the chosen one; none where there is nothing to choose.
    #[prop_or_default]
    pub(crate) is_chosen: Option<bool>,
    #[prop_or_default]
    pub(crate) on_choose: Callback<Uuid>,
    /// Shown below the row.
    #[prop_or_default]
    pub(crate) children: Html,
}

/// `B-07-3 · 31 Dec 2026`.
pub(crate) fn place_and_date(lot: &InventoryLot) -> String {
    match lot.expires_on {
        Some(date) => format!("{} · {}", lot.lot.location, format::date(date)),
        None => lot.lot.location.clone(),
    }
}

/// A lot's row.
#[component]
pub(crate) fn LotRow(props: &LotRowProps) -> Html {
    let LotRowProps { lot, today, pending, is_chosen, .. } = props;
    let id = lot.lot.id();
    let face = html! {
        <>
            <span class="row-text">
                <span class="row-title" data-test="lot-code">{ &lot.lot.lot_code }</span>
                <span class="row-sub">{ place_and_date(lot) }</span>
            </span>
            <span class="row-chips">
                if *pending {
                    { pending_chip() }
                }
                { lot_chip(lot, *today) }
            </span>
            <b class="row-quantity" data-test="lot-quantity" data-value={lot.quantity.0.to_string()}>
                { lot.quantity.to_string() }
            </b>
        </>
    };
    let onclick = props.on_choose.reform(move |_: MouseEvent| id);
    let class = classes!(
        "lot",
        pending.then_some("is-pending"),
        lot.is_expired(*today).then_some("is-spent"),
        is_chosen.unwrap_or_default().then_some("is-chosen")
    );
    html! {
        <li {class} data-test="lot-row" data-lot={lot.lot.lot_code.clone()} data-location={lot.lot.location.clone()}>
            if let Some(is_chosen) = is_chosen {
                <button class="lot-face" type="button" aria-pressed={is_chosen.to_string()} {onclick} data-test="choose-lot">
                    { face }
                </button>
            } else {
                <div class="lot-face">{ face }</div>
            }
            { props.children.clone() }
        </li>
    }
}
