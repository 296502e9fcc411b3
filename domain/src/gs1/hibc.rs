//! Labels of the health industry: `+A99912345/$$52001510X33` (ANSI/HIBC 2.6, LIC).

use super::date::date_in;
use super::label::Label;
use crate::date::CalendarDate;

/// The characters in the order of their values. The check character's value is the remainder of the others' sum.
const CHARACTERS: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%";
const SPACE: usize = 38;
/// The layout of the date in data after `$$`, by the digit that it begins with. Of months this digit is the
/// first of the date.
const LAYOUTS: [&str; 8] = ["MMYY", "MMYY", "MMDDYY", "YYMMDD", "YYMMDDHH", "YYJJJ", "YYJJJHH", ""];
/// An item: four characters of its maker, one to eighteen of its own, and a digit for its unit.
const ITEM_CHARS: std::ops::RangeInclusive<usize> = 6..=23;

/// Reads a label of an item, of its lot and expiry date, or of both. None for another code.
pub(super) fn read(text: &str) -> Option<Label> {
    let data = checked(text)?;
    let has_item = data.starts_with(|first: char| first.is_ascii_uppercase());
    // The last character of a label without an item links it to the one with the item.
    let data = if has_item { data } else { data.get(..data.len().checked_sub(1)?)? };
    let mut parts = data.split('/');
    let item = if has_item { Some(parts.next().filter(|item| is_item(item))?) } else { None };
    let (mut lot, mut expires_on) = (None, None);
    for (its_lot, its_date) in parts.filter_map(secondary) {
        lot = lot.or(its_lot);
        expires_on = expires_on.or(its_date);
    }
    Label::new(item, lot, expires_on)
}

/// The data between the flag `+` and the check character, which has to be right.
fn checked(text: &str) -> Option<&str> {
    let data = text.strip_prefix('+')?;
    let values = text.chars().map(|char| CHARACTERS.find(char)).collect::<Option<Vec<usize>>>()?;
    let sum: usize = values.iter().sum();
    let last = values.last()?;
    if (sum - last) % CHARACTERS.len() == *last {
        return data.get(..data.len().checked_sub(1)?);
    }
    // A space at the end of a scan is not kept.
    (sum % CHARACTERS.len() == SPACE).then_some(data)
}

fn is_item(part: &str) -> bool {
    let is_alphanumeric = part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_alphanumeric && ITEM_CHARS.contains(&part.len()) && part.ends_with(|unit: char| unit.is_ascii_digit())
}

/// The lot and the expiry date of a part; none for other data, such as a serial number or the day of production.
fn secondary(part: &str) -> Option<(Option<&str>, Option<CalendarDate>)> {
    if let Some(day) = part.strip_prefix("14D") {
        return Some((None, Some(date_in(day, "YYYYMMDD")?)));
    }
    if let Some(data) = part.strip_prefix("$$") {
        let serial = data.strip_prefix('+');
        let (lot, expires_on) = dated(serial.unwrap_or(data))?;
        return Some((lot.filter(|_| serial.is_none()), expires_on));
    }
    if let Some(lot) = part.strip_prefix('$') {
        return Some((some(lot).filter(|lot| !lot.starts_with('+')), None));
    }
    let (day, lot) = part.split_at_checked(5)?;
    Some((some(lot), Some(date_in(day, "YYJJJ")?)))
}

/// The lot or serial number, and the expiry date, after `$$`: there may be a quantity before them.
fn dated(data: &str) -> Option<(Option<&str>, Option<CalendarDate>)> {
    let after_quantity = match data.bytes().next()? {
        b'8' => data.get(3..)?,
        b'9' => data.get(6..)?,
        _ => data,
    };
    let Some(digit) = after_quantity.chars().next().and_then(|first| first.to_digit(10)) else {
        // Only after a quantity there may be no word about the date.
        return Some((some(after_quantity), None)).filter(|_| after_quantity.len() < data.len());
    };
    let layout = LAYOUTS.get(usize::try_from(digit).ok()?)?;
    let rest = if digit < 2 { after_quantity } else { after_quantity.get(1..)? };
    let (day, lot) = rest.split_at_checked(layout.len())?;
    let expires_on = if layout.is_empty() { None } else { Some(date_in(day, layout)?) };
    Some((some(lot), expires_on))
}

fn some(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `data` with the right check character: its code, lot and date.
    fn meaning(data: &str) -> Option<(String, Option<String>, Option<String>)> {
        let sum: usize = data.chars().filter_map(|char| CHARACTERS.find(char)).sum();
        let check = CHARACTERS.chars().nth(sum % CHARACTERS.len())?;
        let label = read(&format!("{data}{check}"))?;
        Some((label.code, label.lot_code, label.expires_on.map(|date| date.to_string())))
    }

    #[test]
    fn every_form_of_lot_and_date_is_read() {
        for (data, lot, expires_on) in [
            ("$LOT7", Some("LOT7"), None),
            ("$+SER7", None, None),
            ("27060LOT7", Some("LOT7"), Some("2027-03-01")),
            ("27060", None, Some("2027-03-01")),
            ("$$0927LOT7", Some("LOT7"), Some("2027-09-30")),
            ("$$1227LOT7", Some("LOT7"), Some("2027-12-31")),
            ("$$2093027LOT7", Some("LOT7"), Some("2027-09-30")),
            ("$$3270930LOT7", Some("LOT7"), Some("2027-09-30")),
            ("$$427093023LOT7", Some("LOT7"), Some("2027-09-30")),
            ("$$527273LOT7", Some("LOT7"), Some("2027-09-30")),
            ("$$62727323LOT7", Some("LOT7"), Some("2027-09-30")),
            ("$$7LOT7", Some("LOT7"), None),
            ("$$+3270930SER7", None, Some("2027-09-30")),
            ("$$8243270930LOT7", Some("LOT7"), Some("2027-09-30")),
            ("$$9001000927LOT7", Some("LOT7"), Some("2027-09-30")),
            ("$$824LOT7", Some("LOT7"), None),
            ("$$8247777", Some("777"), None),
            ("$$7LOT7/14D20270930", Some("LOT7"), Some("2027-09-30")),
            ("$LOT7/16D20250930/S77/Q500", Some("LOT7"), None),
            ("14D20270930/$LOT7", Some("LOT7"), Some("2027-09-30")),
            ("$$3271330LOT7", None, None),
            ("$$LOT7", None, None),
            ("$$8", None, None),
            ("$$", None, None),
            ("$", None, None),
            ("", None, None),
        ] {
            let expected = ("A99912345", lot.map(str::to_owned), expires_on.map(str::to_owned));
            let (code, lot_code, day) = meaning(&format!("+A99912345/{data}")).expect("a label");
            assert_eq!((code.as_str(), lot_code, day), expected, "{data}");
        }
    }

    #[test]
    fn other_codes_are_not_labels() {
        for data in [
            "+",
            "+A",
            "+A9991X",
            "+A9991234X",
            "+9999123450",
            "+A999-2345",
            "+/EAH783/Z34H159",
            "+$",
            "+$$3",
        ] {
            assert_eq!(meaning(data), None, "{data}");
        }
        for text in ["", "+", "A99912345", "+A99912345", "+a999123458", "+ Ä", "+A9991234567890123456789Z"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
