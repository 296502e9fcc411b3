//! Limits the rate at which secrets may be tried: codes and passwords, by one client or with one name.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use sync::UnixMillis;

use super::errors::ApiError;

/// Senders that are counted apart. Further ones share one count.
const MAX_SENDERS: usize = 10_000;

/// How many wrong attempts are too many.
#[derive(Clone, Copy, Debug)]
pub(super) struct AttemptLimit {
    /// Wrong attempts of one sender in a row.
    pub(super) max_failures: u32,
    /// Time in which a sender gets one of them back.
    pub(super) failure_millis: u64,
    /// The message for a sender beyond that.
    pub(super) message: &'static str,
}

/// Wrong codes of one client: too few to guess a code, enough for a person.
pub(super) const CODES: AttemptLimit = AttemptLimit {
    max_failures: 30,
    failure_millis: 2_000,
    message: "Too many wrong codes from this address. Wait a minute, then try again.",
};

/// Counts the failed attempts of each sender. An attempt counts until it has succeeded, so that many at once are not
/// admitted.
#[derive(Debug)]
pub(super) struct Attempts<K> {
    limit: AttemptLimit,
    senders: Mutex<HashMap<Option<K>, Failures>>,
}

/// Failures that are not forgotten yet, as of a time.
#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    at: UnixMillis,
}

impl Failures {
    /// Forgets what is due. A clock that was put back forgets nothing until it has caught up.
    fn settled(self, failure_millis: u64, now: UnixMillis) -> Self {
        let due = now.since(self.at) / failure_millis;
        let forgotten = u32::try_from(due).unwrap_or(u32::MAX);
        match self.count.saturating_sub(forgotten) {
            0 => Self { count: 0, at: now },
            count => Self { count, at: self.at.plus(u64::from(forgotten) * failure_millis) },
        }
    }
}

impl<K: Eq + Hash> Attempts<K> {
    /// None so far.
    pub(super) fn new(limit: AttemptLimit) -> Self {
        Self { limit, senders: Mutex::default() }
    }

    /// Counts an attempt as failed.
    ///
    /// # Errors
    /// 429 when the sender has reached the limit.
    pub(super) fn admit(&self, sender: K, now: UnixMillis) -> Result<(), ApiError> {
        let AttemptLimit { max_failures, failure_millis, message } = self.limit;
        let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        if senders.len() >= MAX_SENDERS {
            senders.retain(|_, failures| failures.settled(failure_millis, now).count > 0);
        }
        let key = Self::key(&senders, sender);
        let failures = senders.entry(key).or_insert(Failures { count: 0, at: now });
        *failures = failures.settled(failure_millis, now);
        if failures.count >= max_failures {
            return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", message));
        }
        failures.count += 1;
        Ok(())
    }

    /// The attempt was no failure.
    pub(super) fn succeeded(&self, sender: K) {
        let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        let key = Self::key(&senders, sender);
        if let Some(failures) = senders.get_mut(&key) {
            failures.count = failures.count.saturating_sub(1);
        }
    }

    fn key(senders: &HashMap<Option<K>, Failures>, sender: K) -> Option<K> {
        let sender = Some(sender);
        if senders.contains_key(&sender) || senders.len() < MAX_SENDERS { sender } else { None }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn client(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(number).into()
    }

    #[test]
    fn failures_are_counted_by_client_and_forgotten_one_by_one() {
        let limiter = Attempts::new(CODES);
        let admit = |number, millis| limiter.admit(client(number), UnixMillis(millis)).is_ok();
        assert_eq!((0..40).filter(|_| admit(1, 1_000)).count(), 30);
        assert!(admit(2, 1_000), "another client is not affected");
        assert!(!admit(1, 2_999) && admit(1, 3_000) && !admit(1, 3_000));
        assert!(!admit(1, -50_000), "a clock that was put back");
        assert_eq!((0..40).filter(|_| admit(1, 70_000)).count(), 30);
    }

    #[test]
    fn successes_do_not_count() {
        let limiter = Attempts::new(CODES);
        for _ in 0..1_000 {
            assert!(limiter.admit(client(1), UnixMillis(0)).is_ok());
            limiter.succeeded(client(1));
        }
    }

    #[test]
    fn the_number_of_counted_clients_is_bounded() {
        let limiter = Attempts::new(CODES);
        let all = u32::try_from(MAX_SENDERS).expect("a count");
        let admitted =
            (0..2 * all).filter(|number| limiter.admit(client(*number), UnixMillis(0)).is_ok()).count();
        assert_eq!(admitted, MAX_SENDERS + 30);
        assert_eq!(limiter.senders.lock().expect("the senders").len(), MAX_SENDERS + 1);
        assert!(limiter.admit(client(3 * all), UnixMillis(60_000)).is_ok(), "when they are forgotten");
    }
}
