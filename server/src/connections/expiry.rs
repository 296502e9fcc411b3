//! When the served certificate ends, and the reminder before.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rustls::pki_types::CertificateDer;
use sync::UnixMillis;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

/// The reminder begins so long before the end, and is repeated in this interval.
const REMIND_DAYS_BEFORE: i64 = 14;
const REMIND_INTERVAL_MILLIS: u64 = 24 * 60 * 60 * 1_000;
const SECONDS_A_DAY: i64 = 24 * 60 * 60;
const MILLIS_A_SECOND: i64 = 1_000;

/// The end of the first certificate of a chain to end, in seconds since 1970. None if no end can be read.
pub(super) fn ends_at(chain: &[CertificateDer<'_>]) -> Option<i64> {
    let end = |certificate: &CertificateDer<'_>| {
        let read = Certificate::from_der(certificate).ok()?;
        i64::try_from(read.tbs_certificate.validity.not_after.to_unix_duration().as_secs()).ok()
    };
    chain.iter().filter_map(end).min()
}

/// Says once a day in the log that a certificate ends soon.
#[derive(Debug, Default)]
pub(super) struct Reminder {
    reminded_at: Mutex<Option<UnixMillis>>,
}

impl Reminder {
    /// Reminds of the certificate in `file`, if it is time to.
    pub(super) fn remind(&self, file: &Path, ends_at: i64, now: UnixMillis) {
        let Some(days) = self.due(ends_at, now) else { return };
        let certificate = file.display();
        if days < 0 {
            tracing::error!(%certificate, "the TLS certificate has ended: devices refuse it. Put a new one there");
        } else {
            tracing::warn!(%certificate, days, "the TLS certificate ends soon. Put a new one there");
        }
    }

    /// The whole days that are left, negative after the end; none if it is not time to remind.
    fn due(&self, ends_at: i64, now: UnixMillis) -> Option<i64> {
        let left = ends_at.saturating_sub(now.0.div_euclid(MILLIS_A_SECOND)).div_euclid(SECONDS_A_DAY);
        let mut reminded_at = self.reminded_at.lock().unwrap_or_else(PoisonError::into_inner);
        if left >= REMIND_DAYS_BEFORE {
            // A new certificate has a reminder of its own.
            *reminded_at = None;
            return None;
        }
        if reminded_at.is_some_and(|at| at <= now && now.since(at) < REMIND_INTERVAL_MILLIS) {
            return None;
        }
        *reminded_at = Some(now);
        Some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = SECONDS_A_DAY * MILLIS_A_SECOND;

    #[test]
    fn the_reminder_begins_two_weeks_before_and_comes_daily() {
        let reminder = Reminder::default();
        let ends_at = 100 * SECONDS_A_DAY;
        let due = |at: i64| reminder.due(ends_at, UnixMillis(at));
        assert_eq!(due(86 * DAY), None, "14 days are left");
        assert_eq!(due(86 * DAY + 1_000), Some(13));
        assert_eq!(due(87 * DAY), None, "it was said within the day");
        assert_eq!(due(87 * DAY + 1_000), Some(12));
        assert_eq!(due(100 * DAY), Some(0));
        assert_eq!(due(101 * DAY + 1_000), Some(-2));
        assert_eq!(reminder.due(200 * SECONDS_A_DAY, UnixMillis(101 * DAY + 2_000)), None);
        assert_eq!(due(101 * DAY + 3_000), Some(-2), "the old certificate is back");
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        assert_eq!(ends_at(&[CertificateDer::from(vec![1, 2, 3])]), None);
        assert_eq!(ends_at(&[]), None);
    }
}
