//! "Restore backup of unsent work": adds a file saved by another device to this device's queue.

use sync::TakenIn;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{File, HtmlInputElement};
use yew::prelude::*;

use crate::book::Book;
use crate::ui::icon::{Glyph, icon};
use crate::use_book::use_book;
use crate::words::faults_in_words::file_fault;
use crate::words::language::{t, tf, tn};

/// Larger than any file with the maximum number of entries.
const MAX_FILE_BYTES: f64 = 100_000_000.0;

/// The button, and the result of the last import.
#[component]
pub(crate) fn TakeInUnsent() -> Html {
    let book = use_book();
    let said = use_state(Option::<Result<String, String>>::default);
    let is_busy = use_state(bool::default);
    let onchange = {
        let (said, is_busy) = (said.clone(), is_busy.clone());
        Callback::from(move |event: Event| {
            let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
            let Some(input) = input else { return };
            let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
            // So that the same file can be selected again.
            input.set_value("");
            let (book, said, is_busy) = (book.clone(), said.clone(), is_busy.clone());
            is_busy.set(true);
            said.set(None);
            spawn_local(async move {
                said.set(Some(take_in(&book, &file).await));
                is_busy.set(false);
            });
        })
    };
    html! {
        <div class="take-in">
            <label class="button">
                { icon(Glyph::PutAway) }{ if *is_busy { t("Reading the file…") } else { t("Restore backup of unsent work") } }
                <input class="visually-hidden" type="file" accept=".json,application/json" disabled={*is_busy}
                    {onchange} data-test="take-in" />
            </label>
            <div role="status">
                if let Some(Ok(sentence)) = &*said {
                    <p class="said tone-good" data-test="taken-in">{ icon(Glyph::Tick) }<span>{ sentence }</span></p>
                }
            </div>
            <div role="alert">
                if let Some(Err(sentence)) = &*said {
                    <p class="said tone-attention" data-test="take-in-failure">
                        { icon(Glyph::Attention) }<span>{ sentence }</span>
                    </p>
                }
            </div>
        </div>
    }
}

async fn take_in(book: &Book, file: &File) -> Result<String, String> {
    if file.size() > MAX_FILE_BYTES {
        let sentence = t("The file is larger than 100 MB, so it isn't a Lotbook backup. Choose another.");
        return Err(sentence.to_owned());
    }
    let unreadable = |_| t("The file cannot be read. Choose it again.").to_owned();
    let text = JsFuture::from(file.text()).await.map_err(unreadable)?.as_string().unwrap_or_default();
    let taken = book.client().take_in_unsent(&text).await.map_err(|error| file_fault(&error))?;
    Ok(sentence(taken))
}

/// `3 changes were added, to sync from here; 1 change was already here.`
fn sentence(taken: TakenIn) -> String {
    let added =
        |n| tn(n, "{n} change was added, to sync from here", "{n} changes were added, to sync from here");
    let here = |n| tn(n, "{n} change was already here", "{n} changes were already here");
    match (taken.added, taken.skipped) {
        (0, 0) => t("This file is empty.").to_owned(),
        (0, n) => tf("Nothing was added: {skipped}.", &[("skipped", &here(n))]),
        (n, 0) => tf("{added}.", &[("added", &added(n))]),
        (n, skipped) => tf("{added}; {skipped}.", &[("added", &added(n)), ("skipped", &here(skipped))]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_number_of_added_changes() {
        let said = |added, skipped| sentence(TakenIn { added, skipped });
        assert_eq!(said(0, 0), "This file is empty.");
        assert_eq!(said(0, 1), "Nothing was added: 1 change was already here.");
        assert_eq!(said(3, 0), "3 changes were added, to sync from here.");
        assert_eq!(said(1, 2), "1 change was added, to sync from here; 2 changes were already here.");
    }
}
