//! Half-filled forms are kept, unknown goods lead back to the receipt, and a new device is led through its first steps.

use anyhow::{Result, ensure};

use crate::device::{Device, PHONE};
use crate::goods::{Goods, wait_until_sent};
use crate::network;
use crate::scanner::{Label, TO_THE_SCANNER, scan};
use crate::server::Server;

/// Longer than a toast about a failed sync takes to appear.
const TOAST_PAUSE: std::time::Duration = std::time::Duration::from_millis(1_500);

async fn value(device: &Device, test: &str) -> Result<String> {
    device.find(test).await?;
    let value = device.script(&format!("return document.querySelector('[data-test={test}]').value")).await?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}

/// Waits until a draft with this text is stored: the page hears keys later than the driver says it sent them.
async fn wait_until_kept(device: &Device, text: &str) -> Result<()> {
    let is_kept = format!("return (localStorage.getItem('lotbook.drafts') ?? '').includes('{text}')");
    device.wait_for_script("the draft", &is_kept).await
}

/// A server with the demo warehouse, a device on it, and goods.
async fn begun() -> Result<(Server, Device, Goods)> {
    network::up()?;
    let server = Server::with_demo()?;
    let device = Device::enrolled(&server).await?;
    let goods = Goods::stocked(&server, 0)?;
    Ok((server, device, goods))
}

#[tokio::test]
async fn a_half_filled_receipt_survives_back_reload_and_a_kill_and_is_gone_after_its_save() -> Result<()> {
    let (server, mut device, goods) = begun().await?;
    let receipt = format!("/product/{}/work/receive", goods.id);
    device.open(&receipt).await?;
    device.find("work-form").await?;
    ensure!(device.count("draft").await? == 0, "nothing was entered yet");
    device.fill("#lot-code", "LDRAFT").await?;
    device.fill("[data-test=quantity]", "7").await?;
    device.click("back").await?;
    device.find("on-hand").await?;
    device.click("action-receive").await?;
    device.wait_for_text("draft", "Unfinished entry restored").await?;
    let entered = (value(&device, "lot-code").await?, value(&device, "quantity").await?);
    ensure!(entered == ("LDRAFT".to_owned(), "7".to_owned()), "after Back the form has {entered:?}");
    device.open(&receipt).await?;
    device.find("draft").await?;
    ensure!(value(&device, "quantity").await? == "7", "after a reload");
    // Other work on the same goods is another form.
    device.open(&format!("/product/{}/work/pick", goods.id)).await?;
    device.find("work-form").await?;
    ensure!(device.count("draft").await? == 0 && value(&device, "quantity").await? == "1");

    device.open(&receipt).await?;
    device.click("save").await?;
    device.wait_for_text("toast", "Saved on this device").await?;
    // Killed before the browser has written that the draft is gone.
    device = device.kill_and_restart().await?;
    device.open(&receipt).await?;
    device.find("work-form").await?;
    let is_fresh = "return document.querySelector('[data-test=draft]') === null
        && document.querySelector('[data-test=quantity]').value === '1'
        && document.querySelector('#lot-code').value === ''";
    device.wait_for_script("a fresh form", is_fresh).await?;
    device.enrol(&server).await?;
    wait_until_sent(&device).await?;
    let received = server.number("SELECT sum(delta) FROM stock_ledger WHERE lot_code = 'LDRAFT'")?;
    ensure!(received == 7_000, "{received} thousandths came in");
    Ok(())
}

#[tokio::test]
async fn a_draft_is_cleared_by_its_button_and_a_count_of_other_stock_is_dropped() -> Result<()> {
    let (_server, device, goods) = begun().await?;
    let count = format!("/product/{}/work/count", goods.id);
    device.open(&count).await?;
    device.fill("[data-test=quantity]", "7").await?;
    wait_until_kept(&device, "/work/count").await?;
    device.open(&count).await?;
    device.click("draft-clear").await?;
    let is_empty = "return document.querySelector('[data-test=draft]') === null
        && document.querySelector('[data-test=quantity]').value === ''";
    device.wait_for_script("an empty form", is_empty).await?;
    device.open(&count).await?;
    device.find("work-form").await?;
    device.wait_for_script("it stays empty", is_empty).await?;
    device.fill("[data-test=quantity]", "7").await?;
    wait_until_kept(&device, "/work/count").await?;
    // What was counted is another quantity now.
    goods.pick_one(&device).await?;
    device.open(&count).await?;
    device.find("work-form").await?;
    device.wait_for_script("no count of what was there before", is_empty).await
}

