//! Who is signed in on this device: kept in the browser's storage, so that all windows and a reload know it.

use std::fmt;
use std::str::FromStr;

use sync::UnixMillis;
use uuid::Uuid;

use crate::words::local_storage;

/// The key in the browser's storage. It is there while the site has people.
const KEY: &str = "lotbook.signed_in";
const MILLIS_A_MINUTE: u64 = 60_000;
/// A clock that was set back by more than this does not keep anybody signed in.
const MAX_SET_BACK_MILLIS: u64 = 60_000;

/// The person, and what is needed to lock the device before people are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignedIn {
    /// None while the device is locked.
    pub(crate) person: Option<Uuid>,
    /// The last touch or scan, by the device's clock.
    pub(crate) at: UnixMillis,
    /// Minutes without one until the device locks itself; 0 for never.
    pub(crate) lock_minutes: u32,
    /// Shown in the header.
    pub(crate) initials: String,
}

impl SignedIn {
    /// Nobody.
    pub(crate) fn locked(now: UnixMillis, lock_minutes: u32) -> Self {
        Self { person: None, at: now, lock_minutes, initials: String::new() }
    }

    /// As kept; locked if it was left for too long. None at a site without people.
    pub(crate) fn load(now: UnixMillis) -> Option<Self> {
        let kept: Self = local_storage::text(KEY)?.parse().ok()?;
        Some(if kept.has_lapsed(now) { Self::locked(now, kept.lock_minutes) } else { kept })
    }

    /// Keeps it.
    pub(crate) fn keep(&self) {
        local_storage::keep_text(KEY, &self.to_string());
    }

    /// Whether nobody has touched the device for too long.
    pub(crate) fn has_lapsed(&self, now: UnixMillis) -> bool {
        self.is_over(now.since(self.at)) || self.lock_minutes > 0 && self.at.since(now) > MAX_SET_BACK_MILLIS
    }

    /// Whether the device locks itself after `idle_millis`.
    pub(crate) fn is_over(&self, idle_millis: u64) -> bool {
        self.lock_minutes > 0 && idle_millis >= u64::from(self.lock_minutes).saturating_mul(MILLIS_A_MINUTE)
    }
}

/// Forgets that the site has people.
pub(crate) fn forget() {
    local_storage::forget(KEY);
}

/// The person whose typed input a page keeps: empty at a site without people, and while the device is locked.
pub(crate) fn person_kept() -> String {
    let kept = local_storage::text(KEY).and_then(|text| text.parse::<SignedIn>().ok());
    kept.and_then(|kept| kept.person).map_or_else(String::new, |person| person.to_string())
}

impl fmt::Display for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { person, at, lock_minutes, initials } = self;
        match person {
            Some(person) => write!(f, "{person} ")?,
            None => f.write_str("- ")?,
        }
        write!(f, "{} {lock_minutes} {initials}", at.0)
    }
}

/// The text is of another build.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotKept;

impl FromStr for SignedIn {
    type Err = NotKept;

    fn from_str(text: &str) -> Result<Self, NotKept> {
        let mut parts = text.splitn(4, ' ');
        let mut next = || parts.next().ok_or(NotKept);
        let person = match next()? {
            "-" => None,
            id => Some(id.parse().map_err(|_| NotKept)?),
        };
        let at = UnixMillis(next()?.parse().map_err(|_| NotKept)?);
        let lock_minutes = next()?.parse().map_err(|_| NotKept)?;
        Ok(Self { person, at, lock_minutes, initials: next()?.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada() -> SignedIn {
        let at = UnixMillis(1_000_000);
        SignedIn { person: Some(Uuid::from_u128(7)), at, lock_minutes: 10, initials: "A L".to_owned() }
    }

    #[test]
    fn is_read_as_it_was_kept() {
        for kept in [ada(), SignedIn::locked(UnixMillis(5), 0)] {
            assert_eq!(kept.to_string().parse(), Ok(kept));
        }
        for other in ["", "- 5", "- x 0 ", "{\"person\":null}"] {
            assert_eq!(other.parse::<SignedIn>(), Err(NotKept), "{other}");
        }
    }

    #[test]
    fn lapses_after_the_minutes_and_by_a_clock_that_was_set_back() {
        let at = ada().at;
        assert!(!ada().has_lapsed(at.plus(10 * MILLIS_A_MINUTE - 1)));
        assert!(ada().has_lapsed(at.plus(10 * MILLIS_A_MINUTE)));
        assert!(!ada().has_lapsed(UnixMillis(at.0 - 60_000)));
        assert!(ada().has_lapsed(UnixMillis(at.0 - 60_001)));
        let never = SignedIn { lock_minutes: 0, ..ada() };
        assert!(!never.has_lapsed(at.plus(u64::MAX)) && !never.has_lapsed(UnixMillis(0)));
    }
}
