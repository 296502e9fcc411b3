//! Stock for use: lots are put aside and released, and the stock list narrows to goods in stock.

use anyhow::{Result, ensure};

use crate::device::Device;
use crate::goods::{Goods, wait_until_sent};
use crate::network;
use crate::server::Server;

/// Chooses a status in the open sheet and saves.
async fn set_status(device: &Device, word: &str) -> Result<()> {
    device.find("lot-sheet").await?;
    let choose = format!(
        "[...document.querySelectorAll('[data-test=lot-status]')].find((one) => one.innerText === '{word}').click()"
    );
    device.script(&choose).await?;
    device.click("lot-save").await?;
    device.wait_for_text("toast", "Saved on this device").await?;
    wait_until_sent(device).await
}

#[tokio::test]
async fn a_lot_that_is_put_aside_is_not_offered_until_it_is_released() -> Result<()> {
    network::up()?;
    let server = Server::with_demo()?;
    let device = Device::enrolled(&server).await?;
    let goods = Goods::stocked(&server, 0)?;
    let before = goods.units_on_server(&server)?;
    let product = format!("/product/{}", goods.id);
    device.open(&product).await?;
    let first = "return document.querySelector('[data-test=lots] [data-test=lot-row]').dataset.lot";
    device.find("lot-row").await?;
    let lot = device.script(first).await?.as_str().unwrap_or_default().to_owned();

    device.click("choose-lot").await?;
    device.click("lot-edit").await?;
    set_status(&device, "Quarantined").await?;
    let status = format!("SELECT DISTINCT status FROM inventory_lots WHERE lot_code = '{lot}'");
    ensure!(server.query(&status)?.contains(&"quarantined".to_owned()), "{lot} is put aside");
    ensure!(goods.units_on_server(&server)? < before, "and counts no more");
    device.open(&product).await?;
    device.find("lot-row").await?;
    let gone = format!("return !document.querySelector('[data-test=lots] [data-lot=\"{lot}\"]')");
    device.wait_for_script("the lot leaves the device", &gone).await?;
    device.find_css(&format!("[data-test=lots-elsewhere] [data-lot='{lot}']")).await?;

    let edit = format!(
        "document.querySelector('[data-test=lots-elsewhere] [data-lot=\"{lot}\"] [data-test=lot-edit]').click()"
    );
    device.script(&edit).await?;
    set_status(&device, "Available").await?;
    device.open(&product).await?;
    device.wait_for_script("the lot is back", &gone.replace("return !", "return !!")).await?;
    ensure!(goods.units_on_server(&server)? == before, "everything counts again");
    Ok(())
}

#[tokio::test]
async fn the_stock_list_narrows_by_what_there_is() -> Result<()> {
    network::up()?;
    let server = Server::with_demo()?;
    let device = Device::enrolled(&server).await?;
    let goods = Goods::stocked(&server, 0)?;
    // More than there is: the book goes below zero, and nothing is left to pick.
    device.open(&format!("/product/{}/work/pick", goods.id)).await?;
    device.fill("[data-test=quantity]", "5000").await?;
    device.click("save").await?;
    device.wait_for_text("toast", "Saved on this device").await?;
    wait_until_sent(&device).await?;
    let in_stock = server.number(
        "SELECT count(*) FROM (SELECT product_id FROM inventory_lots WHERE status = 'available' AND deleted_at IS NULL
         AND (expires_on IS NULL OR expires_on >= date('now')) GROUP BY product_id HAVING sum(quantity) > 0)",
    )?;
    let all = server.number("SELECT count(*) FROM products WHERE deleted_at IS NULL")?;
    ensure!(in_stock > 0 && in_stock < all, "{in_stock} of {all} are in stock");
    device.open("/stock").await?;
    device.click("stock-narrow").await?;
    let counts = [("In stock", in_stock), ("Out of stock", all - in_stock), ("Below zero", 1), ("All", all)];
    for (word, count) in counts {
        let choose = format!(
            "[...document.querySelectorAll('[data-test=stock-filter]')].find((one) => one.innerText === '{word}').click()"
        );
        device.script(&choose).await?;
        let shown =
            format!("return document.querySelector('[data-test=product-list]')?.dataset.total === '{count}'");
        device.wait_for_script(&format!("{count} products: {word}"), &shown).await?;
    }
    Ok(())
}
