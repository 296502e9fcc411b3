//! One product with its lots: from the device at once, completed by the server's data if it can be reached.

use std::rc::Rc;

use sync::Connection;
use uuid::Uuid;
use yew::prelude::*;

use crate::book::views::{Elsewhere, ProductView};
use crate::ui::use_loaded::{Loaded, use_loaded};
use crate::use_book::{use_book, use_book_version};
use crate::use_offline_sync::use_sync;
use crate::use_today::use_today;
use crate::words::faults_in_words::store_fault;

/// The product as stored on the device, with pending mutations. A product that the device does not hold is
/// fetched from the server.
#[hook]
pub(crate) fn use_product(id: Uuid) -> Loaded<Option<ProductView>> {
    let book = use_book();
    let version = use_book_version();
    let today = use_today();
    let is_reachable = use_sync().is_online == Connection::Online;

    let held = {
        let book = book.clone();
        use_loaded(id, (version, today), move |id| async move {
            let held = book.product(id, today).await.map_err(|error| store_fault(&error))?;
            if held.is_some() || !is_reachable {
                return Ok(held);
            }
            match book.download_product(id).await {
                Ok(Some(_)) => book.product(id, today).await.map_err(|error| store_fault(&error)),
                // Unknown to the server too, or the server cannot be asked: the page says that it is not on
                // this device.
                Ok(None) | Err(_) => Ok(None),
            }
        })
    };
    let elsewhere = use_loaded(id, is_reachable, move |id| async move { Ok(book.elsewhere(id).await) });
    match (held, elsewhere) {
        (Loaded::Ready(held), Loaded::Ready(elsewhere)) if held.is_some() => {
            Loaded::Ready(with_elsewhere(&held, &elsewhere))
        }
        (held, _) => held,
    }
}

fn with_elsewhere(held: &Option<ProductView>, elsewhere: &Elsewhere) -> Rc<Option<ProductView>> {
    Rc::new(held.clone().map(|view| ProductView { elsewhere: elsewhere.clone(), ..view }))
}
