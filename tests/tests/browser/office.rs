//! Unknown codes and refused changes of one device in the inbox of another.

use anyhow::{Result, ensure};
use thirtyfour::prelude::*;

use crate::device::Device;
use crate::goods::{Goods, wait_until_sent};
use crate::network;
use crate::scanner::{TO_THE_SCANNER, scan};
use crate::server::Server;

const CODE: &str = "4006381333931";
const CARD: &str = "[data-test=unknown-code-card][data-code='4006381333931']";

async fn sync_now(device: &Device) -> Result<()> {
    device.open("/sync").await?;
    device.click("sync-now").await?;
    wait_until_sent(device).await
}

async fn is_gone(device: &Device, selector: &str) -> Result<()> {
    device.open("/inbox").await?;
    device.find("inbox-page").await?;
    let gone = format!("return document.querySelector(\"{selector}\") === null");
    device.wait_for_script("an inbox without it", &gone).await
}

#[tokio::test]
async fn a_code_that_two_devices_scanned_is_one_entry_on_both_until_one_settles_it() -> Result<()> {
    network::up()?;
    let server = Server::with_demo()?;
    let (worker, office) = (Device::enrolled(&server).await?, Device::enrolled(&server).await?);
    for (device, times) in [(&worker, 2), (&office, 1)] {
        device.open("/work/receive").await?;
        device.find("start").await?;
        for _ in 0..times {
            scan(device, CODE).await?;
            device.wait_for_text("toast", "Unknown code").await?;
            device.driver().active_element().await?.send_keys(Key::Escape + "").await?;
            device
                .wait_for_script("no toast", "return document.querySelector('[data-test=toast]') === null")
                .await?;
            tokio::time::sleep(TO_THE_SCANNER).await;
        }
        sync_now(device).await?;
    }
    let counted = "SELECT coalesce(sum(times), 0) FROM unknown_codes WHERE deleted_at IS NULL";
    ensure!(server.number(counted)? == 3, "each scan is reported once");
    for device in [&worker, &office] {
        sync_now(device).await?;
        device.open("/inbox").await?;
        device.find_css(&format!("{CARD}[data-times='3']")).await?;
        ensure!(device.count("unknown-code-card").await? == 1, "one code is one entry");
        for part in ["Device 1 \u{b7} Receive", "Device 2 \u{b7} Receive"] {
            device.wait_for_text("unknown-devices", part).await?;
        }
    }
    let goods = Goods::stocked(&server, 0)?;
    office.click("unknown-assign").await?;
    office.fill("#assign-search", &goods.sku).await?;
    office.click("assign-match").await?;
    office.click("assign-confirm").await?;
    office.wait_for_text("toast", "Saved on this device").await?;
    wait_until_sent(&office).await?;
    is_gone(&office, CARD).await?;
    sync_now(&worker).await?;
    is_gone(&worker, CARD).await
}

#[tokio::test]
async fn the_office_sees_a_conflict_of_another_device_and_settles_it_for_both() -> Result<()> {
    network::up()?;
    let mut server = Server::with_demo()?;
    let (worker, office) = (Device::enrolled(&server).await?, Device::enrolled(&server).await?);
    let goods = Goods::stocked(&server, 0)?;
    server.kill()?;
    goods.set_price(&worker, "17.50").await?;
    goods.set_price(&office, "16.90").await?;
    server.start()?;
    for device in [&worker, &office, &worker] {
        wait_until_sent(device).await?;
        sync_now(device).await?;
    }
    worker.open("/inbox").await?;
    // The second device to sync has the conflict.
    let either =
        "return document.querySelector('[data-test=attention-card], [data-test=conflict-card]') !== null";
    worker.wait_for_script("one of the prices is refused", either).await?;
    let has_it = worker.count("attention-card").await? == 1;
    let (other, origin) = if has_it { (&office, &worker) } else { (&worker, &office) };
    other.open("/inbox").await?;
    other.find("conflict-card").await?;
    let device = if has_it { "Device 1" } else { "Device 2" };
    other.wait_for_text("conflict-device", device).await?;
    let mine = if has_it { "17.50" } else { "16.90" };
    other.wait_for_text("comparison", mine).await?;
    origin.open("/inbox").await?;
    origin.find("attention-card").await?;
    ensure!(origin.count("conflict-card").await? == 0, "the change and its row are one entry");

    other.click("conflict-settle").await?;
    other.click("settle-confirm").await?;
    other.wait_for_text("toast", "resolved for everyone").await?;
    wait_until_sent(other).await?;
    is_gone(other, "[data-test=conflict-card]").await?;
    sync_now(origin).await?;
    is_gone(origin, "[data-test=attention-card]").await
}
