//! Components that open the device's data and hand client and sync state to everything below them.

use sync::{AppNames, Model, StoreError};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::host::{PageClient, open_page};
use super::use_offline_sync::{OfflineSync, OfflineSyncConfig, use_offline_sync};
use super::use_provided::use_provided;

/// The props of [`OfflineProvider`].
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct OfflineProviderProps {
    /// The application's names.
    pub names: &'static AppNames,
    /// When to sync, and the callbacks.
    #[prop_or_default]
    pub config: OfflineSyncConfig,
    /// Rendered until the database is open.
    #[prop_or_default]
    pub opening: Html,
    /// Renders the error of a database that cannot be opened.
    #[prop_or_else(|| Callback::from(failed))]
    pub failed: Callback<StoreError, Html>,
    /// Rendered once it is open.
    pub children: Html,
}

fn failed(error: StoreError) -> Html {
    html! { <p role="alert">{ error.to_string() }</p> }
}

/// Opens the device's data, then provides [`PageClient`] and [`OfflineSync`] to its children.
#[component]
pub fn OfflineProvider<M: Model>(props: &OfflineProviderProps) -> Html {
    let opened = use_state(|| None::<Result<PageClient<M>, StoreError>>);
    {
        let setter = opened.setter();
        use_effect_with(props.names, move |names| {
            let names = *names;
            spawn_local(async move { setter.set(Some(open_page(names).await)) });
        });
    }
    match &*opened {
        None => props.opening.clone(),
        Some(Err(error)) => props.failed.emit(error.clone()),
        Some(Ok(client)) => html! {
            <ContextProvider<PageClient<M>> context={client.clone()}>
                <SyncProvider<M> config={props.config.clone()}>{ props.children.clone() }</SyncProvider<M>>
            </ContextProvider<PageClient<M>>>
        },
    }
}

/// The props of [`SyncProvider`].
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct SyncProviderProps {
    /// When to sync, and the callbacks.
    #[prop_or_default]
    pub config: OfflineSyncConfig,
    /// Rendered below the provider.
    pub children: Html,
}

/// Keeps the page in sync and provides [`OfflineSync`] to its children. It needs a [`PageClient`] in its context.
#[component]
pub fn SyncProvider<M: Model>(props: &SyncProviderProps) -> Html {
    let sync = use_offline_sync::<M>(props.config.clone());
    html! { <ContextProvider<OfflineSync<M>> context={sync}>{ props.children.clone() }</ContextProvider<OfflineSync<M>>> }
}

/// The state of syncing, anywhere below [`SyncProvider`].
///
/// # Panics
/// Outside the provider: a mistake in the program that the first rendering shows.
#[hook]
pub fn use_sync<M: Model>() -> OfflineSync<M> {
    use_provided()
}

/// The device's data, anywhere below [`OfflineProvider`].
///
/// # Panics
/// Outside the provider: a mistake in the program that the first rendering shows.
#[hook]
pub fn use_client<M: Model>() -> PageClient<M> {
    use_provided()
}
