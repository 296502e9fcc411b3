//! Labels in the envelope of ISO/IEC 15434, which says how their data is written.

use super::date::date_in;
use super::elements::{self, Gs1Fault};
use super::label::Label;
use super::scan::{GROUP_SEPARATOR, Scan, Scanner};
use crate::gtin::check_gtin;

const RECORD_SEPARATOR: char = '\u{1e}';
const END: char = '\u{4}';

/// Reads what follows the envelope's first characters, `[)>`.
pub(super) fn read(envelope: &str, scanner: Scanner) -> Result<Scan, Gs1Fault> {
    let message = envelope.trim_start_matches(RECORD_SEPARATOR).split([RECORD_SEPARATOR, END]).next();
    let (format, data) = message.and_then(|message| message.split_at_checked(2)).ok_or(Gs1Fault::Empty)?;
    let separated = data.strip_prefix(GROUP_SEPARATOR);
    match format {
        "05" => {
            let sends_separators = scanner.sends_separators || separated.is_some();
            elements::read(data, Scanner { sends_separators, ..scanner }, true)
        }
        "06" => label(separated.ok_or(Gs1Fault::Empty)?).map(Scan::Label),
        _ => Err(Gs1Fault::OtherLabel),
    }
}

/// Reads fields that begin with data identifiers (ANSI MH10.8.2).
fn label(fields: &str) -> Result<Label, Gs1Fault> {
    let get = |identifier: &str| {
        let mut values = fields.split(GROUP_SEPARATOR).filter_map(|field| field.strip_prefix(identifier));
        values.next().map(str::trim).filter(|value| !value.is_empty())
    };
    let gtin = get("8P");
    if let Some(wrong) = gtin.filter(|gtin| check_gtin(gtin).is_err()) {
        return Err(Gs1Fault::CheckDigit { ai: "8P".to_owned(), value: wrong.to_owned() });
    }
    // The customer's number for an item comes before its maker's.
    let item = gtin.or_else(|| get("9N").map(pharmacy_number)).or_else(|| get("P")).or_else(|| get("1P"));
    let mut expires_on = None;
    for (ai, layout) in [("D", "YYMMDD"), ("14D", "YYYYMMDD")] {
        if let Some(value) = get(ai) {
            let fault = || Gs1Fault::Date { ai: ai.to_owned(), value: value.to_owned() };
            expires_on = Some(date_in(value, layout).ok_or_else(fault)?);
        }
    }
    let label = Label::new(item, get("1T"), expires_on);
    let of_serial = || get("S").map(|code| Label { code: code.to_owned(), expires_on, ..Label::default() });
    label.or_else(of_serial).ok_or(Gs1Fault::Empty)
}

/// The German number of a medicine within the international one: after 11, before two check digits.
fn pharmacy_number(value: &str) -> &str {
    let german = value.strip_prefix("11").filter(|rest| rest.len() == 10);
    german.and_then(|rest| rest.get(..8)).unwrap_or(value)
}
