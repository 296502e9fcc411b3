//! Views whose code is loaded after the first page.

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use wasm_split_helpers::SplitLoaderError;
use yew::prelude::*;

use super::placeholder::skeleton;
use super::use_loaded::{Loaded, use_loaded};
use crate::rest::NotLoaded;
use crate::words::faults_in_words::not_loaded;

/// Loads the code of a view: the function that `preload` makes for its split function.
pub(crate) type Load = fn() -> LocalBoxFuture<'static, Result<(), SplitLoaderError>>;

/// A view of the rest: rendered at once if its code is loaded, otherwise as soon as `load` has finished.
/// `drawing` calls the split function; `failure` renders a load error.
#[hook]
pub(crate) fn use_later(
    load: Load,
    drawing: impl Future<Output = Result<Html, NotLoaded>>,
    failure: fn(&str) -> Html,
) -> Html {
    let loaded = use_loaded((), (), move |()| {
        load().map(|loaded| loaded.map_err(|error| not_loaded(NotLoaded::from(error))))
    });
    match (drawing.now_or_never(), loaded) {
        (Some(Ok(view)), _) => view,
        (_, Loaded::Failed(message)) => failure(&message),
        _ => html! { <div class="page">{ skeleton() }</div> },
    }
}
