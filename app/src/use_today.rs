//! The date, for everything that depends on expiry dates. By the server's time, because a device's own date may be wrong.

use client::Signal;
use domain::CalendarDate;
use sync::UnixMillis;
use yew::prelude::*;
use yew_hooks::use_interval;

use crate::book::Book;
use crate::ui::use_clock::{TICK_MILLIS, offset_minutes};
use crate::use_book::use_book;

const MILLIS_A_MINUTE: i64 = 60_000;

/// The local date.
pub(crate) fn today(book: &Book) -> CalendarDate {
    local_date(book.client().server_now())
}

/// The local date. The component is drawn again when it changes.
#[hook]
pub(crate) fn use_today() -> CalendarDate {
    let book = use_book();
    let drawn = use_state_eq(|| today(&book));
    {
        let (book, drawn) = (book.clone(), drawn.setter());
        use_interval(move || drawn.set(today(&book)), TICK_MILLIS);
    }
    {
        let drawn = drawn.setter();
        use_effect_with(book.clone(), move |book| {
            let watched = book.clone();
            let watch = book.client().watch(move |signal| {
                if matches!(signal, Signal::Status) {
                    drawn.set(today(&watched));
                }
            });
            move || drop(watch)
        });
    }
    // A page that was suspended shows the right date before the next tick.
    today(&book)
}

/// A comparison of the device's clock with the server's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClockCheck {
    /// Minutes by which the clock is ahead; negative if it is behind, 0 if it is right.
    pub(crate) ahead_minutes: i64,
    /// The date by the device's clock.
    pub(crate) device: CalendarDate,
    /// The date by the server's time.
    pub(crate) server: CalendarDate,
}

impl ClockCheck {
    /// `None` before the first answer of a server.
    pub(crate) fn of(book: &Book) -> Option<Self> {
        let ahead_minutes = book.client().clock_ahead_minutes()?;
        let server = book.client().server_now();
        let device = UnixMillis(server.0.saturating_add(ahead_minutes.saturating_mul(MILLIS_A_MINUTE)));
        Some(Self { ahead_minutes, device: local_date(device), server: local_date(server) })
    }
}

fn local_date(at: UnixMillis) -> CalendarDate {
    CalendarDate::of(at, offset_minutes(at))
}
