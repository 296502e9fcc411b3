//! Quantities in files. A number that can be read two ways, such as `1,250`, is refused.

use domain::{Quantity, ascii_digits, unit_decimals};

use super::file::Fault;
use crate::booking::shortened;

/// The decimal sign of a file's numbers. The other sign groups thousands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum DecimalSign {
    /// 1.250,5 is one thousand two hundred and fifty and a half
    Comma,
    /// 1,250.5 is one thousand two hundred and fifty and a half
    Point,
}

impl DecimalSign {
    const fn sign(self) -> char {
        match self {
            Self::Comma => ',',
            Self::Point => '.',
        }
    }

    const fn group(self) -> char {
        match self {
            Self::Comma => '.',
            Self::Point => ',',
        }
    }

    /// As typed behind `--decimal`, and the name of the sign that groups thousands.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Comma => ("comma", "point"),
            Self::Point => ("point", "comma"),
        }
    }
}

/// Parses a quantity of a product that is counted or measured in `unit`.
pub(crate) fn quantity(
    column: &'static str,
    text: &str,
    decimal: Option<DecimalSign>,
    unit: &str,
) -> Result<Quantity, Fault> {
    let fault = |reason: String| (column, format!("\"{}\" {reason}", shortened(text)));
    let digits = ascii_digits(text);
    let plain = match decimal {
        Some(decimal) => without_groups(&digits, decimal).ok_or_else(|| fault(badly_grouped(decimal)))?,
        None => match two_readings(&digits) {
            Some(reason) => return Err(fault(reason)),
            None => digits,
        },
    };
    let quantity = Quantity::parse(&plain).map_err(|cause| fault(cause.to_string()))?;
    if unit_decimals(unit) == 0 && quantity.0 % 1_000 != 0 {
        let unit = shortened(unit);
        return Err(fault(format!(
            "is not a whole number, but this product is counted, not measured (its unit is \"{unit}\"); correct \
             the number or the unit"
        )));
    }
    Ok(quantity)
}

/// The sign and the digits of a number.
fn signed(text: &str) -> (&str, &str) {
    let digits = text.strip_prefix(['-', '\u{2212}', '+']).unwrap_or(text);
    (text.strip_suffix(digits).unwrap_or_default(), digits)
}

/// The number with a decimal point and without groups; none if its thousands are not grouped by three digits.
fn without_groups(text: &str, decimal: DecimalSign) -> Option<String> {
    let (sign, digits) = signed(text);
    let (whole, fraction) = digits.split_once(decimal.sign()).unwrap_or((digits, ""));
    if fraction.contains(decimal.group()) {
        return None;
    }
    let mut groups = whole.split(decimal.group());
    let first = groups.next().unwrap_or_default();
    let later: Vec<&str> = groups.collect();
    let is_grouped = (1..=3).contains(&first.len()) && !first.starts_with('0');
    let is_valid = later.is_empty() || (is_grouped && later.iter().all(|group| group.len() == 3));
    is_valid.then(|| format!("{sign}{first}{}.{fraction}", later.concat()))
}

fn badly_grouped(decimal: DecimalSign) -> String {
    let (name, group) = decimal.names();
    format!("is not grouped in thousands; with --decimal {name}, a {group} stands before every three digits")
}

/// The reason why a number needs `--decimal`, if it does.
fn two_readings(text: &str) -> Option<String> {
    let (sign, digits) = signed(text);
    let (whole, fraction) = digits.split_once([',', '.'])?;
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if are_digits(whole) && fraction.contains([',', '.']) && fraction.split([',', '.']).all(are_digits) {
        return Some(
            "has several signs; say the decimal one with --decimal comma or --decimal point".to_owned(),
        );
    }
    let is_group = (1..=3).contains(&whole.len()) && !whole.starts_with('0') && fraction.len() == 3;
    if !is_group || !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    let decimal = fraction.trim_end_matches('0');
    let point = if decimal.is_empty() { "" } else { "." };
    Some(format!(
        "may be {sign}{whole}{fraction} or {sign}{whole}{point}{decimal}; say which with --decimal comma or \
         --decimal point"
    ))
}

