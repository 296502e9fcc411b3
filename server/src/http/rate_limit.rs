//! Limits the rate at which one client may try wrong enrolment codes.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use sync::UnixMillis;

use super::errors::ApiError;

/// Wrong codes of one client in a row: too few to guess a code, enough for a person.
const MAX_FAILURES: u32 = 30;
/// Time in which a client gets one of them back.
const FAILURE_MILLIS: u64 = 2_000;
/// Clients that are counted apart. Further ones share one count.
const MAX_CLIENTS: usize = 10_000;

/// Counts the failed attempts of each client. An attempt counts until it has succeeded, so that many at once are not
/// admitted.
#[derive(Debug, Default)]
pub(super) struct EnrolLimiter(Mutex<HashMap<Option<IpAddr>, Failures>>);

/// Failures that are not forgotten yet, as of a time.
#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    at: UnixMillis,
}

impl Failures {
    /// Forgets what is due. A clock that was put back forgets nothing until it has caught up.
    fn settled(self, now: UnixMillis) -> Self {
        let due = now.since(self.at) / FAILURE_MILLIS;
        let forgotten = u32::try_from(due).unwrap_or(u32::MAX);
        match self.count.saturating_sub(forgotten) {
            0 => Self { count: 0, at: now },
            count => Self { count, at: self.at.plus(u64::from(forgotten) * FAILURE_MILLIS) },
        }
    }
}

impl EnrolLimiter {
    /// Counts an attempt as failed.
    ///
    /// # Errors
    /// 429 when the client has reached the limit.
    pub(super) fn admit(&self, client: IpAddr, now: UnixMillis) -> Result<(), ApiError> {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= MAX_CLIENTS {
            clients.retain(|_, failures| failures.settled(now).count > 0);
        }
        let key = Self::key(&clients, client);
        let failures = clients.entry(key).or_insert(Failures { count: 0, at: now });
        *failures = failures.settled(now);
        if failures.count >= MAX_FAILURES {
            let message = "Too many wrong codes from this address. Wait a minute, then try again.";
            return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", message));
        }
        failures.count += 1;
        Ok(())
    }

    /// The attempt was no failure.
    pub(super) fn succeeded(&self, client: IpAddr) {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = Self::key(&clients, client);
        if let Some(failures) = clients.get_mut(&key) {
            failures.count = failures.count.saturating_sub(1);
        }
    }

    fn key(clients: &HashMap<Option<IpAddr>, Failures>, client: IpAddr) -> Option<IpAddr> {
        (clients.contains_key(&Some(client)) || clients.len() < MAX_CLIENTS).then_some(client)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn client(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(number).into()
    }

    #[test]
    fn failures_are_counted_by_client_and_forgotten_one_by_one() {
        let limiter = EnrolLimiter::default();
        let admit = |number, millis| limiter.admit(client(number), UnixMillis(millis)).is_ok();
        assert_eq!((0..40).filter(|_| admit(1, 1_000)).count(), 30);
        assert!(admit(2, 1_000), "another client is not affected");
        assert!(!admit(1, 2_999) && admit(1, 3_000) && !admit(1, 3_000));
        assert!(!admit(1, -50_000), "a clock that was put back");
        assert_eq!((0..40).filter(|_| admit(1, 70_000)).count(), 30);
    }

    #[test]
    fn successes_do_not_count() {
        let limiter = EnrolLimiter::default();
        for _ in 0..1_000 {
            assert!(limiter.admit(client(1), UnixMillis(0)).is_ok());
            limiter.succeeded(client(1));
        }
    }

    #[test]
    fn the_number_of_counted_clients_is_bounded() {
        let limiter = EnrolLimiter::default();
        let all = u32::try_from(MAX_CLIENTS).expect("a count");
        let admitted =
            (0..2 * all).filter(|number| limiter.admit(client(*number), UnixMillis(0)).is_ok()).count();
        assert_eq!(admitted, MAX_CLIENTS + 30);
        assert_eq!(limiter.0.lock().expect("the clients").len(), MAX_CLIENTS + 1);
        assert!(limiter.admit(client(3 * all), UnixMillis(60_000)).is_ok(), "when they are forgotten");
    }
}
