//! Syncs as devices do that are told to wait.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use domain::Warehouse;
use sync::{RoundError, RoundLimits, Transport, TransportError};
use tokio::time::sleep;

use crate::TestDevice;

/// Attempts of a device that is told to wait each time.
const MAX_ATTEMPTS: usize = 1_000;
/// The wait if the server does not say how long.
const DEFAULT_WAIT_MILLIS: u64 = 1_000;

/// A sync until it succeeded.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Patience {
    /// From the first attempt, in milliseconds.
    pub millis: f64,
    /// Attempts that the server refused for being busy.
    pub refusals: usize,
    /// How long it was told to wait, all in all, in milliseconds.
    pub told_millis: u64,
    /// Attempts without an answer.
    pub unanswered: usize,
}

impl TestDevice {
    /// Runs a round, again and again while the server is busy or does not answer. `wait` is the time that the device waits if
    /// it is told to wait for so long, both in milliseconds.
    ///
    /// # Errors
    /// If the round fails otherwise, or the device is told to wait again and again.
    pub async fn sync_patiently(
        &self,
        transport: &impl Transport<Warehouse>,
        wait: impl Fn(u64) -> u64,
    ) -> Result<Patience> {
        let began = Instant::now();
        let mut patience = Patience::default();
        for _ in 0..MAX_ATTEMPTS {
            let error = match self.sync_by(transport, RoundLimits::default()).await {
                Ok(_) => {
                    patience.millis = began.elapsed().as_secs_f64() * 1e3;
                    return Ok(patience);
                }
                Err(error) => error,
            };
            let asked = match error.downcast_ref() {
                Some(RoundError::Transport(TransportError::Busy { retry_after_millis })) => {
                    patience.refusals += 1;
                    patience.told_millis += retry_after_millis.unwrap_or(0);
                    *retry_after_millis
                }
                Some(RoundError::Transport(TransportError::Unreachable | TransportError::TimedOut)) => {
                    patience.unanswered += 1;
                    None
                }
                _ => return Err(error),
            };
            sleep(Duration::from_millis(wait(asked.unwrap_or(DEFAULT_WAIT_MILLIS)))).await;
        }
        bail!("a device was told to wait {MAX_ATTEMPTS} times")
    }
}
