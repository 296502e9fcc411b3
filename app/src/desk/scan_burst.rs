//! Distinguishes a scanner's keys from typing: a keyboard-wedge scanner types a whole code within moments,
//! and usually ends it with Enter or Tab. Pure: times come from the key events themselves.

use super::scan_key::{Key, LastBurst, Limits, SeparatorSeen, Terminator};

/// A run that takes longer than this in total counts as a scan only if its mean gap is below
/// [`MAX_MEAN_GAP_MILLIS`].
const MAX_SLOW_SCAN_MILLIS: f64 = 1_500.0;
/// Mean gap that is too short for typing: in a field that a person may be typing into, only faster runs are
/// scans.
const MAX_MEAN_GAP_MILLIS: f64 = 50.0;
/// A gap that people hardly ever reach.
const MAX_HELD_GAP_MILLIS: f64 = 20.0;
/// Maximum length of a code; a GS1 DataMatrix on goods is much shorter.
const MAX_SCAN_CHARS: u32 = 512;

/// The meaning of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Possibly the first key of a scan.
    Began,
    /// Continues a possible scan, or is irrelevant to it.
    Continued,
    /// Continues a possible scan, faster than typing.
    Rushed,
    /// Follows a scan's terminator, such as a second terminator, and is ignored.
    Echo,
    /// Ends a scan.
    Scanned {
        /// The scanned code.
        code: String,
        /// Whether it was too fast for typing.
        is_certain: bool,
    },
    /// Not part of a scan.
    Person,
}

/// The keys of a possible scan.
#[derive(Debug, Default)]
pub(crate) struct Burst {
    text: String,
    chars: u32,
    first_millis: f64,
    last_millis: f64,
    max_gap_millis: f64,
    separator_seen: Option<SeparatorSeen>,
    /// The time at which the last scan ended.
    scanned_millis: Option<f64>,
    last: Option<LastBurst>,
}

impl Burst {
    /// Handles a key.
    pub(crate) fn key(&mut self, key: Key<'_>, limits: &Limits) -> Step {
        if key.is_modifier() {
            return Step::Continued;
        }
        let is_in_time = self.is_in_time(key.at_millis, limits);
        if let (true, Some(at)) = (key.is_echo(), self.scanned_millis)
            && self.chars == 0
            && key.at_millis - at <= f64::from(limits.max_gap_millis)
        {
            return Step::Echo;
        }
        if let Some(terminator) = key.terminator() {
            return if is_in_time { self.end(key.at_millis, terminator, limits) } else { self.forget() };
        }
        match key.char(is_in_time, limits.separator) {
            None => self.forget(),
            Some((char, seen)) if is_in_time => self.go_on(char, seen, key.at_millis),
            Some((char, seen)) => self.begin(char, seen, key.at_millis),
        }
    }

    /// Handles a pause of [`Limits::pause_millis`]: the keys so far may be a scan without a terminator.
    pub(crate) fn pause(&mut self, limits: &Limits) -> Step {
        match self.end(self.last_millis, Terminator::Pause, limits) {
            Step::Scanned { code, is_certain: true } => Step::Scanned { code, is_certain: true },
            _ => Step::Person,
        }
    }

    /// Whether no keys are buffered.
    pub(crate) const fn is_idle(&self) -> bool {
        self.chars == 0
    }

    /// The last run of keys that ended, of any length.
    pub(crate) const fn last(&self) -> Option<&LastBurst> {
        self.last.as_ref()
    }

    fn is_in_time(&self, at_millis: f64, limits: &Limits) -> bool {
        self.chars > 0
            && self.chars < MAX_SCAN_CHARS
            && at_millis - self.last_millis <= f64::from(limits.max_gap_millis)
            && (at_millis - self.first_millis <= MAX_SLOW_SCAN_MILLIS || self.is_inhuman(at_millis))
    }

    fn is_inhuman(&self, at_millis: f64) -> bool {
        at_millis - self.first_millis <= MAX_MEAN_GAP_MILLIS * f64::from(self.chars)
    }

    fn begin(&mut self, char: char, seen: Option<SeparatorSeen>, at_millis: f64) -> Step {
        self.forget();
        self.text.push(char);
        (self.chars, self.separator_seen) = (1, seen);
        (self.first_millis, self.last_millis) = (at_millis, at_millis);
        Step::Began
    }

