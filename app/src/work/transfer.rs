//! A transfer: lots are collected by scans, from any bins, and then put down together in one bin.

use std::cell::Cell;
use std::rc::Rc;

use domain::{CalendarDate, InventoryLot, LotRef, Quantity, location_key, same_key};
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::asked_code::{AskedCode, Doubt, confirm_words};
use super::transfer_draft::use_list;
use super::transfer_given::use_given_lots;
use super::transfer_list::{TransferChange, TransferLine, TransferList};
use crate::book::Book;
use crate::desk::answers::Answers;
use crate::desk::command::Command;
use crate::desk::draft::DraftNotice;
use crate::desk::record_faults::not_recorded;
use crate::desk::scan::Scanned;
use crate::desk::scan_target::use_scan_target;
use crate::desk::scanner::{Found, ScanTarget};
use crate::desk::undo::undo;
use crate::desk::use_desk::{use_answers, use_scans};
use crate::device::feedback::{self, Feedback};
use crate::device::used_bins;
use crate::goods::product_search::{Chosen, ProductSearch};
use crate::route::{MAX_TRANSFER_LOTS, Route};
use crate::ui::button::{button, icon_button, resting_button};
use crate::ui::field::Field;
use crate::ui::icon::{Glyph, icon};
use crate::ui::page_head::PageHead;
use crate::ui::placeholder::Placeholder;
use crate::ui::quantity_sheet::QuantitySheet;
use crate::ui::row_text::data_text;
use crate::ui::save_failure::save_failure;
use crate::ui::toasts::{Toast, use_new_job, use_toasts};
use crate::ui::unbroken::unbroken;
use crate::use_book::use_book;
use crate::use_today::use_today;
use crate::words::faults_in_words::store_fault;
use crate::words::format;
use crate::words::language::{t, tf, tn};

/// The page.
#[component]
pub(crate) fn TransferPage() -> Html {
    let answers = use_answers();
    let (list, taken_up, start_over) = use_list();
    let fault = use_state(|| None::<AttrValue>);
    let is_busy = use_state(bool::default);
    let typing = use_state(|| None::<LotRef>);
    let taking = use_taking(&list);
    use_given_lots(&list);
    use_new_job();
    let save = use_saving_all(&list, &fault, &is_busy);
    use_list_scans(&list, &taking, &save, &answers);
    let on_found = on_found(&taking, &answers, use_today());
    let to = Field {
        id: "to",
        label: t("To"),
        value: &list.to,
        hint: t("Scan or type the bin. Scan it once more to save."),
        on_change: {
            let dispatch = list.dispatcher();
            Callback::from(move |to| dispatch.dispatch(TransferChange::To(to)))
        },
        ..Field::default()
    };
    let count = list.asked().map_or_else(
        || tn(list.lines.len(), "Transfer {n} lot", "Transfer {n} lots"),
        |asked| confirm_words(&asked.code),
    );
    html! {
        <div class="page transfer" data-test="transfer">
            <PageHead title={t("Transfer")} back={Route::Home} />
            <DraftNotice at={taken_up} on_clear={start_over} />
            <p class="lead">{ t("Scan items onto the trolley, then the destination bin.") }</p>
            <ProductSearch {on_found} label={t("Scan or search products")} test="transfer-search" />
            if !list.from.is_empty() {
                { source(&list) }
            }
            if list.lines.is_empty() {
                { Placeholder { glyph: Glyph::Transfer, title: t("Trolley is empty"),
                    text: t("Each scan adds one. Scan a lot's label to choose that lot."), test: "empty-transfer" }.view(Html::default()) }
            } else {
                <ul class="entries" data-test="transfer-lines">{ for list.lines.iter().map(|line| row(line, &list, &typing)) }</ul>
                <div class="fields">{ to.view() }{ new_bin(&list) }</div>
            }
            <div class="actions">
                { save_failure((*fault).clone()) }
                if let Some(asked) = list.asked() {
                    <p class="warning" data-test="asked">{ unbroken(&asked.question().1) }</p>
                }
                { resting_button(*is_busy || list.lines.is_empty(), "button primary", count.into(), save.reform(|_| true), "transfer-save") }
            </div>
            if let Some(line) = list.lines.iter().find(|line| Some(&line.lot) == typing.as_ref()) {
                { quantity_sheet(line, &list, &typing) }
            }
        </div>
    }
}

