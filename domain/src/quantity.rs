//! Quantities in whole thousandths of a product's unit, and money in minor units. Never a float.

use std::fmt;
use std::ops::{Add, AddAssign, Neg, Sub};

use serde::{Deserialize, Serialize};

use crate::digits::ascii_digits;

/// The Arabic sign between thousands. It has one meaning only, unlike `,` and `.`.
const ARABIC_GROUP: char = '\u{66c}';
/// The signs that a number may have among its digits: decimal signs, and [`ARABIC_GROUP`].
pub const NUMBER_SIGNS: [char; 4] = ['.', ',', ARABIC_DECIMAL, ARABIC_GROUP];
/// The Arabic decimal sign.
const ARABIC_DECIMAL: char = '\u{66b}';
/// The largest accepted number, in units of its last decimal place.
const MAX_DECIMAL: i64 = 1_000_000_000_000;

/// Thousandths of the product's unit: `2500` is 2.5 kg, or two and a half boxes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quantity(pub i64);

/// The reason why a text is not a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityFault {
    /// Not a decimal number.
    #[error("is not a number")]
    NotANumber,
    /// Finer than thousandths.
    #[error("has more than three decimals")]
    TooFine,
    /// Beyond [`Quantity::MAX`], or [`Money::MAX_MINOR`].
    #[error("is more than 1,000,000,000")]
    TooLarge,
}

impl Quantity {
    /// Zero.
    pub const ZERO: Self = Self(0);
    /// The largest quantity of one movement: a billion units.
    pub const MAX: Self = Self(MAX_DECIMAL);

    /// Whole units.
    pub const fn units(units: i64) -> Self {
        Self(units.saturating_mul(1_000))
    }

    /// Parses `12`, `0.5`, `0,5` or `-3`: at most three decimals, any decimal sign, digits of any script.
    ///
    /// # Errors
    /// [`QuantityFault`]; it completes a sentence such as "Quantity "x" ...".
    pub fn parse(text: &str) -> Result<Self, QuantityFault> {
        decimal(text, 3).map(Self)
    }

    /// The number for files, which other programs read: with the ASCII minus sign. `1.125` has a fourth
    /// decimal, because it could be read as one thousand one hundred and twenty-five.
    pub fn for_files(self) -> String {
        let (whole, fraction) = (self.0.unsigned_abs() / 1_000, self.0.unsigned_abs() % 1_000);
        let has_two_readings = (1..1_000).contains(&whole) && fraction % 10 != 0;
        self.to_string().replace('\u{2212}', "-") + if has_two_readings { "0" } else { "" }
    }

    /// The number with digit groups, for English sentences: `1,250.5`.
    pub fn grouped(self) -> String {
        let text = self.to_string();
        let is_digit = |char: char| char.is_ascii_digit();
        let (sign, number) = text.split_at(text.find(is_digit).unwrap_or_default());
        let (whole, fraction) = number.split_at(number.find('.').unwrap_or(number.len()));
        format!("{sign}{}{fraction}", with_groups(whole))
    }

    /// Whether its absolute value is at most [`Self::MAX`].
    pub fn in_range(self) -> bool {
        self.0.unsigned_abs() <= Self::MAX.0.unsigned_abs()
    }
}

/// Digits in groups of three, for English sentences: `100,000`.
pub fn with_groups(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Parses a decimal number as whole units of its last decimal place.
fn decimal(text: &str, decimals: usize) -> Result<i64, QuantityFault> {
    let text = ascii_digits(text.trim());
    let (sign, digits) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(&text)),
    };
    let (whole, fraction) = digits.split_once(['.', ',', ARABIC_DECIMAL]).unwrap_or((digits, ""));
    let whole = without_groups(whole).ok_or(QuantityFault::NotANumber)?;
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !is_number(&whole) || !is_number(fraction) {
        return Err(QuantityFault::NotANumber);
    }
    if fraction.trim_end_matches('0').len() > decimals {
        return Err(QuantityFault::TooFine);
    }
    let units = format!("0{whole}{:0<decimals$}", fraction.get(..decimals).unwrap_or(fraction));
    let value: i64 = units.parse().map_err(|_| QuantityFault::TooLarge)?;
    if value > MAX_DECIMAL { Err(QuantityFault::TooLarge) } else { Ok(sign * value) }
}

