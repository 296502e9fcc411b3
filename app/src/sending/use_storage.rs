//! The state of this device's storage, polled.

use yew::prelude::*;
use yew_hooks::use_interval;

use crate::device::storage::Storage;
use crate::ui::use_loaded::{Loaded, use_loaded};

/// A long interval, because storage fills slowly.
const ASK_MILLIS: u32 = 60_000;

/// The last known state of the storage; `None` if the browser does not tell, or has not yet. The callback
/// polls again.
#[hook]
pub(crate) fn use_storage() -> (Option<Storage>, Callback<()>) {
    let asked = use_state(|| 0_u32);
    let again = {
        let asked = asked.clone();
        move || asked.set(asked.wrapping_add(1))
    };
    use_interval(again.clone(), ASK_MILLIS);
    let storage = match use_loaded((), *asked, |()| async { Ok(Storage::ask().await) }) {
        Loaded::Ready(storage) => *storage,
        Loaded::Loading | Loaded::Failed(_) => None,
    };
    (storage, Callback::from(move |()| again()))
}
