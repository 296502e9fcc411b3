//! The reconnect storm: the servers were down, and all devices come back at once with what was recorded meanwhile.

use std::rc::Rc;
use std::time::Instant;

use anyhow::Result;
use fastrand::Rng;
use futures::future::join_all;
use tests::Patience;
use tokio::task::spawn_local;

use super::device::FleetDevice;
use super::progress::Progress;
use super::servers::Servers;
use super::{SEED, count};

/// Mutations that a device records while the servers are down.
const MUTATIONS_A_DEVICE: u64 = 10;
/// Points of the curve of devices that are done.
const CURVE_POINTS: usize = 100;
const PERCENT: f64 = 100.0;

/// The result of a storm.
#[derive(Debug, Default)]
pub(super) struct Storm {
    /// The time from the start of the storm until each device had sent everything, in seconds, in ascending order.
    pub(super) drained_seconds: Vec<f64>,
    /// How often devices were told to wait, and how many of them were.
    pub(super) refusals: usize,
    pub(super) devices_sent_away: usize,
    /// Attempts without an answer.
    pub(super) unanswered: usize,
    pub(super) server_cpu_percent: f64,
    pub(super) server_peak_mb: f64,
}

impl Storm {
    /// Until the last device had sent everything.
    pub(super) fn seconds(&self) -> f64 {
        self.drained_seconds.last().copied().unwrap_or(0.0)
    }

    pub(super) fn mutations_a_second(&self) -> f64 {
        let mutations = self.drained_seconds.iter().map(|_| MUTATIONS_A_DEVICE).sum::<u64>();
        count(usize::try_from(mutations).unwrap_or(usize::MAX)) / self.seconds()
    }

    /// The devices that were done, in percent, after so many seconds.
    pub(super) fn curve(&self) -> Vec<(f64, f64)> {
        let devices = self.drained_seconds.len();
        let done = (1..).zip(&self.drained_seconds);
        let shown = done.filter(|(done, _)| {
            *done == devices || done * CURVE_POINTS / devices != (done - 1) * CURVE_POINTS / devices
        });
        let points = shown.map(|(done, seconds)| (*seconds, PERCENT * count(done) / count(devices)));
        [(0.0, 0.0)].into_iter().chain(points).collect()
    }
}

/// The servers are down: all devices record something.
pub(super) async fn record(devices: &[Rc<FleetDevice>]) -> Result<()> {
    let mut random = Rng::with_seed(SEED + 1);
    for device in devices {
        device.record(MUTATIONS_A_DEVICE, &mut random).await?;
    }
    Ok(())
}

/// The servers are back: all devices sync at once, and whoever is told to wait does.
pub(super) async fn weather(
    devices: &[Rc<FleetDevice>],
    subject: &str,
    servers: &Servers<'_>,
) -> Result<Storm> {
    for (number, device) in devices.iter().enumerate() {
        device.reconnect(servers.url(number))?;
    }
    let progress = Rc::new(Progress::new(format!("fleet {subject}, storm"), devices.len()));
    let (began, cpu_before) = (Instant::now(), servers.cpu_seconds()?);
    let synced = devices.iter().map(|device| {
        let (device, progress) = (Rc::clone(device), Rc::clone(&progress));
        spawn_local(async move {
            let patience = device.sync().await?;
            progress.step(&patience);
            anyhow::Ok((patience, began.elapsed().as_secs_f64()))
        })
    });
    let mut storm = Storm::default();
    for synced in join_all(synced.collect::<Vec<_>>()).await {
        let (Patience { refusals, unanswered, .. }, seconds) = synced??;
        storm.drained_seconds.push(seconds);
        storm.refusals += refusals;
        storm.unanswered += unanswered;
        storm.devices_sent_away += usize::from(refusals > 0);
    }
    storm.drained_seconds.sort_by(f64::total_cmp);
    storm.server_cpu_percent = PERCENT * (servers.cpu_seconds()? - cpu_before) / storm.seconds();
    storm.server_peak_mb = servers.peak_memory_mb()?;
    Ok(storm)
}
