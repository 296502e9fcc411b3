//! The keys of scanners, and the statistics of a run of keys.

use domain::GROUP_SEPARATOR;

use crate::device::preferences::ScannerPreferences;

/// The maximum gap during a scanner test, so that the test can show the problem of a slow scanner.
const TEST_MAX_GAP_MILLIS: u32 = 500;
/// Stands for a dead key (an accent), which swallows the character that was sent.
pub(crate) const DEAD_KEY: char = char::REPLACEMENT_CHARACTER;

/// A pause that ends whatever was being read. A busy device or a bad radio link holds keys back for less, and
/// people take longer from one scan to the next.
const HUMAN_PAUSE_MILLIS: u32 = 600;

/// The physical keys of a US keyboard other than letters: plain, and with Shift.
const US_SYMBOLS: [(&str, &str, &str); 25] = [
    ("Digit1", "1", "!"),
    ("Digit2", "2", "@"),
    ("Digit3", "3", "#"),
    ("Digit4", "4", "$"),
    ("Digit5", "5", "%"),
    ("Digit6", "6", "^"),
    ("Digit7", "7", "&"),
    ("Digit8", "8", "*"),
    ("Digit9", "9", "("),
    ("Digit0", "0", ")"),
    ("Minus", "-", "_"),
    ("Equal", "=", "+"),
    ("BracketLeft", "[", "{"),
    ("BracketRight", "]", "}"),
    ("Backslash", "\\", "|"),
    ("Semicolon", ";", ":"),
    ("Quote", "'", "\""),
    ("Backquote", "`", "~"),
    ("Comma", ",", "<"),
    ("Period", ".", ">"),
    ("Slash", "/", "?"),
    ("Space", " ", " "),
    ("Enter", "Enter", "Enter"),
    ("NumpadEnter", "Enter", "Enter"),
    ("Tab", "Tab", "Tab"),
];

/// The criteria of a scan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Limits {
    /// The longest gap between two keys of one scan that is not torn.
    pub(crate) max_gap_millis: u32,
    /// The minimum length of a code.
    pub(crate) min_chars: usize,
    /// The substitute for the group separator.
    pub(crate) separator: char,
    /// Whether the scanner is known to end its scans with a key.
    pub(crate) ends_with_key: bool,
}

impl Limits {
    /// From the preferences of this device.
    pub(crate) fn of(scanner: &ScannerPreferences) -> Self {
        let min_chars = usize::try_from(scanner.min_chars).unwrap_or(usize::MAX);
        Self {
            max_gap_millis: scanner.max_gap_millis,
            min_chars,
            separator: scanner.separator,
            ends_with_key: scanner.ends_with_key,
        }
    }

    /// For the scanner test, which shows parts of scans as well.
    pub(crate) const fn lenient(self) -> Self {
        Self { max_gap_millis: TEST_MAX_GAP_MILLIS, min_chars: 1, ends_with_key: false, ..self }
    }

    /// The pause after which a scan without a terminator ends.
    pub(crate) const fn pause_millis(&self) -> u32 {
        let pause = self.max_gap_millis.saturating_mul(2);
        if pause > HUMAN_PAUSE_MILLIS { pause } else { HUMAN_PAUSE_MILLIS }
    }
}

/// The place where a key goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Focus {
    /// No field; people do not type there.
    Page,
    /// A field, the same as at the first key of the run.
    Field,
    /// Not where the run began.
    Elsewhere,
}

/// A key event of the browser.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key<'a> {
    /// The DOM's name: `a`, `Enter`.
    pub(crate) name: &'a str,
    /// The physical key: `BracketRight`.
    pub(crate) place: &'a str,
    /// Whether Ctrl is pressed; `false` if it is part of AltGr.
    pub(crate) is_control: bool,
    /// Whether Caps Lock is on.
    pub(crate) is_caps_lock: bool,
    pub(crate) focus: Focus,
    pub(crate) at_millis: f64,
}

