//! The ports to the host of the engine: a browser's page or worker, or a simulation.

use std::future::Future;

use crate::mutation::UnixMillis;
use crate::notice::Notice;

/// Lets one round run at a time among an app's windows and its worker. This saves traffic; correctness does
/// not depend on it.
pub trait Turn {
    /// Releases the turn when dropped.
    type Guard;

    /// Takes the turn if it is free; with `steal`, also from its holder. `None` if another window or worker
    /// holds it.
    fn take(&self, steal: bool) -> impl Future<Output = Option<Self::Guard>>;
}

/// The device's clock and its timers.
pub trait Timer {
    /// The time according to the device; it may jump in both directions.
    fn now(&self) -> UnixMillis;

    /// Milliseconds on a counter that nobody can set; it may stand still while the device sleeps. By default the
    /// clock, for hosts without one.
    fn running_millis(&self) -> u64 {
        u64::try_from(self.now().0).unwrap_or_default()
    }

    /// Returns after `millis` milliseconds, or later. A host may end a sleep of several weeks early, so
    /// callers check the clock again.
    fn sleep(&self, millis: u64) -> impl Future<Output = ()>;
}

/// Sends notices to the app's other windows and its worker. Notices may be lost: they only reduce waiting.
pub trait Channel {
    /// Sends a notice to all other windows and the worker.
    fn tell(&self, notice: &Notice);
}

impl<F: Fn(&Notice)> Channel for F {
    fn tell(&self, notice: &Notice) {
        self(notice);
    }
}
