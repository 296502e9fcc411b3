//! The keys of scanners, and the statistics of a run of keys.

use domain::GROUP_SEPARATOR;

use crate::device::preferences::ScannerPreferences;

/// The maximum gap during a scanner test, so that the test can show the problem of a slow scanner.
const TEST_MAX_GAP_MILLIS: u32 = 500;
/// Stands for a dead key (an accent), which swallows the character that was sent.
pub(crate) const DEAD_KEY: char = char::REPLACEMENT_CHARACTER;

/// The criteria of a scan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Limits {
    /// The longest gap between two keys of one scan.
    pub(crate) max_gap_millis: u32,
    /// The minimum length of a code.
    pub(crate) min_chars: usize,
    /// The substitute for the group separator.
    pub(crate) separator: char,
}

impl Limits {
    /// From the preferences of this device.
    pub(crate) fn of(scanner: &ScannerPreferences) -> Self {
        let min_chars = usize::try_from(scanner.min_chars).unwrap_or(usize::MAX);
        Self { max_gap_millis: scanner.max_gap_millis, min_chars, separator: scanner.separator }
    }

    /// For the scanner test.
    pub(crate) const fn lenient(self) -> Self {
        Self { max_gap_millis: TEST_MAX_GAP_MILLIS, min_chars: 1, ..self }
    }

    /// The pause after which a scan without a terminator ends.
    pub(crate) const fn pause_millis(&self) -> u32 {
        self.max_gap_millis.saturating_mul(2)
    }
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
}
