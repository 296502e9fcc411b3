//! A scanned code that was never used as a bin, until a person confirms it as one, and the form of bins' names.

use domain::key_text;
use serde::{Deserialize, Serialize};

/// The code, and the text that the bin's field had when it was scanned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NewBin {
    code: String,
    before: String,
}

impl NewBin {
    pub(crate) fn of(code: String, field: &str) -> Self {
        Self { code, before: field.to_owned() }
    }

    /// The code to confirm; `None` if a person typed another bin into the field since. The keys of a scan reach a focused
    /// field too and are taken out of it again, which must not drop the question.
    pub(crate) fn asked(&self, field: &str) -> Option<&str> {
        (!self.code.is_empty() && self.before == field).then_some(&self.code)
    }
}

/// Whether a code is written like one of `bins`, with letters, digits and signs in the same places, as `A-01-1` and
/// `B-12-3` are. Names without both digits and signs have no form of their own.
pub(crate) fn is_like_a_bin<'a>(code: &str, mut bins: impl Iterator<Item = &'a str>) -> bool {
    let form = form_of(code);
    let is_telling = form.contains('9') && form.chars().any(|char| !matches!(char, '9' | 'A'));
    is_telling && bins.any(|bin| form_of(bin) == form)
}

/// The code with `9` for digits and `A` for letters.
fn form_of(code: &str) -> String {
    let form = |char: char| match char {
        _ if char.is_numeric() => '9',
        _ if char.is_alphabetic() => 'A',
        other => other,
    };
    key_text(code).chars().map(form).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bin_is_known_by_its_form() {
        let bins = || ["B-07-1", "RECEIVING", "1204"].into_iter();
        assert!(is_like_a_bin("a-01-1", bins()));
        for lot in ["L9001X", "A-1-1", "A-01-12", "DELIVERED", "2027", ""] {
            assert!(!is_like_a_bin(lot, bins()), "{lot}");
        }
    }

    #[test]
    fn the_question_stays_while_a_scan_passes_through_the_field() {
        let new = NewBin::of("W-01".into(), "RECEIVING");
        assert_eq!(new.asked("RECEIVING"), Some("W-01"));
        assert_eq!(new.asked("RECEIVINGLBCMD-"), None);
        assert_eq!(new.asked("RECEIVING"), Some("W-01"));
        assert_eq!(new.asked("B-1"), None, "a person typed another bin");
        assert_eq!(NewBin::default().asked(""), None);
    }
}
