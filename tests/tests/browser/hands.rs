//! The same work by keyboard alone and by touch alone, offline.

use anyhow::{Context, Result, bail};
use serde_json::json;
use thirtyfour::prelude::*;

use crate::device::Device;
use crate::goods::{Goods, wait_until_sent};
use crate::network;
use crate::server::Server;

/// Nothing on a page is further away from its start than this.
const MAX_TABS: usize = 40;
/// A page must be at rest before a finger finds what it saw.
const REST_MILLIS: u64 = 150;

async fn offline(server: &mut Server) -> Result<Device> {
    let device = Device::enrolled(server).await?;
    server.kill()?;
    network::down()?;
    device.open("/").await?;
    device.wait_for_text("connection", "Offline").await?;
    Ok(device)
}

async fn press(device: &Device, keys: &str) -> Result<()> {
    Ok(device.driver()?.action_chain().send_keys(keys).perform().await?)
}

/// Goes on with Tab until something has the focus.
async fn tab_to(device: &Device, test: &str) -> Result<()> {
    device.find(test).await?;
    let is_there = format!("return document.activeElement?.closest('[data-test={test}]') !== null");
    for _ in 0..MAX_TABS {
        if device.script(&is_there).await? == true {
            return Ok(());
        }
        press(device, &Key::Tab.value().to_string()).await?;
    }
    bail!("{test} is not reached with {MAX_TABS} tabs")
}

async fn pending(device: &Device, count: usize) -> Result<()> {
    let body =
        format!("return document.querySelector('[data-test=pending-count]')?.dataset.pending === '{count}'");
    device.wait_for_script(&format!("{count} saved"), &body).await
}

async fn sent(server: &mut Server, device: &Device, sql: &str, expected: i64) -> Result<()> {
    server.start()?;
    network::up()?;
    device.open("/").await?;
    wait_until_sent(device).await?;
    let found = server.number(sql)?;
    if found != expected {
        bail!("{sql} says {found} instead of {expected}");
    }
    Ok(())
}

#[tokio::test]
async fn goods_are_picked_and_counted_by_keyboard_alone() -> Result<()> {
    network::up()?;
    let mut server = Server::with_demo()?;
    let goods = Goods::stocked(&server, 0)?;
    let device = offline(&mut server).await?;
    let enter = Key::Enter.value().to_string();

    tab_to(&device, "tile-pick").await?;
    press(&device, &enter).await?;
    tab_to(&device, "start-search").await?;
    press(&device, &goods.sku).await?;
    device.find("match").await?;
    press(&device, &enter).await?;
    device.find("work-form").await?;
    tab_to(&device, "quantity").await?;
    press(&device, &format!("2{enter}")).await?;
    pending(&device, 1).await?;

    // Escape takes the notice away, and the way back leads to other work.
    press(&device, &Key::Escape.value().to_string()).await?;
    device.find("start").await?;
    tab_to(&device, "back").await?;
    press(&device, &enter).await?;
    tab_to(&device, "tile-count").await?;
    press(&device, &enter).await?;
    tab_to(&device, "start-search").await?;
    press(&device, &goods.sku).await?;
    device.find("match").await?;
    press(&device, &enter).await?;
    for _ in 0..2 {
        tab_to(&device, "quantity").await?;
        press(&device, &format!("9{enter}")).await?;
    }
    pending(&device, 2).await?;
    sent(&mut server, &device, "SELECT -delta / 1000 FROM stock_ledger WHERE movement = 'pick'", 2).await?;
    device.quit().await
}

/// Taps the middle of the first element with this `data-test`.
async fn tap(device: &Device, test: &str) -> Result<()> {
    device.find(test).await?;
    tokio::time::sleep(std::time::Duration::from_millis(REST_MILLIS)).await;
    let middle = format!(
        "const it = document.querySelector('[data-test={test}]'); it.scrollIntoView({{ block: 'nearest', behavior: 'instant' }});
         const box = it.getBoundingClientRect(); if (!box.width) return null; return [box.x + box.width / 2, box.y + box.height / 2]"
    );
    let middle = device.script(&middle).await?;
    let at = |index: usize| middle.get(index).and_then(serde_json::Value::as_f64).context("a place");
    let point = json!([{ "x": at(0)?, "y": at(1)? }]);
    device.cdp("Input.dispatchTouchEvent", json!({ "type": "touchStart", "touchPoints": point })).await?;
    device.cdp("Input.dispatchTouchEvent", json!({ "type": "touchEnd", "touchPoints": [] })).await?;
    Ok(())
}

#[tokio::test]
async fn goods_are_picked_moved_and_undone_by_touch_alone() -> Result<()> {
    network::up()?;
    let mut server = Server::with_demo()?;
    let device = offline(&mut server).await?;
    device.cdp("Emulation.setTouchEmulationEnabled", json!({ "enabled": true })).await?;

    tap(&device, "nav-stock").await?;
    tap(&device, "product-row").await?;
    tap(&device, "primary-pick").await?;
    for key in ["key-1", "key-back", "key-2", "save"] {
        tap(&device, key).await?;
    }
    pending(&device, 1).await?;
    tap(&device, "toast-dismiss").await?;
    tap(&device, "back").await?;
    tap(&device, "nav-work").await?;
    tap(&device, "recent-undo").await?;
    pending(&device, 0).await?;

    tap(&device, "tile-put-away").await?;
    tap(&device, "back").await?;
    tap(&device, "tile-receive").await?;
    tap(&device, "delivery").await?;
    tap(&device, "delivery-line").await?;
    tap(&device, "no-lot-code").await?;
    tap(&device, "key-3").await?;
    tap(&device, "save").await?;
    pending(&device, 1).await?;
    sent(&mut server, &device, "SELECT sum(delta) / 1000 FROM stock_ledger WHERE mutation_id IS NOT NULL", 3)
        .await?;
    device.quit().await
}
