//! A change of another device that the server did not book: the change, the reason, and the current values.

use domain::Conflict;
use sync::{UnixMillis, Verdict};
use yew::prelude::*;
use yew_router::Routable;

use super::comparison::compare;
use super::comparison_table::comparison_table;
use crate::book::Book;
use crate::book::people::APPROVAL_NEEDED;
use crate::desk::record_faults::not_recorded;
use crate::goods::queue_row::sub_line;
use crate::route::Route;
use crate::ui::button::{button, link_button, resting_button};
use crate::ui::chip::{Tone, chip};
use crate::ui::icon::Glyph;
use crate::ui::sheet::Sheet;
use crate::ui::toasts::{Toast, Toasts, use_toasts};
use crate::ui::use_clock::use_now;
use crate::ui::use_loaded::{Loaded, use_loaded};
use crate::use_book::{use_book, use_book_version};
use crate::words::action_words::in_words;
use crate::words::faults_in_words::store_fault;
use crate::words::format;
use crate::words::language::{t, tf};
use crate::words::reasons::reason;

/// The conflict of another device.
#[derive(Properties, PartialEq)]
pub(crate) struct ConflictCardProps {
    pub(crate) conflict: Conflict,
    /// Called to settle it.
    pub(crate) on_settle: Callback<Conflict>,
}

/// Its card.
#[component]
pub(crate) fn ConflictCard(props: &ConflictCardProps) -> Html {
    let (book, now, version) = (use_book(), use_now(), use_book_version());
    let conflict = &props.conflict;
    let outcome = {
        let book = book.clone();
        use_loaded(conflict.clone(), version, move |conflict| async move {
            book.outcome_of(&conflict).await.map_err(|error| store_fault(&error))
        })
    };
    let (toasts, is_booking) = (use_toasts(), use_state(bool::default));
    let on_approve = approving(&book, &toasts, conflict, &is_booking);
    let name_of = |id| book.label(id).map(|label| label.name);
    let settle = {
        let conflict = conflict.clone();
        props.on_settle.reform(move |_: MouseEvent| conflict.clone())
    };
    let action = conflict.action();
    let words = action.as_ref().map(in_words);
    let title = words.as_ref().map(|words| words.title(words.product.and_then(name_of).as_deref()));
    let place = words.as_ref().map(|words| words.place.clone()).unwrap_or_default();
    let why = match &action {
        // The sentence for the author's own device would be about "your" change.
        Some(_) if conflict.verdict == Verdict::Conflict => tf(
            "Someone else had changed this first, so the change by {who} was not saved.",
            &[("who", &conflict.author)],
        ),
        Some(action) => reason(action, &conflict.code, &conflict.message),
        None => conflict.message.clone(),
    };
    let compared = match (&action, &outcome) {
        (Some(action), Loaded::Ready(outcome)) => compare(action, outcome).compared,
        _ => Vec::new(),
    };
    html! {
        <article class="card attention" data-test="conflict-card" data-id={conflict.id.to_string()}>
            { chip(Tone::Attention, Some(Glyph::Attention), verdict_word(conflict), "conflict-verdict") }
            <h3>{ title.unwrap_or_else(|| t("From another version of the app").to_owned()) }</h3>
            { origin(conflict, &place, now) }
            <p data-test="conflict-reason">{ why }</p>
            if !compared.is_empty() {
                { comparison_table(html! { <span translate="no">{ &conflict.author }</span> }, &compared) }
            }
            <div class="ways">
                { button("button", settle_word(conflict).into(), settle, "conflict-settle") }
                if conflict.code == APPROVAL_NEEDED && action.is_some() {
                    { resting_button(*is_booking, "button strong", t("Approve").into(), on_approve, "conflict-approve") }
                }
                if let Some(id) = words.and_then(|words| words.product).filter(|id| book.label(*id).is_some()) {
                    { link_button("button strong", Route::Product { id }.to_path(), t("Open product").into(), "conflict-open") }
                }
            </div>
        </article>
    }
}

