//! Badges: a scan of one signs its person in, or approves what waits for an approval.

use domain::Person;
use uuid::Uuid;

use super::answers::Answers;
use super::scan::Meaning;
use crate::book::Book;
use crate::book::approval::{Approval, Asked};
use crate::device::feedback::{self, Feedback};
use crate::device::wrong_pins;
use crate::ui::chip::Tone;
use crate::ui::toasts::Toast;
use crate::words::language::{self, LANGUAGES, t, tf, tn};

/// The texts of a scan that may be a badge's.
pub(super) fn badge_codes<'a>(text: &'a str, meaning: Option<&'a Meaning>) -> [&'a str; 2] {
    match meaning {
        // A scanner may have put a prefix before it.
        Some(Meaning::Code(scanned)) => [text, &scanned.code],
        _ => [text, ""],
    }
}

/// Takes the scan of a badge; `false` if it is none.
pub(super) fn take_badge(book: &Book, answers: &Answers, codes: [&str; 2]) -> bool {
    let people = book.people();
    let Some(person) = codes.into_iter().find_map(|code| people.with_badge(code)) else { return false };
    if !person.active {
        let detail = tf("{name} doesn't work here any more. Ask a supervisor.", &[("name", &person.name)]);
        answers.wrong(t("This badge is no longer valid"), detail);
    } else if let Some(asked) = book.asked() {
        approve(book, answers, &asked, person);
    } else {
        welcome(book, answers, person);
    }
    true
}

/// Gives the approval of a person to what waits for it, or says that they may not.
pub(crate) fn approve(book: &Book, answers: &Answers, asked: &Asked, person: &Person) {
    if asked.may_approve(person) {
        feedback::give(Feedback::Right);
        tell_wrong_pins(answers, person.id);
        book.answer_asked(Some(Approval::By(person.id)));
    } else {
        let detail = tf("{name} can't approve this. Ask somebody who can.", &[("name", &person.name)]);
        answers.wrong(t("Not approved"), detail);
    }
}

/// Signs a person in, tells them of wrong PINs, and shows their language.
pub(crate) fn welcome(book: &Book, answers: &Answers, person: &Person) {
    let is_new = book.person() != Some(person.id);
    book.sign_in(person);
    feedback::give(Feedback::Right);
    let known = |code: &&str| LANGUAGES.iter().any(|(known, _)| known == code);
    let is_other = language::choose_for_person(Some(person.language.as_str()).filter(known));
    // A reload would take the warning away: then the language follows at the next one.
    if tell_wrong_pins(answers, person.id) || !is_new {
        return;
    }
    if is_other {
        // The page keeps its input as its draft.
        return client::reload();
    }
    let toast = Toast::new(Tone::Good, t("Signed in"), person.name.clone());
    answers.toasts.show(Toast { is_data: true, ..toast });
}

/// Tells a person how many wrong PINs were tried for them; `false` for none.
fn tell_wrong_pins(answers: &Answers, person: Uuid) -> bool {
    let times = wrong_pins::take(person);
    if times > 0 {
        let words = tn(
            usize::try_from(times).unwrap_or(usize::MAX),
            "{n} wrong PIN was tried for you here.",
            "{n} wrong PINs were tried for you here.",
        );
        answers.toasts.show(Toast::new(Tone::Attention, t("Signed in"), words));
    }
    times > 0
}

/// Checks a PIN.
///
/// # Errors
/// The sentence that says why it could not be checked.
pub(crate) async fn is_right_pin(person: &Person, pin: &str) -> Result<bool, String> {
    let Some(check) = &person.pin else { return Ok(false) };
    let salt = from_hex(&check.salt);
    let derived = browser::pbkdf2_sha256(pin.as_bytes(), &salt, check.rounds).await;
    match derived {
        Ok(derived) => Ok(derived == from_hex(&check.hash)),
        Err(browser::NoKey::Insecure) => Err(t(
            "PINs need a secure connection (https). Scan your badge, or ask whoever set up the server.",
        )
        .to_owned()),
        Err(browser::NoKey::Refused) => {
            Err(t("This browser can't check PINs. Scan your badge, or update the browser.").to_owned())
        }
    }
}

/// The bytes of hexadecimal digits; none for other text.
fn from_hex(text: &str) -> Vec<u8> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok())).collect();
    let digits = digits.unwrap_or_default();
    digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::scan::Scanned;
    use super::*;

    #[test]
    fn a_badge_is_read_as_it_was_scanned_and_without_a_prefix() {
        let meaning = Meaning::Code(Scanned::plain("B-1"));
        assert_eq!(badge_codes("]C0B-1", Some(&meaning)), ["]C0B-1", "B-1"]);
        assert_eq!(badge_codes("B-1", None), ["B-1", ""]);
    }

    #[test]
    fn hexadecimal_digits_are_bytes() {
        assert_eq!(from_hex("00ff1a"), [0, 255, 26]);
        assert_eq!(from_hex("zz"), [0_u8; 0]);
    }
}
