//! The time from a device's sending until another device of its site hears of it.

use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use fastrand::Rng;
use reqwest::Response;
use tokio::task::spawn_local;
use tokio::time::timeout;

use super::device::FleetDevice;
use super::servers::Servers;
use super::{SEED, count};
use crate::server_load::Enrolled;

/// Sites in which a device listens.
const MAX_LISTENERS: usize = 20;
/// Time until a device must have heard.
const MAX_WAIT_SECONDS: u64 = 30;

/// In some sites a device listens, on the server after the one that another device sends to. Returns the times in
/// milliseconds.
pub(super) async fn measure(
    devices: &[Rc<FleetDevice>],
    enrolled: &[Enrolled],
    sites: usize,
    servers: &Servers<'_>,
) -> Result<Vec<f64>> {
    let mut millis = Vec::with_capacity(MAX_LISTENERS);
    let mut random = Rng::with_seed(SEED);
    for site in 0..sites.min(MAX_LISTENERS) {
        let mut of_site = devices.iter().zip(enrolled).filter(|(_, enrolled)| enrolled.site == site);
        let (sender, _) = of_site.next().context("a site without devices")?;
        let (listener, _) = of_site.next().context("a site with one device")?;
        let mut stream = listen(servers.url(site + 1), listener.token()).await?;
        sender.record(1, &mut random).await?;
        let began = Instant::now();
        let (sender, wait) = (Rc::clone(sender), Duration::from_secs(MAX_WAIT_SECONDS));
        let sending = spawn_local(async move { sender.sync().await });
        timeout(wait, next_message(&mut stream)).await.context("a device heard nothing")??;
        millis.push(began.elapsed().as_secs_f64() * 1e3);
        sending.await??;
    }
    eprintln!(
        "  fleet: heard after {:.1} ms on average",
        millis.iter().sum::<f64>() / count(millis.len().max(1))
    );
    Ok(millis)
}

/// Opens an event stream and reads its first message, which is the current revision.
async fn listen(url: &str, token: &str) -> Result<Response> {
    let client = reqwest::Client::new();
    let mut stream =
        client.get(format!("{url}/api/events")).bearer_auth(token).send().await?.error_for_status()?;
    next_message(&mut stream).await?;
    Ok(stream)
}

async fn next_message(stream: &mut Response) -> Result<()> {
    loop {
        let chunk = stream.chunk().await?.context("an event stream ended")?;
        if chunk.starts_with(b"data:") {
            return Ok(());
        }
    }
}
