//! One-time codes that devices enrol with, and the tokens they get for them.

use data_encoding::HEXLOWER;
use domain::clean_line;
use sha2::{Digest, Sha256};
use sync::UnixMillis;

use crate::random;
use crate::store::{Device, EnrolRefusal, Enrolment, Store, StoreFault};

/// Characters of a code.
pub const CODE_CHARS: usize = 10;
/// The validity of a code.
pub const CODE_LIFE_MILLIS: u64 = 24 * 60 * 60 * 1_000;
/// Characters of a device's name.
pub const MAX_DEVICE_NAME_CHARS: usize = 60;
/// Digits and capitals that look different: without 0 and O, 1, I and L, and U (like V).
const ALPHABET: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Bytes from this value on are drawn again, because they would make some letters more likely than others.
const EVEN_BYTES: u8 = 240;

/// SHA-256: the only form in which codes and tokens are stored.
pub(crate) fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Makes a code for one device of `site` and stores its hash.
///
/// # Errors
/// [`StoreFault`] of the store, for example if there is no such site.
pub async fn new_code(
    store: &dyn Store,
    site: &str,
    device_name: &str,
    now: UnixMillis,
) -> Result<String, StoreFault> {
    let (code, code_hash) = code_and_hash()?;
    store.add_code(site, code_hash, device_name, now.plus(CODE_LIFE_MILLIS)).await?;
    Ok(code)
}

/// A new code, and the form in which it is stored.
pub(crate) fn code_and_hash() -> Result<(String, [u8; 32]), StoreFault> {
    let code = random_code()?;
    let code_hash = hash(&code);
    Ok((code, code_hash))
}

/// The link that a device opens to enrol with `code` at the server's URL. It has the device's name, if one was given,
/// so that the device can show it before it enrols.
pub fn link(base_url: &str, code: &str, device_name: &str) -> String {
    let link = format!("{}/enrol/{code}", base_url.trim_end_matches('/'));
    match device_name.trim() {
        "" => link,
        name => format!("{link}?name={}", percent_encoded(name)),
    }
}

/// A text as the value of a query's parameter.
pub(crate) fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

fn random_code() -> Result<String, StoreFault> {
    let mut code = String::with_capacity(CODE_CHARS);
    while code.len() < CODE_CHARS {
        for byte in random::bytes::<CODE_CHARS>()?.into_iter().filter(|byte| *byte < EVEN_BYTES) {
            let at = usize::from(byte) % ALPHABET.len();
            code.extend(ALPHABET.get(at).map(|letter| char::from(*letter)));
        }
    }
    code.truncate(CODE_CHARS);
    Ok(code)
}

/// A device that asks to be enrolled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applicant<'a> {
    /// Its name; if empty, that of the code, or a running number.
    pub device_name: &'a str,
    /// The site whose data it holds, if any.
    pub held_site: Option<&'a str>,
}

/// Consumes a code and creates its device, returned with its token, or says why the code cannot be used.
///
/// # Errors
/// [`StoreFault`] of the store.
pub async fn enrol(
    store: &dyn Store,
    code: &str,
    applicant: Applicant<'_>,
    now: UnixMillis,
) -> Result<Result<(Device, String), EnrolRefusal>, StoreFault> {
    let token = HEXLOWER.encode(&random::bytes::<32>()?);
    let enrolment = Enrolment {
        code_hash: hash(&as_written(code)),
        device_name: clean_line(applicant.device_name, MAX_DEVICE_NAME_CHARS),
        device: random::uuid()?,
        token_hash: hash(&token),
        held_site: applicant.held_site.map(str::to_owned),
        now,
    };
    Ok(store.enrol(enrolment).await?.map(|device| (device, token)))
}

/// The code in capitals, without the spaces and dashes of a copy by hand.
fn as_written(code: &str) -> String {
    let letters = code.chars().filter(|char| !char.is_whitespace() && *char != '-');
    letters.map(|char| char.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_of_the_alphabet_and_differ() {
        let code = random_code().expect("a code");
        assert_eq!(code.len(), CODE_CHARS);
        assert!(code.bytes().all(|byte| ALPHABET.contains(&byte)), "{code}");
        assert_ne!(code, random_code().expect("a code"));
    }

    #[test]
    fn a_link_has_the_name_of_the_device() {
        assert_eq!(link("https://stock.example/", "AB12", " "), "https://stock.example/enrol/AB12");
        let named = link("https://stock.example", "AB12", "Gerät 2/3 & co");
        assert_eq!(named, "https://stock.example/enrol/AB12?name=Ger%C3%A4t%202%2F3%20%26%20co");
    }

    #[test]
    fn a_code_copied_by_hand_is_still_accepted() {
        assert_eq!(as_written(" ab3c-4d5e fg "), "AB3C4D5EFG");
    }
}
