//! The entries that need attention, besides this device's own changes.

use domain::{Conflict, StockException, UnknownCode};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use wasm_split_helpers::wasm_split;
use yew::prelude::*;

use crate::book::Book;
use crate::goods::use_queue::use_queue;
use crate::rest::NotLoaded;
use crate::ui::use_clock::use_now;
use crate::ui::use_loaded::{Loaded, use_loaded};
use crate::use_book::{use_book, use_book_version};
use crate::words::faults_in_words::{not_loaded, store_fault};

/// Number of pending changes above which the count is throttled.
const MANY_PENDING: usize = 100;
/// Interval of the throttled count.
const RECOUNT_MILLIS: i64 = 15_000;

/// The entries that need attention.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Inbox {
    /// The site's exceptions, newest first.
    pub(crate) exceptions: Vec<StockException>,
    /// Unknown codes, last scanned first.
    pub(crate) codes: Vec<UnknownCode>,
    /// Changes of other devices that were not booked, newest first.
    pub(crate) conflicts: Vec<Conflict>,
}

/// The inbox as stored on the device, with pending mutations.
#[hook]
pub(crate) fn use_inbox() -> Loaded<Inbox> {
    let version = use_book_version();
    use_inbox_as_of((version, 0))
}

#[hook]
fn use_inbox_as_of(version: (u64, i64)) -> Loaded<Inbox> {
    let book = use_book();
    use_loaded((), version, move |()| async move {
        book.wait_for_first_paint().await;
        read_inbox(book).await.map_err(not_loaded)?
    })
}

/// Reads it with code from the split-off part of the wasm.
#[wasm_split(rest, fallible, return_wrapper(let inbox = _; { Ok(inbox.await) } -> Result<Result<Inbox, String>, NotLoaded>))]
fn read_inbox(book: Book) -> LocalBoxFuture<'static, Result<Inbox, String>> {
    async move { Inbox::read(&book).await }.boxed_local()
}

impl Inbox {
    /// The number of entries.
    fn len(&self) -> usize {
        self.exceptions.len() + self.codes.len() + self.conflicts.len()
    }

    /// Reads it.
    ///
    /// # Errors
    /// The sentence to show.
    async fn read(book: &Book) -> Result<Self, String> {
        let exceptions = book.exceptions().await.map_err(|error| store_fault(&error))?;
        let codes = book.unknown_codes().await.map_err(|error| store_fault(&error))?;
        let conflicts = book.conflicts().await.map_err(|error| store_fault(&error))?;
        Ok(Self { exceptions, codes, conflicts })
    }
}

/// The number of entries that need attention.
#[hook]
pub(crate) fn use_inbox_count() -> usize {
    let (version, now, queue) = (use_book_version(), use_now(), use_queue());
    let attention = queue.iter().filter(|record| !record.is_pending()).count();
    // The count reads each lot with pending mutations, and the next save must not wait for that.
    let as_of = if queue.len() > MANY_PENDING { (0, now.0 / RECOUNT_MILLIS) } else { (version, 0) };
    match use_inbox_as_of(as_of) {
        Loaded::Ready(inbox) => attention + inbox.len(),
        // The inbox page shows the error.
        Loaded::Loading | Loaded::Failed(_) => attention,
    }
}
