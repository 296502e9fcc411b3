//! Tests of torn scans: keys with long gaps among them, and with a person's keys before and after.

use domain::GROUP_SEPARATOR;

use super::scan_burst::{Burst, Step};
use super::scan_key::{Focus, Key, Limits};

const LIMITS: Limits = Limits { max_gap_millis: 100, min_chars: 3, separator: '~', ends_with_key: false };
const COMMAND: &str = "LBCMD-SAVE";
const EAN: &str = "4006381333931";
const GS1: &str = "]d201095212345432131727123110AB1\u{1d}2112345";
const LABELS: [&str; 4] = [COMMAND, EAN, GS1, "W-01"];
/// A radio link or a busy device holds keys back for as long.
const STALLS_MILLIS: [f64; 3] = [110.0, 300.0, 500.0];
/// From fast scanners to the slowest that fields take.
const KEY_GAPS_MILLIS: [f64; 3] = [2.0, 8.0, 18.0];
/// A person's typing.
const TYPING_MILLIS: [f64; 3] = [90.0, 150.0, 400.0];
/// Longer than a human pause.
const LATE_MILLIS: f64 = 900.0;

/// The keys of one session and their results.
struct Heard {
    burst: Burst,
    limits: Limits,
    focus: Focus,
    at_millis: f64,
    codes: Vec<String>,
    torn: usize,
    /// The keys that the page or a field got for good.
    left: String,
    unsure: String,
}

impl Heard {
    fn at(focus: Focus) -> Self {
        Self {
            burst: Burst::default(),
            limits: LIMITS,
            focus,
            at_millis: 10_000.0,
            codes: Vec::new(),
            torn: 0,
            left: String::new(),
            unsure: String::new(),
        }
    }

    fn take(&mut self, step: Step, name: &str) -> Step {
        self.limits.ends_with_key = self.burst.ends_with_key().unwrap_or(self.limits.ends_with_key);
        let is_field = self.focus != Focus::Page;
        match &step {
            Step::Began => {
                self.left.push_str(&std::mem::take(&mut self.unsure));
                self.unsure.push_str(name);
            }
            Step::Continued | Step::Rushed => self.unsure.push_str(name),
            Step::Scanned { is_certain: false, .. } if is_field => {
                self.left.push_str(&std::mem::take(&mut self.unsure));
            }
            Step::Scanned { codes, .. } => {
                self.codes.extend(codes.iter().cloned());
                self.unsure.clear();
            }
            Step::Torn => {
                self.torn += 1;
                self.unsure.clear();
            }
            Step::Person => self.left.push_str(&std::mem::take(&mut self.unsure)),
            Step::Echo => {}
        }
        step
    }

    fn pause(&mut self) {
        // Nothing is scanned from a field without a terminator.
        let step = match (self.burst.pause(&self.limits), self.focus) {
            (_, Focus::Field | Focus::Elsewhere) => Step::Person,
            (step, Focus::Page) => step,
        };
        self.take(step, "");
    }

    /// The next key, `millis` after the one before.
    fn key(&mut self, name: &str, millis: f64) -> Step {
        self.at_millis += millis;
        if self.burst.is_over(self.at_millis, &self.limits) {
            self.pause();
        }
        let (focus, at_millis) = (self.focus, self.at_millis);
        let key = Key { name, place: "Key", is_control: false, is_caps_lock: false, focus, at_millis };
        let step = self.burst.key(key, &self.limits);
        self.take(step, if name.chars().count() == 1 { name } else { "" })
    }

    /// As a scanner sends it: each key is released at once.
    fn scanner_key(&mut self, name: &str, millis: f64) -> Step {
        let step = self.key(name, millis);
        self.burst.released("Key", self.at_millis + 1.0);
        step
    }

    /// Keys of a scanner `gap` apart, with `stall` before the one at `cut`, and a long time before all of them.
    fn scan(&mut self, code: &str, terminator: Option<&str>, gap: f64, (cut, stall): (usize, f64)) {
        self.at_millis += LATE_MILLIS * 10.0;
        self.go_on(code, terminator, gap, (cut, stall));
    }

