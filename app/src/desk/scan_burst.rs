//! Distinguishes a scanner's keys from typing: a keyboard-wedge scanner types a whole code within moments,
//! and usually ends it with Enter or Tab. Pure: times come from the key events themselves.
//!
//! A scan may be torn: a radio link or a busy device holds keys back in the middle of it. Its tail is never a
//! scan by itself. Within a human pause it is joined to its head, and dropped after that.

use domain::check_gtin;

use super::command::Command;
use super::scan_key::{Focus, Key, LastBurst, Limits, SeparatorSeen, Terminator};
use super::scan_run::{MAX_HELD_GAP_MILLIS, Run};

/// A tail that comes later than this after its head counts as a scan: people have scanned again by then.
const MAX_TAIL_MILLIS: f64 = 2_000.0;
/// Minimum length of a number whose check digit shows that it is whole; a shorter one may be part of another.
const MIN_WHOLE_CHARS: usize = 12;

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
        /// The scanned codes; several if nothing but pauses was between them.
        codes: Vec<String>,
        /// Whether it was too fast for typing.
        is_certain: bool,
    },
    /// Ends a part of a scan whose other part is lost or was decided about; it is dropped.
    Torn,
    /// Not part of a scan.
    Person,
}

/// The last run that ended without a terminator. What follows may be its tail.
#[derive(Debug)]
struct Head {
    text: String,
    last_millis: f64,
}

/// The keys of a possible scan.
#[derive(Debug, Default)]
pub(crate) struct Burst {
    run: Run,
    head: Option<Head>,
    /// The time at which the last scan ended.
    scanned_millis: Option<f64>,
    last: Option<LastBurst>,
    /// Whether the scanner ends its scans with a key, once that was observed.
    ends_with_key: Option<bool>,
}

impl Burst {
    /// Handles a key.
    pub(crate) fn key(&mut self, key: Key<'_>, limits: &Limits) -> Step {
        if key.is_modifier() {
            return Step::Continued;
        }
        let is_continued = self.is_continued(&key, limits);
        if let (true, Some(at)) = (key.is_echo(), self.scanned_millis)
            && self.is_idle()
            && key.at_millis - at <= f64::from(limits.max_gap_millis)
        {
            return Step::Echo;
        }
        if let Some(terminator) = key.terminator() {
            return if is_continued { self.end_with_key(&key, terminator, limits) } else { self.abandon() };
        }
        match key.char(is_continued, limits.separator) {
            None => self.forget(),
            Some((char, seen)) if is_continued => self.go_on(char, seen, &key, limits),
            Some((char, seen)) => self.begin(char, seen, &key),
        }
    }

    /// Handles the release of a key: scanners release at once.
    pub(crate) fn released(&mut self, place: &str, at_millis: f64) {
        self.run.release(place, at_millis);
    }

    /// Handles a pause of [`Limits::pause_millis`]: the keys so far may be a scan without a terminator.
    pub(crate) fn pause(&mut self, limits: &Limits) -> Step {
        if self.is_idle() {
            return Step::Person;
        }
        let run = std::mem::take(&mut self.run);
        let verdict = run.judge(run.last_millis, Terminator::Pause, limits);
        self.last = Some(run.report(run.last_millis, Terminator::Pause));
        if !limits.ends_with_key
            && let Some(codes) = whole_codes(&run, limits)
        {
            self.head = None;
            return Step::Scanned { codes, is_certain: true };
        }
        if !(verdict.is_scan && verdict.is_certain) {
            self.head = run.is_rapid().then(|| Head::of(run));
            return Step::Person;
        }
        let head = Head::of(run);
        // The same again is no accident: another scanner, which ends with nothing.
        let is_again = self.head.as_ref().is_some_and(|before| before.text == head.text);
        if is_again {
            self.ends_with_key = Some(false);
        }
        let codes = vec![head.text.clone()];
        self.head = Some(head);
        if limits.ends_with_key && !is_again { Step::Torn } else { Step::Scanned { codes, is_certain: true } }
    }

    /// Whether no keys are buffered.
    pub(crate) const fn is_idle(&self) -> bool {
        self.run.chars == 0
    }

    /// Whether a pause came before a key at `at_millis`. A busy page hears of the key first.
    pub(crate) fn is_over(&self, at_millis: f64, limits: &Limits) -> bool {
        !self.is_idle() && at_millis - self.run.last_millis > f64::from(limits.pause_millis())
    }

    /// Whether a run that begins at `at_millis` may be the tail of the last one.
    pub(crate) fn may_be_tail(&self, at_millis: f64) -> bool {
        self.head.as_ref().is_some_and(|head| at_millis - head.last_millis <= MAX_TAIL_MILLIS)
    }

    /// The time of the last key of a run that ended without a terminator and may go on; 0 without one.
    pub(crate) fn head_millis(&self) -> f64 {
        self.head.as_ref().map_or(0.0, |head| head.last_millis)
    }

    /// Whether the scanner ends its scans with a key, if that was observed.
    pub(crate) const fn ends_with_key(&self) -> Option<bool> {
        self.ends_with_key
    }

    /// The last run of keys that ended, of any length.
    pub(crate) const fn last(&self) -> Option<&LastBurst> {
        self.last.as_ref()
    }

