//! Whether a new build waits for the user's consent.

use yew::prelude::*;

use crate::service_worker;

/// `true` while a new build waits, and the callback that puts it in place.
#[hook]
pub(crate) fn use_update_ready() -> (bool, Callback<()>) {
    let is_ready = use_state(bool::default);
    {
        let setter = is_ready.setter();
        use_effect_with((), move |()| {
            let watch = service_worker::on_update_ready(move || setter.set(true));
            move || drop(watch)
        });
    }
    (*is_ready, Callback::from(|()| service_worker::apply_update()))
}
