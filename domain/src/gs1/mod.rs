//! Parses scans: GTINs in every length, GS1 element strings with or without their separators, Digital Links,
//! and a company's own codes (GS1 General Specifications, sections 3, 5.4 and 7.8; GS1 Digital Link 1.3).

mod date;
mod elements;
mod link;
mod scan;
mod table;

use crate::gtin::{GtinFault, check_gtin};

pub use elements::Gs1Fault;
pub use scan::{Element, GROUP_SEPARATOR, Gs1, MAX_READINGS, Scan, Scanner};

/// Parses the text that a scanner sent.
///
/// # Errors
/// [`Gs1Fault`] for invalid GS1 data, with its position.
pub fn read_scan(text: &str, scanner: Scanner) -> Result<Scan, Gs1Fault> {
    let text = text.trim_matches(|char: char| char.is_whitespace() && char != GROUP_SEPARATOR);
    let (symbology, sent) = symbology(text);
    if let Some(elements) = link::read(sent)? {
        return Ok(Scan::Gs1(elements));
    }
    let data = sent.replace(scanner.separator, &GROUP_SEPARATOR.to_string());
    let is_gs1 = match symbology {
        Some(identifier) => ["C1", "d2", "Q3", "e0", "J1"].contains(&identifier),
        None => sent.contains(GROUP_SEPARATOR) || elements::is_bracketed(&data),
    };
    if is_gs1 {
        return elements::read(&data, scanner);
    }
    // A company's own code may contain the separator's character, or begin like an item. It is GS1 data only
    // if all of it parses.
    let may_be = symbology.is_none() && (data.contains(GROUP_SEPARATOR) || begins_like_an_item(&data));
    if let (true, Ok(scan)) = (may_be, elements::read(&data, scanner)) {
        return Ok(scan);
    }
    Ok(match check_gtin(sent) {
        Ok(()) => Scan::Gtin(sent.to_owned()),
        Err(GtinFault::NotAGtin | GtinFault::CheckDigit { .. }) => Scan::Other(sent.to_owned()),
    })
}

/// The AIM symbology identifier (ISO/IEC 15424) that many scanners send first, such as `]C1`, and the rest.
fn symbology(text: &str) -> (Option<&str>, &str) {
    match (text.strip_prefix(']').and_then(|rest| rest.get(..2)), text.get(3..)) {
        (Some(identifier), Some(rest)) if identifier.is_ascii() => (Some(identifier), rest),
        _ => (None, text),
    }
}

/// `01` and a GTIN with its check digit, followed by more: one in ten numeric codes with this prefix looks
/// like that by chance.
fn begins_like_an_item(data: &str) -> bool {
    data.len() > 16 && data.starts_with("01") && data.get(2..16).is_some_and(|gtin| check_gtin(gtin).is_ok())
}