    fn is_continued(&self, key: &Key<'_>, limits: &Limits) -> bool {
        let gap = key.at_millis - self.run.last_millis;
        let may_be_torn = gap <= f64::from(limits.pause_millis())
            && match key.focus {
                Focus::Page => !self.run.is_persons(key.at_millis),
                Focus::Field => self.run.is_scanner(),
                Focus::Elsewhere => false,
            };
        !self.is_idle() && (gap <= f64::from(limits.max_gap_millis) || may_be_torn)
    }

    fn begin(&mut self, char: char, seen: Option<SeparatorSeen>, key: &Key<'_>) -> Step {
        self.abandon();
        self.run.push(char, seen, key);
        Step::Began
    }

    fn go_on(&mut self, char: char, seen: Option<SeparatorSeen>, key: &Key<'_>, limits: &Limits) -> Step {
        let gap = key.at_millis - self.run.last_millis;
        // Of a torn scan, even the key after the gap is a scanner's.
        let is_rushed =
            gap <= MAX_HELD_GAP_MILLIS || (gap > f64::from(limits.max_gap_millis) && self.run.is_rapid());
        self.run.note_gap(key.at_millis, limits);
        self.run.push(char, seen, key);
        if is_rushed { Step::Rushed } else { Step::Continued }
    }

    fn end_with_key(&mut self, key: &Key<'_>, terminator: Terminator, limits: &Limits) -> Step {
        let at_millis = key.at_millis;
        let mut run = std::mem::take(&mut self.run);
        run.note_gap(at_millis, limits);
        let verdict = run.judge(at_millis, terminator, limits);
        self.last = Some(run.report(at_millis, terminator));
        let is_late = self.may_be_tail(run.first_millis) && run.is_inhuman(at_millis);
        let head = self.head.take();
        let code = run.into_text();
        // A scan of the same label once more begins with the head.
        let is_tail = is_late && head.is_some_and(|head| !code.starts_with(&head.text));
        if !is_tail && !verdict.is_scan {
            return Step::Person;
        }
        self.scanned_millis = Some(at_millis);
        if verdict.is_certain {
            self.ends_with_key = Some(true);
        }
        if is_tail {
            return Step::Torn;
        }
        Step::Scanned { codes: vec![code], is_certain: verdict.is_certain }
    }

    /// Drops the keys so far; a part of a scan is remembered, so that its tail is known as one.
    fn abandon(&mut self) -> Step {
        if self.run.is_rapid() {
            self.head = Some(Head::of(std::mem::take(&mut self.run)));
        }
        self.forget()
    }

    fn forget(&mut self) -> Step {
        self.run = Run::default();
        Step::Person
    }
}

impl Head {
    fn of(run: Run) -> Self {
        Self { last_millis: run.last_millis, text: run.into_text() }
    }
}

/// The codes of a scanner that ends with nothing and was used again within the pause: equal ones, or ones that
/// are whole by themselves.
fn whole_codes(run: &Run, limits: &Limits) -> Option<Vec<String>> {
    let parts = run.parts();
    let is_whole = |part: &&str| {
        Command::read(part).is_some() || (part.len() >= MIN_WHOLE_CHARS && check_gtin(part).is_ok())
    };
    let are_equal = parts.windows(2).all(|pair| pair.first() == pair.last());
    let are_long = parts.iter().all(|part| part.chars().count() >= limits.min_chars);
    let are_codes = parts.len() > 1 && are_long && (are_equal || parts.iter().all(is_whole));
    (are_codes && run.is_quick()).then(|| parts.into_iter().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use domain::GROUP_SEPARATOR;

    use super::*;
    use crate::desk::scan_run::MAX_SCAN_CHARS;

    const LIMITS: Limits = Limits { max_gap_millis: 100, min_chars: 4, separator: '~', ends_with_key: false };

    fn key(name: &str, at_millis: f64) -> Key<'_> {
        Key { name, place: "", is_control: false, is_caps_lock: false, focus: Focus::Page, at_millis }
    }

    /// Types `keys`, `gap` milliseconds apart, and returns the step of the last one.
    fn typed(keys: &[&str], gap: f64) -> Step {
        type_into(&mut Burst::default(), keys, gap)
    }

    fn type_into(burst: &mut Burst, keys: &[&str], gap: f64) -> Step {
        let mut at = 10_000.0;
        let mut last = Step::Person;
        for name in keys {
            last = burst.key(key(name, at), &LIMITS);
            at += gap;
        }
        last
    }

    fn typed_and_paused(keys: &[&str], gap: f64) -> Step {
        let mut burst = Burst::default();
        type_into(&mut burst, keys, gap);
        burst.pause(&LIMITS)
    }

    fn scan(code: &str, is_certain: bool) -> Step {
        Step::Scanned { codes: vec![code.into()], is_certain }
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
        assert_eq!(typed_and_paused(&["7", "6", "2", "2"], 90.0), Step::Person, "a person could do that");
        assert_eq!(typed_and_paused(&["7", "6", "2"], 5.0), Step::Person, "too short");
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
        assert!(burst.run.chars <= MAX_SCAN_CHARS);
    }
}
