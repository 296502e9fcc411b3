//! The numbers of EAN and UPC barcodes: in full, shortened to a UPC-E, or followed by an add-on.

use super::date::two_digits;
use super::elements::has_check_digit;
use crate::gtin::{check_gtin, expand_upc_e};

/// The GTIN in a code that a scanner sent, after its symbology identifier if it sends one.
pub(super) fn gtin(sent: &str, symbology: Option<&str>) -> Option<String> {
    let is_ean = symbology.is_some_and(|identifier| identifier.starts_with('E'));
    // Some scanners send the add-on as a code of its own, with its own identifier.
    let number = sent.split("]E").next().filter(|_| is_ean).unwrap_or(sent);
    // An EAN-8 has another identifier.
    let marked = upc_e(number).filter(|_| matches!(symbology, Some("E0" | "E3")));
    let in_full = || check_gtin(number).is_ok().then(|| number.to_owned());
    let guessed = || match symbology {
        None => upc_e(number).filter(|_| number.starts_with('0') && !is_day(number)),
        Some(_) => None,
    };
    marked.or_else(in_full).or_else(guessed).or_else(|| {
        let may_be = is_ean || (symbology.is_none() && !is_key(number));
        main_number(number).filter(|_| may_be).map(str::to_owned)
    })
}

/// The number of a UPC-E in full, if its check digit is right.
fn upc_e(digits: &str) -> Option<String> {
    expand_upc_e(digits).filter(|whole| digits.starts_with(['0', '1']) && check_gtin(whole).is_ok())
}

/// Whether eight digits are a day of this century, as lots often are: 05112026 or 11052026.
fn is_day(digits: &str) -> bool {
    let is_one = |[first, second, century]: [u8; 3]| {
        century == 20 && (1..=12).contains(&first.min(second)) && first.max(second) <= 31
    };
    two_digits(digits).is_some_and(is_one)
}

/// Whether it is GS1's number of a load or a shipment. None begins like a book or a magazine.
fn is_key(digits: &str) -> bool {
    let is_number = matches!(digits.len(), 17 | 18) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number && !digits.starts_with("97") && has_check_digit(digits)
}

/// The EAN-13 or UPC-A before an add-on of two or five digits: a magazine's issue, or a book's price.
fn main_number(digits: &str) -> Option<&str> {
    let main = match digits.len() {
        14 | 17 => digits.get(..12),
        15 | 18 => digits.get(..13),
        _ => None,
    };
    main.filter(|main| check_gtin(main).is_ok() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_not_a_number_of_goods() {
        assert!(is_day("05112026") && is_day("11052026") && is_day("31122027"));
        assert!(!is_day("04252614") && !is_day("00112026") && !is_day("05112126") && !is_day("05322026"));
    }

    #[test]
    fn what_a_scanner_marks_is_not_guessed() {
        let read = |sent, symbology| gtin(sent, symbology).unwrap_or_default();
        assert_eq!(read("01234558", None), "01234558", "its check digit is right for both");
        assert_eq!(read("01234558", Some("E4")), "01234558");
        assert_eq!(read("01234558", Some("E0")), "012345000058");
        assert_eq!(read("04252614", Some("C0")), "", "Code 128 shortens no number");
        assert_eq!(read("400638133393112", Some("C0")), "");
    }
}