    fn go_on(&mut self, char: char, seen: Option<SeparatorSeen>, at_millis: f64) -> Step {
        let gap = at_millis - self.last_millis;
        self.text.push(char);
        self.chars += 1;
        self.separator_seen = seen.or(self.separator_seen);
        self.last_millis = at_millis;
        self.max_gap_millis = self.max_gap_millis.max(gap);
        if gap <= MAX_HELD_GAP_MILLIS { Step::Rushed } else { Step::Continued }
    }

    fn end(&mut self, at_millis: f64, terminator: Terminator, limits: &Limits) -> Step {
        if self.chars == 0 {
            return Step::Person;
        }
        let code = std::mem::take(&mut self.text);
        self.last = Some(LastBurst {
            text: code.clone(),
            keys: self.chars + u32::from(terminator != Terminator::Pause),
            chars: self.chars,
            total_millis: at_millis - self.first_millis,
            max_gap_millis: self.max_gap_millis.max(at_millis - self.last_millis),
            terminator,
            separator_seen: self.separator_seen,
        });
        let (is_certain, chars) = (self.is_inhuman(at_millis), usize::try_from(self.chars).unwrap_or(0));
        self.forget();
        if chars < limits.min_chars {
            return Step::Person;
        }
        self.scanned_millis = Some(at_millis);
        Step::Scanned { code, is_certain }
    }

    fn forget(&mut self) -> Step {
        self.text.clear();
        (self.chars, self.max_gap_millis, self.separator_seen) = (0, 0.0, None);
        Step::Person
    }
}

#[cfg(test)]
mod tests {
    use domain::GROUP_SEPARATOR;

    use super::*;

    const LIMITS: Limits = Limits { max_gap_millis: 100, min_chars: 4, separator: '~' };

