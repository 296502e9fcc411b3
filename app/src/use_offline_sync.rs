//! Keeps the page in sync and provides the state to all components below.

use client::{OfflineSyncConfig, Startup, use_offline_sync_of};
use domain::Warehouse;
use futures::FutureExt;
use yew::prelude::*;

use crate::use_book::use_book;
use client::use_provided;

/// The sync state, and the methods that change it.
pub(crate) type OfflineSync = client::OfflineSync<Warehouse>;

/// The props of [`SyncProvider`].
#[derive(Properties, PartialEq)]
pub(crate) struct SyncProviderProps {
    pub(crate) children: Html,
}

/// Keeps the page in sync. Rounds run in the rest of the app, the first one after the first paint.
#[component]
pub(crate) fn SyncProvider(props: &SyncProviderProps) -> Html {
    let book = use_book();
    let startup = || Startup {
        run_round: book.round_runner(),
        first_paint: {
            let book = book.clone();
            async move { book.wait_for_first_paint().await }.boxed_local()
        },
    };
    let sync = use_offline_sync_of(book.client(), OfflineSyncConfig::default(), startup);
    html! { <ContextProvider<OfflineSync> context={sync}>{ props.children.clone() }</ContextProvider<OfflineSync>> }
}

/// The sync state, anywhere below the provider.
#[hook]
pub(crate) fn use_sync() -> OfflineSync {
    use_provided()
}
