//! How this device's storage stands, asked again now and then.

use yew::prelude::*;
use yew_hooks::use_interval;

use crate::device::storage::Storage;
use crate::ui::use_loaded::{Loaded, use_loaded};

/// It fills slowly.
const ASK_MILLIS: u32 = 60_000;

/// The storage as last told; none where the browser does not say, or before it has. The callback asks again.
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
