//! The server's clock, as a value so that tests can set it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use sync::UnixMillis;

/// The system's clock plus an offset.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Added to the system's clock.
    ahead_millis: Arc<AtomicI64>,
}

impl Clock {
    /// The system's time.
    pub fn now(&self) -> UnixMillis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        UnixMillis(millis.saturating_add(self.ahead_millis.load(Ordering::Relaxed)))
    }

    /// Puts this clock and its clones ahead, for tests over days.
    pub fn advance(&self, millis: i64) {
        self.ahead_millis.fetch_add(millis, Ordering::Relaxed);
    }
}
