//! The content of a scan, before any look-up. Pure.

use domain::{
    Amount, CalendarDate, Gs1, Gs1Fault, GtinFault, Label, Quantity, ScaleLabel, ScalePattern, Scan, Scanner,
    check_gtin, looks_like_date, looks_like_goods, read_scan, same_key,
};

use super::command::Command;
use crate::book::lots_found::LotFound;
use crate::words::language::{t, tf};

/// A code with the other content of its label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scanned {
    /// The barcode or code to look up.
    pub(crate) code: String,
    pub(crate) lot_code: Option<String>,
    pub(crate) expires_on: Option<CalendarDate>,
    /// The other elements of a GS1 label.
    pub(crate) elements: Gs1,
    /// The content of a scale's label; none once a product has its whole code.
    pub(crate) scale: Option<Box<ScaleLabel>>,
    /// The quantity on the label, in the product's unit, once the product is known.
    pub(crate) amount: Option<Amount>,
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

    /// Goods that were chosen in a search, with their lot.
    pub(crate) fn chosen(lot: Option<&LotFound>) -> Self {
        Self { lot_code: lot.map(|lot| lot.lot_code().to_owned()), ..Self::default() }
    }

    /// The part that a field accepts; `takes` is [`Takes::code`](crate::ui::field::Takes::code).
    pub(crate) fn part_for(&self, takes: &str) -> Option<String> {
        let lot = || self.lot_code.clone().unwrap_or_else(|| self.code.clone());
        match takes {
            "alone" if self.is_item => None,
            "lot" | "alone" => Some(lot()),
            "code" if self.scale.is_some() => self.scale.as_ref().map(|label| label.item.clone()),
            _ => Some(self.code.clone()),
        }
    }

    /// The scan of a product in `unit`, with the quantity that its label says.
    pub(crate) fn in_unit(mut self, unit: &str) -> Self {
        self.amount = match &self.scale {
            Some(label) => label.amount(unit),
            None => self.elements.amount(unit),
        };
        self
    }

    /// The quantity that the scan stands for: that of the label, or one.
    pub(crate) fn quantity(&self) -> Quantity {
        match &self.amount {
            Some(Amount::Exact(quantity)) => *quantity,
            Some(Amount::Other(_)) | None => Quantity::units(1),
        }
    }

    /// The sentence for a quantity on the label that is not in the product's `unit`.
    pub(crate) fn other_amount(&self, unit: &str) -> Option<String> {
        let Some(Amount::Other(printed)) = &self.amount else { return None };
        Some(tf(
            "The label says {label}, not {unit}. Enter the quantity.",
            &[("label", printed), ("unit", &unit)],
        ))
    }

    /// Whether it is a GS1 label that names no goods, lot or place, such as a count or a shipping unit.
    pub(crate) fn is_part(&self) -> bool {
        let is_gs1 = !self.elements.0.is_empty();
        is_gs1 && !self.is_item && self.lot_code.is_none() && self.elements.get("414").is_none()
    }

    /// Whether it may be the name of a bin, or a lot code as it stands: not what a person typed to find goods, nor a code
    /// or a label of goods.
    pub(crate) fn may_be_name(&self) -> bool {
        let is_goods = self.is_item || self.lot_code.is_some() || self.expires_on.is_some() || self.is_part();
        // The number of a place has the form of an item's.
        let is_place = self.elements.get("414").is_some();
        !is_goods && !self.is_typed && (is_place || !looks_like_goods(&self.code))
    }

    /// Whether it was scanned and is no label with further content.
    pub(crate) fn is_plain(&self) -> bool {
        !self.is_typed && self.lot_code.is_none() && self.elements.0.is_empty()
    }

    /// Whether a person typed a number of goods with a wrong check digit. A date may be a lot's.
    pub(crate) fn is_mistyped(&self) -> bool {
        let is_wrong = || matches!(check_gtin(&self.code), Err(GtinFault::CheckDigit { .. }));
        self.is_typed && is_wrong() && !looks_like_date(&self.code)
    }

    /// Whether `code` is the scanned code.
    pub(crate) fn is(&self, code: &str) -> bool {
        same_key(&self.code, code)
    }
}