/// The button that takes a scanned code as a new bin.
fn new_bin(list: &UseReducerHandle<TransferList>) -> Html {
    let Some(asked) = list.asked() else { return Html::default() };
    let dispatch = list.dispatcher();
    let confirm = Callback::from(move |_: MouseEvent| dispatch.dispatch(TransferChange::Confirm));
    let words = tf("Use {bin}", &[("bin", &asked.code)]);
    html! { <div class="choices">{ button("choice", words.into(), confirm, "new-bin") }</div> }
}

/// The source bin, with a button to take goods from any bin again.
fn source(list: &UseReducerHandle<TransferList>) -> Html {
    let dispatch = list.dispatcher();
    let clear = Callback::from(move |_: MouseEvent| dispatch.dispatch(TransferChange::From(String::new())));
    html! {
        <p class="entry" data-test="transfer-from">
            <span class="entry-glyph tone-info">{ icon(Glyph::Pick) }</span>
            <b>{ tf("Taken from {bin}", &[("bin", &list.from)]) }</b>
            { icon_button("icon-button", Glyph::Close, t("From any bin"), clear, "transfer-from-clear") }
        </p>
    }
}

fn quantity_sheet(
    line: &TransferLine,
    list: &UseReducerHandle<TransferList>,
    typing: &UseStateHandle<Option<LotRef>>,
) -> Html {
    let (dispatch, lot, setter) = (list.dispatcher(), line.lot.clone(), typing.setter());
    let on_done = Callback::from(move |quantity| {
        dispatch.dispatch(TransferChange::Quantity(lot.clone(), quantity));
    });
    let on_close = Callback::from(move |()| setter.set(None));
    html! {
        <QuantitySheet name={line.name.clone()} unit={line.unit.clone()} quantity={line.quantity} {on_close} {on_done} />
    }
}

/// The number of running look-ups: commands that follow refer to their goods.
type LookingUp = Rc<Cell<usize>>;

/// Takes what was chosen in the search along, unless it is a lot that is only elsewhere and not for use.
fn on_found(taking: &Taking, answers: &Answers, today: CalendarDate) -> Callback<Chosen> {
    let (take, answers) = (taking.take.clone(), answers.clone());
    Callback::from(move |(id, lot): Chosen| {
        if !lot.as_ref().is_some_and(|lot| !lot.is_here && answers.refuses(lot, today)) {
            take.emit((id, Scanned::chosen(lot.as_deref())));
        }
    })
}

/// The limit of a transfer, as a sentence.
pub(super) fn most_lots() -> String {
    tf("At most {n} lots in one transfer.", &[("n", &MAX_TRANSFER_LOTS)])
}

struct Taking {
    take: Callback<(Uuid, Scanned)>,
    looking_up: LookingUp,
}

#[hook]
fn use_taking(list: &UseReducerHandle<TransferList>) -> Taking {
    let (book, answers, today) = (use_book(), use_answers(), use_today());
    let looking_up = (*use_memo((), |()| LookingUp::default())).clone();
    let dispatch = list.dispatcher();
    let take = {
        let (looking_up, list) = (looking_up.clone(), list.clone());
        Callback::from(move |(id, scanned): (Uuid, Scanned)| {
            let (book, answers, dispatch) = (book.clone(), answers.clone(), dispatch.clone());
            let (looking_up, list) = (looking_up.clone(), list.clone());
            looking_up.set(looking_up.get() + 1);
            spawn_local(async move {
                match line_of(&book, id, &scanned, &list, today).await {
                    Ok(line) if !list.takes(&line.lot) => answers.wrong(t("Transfer is full"), most_lots()),
                    Ok(line) => {
                        answers.right(t("On trolley"), format!("{} · {}", line.name, line.lot.lot_code));
                        dispatch.dispatch(TransferChange::Add(line));
                    }
                    Err((title, detail)) => answers.wrong(title, detail),
                }
                looking_up.set(looking_up.get().saturating_sub(1));
            });
        })
    };
    Taking { take, looking_up }
}

