//! Stock movements, their reasons and the exceptions they raise, in words.

use domain::{ExceptionKind, Movement, Quantity, Reason, ReasonCode};

use super::format;
use super::language::{key, t, tf};

/// The movement, in the past tense.
pub(crate) fn movement_word(movement: Movement) -> &'static str {
    match movement {
        Movement::Receive => t("Received"),
        Movement::PutAway => t("Put away"),
        Movement::Move => t("Moved"),
        Movement::Pick => t("Picked"),
        Movement::Adjust => t("Adjusted"),
        Movement::Count => t("Counted"),
        Movement::Sale => t("Sold"),
        Movement::Import => t("Imported"),
    }
}

/// The ledger's note in words. Generated notes are English and are translated; notes typed by people are not.
pub(crate) fn note_words(movement: Movement, note: &str) -> String {
    let place = |bin: &str, english| tf(english, &[("bin", &bin)]);
    match movement {
        _ if note.is_empty() => String::new(),
        Movement::Move | Movement::PutAway => match (note.strip_prefix("to "), note.strip_prefix("from ")) {
            (Some(bin), _) => place(bin, key("to {bin}")),
            (_, Some(bin)) => place(bin, key("from {bin}")),
            _ => note.to_owned(),
        },
        Movement::Count => {
            match note.strip_prefix("counted ").and_then(|rest| rest.split_once(", expected ")) {
                Some((counted, expected)) => tf(
                    "counted {counted}, expected {expected}",
                    &[("counted", &noted(counted)), ("expected", &noted(expected))],
                ),
                None => note.to_owned(),
            }
        }
        Movement::Pick | Movement::Adjust => reason_words(note),
        Movement::Receive => tf("delivery {number}", &[("number", &note)]),
        Movement::Sale => tf("order {number}", &[("number", &note)]),
        Movement::Import => note.to_owned(),
    }
}

/// A quantity in a note, in the format of the screens.
fn noted(quantity: &str) -> String {
    Quantity::parse(quantity).map_or_else(|_| quantity.to_owned(), format::quantity)
}

/// Whether it is the note of a reversal.
pub(crate) fn is_reversal(note: &str) -> bool {
    note.parse::<Reason>().is_ok_and(|reason| reason.code == ReasonCode::Reversal)
}

/// The label of a kind of exception.
pub(crate) fn exception_word(kind: ExceptionKind) -> &'static str {
    match kind {
        ExceptionKind::BelowZero => t("Below zero"),
        ExceptionKind::MovedWhileCounted => t("Moved while counted"),
        ExceptionKind::DuplicateBarcode => t("Same barcode twice"),
    }
}

/// A reason in the language of the screens.
pub(crate) fn reason_word(reason: ReasonCode) -> &'static str {
    match reason {
        ReasonCode::Damaged => t("Damaged"),
        ReasonCode::Expired => t("Expired"),
        ReasonCode::Lost => t("Lost"),
        ReasonCode::Found => t("Found"),
        ReasonCode::Sample => t("Sample"),
        ReasonCode::Returned => t("Returned"),
        ReasonCode::NotFound => t("Not found"),
        ReasonCode::Blocked => t("Cannot be reached"),
        ReasonCode::Customer => t("Customer's wish"),
        ReasonCode::Other => t("Other reason"),
        ReasonCode::Reversal => t("Reversal"),
    }
}

/// The recorded reason, in the language of the screens.
pub(crate) fn reason_words(note: &str) -> String {
    match note.parse::<Reason>() {
        Ok(Reason { code: ReasonCode::Other, note }) => note,
        Ok(Reason { code, note }) if note.is_empty() => reason_word(code).to_owned(),
        Ok(Reason { code, note }) => {
            tf("{reason}: {note}", &[("reason", &reason_word(code)), ("note", &note)])
        }
        Err(never) => match never {},
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_of_the_ledger_are_translated() {
        assert_eq!(note_words(Movement::Move, "to A-1"), "to A-1");
        assert_eq!(note_words(Movement::Sale, "D01-0A-0001"), "order D01-0A-0001");
        assert_eq!(note_words(Movement::Receive, "LS-7"), "delivery LS-7");
        assert_eq!(note_words(Movement::Receive, ""), "");
        assert_eq!(note_words(Movement::Count, "counted 5, expected 7"), "counted 5, expected 7");
        assert_eq!(note_words(Movement::Count, "counted 1250, expected −7"), "counted 1,250, expected −7");
        assert_eq!(note_words(Movement::Adjust, "damaged: fell off the fork"), "Damaged: fell off the fork");
        assert_eq!(note_words(Movement::Adjust, "it was blue"), "it was blue");
        assert!(is_reversal("reversal: Picked 5") && !is_reversal("damaged"));
    }
}