fn origin(conflict: &Conflict, place: &str, now: UnixMillis) -> Html {
    html! {
        <p class="muted">
            <span translate="no" data-test="conflict-device">{ &conflict.author }</span>
            { " \u{b7} " }{ sub_line(place, "", &format::ago(conflict.at, now)) }
        </p>
    }
}

fn verdict_word(conflict: &Conflict) -> &'static str {
    match conflict.verdict {
        Verdict::Conflict => t("Edit conflict"),
        Verdict::Held => t("On hold"),
        Verdict::Applied | Verdict::Merged => t("Booked"),
        Verdict::Rejected if conflict.code == APPROVAL_NEEDED => t("Waits for approval"),
        Verdict::Rejected => t("Not booked"),
    }
}

fn settle_word(conflict: &Conflict) -> &'static str {
    if conflict.verdict.is_booked() { t("Mark as resolved") } else { t("Discard") }
}

/// Books a request in the name of the person who is signed in.
fn approving(
    book: &Book,
    toasts: &Toasts,
    conflict: &Conflict,
    is_booking: &UseStateHandle<bool>,
) -> Callback<MouseEvent> {
    let (book, toasts, conflict) = (book.clone(), toasts.clone(), conflict.clone());
    let is_booking = is_booking.setter();
    Callback::from(move |_: MouseEvent| {
        let (book, toasts, conflict) = (book.clone(), toasts.clone(), conflict.clone());
        let is_booking = is_booking.clone();
        is_booking.set(true);
        wasm_bindgen_futures::spawn_local(async move {
            toasts.show(match book.book_request(&conflict).await {
                Ok(()) => Toast::saved(t("Approved. It will sync.")),
                Err(error) => {
                    let detail = not_recorded(&error, conflict.action().as_ref());
                    Toast::new(Tone::Attention, t("That didn't work"), detail)
                }
            });
            is_booking.set(false);
        });
    })
}

/// The conflict to settle.
#[derive(Properties, PartialEq)]
pub(crate) struct SettleConflictProps {
    pub(crate) conflict: Conflict,
    pub(crate) on_close: Callback<()>,
}

/// A sheet that asks before a conflict is settled for all devices.
#[component]
pub(crate) fn SettleConflict(props: &SettleConflictProps) -> Html {
    let (book, toasts) = (use_book(), use_toasts());
    let is_busy = use_state(bool::default);
    let keep = props.on_close.reform(|_: MouseEvent| ());
    let settle = {
        let (id, on_close, is_busy) = (props.conflict.id, props.on_close.clone(), is_busy.setter());
        Callback::from(move |_: MouseEvent| {
            let (book, toasts) = (book.clone(), toasts.clone());
            let (on_close, is_busy) = (on_close.clone(), is_busy.clone());
            is_busy.set(true);
            wasm_bindgen_futures::spawn_local(async move {
                match book.close_conflict(id).await {
                    Ok(()) => {
                        toasts.show(Toast::saved(t("It's resolved for everyone once synced.")));
                        on_close.emit(());
                    }
                    Err(error) => {
                        let detail = not_recorded(&error, None);
                        toasts.show(Toast::new(Tone::Attention, t("That didn't work"), detail));
                        is_busy.set(false);
                    }
                }
            });
        })
    };
    let (title, words) = match props.conflict.verdict.is_booked() {
        true => (t("Resolve this?"), t("It stays booked. It leaves everyone's inbox.")),
        false => (t("Discard this change?"), t("It wasn't booked. It leaves everyone's inbox.")),
    };
    html! {
        <Sheet {title} on_close={props.on_close.clone()} test="settle-conflict">
            <p>{ words }</p>
            <div class="sheet-actions">
                { button("button", t("Keep it").into(), keep, "settle-cancel") }
                { resting_button(*is_busy, if props.conflict.verdict.is_booked() { "button strong" } else { "button danger-fill" }, settle_word(&props.conflict).into(), settle, "settle-confirm") }
            </div>
        </Sheet>
    }
}
