//! An operation on a lot: receive, pick, move, put away, adjust, count.

use std::rc::Rc;

use domain::{Action, CalendarDate, InventoryLot, Quantity, first_to_take, location_key, primary_lot};
use uuid::Uuid;
use yew::prelude::*;

use super::work_form::{Task, WorkForm};
use super::work_scan::{Answer, hear};
use super::work_view::WorkParts;
use crate::book::views::ProductView;
use crate::desk::saving::{Entry, Saving};
use crate::desk::scan_target::use_scan_target;
use crate::desk::scanner::{Found, ScanTarget};
use crate::desk::use_desk::use_answers;
use crate::device::preferences::Preferences;
use crate::goods::product_names::rows_of;
use crate::route::{LotWork, Route, use_query};
use crate::ui::button::submit_button;
use crate::ui::faults::Faults;
use crate::ui::page_head::PageHead;
use crate::ui::save_failure::save_failure;
use crate::ui::use_clock::use_today;
use crate::ui::use_live::{Live, use_live};
use crate::words::action_words::in_words;
use crate::words::format;
use crate::words::language::{t, tf};

/// The operation and the product.
#[derive(Properties, PartialEq)]
pub(crate) struct WorkOnLotProps {
    pub(crate) view: ProductView,
    pub(crate) work: LotWork,
    pub(crate) saving: Saving,
}

/// The initial state from the address: the content of the scan before the page opened, and the address to go
/// to afterwards.
#[derive(Clone, PartialEq)]
struct Opening {
    lot: Option<Uuid>,
    lot_code: Option<String>,
    expires_on: Option<String>,
    quantity: Option<String>,
    delivery: Option<Uuid>,
    bin: Option<String>,
    then: String,
}

#[hook]
fn use_opening(product: Uuid) -> Opening {
    Opening {
        lot: use_query("lot").and_then(|lot| lot.parse().ok()),
        lot_code: use_query("code"),
        expires_on: use_query("expires"),
        quantity: use_query("n").map(|text| Quantity::parse(&text).map_or(text, format::typed)),
        delivery: use_query("delivery").and_then(|delivery| delivery.parse().ok()),
        bin: use_query("bin"),
        // Only an address of this app.
        then: use_query("then")
            .filter(|path| path.starts_with('/') && !path.starts_with("//"))
            .unwrap_or_else(|| yew_router::Routable::to_path(&Route::Product { id: product })),
    }
}

fn first_form(work: LotWork, opening: &Opening, lots: &[InventoryLot], today: CalendarDate) -> WorkForm {
    let named = opening.lot_code.as_deref().and_then(|code| {
        let mut named = lots.iter().filter(|lot| lot.lot.lot_code.eq_ignore_ascii_case(code));
        named.next()
    });
    // Received goods go to the receiving bin, unless the address names another.
    let usual = match work {
        LotWork::Receive => None,
        LotWork::Pick => first_to_take(lots, today),
        LotWork::Move | LotWork::PutAway | LotWork::Adjust | LotWork::Count => primary_lot(lots, today),
    };
    // An operation in a bin does not apply to a lot with the same code elsewhere.
    let is_there = |lot: &&InventoryLot| {
        opening.bin.as_deref().is_none_or(|bin| location_key(bin) == location_key(&lot.lot.location))
    };
    let named = named.filter(|_| work != LotWork::Receive).filter(is_there);
    // Goods found in a bin without book stock become a new lot there.
    let usual = usual.filter(|_| opening.bin.is_none());
    let proposal = if matches!(work, LotWork::Adjust | LotWork::Count) { "" } else { "1" };
    WorkForm {
        chosen: opening.lot.or_else(|| named.or(usual).map(|lot| lot.lot.id())),
        quantity: opening.quantity.clone().unwrap_or_else(|| proposal.to_owned()),
        by_scans: opening.quantity.clone().unwrap_or_else(|| proposal.to_owned()),
        scans: u32::from(opening.quantity.is_some()),
        lot_code: opening.lot_code.clone().unwrap_or_default(),
        location: match (&opening.bin, work) {
            (Some(bin), _) => bin.clone(),
            (None, LotWork::Receive) => Preferences::load().receiving_bin,
            (None, _) => String::new(),
        },
        expires_on: opening.expires_on.clone().unwrap_or_default(),
        takes_away: true,
        delivery: opening.delivery,
        ..WorkForm::default()
    }
}

