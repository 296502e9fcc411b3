//! Parses scans: GTINs in every length, GS1 element strings with or without their separators, Digital Links,
//! labels of other standards, and a company's own codes (GS1 General Specifications, sections 3, 5.4 and 7.8;
//! GS1 Digital Link 1.3).

mod amount;
mod date;
mod ean;
mod elements;
mod envelope;
mod hibc;
mod label;
mod link;
mod scan;
mod table;

use crate::gtin::check_gtin;

pub use amount::Amount;
pub use date::looks_like_date;
pub use elements::Gs1Fault;
pub use label::Label;
pub use scan::{Element, GROUP_SEPARATOR, Gs1, MAX_READINGS, Scan, Scanner};

/// Parses the text that a scanner sent.
///
/// # Errors
/// [`Gs1Fault`] for invalid GS1 data, with its position, and for labels that are not about goods.
pub fn read_scan(text: &str, scanner: Scanner) -> Result<Scan, Gs1Fault> {
    let text = text.trim_matches(|char: char| char.is_whitespace() && char != GROUP_SEPARATOR);
    let (symbology, sent) = symbology(text);
    if let Some(elements) = link::read(sent)? {
        return Ok(Scan::Gs1(elements));
    }
    let data = sent.replace(scanner.separator, &GROUP_SEPARATOR.to_string());
    if let Some(envelope) = data.strip_prefix("[)>") {
        return envelope::read(envelope, scanner);
    }
    if let Some(label) = hibc::read(sent) {
        return Ok(Scan::Label(label));
    }
    let is_gs1 = match symbology {
        Some(identifier) => ["C1", "d2", "Q3", "e0", "J1"].contains(&identifier),
        None => sent.contains(GROUP_SEPARATOR) || elements::is_bracketed(&data),
    };
    if is_gs1 {
        return elements::read(&data, scanner, true);
    }
    // A company's own code may contain the separator's character, or begin like an item. It is GS1 data only
    // if all of it parses.
    let may_be = match symbology {
        None => data.contains(GROUP_SEPARATOR) || begins_like_an_item(&data),
        // Some printers leave out the character that marks GS1 data.
        Some(identifier) => ["C0", "d1", "Q1"].contains(&identifier) && begins_like_an_item(&data),
    };
    if let (true, Ok(scan)) = (may_be, elements::read(&data, scanner, false)) {
        return Ok(scan);
    }
    Ok(ean::gtin(sent, symbology).map_or_else(|| Scan::Other(sent.to_owned()), Scan::Gtin))
}

/// Whether a code can only be on goods: a number or a label of goods, whatever it says. Every other code may be
/// a company's own, for a bin or a lot.
pub fn looks_like_goods(code: &str) -> bool {
    if is_bare_shipping_unit(code) {
        return true;
    }
    match read_scan(code, Scanner { separator: GROUP_SEPARATOR, sends_separators: false }) {
        Ok(Scan::Gtin(_) | Scan::Unclear(_) | Scan::Label(_)) | Err(Gs1Fault::OtherLabel) => true,
        // The number of a place may stand alone.
        Ok(Scan::Gs1(elements)) => elements.gtin().is_some() || elements.get("414").is_none(),
        Ok(Scan::Other(_)) | Err(_) => false,
    }
}

/// The AIM symbology identifier (ISO/IEC 15424) that many scanners send first, such as `]C1`, and the rest.
fn symbology(text: &str) -> (Option<&str>, &str) {
    match (text.strip_prefix(']').and_then(|rest| rest.get(..2)), text.get(3..)) {
        (Some(identifier), Some(rest)) if identifier.is_ascii() => (Some(identifier), rest),
        _ => (None, text),
    }
}

/// `00` and the number of a shipping unit with its check digit.
fn is_bare_shipping_unit(code: &str) -> bool {
    let is_number =
        code.len() == 20 && code.starts_with("00") && code.bytes().all(|byte| byte.is_ascii_digit());
    let scanner = Scanner { separator: GROUP_SEPARATOR, sends_separators: false };
    is_number && elements::read(code, scanner, true).is_ok()
}

/// `01` and a GTIN with its check digit, alone or followed by more. If more follows, a lot of one to twenty characters may
/// stand before them.
fn begins_like_an_item(data: &str) -> bool {
    let is_item = |at: usize| {
        let gtin = data.get(at..).and_then(|rest| rest.strip_prefix("01")?.get(..14));
        gtin.is_some_and(|gtin| check_gtin(gtin).is_ok())
    };
    is_item(0) || (data.starts_with("10") && (3..=22).any(|at| is_item(at) && data.len() > at + 16))
}
