//! A wrong clock of the device in words.

use crate::use_today::ClockCheck;
use crate::words::format;
use crate::words::language::{t, tf};

const MILLIS_A_MINUTE: u64 = 60_000;

/// The fault and its remedy; `None` for a clock that is right.
pub(super) fn clock_fault(check: ClockCheck) -> Option<String> {
    let ClockCheck { ahead_minutes, device, server } = check;
    if ahead_minutes == 0 {
        return None;
    }
    if device != server {
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("date", &format::date(device)), ("today", &format::date(server))];
        return Some(tf(
            "This device's date is {date}, but today is {today}. Set it in the device's settings.",
            &values,
        ));
    }
    let time = format::duration(off_millis(ahead_minutes));
    Some(if ahead_minutes > 0 {
        tf("This device's clock is {time} fast. Set it in the device's settings.", &[("time", &time)])
    } else {
        tf("This device's clock is {time} slow. Set it in the device's settings.", &[("time", &time)])
    })
}

/// The state of the clock, for a list of facts.
pub(super) fn clock_state(check: Option<ClockCheck>) -> String {
    let Some(ClockCheck { ahead_minutes, .. }) = check else { return t("Not checked yet").to_owned() };
    let time = format::duration(off_millis(ahead_minutes));
    match ahead_minutes {
        ..0 => tf("{time} slow", &[("time", &time)]),
        0 => t("Correct").to_owned(),
        1.. => tf("{time} fast", &[("time", &time)]),
    }
}

fn off_millis(ahead_minutes: i64) -> u64 {
    ahead_minutes.unsigned_abs().saturating_mul(MILLIS_A_MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ahead_minutes: i64, device: &str) -> ClockCheck {
        let date = |text: &str| text.parse().expect("a date");
        ClockCheck { ahead_minutes, device: date(device), server: date("2026-11-29") }
    }

    #[test]
    fn a_wrong_date_is_named_with_the_right_one_and_a_wrong_time_with_its_error() {
        let expected = [
            (check(0, "2026-11-29"), None, "Correct"),
            (
                check(-15 * 366 * 1_440, "2011-11-18"),
                Some(
                    "This device's date is 18 Nov 2011, but today is 29 Nov 2026. Set it in the device's settings.",
                ),
                "5,490 days slow",
            ),
            (
                check(90, "2026-11-29"),
                Some("This device's clock is 1 h fast. Set it in the device's settings."),
                "1 h fast",
            ),
            (
                check(-6, "2026-11-29"),
                Some("This device's clock is 6 min slow. Set it in the device's settings."),
                "6 min slow",
            ),
        ];
        for (check, fault, state) in expected {
            assert_eq!(clock_fault(check).as_deref(), fault, "{check:?}");
            assert_eq!(clock_state(Some(check)), state, "{check:?}");
        }
        assert_eq!(clock_state(None), "Not checked yet");
    }
}
