//! Passwords: Argon2id, on threads of their own and few at once, because each takes memory and a core for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::BASE64_NOPAD;
use office_model::messages::{MAX_PASSWORD_BYTES, MIN_PASSWORD_CHARS};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::random;

/// The cost of a guess: memory in KiB, passes and lanes.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// Largest memory of a stored hash that is computed, in KiB: a row of another origin must not exhaust the server.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
const MAX_PASSES: u32 = 16;
/// Passwords that are hashed at once.
const MAX_HASHES_AT_ONCE: usize = 2;
/// Passwords that wait for that; further ones are refused.
const MAX_HASHES_WAITING: usize = 64;

/// Why a password was not hashed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    /// Too many wait.
    #[error("Too many people are signing in. Try again in a few seconds.")]
    Busy,
    /// The system or a stored hash is at fault.
    #[error("A password could not be checked: {0}")]
    Failed(String),
}

fn failed(error: impl std::fmt::Display) -> PasswordFault {
    PasswordFault::Failed(error.to_string())
}

/// Hashes passwords, within the limits.
#[derive(Clone, Debug)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(MAX_HASHES_AT_ONCE)), waiting: Arc::default() }
    }
}

/// Counts one that waits until it is dropped.
struct Waiting(Arc<AtomicUsize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Passwords {
    /// The hash of a new password, as it is stored: a PHC string.
    ///
    /// # Errors
    /// [`PasswordFault`].
    pub async fn hash(&self, password: String) -> Result<String, PasswordFault> {
        let salt = random::bytes::<SALT_BYTES>().map_err(failed)?;
        self.run(move || {
            Stored { memory_kib: MEMORY_KIB, passes: PASSES, lanes: LANES, salt: salt.to_vec() }
                .hash(&password)
        })
        .await
        .map(|(stored, hash)| stored.written(&hash))
    }

    /// Whether a password is the one of a stored hash. Without one it takes as long, and the answer is no.
    ///
    /// # Errors
    /// [`PasswordFault`].
    pub async fn is_right(&self, password: String, stored: Option<String>) -> Result<bool, PasswordFault> {
        let known = stored.as_deref().map(|text| {
            read(text).ok_or_else(|| failed("a stored hash cannot be read; make a new link for the account"))
        });
        let known = known.transpose()?;
        let (stored, expected) = match known {
            Some((stored, hash)) => (stored, Some(hash)),
            None => {
                let salt = vec![0; SALT_BYTES];
                (Stored { memory_kib: MEMORY_KIB, passes: PASSES, lanes: LANES, salt }, None)
            }
        };
        let (_, hash) = self.run(move || stored.hash(&password)).await?;
        Ok(expected.is_some_and(|expected| bool::from(expected.ct_eq(&hash[..]))))
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordFault> + Send + 'static,
    ) -> Result<T, PasswordFault> {
        let waiting = Waiting(Arc::clone(&self.waiting));
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= MAX_HASHES_WAITING {
            return Err(PasswordFault::Busy);
        }
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(failed)?;
        // The turn ends with the work, even if nobody waits for it any more.
        let work = move || {
            let _turn = turn;
            work()
        };
        let done = spawn_blocking(work).await.map_err(failed)?;
        drop(waiting);
        done
    }
}

/// The parameters of a hash.
struct Stored {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: Vec<u8>,
}

impl Stored {
    fn hash(self, password: &str) -> Result<(Self, [u8; HASH_BYTES]), PasswordFault> {
        let params =
            Params::new(self.memory_kib, self.passes, self.lanes, Some(HASH_BYTES)).map_err(failed)?;
        let mut hash = [0; HASH_BYTES];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(password.as_bytes(), &self.salt, &mut hash)
            .map_err(failed)?;
        Ok((self, hash))
    }

    fn written(&self, hash: &[u8]) -> String {
        let Self { memory_kib, passes, lanes, salt } = self;
        let (salt, hash) = (BASE64_NOPAD.encode(salt), BASE64_NOPAD.encode(hash));
        format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${hash}")
    }
}

/// The parameters and the hash of a PHC string of Argon2id.
fn read(text: &str) -> Option<(Stored, Vec<u8>)> {
    let mut parts = text.strip_prefix("$argon2id$v=19$")?.split('$');
    let mut numbers = parts.next()?.split(',');
    let mut number = |name: &str| numbers.next()?.strip_prefix(name)?.parse::<u32>().ok();
    let (memory_kib, passes, lanes) = (number("m=")?, number("t=")?, number("p=")?);
    let decoded = |part: &str| BASE64_NOPAD.decode(part.as_bytes()).ok();
    let (salt, hash) = (decoded(parts.next()?)?, decoded(parts.next()?)?);
    let is_affordable = memory_kib <= MAX_MEMORY_KIB && passes <= MAX_PASSES && hash.len() == HASH_BYTES;
    (is_affordable && parts.next().is_none()).then_some((Stored { memory_kib, passes, lanes, salt }, hash))
}

/// Why a new password cannot be taken; none if it can.
pub fn check_password(password: &str, login: &str) -> Option<String> {
    if password.chars().count() < MIN_PASSWORD_CHARS {
        return Some(format!("The password is too short: use at least {MIN_PASSWORD_CHARS} characters."));
    }
    if password.len() > MAX_PASSWORD_BYTES {
        return Some(format!("The password is too long: use at most {MAX_PASSWORD_BYTES} bytes."));
    }
    let is_login = password.trim().eq_ignore_ascii_case(login.trim());
    is_login.then(|| "The password is the login name: choose another one.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_alone() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse".to_owned()).await.expect("a hash");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(
            hash,
            passwords.hash("correct horse".to_owned()).await.expect("a hash"),
            "a salt of its own"
        );
        for (password, stored, expected) in [
            ("correct horse", Some(hash.clone()), true),
            ("Correct horse", Some(hash.clone()), false),
            ("", Some(hash), false),
            ("correct horse", None, false),
        ] {
            assert_eq!(passwords.is_right(password.to_owned(), stored).await, Ok(expected), "{password:?}");
        }
    }

    #[tokio::test]
    async fn hashes_are_those_of_the_reference_implementation() {
        for bad in [
            "",
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8",
            "$argon2i$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=4000000,t=2,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ] {
            let answer = Passwords::default().is_right("password".to_owned(), Some(bad.to_owned())).await;
            assert!(matches!(answer, Err(PasswordFault::Failed(_))), "{bad}: {answer:?}");
        }
        let (stored, expected) =
            read("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
                .expect("a hash");
        assert_eq!(
            (stored.memory_kib, stored.passes, stored.salt, expected),
            (65_536, 2, b"somesalt".to_vec(), vec![0; 32])
        );
        // Of the reference implementation's test.c: version 0x13, t = 2, m = 2^16, p = 1.
        let known = Stored { memory_kib: 65_536, passes: 2, lanes: 1, salt: b"somesalt".to_vec() };
        let (_, hash) = known.hash("password").expect("a hash");
        assert_eq!(
            data_encoding::HEXLOWER.encode(&hash),
            "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"
        );
    }

    #[tokio::test]
    async fn too_many_at_once_are_refused() {
        let passwords = Passwords::default();
        passwords.waiting.store(MAX_HASHES_WAITING, Ordering::Relaxed);
        assert_eq!(passwords.hash("correct horse".to_owned()).await, Err(PasswordFault::Busy));
        assert_eq!(
            passwords.waiting.load(Ordering::Relaxed),
            MAX_HASHES_WAITING,
            "it is not counted for ever"
        );
    }

    #[test]
    fn a_password_has_a_length_and_is_not_the_name() {
        assert_eq!(check_password("correct horse", "ada"), None);
        assert!(check_password("short", "ada").is_some_and(|why| why.contains("too short")));
        assert!(check_password(&"x".repeat(257), "ada").is_some_and(|why| why.contains("too long")));
        assert!(
            check_password("Ada@shop.example ", "ada@shop.example")
                .is_some_and(|why| why.contains("login name"))
        );
        assert_eq!(check_password(&"\u{e4}".repeat(12), "ada"), None, "characters, not bytes");
    }
}
