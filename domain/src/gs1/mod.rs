//! What a scanner reads: GTINs in every length, GS1 element strings with or without their separators, Digital Links, and codes that
//! are somebody's own (GS1 General Specifications, sections 3, 5.4 and 7.8; GS1 Digital Link 1.3).

mod elements;
mod link;
mod table;

use crate::date::CalendarDate;
use crate::gtin::{GtinFault, check_gtin};

pub use elements::{Element, Gs1Fault};

/// The separator as scanners are meant to send it.
pub const GROUP_SEPARATOR: char = '\u{1d}';

/// What is known of the scanner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scanner {
    /// What it sends in place of [`GROUP_SEPARATOR`], if it does.
    pub separator: char,
    /// Whether it has been seen to send separators: then a field that runs to the end really does.
    pub sends_separators: bool,
}

/// A scan, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scan {
    /// A GTIN of 8, 12, 13 or 14 digits whose check digit is right, as scanned.
    Gtin(String),
    /// GS1 elements.
    Gs1(Gs1),
    /// It may mean several things, because a separator may have been lost: a person has to say. At most
    /// [`MAX_READINGS`], the likeliest, which is that nothing was lost, first.
    Unclear(Vec<Gs1>),
    /// Any other code, without what scanners add.
    Other(String),
}

/// Readings offered of an unclear scan.
pub const MAX_READINGS: usize = 4;

/// The elements of one scan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gs1(pub Vec<Element>);

impl Gs1 {
    /// The data of an identifier.
    pub fn get(&self, ai: &str) -> Option<&str> {
        self.0.iter().find(|element| element.ai == ai).map(|element| element.value.as_str())
    }

    /// The item's GTIN in 14 digits: of the trade item, or of what a pallet holds.
    pub fn gtin(&self) -> Option<&str> {
        self.get("01").or_else(|| self.get("02")).or_else(|| self.get("8006").and_then(|itip| itip.get(..14)))
    }

    /// The batch or lot.
    pub fn lot_code(&self) -> Option<&str> {
        self.get("10")
    }

    /// The last day of use: the use-by date, else the best-before date.
    pub fn expires_on(&self, today: CalendarDate) -> Option<CalendarDate> {
        ["17", "15"].into_iter().find_map(|ai| elements::date(self.get(ai)?, today))
    }

    /// A date of another identifier: `11` production, `13` packaging.
    pub fn date(&self, ai: &str, today: CalendarDate) -> Option<CalendarDate> {
        elements::date(self.get(ai)?, today)
    }

    /// The count of items: in a pallet, or of variable measure.
    pub fn count(&self) -> Option<u32> {
        self.get("37").or_else(|| self.get("30"))?.parse().ok()
    }
}

/// Reads what a scanner sent.
///
/// # Errors
/// [`Gs1Fault`] when it is meant to be GS1 but breaks its rules: a sentence that says where.
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
    // What stands for a separator, or begins like an item, may be so in somebody's own code as well: unless all of it can be
    // read, it is one.
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

/// `01` and a GTIN with its check digit, with more behind it: one in ten codes of digits that begin so looks like that by chance.
fn begins_like_an_item(data: &str) -> bool {
    data.len() > 16 && data.starts_with("01") && data.get(2..16).is_some_and(|gtin| check_gtin(gtin).is_ok())
}