    fn go_on(&mut self, code: &str, terminator: Option<&str>, gap: f64, (cut, stall): (usize, f64)) {
        let keys = code.chars().map(String::from).chain(terminator.map(str::to_owned));
        for (nth, name) in keys.enumerate() {
            let is_capital = name.chars().all(|char| char.is_ascii_uppercase());
            let wait = if nth == cut { stall } else { gap };
            if is_capital {
                self.key("Shift", wait / 2.0);
            }
            self.scanner_key(&name, if is_capital { wait / 2.0 } else { wait });
        }
    }

    fn person(&mut self, text: &str, millis: f64) {
        for char in text.chars() {
            self.key(&char.to_string(), millis);
            self.burst.released("Key", self.at_millis + 60.0);
        }
    }

    fn ended(mut self) -> Self {
        self.at_millis += LATE_MILLIS;
        self.pause();
        self
    }
}

/// Every cut of `code` with every stall and speed.
fn cuts(code: &str, has_terminator: bool) -> Vec<(usize, f64, f64)> {
    let end = code.chars().count() + usize::from(has_terminator);
    let cuts = (1..end).flat_map(|cut| STALLS_MILLIS.map(|stall| (cut, stall)));
    cuts.flat_map(|(cut, stall)| KEY_GAPS_MILLIS.map(|gap| (cut, stall, gap))).collect()
}

#[test]
fn a_torn_scan_with_a_terminator_is_one_scan_of_everything() {
    for focus in [Focus::Page, Focus::Field] {
        for code in LABELS {
            for terminator in ["Enter", "Tab"] {
                for (cut, stall, gap) in cuts(code, true) {
                    let mut heard = Heard::at(focus);
                    heard.scan(code, Some(terminator), gap, (cut, stall));
                    let heard = heard.ended();
                    let told = format!("{code} {terminator} cut at {cut}, {stall} ms, {gap} ms, {focus:?}");
                    assert_eq!(heard.codes, [code], "{told}");
                    assert_eq!((heard.torn, heard.left.as_str()), (0, ""), "{told}");
                }
            }
        }
    }
}

#[test]
fn a_torn_scan_without_a_terminator_is_decided_by_a_human_pause() {
    for code in LABELS {
        for (cut, stall, gap) in cuts(code, false) {
            let mut heard = Heard::at(Focus::Page);
            heard.scan(code, None, gap, (cut, stall));
            assert!(heard.codes.is_empty(), "{code} is not decided yet");
            assert_eq!(heard.ended().codes, [code], "{code} cut at {cut}, {stall} ms, {gap} ms");
        }
    }
}

#[test]
fn scans_after_a_torn_one_are_whole() {
    for focus in [Focus::Page, Focus::Field] {
        for (cut, stall, gap) in cuts(COMMAND, true) {
            let mut heard = Heard::at(focus);
            heard.scan(COMMAND, Some("Enter"), gap, (cut, stall));
            for code in [EAN, GS1, EAN] {
                heard.go_on(code, Some("Enter"), gap, (usize::MAX, 0.0));
            }
            assert_eq!(heard.ended().codes, [COMMAND, EAN, GS1, EAN], "cut at {cut}, {stall} ms, {gap} ms");
        }
    }
}

#[test]
fn a_tail_that_comes_too_late_is_dropped_and_told() {
    for focus in [Focus::Page, Focus::Field] {
        for code in [COMMAND, EAN, GS1] {
            // Three keys show that it was a scanner.
            for cut in 3..code.chars().count() {
                let mut heard = Heard::at(focus);
                heard.scan("W-01", Some("Enter"), 4.0, (usize::MAX, 0.0));
                heard.scan(code, Some("Enter"), 4.0, (cut, LATE_MILLIS));
                let heard = heard.ended();
                assert_eq!(heard.codes, ["W-01"], "{code} cut at {cut}, {focus:?}");
                assert!(heard.torn > 0, "{code} cut at {cut}, {focus:?}");
            }
        }
    }
}

