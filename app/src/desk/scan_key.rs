//! The keys that scanners press, and what is known of a run of them.

use domain::GROUP_SEPARATOR;

use crate::device::preferences::ScannerPreferences;

/// What a scanner test takes for a scan, so that it can say what is wrong with it.
const TEST_MAX_GAP_MILLIS: u32 = 500;
/// Stands for a key that makes an accent, and so swallows the character that was meant.
pub(crate) const DEAD_KEY: char = char::REPLACEMENT_CHARACTER;

/// What counts as a scan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Limits {
    /// The longest gap between two keys of one scan.
    pub(crate) max_gap_millis: u32,
    /// The shortest code.
    pub(crate) min_chars: usize,
    /// What stands for the group separator.
    pub(crate) separator: char,
}

impl Limits {
    /// As this device's user has them.
    pub(crate) fn of(scanner: &ScannerPreferences) -> Self {
        let min_chars = usize::try_from(scanner.min_chars).unwrap_or(usize::MAX);
        Self { max_gap_millis: scanner.max_gap_millis, min_chars, separator: scanner.separator }
    }

    /// For the scanner test.
    pub(crate) const fn lenient(self) -> Self {
        Self { max_gap_millis: TEST_MAX_GAP_MILLIS, min_chars: 1, ..self }
    }

    /// How long after its last key a scan without a terminator is over.
    pub(crate) const fn pause_millis(&self) -> u32 {
        self.max_gap_millis.saturating_mul(2)
    }
}

/// A key as the browser tells of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key<'a> {
    /// The DOM's name: `a`, `Enter`.
    pub(crate) name: &'a str,
    /// Where it lies: `BracketRight`.
    pub(crate) place: &'a str,
    /// Whether Ctrl is down; not where it is part of AltGr.
    pub(crate) is_control: bool,
    pub(crate) at_millis: f64,
}

impl Key<'_> {
    /// Whether scanners press it only for what comes next: capitals, signs, control characters.
    pub(crate) fn is_modifier(&self) -> bool {
        matches!(self.name, "Shift" | "CapsLock" | "NumLock" | "Control" | "Alt" | "AltGraph")
    }

    /// What it ends, if it does.
    pub(crate) fn terminator(&self) -> Option<Terminator> {
        match self.name {
            "Enter" => Some(Terminator::Enter),
            "Tab" => Some(Terminator::Tab),
            _ => None,
        }
    }

    /// Whether it may come after a terminator: a second one, or the arrow that iPads make of a line feed.
    pub(crate) fn is_echo(&self) -> bool {
        self.terminator().is_some() || self.name == "ArrowDown" || (self.is_control && self.name == "j")
    }

    /// The character that it stands for; none for keys that no scanner presses. `is_inside` a code, keys that have no
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

/// What ended a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Terminator {
    Enter,
    Tab,
    /// Nothing came any more.
    Pause,
}

/// How a group separator came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SeparatorSeen {
    /// The character itself.
    Itself,
    /// As Ctrl and a bracket.
    Control,
    /// As a key without a character: F8, or one that the browser has no name for.
    Key,
    /// As the character that was chosen for it.
    Substitute(char),
}

/// A run of keys as it came, for the scanner test.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LastBurst {
    pub(crate) text: String,
    /// With the terminator, without Shift and its like.
    pub(crate) keys: u32,
    pub(crate) chars: u32,
    pub(crate) total_millis: f64,
    pub(crate) max_gap_millis: f64,
    pub(crate) terminator: Terminator,
    pub(crate) separator_seen: Option<SeparatorSeen>,
}
