//! Recognises from a scan of any label that scanner and device have different keyboards. Pure.

use domain::{GROUP_SEPARATOR, Scan, Scanner, read_scan};

use crate::desk::command::Command;

/// Contains the characters whose keys differ between keyboard languages.
pub(crate) const KEYS_LABEL: &str = "TEST]d201/-+\u{1d}QWYZ";
/// The beginning of its scan: letters that are on the same keys of most keyboards.
const KEYS_LABEL_START: &str = "TEST";
/// What an AZERTY keyboard types for the keys of digits without Shift, in France and in Belgium.
const AZERTY_DIGITS: &str = "&é\"'(-è_çà§!";
/// The ones among them that no barcode has.
const AZERTY_ACCENTS: [char; 4] = ['é', 'è', 'ç', 'à'];
/// What a US keyboard types for the keys of digits with Shift, which AZERTY needs for digits.
const SHIFTED_DIGITS: &str = "!@#$%^&*()";
/// Fewer of these signs may be a code of their own.
const MIN_SIGNS: usize = 4;
/// The beginning of commands before their hyphen.
const COMMAND_START: &str = "LBCMD";
/// The known AIM code characters whose other case is none.
const AIM_CODES: &str = "ACFGILQJdz";

/// A difference between the scanner's keyboard and the device's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyboardFault {
    /// The device's is AZERTY, the scanner's is another.
    Azerty,
    /// The device's is QWERTZ, the scanner's is another.
    Qwertz,
    /// The scanner's is AZERTY, the device's is another.
    ScannerAzerty,
    /// Others: expected and received characters.
    Mixed(Vec<(char, char)>),
    /// Upper and lower case are swapped.
    CapsLock,
    /// All letters are small ones, which is rare on labels.
    SmallLetters,
}

/// The difference that a scan shows. `is_caps_lock` is the state of the device's Caps Lock, if keys were typed.
pub(crate) fn keyboard_fault(text: &str, is_caps_lock: Option<bool>) -> Option<KeyboardFault> {
    let layout = layout(text).or_else(|| fault_of_keys_label(text)).or_else(|| fault_of_command(text));
    layout.or_else(|| fault_of_case(text, is_caps_lock))
}

/// The layouts that can be named.
fn layout(text: &str) -> Option<KeyboardFault> {
    let is_signs = |set: &str| {
        let mut signs: Vec<char> = text.chars().filter(|char| set.contains(*char)).collect();
        let count = signs.len();
        signs.sort_unstable();
        signs.dedup();
        count >= MIN_SIGNS
            && signs.len() > 1
            && count == text.chars().filter(|char| !char.is_control()).count()
    };
    let signs = text.chars().filter(|char| AZERTY_DIGITS.contains(*char)).count();
    let has_digits = text.chars().any(|char| char.is_ascii_digit());
    let is_accented = text.contains(AZERTY_ACCENTS) && !has_digits && signs * 2 >= text.chars().count();
    if is_accented || is_keys_label_with(text, ('Q', 'A')) {
        Some(KeyboardFault::Azerty)
    } else if is_signs(SHIFTED_DIGITS) {
        Some(KeyboardFault::ScannerAzerty)
    } else if is_signs(AZERTY_DIGITS) {
        Some(KeyboardFault::Azerty)
    } else if text.contains('ß') || has_german_identifier(text) || is_keys_label_with(text, ('Y', 'Z')) {
        Some(KeyboardFault::Qwertz)
    } else {
        None
    }
}

/// Whether it begins with `+` where an AIM identifier has `]`. Labels of HIBC begin with `+`, too.
fn has_german_identifier(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('+') else { return false };
    let scanner = Scanner { separator: GROUP_SEPARATOR, sends_separators: false };
    let read = read_scan(&format!("]{rest}"), scanner);
    let is_identifier =
        rest.chars().next().is_some_and(|code| AIM_CODES.contains(code) || code == 'E' || code == 'e')
            && rest.chars().nth(1).is_some_and(|modifier| modifier.is_ascii_digit());
    is_identifier && matches!(read, Ok(Scan::Gtin(_) | Scan::Gs1(_) | Scan::Unclear(_)))
}

