//! Tells that a change was not saved because the device is full, and what to do.

use futures::FutureExt;
use wasm_split_helpers::wasm_split;
use yew::prelude::*;

use super::save_unsent::use_save_unsent;
use crate::rest::NotLoaded;
use crate::ui::button::button;
use crate::ui::later::use_later;
use crate::ui::placeholder::read_failure;
use crate::ui::sheet::Sheet;
use crate::use_offline_sync::use_sync;
use crate::words::language::t;
use client::Threat;

/// A sheet, shown until the user has acknowledged it, once its code is loaded.
#[component]
pub(crate) fn StorageFullLater() -> Html {
    use_later(|| load_sheet().boxed_local(), draw_sheet(), read_failure)
}

#[wasm_split(rest, fallible, preload(load_sheet))]
fn draw_sheet() -> Result<Html, NotLoaded> {
    Ok(html! { <StorageFull /> })
}

#[component]
fn StorageFull() -> Html {
    let sync = use_sync();
    let save = use_save_unsent();
    let dismiss = sync.callback(|sync, ()| sync.dismiss(Threat::Refused));
    let (close, open) = (dismiss.reform(|_: MouseEvent| ()), save.open.reform(|_: MouseEvent| ()));
    html! {
        <>
            if sync.threats.contains(&Threat::Refused) {
                <Sheet title={t("Not saved: this device is full")} on_close={dismiss} test="storage-full">
                    <p>{ t("Your entry is still here. Free some space on this device, such as photos or downloads, then save again.") }</p>
                    if sync.pending > 0 {
                        <p>{ t("Earlier work is safe. You can back it up elsewhere.") }</p>
                    }
                    <div class="sheet-actions">
                        if sync.pending > 0 {
                            { button("button", t("Back up unsent work").into(), open, "full-save") }
                        }
                        { button("button strong", t("Back").into(), close, "full-close") }
                    </div>
                </Sheet>
            }
            { save.sheet }
        </>
    }
}
