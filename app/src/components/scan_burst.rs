//! Tells a scanner's keys from a person's: a keyboard-wedge scanner types a whole code within moments and ends it with
//! Enter or Tab. Pure: times come from the key events themselves.

/// The longest gap between two keys of one scan.
const MAX_GAP_MILLIS: f64 = 100.0;
/// The longest scan from its first key to its last.
const MAX_SCAN_MILLIS: f64 = 1_500.0;
/// The mean gap that nobody types at: in a field that somebody may be typing into, only that is a scan.
const MAX_MEAN_GAP_MILLIS: f64 = 50.0;
/// The shortest code.
const MIN_SCAN_CHARS: usize = 4;
/// The longest code; a GS1 DataMatrix on goods stays well below.
const MAX_SCAN_CHARS: usize = 512;

/// What a key meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It may be the first of a scan.
    Began,
    /// It goes on with what may be a scan, or does not matter to it.
    Continued,
    /// It ended a scan.
    Scanned {
        /// What was scanned.
        code: String,
        /// Whether no person types as fast.
        is_certain: bool,
    },
    /// It is none of a scanner's business.
    Person,
}

/// The keys of what may be a scan.
#[derive(Debug, Default)]
pub(crate) struct Burst {
    code: String,
    first_millis: f64,
    last_millis: f64,
}

impl Burst {
    /// Takes a key by its DOM name (`a`, `Enter`) at a time in milliseconds.
    pub(crate) fn key(&mut self, key: &str, at_millis: f64) -> Step {
        // Scanners press Shift for capitals.
        if matches!(key, "Shift" | "CapsLock") {
            return Step::Continued;
        }
        let in_time = at_millis - self.last_millis <= MAX_GAP_MILLIS
            && at_millis - self.first_millis <= MAX_SCAN_MILLIS
            && self.code.len() < MAX_SCAN_CHARS;
        if matches!(key, "Enter" | "Tab") {
            let code = std::mem::take(&mut self.code);
            let gaps = u32::try_from(code.chars().count()).unwrap_or(u32::MAX);
            if !in_time || code.chars().count() < MIN_SCAN_CHARS {
                return Step::Person;
            }
            let is_certain = at_millis - self.first_millis <= MAX_MEAN_GAP_MILLIS * f64::from(gaps);
            return Step::Scanned { code, is_certain };
        }
        if key.chars().count() != 1 {
            self.code.clear();
            return Step::Person;
        }
        self.last_millis = at_millis;
        if in_time && !self.code.is_empty() {
            self.code.push_str(key);
            return Step::Continued;
        }
        key.clone_into(&mut self.code);
        self.first_millis = at_millis;
        Step::Began
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Types `keys`, `gap` milliseconds apart, and returns what the last one meant.
    fn typed(keys: &[&str], gap: f64) -> Step {
        let mut burst = Burst::default();
        let mut at = 10_000.0;
        let mut last = Step::Person;
        for key in keys {
            last = burst.key(key, at);
            at += gap;
        }
        last
    }

    #[test]
    fn a_fast_run_with_a_terminator_is_a_scan() {
        let scan = |code: &str, is_certain| Step::Scanned { code: code.into(), is_certain };
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
        assert_eq!(typed(&["1"; 3], 5.0), Step::Continued, "no terminator yet");
        let slow: Vec<&str> = ["1"; 20].into_iter().chain(["Enter"]).collect();
        assert_eq!(typed(&slow, 90.0), Step::Person, "longer than a scan takes");
    }

    #[test]
    fn one_scan_after_another_and_after_stray_keys() {
        let mut burst = Burst::default();
        assert_eq!(burst.key("x", 0.0), Step::Began);
        let mut at = 5_000.0;
        for expected in ["11111", "22222"] {
            for (nth, digit) in expected.chars().enumerate() {
                let step = burst.key(&digit.to_string(), at);
                assert_eq!(step, if nth == 0 { Step::Began } else { Step::Continued });
                at += 2.0;
            }
            assert_eq!(burst.key("Enter", at), Step::Scanned { code: expected.into(), is_certain: true });
            at += 2.0;
        }
    }

    #[test]
    fn an_endless_run_of_keys_does_not_grow_for_ever() {
        let mut burst = Burst::default();
        for nth in 0..10_000 {
            burst.key("a", f64::from(nth) * 0.01);
        }
        assert!(burst.code.len() <= MAX_SCAN_CHARS);
    }
}
