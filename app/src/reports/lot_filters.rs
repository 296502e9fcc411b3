//! The filter controls for a list of lots: words, dates, bins, sign of the quantity, and order.

use domain::LotStatus;
use yew::prelude::*;

use crate::book::lot_filter::{Expiry, LotFilter, LotOrder};
use crate::goods::lot_chip::status_word;
use crate::ui::button::choice;
use crate::ui::field::{Field, Takes, typed_into};
use crate::ui::icon::{Glyph, icon};
use crate::words::language::t;

/// The statuses to choose from. Expired lots have a filter of their own.
const STATUSES: [LotStatus; 3] = [LotStatus::Available, LotStatus::Reserved, LotStatus::Quarantined];

/// The filter's controls.
pub(crate) fn lot_filters(filter: &LotFilter, on_change: &Callback<LotFilter>) -> Html {
    let changed = |change: fn(&mut LotFilter)| {
        let filter = filter.clone();
        on_change.reform(move |_: MouseEvent| {
            let mut filter = filter.clone();
            change(&mut filter);
            filter
        })
    };
    let on_bin = {
        let filter = filter.clone();
        on_change.reform(move |bin: String| LotFilter { bin, ..filter.clone() })
    };
    let bin = Field {
        id: "lots-bin",
        label: t("Bin begins with"),
        value: &filter.bin,
        on_change: on_bin,
        takes: Takes::Alone,
        optional: true,
        ..Field::default()
    };
    let on_below = changed(|filter| filter.only_below_zero = !filter.only_below_zero);
    html! {
        <div class="lot-filters">
            { words(filter, on_change) }
            <div class="choices" role="group" aria-label={t("Expiry")}>
                { for Expiry::ALL.into_iter().map(|expiry| expiry_choice(expiry, filter, on_change)) }
            </div>
            <details class="lots-more" open={has_more(filter)}>
                <summary data-test="lots-more">{ t("More filters and order") }</summary>
                <div class="lots-more-body">
                    <div class="choices" role="group" aria-label={t("Which lots")}>
                        { for STATUSES.into_iter().map(|status| status_choice(status, filter, on_change)) }
                        { choice(t("Below zero"), filter.only_below_zero, on_below, "lots-below-zero") }
                    </div>
                    <div class="choices" role="group" aria-label={t("Sort order")}>
                        { for LotOrder::CHOICES.into_iter().map(|(order, is_reversed)| order_choice(order, is_reversed, filter, on_change)) }
                    </div>
                    { bin.view() }
                </div>
            </details>
        </div>
    }
}

/// Whether a filter is set whose control is collapsed.
fn has_more(filter: &LotFilter) -> bool {
    filter.status.is_some() || filter.only_below_zero || !filter.bin.is_empty()
}

fn words(filter: &LotFilter, on_change: &Callback<LotFilter>) -> Html {
    let label = t("Product, lot or bin");
    let oninput = {
        let filter = filter.clone();
        typed_into(&on_change.reform(move |text: String| LotFilter { text, ..filter.clone() }))
    };
    html! {
        <div class="scan-field" role="search">
            { icon(Glyph::Search) }
            <input id="lots-search" type="text" enterkeyhint="search" autocomplete="off" autocapitalize="off"
                spellcheck="false" placeholder={label} aria-label={label} value={filter.text.clone()} {oninput}
                data-scan="lot" data-test="lots-search" />
        </div>
    }
}

fn expiry_choice(expiry: Expiry, filter: &LotFilter, on_change: &Callback<LotFilter>) -> Html {
    let with = LotFilter { expiry, ..filter.clone() };
    let onclick = on_change.reform(move |_: MouseEvent| with.clone());
    choice(t(expiry.words()), filter.expiry == expiry, onclick, expiry.code())
}

fn status_choice(status: LotStatus, filter: &LotFilter, on_change: &Callback<LotFilter>) -> Html {
    let is_chosen = filter.status == Some(status);
    let with = LotFilter { status: (!is_chosen).then_some(status), ..filter.clone() };
    let onclick = on_change.reform(move |_: MouseEvent| with.clone());
    choice(status_word(status), is_chosen, onclick, "lots-status")
}

fn order_choice(
    order: LotOrder,
    is_reversed: bool,
    filter: &LotFilter,
    on_change: &Callback<LotFilter>,
) -> Html {
    let with = LotFilter { order, is_reversed, ..filter.clone() };
    let is_chosen = (filter.order, filter.is_reversed) == (order, is_reversed);
    let onclick = on_change.reform(move |_: MouseEvent| with.clone());
    choice(t(order.words(is_reversed)), is_chosen, onclick, "lots-order")
}
