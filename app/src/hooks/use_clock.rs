//! The time as pages show it.

use domain::CalendarDate;
use sync::UnixMillis;
use yew::prelude::*;
use yew_hooks::use_interval;

/// Ages are told in minutes, so this is often enough.
const TICK_MILLIS: u32 = 15_000;

/// Now, give or take a tick.
#[hook]
pub(crate) fn use_now() -> UnixMillis {
    let time = use_state(browser::now);
    {
        let time = time.clone();
        use_interval(move || time.set(browser::now()), TICK_MILLIS);
    }
    // A page that was asleep shows the right time before the next tick.
    (*time).max(browser::now())
}

/// The day where this device is.
#[hook]
pub(crate) fn use_today() -> CalendarDate {
    CalendarDate::of(use_now(), offset_minutes())
}

/// How far the device's clocks are ahead of UTC.
#[expect(clippy::cast_possible_truncation, reason = "whole minutes within a day")]
fn offset_minutes() -> i32 {
    -(js_sys::Date::new_0().get_timezone_offset() as i32)
}
