//! The quantity on a label in a product's unit: a count, or a net measure of goods of variable weight, length, area or
//! volume (GS1 General Specifications, section 3.6). Gross measures (33nn, 34nn) are not the goods' own.

use super::scan::{Element, Gs1};
use crate::quantity::Quantity;
use crate::unit::{one_of, unit_decimals};

/// Identifiers of net trade measures without their last digit, which is the number of decimals; then the names of product
/// units in that measure, each with its number in one of the label's.
const MEASURES: [(&str, &[(&str, i64)]); 12] = [
    ("310", &[("kg", 1), ("kilo", 1), ("kilogram", 1), ("g", 1_000), ("gram", 1_000), ("gramme", 1_000)]),
    ("311", METRES),
    ("312", METRES),
    ("313", METRES),
    ("314", &[("m2", 1), ("m²", 1)]),
    ("315", &[("l", 1), ("litre", 1), ("liter", 1), ("dl", 10), ("cl", 100), ("ml", 1_000)]),
    ("316", &[("m3", 1), ("m³", 1)]),
    ("320", &[("lb", 1), ("pound", 1)]),
    ("322", &[("ft", 1)]),
    ("323", &[("yd", 1), ("yard", 1)]),
    ("357", &[("oz", 1), ("ounce", 1)]),
    ("361", &[("gal", 1), ("gallon", 1)]),
];
const METRES: &[(&str, i64)] = &[("m", 1), ("metre", 1), ("meter", 1), ("cm", 100), ("mm", 1_000)];
/// The first digits of measures: 31nn, 32nn, 35nn and 36nn are net.
const NET_MEASURES: [&str; 4] = ["31", "32", "35", "36"];
/// Counts: of a pallet's content, of variable measure.
const COUNTS: [&str; 2] = ["37", "30"];

/// The quantity on a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Amount {
    /// In the product's unit, exactly.
    Exact(Quantity),
    /// A measure that is not in the product's unit, or has more decimals than a quantity. The elements as printed:
    /// `(3203) 002756`.
    Other(String),
}

impl Gs1 {
    /// The quantity on the label for a product in `unit`; `None` if it has none.
    pub fn amount(&self, unit: &str) -> Option<Amount> {
        let counts = COUNTS.iter().find_map(|ai| self.get(ai)?.parse().ok()).map(Quantity::units);
        if unit_decimals(unit) == 0 {
            return counts.filter(|count| *count > Quantity::ZERO && count.in_range()).map(Amount::Exact);
        }
        let is_measure = |element: &&Element| {
            element.ai.len() == 4 && NET_MEASURES.iter().any(|measure| element.ai.starts_with(measure))
        };
        let measures: Vec<&Element> = self.0.iter().filter(is_measure).collect();
        if let Some(exact) = measures.iter().find_map(|element| in_unit(element, unit)) {
            return Some(Amount::Exact(exact));
        }
        let printed: Vec<String> =
            measures.iter().map(|element| format!("({}) {}", element.ai, element.value)).collect();
        (!printed.is_empty()).then(|| Amount::Other(printed.join(" ")))
    }
}

/// A measure in `unit`; `None` if it measures something else, is zero, or is finer than a quantity.
fn in_unit(element: &Element, unit: &str) -> Option<Quantity> {
    let (measure, decimals) = element.ai.split_at_checked(3)?;
    let (_, units) = MEASURES.iter().find(|(known, _)| *known == measure)?;
    let (_, size) = units.iter().find(|(known, _)| *known == one_of(unit))?;
    let parts = 10_i64.checked_pow(decimals.parse().ok()?)?;
    let thousandths = element.value.parse::<i64>().ok()?.checked_mul(size.checked_mul(1_000)?)?;
    let quantity = Quantity(thousandths / parts);
    (thousandths % parts == 0 && quantity > Quantity::ZERO && quantity.in_range()).then_some(quantity)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(elements: &[(&str, &str)], unit: &str) -> Option<Amount> {
        let element = |(ai, value): &(&str, &str)| Element { ai: (*ai).into(), value: (*value).into() };
        Gs1(elements.iter().map(element).collect()).amount(unit)
    }

    fn exactly(thousandths: i64) -> Option<Amount> {
        Some(Amount::Exact(Quantity(thousandths)))
    }

    #[test]
    fn a_net_measure_is_exact_in_the_products_unit() {
        assert_eq!(amount(&[("3103", "001250")], "kg"), exactly(1_250));
        assert_eq!(amount(&[("3103", "001250")], "Kilograms"), exactly(1_250));
        assert_eq!(amount(&[("3103", "001250")], "g"), exactly(1_250_000));
        assert_eq!(amount(&[("3105", "125000")], "kg"), exactly(1_250));
        assert_eq!(amount(&[("3100", "000012")], "kg"), exactly(12_000));
        assert_eq!(amount(&[("3153", "000750")], "l"), exactly(750));
        assert_eq!(amount(&[("3153", "000750")], "ml"), exactly(750_000));
        assert_eq!(amount(&[("3202", "000275")], "lb"), exactly(2_750));
        assert_eq!(amount(&[("3113", "002500")], "m"), exactly(2_500));
    }

    #[test]
    fn a_measure_in_another_unit_or_too_fine_is_not_guessed() {
        let other = |text: &str| Some(Amount::Other(text.to_owned()));
        assert_eq!(amount(&[("3202", "000275")], "kg"), other("(3202) 000275"));
        assert_eq!(amount(&[("3105", "125005")], "kg"), other("(3105) 125005"));
        assert_eq!(amount(&[("3103", "000000")], "kg"), other("(3103) 000000"));
        assert_eq!(amount(&[("3103", "001250"), ("3202", "000275")], "kg"), exactly(1_250));
        assert_eq!(amount(&[("3303", "001400")], "kg"), None, "a gross weight");
    }

    #[test]
    fn counted_goods_take_counts_and_measured_goods_do_not() {
        assert_eq!(amount(&[("37", "12")], "each"), exactly(12_000));
        assert_eq!(amount(&[("30", "6"), ("3103", "001250")], "box"), exactly(6_000));
        assert_eq!(amount(&[("3103", "001250")], "each"), None, "one piece, whatever it weighs");
        assert_eq!(amount(&[("37", "12")], "kg"), None, "twelve cartons are not twelve kilograms");
        assert_eq!(amount(&[("37", "0")], "each"), None);
    }
}