#[test]
fn a_tail_is_dropped_even_if_its_head_was_taken_for_a_scan_without_a_terminator() {
    let mut heard = Heard::at(Focus::Page);
    heard.scan(COMMAND, Some("Enter"), 4.0, (6, LATE_MILLIS));
    assert_eq!((heard.codes.as_slice(), heard.torn), (["LBCMD-".to_owned()].as_slice(), 1));
    // From now on the scanner is known to end its scans with a key.
    heard.scan(COMMAND, Some("Enter"), 4.0, (6, LATE_MILLIS));
    assert_eq!((heard.codes.len(), heard.torn), (1, 3));
    let mut told = Heard::at(Focus::Page);
    told.limits.ends_with_key = true;
    told.scan(COMMAND, Some("Enter"), 4.0, (6, LATE_MILLIS));
    let told = told.ended();
    assert_eq!((told.codes, told.torn), (Vec::new(), 2));
}

#[test]
fn a_label_that_is_scanned_again_after_its_head_is_a_scan() {
    for focus in [Focus::Page, Focus::Field] {
        let mut heard = Heard::at(focus);
        heard.scan(COMMAND, Some("Enter"), 4.0, (usize::MAX, 0.0));
        heard.scan("400638", None, 4.0, (usize::MAX, 0.0));
        heard.go_on(EAN, Some("Enter"), 4.0, (0, LATE_MILLIS));
        assert_eq!(heard.ended().codes, [COMMAND, EAN], "{focus:?}");
    }
}

#[test]
fn a_second_scanner_that_ends_with_nothing_is_heard_at_its_second_scan() {
    let mut heard = Heard::at(Focus::Page);
    heard.scan(COMMAND, Some("Enter"), 4.0, (usize::MAX, 0.0));
    for _ in 0..3 {
        heard.scan("W-01", None, 4.0, (usize::MAX, 0.0));
    }
    let heard = heard.ended();
    assert_eq!((heard.codes, heard.torn), (vec![COMMAND.into(), "W-01".into(), "W-01".into()], 1));
}

#[test]
fn scans_that_end_with_nothing_are_told_apart_when_they_are_whole() {
    let heard = |codes: &[&str], millis: f64| {
        let mut heard = Heard::at(Focus::Page);
        for code in codes {
            heard.go_on(code, None, 4.0, (0, millis));
        }
        heard.ended().codes
    };
    for millis in STALLS_MILLIS {
        assert_eq!(heard(&[EAN, EAN, COMMAND, EAN, EAN], millis), [EAN, EAN, COMMAND, EAN, EAN]);
        assert_eq!(heard(&[GS1, GS1], millis), [GS1, GS1]);
    }
    assert_eq!(heard(&[GS1, "W-01"], LATE_MILLIS), [GS1, "W-01"]);
    let many = heard(&[EAN; 20], 200.0);
    assert_eq!(many.len(), 20);
}

#[test]
fn what_a_person_types_is_never_a_part_of_a_scan_and_stays() {
    for millis in TYPING_MILLIS {
        for code in LABELS {
            let mut heard = Heard::at(Focus::Field);
            heard.at_millis += LATE_MILLIS;
            heard.person("12 wet", millis);
            heard.go_on(code, Some("Enter"), 4.0, (0, 150.0));
            heard.person("ok", millis);
            let heard = heard.ended();
            assert_eq!((heard.codes, heard.left.as_str()), (vec![code.to_owned()], "12 wetok"));
            assert_eq!(heard.torn, 0, "{code} after typing at {millis} ms");
        }
    }
}

#[test]
fn a_person_who_types_is_not_a_torn_scan() {
    for focus in [Focus::Page, Focus::Field] {
        for millis in TYPING_MILLIS {
            for text in ["7", "76", "762", "7622", "A-01-02", "4006381333931"] {
                let mut heard = Heard::at(focus);
                heard.person(text, millis);
                let step = heard.key("Enter", millis);
                if focus == Focus::Field || millis > 100.0 {
                    assert_eq!(heard.codes, Vec::<String>::new(), "{text} {millis} {focus:?}");
                    assert_ne!(step, Step::Torn, "{text} {millis} {focus:?}");
                    assert_eq!(heard.ended().left, text, "{millis} {focus:?}");
                }
            }
        }
    }
}

