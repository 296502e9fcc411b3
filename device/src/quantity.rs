//! Quantities and dates as they are typed.

use domain::{CalendarDate, Quantity, unit_decimals};

use crate::error::DeviceError;

/// Thousandths of a unit that a unit without decimals allows.
const WHOLE: i64 = 1_000;

/// Reads a quantity of a product in `unit`.
///
/// # Errors
/// [`DeviceError::Refused`].
pub(crate) fn read_quantity(text: &str, unit: &str) -> Result<Quantity, DeviceError> {
    let refused = |reason: String| DeviceError::Refused(format!("Quantity \"{text}\" {reason}. Correct it."));
    if text.contains(',') {
        return Err(refused("may be read in two ways: write it with a point, and without groups".to_owned()));
    }
    let quantity = Quantity::parse(text).map_err(|fault| refused(fault.to_string()))?;
    if quantity < Quantity::ZERO {
        return Err(refused("is negative".to_owned()));
    }
    if unit_decimals(unit) == 0 && quantity.0 % WHOLE != 0 {
        return Err(refused(format!("has a fraction, and {unit} is counted")));
    }
    Ok(quantity)
}

/// As [`read_quantity`], and more than zero.
///
/// # Errors
/// [`DeviceError::Refused`].
pub(crate) fn read_moved(text: &str, unit: &str) -> Result<Quantity, DeviceError> {
    match read_quantity(text, unit)? {
        Quantity::ZERO => {
            Err(DeviceError::Refused("The quantity must be more than zero. Correct it.".to_owned()))
        }
        quantity => Ok(quantity),
    }
}

/// Reads a date such as `2027-01-31`.
///
/// # Errors
/// [`DeviceError::Refused`].
pub(crate) fn read_date(text: &str) -> Result<CalendarDate, DeviceError> {
    let refused =
        |_| DeviceError::Refused(format!("\"{text}\" is not a date such as 2027-01-31. Correct it."));
    text.trim().parse().map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_has_one_reading() {
        assert_eq!(read_quantity("12", "box").expect("a number"), Quantity::units(12));
        assert_eq!(read_quantity("0.5", "kg").expect("a number"), Quantity(500));
        for (text, unit) in [("1,250", "kg"), ("0.5", "box"), ("-1", "kg"), ("x", "kg"), ("1.0005", "kg")] {
            assert!(read_quantity(text, unit).is_err(), "{text} {unit}");
        }
        assert!(read_moved("0", "kg").is_err());
        assert!(read_date("2027-02-30").is_err());
    }
}
