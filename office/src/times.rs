//! Times in the language and the time zone of the browser.

use js_sys::{Date, Object, Reflect};
use sync::UnixMillis;
use wasm_bindgen::JsValue;

use crate::words::{current, t, tf};

const MINUTE_MILLIS: i64 = 60_000;
/// A clock that is off by no more is right enough.
const MAX_CLOCK_ERROR_MILLIS: i64 = 5 * MINUTE_MILLIS;

/// Day and time.
pub(crate) fn shown(at: UnixMillis) -> String {
    let options = Object::new();
    for name in ["dateStyle", "timeStyle"] {
        let length = if name == "dateStyle" { "medium" } else { "short" };
        // It fails only for values that are not objects.
        drop(Reflect::set(&options, &name.into(), &length.into()));
    }
    // Exact: times in milliseconds are far below 2^53.
    let date = Date::new(&JsValue::from_f64(at.0 as f64));
    date.to_locale_string(&format!("{}-u-nu-latn", current()), &options).into()
}

/// Day and time, or that it never happened.
pub(crate) fn shown_or_never(at: Option<UnixMillis>) -> String {
    at.map_or_else(|| t("Never").to_owned(), shown)
}

/// How far a clock is off, if it is worth a look.
pub(crate) fn clock_words(ahead_millis: Option<i64>) -> Option<String> {
    let ahead = ahead_millis.filter(|ahead| ahead.saturating_abs() > MAX_CLOCK_ERROR_MILLIS)?;
    let minutes = ahead.saturating_abs() / MINUTE_MILLIS;
    Some(if ahead > 0 {
        tf("{n} min ahead", &[("n", &minutes)])
    } else {
        tf("{n} min behind", &[("n", &minutes)])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_worth_a_word_from_five_minutes_on() {
        assert_eq!(clock_words(None), None);
        assert_eq!(clock_words(Some(300_000)), None);
        assert_eq!(clock_words(Some(-300_001)).as_deref(), Some("5 min behind"));
        assert_eq!(clock_words(Some(7_200_000)).as_deref(), Some("120 min ahead"));
    }
}
