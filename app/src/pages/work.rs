//! Work on a lot: receive, pick, move, put away, adjust, count.

use std::rc::Rc;

use domain::{Action, InventoryLot, Quantity};
use uuid::Uuid;
use yew::prelude::*;

use super::lot_panel::primary_lot;
use super::work_form::WorkForm;
use super::work_view::{
    LotPicker, adjust_fields, destination_field, lot_banner, new_lot_fields, quantity_field,
};
use crate::book::ProductView;
use crate::components::action_words::in_words;
use crate::components::button::submit_button;
use crate::components::cart_line::rows_of;
use crate::components::chip::Tone;
use crate::components::faults::Faults;
use crate::components::page_head::PageHead;
use crate::components::save_failure::save_failure;
use crate::components::saving::{Entry, use_saving};
use crate::components::scanner::{ScanTarget, use_scan_target};
use crate::components::toasts::{Toast, Toasts, use_toasts};
use crate::hooks::use_today;
use crate::route::{LotWork, Route};

/// Which work on which product.
#[derive(Properties, PartialEq)]
pub(crate) struct WorkOnLotProps {
    pub(crate) view: ProductView,
    pub(crate) work: LotWork,
    /// The lot asked for by the address.
    pub(crate) lot: Option<Uuid>,
}

/// What is put into the quantity before anybody types.
fn proposal(work: LotWork) -> String {
    match work {
        LotWork::Pick | LotWork::Move | LotWork::PutAway | LotWork::Receive => "1".to_owned(),
        LotWork::Adjust | LotWork::Count => String::new(),
    }
}

/// The page for it.
#[component]
pub(crate) fn WorkOnLot(props: &WorkOnLotProps) -> Html {
    let WorkOnLotProps { view, work, .. } = props;
    let work = *work;
    let today = use_today();
    let lots = rows_of(view);
    let first = primary_lot(&lots, today).map(|lot| lot.lot.id()).filter(|_| work != LotWork::Receive);
    let chosen = use_state(|| props.lot.or(first));
    let form = use_state(|| WorkForm { quantity: proposal(work), takes_away: true, ..WorkForm::default() });
    let faults = use_state(Faults::default);
    let is_choosing = use_state(bool::default);
    let allows_new = work == LotWork::Receive;
    let saving = use_saving();
    let lot = lots.iter().find(|lot| Some(lot.lot.id()) == *chosen);
    let toasts = use_toasts();
    use_scan_target(scan_target(&view.product.name, view.product.id, &lots, &chosen, &toasts));
    let read = form.read(work, view.product.id, lot, today);
    let entry = read.as_ref().ok().map(|action| Rc::new(entry(view, action)));
    let onsubmit = {
        let (faults, save, read) = (faults.clone(), saving.save.clone(), read.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            faults.set(read.as_ref().err().cloned().unwrap_or_default());
            if let Some(entry) = &entry {
                save.emit(entry.clone());
            }
        })
    };
    html! {
        <form class="page form work-page" {onsubmit} novalidate={true} data-test="work-form" data-work={work.code()}>
            <PageHead title={work.verb()} eyebrow={view.product.name.clone()} back={Route::Product { id: view.product.id }}
                keeps_focus={lot.is_some()} />
            if let Some(lot) = lot {
                { lot_banner(lot, &lots, today, &is_choosing) }
            } else {
                { new_lot_fields(&form, &faults, &is_choosing, &lots) }
            }
            if matches!(work, LotWork::Move | LotWork::PutAway) {
                { destination_field(&form, &faults) }
            } else if work == LotWork::Adjust {
                { adjust_fields(&form, &faults) }
            }
            { quantity_field(work, view, lot, &form, faults.of("quantity")) }
            <div class="actions">
                { save_failure(saving.failure) }
                { submit_button(save_words(work, &form, read.as_ref().ok()), saving.is_busy, "save") }
            </div>
            if *is_choosing {
                { LotPicker { lots: &lots, today, chosen: &chosen, is_open: &is_choosing, allows_new }.view() }
            }
        </form>
    }
}

fn entry(view: &ProductView, action: &Action) -> Entry {
    let base = view.lots.iter().find(|lot| in_lot(action, &lot.row)).map_or(0, |lot| lot.rev);
    let words = in_words(action);
    let said = format!("{} · {}", words.title(Some(&view.product.name)), words.place);
    Entry { action: action.clone(), base, said, then: Route::Product { id: view.product.id } }
}

fn in_lot(action: &Action, row: &InventoryLot) -> bool {
    match action {
        Action::ReceiveLot { lot, .. }
        | Action::PickLot { lot, .. }
        | Action::MoveLot { lot, .. }
        | Action::PutAwayLot { lot, .. }
        | Action::AdjustLot { lot, .. }
        | Action::CountLot { lot, .. } => *lot == row.lot,
        _ => false,
    }
}

/// The button says what it will record: `Pick 5`, `Move 10 to A-1`.
fn save_words(work: LotWork, form: &WorkForm, action: Option<&Action>) -> String {
    let verb = work.verb();
    match action {
        Some(Action::MoveLot { quantity, to, .. } | Action::PutAwayLot { quantity, to, .. }) => {
            format!("{verb} {quantity} to {to}")
        }
        Some(Action::AdjustLot { delta, .. }) => format!("{verb} by {}", crate::format::signed(*delta)),
        _ => match Quantity::parse(&form.quantity) {
            Ok(quantity) if work != LotWork::Adjust => format!("{verb} {quantity}"),
            _ => verb.to_owned(),
        },
    }
}

/// A scan of a lot chooses it; a scan of the product says whether it is the right one.
fn scan_target(
    name: &str,
    id: Uuid,
    lots: &[InventoryLot],
    chosen: &UseStateHandle<Option<Uuid>>,
    toasts: &Toasts,
) -> ScanTarget {
    let own: Vec<(String, Uuid)> = lots.iter().map(|lot| (lot.lot.lot_code.clone(), lot.lot.id())).collect();
    let (setter, name) = (chosen.setter(), name.to_owned());
    let (said, also_said) = (toasts.clone(), toasts.clone());
    ScanTarget {
        on_code: Callback::from(move |code: String| {
            let found = own.iter().find(|(lot_code, _)| lot_code.eq_ignore_ascii_case(&code));
            if let Some((lot_code, lot)) = found {
                setter.set(Some(*lot));
                said.show(Toast::new(Tone::Good, "Right lot", lot_code.clone()));
            }
            found.is_some()
        }),
        on_product: Callback::from(move |found: Uuid| {
            also_said.show(if found == id {
                Toast::new(Tone::Good, "Right item", name.clone())
            } else {
                Toast::new(
                    Tone::Attention,
                    "Another item",
                    format!("This is not {name}. Put it back and scan again."),
                )
            });
        }),
    }
}
