//! An operation on a lot: receive, pick, move, put away, adjust, count.

use std::rc::Rc;

use domain::{Action, InventoryLot, Quantity, location_key, same_key};
use sync::UnixMillis;
use uuid::Uuid;
use yew::prelude::*;
use yew_router::AnyRoute;
use yew_router::prelude::*;

use super::asked_code::confirm_words;
use super::due::{use_count_to, use_deliveries};
use super::task::Task;
use super::work_address::WorkAddress;
use super::work_draft::{WorkDraft, is_saved_as};
use super::work_form::WorkForm;
use super::work_scan::{Answer, hear};
use super::work_view::WorkParts;
use crate::book::views::ProductView;
use crate::desk::draft::{DraftNotice, use_kept_draft, use_saved_draft};
use crate::desk::saving::{Entry, Saving};
use crate::desk::scan_target::use_scan_target;
use crate::desk::scanner::{Found, ScanTarget};
use crate::desk::use_desk::use_answers;
use crate::device::drafts;
use crate::device::feedback::{self, Feedback};
use crate::device::preferences::Preferences;
use crate::device::used_bins;
use crate::goods::product_names::{rows_elsewhere, rows_of};
use crate::route::{LotWork, Route, use_query, use_then};
use crate::ui::button::submit_button;
use crate::ui::faults::Faults;
use crate::ui::page_head::PageHead;
use crate::ui::save_failure::save_failure;
use crate::ui::toasts::use_new_job;
use crate::ui::unbroken::unbroken;
use crate::ui::use_live::{Live, use_live};
use crate::use_today::use_today;
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
        then: use_then().unwrap_or_else(|| yew_router::Routable::to_path(&Route::Product { id: product })),
    }
}

impl Opening {
    /// The address of the operation's draft: another label or another bin begins another entry.
    fn draft_address(&self, product: Uuid, work: LotWork) -> String {
        let ids = [("lot", self.lot), ("delivery", self.delivery)];
        let texts = [
            ("code", &self.lot_code),
            ("expires", &self.expires_on),
            ("n", &self.quantity),
            ("bin", &self.bin),
        ];
        let ids = ids.into_iter().filter_map(|(name, id)| Some(format!("{name}={}", id?)));
        let texts = texts.into_iter().filter_map(|(name, text)| Some(format!("{name}={}", text.as_ref()?)));
        let query: Vec<String> = ids.chain(texts).collect();
        format!("/product/{product}/work/{work}?{}", query.join("&"))
    }
}

