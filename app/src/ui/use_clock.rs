//! The device's time for pages. The date is in `use_today`.

use sync::UnixMillis;
use wasm_bindgen::JsValue;
use yew::prelude::*;
use yew_hooks::use_interval;

/// Ages are shown in minutes, so this interval is short enough.
pub(crate) const TICK_MILLIS: u32 = 15_000;

/// The device's time, right or wrong, for ages of what it recorded itself; updated with every tick.
#[hook]
pub(crate) fn use_now() -> UnixMillis {
    let time = use_state(browser::now);
    {
        let time = time.clone();
        use_interval(move || time.set(browser::now()), TICK_MILLIS);
    }
    // A page that was suspended shows the right time before the next tick.
    (*time).max(browser::now())
}

/// The local offset from UTC at a given time, in minutes.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "whole minutes within a day, and milliseconds far below 2^53"
)]
pub(crate) fn offset_minutes(at: UnixMillis) -> i32 {
    -(js_sys::Date::new(&JsValue::from_f64(at.0 as f64)).get_timezone_offset() as i32)
}
