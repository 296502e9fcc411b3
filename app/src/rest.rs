//! What the first screen does without: most pages, and the work behind the scenes. The build cuts it off into a file of its
//! own (`xtask/src/split.rs`), which arrives while the first screen is drawn.
//!
//! What only the split functions here reach is in that file; whatever else names it pulls it back into the first one.

use browser::Notice;
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::LocalBoxFuture;
use uuid::Uuid;
use wasm_split_helpers::{SplitLoaderError, wasm_split};
use yew::prelude::*;

use crate::book::Book;
use crate::desk::camera_sheet::{CameraSheet, CameraSheetProps};
use crate::desk::saving::{TakenBack, take_back};
use crate::desk::scanner::Scans;
use crate::engine::Engine;
use crate::frame::not_found::to_stock;
use crate::frame::pages;
use crate::inbox::use_inbox::Inbox;
use crate::route::Route;
use crate::sending::storage_full::StorageFull;
use crate::ui::placeholder::{page_failure, read_failure, skeleton};
use crate::ui::toasts::Toasts;
use crate::ui::use_loaded::{Loaded, use_loaded};
use crate::words::language::t;

/// Something to look at.
#[derive(Clone, PartialEq)]
pub(crate) enum View {
    Page(Route, Option<Uuid>),
    Camera(CameraSheetProps),
    StorageFull,
}

/// Something to do.
pub(crate) enum Job {
    Round { engine: Engine, steal: bool },
    Scans(Scans),
    Survey(Book),
    TakeIn { book: Book, notice: Notice },
    TakeBack { book: Book, toasts: Toasts, back: TakenBack },
    Inbox { book: Book, found: oneshot::Sender<Result<Inbox, String>> },
}

#[derive(Properties, PartialEq)]
pub(crate) struct LaterProps {
    pub(crate) view: View,
}

/// A view that is drawn as soon as its code is there.
#[component]
pub(crate) fn Later(props: &LaterProps) -> Html {
    let loaded = use_loaded((), (), |()| load());
    // Where the code is there already, nothing else is drawn first.
    match (draw(props.view.clone()).now_or_never(), loaded) {
        (Some(Ok(view)), _) => view,
        (_, Loaded::Failed(message)) => match props.view {
            // Some pages have no bar to leave them by.
            View::Page(..) => {
                html! { <div class="page">{ page_failure(&message, to_stock("button")) }</div> }
            }
            View::Camera(_) | View::StorageFull => read_failure(&message),
        },
        _ => html! { <div class="page">{ skeleton() }</div> },
    }
}

/// Loads the rest.
///
/// # Errors
/// The sentence to show; the next call tries again.
pub(crate) async fn load() -> Result<(), String> {
    load_views().await.map_err(|_| not_loaded())
}

/// Does a job, once its code is there.
///
/// # Errors
/// The sentence to show: nothing of it was done.
pub(crate) async fn run(job: Job) -> Result<(), String> {
    begin(job).await.map_err(|_| not_loaded())?.await;
    Ok(())
}

/// Does a job for which nobody waits.
pub(crate) fn spawn(job: Job) {
    wasm_bindgen_futures::spawn_local(async { drop(run(job).await) });
}

fn not_loaded() -> String {
    t("A part of Lotbook could not be loaded. It needs the network until all of it is on this device.")
        .to_owned()
}

#[wasm_split(rest, fallible, preload(load_views))]
fn draw(view: View) -> Result<Html, SplitLoaderError> {
    Ok(match view {
        View::Page(route, lot) => pages::page(route, lot),
        View::Camera(props) => html! { <CameraSheet ..props /> },
        View::StorageFull => html! { <StorageFull /> },
    })
}

#[wasm_split(rest, fallible)]
fn begin(job: Job) -> Result<LocalBoxFuture<'static, ()>, SplitLoaderError> {
    Ok(match job {
        Job::Round { engine, steal } => async move { engine.round(steal).await }.boxed_local(),
        Job::Scans(scans) => async move { scans.work_off().await }.boxed_local(),
        Job::TakeIn { book, notice } => async move { book.take_in(notice, true).await }.boxed_local(),
        Job::TakeBack { book, toasts, back } => {
            async move { take_back(&book, &toasts, back).await }.boxed_local()
        }
        Job::Inbox { book, found } => async move { drop(found.send(Inbox::read(&book).await)) }.boxed_local(),
        Job::Survey(book) => async move { book.bring_survey_up().await }.boxed_local(),
    })
}
