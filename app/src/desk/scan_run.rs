//! A run of keys without a human pause, and whether a person could have typed it. Pure.

use super::scan_key::{Key, LastBurst, Limits, SeparatorSeen, Terminator};

/// A run that takes longer than this in total counts as a scan only if its mean gap is below
/// [`MAX_MEAN_GAP_MILLIS`].
const MAX_SLOW_SCAN_MILLIS: f64 = 1_500.0;
/// Mean gap that is too short for typing: in a field that a person may be typing into, only faster runs are
/// scans.
const MAX_MEAN_GAP_MILLIS: f64 = 50.0;
/// A gap that people hardly ever reach.
pub(super) const MAX_HELD_GAP_MILLIS: f64 = 20.0;
/// People press a key for longer.
const MAX_TAP_MILLIS: f64 = 20.0;
/// Scanners press a key for less.
const MIN_PRESS_MILLIS: f64 = 40.0;
/// Below this, people reach [`MAX_MEAN_GAP_MILLIS`] by rolling over keys.
const MIN_CHARS_AT_MEAN_GAP: u32 = 6;
/// Minimum number of gaps for a mean.
const MIN_GAPS: u32 = 2;
/// Maximum number of long gaps in one scan; slow typing has more.
const MAX_TEARS: u32 = 2;
/// Maximum length of a code; a GS1 DataMatrix on goods is much shorter.
pub(super) const MAX_SCAN_CHARS: u32 = 512;

/// The keys, and their timing.
#[derive(Debug, Default)]
pub(super) struct Run {
    text: String,
    pub(super) chars: u32,
    pub(super) first_millis: f64,
    pub(super) last_millis: f64,
    max_gap_millis: f64,
    /// The number of gaps over [`Limits::max_gap_millis`], and their sum.
    tears: u32,
    torn_millis: f64,
    /// Where the parts after such gaps begin, in bytes.
    part_starts: Vec<usize>,
    /// The number of keys that were pressed for a moment only, and for as long as people press them.
    taps: u32,
    presses: u32,
    released_millis: f64,
    /// The physical key that was pressed last, until it is released.
    pressed: String,
    separator_seen: Option<SeparatorSeen>,
    is_caps_lock: bool,
}

/// What a run is, at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) is_scan: bool,
    /// Whether it was too fast for typing.
    pub(super) is_certain: bool,
}

impl Run {
    /// Adds the character of a key, the first or another one.
    pub(super) fn push(&mut self, char: char, seen: Option<SeparatorSeen>, key: &Key<'_>) {
        if self.chars == 0 {
            self.first_millis = key.at_millis;
        }
        self.last_millis = key.at_millis;
        self.separator_seen = seen.or(self.separator_seen);
        self.is_caps_lock |= key.is_caps_lock;
        // On-screen keyboards release at once like scanners, but name no physical key.
        let place = if key.place == "Unidentified" { "" } else { key.place };
        place.clone_into(&mut self.pressed);
        if self.chars < MAX_SCAN_CHARS {
            self.text.push(char);
            self.chars += 1;
        }
    }

    /// Takes in the gap before the next key.
    pub(super) fn note_gap(&mut self, at_millis: f64, limits: &Limits) {
        let gap = at_millis - self.last_millis;
        self.max_gap_millis = self.max_gap_millis.max(gap);
        if gap > f64::from(limits.max_gap_millis) {
            self.tears += 1;
            self.torn_millis += gap;
            self.part_starts.push(self.text.len());
        }
    }

    /// Notes that a physical key was released.
    pub(super) fn release(&mut self, place: &str, at_millis: f64) {
        if !place.is_empty() && place == self.pressed {
            self.pressed.clear();
            let pressed_millis = at_millis - self.last_millis;
            self.taps += u32::from(pressed_millis <= MAX_TAP_MILLIS);
            self.presses += u32::from(pressed_millis >= MIN_PRESS_MILLIS);
            self.released_millis = at_millis;
        }
    }

    /// Whether the characters so far came faster than people type. It takes three of them to tell.
    pub(super) fn is_rapid(&self) -> bool {
        let is_long = self.chars >= MIN_CHARS_AT_MEAN_GAP;
        let max_mean_millis = if is_long { MAX_MEAN_GAP_MILLIS } else { MAX_HELD_GAP_MILLIS };
        self.has_mean(self.chars, self.last_millis, max_mean_millis)
    }

    /// Whether it was too fast for typing, apart from its long gaps.
    pub(super) fn is_quick(&self) -> bool {
        self.has_mean(self.chars, self.last_millis, MAX_MEAN_GAP_MILLIS)
    }

    /// Whether a scanner is typing, and may go on after a long gap.
    pub(super) fn is_scanner(&self) -> bool {
        self.tears < MAX_TEARS && (self.is_rapid() || (self.chars > 0 && self.taps == self.chars))
    }

    /// Whether a person pressed the keys, before another one at `at_millis`. If a scanner's key was held back
    /// before its release, both come together.
    pub(super) fn is_persons(&self, at_millis: f64) -> bool {
        self.presses == self.chars && at_millis - self.released_millis > MAX_TAP_MILLIS
    }

    /// Whether all of it, with a terminator at `at_millis`, came faster than people type.
    pub(super) fn is_inhuman(&self, at_millis: f64) -> bool {
        self.active_millis(at_millis) <= MAX_MEAN_GAP_MILLIS * f64::from(self.chars)
    }

    /// Judges a run that ends at `at_millis`.
    pub(super) fn judge(&self, at_millis: f64, terminator: Terminator, limits: &Limits) -> Verdict {
        let keys = self.chars + u32::from(terminator != Terminator::Pause);
        let is_certain = match self.tears {
            0 => self.is_inhuman(at_millis),
            _ => self.has_mean(keys, at_millis, MAX_MEAN_GAP_MILLIS),
        };
        let is_fast =
            is_certain || (self.tears == 0 && at_millis - self.first_millis <= MAX_SLOW_SCAN_MILLIS);
        let is_long = usize::try_from(self.chars).is_ok_and(|chars| chars >= limits.min_chars);
        let is_scan = is_fast && is_long && self.tears <= MAX_TEARS && self.chars < MAX_SCAN_CHARS;
        Verdict { is_scan, is_certain }
    }

    /// The parts between long gaps.
    pub(super) fn parts(&self) -> Vec<&str> {
        let ends = self.part_starts.iter().copied().chain([self.text.len()]);
        let mut start = 0;
        ends.filter_map(|end| self.text.get(std::mem::replace(&mut start, end)..end)).collect()
    }

    /// For the scanner test.
    pub(super) fn report(&self, at_millis: f64, terminator: Terminator) -> LastBurst {
        LastBurst {
            text: self.text.clone(),
            keys: self.chars + u32::from(terminator != Terminator::Pause),
            chars: self.chars,
            total_millis: at_millis - self.first_millis,
            max_gap_millis: self.max_gap_millis,
            terminator,
            separator_seen: self.separator_seen,
            is_caps_lock: self.is_caps_lock,
        }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// The duration without long gaps.
    fn active_millis(&self, at_millis: f64) -> f64 {
        at_millis - self.first_millis - self.torn_millis
    }

    /// Whether the mean of the gaps between `keys` keys is at most `max_mean_millis`, without the long ones.
    fn has_mean(&self, keys: u32, at_millis: f64, max_mean_millis: f64) -> bool {
        let gaps = keys.saturating_sub(1).saturating_sub(self.tears);
        gaps >= MIN_GAPS && self.active_millis(at_millis) <= max_mean_millis * f64::from(gaps)
    }
}
