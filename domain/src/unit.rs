//! The decimals of a product's unit: counted units have none, measured units have three.

/// Units of weight, volume, length, area and time, in common spellings, in the singular.
const MEASURED: [&str; 38] = [
    "kg", "g", "mg", "t", "lb", "oz", "kilo", "kilogram", "gram", "gramme", "tonne", "ton", "pound", "ounce",
    "l", "ml", "cl", "dl", "hl", "litre", "liter", "m3", "m³", "gal", "gallon", "m", "cm", "mm", "km",
    "metre", "meter", "ft", "yd", "yard", "m2", "m²", "h", "hour",
];

/// Decimals that a quantity in `unit` may have: three for a measured unit, none for a counted one.
pub fn unit_decimals(unit: &str) -> usize {
    if MEASURED.contains(&one_of(unit).as_str()) { 3 } else { 0 }
}

/// The name of one `unit`: in the singular, in small letters.
pub(crate) fn one_of(unit: &str) -> String {
    let unit = unit.trim().to_lowercase();
    unit.strip_suffix('s').map(str::to_owned).unwrap_or(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_measured_units_have_decimals() {
        assert_eq!(["kg", " KG ", "l", "m²"].map(unit_decimals), [3; 4]);
        for unit in ["litre", "Liter", "metre", "meters", "gram", "kilograms", "lbs", "pound", "tonne"] {
            assert_eq!(unit_decimals(unit), 3, "{unit}");
        }
        assert_eq!(["each", "box", "", "pallet", "boxes", "s"].map(unit_decimals), [0; 6]);
    }
}
