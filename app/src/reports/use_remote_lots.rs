//! The lots that devices do not hold, fetched while a report is open.

use sync::Connection;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::book::remote_lots::RemoteState;
use crate::use_book::use_book;
use crate::use_offline_sync::use_sync;

/// Whether the survey has them. The server is asked at once, and again after each round.
#[hook]
pub(crate) fn use_remote_lots() -> RemoteState {
    let (book, sync) = (use_book(), use_sync());
    let state = use_state_eq(|| book.remote_lots().map_or(RemoteState::Asking, RemoteState::Known));
    let setter = state.setter();
    use_effect_with((sync.is_online, sync.status.last_sync_at), move |(connection, _)| {
        let is_asked = *connection != Connection::WorkingOffline;
        spawn_local(async move {
            let known = book.remote_lots().map_or(RemoteState::Missing, RemoteState::Known);
            setter.set(if is_asked { book.fetch_remote_lots().await } else { known });
        });
    });
    *state
}
