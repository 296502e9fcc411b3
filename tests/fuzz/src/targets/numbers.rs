//! Quantities and amounts of money as people type them.

use anyhow::Result;
use domain::{Money, Quantity, ascii_digits};

/// Currencies with no, two and three decimals, and no currency.
const CURRENCIES: [&str; 4] = ["JPY", "EUR", "KWD", ""];
/// The largest number that is accepted, in units of the last decimal.
const MAX_READ: i128 = 1_000_000_000_000;
const ARABIC_DECIMAL: char = '\u{66b}';
const ARABIC_GROUP: char = '\u{66c}';

pub(super) fn numbers(data: &[u8]) -> Result<()> {
    if let Ok(text) = std::str::from_utf8(data) {
        let read = Quantity::parse(text);
        assert_eq!(read.ok().map(|quantity| i128::from(quantity.0)), read_slowly(text, 3), "{text:?}");
        if let Ok(quantity) = read {
            assert!(quantity.in_range());
            assert_eq!(Quantity::parse(&quantity.to_string()), Ok(quantity));
        }
        for currency in CURRENCIES {
            let decimals = Money::decimals(currency);
            match Money::parse_minor(text, currency) {
                Ok(minor) => {
                    assert_eq!(read_slowly(text, decimals), Some(i128::from(minor)), "{text:?} {currency}");
                    let plain = Money { minor, currency: currency.to_owned() }.plain();
                    assert_eq!(Money::parse_minor(&plain, currency), Ok(minor), "{plain}");
                }
                Err(_) => assert_eq!(read_slowly(text, decimals), None, "{text:?} {currency}"),
            }
        }
    }
    if let Some(bytes) = data.first_chunk::<8>() {
        let number = i64::from_be_bytes(*bytes);
        let quantity = Quantity(number);
        let fits = quantity.in_range();
        assert_eq!(Quantity::parse(&quantity.to_string()).ok(), fits.then_some(quantity), "{quantity}");
        let minor = i64::try_from(i128::from(number).abs() % (MAX_READ + 1))?;
        for currency in CURRENCIES {
            let price = Money { minor, currency: currency.to_owned() };
            assert_eq!(Money::parse_minor(&price.plain(), currency), Ok(minor), "a product may cost {price}");
        }
    }
    Ok(())
}

/// Reference parser: reads digit by digit into units of the last decimal. `None` if the text is not a number
/// or has more than `decimals` decimals.
fn read_slowly(text: &str, decimals: usize) -> Option<i128> {
    /// Numbers above ten to this power are too large.
    const MAX_DIGITS: usize = 30;
    let text = ascii_digits(text.trim());
    if !is_grouped_by_thousands(&text) {
        return None;
    }
    let mut chars = text.chars().filter(|char| *char != ARABIC_GROUP).peekable();
    let sign = match chars.peek()? {
        '-' | '\u{2212}' => -1,
        _ => 1,
    };
    if matches!(chars.peek()?, '-' | '\u{2212}' | '+') {
        chars.next();
    }
    let (mut value, mut digits, mut after_sign) = (0_i128, 0_usize, None::<usize>);
    for char in chars {
        match (char, after_sign) {
            ('.' | ',' | ARABIC_DECIMAL, None) => after_sign = Some(0),
            ('0'..='9', _) => {
                digits += 1;
                let digit = i128::from(char.to_digit(10)?);
                match after_sign {
                    Some(place) if place >= decimals && digit != 0 => return None,
                    Some(place) if place >= decimals => {}
                    Some(place) => (value, after_sign) = (value * 10 + digit, Some(place + 1)),
                    None if value > 10_i128.pow(u32::try_from(MAX_DIGITS).ok()?) => return None,
                    None => value = value * 10 + digit,
                }
            }
            _ => return None,
        }
    }
    let missing = decimals - after_sign.unwrap_or(0).min(decimals);
    let value = value * 10_i128.pow(u32::try_from(missing).ok()?);
    (digits > 0).then_some(sign * value).filter(|_| value <= MAX_READ)
}

/// Whether the Arabic sign between thousands, if it is there, stands before each three digits of the whole number.
fn is_grouped_by_thousands(text: &str) -> bool {
    let (whole, fraction) = match text.find(['.', ',', ARABIC_DECIMAL]) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let from_end: Vec<char> =
        whole.chars().rev().take_while(|c| c.is_ascii_digit() || *c == ARABIC_GROUP).collect();
    let signs = from_end.iter().filter(|char| **char == ARABIC_GROUP).count();
    let is_every_fourth =
        from_end.iter().enumerate().all(|(at, char)| (*char == ARABIC_GROUP) == (at % 4 == 3));
    !fraction.contains(ARABIC_GROUP)
        && (signs == 0 || is_every_fourth && from_end.last() != Some(&ARABIC_GROUP))
}
