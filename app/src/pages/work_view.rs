//! The parts of a work page: which lot, where to, why, and how many.

use domain::{CalendarDate, InventoryLot, Quantity};
use uuid::Uuid;
use yew::prelude::*;

use super::lot_panel::primary_lot;
use super::work_form::{WorkForm, change};
use crate::book::ProductView;
use crate::components::button::{button, choice};
use crate::components::chip::lot_chip;
use crate::components::faults::Faults;
use crate::components::field::Field;
use crate::components::icon::{Glyph, icon};
use crate::components::lot_row::{LotRow, place_and_date};
use crate::components::quantity_field::QuantityField;
use crate::components::sheet::Sheet;
use crate::format;
use crate::route::LotWork;

/// Why stock is mostly adjusted.
const COMMON_REASONS: [&str; 5] = ["Damaged", "Expired", "Lost", "Found", "Sample"];

/// A callback that puts what is typed into one of the form's fields.
fn put(form: &UseStateHandle<WorkForm>, set: fn(&mut WorkForm, String)) -> Callback<String> {
    let form = form.clone();
    Callback::from(move |text| {
        let mut changed = (*form).clone();
        set(&mut changed, text);
        form.set(changed);
    })
}

fn open(is_choosing: &UseStateHandle<bool>) -> Callback<MouseEvent> {
    let is_choosing = is_choosing.clone();
    Callback::from(move |_| is_choosing.set(true))
}

/// The lot in hand, and whether another should be taken first.
pub(crate) fn lot_banner(
    lot: &InventoryLot,
    lots: &[InventoryLot],
    today: CalendarDate,
    is_choosing: &UseStateHandle<bool>,
) -> Html {
    let first = primary_lot(lots, today);
    let is_first = first.is_none_or(|first| first.lot == lot.lot);
    let sooner = first.filter(|_| !is_first).and_then(|first| {
        let days = first.expires_on?.days_until(lot.expires_on?);
        (days > 0).then(|| {
            let days = format::counted(usize::try_from(days).unwrap_or(usize::MAX), "day");
            format!("Lot {} expires {days} sooner. Take that first if you can.", first.lot.lot_code)
        })
    });
    html! {
        <section class={classes!("lot-banner", sooner.is_some().then_some("is-second"))} data-test="lot-banner"
            data-lot={lot.lot.lot_code.clone()}>
            <div class="lot-banner-text">
                <strong data-test="lot-banner-code">{ format!("Lot {}", lot.lot.lot_code) }</strong>
                <span>{ place_and_date(lot) }</span>
                <span>{ lot_chip(lot, today) }</span>
            </div>
            { button("button", "Change".into(), open(is_choosing), "change-lot") }
            if let Some(sooner) = sooner {
                <p class="lot-banner-advice" data-test="fefo-advice">{ icon(Glyph::Triangle) }{ sooner }</p>
            }
        </section>
    }
}

/// A lot that is new here, or one of those there are.
pub(crate) fn new_lot_fields(
    form: &UseStateHandle<WorkForm>,
    faults: &Faults,
    is_choosing: &UseStateHandle<bool>,
    lots: &[InventoryLot],
) -> Html {
    let mut places: Vec<AttrValue> =
        lots.iter().map(|lot| AttrValue::from(lot.lot.location.clone())).collect();
    places.dedup();
    let lot_code = Field {
        id: "lot-code",
        label: "Lot code",
        value: &form.lot_code,
        fault: faults.of("lot-code"),
        takes_scan: true,
        on_change: put(form, |form, text| form.lot_code = text),
        ..Field::default()
    };
    let location = Field {
        id: "location",
        label: "Location",
        value: &form.location,
        fault: faults.of("location"),
        takes_scan: true,
        suggestions: places,
        on_change: put(form, |form, text| form.location = text),
        ..Field::default()
    };
    let expires_on = Field {
        id: "expires-on",
        label: "Expiry date",
        kind: "date",
        value: &form.expires_on,
        optional: true,
        fault: faults.of("expires-on"),
        on_change: put(form, |form, text| form.expires_on = text),
        ..Field::default()
    };
    html! {
        <div class="fields new-lot" data-test="new-lot">
            <div class="field-pair">{ lot_code.view() }{ location.view() }</div>
            { expires_on.view() }
            if !lots.is_empty() {
                { button("button", "Add to a lot that is here".into(), open(is_choosing), "change-lot") }
            }
        </div>
    }
}

/// Where goods go.
pub(crate) fn destination_field(form: &UseStateHandle<WorkForm>, faults: &Faults) -> Html {
    let to = Field {
        id: "to",
        label: "To",
        value: &form.to,
        fault: faults.of("to"),
        takes_scan: true,
        hint: "Scan or type the bin.",
        on_change: put(form, |form, text| form.to = text),
        ..Field::default()
    };
    html! { <div class="fields">{ to.view() }</div> }
}