/// The digits without the Arabic sign between thousands; none if it stands elsewhere.
fn without_groups(digits: &str) -> Option<String> {
    let mut groups = digits.split(ARABIC_GROUP);
    let first = groups.next().unwrap_or_default();
    let later: Vec<&str> = groups.collect();
    let is_grouped = (1..=3).contains(&first.len()) && later.iter().all(|group| group.len() == 3);
    (later.is_empty() || is_grouped).then(|| format!("{first}{}", later.concat()))
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "\u{2212}" } else { "" };
        let (whole, fraction) = (self.0.unsigned_abs() / 1_000, self.0.unsigned_abs() % 1_000);
        if fraction == 0 {
            write!(f, "{sign}{whole}")
        } else {
            let decimals = format!("{fraction:03}");
            write!(f, "{sign}{whole}.{}", decimals.trim_end_matches('0'))
        }
    }
}

impl Add for Quantity {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Quantity {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Quantity {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Quantity {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

/// An amount in a currency's minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Money {
    /// Minor units: cents of a euro.
    pub minor: i64,
    /// ISO 4217, such as `EUR`.
    pub currency: String,
}

impl Money {
    /// The largest price, in minor units.
    pub const MAX_MINOR: i64 = MAX_DECIMAL;

    /// The price of `quantity` at `unit_price_minor` a unit, half a minor unit rounded up.
    pub fn of(quantity: Quantity, unit_price_minor: i64, currency: &str) -> Self {
        let exact = i128::from(quantity.0) * i128::from(unit_price_minor);
        let minor = i64::try_from((exact + 500).div_euclid(1_000)).unwrap_or(i64::MAX);
        Self { minor, currency: currency.to_owned() }
    }

    /// Number of decimals of a currency (ISO 4217; most have two).
    pub fn decimals(currency: &str) -> usize {
        match currency {
            "JPY" | "KRW" | "VND" | "CLP" | "ISK" | "XAF" | "XOF" | "UGX" | "PYG" => 0,
            "KWD" | "BHD" | "OMR" | "JOD" | "TND" | "IQD" | "LYD" => 3,
            _ => 2,
        }
    }

    /// Parses a decimal amount of `currency`, such as `2.40`.
    ///
    /// # Errors
    /// [`QuantityFault`], with the currency's decimals in place of three, and [`Money::MAX_MINOR`] as the
    /// limit.
    pub fn parse_minor(text: &str, currency: &str) -> Result<i64, QuantityFault> {
        decimal(text, Self::decimals(currency))
    }