fn is_keys_label_with(text: &str, pair: (char, char)) -> bool {
    matches!(fault_of_keys_label(text), Some(KeyboardFault::Mixed(pairs)) if pairs.contains(&pair))
}

/// A command whose hyphen is another character.
fn fault_of_command(text: &str) -> Option<KeyboardFault> {
    let rest = text
        .get(..COMMAND_START.len())
        .filter(|start| start.eq_ignore_ascii_case(COMMAND_START))
        .and_then(|_| text.get(COMMAND_START.len()..))?;
    let mut rest = rest.chars();
    let came = rest.next().filter(|char| *char != '-')?;
    let is_command = Command::read(&format!("{COMMAND_START}-{}", rest.as_str())).is_some();
    is_command.then(|| KeyboardFault::Mixed(vec![('-', came)]))
}

fn fault_of_case(text: &str, is_caps_lock: Option<bool>) -> Option<KeyboardFault> {
    let body = if text.starts_with(']') { text.get(3..).unwrap_or_default() } else { text };
    let mut letters = body.chars().filter(char::is_ascii_alphabetic).peekable();
    if let Some(code) = text.strip_prefix(']').and_then(|rest| rest.chars().next()) {
        let is_swapped = !AIM_CODES.contains(code) && AIM_CODES.contains(swapped(code));
        if is_swapped || AIM_CODES.contains(code) {
            return is_swapped.then_some(KeyboardFault::CapsLock);
        }
    }
    letters.peek()?;
    let is_command = Command::read(text).is_some();
    let is_small = letters.all(|letter| letter.is_ascii_lowercase());
    let is_address = text.contains("//");
    if is_caps_lock == Some(true) || (is_command && is_small) || text.starts_with("hTTP") {
        return Some(KeyboardFault::CapsLock);
    }
    (is_small && !is_address && is_caps_lock.is_some()).then_some(KeyboardFault::SmallLetters)
}

