//! What needs a person, besides this device's own changes.

use domain::StockException;
use yew::prelude::*;

use super::{Loaded, use_book, use_book_version, use_loaded, use_queue};
use crate::book::UnknownCode;

/// What waits for somebody.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Inbox {
    /// What is odd at the site, the newest first.
    pub(crate) exceptions: Vec<StockException>,
    /// Codes that nobody knew on this device, the newest first.
    pub(crate) codes: Vec<UnknownCode>,
}

/// The inbox as the device has it, pending work included.
#[hook]
pub(crate) fn use_inbox() -> Loaded<Inbox> {
    let book = use_book();
    let version = use_book_version();
    use_loaded((), version, move |()| async move {
        let exceptions = book.exceptions().await.map_err(|error| error.to_string())?;
        let codes = book.unknown_codes().await.map_err(|error| error.to_string())?;
        Ok(Inbox { exceptions, codes })
    })
}

/// How many things need a person.
#[hook]
pub(crate) fn use_inbox_count() -> usize {
    let attention = use_queue().iter().filter(|record| !record.is_pending()).count();
    match use_inbox() {
        Loaded::Ready(inbox) => attention + inbox.exceptions.len() + inbox.codes.len(),
        // Whoever opens the inbox is told why it cannot be read.
        Loaded::Loading | Loaded::Failed(_) => attention,
    }
}
