//! One device: the real engine on a store in memory.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use domain::{Action, LotRef, Quantity};
use fastrand::Rng;
use sync::{RoundError, RoundLimits, TransportError};
use tests::{NativeTransport, TestDevice};
use tokio::time::sleep;

/// Attempts of a device that is told to wait each time.
const MAX_ATTEMPTS: usize = 1_000;
/// The wait if the server does not say how long.
const DEFAULT_WAIT_MILLIS: u64 = 1_000;
/// A device waits up to this much longer than it is told, so that not all come back at once.
const MAX_JITTER_MILLIS: u64 = 1_000;

/// A device of the fleet.
pub(super) struct FleetDevice {
    device: TestDevice,
    transport: NativeTransport,
}

/// A sync until it succeeded.
#[derive(Debug)]
pub(super) struct Took {
    /// From the first attempt, in milliseconds.
    pub(super) millis: f64,
    /// Attempts that the server refused for being busy.
    pub(super) refusals: usize,
}

/// Syncs of all devices.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    pub(super) millis: Vec<f64>,
    pub(super) refusals: usize,
}

impl Rounds {
    pub(super) fn add(&mut self, took: &Took) {
        self.millis.push(took.millis);
        self.refusals += took.refusals;
    }
}

impl FleetDevice {
    pub(super) fn new(number: usize, url: &str, token: &str) -> Result<Self> {
        let transport = NativeTransport::new(url, token)?;
        Ok(Self { device: TestDevice::new(&format!("device {number}"), "all", token.to_owned()), transport })
    }

    pub(super) fn token(&self) -> &str {
        self.device.token()
    }

    /// Mutations recorded so far.
    pub(super) fn recorded(&self) -> u64 {
        self.device.recorded()
    }

    /// The number of lots that it holds.
    pub(super) async fn lots(&self) -> Result<usize> {
        Ok(self.lot_refs().await?.len())
    }

    async fn lot_refs(&self) -> Result<Vec<LotRef>> {
        let rows = self.device.rows().await?;
        Ok(rows.into_iter().filter_map(|held| held.row.lot().map(|lot| lot.lot.clone())).collect())
    }

    /// Records movements of lots that it holds.
    pub(super) async fn record(&self, mutations: u64, random: &mut Rng) -> Result<()> {
        let lots = self.lot_refs().await?;
        for _ in 0..mutations {
            let lot =
                lots.get(random.usize(..lots.len().max(1))).cloned().context("a device without lots")?;
            let quantity = Quantity::units(random.i64(1..=3));
            let action = if random.bool() {
                Action::PickLot { lot, quantity, reason: String::new() }
            } else {
                Action::ReceiveLot { lot, quantity, expires_on: None, received_on: None, delivery: None }
            };
            self.device.record(action).await?;
        }
        Ok(())
    }

    /// Runs a round, again and again while the server says that it is busy.
    pub(super) async fn sync(&self) -> Result<Took> {
        let began = Instant::now();
        for refusals in 0..MAX_ATTEMPTS {
            match self.device.sync_by(&self.transport, RoundLimits::default()).await {
                Ok(_) => return Ok(Took { millis: began.elapsed().as_secs_f64() * 1e3, refusals }),
                Err(error) => match error.downcast_ref() {
                    Some(RoundError::Transport(TransportError::Busy { retry_after_millis })) => {
                        let wait = retry_after_millis.unwrap_or(DEFAULT_WAIT_MILLIS);
                        sleep(Duration::from_millis(wait + fastrand::u64(..MAX_JITTER_MILLIS))).await;
                    }
                    _ => return Err(error),
                },
            }
        }
        bail!("a device was told to wait {MAX_ATTEMPTS} times")
    }
}
