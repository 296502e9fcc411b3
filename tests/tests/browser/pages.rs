//! Every page at phone and desktop size, light and dark: it appears, nothing sticks out sideways, and a picture of
//! each lands in `target/screenshots/` to be looked at.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::device::{DESKTOP, Device, PHONE};
use crate::goods::Goods;
use crate::network;
use crate::server::Server;

const SIZES: [(&str, (u32, u32)); 2] = [("phone", PHONE), ("desktop", DESKTOP)];

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/screenshots"))
}

async fn shoot(device: &Device, path: &str, name: &str, ready: &str) -> Result<()> {
    for scheme in ["light", "dark"] {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        device.cdp("Emulation.setEmulatedMedia", features).await?;
        for (size, pixels) in SIZES {
            device.resize(pixels).await?;
            device.open(path).await?;
            device.find(ready).await?;
            // Cards fill in a moment after their labels.
            tokio::time::sleep(std::time::Duration::from_millis(400)).await;
            device.screenshot_to(&folder(), &format!("{name}-{size}-{scheme}")).await?;
            let wide = device
                .script("return document.documentElement.scrollWidth > document.documentElement.clientWidth")
                .await?;
            ensure!(wide == false, "{name} is wider than a {size}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_page_fits_a_phone_and_a_desktop() -> Result<()> {
    network::up()?;
    let mut server = Server::with_demo()?;
    let new = Device::new(&server.origin()).await?;
    shoot(&new, "/", "not-enrolled", "connection").await?;
    shoot(&new, "/enrol", "enrol", "enrol-form").await?;
    drop(new);

    let device = Device::enrolled(&server).await?;
    let goods = Goods::stocked(&server, 2)?;
    let product = format!("/product/{}", goods.id);
    shoot(&device, "/stock", "stock", "product-row").await?;
    shoot(&device, &product, "product", "product-page").await?;
    shoot(&device, &format!("{product}/edit"), "edit", "product-form").await?;
    shoot(&device, "/product/new", "new-product", "product-form").await?;
    for work in ["receive", "pick", "move", "put-away", "adjust", "count"] {
        shoot(&device, &format!("{product}/work/{work}"), work, "work-form").await?;
    }
    shoot(&device, "/checkout", "checkout-empty", "empty-cart").await?;
    device.fill("[data-test=order-search]", &goods.sku).await?;
    device.click("match").await?;
    device.find("cart-line").await?;
    shoot(&device, "/checkout", "checkout", "cart-line").await?;
    shoot(&device, "/sync", "sync", "connectivity-status").await?;
    shoot(&device, "/nowhere", "not-found", "not-found").await?;

    server.kill()?;
    network::down()?;
    goods.sell_one(&device).await?;
    goods.set_price(&device, "8.88").await?;
    shoot(&device, "/stock", "stock-offline", "product-row").await?;
    shoot(&device, &product, "product-offline", "product-page").await?;
    shoot(&device, "/sync", "sync-offline", "queue-row").await?;
    network::up()?;
    Ok(())
}
