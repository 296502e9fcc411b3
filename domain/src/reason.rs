//! Reason codes for adjustments, and for picking another lot than the first to expire.

use std::fmt;
use std::str::FromStr;

/// The occasion of a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// Stock is corrected.
    Adjust,
    /// Another lot is picked than the first to expire.
    Override,
}

/// The code of a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words are the field's own")]
pub enum ReasonCode {
    Damaged,
    Expired,
    Lost,
    Found,
    Sample,
    Returned,
    NotFound,
    Blocked,
    Customer,
    Other,
    Reversal,
}

impl ReasonCode {
    /// The reasons to choose from, the most frequent first.
    pub const fn of(occasion: Occasion) -> &'static [Self] {
        match occasion {
            Occasion::Adjust => &[
                Self::Damaged,
                Self::Expired,
                Self::Lost,
                Self::Found,
                Self::Sample,
                Self::Returned,
                Self::Other,
            ],
            Occasion::Override => {
                &[Self::NotFound, Self::Damaged, Self::Blocked, Self::Customer, Self::Other]
            }
        }
    }

    /// As recorded, and as on printed sheets in capitals: `damaged`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::Expired => "expired",
            Self::Lost => "lost",
            Self::Found => "found",
            Self::Sample => "sample",
            Self::Returned => "returned",
            Self::NotFound => "not-found",
            Self::Blocked => "blocked",
            Self::Customer => "customer",
            Self::Other => "other",
            Self::Reversal => "reversal",
        }
    }

    /// The reason with this code, in any case.
    pub fn from_code(code: &str) -> Option<Self> {
        let all = [Self::of(Occasion::Adjust), Self::of(Occasion::Override), &[Self::Reversal]];
        all.into_iter().flatten().copied().find(|reason| reason.code().eq_ignore_ascii_case(code))
    }
}

/// A reason with its note; recorded as `damaged`, `damaged: fell off the fork`, or just the note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Its code.
    pub code: ReasonCode,
    /// The person's note; may be empty.
    pub note: String,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, self.note.as_str()) {
            (code, "") => f.write_str(code.code()),
            (ReasonCode::Other, note) => f.write_str(note),
            (code, note) => write!(f, "{}: {note}", code.code()),
        }
    }
}

impl FromStr for Reason {
    type Err = std::convert::Infallible;

    /// Parses a recorded reason. A text without a known code is [`ReasonCode::Other`], with the whole text as
    /// its note.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (code, note) = text.split_once(':').unwrap_or((text, ""));
        Ok(match ReasonCode::from_code(code.trim()) {
            Some(code) => Self { code, note: note.trim().to_owned() },
            None => Self { code: ReasonCode::Other, note: text.trim().to_owned() },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Reason {
        match text.parse() {
            Ok(reason) => reason,
        }
    }

    #[test]
    fn recorded_reasons_are_parsed_back() {
        for text in ["damaged", "not-found: bin was empty", "It was blue", "other"] {
            assert_eq!(read(text).to_string(), text);
        }
        assert_eq!(read("Damaged").code, ReasonCode::Damaged, "as an earlier build wrote it");
        assert_eq!(read("12:30 delivery").note, "12:30 delivery");
    }

    #[test]
    fn every_reason_has_a_code_of_its_own() {
        for occasion in [Occasion::Adjust, Occasion::Override] {
            for reason in ReasonCode::of(occasion) {
                assert_eq!(ReasonCode::from_code(reason.code()), Some(*reason));
            }
        }
        assert_eq!(ReasonCode::from_code("because"), None);
    }
}
