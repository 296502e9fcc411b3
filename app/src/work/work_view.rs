//! The parts of an operation's page: lot, destination, reason, and quantity.

use std::rc::Rc;

use domain::{Delivery, InventoryLot, Occasion, Quantity, ReasonCode};
use uuid::Uuid;
use yew::prelude::*;

use super::task::{Objection, Task};
use super::work_form::{WorkForm, change};
use super::work_scan::lot_code_of_day;
use crate::goods::lot_chip::lot_chip;
use crate::goods::lot_row::{LotRow, place_and_date};
use crate::route::LotWork;
use crate::ui::button::{button, choice};
use crate::ui::faults::Faults;
use crate::ui::field::{Field, Takes};
use crate::ui::icon::{Glyph, icon};
use crate::ui::quantity_field::QuantityField;
use crate::ui::sheet::Sheet;
use crate::ui::unbroken::unbroken;
use crate::ui::use_live::Live;
use crate::words::format;
use crate::words::language::{t, tf, tn};
use crate::words::movement_words::reason_word;

/// Maximum number of bins suggested as a destination.
const MAX_BINS_OFFERED: usize = 4;

/// The state of the parts, and their callbacks.
pub(crate) struct WorkParts<'a> {
    pub(crate) task: &'a Rc<Task>,
    pub(crate) form: &'a Live<WorkForm>,
    pub(crate) faults: &'a Faults,
    pub(crate) is_choosing: &'a UseStateHandle<bool>,
    /// Counts received goods to a delivery that expects them.
    pub(crate) count_to: Callback<MouseEvent>,
}

/// A callback that sets one of the form's fields to the typed text.
fn put(form: &Live<WorkForm>, set: fn(&mut WorkForm, String)) -> Callback<String> {
    let form = form.clone();
    Callback::from(move |text| form.change(|form| set(form, text)))
}

