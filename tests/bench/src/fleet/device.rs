//! One device: the real engine on a store in memory.

use std::cell::RefCell;

use anyhow::{Context as _, Result};
use domain::{Action, LotRef, Quantity};
use fastrand::Rng;
use tests::{NativeTransport, Patience, TestDevice};

/// A device of the fleet.
pub(super) struct FleetDevice {
    device: TestDevice,
    transport: RefCell<NativeTransport>,
}

/// Syncs of all devices.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    pub(super) millis: Vec<f64>,
    pub(super) refusals: usize,
}

impl Rounds {
    pub(super) fn add(&mut self, patience: &Patience) {
        self.millis.push(patience.millis);
        self.refusals += patience.refusals;
    }
}

/// As `sync`'s scheduler waits: a quarter to a half longer than it is told, so that not all come back at once.
fn wait(asked: u64) -> u64 {
    asked + asked / 4 + fastrand::u64(..=asked / 4)
}

impl FleetDevice {
    pub(super) fn new(number: usize, url: &str, token: &str) -> Result<Self> {
        let transport = RefCell::new(NativeTransport::new(url, token)?);
        Ok(Self { device: TestDevice::new(&format!("device {number}"), "all", token.to_owned()), transport })
    }

    /// Uses a new connection, to the server at `url`.
    pub(super) fn reconnect(&self, url: &str) -> Result<()> {
        self.transport.replace(NativeTransport::new(url, self.token())?);
        Ok(())
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
    pub(super) async fn sync(&self) -> Result<Patience> {
        let transport = self.transport.borrow().clone();
        self.device.sync_patiently(&transport, wait).await
    }
}
