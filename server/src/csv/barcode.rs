//! Barcodes that a spreadsheet has damaged. Only what is certain is mended; every other text stays as it is.

use domain::{check_gtin, key_text, unguarded};

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

/// Whether it is a number such as `4.00638E+12` or `4.00638E12`. `4E12` may be a code.
fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return false };
    let signed = exponent.strip_prefix('+');
    let parts = mantissa.split_once(['.', ',']);
    let (whole, fraction) = parts.unwrap_or((mantissa, "0"));
    let is_number = signed.is_some() || parts.is_some();
    is_number && whole.len() == 1 && [whole, fraction, signed.unwrap_or(exponent)].into_iter().all(is_digits)
}

/// The barcode that a damaged one was; none for any other text.
fn mended(text: &str) -> Option<String> {
    let wrapped = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    let inner = wrapped.or_else(|| text.strip_prefix('\'')).unwrap_or(text);
    // Digits of other scripts, and invisible characters among digits.
    let ascii = key_text(inner);
    let inner = if inner.contains(char::is_alphabetic) { inner } else { &*ascii };
    let zeros = [".00", ",00", ".0", ",0"];
    let whole = zeros.into_iter().find_map(|end| inner.strip_suffix(end)).unwrap_or(inner);
    let gtin = gtin(whole).filter(|gtin| gtin != text);
    // Digits that are marked as text need not be a GTIN.
    gtin.or_else(|| (inner != text && is_digits(inner)).then(|| inner.to_owned()))
}

/// The valid GTIN that is written with separators, or without its first zero.
fn gtin(text: &str) -> Option<String> {
    /// Codes with other separators than spaces that are shorter are most likely no GTINs, whatever their last digit is.
    const MIN_SEPARATED_DIGITS: usize = 12;
    /// Hyphens, and the thousands separators of spreadsheets.
    const SEPARATORS: [char; 5] = ['-', '.', ',', '\'', '\u{2019}'];
    /// A GTIN-12 whose first digit, a zero, is missing.
    const DIGITS_WITHOUT_ZERO: usize = 11;
    let is_digit = |char: &char| !char.is_whitespace() && !SEPARATORS.contains(char);
    let digits: String = text.chars().filter(is_digit).collect();
    if !is_digits(&digits) || (text.contains(SEPARATORS) && digits.len() < MIN_SEPARATED_DIGITS) {
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
            ("4.006.381.333.931", "4006381333931"),
            ("4,006,381,333,931.00", "4006381333931"),
            ("4’006’381’333’931", "4006381333931"),
            ("4\u{202f}006\u{202f}381\u{202f}333\u{202f}931", "4006381333931"),
            (
                "\u{664}\u{660}\u{660}\u{666}\u{663}\u{668}\u{661}\u{663}\u{663}\u{663}\u{669}\u{663}\u{661}",
                "4006381333931",
            ),
            ("\u{ff11}\u{ff12}\u{ff13}", "123"),
            ("\u{feff}4006381333931\u{200b}", "4006381333931"),
            ("4006381\u{2060}333931", "4006381333931"),
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
            "4E12",
            "12.3E4",
            "4.006.381.333.930",
            "1.234.567",
            "ABC\u{ff11}",
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
        for cell in ["4.00638E+12", "4,00638E+12", "4e+12", "4.00638E12", "4,00638e12"] {
            let reason = read_barcode(cell).expect_err(cell);
            assert!(reason.starts_with(&format!("\"{cell}\" is not a barcode")), "{reason}");
        }
    }
}
