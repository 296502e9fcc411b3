//! Opens the device's database before anything else, and says so in a sentence when that fails.

use sync::StoreError;
use yew::prelude::*;

use super::shell::app;
use crate::book::Book;
use crate::use_offline_sync::SyncProvider;
use crate::words::faults_in_words::store_fault;
use crate::words::language::t;

enum Opening {
    Running,
    Done(Book),
    Failed(StoreError),
}

/// Forgets what cannot be read of the stock list, and begins anew. What waits to be sent stays.
fn fetch_again(_: MouseEvent) {
    wasm_bindgen_futures::spawn_local(async {
        // What still cannot be read is said again by the next opening.
        drop(Book::repair().await);
        client::reload();
    });
}

/// The page's outermost component.
#[component]
pub(crate) fn Root() -> Html {
    let opening = use_state(|| Opening::Running);
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
                    <p role="status">{ t("Opening your stock book…") }</p>
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
                    <h1>{ t("Lotbook cannot open its data") }</h1>
                    <p data-test="open-error">{ store_fault(error) }</p>
                    <p>{ t("Nothing that was saved is lost. Until this is mended, nothing new can be saved.") }</p>
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