impl Key<'_> {
    /// Whether scanners press it only to modify the next key: capitals, punctuation, control characters.
    pub(crate) fn is_modifier(&self) -> bool {
        matches!(self.name, "Shift" | "CapsLock" | "NumLock" | "Control" | "Alt" | "AltGraph")
    }

    /// The terminator that this key is, if any.
    pub(crate) fn terminator(&self) -> Option<Terminator> {
        match self.name {
            "Enter" => Some(Terminator::Enter),
            "Tab" => Some(Terminator::Tab),
            _ => None,
        }
    }

    /// Whether it may follow a terminator: a second one, or the arrow key that iPads send for a line feed.
    pub(crate) fn is_echo(&self) -> bool {
        self.terminator().is_some() || self.name == "ArrowDown" || (self.is_control && self.name == "j")
    }

    /// The character of the key; `None` for keys that no scanner presses. `is_inside` a code, keys without a
    /// character are its separators.
    pub(crate) fn char(&self, is_inside: bool, separator: char) -> Option<(char, Option<SeparatorSeen>)> {
        let mut chars = self.name.chars();
        let only = chars.next().filter(|_| chars.next().is_none());
        let seen = match (only, self.name) {
            (Some(GROUP_SEPARATOR), _) => SeparatorSeen::Itself,
            (Some(']'), _) if self.is_control => SeparatorSeen::Control,
            _ if self.is_control && self.place == "BracketRight" => SeparatorSeen::Control,
            _ if self.is_control => return None,
            (Some(char), _) => {
                return Some((char, (char == separator).then_some(SeparatorSeen::Substitute(char))));
            }
            (None, "Dead") => return Some((DEAD_KEY, None)),
            (None, "F8" | "Unidentified") if is_inside => SeparatorSeen::Key,
            _ => return None,
        };
        Some((GROUP_SEPARATOR, Some(seen)))
    }
}

/// The name of a key without a key code: its character if the browser knows it, else that of the physical key
/// on the keyboard that scanners are set to at delivery.
pub(crate) fn named(name: &str, place: &str, is_shifted: bool) -> String {
    if !matches!(name, "Unidentified" | "Process" | "") {
        return name.to_owned();
    }
    let cased = |letter: &str| if is_shifted { letter.to_owned() } else { letter.to_ascii_lowercase() };
    let symbol = |&(key, plain, shifted): &(&str, &str, &str)| {
        (key == place).then(|| (if is_shifted { shifted } else { plain }).to_owned())
    };
    match (place.strip_prefix("Key"), place.strip_prefix("Numpad")) {
        (Some(letter), _) => cased(letter),
        (_, Some(digit)) if digit.len() == 1 => digit.to_owned(),
        _ => US_SYMBOLS.iter().find_map(symbol).unwrap_or_else(|| name.to_owned()),
    }
}

/// The end of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Terminator {
    Enter,
    Tab,
    /// No key within the pause.
    Pause,
}

/// The encoding of a group separator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SeparatorSeen {
    /// As the character itself.
    Itself,
    /// As Ctrl and a bracket.
    Control,
    /// As a key without a character: F8, or one that the browser cannot name.
    Key,
    /// As the configured substitute.
    Substitute(char),
}

/// A run of keys, for the scanner test.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LastBurst {
    pub(crate) text: String,
    /// Number of keys, with the terminator, without modifiers such as Shift.
    pub(crate) keys: u32,
    pub(crate) chars: u32,
    pub(crate) total_millis: f64,
    pub(crate) max_gap_millis: f64,
    pub(crate) terminator: Terminator,
    pub(crate) separator_seen: Option<SeparatorSeen>,
    /// Whether Caps Lock was on.
    pub(crate) is_caps_lock: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_without_a_code_are_named_by_their_character_or_their_place() {
        let name = |name, place, is_shifted| named(name, place, is_shifted);
        assert_eq!(name("7", "", false), "7");
        assert_eq!(name("Enter", "", false), "Enter");
        assert_eq!(name("Process", "KeyL", true), "L");
        assert_eq!(name("Unidentified", "KeyL", false), "l");
        assert_eq!(name("Process", "Digit7", false), "7");
        assert_eq!(name("Process", "Digit7", true), "&");
        assert_eq!(name("Process", "Numpad7", false), "7");
        assert_eq!(name("Process", "NumpadEnter", false), "Enter");
        assert_eq!(name("Process", "Minus", false), "-");
        assert_eq!(name("Process", "Tab", false), "Tab");
        assert_eq!(name("Unidentified", "", false), "Unidentified", "an on-screen keyboard says nothing");
    }
}
