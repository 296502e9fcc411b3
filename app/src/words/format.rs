//! Formats numbers, dates and ages in the language of the screens. Pure: the current time is a parameter.

use domain::{CalendarDate, Money, Quantity};
use sync::UnixMillis;

use super::language::{self, DateStyle, decimal_sign, localized_date, t, tf, tn, with_groups};

const MINUTE_MILLIS: u64 = 60_000;
const HOUR_MILLIS: u64 = 60 * MINUTE_MILLIS;
const DAY_MILLIS: u64 = 24 * HOUR_MILLIS;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Time since `then`: `just now`, `3 min ago`, `2 h ago`, `5 days ago`.
pub(crate) fn ago(then: UnixMillis, now: UnixMillis) -> String {
    match now.since(then) {
        0..MINUTE_MILLIS => t("just now").to_owned(),
        // In other languages, days have another case than in "3 days".
        passed @ DAY_MILLIS.. => {
            tn(usize::try_from(passed / DAY_MILLIS).unwrap_or_default(), "{n} day ago", "{n} days ago")
        }
        passed => tf("{time} ago", &[("time", &duration(passed))]),
    }
}

/// Time until `then`: `now`, `in 20 s`, `in 4 min`.
pub(crate) fn ahead(then: UnixMillis, now: UnixMillis) -> String {
    match then.since(now) {
        0..1_000 => t("now").to_owned(),
        left => tf("in {time}", &[("time", &duration(left))]),
    }
}

/// A duration in its largest unit: `3 min`, `1 day`.
pub(crate) fn duration(millis: u64) -> String {
    match millis {
        ..MINUTE_MILLIS => tf("{n} s", &[("n", &(millis / 1_000))]),
        MINUTE_MILLIS..HOUR_MILLIS => tf("{n} min", &[("n", &(millis / MINUTE_MILLIS))]),
        HOUR_MILLIS..DAY_MILLIS => tf("{n} h", &[("n", &(millis / HOUR_MILLIS))]),
        _ => days(i64::try_from(millis / DAY_MILLIS).unwrap_or(i64::MAX)),
    }
}

/// An unambiguous date: `31 Dec 2026`.
pub(crate) fn date(date: CalendarDate) -> String {
    let (year, _, day) = date.parts();
    in_style(date, DateStyle::Day).unwrap_or_else(|| format!("{day} {} {year}", english_month(date)))
}

/// An abbreviated month: `Dec`.
pub(crate) fn month(date: CalendarDate) -> String {
    in_style(date, DateStyle::Month).unwrap_or_else(|| english_month(date).to_owned())
}

/// `Dec 2026`.
pub(crate) fn month_and_year(date: CalendarDate) -> String {
    in_style(date, DateStyle::MonthAndYear)
        .unwrap_or_else(|| format!("{} {}", english_month(date), date.parts().0))
}

#[expect(clippy::cast_precision_loss, reason = "a float has every millisecond of the calendar's years")]
fn in_style(date: CalendarDate, style: DateStyle) -> Option<String> {
    let days = CalendarDate::of(UnixMillis(0), 0).days_until(date);
    localized_date(days.saturating_mul(DAY_MILLIS.cast_signed()) as f64, style)
}

fn english_month(date: CalendarDate) -> &'static str {
    MONTHS.get(usize::from(date.parts().1).saturating_sub(1)).copied().unwrap_or_default()
}

/// A sortable time: `2026-11-21 09:05`, at the given offset from UTC.
pub(crate) fn moment(time: UnixMillis, offset_minutes: i32) -> String {
    let minutes = time.0.div_euclid(60_000) + i64::from(offset_minutes);
    let of_day = minutes.rem_euclid(24 * 60);
    format!("{} {:02}:{:02}", CalendarDate::of(time, offset_minutes), of_day / 60, of_day % 60)
}

/// Time until a date: `Expired`, `Expires today`, `1 day left`, `41 days left`.
pub(crate) fn days_left(today: CalendarDate, date: CalendarDate) -> String {
    match today.days_until(date) {
        ..0 => t("Expired").to_owned(),
        0 => t("Expires today").to_owned(),
        left => tn(usize::try_from(left).unwrap_or_default(), "{n} day left", "{n} days left"),
    }
}

/// `1 day`, `41 days`.
pub(crate) fn days(days: i64) -> String {
    tn(usize::try_from(days).unwrap_or_default(), "{n} day", "{n} days")
}

/// A quantity with digit groups and the decimal sign of the language: `1,250.5`, `1.250,5`.
pub(crate) fn quantity(quantity: Quantity) -> String {
    in_groups(&quantity.to_string())
}

/// A quantity as one types it: without digit groups or the invisible characters for the text direction.
pub(crate) fn typed(quantity: Quantity) -> String {
    with_decimal_sign(quantity.to_string())
}

/// A quantity that is not negative with one to three decimals, as labels have them: `1.250`.
pub(crate) fn fixed(quantity: Quantity, decimals: usize) -> String {
    let thousandths = format!("{:03}", quantity.0 % 1_000);
    in_groups(&format!("{}.{}", quantity.0 / 1_000, thousandths.get(..decimals).unwrap_or_default()))
}

