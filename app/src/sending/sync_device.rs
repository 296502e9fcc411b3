//! This device: its identity, its storage, and signing out.

use client::ask_to_keep_data;
use sync::Connection;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::Routable;

use super::save_unsent::use_save_unsent;
use super::use_storage::use_storage;
use crate::book::Book;
use crate::device::storage::Storage;
use crate::route::Route;
use crate::ui::button::{button, link_button, resting_button};
use crate::ui::chip::{Tone, chip};
use crate::ui::icon::Glyph;
use crate::ui::save_failure::save_failure;
use crate::ui::sheet::Sheet;
use crate::ui::toasts::{Toast, Toasts, use_toasts};
use crate::use_book::use_book;
use crate::use_offline_sync::OfflineSync;
use crate::words::language::{t, tn};

/// The sync state.
#[derive(Properties, PartialEq)]
pub(crate) struct DeviceCardProps {
    pub(crate) sync: OfflineSync,
}

/// The card.
#[component]
pub(crate) fn DeviceCard(props: &DeviceCardProps) -> Html {
    let sync = &props.sync;
    let name = use_book().device_name();
    let (storage, ask_again) = use_storage();
    let (sign_out, sheet) = use_sign_out(sync);
    let is_signed_out = matches!(sync.is_online, Connection::SignInNeeded | Connection::OtherSite);
    let ask_to_keep = Callback::from(move |_: MouseEvent| {
        let ask_again = ask_again.clone();
        spawn_local(async move {
            ask_to_keep_data().await;
            ask_again.emit(());
        });
    });
    html! {
        <section class="card device" aria-label={t("Device")}>
            if let Some(name) = &name {
                if is_signed_out {
                    { chip(Tone::Attention, Some(Glyph::Key), t("Disconnected"), "device-state") }
                } else {
                    { chip(Tone::Good, Some(Glyph::Tick), t("Connected"), "device-state") }
                }
                <dl class="facts">{ fact(t("This device"), "device", name.clone()) }</dl>
            }
            if let Some(storage) = &storage {
                { storage_facts(storage, ask_to_keep) }
            }
            if is_signed_out {
                { link_button("button", Route::Enrol.to_path(), t("Connect").into(), "device-sign-in") }
            } else if name.is_some() {
                { button("button", t("Disconnect").into(), sign_out, "sign-out") }
            }
            { sheet }
        </section>
    }
}

fn fact(label: &'static str, test: &'static str, value: String) -> Html {
    html! { <div><dt>{ label }</dt><dd data-test={test} translate="no">{ value }</dd></div> }
}

fn storage_facts(storage: &Storage, ask_to_keep: Callback<MouseEvent>) -> Html {
    let kept = if storage.is_kept { t("On") } else { t("Off") };
    html! {
        <>
            <dl class="facts">
                { fact(t("Storage protection"), "storage-kept", kept.to_owned()) }
                { fact(t("Storage used"), "storage-used", storage.words()) }
            </dl>
            if !storage.is_kept {
                <p class="muted">
                    { t("The browser may delete it when space is short. Install the app, then request protection.") }
                </p>
                { button("button", t("Request protection").into(), ask_to_keep, "keep-data") }
            }
        </>
    }
}

/// The state of signing out.
#[derive(Clone)]
struct SigningOut {
    is_open: UseStateHandle<bool>,
    is_busy: UseStateHandle<bool>,
    failure: UseStateHandle<Option<AttrValue>>,
}

/// The callback that opens the sign-out sheet, and the sheet while it is open.
#[hook]
fn use_sign_out(sync: &OfflineSync) -> (Callback<MouseEvent>, Html) {
    let (book, toasts) = (use_book(), use_toasts());
    let state = SigningOut {
        is_open: use_state(bool::default),
        is_busy: use_state(bool::default),
        failure: use_state(Option::default),
    };
    let save = use_save_unsent();
    // The cause of the failure may be gone.
    let failure = state.failure.setter();
    use_effect_with(sync.is_online == Connection::Online, move |is_online| {
        if *is_online {
            failure.set(None);
        }
    });
    let (is_open, failure) = (state.is_open.setter(), state.failure.setter());
    let open = Callback::from(move |_: MouseEvent| {
        failure.set(None);
        is_open.set(true);
    });
    let setter = state.is_open.setter();
    let on_close = Callback::from(move |()| setter.set(false));
    let sign_out = {
        let (state, sync) = (state.clone(), sync.clone());
        Callback::from(move |_: MouseEvent| {
            spawn_local(sign_out(book.clone(), toasts.clone(), sync.clone(), state.clone()));
        })
    };
    let ways = [save.open.reform(|_: MouseEvent| ()), sign_out];
    let sheet = if *state.is_open {
        sign_out_sheet(sync, *state.is_busy, (*state.failure).clone(), on_close, &ways)
    } else {
        Html::default()
    };
    (open, html! { <>{ sheet }{ save.sheet }</> })
}

async fn sign_out(book: Book, toasts: Toasts, sync: OfflineSync, state: SigningOut) {
    if sync.is_online == Connection::WorkingOffline {
        return state.failure.set(Some(t("You chose to work offline. Go online, then disconnect.").into()));
    }
    state.is_busy.set(true);
    match book.sign_out().await {
        Ok(()) => {
            state.is_open.set(false);
            toasts.show(Toast::new(Tone::Good, t("Disconnected"), t("Connect again with a one-time code.")));
            // Only the server's answer to a sync shows that this device is signed out.
            sync.perform_sync();
        }
        Err(sentence) => state.failure.set(Some(sentence.into())),
    }
    state.is_busy.set(false);
}

/// `ways` are the buttons: save unsent changes, sign out.
fn sign_out_sheet(
    sync: &OfflineSync,
    is_busy: bool,
    failure: Option<AttrValue>,
    on_close: Callback<()>,
    [save, sign_out]: &[Callback<MouseEvent>; 2],
) -> Html {
    let sync_now = sync.callback(|sync, _: MouseEvent| sync.perform_sync());
    let sync_word = if sync.is_syncing { t("Syncing…") } else { t("Sync now") };
    let cancel = on_close.reform(|_: MouseEvent| ());
    html! {
        <Sheet title={t("Disconnect this device?")} {on_close} test="sign-out-sheet">
            <p data-test="sign-out-words">{ sign_out_words(sync.pending) }</p>
            { save_failure(failure) }
            if sync.pending > 0 {
                <div class="ways-out">
                    { resting_button(sync.is_syncing, "button strong", sync_word.into(), sync_now, "sign-out-sync") }
                    { button("button", t("Back up unsent work").into(), save.clone(), "sign-out-save") }
                    { resting_button(is_busy, "button danger", t("Disconnect anyway").into(), sign_out.clone(), "sign-out-confirm") }
                </div>
            } else {
                <div class="sheet-actions">
                    { button("button", t("Stay connected").into(), cancel, "sign-out-cancel") }
                    { resting_button(is_busy, "button strong", t("Disconnect").into(), sign_out.clone(), "sign-out-confirm") }
                </div>
            }
        </Sheet>
    }
}

fn sign_out_words(pending: usize) -> String {
    match pending {
        0 => t("Everything is synced. To connect again, you need a new one-time code.").to_owned(),
        pending => tn(
            pending,
            "{n} unsynced change stays on this device and syncs when you connect again.",
            "{n} unsynced changes stay on this device and sync when you connect again.",
        ),
    }
}
