//! Devices with a wrong date: expiry is judged by the server's time, and the wrong date is told of.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;

use crate::device::Device;
use crate::goods::Goods;
use crate::network;
use crate::server::Server;

const YEAR_MILLIS: i64 = 365 * 86_400_000;
const LISTED: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(200);
const SKU: &str = "CLOCK-1";
const PRODUCTS: &str = "sku,barcode,name,unit,price_minor,currency\nCLOCK-1,,Yoghurt,piece,100,EUR\n";
/// One lot expired long ago, one is good for long.
const LOTS: &str = "sku,lot_code,location,quantity,expires_on\n\
    CLOCK-1,OLD,A-01-1,5,2020-03-01\nCLOCK-1,GOOD,A-01-2,7,2090-03-01\n";

/// Shifts the clock of every page by what `localStorage` says, as setting the device's clock would. The worker, whose clock
/// cannot be shifted, gets no sync events.
const SHIFTED: &str = "
    if (globalThis.ServiceWorkerRegistration)
        Object.defineProperty(ServiceWorkerRegistration.prototype, 'sync', { get: () => undefined });
    const RightDate = Date;
    const now = () => RightDate.now() + Number(localStorage.getItem('clock-shift') ?? 0);
    globalThis.Date = class extends RightDate {
        constructor(...parts) { if (parts.length > 0) super(...parts); else super(now()); }
        static now() { return now(); }
    };";

async fn shift(device: &Device, millis: i64) -> Result<()> {
    device.script(&format!("localStorage.setItem('clock-shift', {millis})")).await.map(drop)
}

/// A server with a lot that is expired and one that is good, and a device with a clock that can be set.
async fn stocked() -> Result<(Server, Device, Goods)> {
    network::up()?;
    let server = Server::with_demo_and(PRODUCTS, LOTS, |_| Ok(()))?;
    let device = Device::enrolled(&server).await?;
    device.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": SHIFTED })).await?;
    let goods = Goods::with_sku(&server, SKU)?;
    Ok((server, device, goods))
}

/// Waits until the server's list of devices contains a text.
async fn wait_until_listed(server: &Server, text: &str) -> Result<()> {
    let begun = Instant::now();
    loop {
        let devices = server.devices()?;
        if devices.contains(text) {
            return Ok(());
        }
        ensure!(begun.elapsed() < LISTED, "no {text:?} in {devices}");
        tokio::time::sleep(POLL).await;
    }
}

/// The good lot is the only one for use, and the lot that a pick takes.
async fn only_the_good_lot_counts(device: &Device, goods: &Goods) -> Result<()> {
    device.open(&format!("/product/{}", goods.id)).await?;
    device.wait_for_text("on-hand", "7").await?;
    device.open(&format!("/product/{}/work/pick", goods.id)).await?;
    device.wait_for_text("lot-banner-code", "GOOD").await
}

#[tokio::test]
async fn a_device_with_a_wrong_date_offers_the_right_lot_and_says_so() -> Result<()> {
    let (mut server, device, goods) = stocked().await?;
    for (shift_by, state, listed) in
        [(-12 * YEAR_MILLIS, "days slow", "days behind"), (80 * YEAR_MILLIS, "days fast", "days ahead")]
    {
        shift(&device, shift_by).await?;
        device.open("/sync").await?;
        device.wait_for_text("clock-notice", "This device's date is").await?;
        device.wait_for_text("sync-clock", state).await?;
        device.find("sync-clock-hint").await?;
        device.click("sync-now").await?;
        wait_until_listed(&server, listed).await?;
        server.kill()?;
        only_the_good_lot_counts(&device, &goods).await?;
        device.find("clock-notice").await?;
        server.start()?;
    }
    shift(&device, 0).await?;
    device.open("/sync").await?;
    device.wait_for_text("sync-clock", "Correct").await?;
    ensure!(device.count("clock-notice").await? == 0, "the clock is right again");
    Ok(())
}

#[tokio::test]
async fn a_clock_that_is_set_without_a_network_changes_no_expiry() -> Result<()> {
    let (mut server, device, goods) = stocked().await?;
    server.kill()?;
    let product = format!("/product/{}", goods.id);
    for shift_by in [-12 * YEAR_MILLIS, 80 * YEAR_MILLIS] {
        device.open(&product).await?;
        device.wait_for_text("on-hand", "7").await?;
        ensure!(device.count("clock-notice").await? == 0, "the clock is right");
        shift(&device, shift_by).await?;
        device.wait_for_text("clock-notice", "This device's date is").await?;
        ensure!(device.text("on-hand").await?.starts_with('7'), "after a shift by {shift_by}");
        // The next start goes on from there, and the clock is set right while the app is closed.
        only_the_good_lot_counts(&device, &goods).await?;
        device.find("clock-notice").await?;
        shift(&device, 0).await?;
    }
    // Set back while the app is closed, as by an empty battery.
    shift(&device, -12 * YEAR_MILLIS).await?;
    only_the_good_lot_counts(&device, &goods).await?;
    device.find("clock-notice").await.map(drop)
}