impl WorkParts<'_> {
    fn open(&self) -> Callback<MouseEvent> {
        let is_choosing = self.is_choosing.clone();
        Callback::from(move |_| is_choosing.set(true))
    }

    /// `notice`, then the lot, the destination and the common reasons.
    pub(crate) fn what(&self, notice: Html) -> Html {
        let task = self.task;
        html! {
            <div class="work-what">
                { notice }
                { self.lot() }
                if matches!(task.work, LotWork::Move | LotWork::PutAway) {
                    { self.destination() }
                } else if task.work == LotWork::Adjust {
                    { self.direction() }
                }
                if task.needs_reason(&self.form.get()) {
                    { self.reason() }
                }
            </div>
        }
    }

    /// The selected lot, and the objection to picking it; or the fields of a new lot.
    fn lot(&self) -> Html {
        match self.task.lot(&self.form.get()) {
            Some(lot) => self.lot_banner(lot),
            None if matches!(self.task.work, LotWork::Pick | LotWork::Move | LotWork::PutAway) => {
                self.no_lot_banner()
            }
            None => self.new_lot_fields(),
        }
    }

    /// No lot is selected if the label named another one, if there is none, or if a person has to say which.
    fn no_lot_banner(&self) -> Html {
        let (title, text) = self.no_lot_words();
        html! {
            <section class="lot-banner is-second" data-test="no-lot-chosen">
                <div class="lot-banner-text">
                    <strong>{ unbroken(&title) }</strong>
                    <span>{ unbroken(&text) }</span>
                </div>
                if self.task.choices().next().is_some() {
                    { button("button", t("Choose").into(), self.open(), "change-lot") }
                }
                if let Some(fault) = self.faults.of("lot-code") {
                    <p class="fault" role="alert" data-test="lot-code-fault">{ fault }</p>
                }
            </section>
        }
    }

    fn no_lot_words(&self) -> (String, String) {
        let (work, bin): (_, &dyn std::fmt::Display) = (self.task.work, &self.task.receiving_bin);
        let named = &self.form.get().lot_code;
        let is_empty = self.task.choices().next().is_none();
        if !named.is_empty() {
            let title = tf("Lot {lot} is not here", &[("lot", named)]);
            if let Some((_, sentence)) = self.task.not_for_use(named) {
                return (title, sentence);
            }
            let text = match work {
                LotWork::PutAway => {
                    tf("Not recorded in {bin}. Leave it, or choose another lot.", &[("bin", bin)])
                }
                _ => t("It may be expired, blocked or out of stock. Leave it, or choose another lot.")
                    .to_owned(),
            };
            return (title, text);
        }
        let (title, text) = match (work, is_empty) {
            (LotWork::PutAway, true) => (
                t("Nothing to put away"),
                tf("There is none in {bin}. To take it from another bin, use Move.", &[("bin", bin)]),
            ),
            (LotWork::PutAway, false) => (
                t("Which lot?"),
                tf("Several lots are waiting in {bin}. Scan the label or choose one.", &[("bin", bin)]),
            ),
            _ => (t("No lots available here"), t("They are expired, blocked or empty.").to_owned()),
        };
        (title.to_owned(), text)
    }

    fn lot_banner(&self, lot: &InventoryLot) -> Html {
        let form = self.form.get();
        let objection = self.task.objection(&form);
        html! {
            <section class={classes!("lot-banner", objection.is_some().then_some("is-second"))} data-test="lot-banner"
                data-lot={lot.lot.lot_code.clone()}>
                <div class="lot-banner-text">
                    <strong data-test="lot-banner-code">{ unbroken(&tf("Lot {lot}", &[("lot", &lot.lot.lot_code)])) }</strong>
                    <span translate="no">{ unbroken(&place_and_date(lot)) }</span>
                    <span>{ lot_chip(lot, self.task.today) }</span>
                </div>
                { button("button", t("Change").into(), self.open(), "change-lot") }
                if let Some(objection) = objection {
                    <p class="lot-banner-advice" data-test="fefo-advice">{ icon(Glyph::Triangle) }<span>{ unbroken(&advice(lot, objection)) }</span></p>
                }
            </section>
        }
    }

    fn new_lot_fields(&self) -> Html {
        let (task, form, faults) = (self.task, self.form.get(), self.faults);
        let mut places: Vec<AttrValue> =
            task.lots.iter().map(|lot| AttrValue::from(lot.lot.location.clone())).collect();
        places.dedup();
        let lot_code = Field {
            id: "lot-code",
            label: t("Lot code"),
            value: &form.lot_code,
            fault: faults.of("lot-code"),
            takes: Takes::Alone,
            on_change: put(self.form, |form, text| form.lot_code = text),
            ..Field::default()
        };
        let location = Field {
            id: "location",
            label: t("Bin"),
            value: &form.location,
            fault: faults.of("location"),
            suggestions: places,
            on_change: put(self.form, |form, text| form.location = text),
            ..Field::default()
        };
        let expires_on = Field {
            id: "expires-on",
            label: t("Expiry date"),
            kind: "date",
            value: &form.expires_on,
            optional: true,
            fault: faults.of("expires-on"),
            on_change: put(self.form, |form, text| form.expires_on = text),
            ..Field::default()
        };
        let no_lot = {
            let (form, code) = (self.form.clone(), lot_code_of_day(task.today));
            Callback::from(move |_: MouseEvent| form.change(|form| form.lot_code.clone_from(&code)))
        };
        html! {
            <div class="fields new-lot" data-test="new-lot">
                <div class="field-pair">{ lot_code.view() }{ location.view() }</div>
                { self.asked() }
                if form.lot_code.is_empty() {
                    { button("button", t("No lot code: use today's date").into(), no_lot, "no-lot-code") }
                }
                { expires_on.view() }
                if !task.lots.is_empty() {
                    { button("button", t("Add to an existing lot").into(), self.open(), "change-lot") }
                }
            </div>
        }
    }

    /// The destination.
    fn destination(&self) -> Html {
        let form = self.form.get();
        let to = Field {
            id: "to",
            label: t("To"),
            value: &form.to,
            fault: self.faults.of("to"),
            hint: t("Scan or type the bin. Scan it once more to save."),
            on_change: put(self.form, |form, text| form.to = text),
            ..Field::default()
        };
        html! {
            <div class="destination">
                { to.view() }
                { self.asked() }
                { self.destinations() }
            </div>
        }
    }

    /// The button that takes a scanned code as a new bin, or as the lot's.
    fn asked(&self) -> Html {
        let (form, work) = (self.form.clone(), self.task.work);
        let now = form.get();
        let Some(asked) = now.asked(work) else { return Html::default() };
        let confirm = Callback::from(move |_: MouseEvent| form.change(|form| drop(form.confirm(work))));
        let words = tf("Use {bin}", &[("bin", &asked.code)]);
        let test = if asked.is_lot() { "new-lot-code" } else { "new-bin" };
        html! { <div class="choices">{ button("choice", words.into(), confirm, test) }</div> }
    }

    /// Suggested bins: those with more of the goods.
    fn destinations(&self) -> Html {
        let form = self.form.get();
        let here = self.task.lot(&form).map(|lot| &lot.lot.location);
        let mut bins: Vec<&String> = Vec::new();
        for bin in self.task.lots.iter().map(|lot| &lot.lot.location) {
            if Some(bin) != here && !bins.contains(&bin) && bins.len() < MAX_BINS_OFFERED {
                bins.push(bin);
            }
        }
        if bins.is_empty() {
            return Html::default();
        }
        let choice = |bin: &String| {
            let (live, to, is_chosen) = (self.form.clone(), bin.clone(), *bin == form.to);
            let work = self.task.work;
            let onclick = Callback::from(move |_: MouseEvent| live.change(|form| form.set_place(work, &to)));
            html! {
                <button class="choice" type="button" translate="no" aria-pressed={is_chosen.to_string()} {onclick}
                    data-test="to-choice">{ unbroken(bin) }</button>
            }
        };
        html! {
            <div class="choices" role="group" aria-label={t("More in other bins")}>{ for bins.into_iter().map(choice) }</div>
        }
    }

    /// Adjustment up or down.
    fn direction(&self) -> Html {
        let choose = |takes_away: bool, word: &'static str, test: &'static str| {
            let form = self.form.clone();
            let onclick =
                Callback::from(move |_: MouseEvent| form.change(|form| form.takes_away = takes_away));
            choice(word, self.form.get().takes_away == takes_away, onclick, test)
        };
        html! {
            <div class="choices is-even" role="group" aria-label={t("Direction")}>
                { choose(true, t("Remove"), "adjust-down") }
                { choose(false, t("Add"), "adjust-up") }
            </div>
        }
    }

    /// The reason of an adjustment, or of picking another lot.
    fn reason(&self) -> Html {
        let is_override = self.task.work == LotWork::Pick;
        let (occasion, label) = if is_override {
            (Occasion::Override, t("Why this lot?"))
        } else {
            (Occasion::Adjust, t("Reason"))
        };
        html! {
            <div class="reasons" data-test="reason-fields">
                <div class="choices" role="group" aria-label={label} aria-describedby="reasons-wrong">
                    for reason in ReasonCode::of(occasion).iter().copied() {
                        { self.reason_choice(reason) }
                    }
                </div>
                // Rendered even while it is empty, else screen readers do not announce its text.
                <p class="field-note" role="alert" id="reasons-wrong">
                    if let Some(fault) = self.faults.of("reason") {
                        <span class="fault" data-test="reason-fault">{ fault }</span>
                    }
                </p>
            </div>
        }
    }

    /// The reason in words. It is below the keypad, because most reasons need none.
    pub(crate) fn note(&self) -> Html {
        let form = self.form.get();
        let note = Field {
            id: "reason",
            label: t("Note"),
            value: &form.note,
            optional: form.reason.is_some_and(|reason| reason != ReasonCode::Other),
            on_change: put(self.form, |form, text| form.note = text),
            ..Field::default()
        };
        html! { <div class="work-note">{ note.view() }</div> }
    }

    fn reason_choice(&self, reason: ReasonCode) -> Html {
        let form = self.form.clone();
        let onclick = Callback::from(move |_: MouseEvent| form.change(|form| form.reason = Some(reason)));
        choice(reason_word(reason), self.form.get().reason == Some(reason), onclick, "common-reason")
    }

    /// The quantity, and the quantity left. In a count, the book quantity is hidden.
    pub(crate) fn quantity(&self) -> Html {
        let (task, form) = (self.task, self.form.get());
        let label = match (task.work, form.first_count) {
            (LotWork::Count, None) => t("Counted"),
            (LotWork::Count, Some(_)) => t("Counted again"),
            _ => t("Quantity"),
        };
        let lot = task.lot(&form);
        let note = match (task.expected(&form), &task.due(&form)[..], lot) {
            (Some(expected), ..) => self.expected_note(expected),
            (None, [], Some(lot)) => after_note(task, lot, &form),
            (None, [], None) => Html::default(),
            (None, due, _) => button("button", due_words(due), self.count_to.clone(), "count-to"),
        };
        let on_change = put(self.form, |form, text| form.quantity = text);
        html! {
            <QuantityField {label} unit={task.unit.clone()} text={form.quantity.clone()} {note} {on_change}
                fault={self.faults.of("quantity")} takes_focus={lot.is_some()} />
        }
    }

    /// The quantity still expected with the delivery: one tap takes it. More than that is a warning.
    fn expected_note(&self, expected: Quantity) -> Html {
        let left = expected.max(Quantity::ZERO);
        let words = tf("{quantity} expected", &[("quantity", &format::quantity(left))]);
        if Quantity::parse(&self.form.get().quantity).is_ok_and(|quantity| quantity > left) {
            return html! { <span class="warning" data-test="after">{ icon(Glyph::Triangle) }{ words }</span> };
        }
        let form = self.form.clone();
        let take_all = Callback::from(move |_: MouseEvent| {
            form.change(|form| (form.quantity, form.is_dictated) = (format::typed(left), true));
        });
        button("button", words.into(), take_all, "take-expected")
    }

    /// The list of lots to select from.
    pub(crate) fn picker(&self) -> Html {
        let (live, is_open) = (self.form.clone(), self.is_choosing.clone());
        let task = self.task.clone();
        let take = Callback::from(move |lot: Option<Uuid>| {
            live.change(|form| form.choose(lot, &task));
            is_open.set(false);
        });
        let is_open = self.is_choosing.clone();
        let on_close = Callback::from(move |()| is_open.set(false));
        let on_choose = take.reform(Some);
        let take_new = take.reform(|_: MouseEvent| None);
        let chosen = self.form.get().chosen;
        let row = |lot: &InventoryLot| {
            let choice = Some((chosen == Some(lot.lot.id()), &on_choose));
            let is_blind = self.task.work == LotWork::Count;
            LotRow { lot, today: self.task.today, pending: false, is_blind, choice }.view(Html::default())
        };
        html! {
            <Sheet title={t("Which lot?")} {on_close} test="lot-picker">
                <ul class="lots">{ for self.task.choices().map(row) }</ul>
                if self.task.work == LotWork::Receive {
                    { button("button primary", html! { <>{ icon(Glyph::Plus) }{ t("A new lot") }</> }, take_new, "new-lot-choice") }
                }
            </Sheet>
        }
    }
}