/// The scanned lot: the one on the label, else the first to expire, from the source bin if possible.
/// Otherwise a title and an error sentence.
async fn line_of(
    book: &Book,
    id: Uuid,
    scanned: &Scanned,
    list: &TransferList,
    today: CalendarDate,
) -> Result<TransferLine, (&'static str, String)> {
    let view = match book.product(id, today).await {
        Ok(view) => {
            view.ok_or_else(|| (t("No lots here"), t("This product is not on this device.").to_owned()))?
        }
        Err(error) => return Err((t("Can't show this"), store_fault(&error))),
    };
    let lots: Vec<_> = view.lots.iter().map(|lot| lot.row.clone()).collect();
    let is_named =
        |lot: &InventoryLot| scanned.lot_code.as_ref().is_none_or(|code| same_key(&lot.lot.lot_code, code));
    let named: Vec<_> = lots.into_iter().filter(is_named).collect();
    let is_there = |lot: &&InventoryLot| location_key(&lot.lot.location) == location_key(&list.from);
    let (there, elsewhere): (Vec<_>, Vec<_>) = named.iter().partition(is_there);
    let (usable, others): (Vec<_>, Vec<_>) = elsewhere.into_iter().partition(|lot| lot.is_usable(today));
    let quantity = scanned.quantity();
    let preferred = if there.is_empty() { [usable, others].concat() } else { there };
    let Some(lot) = list.lot_for(&preferred, quantity) else {
        let detail = tf("This lot of {name} isn't on this device.", &[("name", &view.product.name)]);
        return Err((t("No lots here"), detail));
    };
    let (name, unit) = (view.product.name.clone(), view.product.unit.clone());
    Ok(TransferLine { lot: lot.lot.clone(), quantity, name, unit, here: Some(lot.quantity) })
}

#[hook]
fn use_list_scans(
    list: &UseReducerHandle<TransferList>,
    taking: &Taking,
    save: &Callback<bool>,
    answers: &Answers,
) {
    let (list, save, answers, today) = (list.clone(), save.clone(), answers.clone(), use_today());
    let Taking { take, looking_up } = taking;
    let (take, looking_up) = (take.clone(), looking_up.clone());
    let on_scan = Callback::from(move |found: Found| {
        match found {
            Found::Lot(lot, _) => return !lot.is_here && answers.refuses(&lot, today),
            Found::Product(id, scanned) => take.emit((id, scanned)),
            Found::Command(Command::Save) if list.asked().is_some() => list.dispatch(TransferChange::Confirm),
            Found::Command(Command::Save) => save.emit(false),
            Found::Unlisted(scanned) if !scanned.may_be_name() => return false,
            Found::Unlisted(Scanned { code, .. }) if !list.lines.is_empty() || looking_up.get() > 0 => {
                let (title, sentence) = AskedCode::of(&code, "", Doubt::NewBin).question();
                answers.wrong(title, sentence);
                list.dispatch(TransferChange::Ask(code));
            }
            Found::Bin(bin, is_echo) if !list.lines.is_empty() || looking_up.get() > 0 => {
                if is_echo && list.goes_to(&bin) {
                    // One label that was read twice.
                } else if list.goes_to(&bin) {
                    save.emit(false);
                } else {
                    answers.right(t("To"), bin.clone());
                    list.dispatch(TransferChange::To(bin));
                }
            }
            Found::Bin(bin, _) => {
                answers.right(t("From"), bin.clone());
                list.dispatch(TransferChange::From(bin));
            }
            Found::Code(code) if list.goes_to(&code.code) && !code.is_echo => save.emit(false),
            _ => return false,
        }
        true
    });
    use_scan_target(ScanTarget { on_scan });
}

