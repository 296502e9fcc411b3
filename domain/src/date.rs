//! Calendar dates without a time or zone, for expiry and receipt.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sync::UnixMillis;

const MILLIS_A_DAY: i64 = 86_400_000;

/// A day of the proleptic Gregorian calendar; as text `2026-11-24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CalendarDate {
    year: u16,
    month: u8,
    day: u8,
}

impl CalendarDate {
    /// A date that exists, from the year 1 on.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let exists = year > 0 && (1..=12).contains(&month) && day >= 1 && day <= days_in(year, month);
        exists.then_some(Self { year, month, day })
    }

    /// The day of `time` in a time zone that is `offset_minutes` ahead of UTC.
    pub fn of(time: UnixMillis, offset_minutes: i32) -> Self {
        let local = time.0.saturating_add(i64::from(offset_minutes) * 60_000);
        Self::from_days(local.div_euclid(MILLIS_A_DAY))
    }

    /// Days from this date to `later`; negative if it lies before.
    pub fn days_until(self, later: Self) -> i64 {
        later.days() - self.days()
    }

    /// Year, month (1 to 12) and day (1 to 31).
    pub fn parts(self) -> (u16, u8, u8) {
        (self.year, self.month, self.day)
    }

    /// Days since 1970-01-01 (Hinnant's `days_from_civil`).
    fn days(self) -> i64 {
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((i64::from(self.month) + 9) % 12) + 2) / 5 + i64::from(self.day) - 1;
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
    }

    /// The inverse (Hinnant's `civil_from_days`), clamped to the years 1 to 9999.
    fn from_days(days: i64) -> Self {
        let shifted = days.clamp(-719_162, 2_932_896) + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        let narrow = |value: i64| u8::try_from(value).unwrap_or(1);
        Self { year: u16::try_from(year).unwrap_or(1), month: narrow(month), day: narrow(day) }
    }
}

fn days_in(year: u16, month: u8) -> u8 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The text is not a date that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a date like 2026-11-24")]
pub struct DateFault;

impl FromStr for CalendarDate {
    type Err = DateFault;

    fn from_str(text: &str) -> Result<Self, DateFault> {
        let bytes = text.as_bytes();
        let digits = |range: std::ops::Range<usize>| {
            let part = text.get(range).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
            part.and_then(|part| part.parse::<u16>().ok()).ok_or(DateFault)
        };
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(DateFault);
        }
        let narrow = |value: u16| u8::try_from(value).map_err(|_| DateFault);
        Self::new(digits(0..4)?, narrow(digits(5..7)?)?, narrow(digits(8..10)?)?).ok_or(DateFault)
    }
}

impl TryFrom<String> for CalendarDate {
    type Error = DateFault;

    fn try_from(text: String) -> Result<Self, DateFault> {
        text.parse()
    }
}

impl From<CalendarDate> for String {
    fn from(date: CalendarDate) -> Self {
        date.to_string()
    }
}

impl fmt::Display for CalendarDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_only_dates_that_exist() {
        for good in ["2026-11-24", "2024-02-29", "2000-02-29", "0001-01-01"] {
            assert_eq!(good.parse::<CalendarDate>().expect(good).to_string(), good);
        }
        for bad in [
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-1-1",
            "24.11.2026",
            "",
            "2026-11-2é",
        ] {
            assert_eq!(bad.parse::<CalendarDate>(), Err(DateFault), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn days_and_dates_agree(days in -700_000_i64..2_900_000) {
            let date = CalendarDate::from_days(days);
            proptest::prop_assert_eq!(date.days(), days);
            proptest::prop_assert_eq!(date.days_until(CalendarDate::from_days(days + 1)), 1);
        }
    }

    #[test]
    fn the_local_day_depends_on_the_offset() {
        let late_evening_utc = UnixMillis(1_795_564_200_000);
        assert_eq!(CalendarDate::of(late_evening_utc, 0).to_string(), "2026-11-24");
        assert_eq!(CalendarDate::of(late_evening_utc, 60).to_string(), "2026-11-25");
    }
}
