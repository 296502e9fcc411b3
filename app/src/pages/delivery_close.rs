//! Nothing more of a delivery comes: what is missing, and why, for whoever asks later.

use domain::{Delivery, DeliveryLine, MAX_REASON_CHARS};
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::components::button::{button, submit_button};
use crate::components::faults_in_words::not_recorded;
use crate::components::field::Field;
use crate::components::sheet::Sheet;
use crate::components::toasts::{Toast, use_toasts};
use crate::format;
use crate::hooks::use_book;
use crate::language::{t, tf};

/// Which delivery, and what its products are called.
#[derive(Properties, PartialEq)]
pub(crate) struct CloseSheetProps {
    pub(crate) delivery: Delivery,
    pub(crate) name_of: Callback<Uuid, String>,
    pub(crate) on_close: Callback<()>,
}

/// The sheet.
#[component]
pub(crate) fn CloseSheet(props: &CloseSheetProps) -> Html {
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
    let onsubmit = use_closing(props, &reason, &is_busy, &fault);
    let field = Field {
        id: "delivery-reason",
        label: t("Why?"),
        value: &reason,
        on_change,
        hint: t("For whoever asks later."),
        fault: fault.as_ref().map(|fault| fault.clone().into()),
        optional: true,
        suggestions: vec![t("Supplier has no more").into(), t("Comes with another delivery").into()],
        ..Field::default()
    };
    let cancel = props.on_close.reform(|_: MouseEvent| ());
    let missing = |line: &DeliveryLine| {
        let left = format::quantity(line.expected - line.received);
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("missing", &left), ("expected", &format::quantity(line.expected))];
        html! {
            <li data-test="delivery-missing">
                { props.name_of.emit(line.product_id) }{ ": " }
                <b>{ tf("{missing} of {expected} missing", &values) }</b>
            </li>
        }
    };
    html! {
        <Sheet title={t("Nothing more will come?")} on_close={props.on_close.clone()} test="delivery-close-sheet">
            <form {onsubmit}>
                <ul>{ for props.delivery.missing().map(missing) }</ul>
                <p>{ t("The delivery leaves the list on every device. What is missing stays in the products' histories.") }</p>
                { field.view() }
                <div class="sheet-actions">
                    { button("button", t("Cancel").into(), cancel, "delivery-close-cancel") }
                    { submit_button(t("Close delivery"), *is_busy, "delivery-close-confirm") }
                </div>
            </form>
        </Sheet>
    }
}

/// Closes it with the reason as it is typed.
#[hook]
fn use_closing(
    props: &CloseSheetProps,
    reason: &UseStateHandle<String>,
    is_busy: &UseStateHandle<bool>,
    fault: &UseStateHandle<Option<String>>,
) -> Callback<SubmitEvent> {
    let (book, toasts) = (use_book(), use_toasts());
    let (id, on_close) = (props.delivery.id, props.on_close.clone());
    let (reason, is_busy, fault) = (reason.clone(), is_busy.setter(), fault.setter());
    Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        if reason.chars().count() > MAX_REASON_CHARS {
            let words = tf("This is longer than {n} characters. Shorten it.", &[("n", &MAX_REASON_CHARS)]);
            return fault.set(Some(words));
        }
        let (book, toasts, on_close) = (book.clone(), toasts.clone(), on_close.clone());
        let (reason, is_busy, fault) = (reason.clone(), is_busy.clone(), fault.clone());
        is_busy.set(true);
        spawn_local(async move {
            match book.close_delivery(id, &reason).await {
                Ok(()) => {
                    toasts.show(Toast::saved(t("It is closed for everyone once it is sent.")));
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