    fn key(name: &str, at_millis: f64) -> Key<'_> {
        Key { name, place: "", is_control: false, at_millis }
    }

    /// Types `keys`, `gap` milliseconds apart, and returns the step of the last one.
    fn typed(keys: &[&str], gap: f64) -> Step {
        type_into(&mut Burst::default(), keys, gap)
    }

    fn type_into(burst: &mut Burst, keys: &[&str], gap: f64) -> Step {
        let mut at = 10_000.0 + burst.last_millis;
        let mut last = Step::Person;
        for name in keys {
            last = burst.key(key(name, at), &LIMITS);
            at += gap;
        }
        last
    }

    fn scan(code: &str, is_certain: bool) -> Step {
        Step::Scanned { code: code.into(), is_certain }
    }

    #[test]
    fn a_fast_run_with_a_terminator_is_a_scan() {
        let keys = ["7", "6", "2", "2", "Enter"];
        assert_eq!(typed(&keys, 5.0), scan("7622", true));
        assert_eq!(typed(&keys, 50.0), scan("7622", true));
        assert_eq!(typed(&keys, 100.0), scan("7622", false), "a person at full speed could do that");
        assert_eq!(typed(&["Shift", "P", "0", "0", "3", "Tab"], 5.0), scan("P003", true));
    }

    #[test]
    fn a_person_is_not_a_scanner() {
        assert_eq!(typed(&["7", "6", "2", "2", "Enter"], 101.0), Step::Person);
        assert_eq!(typed(&["7", "6", "2", "Enter"], 5.0), Step::Person, "too short");
        assert_eq!(typed(&["7", "6", "2", "2", "ArrowLeft", "Enter"], 5.0), Step::Person);
        assert_eq!(typed(&["1"; 3], 25.0), Step::Continued, "no terminator yet");
        assert_eq!(typed(&["1"; 3], 5.0), Step::Rushed, "no terminator yet");
        let slow: Vec<&str> = ["1"; 20].into_iter().chain(["Enter"]).collect();
        assert_eq!(typed(&slow, 90.0), Step::Person, "longer than a scan takes");
        let long: Vec<&str> = ["1"; 90].into_iter().chain(["Enter"]).collect();
        assert_eq!(typed(&long, 30.0), scan(&"1".repeat(90), true), "a long label takes its time");
    }

    #[test]
    fn one_scan_after_another_and_after_stray_keys() {
        let mut burst = Burst::default();
        assert_eq!(burst.key(key("x", 0.0), &LIMITS), Step::Began);
        let mut at = 5_000.0;
        for expected in ["11111", "22222"] {
            for (nth, digit) in expected.chars().enumerate() {
                let step = burst.key(key(&digit.to_string(), at), &LIMITS);
                assert_eq!(step, if nth == 0 { Step::Began } else { Step::Rushed });
                at += 2.0;
            }
            assert_eq!(burst.key(key("Enter", at), &LIMITS), scan(expected, true));
            at += 2.0;
        }
    }

    #[test]
    fn separators_are_read_in_every_encoding_of_scanners() {
        let with = |middle: Key<'_>| {
            let mut burst = Burst::default();
            type_into(&mut burst, &["1", "0", "A"], 2.0);
            burst.key(Key { at_millis: 10_006.0, ..middle }, &LIMITS);
            for (nth, name) in ["2", "1", "Enter"].into_iter().enumerate() {
                burst.key(key(name, 10_008.0 + if nth == 2 { 2.0 } else { 0.0 }), &LIMITS);
            }
            let last = burst.last().cloned().expect("a run of keys");
            (last.text, last.separator_seen)
        };
        let separated = format!("10A{GROUP_SEPARATOR}21");
        let control = Key { is_control: true, ..key("]", 0.0) };
        let elsewhere = Key { place: "BracketRight", is_control: true, ..key("+", 0.0) };
        assert_eq!(with(key("\u{1d}", 0.0)), (separated.clone(), Some(SeparatorSeen::Itself)));
        assert_eq!(with(control), (separated.clone(), Some(SeparatorSeen::Control)));
        assert_eq!(with(elsewhere), (separated.clone(), Some(SeparatorSeen::Control)));
        assert_eq!(with(key("F8", 0.0)), (separated.clone(), Some(SeparatorSeen::Key)));
        assert_eq!(with(key("Unidentified", 0.0)), (separated, Some(SeparatorSeen::Key)));
        assert_eq!(with(key("~", 0.0)), ("10A~21".to_owned(), Some(SeparatorSeen::Substitute('~'))));
        assert_eq!(with(key("^", 0.0)), ("10A^21".to_owned(), None));
        assert_eq!(with(key("Dead", 0.0)), ("10A\u{fffd}21".to_owned(), None));
        assert_eq!(typed(&["F8"], 1.0), Step::Person, "one that a person presses");
    }

    #[test]
    fn keys_right_after_a_terminator_are_ignored() {
        for echo in ["Enter", "Tab", "ArrowDown"] {
            assert_eq!(typed(&["7", "6", "2", "2", "Enter", echo], 5.0), Step::Echo);
            assert_ne!(typed(&["Enter", echo], 5.0), Step::Echo);
        }
        assert_eq!(typed(&["7", "6", "2", "2", "Enter", "ArrowDown"], 100.0), Step::Echo);
        assert_eq!(typed(&["7", "6", "2", "2", "Enter", "a"], 5.0), Step::Began);
    }

    #[test]
    fn a_scan_without_a_terminator_ends_after_a_pause() {
        let mut burst = Burst::default();
        type_into(&mut burst, &["7", "6", "2", "2"], 30.0);
        assert_eq!(burst.pause(&LIMITS), scan("7622", true));
        assert!(burst.is_idle());
        assert_eq!(burst.pause(&LIMITS), Step::Person);
        type_into(&mut burst, &["7", "6", "2", "2"], 90.0);
        assert_eq!(burst.pause(&LIMITS), Step::Person, "a person could do that");
        type_into(&mut burst, &["7", "6", "2"], 5.0);
        assert_eq!(burst.pause(&LIMITS), Step::Person, "too short");
    }

    #[test]
    fn reports_how_a_scan_was_typed() {
        let mut burst = Burst::default();
        type_into(&mut burst, &["Shift", "A", "b", "1", "2", "Tab"], 8.0);
        let last = burst.last().expect("a run of keys");
        assert_eq!((last.keys, last.chars, last.terminator), (5, 4, Terminator::Tab));
        assert!((last.total_millis - 32.0).abs() < 0.001 && (last.max_gap_millis - 8.0).abs() < 0.001);
    }

    #[test]
    fn an_endless_run_of_keys_has_a_maximum_length() {
        let mut burst = Burst::default();
        for nth in 0..10_000 {
            burst.key(key("a", f64::from(nth) * 0.01), &LIMITS);
        }
        assert!(burst.chars <= MAX_SCAN_CHARS);
    }
}
