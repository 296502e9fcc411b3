//! The content of a scan, before any look-up. Pure.

use domain::{CalendarDate, Gs1, Gs1Fault, Quantity, Scan, Scanner, read_scan};

use super::command::Command;
use crate::words::language::{t, tf};

/// A code with the other content of its label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scanned {
    /// The barcode or code to look up.
    pub(crate) code: String,
    pub(crate) lot_code: Option<String>,
    pub(crate) expires_on: Option<CalendarDate>,
    /// The count on the label.
    pub(crate) count: Option<Quantity>,
    /// Whether it can only be an item's number: then it is never treated as an unknown bin or lot.
    pub(crate) is_item: bool,
    /// Whether it was typed into a look-up field.
    pub(crate) is_typed: bool,
    /// Whether the same code was scanned just before, so that one label may have been read twice.
    pub(crate) is_echo: bool,
}

/// Minimum length of a GTIN that cannot be confused with a lot code or bin: many lot codes are dates in eight
/// digits.
const MIN_CERTAIN_GTIN_DIGITS: usize = 12;

impl Scanned {
    /// A code without further content.
    pub(crate) fn plain(code: impl Into<String>) -> Self {
        Self { code: code.into(), ..Self::default() }
    }

    /// The part that a field accepts; `takes` is [`Takes::code`](crate::ui::field::Takes::code).
    pub(crate) fn part_for(&self, takes: &str) -> Option<String> {
        let lot = || self.lot_code.clone().unwrap_or_else(|| self.code.clone());
        match takes {
            "alone" if self.is_item => None,
            "lot" | "alone" => Some(lot()),
            _ => Some(self.code.clone()),
        }
    }

    /// Whether `code` is the scanned code, ignoring case.
    pub(crate) fn is(&self, code: &str) -> bool {
        self.code.eq_ignore_ascii_case(code.trim())
    }
}

/// The possible meanings of a scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Command(Command),
    Code(Scanned),
    /// Ambiguous: a person has to choose; the most likely reading first.
    Unclear(Vec<Gs1>),
}

/// Parses a scanner's input on `today`.
///
/// # Errors
/// [`Gs1Fault`].
pub(crate) fn meaning_of(text: &str, scanner: Scanner, today: CalendarDate) -> Result<Meaning, Gs1Fault> {
    Ok(match read_scan(text, scanner)? {
        Scan::Gtin(code) => {
            let is_item = code.len() >= MIN_CERTAIN_GTIN_DIGITS;
            Meaning::Code(Scanned { is_item, ..Scanned::plain(code) })
        }
        Scan::Other(code) => {
            Command::read(&code).map_or_else(|| Meaning::Code(Scanned::plain(code)), Meaning::Command)
        }
        Scan::Gs1(elements) => Meaning::Code(scanned(&elements, today)),
        Scan::Unclear(readings) => Meaning::Unclear(readings),
    })
}

/// The content of GS1 elements. A label without an item, such as a lot's alone, stands for its lot code.
pub(crate) fn scanned(elements: &Gs1, today: CalendarDate) -> Scanned {
    let lot_code = elements.lot_code().map(str::to_owned);
    let anything = || elements.0.first().map(|element| element.value.clone());
    Scanned {
        code: elements
            .gtin()
            .map(str::to_owned)
            .or_else(|| lot_code.clone())
            .or_else(anything)
            .unwrap_or_default(),
        expires_on: elements.expires_on(today),
        count: elements
            .count()
            .map(|count| Quantity::units(count.into()))
            .filter(|count| *count > Quantity::ZERO),
        is_item: elements.gtin().is_some(),
        lot_code,
        ..Scanned::default()
    }
}