/// The label of the button that counts the goods to a delivery.
fn due_words(due: &[(&Delivery, Quantity)]) -> Html {
    match due {
        // One element: the parts of a button stand side by side, and would break within words.
        [(delivery, _)] => {
            html! { <span>{ unbroken(&tf("Count to {number}", &[("number", &delivery.number)])) }</span> }
        }
        _ => tn(due.len(), "{n} delivery expects this", "{n} deliveries expect this").into(),
    }
}

/// The advice against picking this lot.
fn advice(lot: &InventoryLot, objection: Objection<'_>) -> String {
    let Objection::TakeFirst(first) = objection else {
        return t("This lot isn't available. Choose another or give a reason.").to_owned();
    };
    let days = lot.expires_on.and_then(|date| Some(first.expires_on?.days_until(date)));
    let code: &dyn std::fmt::Display = &first.lot.lot_code;
    match days.filter(|days| *days > 0) {
        Some(days) => tf(
            "Lot {lot} expires {days} sooner. Pick it first, or give a reason.",
            &[("lot", code), ("days", &format::days(days))],
        ),
        None => tf("Pick lot {lot} first, or give a reason.", &[("lot", code)]),
    }
}

fn after_note(task: &Task, lot: &InventoryLot, form: &WorkForm) -> Html {
    let here = lot.quantity;
    if task.work == LotWork::Count {
        let text = match form.first_count {
            None => t("Blind count"),
            Some(_) => t("That doesn't match. Please count again."),
        };
        return html! { <span data-test="after">{ text }</span> };
    }
    let now: &dyn std::fmt::Display = &format::quantity(here);
    let Ok(quantity) = Quantity::parse(&form.quantity) else {
        return html! { <span data-test="after">{ tf("Recorded: {quantity}", &[("quantity", now)]) }</span> };
    };
    let after = here + change(task.work, quantity, here, form.takes_away);
    let takes = matches!(task.work, LotWork::Pick | LotWork::Move | LotWork::PutAway);
    if takes && after < Quantity::ZERO {
        return html! {
            <span class="warning" data-test="after">
                { icon(Glyph::Triangle) }
                { tf("Only {quantity} recorded here. We'll save it and request a recount.", &[("quantity", now)]) }
            </span>
        };
    }
    let values: [(&str, &dyn std::fmt::Display); 2] = [("now", now), ("after", &format::quantity(after))];
    html! { <span data-test="after">{ tf("{now} here now, {after} after", &values) }</span> }
}
