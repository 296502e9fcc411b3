//! What it costs the server when a device only fetches what others have done, as it does when it hears of a change.

use std::rc::Rc;
use std::time::Instant;

use anyhow::Result;
use futures::future::try_join_all;

use super::count;
use super::device::FleetDevice;
use super::servers::Servers;

/// Devices that fetch, so many at once, so often one after the other.
const MAX_DEVICES: usize = 1_000;
const AT_ONCE: usize = 20;
const PASSES: usize = 3;

/// The cost of a round without mutations.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pulls {
    pub(super) server_cpu_micros: f64,
    pub(super) rounds_a_second: f64,
    /// Bytes of a round, both ways, with headers.
    pub(super) bytes: f64,
}

/// Some devices fetch; the first pass brings them up to date and is not counted.
pub(super) async fn measure(devices: &[Rc<FleetDevice>], servers: &Servers<'_>) -> Result<Pulls> {
    let devices = devices.get(..MAX_DEVICES).unwrap_or(devices);
    fetch(devices).await?;
    let bytes_before = servers.traffic_bytes().await?;
    let (began, cpu_before) = (Instant::now(), servers.cpu_seconds()?);
    for _ in 0..PASSES {
        fetch(devices).await?;
    }
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), servers.cpu_seconds()? - cpu_before);
    let rounds = count(devices.len() * PASSES);
    let bytes: f64 = servers.traffic_bytes().await?.iter().sum::<f64>() - bytes_before.iter().sum::<f64>();
    Ok(Pulls {
        server_cpu_micros: cpu * 1e6 / rounds,
        rounds_a_second: rounds / seconds,
        bytes: bytes / rounds,
    })
}

async fn fetch(devices: &[Rc<FleetDevice>]) -> Result<()> {
    for some in devices.chunks(AT_ONCE) {
        try_join_all(some.iter().map(|device| device.sync())).await?;
    }
    Ok(())
}
