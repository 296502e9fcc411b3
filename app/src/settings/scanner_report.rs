//! Diagnoses a scanner from a scan: its input, its timing, and the settings to change. Pure.

use domain::{GROUP_SEPARATOR, Gs1, Label, Scan, Scanner, read_scan};

use super::scanner_keyboard::{KeyboardFault, keyboard_fault};
use crate::desk::scan_key::{DEAD_KEY, LastBurst, Terminator};
use crate::device::preferences::ScannerPreferences;
use crate::ui::code128::FNC1;

/// An item, its lot, and after a separator its serial number.
const SEPARATOR_LABEL: [&str; 2] = ["010952123454321310AB1", "217"];
/// A mean gap above this is unnecessarily slow.
const SLOW_MEAN_GAP_MILLIS: f64 = 30.0;
/// Factor from the longest measured gap to the adopted one.
const GAP_ROOM_FACTOR: f64 = 2.0;
/// Minimum adopted gap.
const MIN_ADOPTED_GAP_MILLIS: u32 = 40;
/// Maximum adopted gap; people type faster than a longer one.
pub(crate) const MAX_ADOPTED_GAP_MILLIS: u32 = 250;

/// The diagnosis of one scan.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Report {
    /// The scanner's input.
    pub(crate) text: String,
    /// Its keys; `None` for input from the camera or from typing.
    pub(crate) burst: Option<LastBurst>,
    pub(crate) reading: Reading,
    /// The most severe first; empty for a correctly configured scanner.
    pub(crate) advice: Vec<Advice>,
    /// The encoding of the separator, if the label has one.
    pub(crate) separator: Option<Separator>,
}

/// The parsed content.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reading {
    Gtin(String),
    Gs1(Gs1),
    /// Ambiguous.
    Unclear(Vec<Gs1>),
    Other(String),
    /// It violates the rules of GS1.
    Fault(domain::Gs1Fault),
}

/// A problem with its solution.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Advice {
    /// The device combines characters with accents.
    DeadKey,
    Keyboard(KeyboardFault),
    /// The separator was received as this character.
    SeparatorIs(char),
    SeparatorLost,
    /// A gap, in milliseconds, is too long for one scan.
    TooSlow(u32),
    /// It has fewer characters than the configured minimum, which is given.
    TooShort(u32),
    NoTerminator,
    /// Mean milliseconds per key.
    Slow(u32),
    NoIdentifier,
}

/// The result for the separator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Separator {
    /// Received and recognised.
    Came,
    /// Received as a character that is not configured for it.
    CameAs(char),
    Lost,
}

impl Report {
    /// Diagnoses `text` for a scanner with the preferences `scanner`.
    pub(crate) fn new(text: &str, burst: Option<LastBurst>, scanner: &ScannerPreferences) -> Self {
        let reading = read(text, scanner.scanner());
        let separator = separator(text, scanner.separator);
        let mut advice = Vec::new();
        if text.contains(DEAD_KEY) {
            advice.push(Advice::DeadKey);
        }
        let is_caps_lock = burst.as_ref().map(|burst| burst.is_caps_lock);
        advice.extend(keyboard_fault(text, is_caps_lock).map(Advice::Keyboard));
        advice.extend(separator.and_then(Separator::advice));
        advice.extend(burst.as_ref().into_iter().flat_map(|burst| burst_advice(burst, scanner)));
        let is_gs1 = matches!(reading, Reading::Gs1(_) | Reading::Unclear(_));
        if is_gs1 && burst.is_some() && symbology(text).is_none() && !text.contains("//") {
            advice.push(Advice::NoIdentifier);
        }
        Self { text: text.to_owned(), burst, reading, advice, separator }
    }
}

impl Separator {
    const fn advice(self) -> Option<Advice> {
        match self {
            Self::Came => None,
            Self::CameAs(char) => Some(Advice::SeparatorIs(char)),
            Self::Lost => Some(Advice::SeparatorLost),
        }
    }
}

/// The barcode data of the label with a separator.
pub(crate) fn separator_label() -> String {
    let [item, serial] = SEPARATOR_LABEL;
    format!("{FNC1}{item}{FNC1}{serial}")
}

fn read(text: &str, scanner: Scanner) -> Reading {
    match read_scan(text, scanner) {
        Ok(Scan::Gtin(digits)) => Reading::Gtin(digits),
        Ok(Scan::Gs1(elements)) => Reading::Gs1(elements),
        Ok(Scan::Unclear(readings)) => Reading::Unclear(readings),
        Ok(Scan::Label(Label { code, .. }) | Scan::Other(code)) => Reading::Other(code),
        Err(fault) => Reading::Fault(fault),
    }
}

/// The maximum gap of one scan to adopt after a measurement.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held between two bounds")]
pub(crate) fn adopted_gap_millis(burst: &LastBurst) -> u32 {
    let wanted = (burst.max_gap_millis * GAP_ROOM_FACTOR)
        .clamp(f64::from(MIN_ADOPTED_GAP_MILLIS), f64::from(MAX_ADOPTED_GAP_MILLIS));
    (wanted / 10.0).ceil() as u32 * 10
}

/// The AIM symbology identifier at the start of a scan.
pub(crate) fn symbology(text: &str) -> Option<&str> {
    let identifier = text.get(..3).filter(|_| text.starts_with(']'))?;
    let is_one = identifier.bytes().skip(1).all(|byte| byte.is_ascii_alphanumeric());
    is_one.then_some(identifier)
}

