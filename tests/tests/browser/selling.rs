//! One cart in two tabs, and the orders that come of it.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::device::Device;
use crate::goods::{Goods, wait_until_sent};
use crate::network;
use crate::server::Server;

const ORDERS: &str = "SELECT count(*) FROM orders";
/// Keeps a tab from hearing of what another tab stores, from `globalThis.isDeaf = true` on. Before every script of the
/// page, because a window calls its listeners in the order of their registration.
const HEARING: &str = "
    for (const news of ['storage', 'focus', 'pageshow'])
        addEventListener(news, (event) => { if (globalThis.isDeaf) event.stopImmediatePropagation(); });";
const PRESS_TWICE: &str = "
    const save = document.querySelector('[data-test=place-order]');
    save.click();
    save.click();";

async fn add(device: &Device, goods: &Goods) -> Result<()> {
    device.fill("[data-test=order-search]", &goods.sku).await?;
    device.click("match").await?;
    let line = format!("return document.querySelector('[data-test=cart-line][data-id=\"{}\"]')", goods.id);
    device.wait_for_script("the line in the cart", &line).await
}

async fn lines(device: &Device, count: usize) -> Result<()> {
    let body = format!("return document.querySelectorAll('[data-test=cart-line]').length === {count}");
    device.wait_for_script(&format!("{count} lines in the cart"), &body).await
}

async fn until_ready(device: &Device) -> Result<()> {
    let is_ready = "return !document.querySelector('[data-test=place-order]').disabled";
    device.wait_for_script("the order's total", is_ready).await
}

async fn place(device: &Device) -> Result<()> {
    until_ready(device).await?;
    device.click("place-order").await?;
    device.wait_for_text("order-placed", "Saved on this device").await
}

#[tokio::test]
async fn two_tabs_fill_one_cart_and_each_sale_is_booked_once() -> Result<()> {
    network::up()?;
    let server = Server::with_demo()?;
    let device = Device::enrolled(&server).await?;
    let (tea, oats) = (Goods::stocked(&server, 0)?, Goods::stocked(&server, 1)?);
    let before = tea.units_on_server(&server)?;
    let driver = device.driver();
    let first = driver.window().await?;
    device.open("/checkout").await?;
    add(&device, &tea).await?;

    let second = driver.new_tab().await?;
    driver.switch_to_window(second.clone()).await?;
    device.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": HEARING })).await?;
    device.open("/checkout").await?;
    lines(&device, 1).await?;
    add(&device, &oats).await?;
    driver.switch_to_window(first.clone()).await?;
    lines(&device, 2).await?;
    place(&device).await?;

    // Sold in one tab, gone in the other; as much of the same is a second sale.
    driver.switch_to_window(second.clone()).await?;
    device.find("empty-cart").await?;
    add(&device, &tea).await?;
    place(&device).await?;

    // The same sale in both tabs, of which one does not know that the other has saved it.
    driver.switch_to_window(first.clone()).await?;
    add(&device, &tea).await?;
    driver.switch_to_window(second.clone()).await?;
    lines(&device, 1).await?;
    until_ready(&device).await?;
    device.script("globalThis.isDeaf = true").await?;
    driver.switch_to_window(first).await?;
    place(&device).await?;
    driver.switch_to_window(second).await?;
    lines(&device, 1).await?;
    place(&device).await?;

    // A second press of the button before the page is drawn again.
    device.open("/checkout").await?;
    add(&device, &tea).await?;
    until_ready(&device).await?;
    device.script(PRESS_TWICE).await?;
    device.wait_for_text("order-placed", "Saved on this device").await?;

    wait_until_sent(&device).await?;
    ensure!(server.number(ORDERS)? == 4, "four sales are four orders");
    ensure!(tea.units_on_server(&server)? == before - 4, "each sale took one");
    device.open("/inbox").await?;
    device.find("inbox-page").await?;
    ensure!(device.count("attention-card").await? == 0, "no sale is stranded");
    Ok(())
}
