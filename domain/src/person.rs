//! People of a site: devices hold them, so that a shared device knows who works on it without a network.

use serde::{Deserialize, Serialize};
use sync::{Refusal, RowKey};
use uuid::Uuid;

use crate::authority::Role;
use crate::key_text::key_text;
use crate::text::{MAX_CODE_CHARS, check_optional, check_required};

/// The table of people.
pub const PEOPLE: &str = "people";
/// Characters in a person's name.
pub const MAX_PERSON_CHARS: usize = 80;
/// Characters in a person's initials.
pub const MAX_INITIALS_CHARS: usize = 4;
/// Digits of the shortest PIN.
pub const MIN_PIN_DIGITS: usize = 4;
/// Digits of the longest PIN.
pub const MAX_PIN_DIGITS: usize = 12;
/// Iterations of the function behind a PIN: about a third of a second on a handheld, each time that somebody signs in.
pub const PIN_ROUNDS: u32 = 200_000;
/// People at one site: devices hold all of them, and show them in a list.
pub const MAX_PEOPLE: usize = 2_000;

/// One person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The person.
    pub id: Uuid,
    /// As colleagues know them. A person who has left may have a number in its place.
    pub name: String,
    /// Shown where there is no room for the name.
    pub initials: String,
    /// The keyed hash of the badge's code: see [`badge_hash`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub badge: Option<Uuid>,
    /// The check of the PIN; without one, a person signs in by badge, or by name alone if they have no badge either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<PinCheck>,
    /// The language of the screen, such as `de`; empty for the device's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub language: String,
    /// Their role.
    pub role: Role,
    /// Whether they work here now.
    pub active: bool,
}

/// Checks a PIN without holding it: PBKDF2 with HMAC-SHA-256, 32 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinCheck {
    /// 16 random bytes, in hexadecimal digits.
    pub salt: String,
    /// The derived bytes, in hexadecimal digits.
    pub hash: String,
    /// The number of iterations.
    pub rounds: u32,
}

impl Person {
    /// Checks name, initials and language.
    ///
    /// # Errors
    /// A [`Refusal`] that names the field.
    pub fn validate(&self) -> Result<(), Refusal> {
        check_required("Name", &self.name, MAX_PERSON_CHARS)?;
        check_required("Initials", &self.initials, MAX_INITIALS_CHARS)?;
        check_optional("Language", &self.language, MAX_CODE_CHARS)
    }
}

/// Checks a new PIN.
///
/// # Errors
/// A [`Refusal`] if it is not of digits, too short or too long.
pub fn check_pin(pin: &str) -> Result<(), Refusal> {
    let is_pin = (MIN_PIN_DIGITS..=MAX_PIN_DIGITS).contains(&pin.len())
        && pin.bytes().all(|digit| digit.is_ascii_digit());
    if is_pin {
        return Ok(());
    }
    let message = format!("A PIN has {MIN_PIN_DIGITS} to {MAX_PIN_DIGITS} digits. Choose another one.");
    Err(Refusal::new("bad_pin", message))
}

/// The initials of a name: the first letters of its first and last word.
pub fn initials_of(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    let ends = words.first().into_iter().chain(words.last().filter(|_| words.len() > 1));
    ends.filter_map(|word| word.chars().next())
        .flat_map(char::to_uppercase)
        .take(MAX_INITIALS_CHARS)
        .collect()
}

/// The hash of a badge's code under the site's key. Badges are compared as other codes are, by [`key_text`]. It keeps badges from being
/// read off a list, not from being guessed by somebody who has the key as well.
pub fn badge_hash(site_key: Uuid, code: &str) -> Option<Uuid> {
    let code = key_text(code);
    (!code.is_empty()).then(|| Uuid::new_v5(&site_key, code.as_bytes()))
}

/// The key of a person's row.
pub fn person_key(id: Uuid) -> RowKey {
    RowKey::new(PEOPLE, id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_those_of_the_first_and_the_last_word() {
        let of = |name: &str| initials_of(name);
        assert_eq!(
            (of("Ada Lovelace"), of("ada"), of("Jean  van den Berg")),
            ("AL".into(), "A".into(), "JB".into())
        );
        assert_eq!((of(""), of("ßa b")), (String::new(), "SSB".into()));
    }

    #[test]
    fn a_badge_is_compared_as_other_codes_are_and_by_the_site_s_key() {
        let key = Uuid::from_u128(1);
        assert_eq!(badge_hash(key, " ab-1 "), badge_hash(key, "AB-1"));
        assert_ne!(badge_hash(key, "AB-1"), badge_hash(key, "AB-2"));
        assert_ne!(badge_hash(key, "AB-1"), badge_hash(Uuid::from_u128(2), "AB-1"));
        assert_eq!(badge_hash(key, " \u{200b}"), None);
    }

    #[test]
    fn a_pin_has_four_to_twelve_digits() {
        for good in ["0000", "123456789012"] {
            assert_eq!(check_pin(good), Ok(()), "{good}");
        }
        for bad in ["", "123", "1234567890123", "12a4", "١٢٣٤", "12 4"] {
            assert_eq!(check_pin(bad).expect_err(bad).code, "bad_pin");
        }
    }
}