/// Replaces invisible characters by names such as `<GS>`. Few fonts contain Unicode's symbols for them.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            GROUP_SEPARATOR => shown.push_str("<GS>"),
            '\u{1e}' => shown.push_str("<RS>"),
            '\u{4}' => shown.push_str("<EOT>"),
            '\r' => shown.push_str("<CR>"),
            '\n' => shown.push_str("<LF>"),
            '\t' => shown.push_str("<TAB>"),
            _ if char.is_control() => shown.push_str(&format!("<{:02X}>", u32::from(char))),
            _ => shown.push(char),
        }
    }
    shown
}

fn burst_advice(burst: &LastBurst, scanner: &ScannerPreferences) -> Vec<Advice> {
    let mut advice = Vec::new();
    let mean = burst.total_millis / f64::from(burst.keys.saturating_sub(1).max(1));
    if burst.max_gap_millis > f64::from(scanner.max_gap_millis) {
        advice.push(Advice::TooSlow(whole(burst.max_gap_millis)));
    }
    if burst.chars < scanner.min_chars {
        advice.push(Advice::TooShort(burst.chars));
    }
    if burst.terminator == Terminator::Pause {
        advice.push(Advice::NoTerminator);
    }
    if advice.is_empty() && mean > SLOW_MEAN_GAP_MILLIS {
        advice.push(Advice::Slow(whole(mean)));
    }
    advice
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "milliseconds of one scan")]
pub(crate) fn whole(millis: f64) -> u32 {
    millis.round().max(0.0) as u32
}

/// The result for the separator, if the scan is of the label that has one.
fn separator(text: &str, chosen: char) -> Option<Separator> {
    let [item, serial] = SEPARATOR_LABEL;
    let (_, after) = text.split_once(item)?;
    let between = after.strip_suffix(serial)?;
    let mut chars = between.chars();
    match (chars.next(), chars.next()) {
        (None, _) => Some(Separator::Lost),
        (Some(char), None) if char == GROUP_SEPARATOR || char == chosen => Some(Separator::Came),
        (Some(char), None) => Some(Separator::CameAs(char)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::scanner_keyboard::KEYS_LABEL;

    fn report(text: &str) -> Report {
        Report::new(text, None, &ScannerPreferences::default())
    }

    fn burst(text: &str, gap: f64, terminator: Terminator) -> LastBurst {
        let chars = u32::try_from(text.chars().count()).expect("few");
        let keys = chars + u32::from(terminator != Terminator::Pause);
        let total_millis = gap * f64::from(keys - 1);
        LastBurst {
            text: text.into(),
            keys,
            chars,
            total_millis,
            max_gap_millis: gap,
            terminator,
            separator_seen: None,
            is_caps_lock: false,
        }
    }

    fn advice(text: &str, gap: f64, terminator: Terminator) -> Vec<Advice> {
        Report::new(text, Some(burst(text, gap, terminator)), &ScannerPreferences::default()).advice
    }

    #[test]
    fn a_correctly_configured_scanner_gets_no_advice() {
        assert_eq!(advice("4006381333931", 5.0, Terminator::Enter), []);
        assert_eq!(advice("4006381333931", 5.0, Terminator::Tab), []);
        assert_eq!(advice("]d2010952123454321310AB1\u{1d}217", 5.0, Terminator::Enter), []);
        assert_eq!(advice(KEYS_LABEL, 5.0, Terminator::Enter), []);
        assert_eq!(advice(&format!("]C0{KEYS_LABEL}"), 5.0, Terminator::Enter), []);
    }

    #[test]
    fn advises_on_scanner_settings() {
        assert_eq!(advice("4006381333931", 5.0, Terminator::Pause), [Advice::NoTerminator]);
        assert_eq!(advice("4006381333931", 130.0, Terminator::Enter), [Advice::TooSlow(130)]);
        assert_eq!(advice("4006381333931", 40.0, Terminator::Enter), [Advice::Slow(40)]);
        assert_eq!(advice("12", 5.0, Terminator::Enter), [Advice::TooShort(2)]);
        assert_eq!(advice("010952123454321310AB1\u{1d}217", 5.0, Terminator::Enter), [Advice::NoIdentifier]);
        assert_eq!(advice("AB\u{fffd}1", 5.0, Terminator::Enter), [Advice::DeadKey]);
    }

    #[test]
    fn finds_the_separator_in_every_encoding() {
        let with = |separator: &str| report(&format!("]C1010952123454321310AB1{separator}217")).separator;
        assert_eq!(with("\u{1d}"), Some(Separator::Came));
        assert_eq!(with("~"), Some(Separator::CameAs('~')));
        assert_eq!(with(""), Some(Separator::Lost));
        assert_eq!(report("4006381333931").separator, None);
        let chosen = ScannerPreferences { separator: '~', ..ScannerPreferences::default() };
        let known = Report::new("010952123454321310AB1~217", None, &chosen);
        assert_eq!(known.separator, Some(Separator::Came));
        let Reading::Gs1(elements) = known.reading else { panic!("it is GS1") };
        assert_eq!((elements.lot_code(), elements.get("21")), (Some("AB1"), Some("7")));
    }

    #[test]
    fn adopts_gaps_with_a_margin_and_within_bounds() {
        let gap = |millis| adopted_gap_millis(&burst("1234", millis, Terminator::Enter));
        assert_eq!([gap(3.0), gap(33.0), gap(100.0), gap(400.0)], [40, 70, 200, MAX_ADOPTED_GAP_MILLIS]);
    }

    #[test]
    fn makes_control_characters_visible_and_recognises_identifiers() {
        assert_eq!(visible("a\u{1d}\r\t\u{1}b"), "a<GS><CR><TAB><01>b");
        assert_eq!(symbology("]d201"), Some("]d2"));
        assert_eq!(symbology("]+01"), None);
        assert_eq!(symbology("4006381333931"), None);
    }
}