/// Up or down, and why.
pub(crate) fn adjust_fields(form: &UseStateHandle<WorkForm>, faults: &Faults) -> Html {
    let direction = |takes_away: bool, word: &'static str, test: &'static str| {
        let form = form.clone();
        let is_chosen = form.takes_away == takes_away;
        let onclick =
            Callback::from(move |_: MouseEvent| form.set(WorkForm { takes_away, ..(*form).clone() }));
        choice(word, is_chosen, onclick, test)
    };
    let reason = Field {
        id: "reason",
        label: "Reason",
        value: &form.reason,
        fault: faults.of("reason"),
        on_change: put(form, |form, text| form.reason = text),
        ..Field::default()
    };
    html! {
        <div class="fields">
            <div class="choices is-even" role="group" aria-label="Direction">
                { direction(true, "Take away", "adjust-down") }
                { direction(false, "Add", "adjust-up") }
            </div>
            { reason.view() }
            <div class="choices" role="group" aria-label="Common reasons">
                for reason in COMMON_REASONS {
                    { common_reason(form, reason) }
                }
            </div>
        </div>
    }
}

fn common_reason(form: &UseStateHandle<WorkForm>, reason: &'static str) -> Html {
    let give = put(form, |form, reason| form.reason = reason).reform(move |_: MouseEvent| reason.to_owned());
    choice(reason, form.reason == reason, give, "common-reason")
}

/// How many, and what that leaves.
pub(crate) fn quantity_field(
    work: LotWork,
    view: &ProductView,
    lot: Option<&InventoryLot>,
    form: &UseStateHandle<WorkForm>,
    fault: Option<AttrValue>,
) -> Html {
    let label = match work {
        LotWork::Count => "Counted",
        LotWork::Adjust => "By how many",
        LotWork::Receive | LotWork::Pick | LotWork::Move | LotWork::PutAway => "Quantity",
    };
    let note = lot.map_or_else(Html::default, |lot| after_note(work, lot, form));
    html! {
        <QuantityField {label} unit={view.product.unit.clone()} text={form.quantity.clone()} {fault} {note}
            takes_focus={lot.is_some()} on_change={put(form, |form, text| form.quantity = text)} />
    }
}

fn after_note(work: LotWork, lot: &InventoryLot, form: &WorkForm) -> Html {
    let here = lot.quantity;
    let Ok(quantity) = Quantity::parse(&form.quantity) else {
        return html! { <span data-test="after">{ format!("The book says {here}") }</span> };
    };
    let delta = change(work, quantity, here, form.takes_away);
    let after = here + delta;
    let takes = matches!(work, LotWork::Pick | LotWork::Move | LotWork::PutAway);
    if takes && after < Quantity::ZERO {
        return html! {
            <span class="warning" data-test="after">
                { icon(Glyph::Triangle) }
                { format!("The book has {here} here. It is booked all the same, and a recount is asked for.") }
            </span>
        };
    }
    let text = match work {
        LotWork::Count if delta == Quantity::ZERO => format!("As the book says: {here}"),
        LotWork::Count => format!("The book says {here}: {}", format::signed(delta)),
        LotWork::Receive | LotWork::Pick | LotWork::Move | LotWork::PutAway | LotWork::Adjust => {
            format!("{here} here now, {after} after")
        }
    };
    html! { <span data-test="after">{ text }</span> }
}

/// The lots to choose from.
pub(crate) struct LotPicker<'a> {
    pub(crate) lots: &'a [InventoryLot],
    pub(crate) today: CalendarDate,
    pub(crate) chosen: &'a UseStateHandle<Option<Uuid>>,
    pub(crate) is_open: &'a UseStateHandle<bool>,
    /// Whether the lot may be one that is not here yet.
    pub(crate) allows_new: bool,
}

impl LotPicker<'_> {
    /// A sheet with the lots.
    pub(crate) fn view(self) -> Html {
        let (chosen, is_open) = (self.chosen.clone(), self.is_open.clone());
        let take = Callback::from(move |lot: Option<Uuid>| {
            chosen.set(lot);
            is_open.set(false);
        });
        let is_open = self.is_open.clone();
        let on_close = Callback::from(move |()| is_open.set(false));
        let on_choose = take.reform(Some);
        let take_new = take.reform(|_: MouseEvent| None);
        let row = |lot: &InventoryLot| {
            let is_chosen = **self.chosen == Some(lot.lot.id());
            let choice = Some((is_chosen, &on_choose));
            LotRow { lot, today: self.today, pending: false, choice }.view(Html::default())
        };
        html! {
            <Sheet title="Which lot?" {on_close} test="lot-picker">
                <ul class="lots">{ for self.lots.iter().map(row) }</ul>
                if self.allows_new {
                    { button("button primary", html! { <>{ icon(Glyph::Plus) }{ "A new lot" }</> }, take_new, "new-lot-choice") }
                }
            </Sheet>
        }
    }
}
