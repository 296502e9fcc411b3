//! Global Trade Item Numbers: GTIN-8, -12, -13 and -14 and their check digit.

/// The reason why a code is not a valid GTIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GtinFault {
    /// Not 8, 12, 13 or 14 digits: another kind of code, which is fine.
    #[error("is not a GTIN")]
    NotAGtin,
    /// The last digit does not match the others, most likely a typing error.
    #[error("has a wrong check digit: the last digit should be {expected}")]
    CheckDigit {
        /// The matching digit.
        expected: u8,
    },
}

/// Checks length and check digit (GS1 General Specifications, section 7.9).
///
/// # Errors
/// [`GtinFault`]; it completes a sentence such as "Barcode "x" ...". An invalid GTIN is a reason to warn, not
/// to refuse.
pub fn check_gtin(text: &str) -> Result<(), GtinFault> {
    let digits: Option<Vec<u8>> =
        text.bytes().map(|byte| byte.is_ascii_digit().then(|| byte - b'0')).collect();
    let Some(digits) = digits.filter(|digits| matches!(digits.len(), 8 | 12 | 13 | 14)) else {
        return Err(GtinFault::NotAGtin);
    };
    let body = digits.iter().rev().skip(1).enumerate();
    let sum: u32 = body.map(|(at, digit)| u32::from(*digit) * if at % 2 == 0 { 3 } else { 1 }).sum();
    let expected = u8::try_from((10 - sum % 10) % 10).unwrap_or(0);
    if digits.last() == Some(&expected) { Ok(()) } else { Err(GtinFault::CheckDigit { expected }) }
}

/// The normal form of a number: a GTIN's 8, 12 or 13 digits padded with zeros to 14; any other code trimmed.
pub fn normalize_gtin(text: &str) -> String {
    let text = text.trim();
    match check_gtin(text) {
        Ok(()) => format!("{text:0>14}"),
        Err(GtinFault::NotAGtin | GtinFault::CheckDigit { .. }) => text.to_owned(),
    }
}

/// The twelve digits of a UPC-E's eight (GS1 General Specifications, section 5.2.2.4.2).
pub fn expand_upc_e(short: &str) -> Option<String> {
    let is_short = short.len() == 8 && short.bytes().all(|byte| byte.is_ascii_digit());
    let (system, body, last, check) =
        is_short.then(|| (&short[..1], &short[1..6], &short[6..7], &short[7..]))?;
    Some(match last {
        "0" | "1" | "2" => format!("{system}{}{last}0000{}{check}", &body[..2], &body[2..]),
        "3" => format!("{system}{}00000{}{check}", &body[..3], &body[3..]),
        "4" => format!("{system}{}00000{}{check}", &body[..4], &body[4..]),
        _ => format!("{system}{body}0000{last}{check}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_upc_is_expanded() {
        for (short, whole) in [
            ("01234505", "012000003455"),
            ("04252614", "042100005264"),
            ("01234531", "012300000451"),
            ("01234543", "012340000053"),
            ("01234558", "012345000058"),
        ] {
            assert_eq!(expand_upc_e(short).as_deref(), Some(whole));
            assert_eq!(check_gtin(whole), Ok(()), "its check digit is the short one's");
        }
        assert_eq!(expand_upc_e("0123"), None);
        assert_eq!(expand_upc_e("0123456x"), None);
    }

    #[test]
    fn checks_the_digit_for_every_length() {
        for good in ["96385074", "036000291452", "7622210434593", "10012345678902"] {
            assert_eq!(check_gtin(good), Ok(()), "{good}");
        }
        assert_eq!(check_gtin("7622210434594"), Err(GtinFault::CheckDigit { expected: 3 }));
        for other in ["", "123", "76222104345931234", "ABCDEFGH", "٧٦٢٢٢١٠٤"] {
            assert_eq!(check_gtin(other), Err(GtinFault::NotAGtin), "{other}");
        }
    }

    #[test]
    fn every_number_has_one_normal_form() {
        assert_eq!(normalize_gtin("036000291452"), normalize_gtin("0036000291452"));
        assert_eq!(normalize_gtin(" SHELF-7 "), "SHELF-7");
    }
}
