//! Labels of scales: an EAN of a company's own that contains the item's number and the weight or price.

use std::fmt;
use std::str::FromStr;

use crate::gs1::{Amount, Element, Gs1};
use crate::gtin::{GtinFault, check_gtin};
use crate::quantity::Quantity;
use crate::unit::unit_decimals;

/// Decimals of a weight in thousandths, and of a price in minor units.
const WEIGHT_DECIMALS: u32 = 3;
const PRICE_DECIMALS: u32 = 2;

/// The places of the parts in a scale's code: `20IIIIIWW.WWWC`. Digits stand for themselves, `P` for any digit of the
/// prefix, `I` for the item, `W` for the weight in kilograms, `M` for the price, `V` for the scale's own check of either,
/// and `C` for the check digit. A point or comma shows the decimals; without one a weight has three and a price two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScalePattern {
    /// As written.
    text: String,
    /// Without the point.
    places: String,
    weight_decimals: u32,
    price_decimals: u32,
}

/// The text is not a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a pattern like 20IIIIIWW.WWWC")]
pub struct ScaleFault;

/// The content of a scale's label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScaleLabel {
    /// The digits of the item.
    pub item: String,
    /// The whole code with zeros for weight and price, as some catalogues list it.
    pub base: String,
    /// The weight in kilograms.
    pub weight: Option<Quantity>,
    /// The price, in hundredths of the currency.
    pub price_minor: Option<i64>,
}

impl FromStr for ScalePattern {
    type Err = ScaleFault;

    /// A pattern of twelve digits (UPC-A) or thirteen (EAN-13): a prefix from 2 to 29, then each part once.
    fn from_str(text: &str) -> Result<Self, ScaleFault> {
        let is_point = |char: char| matches!(char, '.' | ',');
        let places: String = text.chars().filter(|char| !is_point(*char)).collect();
        let parts = places.trim_start_matches(|char: char| char.is_ascii_digit() || char == 'P');
        let prefix = places.strip_suffix(parts).unwrap_or_default();
        let count = |kind: char| parts.matches(kind).count();
        let is_run = |kind: char| parts.contains(&kind.to_string().repeat(count(kind)));
        let is_code = matches!(places.len(), 12 | 13) && parts.bytes().all(|byte| b"IWMVC".contains(&byte));
        let is_prefix = prefix.starts_with('2') && matches!(prefix.len(), 1 | 2);
        let has_parts =
            count('I') > 0 && count('W') + count('M') > 0 && ['I', 'W', 'M'].into_iter().all(is_run);
        let has_checks = count('V') < 2 && count('C') == 1 && parts.ends_with('C');
        if !(is_code && is_prefix && has_parts && has_checks) {
            return Err(ScaleFault);
        }
        let mut pattern = Self {
            text: text.to_owned(),
            places,
            weight_decimals: WEIGHT_DECIMALS,
            price_decimals: PRICE_DECIMALS,
        };
        let Some((before, after)) = text.split_once(is_point) else { return Ok(pattern) };
        let kind = before.chars().last().filter(|kind| after.starts_with(*kind));
        let decimals = after.chars().take_while(|place| Some(*place) == kind).count();
        let decimals = u32::try_from(decimals).unwrap_or(u32::MAX);
        match kind {
            _ if after.contains(is_point) => return Err(ScaleFault),
            Some('W') if decimals <= WEIGHT_DECIMALS => pattern.weight_decimals = decimals,
            Some('M') if decimals <= PRICE_DECIMALS => pattern.price_decimals = decimals,
            _ => return Err(ScaleFault),
        }
        Ok(pattern)
    }
}

