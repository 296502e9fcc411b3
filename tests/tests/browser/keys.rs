//! Full-width, decomposed and invisible characters in SKUs and bins: the browser's own tables normalize them.

use anyhow::{Context, Result, ensure};

use crate::device::Device;
use crate::goods::Goods;
use crate::network;
use crate::server::Server;

/// The text in full-width characters.
fn wide(text: &str) -> String {
    let wide = |char: char| match char {
        '!'..='~' => char::from_u32(u32::from(char) + 0xfee0).unwrap_or(char),
        other => other,
    };
    text.chars().map(wide).collect()
}

#[tokio::test]
async fn a_sku_and_a_bin_are_known_in_every_spelling() -> Result<()> {
    network::up()?;
    let server = Server::with_demo()?;
    let device = Device::enrolled(&server).await?;
    let goods = Goods::stocked(&server, 0)?;
    // Without a server, so that the device itself decides.
    device.open("/sync").await?;
    device.click("work-offline").await?;
    for sku in [wide(&goods.sku), format!("\u{2060}{}\u{200b}", goods.sku.to_lowercase())] {
        device.open("/product/new").await?;
        for (field, text) in [("sku", sku.as_str()), ("name", "Lamp"), ("unit", "each"), ("price", "1.00")] {
            device.fill(&format!("[data-test={field}]"), text).await?;
        }
        device.click("save").await?;
        let named = format!("return document.body.innerText.includes({:?})", goods.name);
        device.wait_for_script("a refusal that names the product", &named).await?;
        ensure!(device.count("product-form").await? == 1, "{sku:?} is taken");
    }
    device.open("/stock").await?;
    device.fill("[data-test=search]", &wide(&goods.sku)).await?;
    let is_found = format!("return document.body.innerText.includes({:?})", goods.name);
    device.wait_for_script("the product in the results", &is_found).await?;
    let bin = server
        .query("SELECT location FROM inventory_lots WHERE status = 'available' AND quantity > 0 LIMIT 1")?;
    let bin = bin.first().context("a bin")?;
    device.open(&format!("/bin/{}", wide(bin))).await?;
    device.find("bin-lot").await?;
    Ok(())
}