/// A change with its sign: `+5`, `−1,250`.
pub(crate) fn signed(change: Quantity) -> String {
    let sign = if change > Quantity::ZERO { "+" } else { "" };
    in_groups(&format!("{sign}{change}"))
}

/// An amount in its currency: `€ 1,234.50`, `€ 1.234,50`.
pub(crate) fn money(money: &Money) -> String {
    in_groups(&money.to_string())
}

/// A round number in few characters, for a chart's axis: `250`, `20k`, `1.5M`.
pub(crate) fn short(value: i64) -> String {
    let (unit, letter) = match value.unsigned_abs() {
        ..10_000 => (1, ""),
        10_000..1_000_000 => (1_000, "k"),
        1_000_000..1_000_000_000 => (1_000_000, "M"),
        _ => (1_000_000_000, "G"),
    };
    let (whole, tenth) = (value / unit, (value % unit).abs() * 10 / unit);
    let text = if tenth == 0 { format!("{whole}{letter}") } else { format!("{whole}.{tenth}{letter}") };
    in_groups(&text)
}

/// Like [`short`], for whole units of a currency.
pub(crate) fn short_money(minor: i64, currency: &str) -> String {
    let decimals = u32::try_from(Money::decimals(currency)).unwrap_or_default();
    short(minor / 10_i64.pow(decimals))
}

/// A plain number, perhaps in a currency, with digit groups and the signs of the language.
fn in_groups(text: &str) -> String {
    let start = text.find(|char: char| char.is_ascii_digit()).unwrap_or(text.len());
    let (before, number) = text.split_at(start);
    let end = number.find(|char: char| !char.is_ascii_digit()).unwrap_or(number.len());
    let (whole, after) = number.split_at(end);
    language::as_number(format!("{before}{}{}", with_groups(whole), with_decimal_sign(after.to_owned())))
}

fn with_decimal_sign(text: String) -> String {
    if decimal_sign() == '.' { text } else { text.replace('.', ",") }
}

/// An English word with a capital: `put away` becomes `Put away`.
pub(crate) fn capitalised(text: &str) -> String {
    let mut text = text.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_795_564_200_000);

    #[test]
    fn formats_time_since_and_until() {
        let before = |millis: i64| ago(UnixMillis(NOW.0 - millis), NOW);
        assert_eq!(before(59_999), "just now");
        assert_eq!(before(60_000), "1 min ago");
        assert_eq!(before(3 * 3_600_000 - 1), "2 h ago");
        assert_eq!(before(25 * 3_600_000), "1 day ago");
        assert_eq!(before(-5_000), "just now");
        assert_eq!(ahead(NOW.plus(20_500), NOW), "in 20 s");
        assert_eq!(ahead(NOW.plus(240_000), NOW), "in 4 min");
        assert_eq!(ahead(UnixMillis(0), NOW), "now");
    }

    #[test]
    fn formats_dates() {
        let day = |text: &str| text.parse::<CalendarDate>().expect("a date");
        assert_eq!(date(day("2026-12-31")), "31 Dec 2026");
        assert_eq!(days_left(day("2026-11-20"), day("2026-12-31")), "41 days left");
        assert_eq!(days_left(day("2026-11-20"), day("2026-11-21")), "1 day left");
        assert_eq!(days_left(day("2026-11-20"), day("2026-11-20")), "Expires today");
        assert_eq!(days_left(day("2026-11-20"), day("2026-11-19")), "Expired");
    }

    #[test]
    fn formats_moments() {
        assert_eq!(moment(UnixMillis(0), 0), "1970-01-01 00:00");
        assert_eq!(moment(UnixMillis(0), -90), "1969-12-31 22:30");
        assert_eq!(moment(UnixMillis(1_795_566_299_999), 60), "2026-11-25 01:24");
    }

    #[test]
    fn formats_counts() {
        assert_eq!(days(1), "1 day");
        assert_eq!(quantity(Quantity(2_500)), "2.5");
        assert_eq!(quantity(Quantity(-99_999_999_500)), "−99,999,999.5");
        assert_eq!(typed(Quantity::units(12_345)), "12345", "fields take no groups");
        assert_eq!((fixed(Quantity(1_250), 3), fixed(Quantity(4_990), 2)), ("1.250".into(), "4.99".into()));
        assert_eq!(signed(Quantity::units(5)), "+5");
        assert_eq!(signed(Quantity::units(1_250)), "+1,250");
        let worth = |minor, currency: &str| money(&Money { minor, currency: currency.to_owned() });
        assert_eq!(worth(123_456_789, "EUR"), "€\u{a0}1,234,567.89");
        assert_eq!(worth(-100_000, "USD"), "$−1,000.00");
        let shortened = [0, 9_999, 20_000, 50_500, 999_000, 1_500_000, 2_000_000_000].map(short);
        assert_eq!(shortened, ["0", "9,999", "20k", "50.5k", "999k", "1.5M", "2G"]);
        assert_eq!((short_money(5_000_000, "EUR"), short_money(500, "JPY")), ("50k".into(), "500".into()));
        assert_eq!((worth(99_999, "GBP"), worth(1_000, "JPY")), ("£999.99".into(), "JPY\u{a0}1,000".into()));
        assert_eq!(signed(Quantity::units(-5)), "−5");
        assert_eq!(capitalised("put away"), "Put away");
    }
}