impl fmt::Display for ScalePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl ScalePattern {
    /// Reads a code with a valid check digit; none for a code that does not fit.
    pub fn read(&self, code: &str) -> Option<ScaleLabel> {
        let places = self.places.as_str();
        // Many scanners send a UPC-A as an EAN-13.
        let code = if code.len() > places.len() { code.strip_prefix('0')? } else { code };
        let fits = |(place, digit): (char, char)| !place.is_ascii_digit() || place == digit;
        if code.len() != places.len()
            || check_gtin(code).is_err()
            || !places.chars().zip(code.chars()).all(fits)
        {
            return None;
        }
        let part = |kind: char| code.get(places.find(kind)?..=places.rfind(kind)?);
        let number = |kind: char, more: u32| part(kind)?.parse::<i64>().ok()?.checked_mul(10_i64.pow(more));
        let weight = number('W', WEIGHT_DECIMALS - self.weight_decimals).map(Quantity);
        let price_minor = number('M', PRICE_DECIMALS - self.price_decimals);
        let base = self.with_digits(code, |place| matches!(place, 'W' | 'M' | 'V').then_some('0'));
        Some(ScaleLabel { item: part('I')?.to_owned(), base, weight, price_minor })
    }

    /// A label of this pattern: item 12345, 1.250 kg, a price of 4.99; shorter where there is less room.
    pub fn example(&self) -> String {
        let part = |kind: char, digits: String| {
            let room = self.places.matches(kind).count();
            let digits = format!("{digits:0>room$}");
            digits.get(digits.len() - room..).unwrap_or_default().to_owned()
        };
        let item: String = ('1'..='9').cycle().take(self.places.matches('I').count()).collect();
        let weight = part('W', (1_250 / 10_i64.pow(WEIGHT_DECIMALS - self.weight_decimals)).to_string());
        let price = part('M', (499 / 10_i64.pow(PRICE_DECIMALS - self.price_decimals)).to_string());
        let (mut item, mut weight, mut price) = (item.chars(), weight.chars(), price.chars());
        self.with_digits(&self.places, |place| match place {
            'I' => item.next(),
            'W' => weight.next(),
            'M' => price.next(),
            'P' | 'V' | 'C' => Some('0'),
            _ => None,
        })
    }

    /// A code with other digits at the places where `digit` has one, and with its check digit.
    fn with_digits(&self, code: &str, mut digit: impl FnMut(char) -> Option<char>) -> String {
        let places = self.places.chars().zip(code.chars());
        let mut code: String = places.map(|(place, old)| digit(place).unwrap_or(old)).collect();
        if let Err(GtinFault::CheckDigit { expected }) = check_gtin(&code) {
            code.pop();
            code.push(char::from(b'0' + expected));
        }
        code
    }
}

impl ScaleLabel {
    /// The numbers under which a catalogue may list the item, the likeliest first.
    pub fn item_codes(&self) -> Vec<&str> {
        let short = self.item.trim_start_matches('0');
        let mut codes = vec![self.item.as_str(), short, self.base.as_str()];
        codes.retain(|code| !code.is_empty());
        codes.dedup();
        codes
    }