fn first_form(task: &Task, opening: &Opening) -> WorkForm {
    // An operation in a bin does not apply to a lot with the same code elsewhere.
    let is_there = |lot: &&InventoryLot| {
        opening.bin.as_deref().is_none_or(|bin| location_key(bin) == location_key(&lot.lot.location))
    };
    let named = opening.lot_code.as_deref().and_then(|code| {
        let mut named = task.choices().filter(|lot| same_key(&lot.lot.lot_code, code));
        named.next().filter(|_| task.work != LotWork::Receive).filter(is_there)
    });
    // Goods found in a bin without book stock become a new lot there. A label that names another lot than those here is
    // never answered with one of them.
    let usual = task.usual_lot().filter(|_| opening.bin.is_none() && opening.lot_code.is_none());
    let chosen = opening.lot.or_else(|| named.or(usual).map(|lot| lot.lot.id()));
    // The scan that opened the page identified the goods; a put-away is of all of them all the same.
    let scanned = opening.quantity.as_deref().map(|text| Quantity::parse(text).unwrap_or(Quantity::ZERO));
    let quantity = match &opening.quantity {
        Some(quantity) if task.work != LotWork::PutAway => quantity.clone(),
        _ => task.proposal(chosen),
    };
    WorkForm {
        chosen,
        quantity: quantity.clone(),
        by_scans: quantity,
        scans: u32::from(scanned.is_some()),
        counted: scanned.unwrap_or(Quantity::ZERO),
        lot_code: opening.lot_code.clone().unwrap_or_default(),
        location: match (&opening.bin, task.work) {
            (Some(bin), _) => bin.clone(),
            (None, LotWork::Receive) => task.receiving_bin.clone(),
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
    let deliveries = use_deliveries(work);
    use_new_job();
    let receiving_bin = use_memo((), |()| Preferences::load().receiving_bin);
    let task = Rc::new(Task {
        work,
        product: view.product.id,
        name: view.product.name.clone(),
        unit: view.product.unit.clone(),
        lots: rows_of(view),
        elsewhere: rows_elsewhere(view),
        receiving_bin: (*receiving_bin).clone(),
        used_bins: use_memo((), |()| used_bins::load()),
        deliveries,
        delivery: opening.delivery,
        today,
    });
    let Filling { form, taken_up, start_over } = use_filling(&task, &opening, saving.is_busy);
    let faults = use_state(Faults::default);
    let is_choosing = use_state(|| {
        work == LotWork::PutAway && form.get().chosen.is_none() && task.choices().next().is_some()
    });
    let submit = use_submit(&task, &form, &faults, {
        let (view, then, save) = (view.clone(), opening.then.clone(), saving.save.clone());
        Callback::from(move |action: Action| save.emit(Rc::new(entry(&view, action, then.clone()))))
    });
    use_scans_for(&task, &form, submit.clone(), opening.then.clone());
    let count_to = use_count_to(&task, &form);
    let onsubmit = submit.reform(|event: SubmitEvent| event.prevent_default());
    let shown = form.get();
    let parts = WorkParts { task: &task, form: &form, faults: &faults, is_choosing: &is_choosing, count_to };
    let read = shown.read(&task).ok();
    html! {
        <form class="page form work-page" {onsubmit} novalidate={true} data-test="work-form" data-work={work.code()}>
            <PageHead title={t(work.verb())} eyebrow={view.product.name.clone()} back={Route::Product { id: view.product.id }}
                keeps_focus={task.lot(&shown).is_some()} />
            { parts.what(html! { <DraftNotice at={taken_up} on_clear={start_over} /> }) }
            { parts.quantity() }
            if task.needs_reason(&shown) {
                { parts.note() }
            }
            <div class="actions">
                { save_failure(saving.failure.clone()) }
                if let Some(asked) = shown.asked(work) {
                    <p class="warning" data-test="asked">{ unbroken(&asked.question().1) }</p>
                }
                { submit_button(save_words(work, &shown, read.as_ref()), saving.is_busy, "save") }
            </div>
            if *is_choosing {
                { parts.picker() }
            }
        </form>
    }
}

/// The form, and the draft that it began with.
struct Filling {
    form: Live<WorkForm>,
    /// The time of that draft.
    taken_up: Option<UnixMillis>,
    start_over: Callback<()>,
}

/// The form as it was left, or as it opens. It is kept as a draft until it is saved.
#[hook]
fn use_filling(task: &Rc<Task>, opening: &Opening, is_saving: bool) -> Filling {
    let address = use_memo((), |()| opening.draft_address(task.product, task.work));
    let first = use_memo((), |()| first_form(task, opening));
    let found = use_state(|| {
        let (at, draft) = drafts::find::<WorkDraft>(&address, browser::now())?;
        Some((at, draft.take_up(task, &first)?))
    });
    let form = use_live(|| found.as_ref().map_or_else(|| (*first).clone(), |(_, form)| form.clone()));
    let start_over = {
        let (form, first, found) = (form.clone(), first.clone(), found.setter());
        Callback::from(move |()| {
            form.set((*first).clone());
            found.set(None);
        })
    };
    let (taken_up, restored) = found.as_ref().cloned().unzip();
    let is_it = {
        let (task, restored) = (task.clone(), restored.unwrap_or_default());
        move |action: &Action| is_saved_as(&restored, &task, action)
    };
    use_saved_draft(taken_up, is_it, start_over.clone());
    use_heard_draft(taken_up.is_some() && opening.quantity.is_some());
    let shown = form.get();
    let draft = (!is_saving && shown != *first).then(|| WorkDraft::of(&shown, task));
    use_kept_draft(&address, shown, draft);
    Filling { form, taken_up, start_over }
}

/// Tells a person who works by scans, and may not look, that the scan which opened the page has not begun a new count.
#[hook]
fn use_heard_draft(is_scanned: bool) {
    let answers = use_answers();
    use_effect_with((), move |()| {
        if is_scanned {
            answers.wrong(t("Unfinished entry"), t("Check the quantity before you save, or start over."));
        }
    });
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
    Callback::from(move |()| {
        let mut submitted = form.get();
        let read = submitted.submit(&task);
        form.set(submitted);
        match read {
            Err(found) => faults.set(found),
            Ok(action) => {
                if let Some(bin) = place_of(&action) {
                    used_bins::remember(bin);
                }
                let over = form.get().over_receipt(&action, &task);
                if let (Some(expected), Action::ReceiveLot { quantity, .. }) = (over, &action) {
                    form.change(|form| form.confirmed_over = Some(*quantity));
                    let expected: &dyn std::fmt::Display = &format::quantity(expected);
                    let detail = tf(
                        "Only {quantity} expected. Check, or save again to receive more.",
                        &[("quantity", expected)],
                    );
                    answers.wrong_as_said(t("More than expected"), detail);
                    return faults.set(Faults::default());
                }
                match form.get().needs_recount(&action) {
                    Some(counted) => {
                        form.change(|form| {
                            form.first_count = Some(counted);
                            form.begin_counting(String::new());
                        });
                        answers.wrong_as_said(t("Count again"), t("That doesn't match. Please count again."));
                    }
                    None => save.emit(action),
                }
                faults.set(Faults::default());
            }
        }
    })
}

/// The bin that the goods go to.
fn place_of(action: &Action) -> Option<&str> {
    match action {
        Action::ReceiveLot { lot, .. } => Some(&lot.location),
        Action::MoveLot { to, .. } | Action::PutAwayLot { to, .. } => Some(to),
        _ => None,
    }
}

/// Handles scans for the current operation.
#[hook]
fn use_scans_for(task: &Rc<Task>, form: &Live<WorkForm>, submit: Callback<()>, then: String) {
    let (answers, navigator) = (use_answers(), use_navigator());
    let (task, form) = (task.clone(), form.clone());
    let on_scan = Callback::from(move |found: Found| {
        let Some((heard, answer)) = hear(&task, &form.get(), &found) else { return false };
        form.set(heard);
        match answer {
            Answer::Right(title, detail) => answers.right(title, detail),
            Answer::Wrong(title, detail) => answers.wrong(title, detail),
            Answer::Quiet => {}
            Answer::Line(product, scanned) => {
                feedback::give(Feedback::Right);
                let (work, delivery, scanned) = (task.work, task.delivery, Some(&scanned));
                let line =
                    WorkAddress { work, product, lot: None, scanned, bin: None, delivery, then: &then };
                if let Some(navigator) = &navigator {
                    navigator.push(&AnyRoute::new(line.path()));
                }
            }
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
    let words = in_words(&action);
    let said = format!("{} · {}", words.title(Some(&view.product.name)), words.place);
    Entry { action, base: 0, said, then }
}

/// The label of the save button: `Pick 5`, `Move 10 to A-1`.
fn save_words(work: LotWork, form: &WorkForm, action: Option<&Action>) -> String {
    if let Some(asked) = form.asked(work) {
        return confirm_words(&asked.code);
    }
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
