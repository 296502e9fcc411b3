//! Why something odd is all right: a sentence for whoever asks later.

use domain::{ExceptionKind, MAX_REASON_CHARS, StockException};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::components::button::{button, submit_button};
use crate::components::faults_in_words::not_recorded;
use crate::components::field::Field;
use crate::components::sheet::Sheet;
use crate::components::toasts::{Toast, use_toasts};
use crate::hooks::use_book;
use crate::language::{key, t, tf};

/// What is looked at.
#[derive(Properties, PartialEq)]
pub(crate) struct ReasonSheetProps {
    pub(crate) exception: StockException,
    pub(crate) on_close: Callback<()>,
}

/// The sheet.
#[component]
pub(crate) fn ReasonSheet(props: &ReasonSheetProps) -> Html {
    let reason = use_state(String::new);
    let is_busy = use_state(bool::default);
    let fault = use_state(Option::<String>::default);
    let on_change = {
        let (reason, fault) = (reason.setter(), fault.setter());
        Callback::from(move |text| {
            reason.set(text);
            fault.set(None);
        })
    };
    let onsubmit = use_settle(props, &reason, &is_busy, &fault);
    let field = Field {
        id: "exception-reason",
        label: t("What came of it?"),
        value: &reason,
        on_change,
        hint: t("For whoever asks later."),
        fault: fault.as_ref().map(|fault| fault.clone().into()),
        optional: true,
        suggestions: reasons(props.exception.kind).into_iter().map(|reason| t(reason).into()).collect(),
        ..Field::default()
    };
    let cancel = props.on_close.reform(|_: MouseEvent| ());
    html! {
        <Sheet title={t("Is this all right?")} on_close={props.on_close.clone()} test="reason-sheet">
            <form {onsubmit}>
                <p>{ t("It leaves the inbox on every device. The numbers stay as they are.") }</p>
                { field.view() }
                <div class="sheet-actions">
                    { button("button", t("Cancel").into(), cancel, "reason-cancel") }
                    { submit_button(t("Settle it"), *is_busy, "reason-confirm") }
                </div>
            </form>
        </Sheet>
    }
}

/// Settles it with the reason as it is typed.
#[hook]
fn use_settle(
    props: &ReasonSheetProps,
    reason: &UseStateHandle<String>,
    is_busy: &UseStateHandle<bool>,
    fault: &UseStateHandle<Option<String>>,
) -> Callback<SubmitEvent> {
    let (book, toasts) = (use_book(), use_toasts());
    let ReasonSheetProps { exception, on_close } = props;
    let (exception, on_close) = (exception.clone(), on_close.clone());
    let (reason, is_busy, fault) = (reason.clone(), is_busy.setter(), fault.setter());
    Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        if reason.chars().count() > MAX_REASON_CHARS {
            let words = tf("This is longer than {n} characters. Shorten it.", &[("n", &MAX_REASON_CHARS)]);
            return fault.set(Some(words));
        }
        let (book, toasts, exception) = (book.clone(), toasts.clone(), exception.clone());
        let (reason, on_close) = (reason.clone(), on_close.clone());
        let (is_busy, fault) = (is_busy.clone(), fault.clone());
        is_busy.set(true);
        spawn_local(async move {
            match book.resolve_exception(&exception, &reason).await {
                Ok(()) => {
                    toasts.show(Toast::saved(t("It is settled for everyone once it is sent.")));
                    on_close.emit(());
                }
                Err(error) => {
                    fault.set(Some(not_recorded(&error, None)));
                    is_busy.set(false);
                }
            }
        });
    })
}

/// What it often is.
const fn reasons(kind: ExceptionKind) -> [&'static str; 2] {
    match kind {
        ExceptionKind::BelowZero => [key("Receipt is booked late"), key("Counted by sight")],
        ExceptionKind::MovedWhileCounted => [key("The count is right"), key("The difference is explained")],
        ExceptionKind::DuplicateBarcode => [key("Same goods, two products"), key("Supplier reuses the code")],
    }
}