    /// The quantity for a product in `unit`; `None` for goods that are counted, of which a label is one piece. A price is not
    /// a quantity: [`Amount::Other`] has it, for a question.
    pub fn amount(&self, unit: &str) -> Option<Amount> {
        if unit_decimals(unit) == 0 {
            return None;
        }
        let Some(weight) = self.weight else {
            let minor = self.price_minor?;
            return Some(Amount::Other(format!("{}.{:02}", minor / 100, minor % 100)));
        };
        let net_weight = Element { ai: format!("310{WEIGHT_DECIMALS}"), value: weight.0.to_string() };
        match Gs1(vec![net_weight]).amount(unit) {
            Some(Amount::Other(_)) => Some(Amount::Other(format!("{weight} kg"))),
            exact => exact,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> ScalePattern {
        text.parse().expect("a pattern")
    }

    fn read(text: &str, code: &str) -> Option<(String, Option<i64>, Option<i64>)> {
        let label = pattern(text).read(code)?;
        Some((label.item, label.weight.map(|weight| weight.0), label.price_minor))
    }

    #[test]
    fn item_and_weight_or_price_are_read() {
        let label =
            |item: &str, weight: Option<i64>, price: Option<i64>| Some((item.to_owned(), weight, price));
        assert_eq!(read("20IIIIIWWWWWC", "2012345012509"), label("12345", Some(1_250), None));
        assert_eq!(read("20IIIIIWW.WWWC", "2012345012509"), label("12345", Some(1_250), None));
        assert_eq!(read("20IIIIIWWW,WWC", "2012345012509"), label("12345", Some(12_500), None));
        assert_eq!(read("2PIIIIIWW.WWWC", "2012345012509"), label("12345", Some(1_250), None));
        assert_eq!(read("2IIIIIIWWWWWC", "2012345012509"), label("012345", Some(1_250), None));
        assert_eq!(read("21IIIIVMMMMMC", "2112345004990"), label("1234", None, Some(499)));
        assert_eq!(read("21IIIIVMMMM.MC", "2112345004990"), label("1234", None, Some(4_990)));
        assert_eq!(read("2IIIIIMMMMMC", "212345004999"), label("12345", None, Some(499)));
        assert_eq!(read("2IIIIIMMMMMC", "0212345004999"), label("12345", None, Some(499)));
    }

    #[test]
    fn other_codes_do_not_fit() {
        for code in ["2112345012506", "2012345012504", "4006381333931", "201234501250", "20123450125O9", ""] {
            assert_eq!(read("20IIIIIWWWWWC", code), None, "{code}");
        }
    }

    #[test]
    fn a_pattern_has_each_part_once() {
        for text in [
            "",
            "20IIIIIWWWWW",
            "20IIIIIWWWWWV",
            "20IIIIIIIIIIC",
            "20WWWWWWWWWWC",
            "20IIWWWWWIIIC",
            "20IIIIIWWWWCC",
            "20IIIIXWWWWWC",
            "20iiiiiwwwwwc",
            "30IIIIIWWWWWC",
            "P0IIIIIWWWWWC",
            "200IIIIWWWWWC",
            "2PPIIIIWWWWWC",
            "IIIIIIIWWWWWC",
            "20IIIIIWWWWW5",
            "20IIIIIWWWWWÄ",
            "20IIIIIW.WWWWC",
            "20IIIIIMM.MMMC",
            "20III.IIWWWWWC",
            "20IIIII.WWWWWC",
            "20IIIIIWWWWW.C",
            "20IIIIIWW.W.WWC",
        ] {
            assert_eq!(text.parse::<ScalePattern>(), Err(ScaleFault), "{text}");
        }
    }

    #[test]
    fn an_example_is_read_as_what_it_says() {
        for (text, code, item, weight, price) in [
            ("20IIIIIWW.WWWC", "2012345012509", "12345", Some(1_250), None),
            ("2PIIIIIWWW.WWC", "2012345001251", "12345", Some(1_250), None),
            ("21IIIIIMMM.MMC", "2112345004990", "12345", None, Some(499)),
            ("2IIIIIIIIIIMC", "2123456789195", "1234567891", None, Some(9)),
        ] {
            let example = pattern(text).example();
            assert_eq!(example, code, "{text}");
            assert_eq!(read(text, &example), Some((item.to_owned(), weight, price)), "{text}");
        }
    }

    #[test]
    fn an_item_is_found_by_its_number_or_by_the_code_without_the_weight() {
        let label = pattern("20IIIIIWW.WWWC").read("2000123012506").expect("a label");
        assert_eq!(label.item_codes(), ["00123", "123", "2000123000008"]);
        assert_eq!(check_gtin(&label.base), Ok(()));
    }

    #[test]
    fn the_weight_is_the_quantity_in_the_products_unit_and_a_price_is_asked_about() {
        let amount =
            |text: &str, code: &str, unit: &str| pattern(text).read(code).expect("a label").amount(unit);
        let weighed = |unit: &str| amount("20IIIIIWW.WWWC", "2012345012509", unit);
        assert_eq!(weighed("kg"), Some(Amount::Exact(Quantity(1_250))));
        assert_eq!(weighed("g"), Some(Amount::Exact(Quantity(1_250_000))));
        assert_eq!(weighed("lb"), Some(Amount::Other("1.25 kg".to_owned())));
        assert_eq!(weighed("each"), None, "one piece");
        let priced = |unit: &str| amount("21IIIIIMMM.MMC", "2112345004990", unit);
        assert_eq!(priced("kg"), Some(Amount::Other("4.99".to_owned())));
        assert_eq!(priced("each"), None, "one piece");
    }
}
