//! Element strings: identifiers, each followed by its data. Lists the possible readings where separators may
//! be lost.

use super::date::two_digits;
use super::scan::{Element, GROUP_SEPARATOR, Gs1, MAX_READINGS, Scan, Scanner};
use super::table::{Check, Component, Format, format_of};
use crate::date::CalendarDate;
use crate::gtin::{check_gtin, normalize_gtin};

/// Elements in one scan.
const MAX_ELEMENTS: usize = 30;
/// Identifiers that often follow a field of variable length: if a separator may have been lost, these are
/// searched for.
const FOLLOWERS: [&str; 10] = ["01", "10", "11", "13", "15", "17", "21", "30", "37", "310"];
/// Rarer ones: their readings come after those of [`FOLLOWERS`]. Without 20, 22 and 250: lots and dates of
/// these years contain such digits, and half again as many labels would be ambiguous.
const RARE_FOLLOWERS: [&str; 11] =
    ["12", "16", "240", "241", "320", "392", "393", "400", "422", "7003", "8200"];

/// The reason why GS1 data is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Gs1Fault {
    /// Unknown identifier.
    #[error("\"{0}\" is not a GS1 identifier. Scan it again.")]
    UnknownIdentifier(String),
    /// The data is of the wrong length.
    #[error("({ai}) has {chars} characters, not {}. Scan it again.", range(*.min, *.max))]
    Length {
        /// The identifier.
        ai: String,
        /// The length of the data.
        chars: usize,
        /// The minimum.
        min: usize,
        /// The maximum.
        max: usize,
    },
    /// A character that is not allowed.
    #[error("({ai}) contains an invalid \"{char}\". Scan it again.")]
    Character {
        /// The identifier.
        ai: String,
        /// The character.
        char: char,
    },
    /// The check digit is wrong.
    #[error("({ai}) {value} has a wrong check digit. Scan it again.")]
    CheckDigit {
        /// The identifier.
        ai: String,
        /// Its data.
        value: String,
    },
    /// The date does not exist.
    #[error("({ai}) {value} is not a valid date. Scan it again.")]
    Date {
        /// The identifier.
        ai: String,
        /// Its data.
        value: String,
    },
    /// One identifier with two different values.
    #[error("({0}) appears twice with different values. Scan it again.")]
    Twice(String),
    /// A label in a format that is not about goods.
    #[error("Not a product label. Scan another code on the goods.")]
    OtherLabel,
    /// No element, or more than [`MAX_ELEMENTS`].
    #[error("The code has no readable data. Scan it again.")]
    Empty,
}

fn range(min: usize, max: usize) -> String {
    if min == max { min.to_string() } else { format!("{min} to {max}") }
}

/// Whether it is in the human-readable form: `(01)04012345123456(10)ABC`.
pub(super) fn is_bracketed(data: &str) -> bool {
    let ai = data.strip_prefix('(').and_then(|rest| rest.split_once(')')).map(|(ai, _)| ai);
    ai.is_some_and(|ai| format_of(ai).is_some_and(|format| format.ai_digits == ai.len()))
}

/// Reads elements. If the data `is_gs1` for certain, it may have identifiers that are newer than the table.
pub(super) fn read(data: &str, scanner: Scanner, is_gs1: bool) -> Result<Scan, Gs1Fault> {
    if is_bracketed(data) {
        return bracketed(data).map(Scan::Gs1);
    }
    let data = data.trim_start_matches(GROUP_SEPARATOR).trim_end_matches(GROUP_SEPARATOR);
    let as_sent = elements(data, is_gs1).and_then(checked);
    if scanner.sends_separators || data.contains(GROUP_SEPARATOR) {
        return as_sent.map(Scan::Gs1);
    }
    let mut readings: Vec<Gs1> = as_sent.iter().cloned().collect();
    let all = [&FOLLOWERS[..], &RARE_FOLLOWERS].concat();
    let likely = with_lost_separators(data, &[], &FOLLOWERS);
    for reading in likely.into_iter().chain(with_lost_separators(data, &[], &all)) {
        if readings.len() < MAX_READINGS && !readings.contains(&reading) {
            readings.push(reading);
        }
    }
    match (readings.len(), as_sent) {
        // A single reading with an inserted separator is still a guess.
        (1, Ok(only)) => Ok(Scan::Gs1(only)),
        (0, as_sent) => as_sent.map(Scan::Gs1),
        _ => Ok(Scan::Unclear(readings)),
    }
}

/// Parses elements as sent: a field of variable length ends at the next separator or at the end. If it
/// `may_end_early`, an item's elements before an unknown identifier are enough: the length of that one's data,
/// and so the place of the next, is unknown.
fn elements(data: &str, may_end_early: bool) -> Result<Vec<Element>, Gs1Fault> {
    let (mut found, mut rest) = (Vec::new(), data);
    while !rest.is_empty() && found.len() < MAX_ELEMENTS {
        if may_end_early && is_unknown(rest) && has_item(&found) {
            return Ok(found);
        }
        let (element, after) = first(rest, None)?;
        found.push(element);
        rest = after;
    }
    if found.is_empty() || !rest.is_empty() { Err(Gs1Fault::Empty) } else { Ok(found) }
}

/// Whether it begins with digits as every identifier does, but is not in the table.
fn is_unknown(data: &str) -> bool {
    data.bytes().take(2).filter(u8::is_ascii_digit).count() == 2 && format_of(data).is_none()
}

/// Whether an item's number was among the elements; its check digit is right then.
pub(super) fn has_item(elements: &[Element]) -> bool {
    elements.iter().any(|element| ["01", "02", "03"].contains(&element.ai.as_str()))
}

