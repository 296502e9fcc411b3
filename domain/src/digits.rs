//! Digits of every script, as the keyboards of other languages type them.

/// The zeros of Unicode's decimal digits (general category Nd) in the basic plane; the nine others follow each.
/// Scripts beyond it have no keyboards in use.
#[rustfmt::skip]
const ZEROS: [u32; 37] = [
    0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6,
    0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0,
    0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620,
    0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
];

/// The text with decimal digits of any script as ASCII digits.
pub fn ascii_digits(text: &str) -> String {
    text.chars().map(ascii_digit).collect()
}

/// The ASCII digit of a decimal digit of any script; other characters as they are.
pub(crate) fn ascii_digit(char: char) -> char {
    let code = u32::from(char);
    let digit = ZEROS.into_iter().find_map(|zero| code.checked_sub(zero).filter(|digit| *digit < 10));
    digit.and_then(|digit| char::from_digit(digit, 10)).unwrap_or(char)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_every_script_are_read() {
        for text in [
            "\u{660}\u{661}\u{669}",
            "\u{6f0}\u{6f1}\u{6f9}",
            "\u{966}\u{967}\u{96f}",
            "\u{ff10}\u{ff11}\u{ff19}",
            "019",
        ] {
            assert_eq!(ascii_digits(text), "019", "{text}");
        }
        for zero in ZEROS {
            let digits: String = (zero..zero + 10).filter_map(char::from_u32).collect();
            assert!(digits.chars().all(char::is_numeric), "{zero:x} begins no digits");
            assert_eq!(ascii_digits(&digits), "0123456789", "{zero:x}");
        }
    }

    #[test]
    fn other_characters_stay() {
        // Superscripts, fractions and Roman numerals are no decimal digits.
        for text in ["abc", "-1.5", "\u{b2}\u{bd}\u{2167}", "\u{66b}\u{66c}", "\u{65f}\u{66a}"] {
            assert_eq!(ascii_digits(text), text);
        }
    }
}
