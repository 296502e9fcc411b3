//! Keeps the lots of a transfer as a draft until they are moved.

use domain::Action;
use sync::UnixMillis;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::Routable;

use super::transfer_list::{TransferChange, TransferList};
use crate::desk::draft::use_kept_draft;
use crate::device::drafts;
use crate::route::Route;
use crate::use_book::use_book;
use crate::words::local_storage;

/// Where builds before 0.2 kept the list.
const OLD_KEY: &str = "lotbook.transfer";

/// The list as it was left, with the time of its last change.
fn load(address: &str) -> Option<(UnixMillis, TransferList)> {
    let now = browser::now();
    let old = local_storage::read(OLD_KEY).map(|list: TransferList| (now, list));
    local_storage::forget(OLD_KEY);
    drafts::find(address, now).or(old).filter(|(_, list)| *list != TransferList::default())
}

/// The list. It is kept as a draft until all of it is moved.
#[hook]
pub(crate) fn use_list() -> (UseReducerHandle<TransferList>, Option<UnixMillis>, Callback<()>) {
    let address = Route::Transfer.to_path();
    let found = use_state(|| load(&address));
    let list = use_reducer(|| found.as_ref().map(|(_, list)| list.clone()).unwrap_or_default());
    let clear = {
        let (dispatch, found) = (list.dispatcher(), found.setter());
        Callback::from(move |()| {
            dispatch.dispatch(TransferChange::Clear);
            found.set(None);
        })
    };
    use_moved_lines(&found, &list);
    let is_empty = *list == TransferList::default();
    {
        // What is collected next is no longer the draft.
        let found = found.setter();
        use_effect_with(is_empty, move |is_empty| {
            if *is_empty {
                found.set(None);
            }
        });
    }
    let draft = (!is_empty).then(|| (*list).clone());
    use_kept_draft(&address, (*list).clone(), draft);
    (list, found.as_ref().map(|(at, _)| *at), clear)
}

/// Removes lines that were moved already: the browser writes its storage later than the database, so a kill just after
/// a save leaves them behind.
#[hook]
fn use_moved_lines(
    found: &UseStateHandle<Option<(UnixMillis, TransferList)>>,
    list: &UseReducerHandle<TransferList>,
) {
    let (book, found, dispatch) = (use_book(), found.clone(), list.dispatcher());
    use_effect_with((), move |()| {
        spawn_local(async move {
            let Some((at, list)) = &*found else { return };
            for line in &list.lines {
                let is_it = |action: &Action| list.moved_by(action) == Some(&line.lot);
                if book.has_saved(|one| one.captured_at >= *at && is_it(&one.action)).await {
                    dispatch.dispatch(TransferChange::Done(line.lot.clone()));
                }
            }
        });
    });
}
