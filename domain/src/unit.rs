//! How fine a product's unit is: what is counted comes in whole numbers, what is measured in decimals.

/// Units of weight, volume, length, area and time, as people write them.
const MEASURED: [&str; 26] = [
    "kg", "g", "mg", "t", "lb", "lbs", "oz", "kilo", "l", "ml", "cl", "dl", "hl", "m3", "m³", "gal", "m",
    "cm", "mm", "km", "ft", "yd", "m2", "m²", "h", "hour",
];

/// Decimals that a quantity in `unit` may have: three for what is measured, none for what is counted.
pub fn unit_decimals(unit: &str) -> usize {
    let unit = unit.trim().to_lowercase();
    if MEASURED.contains(&unit.as_str()) { 3 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_measured_has_decimals() {
        assert_eq!(["kg", " KG ", "l", "m²"].map(unit_decimals), [3; 4]);
        assert_eq!(["each", "box", "", "pallet"].map(unit_decimals), [0; 4]);
    }
}
