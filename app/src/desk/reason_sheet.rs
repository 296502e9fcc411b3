//! Asks for confirmation and a reason before something is settled for everyone.

use domain::{Action, MAX_REASON_CHARS};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::record_faults::not_recorded;
use super::undo::undo;
use crate::device::feedback::{self, Feedback};
use crate::ui::button::{button, submit_button};
use crate::ui::field::Field;
use crate::ui::sheet::Sheet;
use crate::ui::toasts::{Toast, use_toasts};
use crate::use_book::use_book;
use crate::words::language::{t, tf};

/// The change to confirm.
#[derive(Properties, PartialEq)]
pub(crate) struct ReasonSheetProps {
    pub(crate) title: AttrValue,
    /// The question for the reason.
    pub(crate) label: &'static str,
    /// Frequent reasons.
    pub(crate) suggestions: Vec<AttrValue>,
    /// The label of the button.
    pub(crate) confirm: AttrValue,
    /// The text of the toast once it is saved.
    pub(crate) saved: AttrValue,
    /// The action to record for a reason, which may be empty.
    pub(crate) action: Callback<String, Action>,
    pub(crate) on_close: Callback<()>,
    /// Explanation of the consequences.
    pub(crate) children: Html,
}

/// The sheet.
#[component]
pub(crate) fn ReasonSheet(props: &ReasonSheetProps) -> Html {
    let reason = use_state(String::new);
    let is_busy = use_state(bool::default);
    let fault = use_state(Option::<AttrValue>::default);
    let on_change = {
        let (reason, fault) = (reason.setter(), fault.setter());
        Callback::from(move |text| {
            reason.set(text);
            fault.set(None);
        })
    };
    let onsubmit = use_settling(props, &reason, &is_busy, &fault);
    let field = Field {
        id: "settle-reason",
        label: props.label,
        value: &reason,
        on_change,
        hint: t("Shown in the history."),
        fault: (*fault).clone(),
        optional: true,
        suggestions: props.suggestions.clone(),
        ..Field::default()
    };
    let cancel = props.on_close.reform(|_: MouseEvent| ());
    html! {
        <Sheet title={props.title.clone()} on_close={props.on_close.clone()} test="reason-sheet">
            <form {onsubmit}>
                { props.children.clone() }
                { field.view() }
                <div class="sheet-actions">
                    { button("button", t("Cancel").into(), cancel, "reason-cancel") }
                    { submit_button(props.confirm.clone(), *is_busy, "reason-confirm") }
                </div>
            </form>
        </Sheet>
    }
}

/// Records the action with the typed reason.
#[hook]
fn use_settling(
    props: &ReasonSheetProps,
    reason: &UseStateHandle<String>,
    is_busy: &UseStateHandle<bool>,
    fault: &UseStateHandle<Option<AttrValue>>,
) -> Callback<SubmitEvent> {
    let (book, toasts) = (use_book(), use_toasts());
    let ReasonSheetProps { saved, action, on_close, .. } = props;
    let (saved, action, on_close) = (saved.clone(), action.clone(), on_close.clone());
    let (reason, is_busy, fault) = (reason.clone(), is_busy.setter(), fault.setter());
    Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        if reason.chars().count() > MAX_REASON_CHARS {
            let words = tf("This is longer than {n} characters. Shorten it.", &[("n", &MAX_REASON_CHARS)]);
            return fault.set(Some(words.into()));
        }
        let action = action.emit(reason.trim().to_owned());
        let (book, toasts, saved) = (book.clone(), toasts.clone(), saved.clone());
        let (on_close, is_busy, fault) = (on_close.clone(), is_busy.clone(), fault.clone());
        is_busy.set(true);
        spawn_local(async move {
            match book.record(action, 0).await {
                Ok(mutation) => {
                    feedback::give(Feedback::Saved);
                    let undo = undo(&book, &toasts, vec![mutation.id]);
                    toasts.show(Toast::saved(saved.to_string()).offering(t("Undo"), undo));
                    on_close.emit(());
                }
                Err(error) => {
                    fault.set(Some(not_recorded(&error, None).into()));
                    is_busy.set(false);
                }
            }
        });
    })
}
