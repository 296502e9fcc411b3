//! Dates of six digits.

use crate::date::CalendarDate;

/// Year of the century, month and day; none if `text` does not begin with six digits.
pub(super) fn two_digits(text: &str) -> Option<[u8; 3]> {
    let at = |from: usize| text.get(from..from + 2)?.parse().ok();
    Some([at(0)?, at(2)?, at(4)?])
}

/// YYMMDD near `today`: the year is between 49 years back and 50 years ahead; day 00 is the last day of its
/// month (section 7.12).
pub(super) fn date(text: &str, today: CalendarDate) -> Option<CalendarDate> {
    let [year, month, day] = two_digits(text)?;
    let (this_year, ..) = today.parts();
    let century = this_year - this_year % 100;
    let full = match i32::from(year) - i32::from(this_year % 100) {
        51..=99 => (century - 100) + u16::from(year),
        -99..=-50 => (century + 100) + u16::from(year),
        _ => century + u16::from(year),
    };
    if day > 0 {
        return CalendarDate::new(full, month, day);
    }
    (28..=31).rev().find_map(|last| CalendarDate::new(full, month, last))
}