#[test]
fn a_key_that_a_person_presses_on_the_page_does_not_spoil_the_next_scan() {
    for stall in STALLS_MILLIS {
        for keys in ["x", "x1"] {
            let mut heard = Heard::at(Focus::Page);
            heard.person(keys, 150.0);
            heard.go_on(EAN, Some("Enter"), 4.0, (0, stall));
            assert_eq!(heard.ended().codes, [EAN], "{keys:?} {stall} ms before");
        }
    }
}

#[test]
fn a_stall_before_the_release_of_the_first_key_is_a_stall() {
    for stall in STALLS_MILLIS {
        let mut heard = Heard::at(Focus::Page);
        heard.key("L", LATE_MILLIS);
        heard.burst.released("Key", heard.at_millis + stall);
        heard.go_on(&COMMAND[1..], Some("Enter"), 4.0, (0, stall + 2.0));
        assert_eq!(heard.ended().codes, [COMMAND], "{stall} ms");
    }
}

#[test]
fn a_roll_over_two_keys_before_a_scan_is_a_persons() {
    let mut heard = Heard::at(Focus::Field);
    heard.person("t", 150.0);
    heard.person("h", 15.0);
    heard.go_on(EAN, Some("Enter"), 4.0, (0, 300.0));
    let heard = heard.ended();
    assert_eq!((heard.codes, heard.left.as_str()), (vec![EAN.to_owned()], "th"));
}

#[test]
fn a_scan_that_is_torn_too_often_is_dropped_whole() {
    for focus in [Focus::Page, Focus::Field] {
        let mut heard = Heard::at(focus);
        heard.at_millis += LATE_MILLIS;
        for part in ["LBC", "MD-", "SA"] {
            heard.go_on(part, None, 4.0, (0, 200.0));
        }
        heard.go_on("VE", Some("Enter"), 4.0, (0, 200.0));
        assert_eq!(heard.ended().codes, Vec::<String>::new(), "{focus:?}");
    }
}

#[test]
fn the_focus_that_moves_within_a_torn_scan_makes_no_scan_of_its_tail() {
    for (before, cut) in [(Focus::Page, 4), (Focus::Field, 6)] {
        let mut heard = Heard::at(before);
        heard.at_millis += LATE_MILLIS;
        heard.go_on(&COMMAND[..cut], None, 4.0, (usize::MAX, 0.0));
        heard.focus = Focus::Elsewhere;
        heard.at_millis += 300.0;
        let (first, rest) = COMMAND[cut..].split_at(1);
        heard.scanner_key(first, 0.0);
        heard.focus = Focus::Field;
        heard.go_on(rest, Some("Enter"), 4.0, (usize::MAX, 0.0));
        let heard = heard.ended();
        assert_eq!((heard.codes, heard.torn), (Vec::new(), 1), "{before:?}");
    }
}

#[test]
fn keys_that_a_busy_page_hears_late_are_judged_by_their_own_times() {
    // The page was busy for longer than any pause, and hears of two scans and of no timer.
    let mut heard = Heard::at(Focus::Page);
    heard.go_on(EAN, None, 4.0, (usize::MAX, 0.0));
    heard.go_on("W-01", None, 4.0, (0, LATE_MILLIS));
    assert_eq!(heard.ended().codes, [EAN, "W-01"]);
}

#[test]
fn separators_and_modifiers_next_to_a_stall_are_kept() {
    for stall in STALLS_MILLIS {
        for name in ["F8", "Unidentified"] {
            for (before, after) in [(stall, 4.0), (4.0, stall)] {
                let mut heard = Heard::at(Focus::Page);
                heard.go_on("]d201095212345432131710AB1", None, 4.0, (usize::MAX, 0.0));
                heard.scanner_key(name, before);
                heard.key("AltGraph", after / 2.0);
                heard.key("Shift", after / 2.0);
                heard.go_on("217", Some("Enter"), 4.0, (usize::MAX, 0.0));
                let whole = format!("]d201095212345432131710AB1{GROUP_SEPARATOR}217");
                assert_eq!(heard.ended().codes, [whole], "{name} {stall}");
            }
        }
    }
}
