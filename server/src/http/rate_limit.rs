//! Limits the rate at which one address may try enrolment codes.

use std::net::IpAddr;
use std::num::NonZeroU32;

use axum::http::StatusCode;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::errors::ApiError;

/// Attempts of one address in a minute: too few to guess a code, more than enough to enrol devices.
const MAX_ENROLMENTS_PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(29);

/// Counts the attempts of each address.
#[derive(Debug)]
pub(super) struct EnrolLimiter(DefaultKeyedRateLimiter<IpAddr>);

impl Default for EnrolLimiter {
    fn default() -> Self {
        Self(RateLimiter::keyed(Quota::per_minute(MAX_ENROLMENTS_PER_MINUTE)))
    }
}

impl EnrolLimiter {
    /// Counts an attempt.
    ///
    /// # Errors
    /// 429 when the address has reached the limit.
    pub(super) fn admit(&self, address: IpAddr) -> Result<(), ApiError> {
        self.0.retain_recent();
        self.0.check_key(&address).map_err(|_| {
            let message = "Too many attempts from this address. Wait a minute, then try again.";
            ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", message)
        })
    }
}