    /// The amount as a plain decimal without its currency.
    pub fn plain(&self) -> String {
        let decimals = Self::decimals(&self.currency);
        let digits = format!("{:0>width$}", self.minor.unsigned_abs(), width = decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        let sign = if self.minor < 0 { "\u{2212}" } else { "" };
        if decimals == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.currency.as_str() {
            "EUR" => write!(f, "€\u{a0}{}", self.plain()),
            "USD" => write!(f, "${}", self.plain()),
            "GBP" => write!(f, "£{}", self.plain()),
            other => write!(f, "{other}\u{a0}{}", self.plain()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_have_digit_groups() {
        let grouped =
            [Quantity(1_250_500), Quantity::units(-99_999_999), Quantity::units(999)].map(Quantity::grouped);
        assert_eq!(grouped, ["1,250.5", "\u{2212}99,999,999", "999"]);
    }

    #[test]
    fn parses_typed_quantities() {
        let good = [
            ("12", 12_000),
            ("0.5", 500),
            ("0,125", 125),
            ("-3", -3_000),
            (".5", 500),
            (" 7. ", 7_000),
            ("1.5000", 1_500),
            ("\u{663}", 3_000),
            ("-\u{661}\u{662}\u{66b}\u{665}", -12_500),
            ("\u{6f1}\u{66c}\u{6f2}\u{6f5}\u{6f0}", 1_250_000),
            ("1\u{66c}234\u{66c}567\u{66b}125", 1_234_567_125),
            ("\u{967}\u{968},\u{96b}", 12_500),
            ("\u{ff11}\u{ff12}.\u{ff15}", 12_500),
        ];
        for (text, thousandths) in good {
            assert_eq!(Quantity::parse(text), Ok(Quantity(thousandths)), "{text}");
        }
        for text in [
            "",
            ".",
            "-",
            "1.2.3",
            "abc",
            "1e3",
            "1 000",
            "\u{b2}",
            "\u{66b}",
            "\u{66c}",
            "1\u{66c}25",
            "1\u{66c}",
            "\u{66c}125",
            "1234\u{66c}567",
            "1.5\u{66c}000",
            "1\u{66b}5\u{66b}2",
        ] {
            assert_eq!(Quantity::parse(text), Err(QuantityFault::NotANumber), "{text}");
        }
        assert_eq!(Quantity::parse("0.0001"), Err(QuantityFault::TooFine));
        assert_eq!(Quantity::parse("1000000001"), Err(QuantityFault::TooLarge));
        assert_eq!(Quantity::parse("99999999999999999999"), Err(QuantityFault::TooLarge));
    }

    #[test]
    fn formats_and_parses_back() {
        for thousandths in [0, 1, 10, 100, 1_000, 1_500, -2_340, 999_999] {
            assert_eq!(Quantity::parse(&Quantity(thousandths).to_string()), Ok(Quantity(thousandths)));
        }
    }

    #[test]
    fn files_have_plain_numbers_with_one_reading() {
        let quantities = [1_125, -999_001, 125, 1_000_125, 1_250, -2_500, 12_000, 0].map(Quantity);
        let numbers = quantities.map(Quantity::for_files);
        assert_eq!(numbers, ["1.1250", "-999.0010", "0.125", "1000.125", "1.25", "-2.5", "12", "0"]);
        for (number, quantity) in numbers.iter().zip(quantities) {
            assert_eq!(Quantity::parse(number), Ok(quantity), "{number}");
        }
    }

    #[test]
    fn prices_a_quantity() {
        assert_eq!(Money::of(Quantity(1_500), 333, "EUR").minor, 500);
        assert_eq!(Money { minor: 5, currency: "EUR".into() }.to_string(), "€\u{a0}0.05");
        assert_eq!(Money { minor: 1_200, currency: "JPY".into() }.to_string(), "JPY\u{a0}1200");
        assert_eq!(Money::parse_minor("2.40", "EUR"), Ok(240));
        assert_eq!(Money::parse_minor("2.405", "EUR"), Err(QuantityFault::TooFine));
        assert_eq!(Money::parse_minor("2.405", "KWD"), Ok(2_405));
        assert_eq!(Money::parse_minor(".0", "JPY"), Ok(0));
        assert_eq!(Money::parse_minor("\u{662}\u{66b}\u{664}\u{660}", "EUR"), Ok(240));
    }

    #[test]
    fn every_valid_price_can_be_typed() {
        for currency in ["JPY", "EUR", "KWD"] {
            for minor in [0, 1, 999, Money::MAX_MINOR] {
                let price = Money { minor, currency: currency.to_owned() };
                assert_eq!(Money::parse_minor(&price.plain(), currency), Ok(minor), "{price}");
            }
            let dear = Money { minor: Money::MAX_MINOR + 1, currency: currency.to_owned() };
            assert_eq!(Money::parse_minor(&dear.plain(), currency), Err(QuantityFault::TooLarge), "{dear}");
        }
    }
}
