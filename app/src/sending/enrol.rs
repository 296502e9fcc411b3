//! Enrols this device with a one-time code.

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::prelude::*;

use crate::device::preferences::Preferences;
use crate::route::{Route, use_query};
use crate::ui::button::submit_button;
use crate::ui::chip::Tone;
use crate::ui::faults::Faults;
use crate::ui::field::{Field, Takes};
use crate::ui::page_head::PageHead;
use crate::ui::save_failure::save_failure;
use crate::ui::toasts::{Toast, use_toasts};
use crate::use_book::use_book;
use crate::use_offline_sync::use_sync;
use crate::words::language::t;

/// The code, if the link contains one.
#[derive(Properties, PartialEq)]
pub(crate) struct EnrolPageProps {
    #[prop_or_default]
    pub(crate) code: String,
}

/// The page.
#[component]
pub(crate) fn EnrolPage(props: &EnrolPageProps) -> Html {
    let book = use_book();
    let code = use_state(|| props.code.clone());
    let given = use_query("name");
    let name = use_state(|| given.or_else(|| book.device_name()).unwrap_or_default());
    let faults = use_state(Faults::default);
    let failure = use_state(Option::<AttrValue>::default);
    let is_busy = use_state(bool::default);
    let enrolled = use_enrolled();
    let onsubmit = {
        let (code, name, faults) = (code.clone(), name.clone(), faults.clone());
        let (failure, is_busy) = (failure.clone(), is_busy.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let mut found = Faults::default();
            if code.trim().is_empty() {
                found.note("enrol-code", t("Enter the code from your supervisor or the server."));
            }
            let is_complete = found.is_empty();
            faults.set(found);
            if !is_complete || *is_busy {
                return;
            }
            is_busy.set(true);
            failure.set(None);
            let (book, code, name) = (book.clone(), (*code).clone(), (*name).clone());
            let (enrolled, failure, is_busy) = (enrolled.clone(), failure.clone(), is_busy.clone());
            spawn_local(async move {
                match book.enrol(code.trim(), name.trim()).await {
                    Ok(()) => enrolled.emit(()),
                    Err(sentence) => {
                        failure.set(Some(sentence.into()));
                        is_busy.set(false);
                    }
                }
            });
        })
    };
    html! {
        <form class="page form" {onsubmit} novalidate={true} data-test="enrol-form">
            <PageHead title={t("Connect this device")} back={Route::Stock} />
            <p class="lead">
                { t("Enter your one-time code to connect. Your saved work stays on this device.") }
            </p>
            <div class="fields">{ fields(&code, &name, &faults) }</div>
            <div class="actions">
                { save_failure((*failure).clone()) }
                { submit_button(if *is_busy { t("Asking the server…") } else { t("Connect this device") }, *is_busy, "enrol-submit") }
            </div>
        </form>
    }
}

/// The steps after enrolling: a first sync, and on a new device its first steps.
#[hook]
fn use_enrolled() -> Callback<()> {
    let (sync, toasts, navigator) = (use_sync(), use_toasts(), use_navigator());
    Callback::from(move |()| {
        toasts.show(Toast::new(Tone::Good, t("Device connected"), t("Downloading the stock list…")));
        sync.perform_sync();
        if let Some(navigator) = &navigator {
            let is_new = !Preferences::load().is_welcomed;
            navigator.replace(if is_new { &Route::Welcome } else { &Route::Stock });
        }
    })
}

fn fields(code: &UseStateHandle<String>, name: &UseStateHandle<String>, faults: &Faults) -> Html {
    let put = |state: &UseStateHandle<String>| {
        let state = state.clone();
        Callback::from(move |text| state.set(text))
    };
    let code = Field {
        id: "enrol-code",
        label: t("One-time code"),
        value: code,
        on_change: put(code),
        fault: faults.of("enrol-code"),
        takes: Takes::Code,
        hint: t("Scan or type it. It works once."),
        ..Field::default()
    };
    let name = Field {
        id: "device-name",
        label: t("Name of this device"),
        value: name,
        on_change: put(name),
        optional: true,
        hint: t("E.g. Forklift 2."),
        ..Field::default()
    };
    html! { <>{ code.view() }{ name.view() }</> }
}