/// The first element, and the data after it. One of variable length ends after `chars`, if given.
fn first(data: &str, chars: Option<usize>) -> Result<(Element, &str), Gs1Fault> {
    let unknown = || Gs1Fault::UnknownIdentifier(data.chars().take(4).collect());
    let format = format_of(data).ok_or_else(unknown)?;
    let (ai, rest) = data.split_at(format.ai_digits);
    let to_separator = rest.find(GROUP_SEPARATOR).unwrap_or(rest.len());
    let end = match (format.is_predefined, chars) {
        (true, _) => format.max_chars().min(to_separator),
        (false, Some(chars)) => chars.min(to_separator),
        (false, None) => to_separator,
    };
    let (value, after) = rest.split_at_checked(end).ok_or_else(unknown)?;
    check(ai, value, &format)?;
    let element = Element { ai: ai.to_owned(), value: value.to_owned() };
    Ok((element, after.strip_prefix(GROUP_SEPARATOR).unwrap_or(after)))
}

/// Every reading in which at least one separator before one of `followers` was lost.
fn with_lost_separators(data: &str, before: &[Element], followers: &[&str]) -> Vec<Gs1> {
    let Some(format) = format_of(data).filter(|_| before.len() < MAX_ELEMENTS) else { return Vec::new() };
    let mut readings = Vec::new();
    let lengths = if format.is_predefined { 0..1 } else { format.min_chars()..format.max_chars() + 1 };
    for chars in lengths {
        let Ok((element, after)) = first(data, Some(chars)) else { continue };
        let so_far: Vec<Element> = before.iter().cloned().chain([element]).collect();
        let is_there = |ai: &str| so_far.iter().any(|element| element.ai.starts_with(ai));
        let may_follow = followers.iter().any(|ai| after.starts_with(ai) && !is_there(ai));
        if after.is_empty() || !(format.is_predefined || may_follow) {
            continue;
        }
        readings.extend(elements(after, false).ok().and_then(|rest| {
            let all = so_far.iter().cloned().chain(rest).collect();
            checked(all).ok()
        }));
        readings.extend(with_lost_separators(after, &so_far, followers));
        if readings.len() > MAX_READINGS {
            break;
        }
    }
    readings
}

fn bracketed(data: &str) -> Result<Gs1, Gs1Fault> {
    let mut found = Vec::new();
    for part in data.split('(').skip(1) {
        let unknown = || Gs1Fault::UnknownIdentifier(part.chars().take(4).collect());
        let (ai, value) = part.split_once(')').ok_or_else(unknown)?;
        let format = format_of(ai).filter(|format| format.ai_digits == ai.len()).ok_or_else(unknown)?;
        let value = value.trim_matches([GROUP_SEPARATOR, ' ']);
        // The number as it is printed below the bars of an EAN.
        let is_short = ai == "01" && check_gtin(value).is_ok();
        let value = if is_short { normalize_gtin(value) } else { value.to_owned() };
        check(ai, &value, &format)?;
        found.push(Element { ai: ai.to_owned(), value });
    }
    checked(found)
}

/// Removes repeated elements; an identifier with two values is a fault.
pub(super) fn checked(elements: Vec<Element>) -> Result<Gs1, Gs1Fault> {
    let mut kept: Vec<Element> = Vec::with_capacity(elements.len());
    for element in elements {
        match kept.iter().find(|other| other.ai == element.ai) {
            Some(other) if other.value != element.value => return Err(Gs1Fault::Twice(element.ai)),
            Some(_) => {}
            None => kept.push(element),
        }
    }
    if kept.is_empty() { Err(Gs1Fault::Empty) } else { Ok(Gs1(kept)) }
}

/// Checks an identifier's data: its length, characters, check digits and dates.
pub(super) fn check(ai: &str, value: &str, format: &Format) -> Result<(), Gs1Fault> {
    let (min, max, chars) = (format.min_chars(), format.max_chars(), value.chars().count());
    if !(min..=max).contains(&chars) {
        return Err(Gs1Fault::Length { ai: ai.to_owned(), chars, min, max });
    }
    let mut rest = value;
    for component in &format.components {
        let end = component.max_chars.min(rest.len());
        let (part, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        check_component(ai, part, component)?;
        rest = after;
    }
    Ok(())
}

fn check_component(ai: &str, part: &str, component: &Component) -> Result<(), Gs1Fault> {
    let is_wrong = |char: &char| !u8::try_from(*char).is_ok_and(|byte| component.charset.has(byte));
    if let Some(char) = part.chars().find(is_wrong) {
        return Err(Gs1Fault::Character { ai: ai.to_owned(), char });
    }
    if part.is_empty() && component.min_chars == 0 {
        return Ok(());
    }
    let (ai, value) = (ai.to_owned(), part.to_owned());
    match component.check {
        Check::Digit if !has_check_digit(part) => Err(Gs1Fault::CheckDigit { ai, value }),
        Check::Date if !is_date(part, false) => Err(Gs1Fault::Date { ai, value }),
        Check::DateOrMonth if !is_date(part, true) => Err(Gs1Fault::Date { ai, value }),
        Check::None | Check::Digit | Check::Date | Check::DateOrMonth => Ok(()),
    }
}

/// The check digit of every numeric GS1 key: alternating weights from the right.
pub(super) fn has_check_digit(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, byte)| u32::from(byte - b'0') * if at % 2 == 0 { 1 } else { 3 })
        .sum();
    sum.is_multiple_of(10)
}

fn is_date(text: &str, may_lack_day: bool) -> bool {
    // The century does not matter for two-digit years: 2000 is a leap year like the other multiples of four.
    let is_month = may_lack_day && text.ends_with("00");
    two_digits(text).is_some_and(|[year, month, day]| {
        CalendarDate::new(2000 + u16::from(year), month, if is_month { 1 } else { day }).is_some()
    })
}