/// The page.
#[component]
pub(crate) fn WorkOnLot(props: &WorkOnLotProps) -> Html {
    let WorkOnLotProps { view, work, saving } = props;
    let work = *work;
    let today = use_today();
    let opening = use_opening(view.product.id);
    let task = Rc::new(Task {
        work,
        product: view.product.id,
        name: view.product.name.clone(),
        unit: view.product.unit.clone(),
        lots: rows_of(view),
        today,
    });
    let form = use_live(|| first_form(work, &opening, &task.lots, today));
    let faults = use_state(Faults::default);
    let is_choosing = use_state(bool::default);
    let submit = use_submit(&task, &form, &faults, {
        let (view, then, save) = (view.clone(), opening.then.clone(), saving.save.clone());
        Callback::from(move |action: Action| save.emit(Rc::new(entry(&view, action, then.clone()))))
    });
    use_scans_for(&task, &form, submit.clone());
    let onsubmit = submit.reform(|event: SubmitEvent| event.prevent_default());
    let shown = form.get();
    let parts = WorkParts { task: &task, form: &form, faults: &faults, is_choosing: &is_choosing };
    let read = shown.read(&task).ok();
    html! {
        <form class="page form work-page" {onsubmit} novalidate={true} data-test="work-form" data-work={work.code()}>
            <PageHead title={t(work.verb())} eyebrow={view.product.name.clone()} back={Route::Product { id: view.product.id }}
                keeps_focus={task.lot(&shown).is_some()} />
            { parts.lot() }
            if matches!(work, LotWork::Move | LotWork::PutAway) {
                { parts.destination() }
            } else if work == LotWork::Adjust {
                { parts.direction() }
            }
            if task.needs_reason(&shown) {
                { parts.reason() }
            }
            { parts.quantity() }
            <div class="actions">
                { save_failure(saving.failure.clone()) }
                { submit_button(save_words(work, &shown, read.as_ref()), saving.is_busy, "save") }
            </div>
            if *is_choosing {
                { parts.picker() }
            }
        </form>
    }
}

/// The action of the main button: saves the form, and asks for a second count if the first differs.
#[hook]
fn use_submit(
    task: &Rc<Task>,
    form: &Live<WorkForm>,
    faults: &UseStateHandle<Faults>,
    save: Callback<Action>,
) -> Callback<()> {
    let answers = use_answers();
    let (task, form, faults) = (task.clone(), form.clone(), faults.clone());
    Callback::from(move |()| match form.get().read(&task) {
        Err(found) => faults.set(found),
        Ok(action) => {
            match form.get().needs_recount(&action) {
                Some(counted) => {
                    form.change(|form| {
                        form.first_count = Some(counted);
                        form.begin_counting(String::new());
                    });
                    answers
                        .wrong_as_said(t("Count again"), t("The book says something else. Count once more."));
                }
                None => save.emit(action),
            }
            faults.set(Faults::default());
        }
    })
}

/// Handles scans for the current operation.
#[hook]
fn use_scans_for(task: &Rc<Task>, form: &Live<WorkForm>, submit: Callback<()>) {
    let answers = use_answers();
    let (task, form) = (task.clone(), form.clone());
    let on_scan = Callback::from(move |found: Found| {
        let Some((heard, answer)) = hear(&task, &form.get(), &found) else { return false };
        form.set(heard);
        match answer {
            Answer::Right(title, detail) => answers.right(title, detail),
            Answer::Wrong(title, detail) => answers.wrong(title, detail),
            Answer::Quiet => {}
            Answer::Save => {
                if let Err(faults) = form.get().read(&task) {
                    answers.wrong_as_said(t("Something is missing"), faults.first());
                }
                submit.emit(());
            }
        }
        true
    });
    use_scan_target(ScanTarget { on_scan });
}

fn entry(view: &ProductView, action: Action, then: String) -> Entry {
    let base = view.lots.iter().find(|lot| in_lot(&action, &lot.row)).map_or(0, |lot| lot.rev);
    let words = in_words(&action);
    let said = format!("{} · {}", words.title(Some(&view.product.name)), words.place);
    Entry { action, base, said, then }
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

/// The label of the save button: `Pick 5`, `Move 10 to A-1`.
fn save_words(work: LotWork, form: &WorkForm, action: Option<&Action>) -> String {
    let verb = t(work.verb());
    let with = |quantity: Quantity| {
        tf("{verb} {quantity}", &[("verb", &verb), ("quantity", &format::quantity(quantity))])
    };
    match action {
        Some(Action::MoveLot { quantity, to, .. } | Action::PutAwayLot { quantity, to, .. }) => {
            tf("{what} to {bin}", &[("what", &with(*quantity)), ("bin", to)])
        }
        Some(Action::AdjustLot { delta, .. }) => {
            tf("{verb} by {change}", &[("verb", &verb), ("change", &format::signed(*delta))])
        }
        _ => match Quantity::parse(&form.quantity) {
            Ok(quantity) if work != LotWork::Adjust => with(quantity),
            _ => verb.to_owned(),
        },
    }
}
