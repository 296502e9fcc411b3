//! Saves a table as a file, and shows a toast.

use std::pin::Pin;

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::chip::Tone;
use super::toasts::{Toast, use_toasts};
use crate::device::download::download;
use crate::words::language::{t, tf};

/// A table to save.
pub(crate) struct Table {
    /// The file name.
    pub(crate) name: String,
    /// The content, or the error while reading it.
    pub(crate) text: Pin<Box<dyn Future<Output = Result<String, String>>>>,
}

/// Saves tables as downloads.
#[hook]
pub(crate) fn use_save_table() -> Callback<Table> {
    let toasts = use_toasts();
    Callback::from(move |Table { name, text }: Table| {
        let toasts = toasts.clone();
        spawn_local(async move {
            let saved = match text.await {
                Ok(text) => download(&name, "text/csv;charset=utf-8", &text),
                Err(error) => Err(error),
            };
            toasts.show(match saved {
                Ok(()) => {
                    Toast::new(Tone::Good, t("Saved as a file"), tf("Saved as {name}", &[("name", &name)]))
                }
                Err(error) => Toast::new(Tone::Attention, t("The file was not saved"), error),
            });
        });
    })
}