#[cfg(test)]
mod tests {
    use super::DecimalSign::{Comma, Point};
    use super::*;

    fn read(text: &str, decimal: Option<DecimalSign>) -> Result<i64, String> {
        quantity("quantity", text, decimal, "kg").map(|quantity| quantity.0).map_err(|(_, reason)| reason)
    }

    #[test]
    fn a_number_with_two_readings_is_refused_with_both() {
        let reason = |text: &str| read(text, None).expect_err(text);
        assert_eq!(
            reason("1,250"),
            "\"1,250\" may be 1250 or 1.25; say which with --decimal comma or --decimal point"
        );
        assert!(reason("12.000").starts_with("\"12.000\" may be 12000 or 12; "));
        assert!(reason("-999,001").starts_with("\"-999,001\" may be -999001 or -999.001; "));
        assert!(reason("\u{661},\u{662}\u{665}\u{660}").contains("may be 1250 or 1.25"));
        assert!(reason("1,250.5").contains("has several signs; say the decimal one with --decimal comma"));
    }

    #[test]
    fn other_numbers_are_read_as_before() {
        for (text, thousandths) in [
            ("12", 12_000),
            ("0,125", 125),
            ("0.125", 125),
            ("1,25", 1_250),
            ("1.2500", 1_250),
            ("1250,125", 1_250_125),
            ("-3", -3_000),
            ("12.0", 12_000),
        ] {
            assert_eq!(read(text, None), Ok(thousandths), "{text}");
        }
        assert_eq!(read("x", None), Err("\"x\" is not a number".to_owned()));
        assert_eq!(read("1.2x,3", None), Err("\"1.2x,3\" is not a number".to_owned()));
        assert_eq!(read("0.0001", None), Err("\"0.0001\" has more than three decimals".to_owned()));
    }

    #[test]
    fn a_given_decimal_sign_makes_the_other_one_group_thousands() {
        for (text, decimal, thousandths) in [
            ("1,250", Point, 1_250_000),
            ("1.250", Point, 1_250),
            ("1,250.5", Point, 1_250_500),
            ("-1,234,567.125", Point, -1_234_567_125),
            ("1250.5", Point, 1_250_500),
            ("0.5", Point, 500),
            ("1.250", Comma, 1_250_000),
            ("1,250", Comma, 1_250),
            ("1.250,5", Comma, 1_250_500),
            ("+12.345.678", Comma, 12_345_678_000),
        ] {
            assert_eq!(read(text, Some(decimal)), Ok(thousandths), "{text} {decimal:?}");
        }
    }

    #[test]
    fn badly_grouped_thousands_are_refused() {
        for text in ["1,25", "0,125", ",125", "1250,500", "1,2500", "1,25,000", "1.250,5", "1,", "1,,000"] {
            let expected = format!(
                "\"{text}\" is not grouped in thousands; with --decimal point, a comma stands before every three \
                 digits"
            );
            assert_eq!(read(text, Some(Point)), Err(expected));
        }
        let reason = |text: &str, decimal| read(text, Some(decimal)).expect_err(text);
        assert!(reason("1,250.5", Comma).contains("with --decimal comma, a point"));
        for text in ["", "a,bcd", "1.2.3", "1,2x4"] {
            assert_eq!(reason(text, Point), format!("\"{text}\" is not a number"));
        }
    }

    #[test]
    fn a_counted_product_has_whole_quantities() {
        let counted = |text| quantity("quantity", text, None, "each").map(|quantity| quantity.0);
        assert_eq!(counted("12.0"), Ok(12_000));
        assert_eq!(
            counted("2.5"),
            Err((
                "quantity",
                "\"2.5\" is not a whole number, but this product is counted, not measured (its unit is \
                 \"each\"); correct the number or the unit"
                    .to_owned()
            ))
        );
        assert!(counted("12.000").is_err_and(|(_, reason)| reason.contains("may be 12000 or 12")));
        assert_eq!(quantity("quantity", "12.000", Some(Point), "each"), Ok(Quantity::units(12)));
    }
}