/// Saves one lot at a time; saved lots leave the list, so that a retry moves nothing twice. `true` confirms the new bin
/// that is asked about, as the button says.
#[hook]
fn use_saving_all(
    list: &UseReducerHandle<TransferList>,
    fault: &UseStateHandle<Option<AttrValue>>,
    is_busy: &UseStateHandle<bool>,
) -> Callback<bool> {
    let (book, answers, scans, toasts) = (use_book(), use_answers(), use_scans(), use_toasts());
    let (list, fault, is_busy) = (list.clone(), fault.clone(), is_busy.clone());
    Callback::from(move |confirms| {
        if *is_busy || list.lines.is_empty() {
            return;
        }
        let dispatch = list.dispatcher();
        let mut list = (*list).clone();
        if confirms {
            dispatch.dispatch(TransferChange::Confirm);
            list = list.confirmed();
        }
        if let Some(sentence) = doubt(&list) {
            answers.wrong_as_said(t("Something is missing"), sentence.clone());
            return fault.set(Some(sentence.into()));
        }
        if let Some(over) = list.unconfirmed() {
            let here = format::quantity(over.here.unwrap_or_default());
            let values: [(&str, &dyn std::fmt::Display); 3] =
                [("quantity", &here), ("name", &over.name), ("bin", &over.lot.location)];
            let sentence = tf(
                "Only {quantity} of {name} recorded in {bin}. Check, or save again to move more.",
                &values,
            );
            answers.wrong_as_said(t("More than recorded"), sentence.clone());
            dispatch.dispatch(TransferChange::ConfirmOver);
            return fault.set(Some(sentence.into()));
        }
        fault.set(None);
        is_busy.set(true);
        used_bins::remember(&list.to);
        let (book, toasts, fault, is_busy) = (book.clone(), toasts.clone(), fault.clone(), is_busy.clone());
        let moves = list.moves();
        let said =
            tf("{lots} to {bin}", &[("lots", &tn(moves.len(), "{n} lot", "{n} lots")), ("bin", &list.to)]);
        let hold = scans.hold();
        spawn_local(async move {
            let mut saved = Vec::new();
            for action in moves {
                let domain::Action::MoveLot { lot, .. } = &action else { continue };
                match book.record(action.clone(), 0).await {
                    Ok(mutation) => {
                        saved.push(mutation.id);
                        dispatch.dispatch(TransferChange::Done(lot.clone()));
                    }
                    Err(error) => {
                        is_busy.set(false);
                        return fault.set(Some(not_recorded(&error, Some(&action)).into()));
                    }
                }
            }
            is_busy.set(false);
            feedback::give(Feedback::Saved);
            let undo = undo(&book, &toasts, saved);
            toasts.show(Toast::saved(said).offering(t("Undo"), undo));
            drop(hold);
        });
    })
}

fn doubt(list: &TransferList) -> Option<String> {
    if list.to.trim().is_empty() {
        return Some(t("Scan or type the destination bin.").to_owned());
    }
    let there = list.already_there().next()?;
    let values: [(&str, &dyn std::fmt::Display); 2] = [("name", &there.name), ("bin", &there.lot.location)];
    Some(tf("{name} is already in {bin}. Remove it from the list, or choose another bin.", &values))
}

fn row(
    line: &TransferLine,
    list: &UseReducerHandle<TransferList>,
    typing: &UseStateHandle<Option<LotRef>>,
) -> Html {
    let step = |by: i64| {
        let (dispatch, lot, quantity) =
            (list.dispatcher(), line.lot.clone(), line.quantity + Quantity::units(by));
        Callback::from(move |_: MouseEvent| {
            dispatch.dispatch(TransferChange::Quantity(lot.clone(), quantity))
        })
    };
    let remove = {
        let (dispatch, lot) = (list.dispatcher(), line.lot.clone());
        Callback::from(move |_: MouseEvent| {
            dispatch.dispatch(TransferChange::Quantity(lot.clone(), Quantity::ZERO));
        })
    };
    let type_it = {
        let (setter, lot) = (typing.setter(), line.lot.clone());
        Callback::from(move |_: MouseEvent| setter.set(Some(lot.clone())))
    };
    let name: &dyn std::fmt::Display = &line.name;
    html! {
        <li class="entry" key={line.lot.id().to_string()} data-test="transfer-line" data-lot={line.lot.lot_code.clone()}>
            <span class={classes!("entry-glyph", if line.is_over() { "tone-waiting" } else { "tone-info" })}>{ icon(Glyph::Box) }</span>
            { data_text(line.name.clone(), format!("{} · {}", line.lot.lot_code, line.lot.location), None) }
            { icon_button("icon-button", Glyph::Close, tf("Remove {name}", &[("name", name)]), remove, "line-remove") }
            <div class="stepper">
                { icon_button("step", Glyph::Minus, tf("One less of {name}", &[("name", name)]), step(-1), "line-less") }
                <button class="stepper-value" type="button" onclick={type_it} data-test="line-quantity"
                    aria-label={tf("{quantity} {unit}, change", &[("quantity", &format::quantity(line.quantity)), ("unit", &line.unit)])}>
                    <b>{ format::quantity(line.quantity) }</b><span class="unit" translate="no">{ format!(" {}", line.unit) }</span>
                </button>
                { icon_button("step", Glyph::Plus, tf("One more of {name}", &[("name", name)]), step(1), "line-more") }
            </div>
        </li>
    }
}