const fn swapped(letter: char) -> char {
    if letter.is_ascii_lowercase() { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
}

/// Compares a scan of [`KEYS_LABEL`] with its text.
fn fault_of_keys_label(text: &str) -> Option<KeyboardFault> {
    let came = without_identifier(text)?;
    let meant = KEYS_LABEL.chars().filter(|char| *char != GROUP_SEPARATOR);
    let pairs: Vec<(char, char)> = meant.zip(came).filter(|(meant, came)| meant != came).collect();
    let is_case = |(meant, came): &(char, char)| meant.eq_ignore_ascii_case(came);
    if pairs.is_empty() {
        return None;
    }
    if pairs.iter().all(is_case) {
        return Some(KeyboardFault::CapsLock);
    }
    let mut mixed: Vec<(char, char)> = pairs.into_iter().filter(|pair| !is_case(pair)).collect();
    mixed.dedup();
    Some(KeyboardFault::Mixed(mixed))
}

/// The characters of a scan of [`KEYS_LABEL`] without its identifier; `None` for another label. The
/// identifier may be garbled as well, so it is detected by its length.
fn without_identifier(text: &str) -> Option<Vec<char>> {
    let chars: Vec<char> = text.chars().collect();
    let label: Vec<char> = KEYS_LABEL.chars().collect();
    let start = KEYS_LABEL_START.chars().count();
    for skipped in [0, 3] {
        let rest = chars.get(skipped..)?;
        let begins =
            rest.iter().zip(KEYS_LABEL_START.chars()).all(|(came, meant)| came.eq_ignore_ascii_case(&meant));
        if begins && rest.len() + 1 == label.len() {
            return Some(rest.to_vec());
        }
        if begins && rest.len() == label.len() {
            let separator = label.iter().position(|char| *char == GROUP_SEPARATOR).unwrap_or(start);
            let kept = rest.iter().enumerate().filter(|(nth, _)| *nth != separator);
            return Some(kept.map(|(_, char)| *char).collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::KeyboardFault::{Azerty, CapsLock, Mixed, Qwertz, ScannerAzerty, SmallLetters};
    use super::*;

    fn fault(text: &str) -> Option<KeyboardFault> {
        keyboard_fault(text, Some(false))
    }

    /// What a keyboard types for the keys of a US keyboard.
    fn typed(text: &str, keys: &str, faces: &str) -> String {
        let face = |char: char| keys.chars().zip(faces.chars()).find(|(key, _)| *key == char);
        text.chars().map(|char| face(char).map_or(char, |(_, face)| face)).collect()
    }

    fn french(text: &str) -> String {
        typed(text, "1234567890-]/+QAWZMqawzm", "&é\"'(-è_çà)$!+AQZW?aqzw,")
    }

    fn german(text: &str) -> String {
        typed(text, "-]/+YZyz_", "ß+-\u{b4}ZYzy?")
    }

    const GOOD: [&str; 12] = [
        "4006381333931",
        "]E04006381333931",
        "]d2010952123454321310AB1\u{1d}217",
        "]C10109521234543213",
        "]e00109521234543213",
        "LBCMD-SAVE",
        "A-01-02",
        "+A99912345",
        "https://id.gs1.org/01/09521234543213",
        "HTTPS://ID.GS1.ORG/01/09521234543213",
        "PALETTE 7",
        "(-)",
    ];

    #[test]
    fn a_correct_scan_shows_no_fault() {
        for text in GOOD {
            assert_eq!(fault(text), None, "{text}");
        }
        assert_eq!(fault(KEYS_LABEL), None);
        assert_eq!(keyboard_fault("a-01", None), None, "read by the camera");
        assert_eq!(keyboard_fault("]d201095212345432", Some(true)), None, "the scanner knows of Caps Lock");
    }

    #[test]
    fn azerty_is_recognised_on_labels_with_digits() {
        for text in [
            "4006381333931",
            "]E04006381333931",
            "]d2010952123454321310AB1",
            "P003",
            "1356",
            "A-01-02",
            KEYS_LABEL,
        ] {
            assert_eq!(fault(&french(text)), Some(Azerty), "{text} as {}", french(text));
        }
        let shifted = typed("4006381333931", "1234567890", SHIFTED_DIGITS);
        assert_eq!(fault(&shifted), Some(ScannerAzerty), "{shifted}");
    }

    #[test]
    fn qwertz_is_recognised_on_labels_with_a_hyphen_or_an_identifier() {
        for text in [
            "A-01-02",
            "LBCMD-SAVE",
            "]E04006381333931",
            "]d2010952123454321310AB1",
            "]C10109521234543213",
            KEYS_LABEL,
        ] {
            assert_eq!(fault(&german(text)), Some(Qwertz), "{text} as {}", german(text));
        }
    }

    #[test]
    fn other_keyboards_show_in_the_test_label_and_in_commands() {
        assert_eq!(fault("LBCMD/SAVE"), Some(Mixed(vec![('-', '/')])));
        let spanish = "TEST+d201-'\u{bf}\u{1d}QWYZ";
        assert_eq!(fault(spanish), Some(Mixed(vec![(']', '+'), ('/', '-'), ('-', '\''), ('+', '\u{bf}')])));
        assert_eq!(fault("TESTING"), None);
    }

    #[test]
    fn caps_lock_is_recognised_on_labels_with_letters() {
        for text in [
            "]D2010952123454321310ab1",
            "]c10109521234543213",
            "lbcmd-save",
            "hTTPS://ID.GS1.ORG/01/09521234543213",
        ] {
            assert_eq!(fault(text), Some(CapsLock), "{text}");
        }
        assert_eq!(fault("test]D201/-+\u{1d}qwyz"), Some(CapsLock));
        assert_eq!(keyboard_fault("a-01-02", Some(true)), Some(CapsLock));
        assert_eq!(keyboard_fault("4006381333931", Some(true)), None, "digits are the same");
        assert_eq!(fault("a-01-02"), Some(SmallLetters));
    }
}