/// The possible meanings of a scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Command(Command),
    /// Meant as a command, but there is none like it: it is no code of goods.
    NoCommand(String),
    Code(Scanned),
    /// Ambiguous: a person has to choose; the most likely reading first.
    Unclear(Vec<Gs1>),
}

/// Parses a scanner's input on `today`; `scale` is the pattern of scales' labels.
///
/// # Errors
/// [`Gs1Fault`].
pub(crate) fn meaning_of(
    text: &str,
    scanner: Scanner,
    scale: Option<&ScalePattern>,
    today: CalendarDate,
) -> Result<Meaning, Gs1Fault> {
    Ok(match read_scan(text, scanner)? {
        Scan::Gtin(code) => {
            let is_item = code.len() >= MIN_CERTAIN_GTIN_DIGITS;
            let scale = scale.and_then(|pattern| pattern.read(&code)).map(Box::new);
            Meaning::Code(Scanned { is_item, scale, ..Scanned::plain(code) })
        }
        Scan::Other(code) => match Command::read(&code) {
            Some(command) => Meaning::Command(command),
            None if Command::is_meant(&code) => Meaning::NoCommand(code),
            None => Meaning::Code(Scanned::plain(code)),
        },
        Scan::Gs1(elements) => Meaning::Code(scanned(&elements, today)),
        Scan::Label(Label { code, is_item, lot_code, expires_on }) => {
            Meaning::Code(Scanned { code, is_item, lot_code, expires_on, ..Scanned::default() })
        }
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
        is_item: elements.gtin().is_some(),
        lot_code,
        elements: elements.clone(),
        ..Scanned::default()
    }
}

/// The reason why a label cannot be parsed, in the language of the screens.
pub(crate) fn fault_in_words(fault: &Gs1Fault) -> String {
    match fault {
        Gs1Fault::UnknownIdentifier(text) => {
            tf("\"{text}\" is not a GS1 identifier. Scan it again.", &[("text", text)])
        }
        Gs1Fault::Length { ai, chars, min, max } if min == max => tf(
            "({ai}) has {chars} characters, not {n}. Scan it again.",
            &[("ai", ai), ("chars", chars), ("n", min)],
        ),
        Gs1Fault::Length { ai, chars, min, max } => tf(
            "({ai}) has {chars} characters, not {min} to {max}. Scan it again.",
            &[("ai", ai), ("chars", chars), ("min", min), ("max", max)],
        ),
        Gs1Fault::Character { ai, char } => {
            tf("({ai}) contains an invalid \"{char}\". Scan it again.", &[("ai", ai), ("char", char)])
        }
        Gs1Fault::CheckDigit { ai, value } => {
            tf("({ai}) {value} has a wrong check digit. Scan it again.", &[("ai", ai), ("value", value)])
        }
        Gs1Fault::Date { ai, value } => {
            tf("({ai}) {value} is not a valid date. Scan it again.", &[("ai", ai), ("value", value)])
        }
        Gs1Fault::Twice(ai) => {
            tf("({ai}) appears twice with different values. Scan it again.", &[("ai", ai)])
        }
        Gs1Fault::OtherLabel => t("Not a product label. Scan another code on the goods.").to_owned(),
        Gs1Fault::Empty => t("The code has no readable data. Scan it again.").to_owned(),
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
        read_with(None, text)
    }

    fn read_with(pattern: Option<&str>, text: &str) -> Meaning {
        let pattern = pattern.map(|pattern| pattern.parse().expect("a pattern"));
        let scanner = Scanner { separator: GROUP_SEPARATOR, sends_separators: true };
        let today = "2026-11-21".parse().expect("a date");
        meaning_of(text, scanner, pattern.as_ref(), today).expect("a scan")
    }

    #[test]
    fn a_label_contains_item_lot_date_and_count() {
        let label = "]d20104012345123456171705001037ABC\u{1d}3012";
        let Meaning::Code(scanned) = read(label) else { panic!("a code") };
        assert_eq!(scanned.code, "04012345123456");
        assert!(scanned.is_item);
        assert_eq!(scanned.expires_on.map(|date| date.to_string()).as_deref(), Some("2017-05-31"), "day 00");
        assert_eq!(scanned.lot_code.as_deref(), Some("37ABC"));
        assert_eq!(scanned.clone().in_unit("each").quantity(), Quantity::units(12));
        assert_eq!(scanned.clone().in_unit("each").other_amount("each"), None);
    }

    #[test]
    fn a_mistyped_command_is_no_product() {
        assert_eq!(read("LBCMD-SAVE"), Meaning::Command(Command::Save));
        assert_eq!(read("lbcmd-svae"), Meaning::NoCommand("lbcmd-svae".into()));
        assert_eq!(read("SAVE-1"), Meaning::Code(Scanned::plain("SAVE-1")));
    }

    #[test]
    fn a_net_weight_is_the_quantity_of_goods_in_kilograms() {
        let Meaning::Code(scanned) = read("(01)04012345123456(3103)001250") else { panic!("a code") };
        assert_eq!(scanned.clone().in_unit("kg").quantity(), Quantity(1_250));
        assert_eq!(scanned.clone().in_unit("each").quantity(), Quantity::units(1));
        let pounds = scanned.in_unit("lb").other_amount("lb").unwrap_or_default();
        assert_eq!(pounds, "The label says (3103) 001250, not lb. Enter the quantity.");
    }

    #[test]
    fn the_label_of_a_scale_says_item_and_weight_where_its_pattern_is_set() {
        let of = |pattern, text| match read_with(pattern, text) {
            Meaning::Code(scanned) => scanned.in_unit("kg"),
            other => panic!("{other:?}"),
        };
        let weighed = of(Some("20IIIIIWW.WWWC"), "2012345012509");
        assert_eq!((weighed.code.as_str(), weighed.quantity()), ("2012345012509", Quantity(1_250)));
        let part = |takes: Takes| weighed.part_for(takes.code().unwrap_or_default());
        assert_eq!(part(Takes::Code).as_deref(), Some("12345"), "a new product gets the item's number");
        assert_eq!(part(Takes::Whole).as_deref(), Some("2012345012509"));
        assert_eq!(part(Takes::Alone), None);
        let priced = of(Some("20IIIIIMMM.MMC"), "2012345012509");
        let said = priced.other_amount("kg").unwrap_or_default();
        assert_eq!(said, "The label says 12.50, not kg. Enter the quantity.");
        for (pattern, text) in [(None, "2012345012509"), (Some("21IIIIIWW.WWWC"), "2012345012509")] {
            let plain = of(pattern, text);
            assert_eq!((plain.scale.clone(), plain.quantity()), (None, Quantity::units(1)));
        }
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
        let Meaning::Code(lot) = read("(10)L1") else { panic!("a code") };
        assert_eq!((lot.code.as_str(), lot.lot_code.as_deref(), lot.is_item), ("L1", Some("L1"), false));
    }

    #[test]
    fn a_typed_number_with_a_wrong_check_digit_is_mistyped() {
        let typed = |code: &str| Scanned { is_typed: true, ..Scanned::plain(code) };
        for wrong in ["4006381333932", "036000291453", "96385075"] {
            assert!(typed(wrong).is_mistyped() && !Scanned::plain(wrong).is_mistyped(), "{wrong}");
        }
        for other in ["4006381333931", "20260131", "B-07-3", "12345"] {
            assert!(!typed(other).is_mistyped(), "{other}");
        }
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