#[tokio::test]
async fn a_product_form_and_a_transfer_are_kept() -> Result<()> {
    let (server, device, goods) = begun().await?;
    device.open("/product/new").await?;
    device.fill("[data-test=name]", "Rope 8 mm").await?;
    wait_until_kept(&device, "Rope 8 mm").await?;
    device.open("/product/new").await?;
    device.find("draft").await?;
    ensure!(value(&device, "name").await? == "Rope 8 mm");
    for (field, text) in [("sku", "ROPE-8"), ("price", "1.20")] {
        device.fill(&format!("[data-test={field}]"), text).await?;
    }
    device.click("save").await?;
    device.wait_for_text("toast", "Saved on this device").await?;
    device.open("/product/new").await?;
    device.find("product-form").await?;
    ensure!(value(&device, "name").await?.is_empty(), "the next product begins empty");

    let edit = format!("/product/{}/edit", goods.id);
    device.open(&edit).await?;
    device.fill("[data-test=price]", "3.33").await?;
    wait_until_kept(&device, "3.33").await?;
    device.open(&edit).await?;
    device.find("draft").await?;
    ensure!(value(&device, "price").await? == "3.33");
    device.click("draft-clear").await?;
    ensure!(value(&device, "price").await? != "3.33");

    device.open("/transfer").await?;
    device.fill("[data-test=transfer-search]", &goods.sku).await?;
    device.click("match").await?;
    device.find("transfer-line").await?;
    wait_until_kept(&device, "/transfer").await?;
    ensure!(device.count("draft").await? == 0, "it is no draft while it is being made");
    device.open("/transfer").await?;
    device.find("draft").await?;
    device.find("transfer-line").await?;
    device.click("draft-clear").await?;
    device.find("empty-transfer").await?;
    wait_until_sent(&device).await?;
    ensure!(server.number("SELECT count(*) FROM products WHERE sku = 'ROPE-8'")? == 1);
    Ok(())
}

#[tokio::test]
async fn unknown_goods_are_added_and_received_on_the_same_receipt() -> Result<()> {
    let (server, device, goods) = begun().await?;
    // A receipt of other goods has begun.
    device.open(&format!("/product/{}/work/receive", goods.id)).await?;
    device.type_by_hand("#lot-code", "LOTHER").await?;
    tokio::time::sleep(TO_THE_SCANNER).await;
    let label = Label { barcode: "4006381333931", expires_on: "280229", lot: "LNEW" }.to_string();
    scan(&device, "LBCMD-RECEIVE").await?;
    device.find("start-search").await?;
    scan(&device, &label).await?;
    device.wait_for_text("toast", "Unknown code").await?;
    device.click("toast-offer").await?;
    device.find("product-form").await?;
    ensure!(value(&device, "barcode").await?.ends_with("4006381333931"), "the code is filled in");
    for (field, text) in [("name", "Rope 8 mm"), ("sku", "ROPE-8"), ("price", "1.20")] {
        device.fill(&format!("[data-test={field}]"), text).await?;
    }
    device.click("save").await?;
    device.find_css("[data-test=work-form][data-work=receive]").await?;
    let label = (value(&device, "lot-code").await?, value(&device, "expires-on").await?);
    ensure!(label == ("LNEW".to_owned(), "2028-02-29".to_owned()), "the label's lot and date are {label:?}");
    device.fill("[data-test=quantity]", "3").await?;
    device.click("save").await?;
    // Back where goods are received.
    device.find("start-search").await?;
    wait_until_sent(&device).await?;
    let received = server.query(
        "SELECT delta FROM stock_ledger JOIN products USING (site, product_id) WHERE sku = 'ROPE-8'",
    )?;
    ensure!(received == ["3000"], "the ledger has {received:?}");
    device.open(&format!("/product/{}/work/receive", goods.id)).await?;
    device.find("draft").await?;
    ensure!(value(&device, "lot-code").await? == "LOTHER", "the other receipt is as it was left");
    Ok(())
}

#[tokio::test]
async fn unknown_goods_are_added_to_the_order_once() -> Result<()> {
    let (_server, device, _goods) = begun().await?;
    device.open("/checkout").await?;
    device.find("empty-cart").await?;
    scan(&device, "4006381333931").await?;
    device.wait_for_text("toast", "Unknown code").await?;
    device.click("toast-offer").await?;
    for (field, text) in [("name", "Rope 8 mm"), ("sku", "ROPE-8"), ("price", "1.20")] {
        device.fill(&format!("[data-test={field}]"), text).await?;
    }
    device.click("save").await?;
    device.find("cart-line-total").await?;
    device.driver().refresh().await?;
    device.find("cart-line-total").await?;
    let once = device.text("cart-quantity").await?;
    ensure!(once.starts_with('1'), "the order has {once:?}");
    Ok(())
}

#[tokio::test]
async fn a_new_device_has_the_name_it_was_given_and_is_led_through_its_first_steps() -> Result<()> {
    network::up()?;
    let server = Server::with_demo()?;
    let device = Device::new(&server.origin()).await?;
    device.resize(PHONE).await?;
    device.driver().goto(server.enrolment_link_for("Forklift 2")?).await?;
    // It has failed to sync before, as every device that is not enrolled.
    device.wait_for_text("connection", "Connect").await?;
    device.find("enrol-form").await?;
    ensure!(value(&device, "device-name").await? == "Forklift 2", "the name is filled in");
    device
        .script(
            "window.titles = []; new MutationObserver(() => titles.push(
                 ...[...document.querySelectorAll('[data-test=toast-title]')].map((one) => one.innerText),
             )).observe(document.querySelector('[data-test=toasts]'), { childList: true })",
        )
        .await?;
    device.click("enrol-submit").await?;
    device.find("welcome-page").await?;
    device
        .wait_for_script(
            "the device to be known",
            "return document.querySelector('[data-step=enrol]').dataset.done === 'true'",
        )
        .await?;
    device.wait_for_text("welcome-page", "Forklift 2").await?;
    tokio::time::sleep(TOAST_PAUSE).await;
    let titles = device.script("return titles").await?.to_string();
    ensure!(!titles.contains("sync"), "a success is greeted by {titles}");
    device.open("/stock").await?;
    device.find("product-row").await?;
    ensure!(server.query("SELECT name FROM devices")? == ["Forklift 2"]);
    Ok(())
}
