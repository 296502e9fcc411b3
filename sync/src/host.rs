//! The ports to what runs the engine: a browser's page or worker, or a simulation.

use std::future::Future;

use crate::mutation::UnixMillis;
use crate::notice::Notice;

/// Lets one round run at a time among an app's windows and its worker. It saves traffic; correctness does not depend on it.
pub trait Turn {
    /// Gives the turn back when it is dropped.
    type Guard;

    /// Takes the turn if it is free; with `steal`, also from its holder. `None` if somebody else has it.
    fn take(&self, steal: bool) -> impl Future<Output = Option<Self::Guard>>;
}

/// The device's clock and its timers.
pub trait Timer {
    /// The time as the device claims it; it may jump in both directions.
    fn now(&self) -> UnixMillis;

    /// Returns after `millis` milliseconds, or later. A host may end a sleep of weeks early, so look at the clock again.
    fn sleep(&self, millis: u64) -> impl Future<Output = ()>;
}

/// Tells the app's other windows and its worker what happened. Notices may be lost: they only save waiting.
pub trait Channel {
    /// Sends a notice to all others.
    fn tell(&self, notice: &Notice);
}

impl<F: Fn(&Notice)> Channel for F {
    fn tell(&self, notice: &Notice) {
        self(notice);
    }
}
