//! GS1 Digital Link: elements as a web address, `https://id.example/01/04012345123456/10/ABC?17=261231`.

use super::elements::{Gs1Fault, check, checked, has_item};
use super::scan::{Element, Gs1};
use super::table::format_of;
use crate::gtin::check_gtin;

/// Identifiers that a link's path may start with.
const PRIMARY: [&str; 16] = [
    "00", "01", "253", "255", "401", "402", "414", "415", "417", "8003", "8004", "8006", "8010", "8013",
    "8017", "8018",
];

/// Names for identifiers, from the first versions of the standard.
const NAMES: [(&str, &str); 7] = [
    ("gtin", "01"),
    ("lot", "10"),
    ("exp", "17"),
    ("ser", "21"),
    ("cpv", "22"),
    ("sscc", "00"),
    ("itip", "8006"),
];

/// The elements of a link; none for other texts and for links without GS1 data.
pub(super) fn read(text: &str) -> Result<Option<Gs1>, Gs1Fault> {
    let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    let scheme = ["https://", "http://"].into_iter().find(|scheme| lower.starts_with(scheme));
    let Some(address) = scheme.and_then(|scheme| text.get(scheme.len()..)) else { return Ok(None) };
    let address = address.split('#').next().unwrap_or_default();
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let parts: Vec<&str> = path.split('/').skip(1).filter(|part| !part.is_empty()).collect();
    // Any address may contain the word "gtin"; what follows tells.
    let is_named_item = |pair: &[&str]| pair[0] == "gtin" && check_gtin(pair[1]).is_ok();
    let begin = parts.iter().position(|part| PRIMARY.contains(part));
    let Some(begin) = begin.or_else(|| parts.windows(2).position(is_named_item)) else { return Ok(None) };
    let mut elements = Vec::new();
    for pair in parts.get(begin..).unwrap_or_default().chunks(2) {
        let ai = identifier(pair[0]);
        match element(ai, pair.get(1).copied().unwrap_or_default())? {
            Some(element) => elements.push(element),
            // The rest is for the web server, or newer than the table.
            None if has_item(&elements) => break,
            None => return Err(Gs1Fault::UnknownIdentifier(ai.chars().take(4).collect())),
        }
    }
    for (name, value) in query.split(['&', ';']).filter_map(|pair| pair.split_once('=')) {
        // Other parameters are meant for the web server; so may be one that is only called "exp".
        let ai = identifier(name);
        match element(ai, value) {
            Err(fault) if ai == name => return Err(fault),
            element => elements.extend(element.ok().flatten()),
        }
    }
    checked(elements).map(Some)
}

/// The identifier of a name; other texts as they are.
fn identifier(name: &str) -> &str {
    NAMES.iter().find(|(known, _)| *known == name).map_or(name, |(_, ai)| ai)
}

/// An element; none if `ai` is not an identifier. A GTIN may be shorter than 14 digits in a link.
fn element(ai: &str, value: &str) -> Result<Option<Element>, Gs1Fault> {
    let Some(format) = format_of(ai).filter(|format| format.ai_digits == ai.len()) else { return Ok(None) };
    let mut value = percent_decoded(value);
    if ai == "01" && matches!(value.len(), 8 | 12 | 13) {
        value = format!("{value:0>14}");
    }
    check(ai, &value, &format)?;
    Ok(Some(Element { ai: ai.to_owned(), value }))
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let coded = (byte == b'%').then(|| after.get(..2)).flatten();
        let decoded = coded.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(decoded.unwrap_or(byte));
        rest = if decoded.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
