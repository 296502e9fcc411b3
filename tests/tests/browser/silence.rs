//! A browser whose storage does not answer: the screen says what to do, and nothing is saved twice.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::device::Device;
use crate::goods::{Goods, wait_until_sent};
use crate::server::Server;

/// More than the limits of all tries together.
const PATIENCE: Duration = Duration::from_secs(60);

/// Holds every store with one open transaction, as a window does that the browser has frozen, until `letGo` is called.
const HOLD: &str = "
    const opened = indexedDB.open('lotbook');
    const database = await new Promise((resolve) => { opened.onsuccess = () => resolve(opened.result); });
    const held = database.transaction([...database.objectStoreNames], 'readwrite');
    let isHeld = true;
    const again = () => { if (isHeld) held.objectStore('meta').get('nothing').onsuccess = again; };
    again();
    held.oncomplete = () => database.close();
    globalThis.letGo = () => { isHeld = false; };";

#[tokio::test]
async fn storage_that_does_not_answer_says_what_to_do() -> Result<()> {
    let server = Server::with_demo()?;
    let device = Device::enrolled(&server).await?;
    wait_until_sent(&device).await?;
    let driver = device.driver();
    let holder = driver.window().await?;
    device.script(HOLD).await?;
    let page = driver.new_tab().await?;
    driver.switch_to_window(page.clone()).await?;
    device.open("/stock").await?;
    device.wait_for_text("open-long", "Close other windows of Lotbook.").await?;
    let says = |test: &str, text: &str| {
        format!("return document.querySelector('[data-test={test}]')?.innerText.includes({text:?}) ?? false")
    };
    device.wait_with(PATIENCE, "the error", &says("open-error", "Storage isn't responding.")).await?;
    driver.switch_to_window(holder).await?;
    device.script("letGo()").await?;
    driver.switch_to_window(page).await?;
    device.open("/stock").await?;
    device.find("product-row").await.map(drop)
}

#[tokio::test]
async fn a_save_without_an_answer_is_not_called_a_failure_and_counts_once() -> Result<()> {
    let server = Server::with_demo()?;
    let device = Device::enrolled(&server).await?;
    let goods = Goods::stocked(&server, 0)?;
    let driver = device.driver();
    let page = driver.window().await?;
    let holder = driver.new_tab().await?;
    driver.switch_to_window(holder.clone()).await?;
    device.open("/sync").await?;
    driver.switch_to_window(page.clone()).await?;
    device.open(&format!("/product/{}/work/pick", goods.id)).await?;
    device.fill("[data-test=quantity]", "1").await?;
    driver.switch_to_window(holder.clone()).await?;
    device.script(HOLD).await?;
    driver.switch_to_window(page.clone()).await?;
    device.click("save").await?;
    let says = "return ['Storage isn\\'t responding.', 'This may be saved.']
        .some((text) => document.body.innerText.includes(text))";
    device.wait_with(PATIENCE, "what to do", says).await?;
    let may_be_saved = "return document.body.innerText.includes('This may be saved.')";
    let may_be_saved = device.script(may_be_saved).await? == true;
    driver.switch_to_window(holder).await?;
    device.script("letGo()").await?;
    wait_until_sent(&device).await?;
    let picks = server.number("SELECT count(*) FROM stock_ledger WHERE movement = 'pick'")?;
    ensure!(picks == 1 || (picks == 0 && !may_be_saved), "{picks} picks of one tap");
    Ok(())
}
