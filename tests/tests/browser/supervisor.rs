//! Pages for supervisors: inbox, report, lots and history. Their numbers are the server's.

use anyhow::{Context, Result, ensure};

use crate::device::Device;
use crate::goods::{Goods, wait_until_sent};
use crate::network;
use crate::server::Server;

/// Value of the stock on devices, in cents, rounded once.
const VALUE_HERE: &str = "SELECT CAST(sum(l.quantity * p.price_minor) / 1000.0 + 0.5 AS INTEGER)
    FROM inventory_lots l JOIN products p USING (site, product_id)
    WHERE l.status = 'available' AND l.deleted_at IS NULL AND p.deleted_at IS NULL";
/// Value of the whole stock.
const VALUE: &str = "SELECT CAST(sum(l.quantity * p.price_minor) / 1000.0 + 0.5 AS INTEGER)
    FROM inventory_lots l JOIN products p USING (site, product_id)
    WHERE l.deleted_at IS NULL AND p.deleted_at IS NULL";
const LOTS: &str = "SELECT count(*) FROM inventory_lots WHERE deleted_at IS NULL AND quantity <> 0";
const EXPIRED: &str = "SELECT count(*) FROM inventory_lots WHERE deleted_at IS NULL AND quantity <> 0
    AND (status = 'expired' OR expires_on < date('now'))";

/// A number that the page has in an attribute of the first element with this `data-test`.
async fn number_in(device: &Device, test: &str, attribute: &str) -> Result<i64> {
    let element = device.find(test).await?;
    let text = element.attr(attribute).await?.with_context(|| format!("{test} has no {attribute}"))?;
    text.parse().with_context(|| format!("{test} has {attribute} {text:?}"))
}

#[tokio::test]
async fn report_and_lots_show_the_servers_stock_and_unsent_work() -> Result<()> {
    network::up()?;
    let mut server = Server::with_demo()?;
    let device = Device::enrolled(&server).await?;
    let goods = Goods::stocked(&server, 0)?;
    open_with_all(&device, "/lots").await?;
    let listed = number_in(&device, "lot-list", "data-total").await?;
    ensure!(listed == server.number(LOTS)?, "{listed} lots are listed");
    open_with_all(&device, "/lots?expiry=expired").await?;
    let listed = number_in(&device, "lot-list", "data-total").await?;
    ensure!(listed == server.number(EXPIRED)? && listed >= 4, "{listed} expired lots are listed");
    device.find("lots-csv").await?;
    open_with_all(&device, "/report").await?;
    let whole = number_in(&device, "stock-value", "data-minor").await?;
    ensure!(whole == server.number(VALUE)?, "the stock is worth {whole}");
    ensure!(device.text("not-available").await?.contains("17 lots"), "what of it is not available");
    let here = server.number(VALUE_HERE)?;

    server.kill()?;
    goods.pick_one(&device).await?;
    let price = server.number(&format!("SELECT price_minor FROM products WHERE sku = '{}'", goods.sku))?;
    device.open("/report").await?;
    let expected = format!(
        "return document.querySelector('[data-test=stock-value]')?.dataset.minor === '{}'",
        here - price
    );
    device.wait_for_script("the value without what was picked", &expected).await?;
    device.wait_for_text("missing-lots", "Reserved, quarantined and expired are not included").await?;
    device.wait_for_text("as-of", "Unsynced work is included.").await?;
    device.open(&format!("/lots?q={}", goods.sku)).await?;
    device.find("pending-chip").await?;
    server.start()?;
    wait_until_sent(&device).await?;
    open_with_all(&device, "/report").await?;
    let shown = number_in(&device, "stock-value", "data-minor").await?;
    ensure!(shown == server.number(VALUE)?, "the stock is worth {shown} once it is sent");
    Ok(())
}

/// Opens a report and waits for the lots that only the server has.
async fn open_with_all(device: &Device, path: &str) -> Result<()> {
    device.open(path).await?;
    device.wait_for_text("as-of", "Reserved, quarantined and expired lots as of").await?;
    let is_complete = "return document.querySelector('[data-test=missing-lots]') === null";
    device.wait_for_script("no lot is missing", is_complete).await
}

