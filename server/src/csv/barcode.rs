//! Barcodes that a spreadsheet has damaged. Only what is certain is mended; every other text stays as it is.

use domain::{check_gtin, unguarded};

use crate::booking::shortened;

/// A barcode, and whether it differs from the text in the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Barcode {
    pub(super) text: String,
    pub(super) is_mended: bool,
}

/// Reads a cell.
///
/// # Errors
/// The reason why the digits are lost.
pub(super) fn read_barcode(cell: &str) -> Result<Barcode, String> {
    let text = unguarded(cell);
    if text != cell {
        // An export guarded it: it is exactly the text in the book.
        return Ok(Barcode { text: text.to_owned(), is_mended: false });
    }
    if is_scientific(text) {
        return Err(format!(
            "\"{}\" is not a barcode: a spreadsheet has dropped its digits; format the column as text and \
             enter the barcodes again",
            shortened(text)
        ));
    }
    Ok(match mended(text) {
        Some(text) => Barcode { text, is_mended: true },
        None => Barcode { text: text.to_owned(), is_mended: false },
    })
}

/// Whether it is a number such as `4.00638E+12`.
fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return false };
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    let exponent = exponent.strip_prefix('+').unwrap_or_default();
    whole.len() == 1 && [whole, fraction, exponent].into_iter().all(is_digits)
}

/// The barcode that a damaged one was; none for any other text.
fn mended(text: &str) -> Option<String> {
    let wrapped = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    let inner = wrapped.or_else(|| text.strip_prefix('\'')).unwrap_or(text);
    let whole = [".0", ",0"].into_iter().find_map(|end| inner.strip_suffix(end)).unwrap_or(inner);
    let gtin = gtin(whole).filter(|gtin| gtin != text);
    // Digits that are marked as text need not be a GTIN.
    gtin.or_else(|| (inner != text && is_digits(inner)).then(|| inner.to_owned()))
}

/// The valid GTIN that is written with separators, or without its first zero.
fn gtin(text: &str) -> Option<String> {
    /// Codes with hyphens that are shorter are most likely no GTINs, whatever their last digit is.
    const MIN_HYPHENATED_DIGITS: usize = 12;
    /// A GTIN-12 whose first digit, a zero, is missing.
    const DIGITS_WITHOUT_ZERO: usize = 11;
    let digits: String = text.chars().filter(|char| !matches!(char, ' ' | '-' | '\u{a0}')).collect();
    if !is_digits(&digits) || (text.contains('-') && digits.len() < MIN_HYPHENATED_DIGITS) {
        return None;
    }
    if digits.len() == DIGITS_WITHOUT_ZERO {
        let whole = format!("0{digits}");
        return check_gtin(&whole).is_ok().then_some(whole);
    }
    check_gtin(&digits).is_ok().then_some(digits)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mends_what_is_certain() {
        for (cell, barcode) in [
            ("=\"4006381333931\"", "4006381333931"),
            ("'4006381333931", "4006381333931"),
            ("4006381333931.0", "4006381333931"),
            ("4006381333931,0", "4006381333931"),
            ("978-3-16-148410-0", "9783161484100"),
            ("0 36000 29145 2", "036000291452"),
            ("9638 5074", "96385074"),
            ("36000291452", "036000291452"),
            ("36000291452.0", "036000291452"),
            ("=\"36000291452\"", "036000291452"),
            ("=\"12345\"", "12345"),
            ("'12345", "12345"),
        ] {
            let expected = Barcode { text: barcode.to_owned(), is_mended: true };
            assert_eq!(read_barcode(cell), Ok(expected), "{cell}");
            let again = Barcode { text: barcode.to_owned(), is_mended: false };
            assert_eq!(read_barcode(barcode), Ok(again), "{barcode}");
        }
    }

    #[test]
    fn leaves_the_rest_as_it_is() {
        for cell in [
            "",
            "4006381333931",
            "4006381333930",
            "4006381333930.0",
            "400-638-1333930",
            "9638-5074",
            "12345678901",
            "12345.0",
            "SHELF 7",
            "A-1",
            "=\"A-1\"",
            "'A-1",
            "1E5",
            "12E+3",
            "(01)04006381333931",
        ] {
            assert_eq!(read_barcode(cell), Ok(Barcode { text: cell.to_owned(), is_mended: false }), "{cell}");
        }
    }

    #[test]
    fn a_guarded_cell_is_the_text_in_the_book() {
        let read = read_barcode("'=\"4006381333931\"");
        assert_eq!(read, Ok(Barcode { text: "=\"4006381333931\"".to_owned(), is_mended: false }));
    }

    #[test]
    fn lost_digits_cannot_be_mended() {
        for cell in ["4.00638E+12", "4,00638E+12", "4e+12"] {
            let reason = read_barcode(cell).expect_err(cell);
            assert!(reason.starts_with(&format!("\"{cell}\" is not a barcode")), "{reason}");
        }
    }
}
