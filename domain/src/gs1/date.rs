//! Dates of six digits, and of other layouts.

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
    day_of_month(full, month, day)
}

/// The date whose digits are where `layout` has `Y`, `M`, `D`, or `J` for the day of the year. Two digits are a
/// year from 2000 on. Without a day, and with day 00, it is the last day of the month.
pub(super) fn date_in(text: &str, layout: &str) -> Option<CalendarDate> {
    let number = |letter: char| {
        let digits = text.get(layout.find(letter)?..=layout.rfind(letter)?)?;
        digits.parse::<u16>().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let year = number('Y').map(|year| if year < 100 { 2000 + year } else { year })?;
    if layout.contains('J') {
        let days = |month| (1..=31).filter_map(move |day| CalendarDate::new(year, month, day));
        return (1..=12).flat_map(days).nth(usize::from(number('J')?).checked_sub(1)?);
    }
    let day = if layout.contains('D') { number('D')? } else { 0 };
    day_of_month(year, u8::try_from(number('M')?).ok()?, u8::try_from(day).ok()?)
}

/// Whether six or eight digits, with or without signs between them, are a day from 2000 to 2099, as many lot codes are:
/// 20260131, 310126, 2026-01-31.
pub fn looks_like_date(code: &str) -> bool {
    let digits = code.replace(['-', '.', '/'], "");
    let layouts: &[&str] = match digits.len() {
        6 => &["YYMMDD", "DDMMYY", "MMDDYY"],
        8 => &["YYYYMMDD", "DDMMYYYY", "MMDDYYYY"],
        _ => &[],
    };
    let years = 2000..2100;
    layouts.iter().filter_map(|layout| date_in(&digits, layout)).any(|date| years.contains(&date.parts().0))
}

fn day_of_month(year: u16, month: u8, day: u8) -> Option<CalendarDate> {
    if day > 0 {
        return CalendarDate::new(year, month, day);
    }
    (28..=31).rev().find_map(|last| CalendarDate::new(year, month, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_may_be_a_day_is_recognized() {
        for day in
            ["20260131", "31012026", "01312026", "310126", "013126", "260131", "2026-01-31", "31.01.26"]
        {
            assert!(looks_like_date(day), "{day}");
        }
        for other in ["4006381333932", "19991231", "20263131", "313126", "L260131", "26013", "", "96385075"] {
            assert!(!looks_like_date(other), "{other}");
        }
    }

    #[test]
    fn dates_are_found_in_every_layout() {
        for (text, layout, expected) in [
            ("0927", "MMYY", Some("2027-09-30")),
            ("093027", "MMDDYY", Some("2027-09-30")),
            ("270930", "YYMMDD", Some("2027-09-30")),
            ("270200", "YYMMDD", Some("2027-02-28")),
            ("27093014", "YYMMDDHH", Some("2027-09-30")),
            ("20280229", "YYYYMMDD", Some("2028-02-29")),
            ("27001", "YYJJJ", Some("2027-01-01")),
            ("27060", "YYJJJ", Some("2027-03-01")),
            ("28060", "YYJJJ", Some("2028-02-29")),
            ("27365", "YYJJJ", Some("2027-12-31")),
            ("2836608", "YYJJJHH", Some("2028-12-31")),
            ("27366", "YYJJJ", None),
            ("27000", "YYJJJ", None),
            ("1327", "MMYY", None),
            ("270230", "YYMMDD", None),
            ("27+1+1", "YYMMDD", None),
            ("2709", "YYMMDD", None),
            ("2709AB", "YYMMDD", None),
            ("", "", None),
        ] {
            let found = date_in(text, layout).map(|date| date.to_string());
            assert_eq!(found.as_deref(), expected, "{text} as {layout}");
        }
    }
}