#[tokio::test]
async fn edits_of_a_product_are_in_its_history_with_who_and_what_before() -> Result<()> {
    network::up()?;
    let server = Server::with_demo()?;
    let (worker, supervisor) = (Device::enrolled(&server).await?, Device::enrolled(&server).await?);
    let goods = Goods::stocked(&server, 0)?;
    for price in ["16.90", "17.50"] {
        goods.set_price(&worker, price).await?;
        wait_until_sent(&worker).await?;
    }
    supervisor.open(&format!("/product/{}/history", goods.id)).await?;
    for part in ["Edited", "16.90 → €\u{a0}17.50", "Device 1"] {
        supervisor.wait_for_text("timeline-row", part).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_lot_below_zero_is_in_the_inbox_until_it_is_counted() -> Result<()> {
    network::up()?;
    let server = Server::with_demo()?;
    let (worker, supervisor) = (Device::enrolled(&server).await?, Device::enrolled(&server).await?);
    let goods = Goods::stocked(&server, 0)?;
    supervisor.open("/inbox").await?;
    supervisor.find("inbox-page").await?;
    let mine = format!("[data-test=exception-card][data-product='{}']", goods.id);
    ensure!(!is_there(&supervisor, &mine).await?, "nothing is wrong yet");

    worker.open(&format!("/product/{}/work/pick", goods.id)).await?;
    worker.fill("[data-test=quantity]", "5000").await?;
    worker.click("save").await?;
    worker.wait_for_text("toast", "Saved on this device").await?;
    worker.open("/inbox").await?;
    worker.find_css(&mine).await?;
    worker.wait_for_text("exception-words", "You took 5,000").await?;
    wait_until_sent(&worker).await?;

    supervisor.open("/inbox").await?;
    supervisor.find_css(&mine).await?;
    supervisor.wait_for_text("exception-words", "took 5,000").await?;
    supervisor.click("exception-count").await?;
    supervisor.find("work-form").await?;
    // A count that differs from the book is asked for twice.
    for _ in 0..2 {
        supervisor.fill("[data-test=quantity]", "3").await?;
        supervisor.click("save").await?;
    }
    supervisor.wait_for_text("toast", "Saved on this device").await?;
    supervisor.open("/inbox").await?;
    supervisor.find("inbox-page").await?;
    let gone = format!("return document.querySelector(\"{mine}\") === null");
    supervisor.wait_for_script("an inbox without it", &gone).await?;
    wait_until_sent(&supervisor).await?;
    worker.open("/sync").await?;
    worker.click("sync-now").await?;
    worker.open("/inbox").await?;
    worker.wait_for_script("an inbox without it", &gone).await?;
    Ok(())
}

async fn is_there(device: &Device, selector: &str) -> Result<bool> {
    Ok(device.script(&format!("return document.querySelector(\"{selector}\") !== null")).await? == true)
}

#[tokio::test]
async fn history_names_authors_and_offline_shows_this_devices_work() -> Result<()> {
    network::up()?;
    let mut server = Server::with_demo()?;
    let device = Device::enrolled(&server).await?;
    let goods = Goods::stocked(&server, 0)?;
    goods.pick_one(&device).await?;
    wait_until_sent(&device).await?;
    let history = format!("/product/{}/history", goods.id);
    device.open(&history).await?;
    device.wait_for_text("timeline-row", "Picked").await?;
    device.wait_for_text("timeline-row", "Device 1").await?;
    device.wait_for_text("timeline-change", "\u{2212}1").await?;

    server.kill()?;
    goods.pick_one(&device).await?;
    device.open(&history).await?;
    device.wait_for_text("history-offline", "only this device's entries").await?;
    let own = "return document.querySelectorAll('[data-test=timeline-row]').length === 2
        && document.querySelector('[data-test=timeline-row]').dataset.pending === 'true'";
    device.wait_for_script("what waits on top of what was sent", own).await?;
    server.start()?;
    wait_until_sent(&device).await?;
    device.open(&history).await?;
    let pending = "return document.querySelectorAll('[data-test=timeline-row]').length > 2
        && document.querySelector('[data-test=timeline-row][data-pending=true]') === null";
    device.wait_for_script("the server's history", pending).await?;
    Ok(())
}

#[tokio::test]
async fn a_code_that_nobody_knew_becomes_a_products_barcode() -> Result<()> {
    network::up()?;
    let server = Server::with_demo()?;
    let device = Device::enrolled(&server).await?;
    let goods = Goods::stocked(&server, 0)?;
    let code = "NOBODY-KNOWS-1";
    device.open("/stock").await?;
    device.fill("[data-test=search]", &format!("{code}\n")).await?;
    device.wait_for_text("toast", code).await?;
    device.open("/inbox").await?;
    device.find("unknown-code-card").await?;
    device.click("unknown-assign").await?;
    device.fill("#assign-search", &goods.sku).await?;
    device.click("assign-match").await?;
    device.click("assign-confirm").await?;
    device.wait_for_text("toast", "Saved on this device").await?;
    let settled = "return document.querySelector('[data-test=unknown-code-card]') === null";
    device.wait_for_script("an inbox without the code", settled).await?;
    wait_until_sent(&device).await?;
    let is_its = format!("SELECT count(*) FROM products WHERE sku = '{}' AND barcode = '{code}'", goods.sku);
    ensure!(server.number(&is_its)? == 1, "the product has the code");
    Ok(())
}