/// The reason why a label cannot be parsed, in the language of the screens.
pub(crate) fn fault_in_words(fault: &Gs1Fault) -> String {
    match fault {
        Gs1Fault::UnknownIdentifier(text) => tf(
            "The code has \"{text}\" where an identifier should be. Scan it again, or type it in.",
            &[("text", text)],
        ),
        Gs1Fault::Length { ai, chars, min, max } if min == max => tf(
            "({ai}) has {chars} characters where {n} are allowed. Scan it again, or type it in.",
            &[("ai", ai), ("chars", chars), ("n", min)],
        ),
        Gs1Fault::Length { ai, chars, min, max } => tf(
            "({ai}) has {chars} characters where {min} to {max} are allowed. Scan it again, or type it in.",
            &[("ai", ai), ("chars", chars), ("min", min), ("max", max)],
        ),
        Gs1Fault::Character { ai, char } => tf(
            "({ai}) has a character that may not be there: \"{char}\". Scan it again, or type it in.",
            &[("ai", ai), ("char", char)],
        ),
        Gs1Fault::CheckDigit { ai, value } => tf(
            "({ai}) {value} has a wrong check digit. Scan it again, or type it in.",
            &[("ai", ai), ("value", value)],
        ),
        Gs1Fault::Date { ai, value } => {
            tf("({ai}) {value} is no date. Scan it again, or type it in.", &[("ai", ai), ("value", value)])
        }
        Gs1Fault::Twice(ai) => {
            tf("({ai}) stands there twice with different data. Scan one label at a time.", &[("ai", ai)])
        }
        Gs1Fault::Empty => {
            t("The code has no data that can be read. Scan it again, or type it in.").to_owned()
        }
    }
}

/// A reading in the notation of the label: `(01) 04012345123456  (10) AB-1`.
pub(crate) fn in_words(elements: &Gs1) -> String {
    let parts = elements.0.iter().map(|element| format!("({}) {}", element.ai, element.value));
    parts.collect::<Vec<_>>().join("  ")
}

#[cfg(test)]
mod tests {
    use domain::GROUP_SEPARATOR;

    use super::*;
    use crate::ui::field::Takes;

    fn read(text: &str) -> Meaning {
        let scanner = Scanner { separator: GROUP_SEPARATOR, sends_separators: true };
        let today = "2026-11-21".parse().expect("a date");
        meaning_of(text, scanner, today).expect("a scan")
    }

    #[test]
    fn a_label_contains_item_lot_date_and_count() {
        let label = "]d20104012345123456171705001037ABC\u{1d}3012";
        let Meaning::Code(scanned) = read(label) else { panic!("a code") };
        assert_eq!(scanned.code, "04012345123456");
        assert!(scanned.is_item);
        assert_eq!(scanned.expires_on.map(|date| date.to_string()).as_deref(), Some("2017-05-31"), "day 00");
        assert_eq!(scanned.lot_code.as_deref(), Some("37ABC"));
        assert_eq!(scanned.count, Some(Quantity::units(12)));
    }

    #[test]
    fn a_number_that_can_only_be_an_item_is_marked_as_item() {
        let is_item = |text: &str| matches!(read(text), Meaning::Code(Scanned { is_item: true, .. }));
        assert!(is_item("7622210434593") && is_item("036000291452"));
        assert!(!is_item("96385074"), "a day's lot may look like that");
        assert!(!is_item("7622210434594") && !is_item("B-07-3") && !is_item("(10)L1"));
    }

    #[test]
    fn other_codes_are_commands_or_stand_for_themselves() {
        assert_eq!(read("LBCMD-SAVE"), Meaning::Command(Command::Save));
        assert_eq!(read("B-07-3"), Meaning::Code(Scanned::plain("B-07-3")));
        assert_eq!(
            read("(10)L1"),
            Meaning::Code(Scanned { lot_code: Some("L1".into()), ..Scanned::plain("L1") })
        );
    }

    #[test]
    fn a_field_takes_its_own_part_of_a_label() {
        let label =
            Scanned { lot_code: Some("L1".into()), is_item: true, ..Scanned::plain("04012345123456") };
        let lot = Scanned { lot_code: Some("L1".into()), ..Scanned::plain("L1") };
        let bin = Scanned::plain("B-07-3");
        let of = |takes: Takes, scanned: &Scanned| scanned.part_for(takes.code().unwrap_or_default());
        assert_eq!(of(Takes::Code, &label).as_deref(), Some("04012345123456"));
        assert_eq!(of(Takes::Lot, &label).as_deref(), Some("L1"));
        assert_eq!(of(Takes::Alone, &label), None, "the page knows what to do with it");
        assert_eq!(of(Takes::Alone, &lot).as_deref(), Some("L1"));
        assert_eq!(of(Takes::Alone, &bin).as_deref(), Some("B-07-3"));
    }
}
