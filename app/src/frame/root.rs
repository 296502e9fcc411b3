//! Opens the device's database before anything else, and shows a sentence if that fails.

use gloo_timers::callback::Timeout;
use sync::StoreError;
use yew::prelude::*;

use super::shell::app;
use crate::book::Book;
use crate::use_offline_sync::SyncProvider;
use crate::words::faults_in_words::store_fault;
use crate::words::language::t;

/// The time after which the page offers advice.
const LONG_OPENING_MILLIS: u32 = 5_000;

enum Opening {
    Running,
    Done(Book),
    Failed(StoreError),
}

/// Drops unreadable rows and reloads the page. Unsent mutations stay.
fn fetch_again(_: MouseEvent) {
    wasm_bindgen_futures::spawn_local(async {
        // Remaining errors are shown again by the next opening.
        drop(Book::repair().await);
        client::reload();
    });
}

/// The page's outermost component.
#[component]
pub(crate) fn Root() -> Html {
    let opening = use_state(|| Opening::Running);
    let is_long = use_state(|| false);
    {
        let is_long = is_long.setter();
        use_effect_with((), move |()| {
            let wait = Timeout::new(LONG_OPENING_MILLIS, move || is_long.set(true));
            move || drop(wait)
        });
    }
    {
        let opening = opening.clone();
        use_effect_with((), move |()| {
            wasm_bindgen_futures::spawn_local(async move {
                opening.set(match Book::open().await {
                    Ok(book) => Opening::Done(book),
                    Err(error) => Opening::Failed(error),
                });
            });
        });
    }
    match &*opening {
        Opening::Running => {
            html! {
                <main class="opening" aria-busy="true">
                    <h1 translate="no">{ "Lotbook" }</h1>
                    <p role="status">{ t("Opening Lotbook…") }</p>
                    if *is_long {
                        <p role="status" data-test="open-long">
                            { t("This is taking longer than usual. Close other windows of Lotbook. If that doesn't help, reload.") }
                        </p>
                    }
                </main>
            }
        }
        Opening::Done(book) => html! {
            <ContextProvider<Book> context={book.clone()}>
                <SyncProvider>{ app() }</SyncProvider>
            </ContextProvider<Book>>
        },
        Opening::Failed(error) => html! {
            <main class="opening">
                <div role="alert">
                    <h1>{ t("Lotbook can't open its data") }</h1>
                    <p data-test="open-error">{ store_fault(error) }</p>
                    <p>{ t("Your saved work is safe. Nothing new can be saved until this is fixed.") }</p>
                </div>
                <button class="button primary" onclick={|_| client::reload()}>{ t("Try again") }</button>
                if let StoreError::Corrupt(_) = error {
                    <button class="button" onclick={fetch_again} data-test="open-repair">
                        { t("Download everything again") }
                    </button>
                }
            </main>
        },
    }
}
