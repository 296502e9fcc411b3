//! A shift without a network, and the booking of its work.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::device::Device;
use crate::goods::{Goods, wait_until_sent};
use crate::network;
use crate::server::Server;

/// The browser wakes the worker some seconds after the network is back.
const WAKE_SECONDS: u64 = 60;
/// The time within which a lost server is told of, and some for the test.
const NOTICED: Duration = Duration::from_secs(6);
/// A browser opens a lost stream again after some seconds; one that was refused at the start of the page, the app after 30.
const REOPENED: Duration = Duration::from_secs(45);
/// Enough for a sync event that finds nothing to send.
const FIRST_EVENT: Duration = Duration::from_secs(5);
/// An online device sends at once. A toast lasts twelve seconds.
const SEND_SECONDS: u64 = 8;
/// A new worker waits for the old one's events, and so for a request begun while the link was down: its 30 s and a retry's 8.
const HANDOVER_PATIENCE: Duration = Duration::from_secs(60);

/// A device with everything on it, whose server has gone.
struct CutOff {
    server: Server,
    device: Device,
    /// A product to work on.
    goods: Goods,
    /// Its usable stock, in units.
    before: i64,
}

async fn cut_off() -> Result<CutOff> {
    network::up()?;
    let mut server = Server::with_demo()?;
    let device = Device::enrolled(&server).await?;
    let goods = Goods::stocked(&server, 0)?;
    let before = goods.units_on_server(&server)?;
    server.kill()?;
    Ok(CutOff { server, device, goods, before })
}

const ORDERS: &str = "SELECT count(*) FROM orders";

#[tokio::test]
async fn work_done_offline_reaches_the_server_once_with_the_app_closed() -> Result<()> {
    network::up()?;
    let mut server = Server::with_demo()?;
    let device = Device::new(&server.origin()).await?;
    // The first start's sync event is over before the device is connected. It must not delay the next one.
    device.open("/").await?;
    device.wait_for_worker().await?;
    tokio::time::sleep(FIRST_EVENT).await;
    device.enrol(&server).await?;
    let (sold, edited) = (Goods::stocked(&server, 0)?, Goods::stocked(&server, 1)?);
    let before = sold.units_on_server(&server)?;
    ensure!(sold.units_shown(&device).await? == before, "the device shows what the server has");

    server.kill()?;
    network::down()?;
    device.open("/stock").await?;
    device.wait_for_text("connection", "Offline").await?;
    device
        .wait_for_script(
            "the products",
            "return document.querySelectorAll('[data-test=product-row]').length > 3",
        )
        .await?;

    for _ in 0..3 {
        sold.sell_one(&device).await?;
    }
    edited.set_price(&device, "3.33").await?;
    let offline = "You are offline. Your changes have been saved and will be synced when you're back online.";
    device
        .wait_for_script(
            "the offline notice",
            &format!("return document.body.innerText.includes({offline:?})"),
        )
        .await?;
    device.wait_for_text("pending-count", "4").await?;
    device.open("/sync").await?;
    device.find("queue-row").await?;
    ensure!(device.count("queue-row").await? == 4, "the queue shows four entries");
    ensure!(sold.units_shown(&device).await? == before - 3, "the stock shown is already lower");

    device.close_pages().await?;
    server.start()?;
    network::up()?;
    let deadline = Instant::now() + Duration::from_secs(WAKE_SECONDS);
    while server.number(ORDERS)? < 3 {
        ensure!(Instant::now() < deadline, "the worker sent nothing within {WAKE_SECONDS} s");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    device.open("/stock").await?;
    wait_until_sent(&device).await?;
    ensure!(server.number(ORDERS)? == 3, "exactly three orders");
    let sales = server.number("SELECT -sum(delta) / 1000 FROM stock_ledger WHERE movement = 'sale'")?;
    ensure!(sales == 3, "the ledger has {sales} sold units");
    let price = format!("SELECT price_minor FROM products WHERE sku = '{}'", edited.sku);
    ensure!(server.number(&price)? == 333, "the edit arrived");
    ensure!(sold.units_on_server(&server)? == before - 3, "the server's stock");

    let second = Device::enrolled(&server).await?;
    ensure!(sold.units_shown(&second).await? == before - 3, "a second device agrees");
    Ok(())
}

#[tokio::test]
async fn an_idle_page_says_within_seconds_that_the_server_is_gone_and_that_it_is_back() -> Result<()> {
    network::up()?;
    let mut server = Server::with_demo()?;
    let device = Device::enrolled(&server).await?;
    device.wait_for_text("connection", "Online").await?;
    let reads = |word: &str| {
        format!("return document.querySelector('[data-test=connection]').dataset.connection === '{word}'")
    };
    // The stream is opened a moment after the first paint.
    tokio::time::sleep(Duration::from_secs(2)).await;
    server.kill()?;
    device.wait_with(NOTICED, "no server", &reads("No server")).await?;

    // A page that opens without a server never claims to have one.
    let watched = "globalThis.claims = 0; new MutationObserver(() => {
            const chip = document.querySelector('[data-test=connection]');
            globalThis.claims += Number(chip?.dataset.connection === 'Online');
        }).observe(document, { subtree: true, childList: true, attributes: true });";
    device.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": watched })).await?;
    device.open("/stock").await?;
    device.wait_with(NOTICED, "no server", &reads("No server")).await?;
    ensure!(device.script("return globalThis.claims").await? == 0, "it was called online");

    server.start()?;
    device.wait_with(REOPENED, "the server", &reads("Online")).await
}

#[tokio::test]
async fn a_conflict_is_shown_reverted_and_resolved() -> Result<()> {
    network::up()?;
    let server = Server::with_demo()?;
    let (mine, theirs) = (Device::enrolled(&server).await?, Device::enrolled(&server).await?);
    let goods = Goods::stocked(&server, 0)?;
    let price = format!("SELECT price_minor FROM products WHERE sku = '{}'", goods.sku);

    // Both edit what they know. This device works offline, worker and all, until the other's edit has arrived.
    mine.open("/sync").await?;
    mine.click("work-offline").await?;
    mine.wait_for_text("connection", "Working offline").await?;
    goods.set_price(&mine, "7.77").await?;
    goods.set_price(&theirs, "5.55").await?;
    wait_until_sent(&theirs).await?;
    ensure!(server.number(&price)? == 555, "the other's price");

    mine.open("/sync").await?;
    mine.click("work-offline").await?;
    mine.click("attention-link").await?;
    mine.find("attention-card").await?;
    ensure!(server.number(&price)? == 555, "a conflict changes nothing");
    mine.open(&format!("/product/{}", goods.id)).await?;
    mine.wait_for_text("price", "5.55").await?;

    mine.open("/inbox").await?;
    mine.click("keep-mine").await?;
    mine.wait_for_script(
        "no conflict",
        "return document.querySelector('[data-test=attention-card]') === null",
    )
    .await?;
    wait_until_sent(&mine).await?;
    ensure!(server.number(&price)? == 777, "mine won by my choice");
    mine.open(&format!("/product/{}", goods.id)).await?;
    mine.wait_for_text("price", "7.77").await?;
    Ok(())
}

#[tokio::test]
async fn a_conflict_of_several_fields_is_chosen_field_by_field() -> Result<()> {
    network::up()?;
    let server = Server::with_demo()?;
    let (mine, theirs) = (Device::enrolled(&server).await?, Device::enrolled(&server).await?);
    let (goods, other) = (Goods::stocked(&server, 0)?, Goods::stocked(&server, 1)?);
    let row = |sku: &str| {
        server.query(&format!("SELECT price_minor, unit, name FROM products WHERE sku = '{sku}'"))
    };
    mine.open("/sync").await?;
    mine.click("work-offline").await?;
    mine.wait_for_text("connection", "Working offline").await?;
    for goods in [&goods, &other] {
        goods.edit(&mine, &[("price", "7.77"), ("unit", "crate"), ("name", "A name from the aisle")]).await?;
        goods.edit(&theirs, &[("price", "5.55"), ("unit", "tray")]).await?;
    }
    wait_until_sent(&theirs).await?;
    mine.open("/sync").await?;
    mine.click("work-offline").await?;
    mine.open("/inbox").await?;
    let both = "return document.querySelectorAll('[data-test=attention-card]').length === 2";
    mine.wait_for_script("two conflicts", both).await?;
    ensure!(mine.count("field-choice").await? == 4, "price and unit of each");
    mine.wait_for_text("kept-fields", "A name from the aisle").await?;

    // The newest comes first: of the other goods, the unit of the other person and the own price.
    mine.click_css("[data-field=unit] .field-side:last-of-type").await?;
    mine.click("keep-chosen").await?;
    let one = "return document.querySelectorAll('[data-test=attention-card]').length === 1";
    mine.wait_for_script("one conflict", one).await?;
    mine.click("keep-theirs").await?;
    mine.wait_for_script("no conflict", "return !document.querySelector('[data-test=attention-card]')")
        .await?;
    wait_until_sent(&mine).await?;
    ensure!(row(&other.sku)? == ["777 tray A name from the aisle"], "{:?}", row(&other.sku)?);
    ensure!(
        row(&goods.sku)? == ["555 tray A name from the aisle"],
        "theirs, and the name that nobody contested"
    );
    Ok(())
}

#[tokio::test]
async fn a_rejected_change_is_reverted_and_says_why() -> Result<()> {
    network::up()?;
    let server = Server::with_demo()?;
    let (first, second) = (Device::enrolled(&server).await?, Device::enrolled(&server).await?);
    second.open("/sync").await?;
    second.click("work-offline").await?;
    second.wait_for_text("connection", "Working offline").await?;
    // A SKU that this device knows to be taken is refused at once.
    let taken = Goods::stocked(&server, 0)?;
    fill_new_product(&second, &taken.sku, "Taken at once").await?;
    second.wait_for_text("save-failure", &taken.name).await?;
    // One that somebody else takes meanwhile is found out by the server.
    for (device, name) in [(&second, "The second lamp"), (&first, "The first lamp")] {
        fill_new_product(device, "LAMP-1", name).await?;
        device.wait_for_text("toast", "Saved on this device").await?;
    }
    wait_until_sent(&first).await?;

    second.open("/sync").await?;
    second.click("work-offline").await?;
    second.click("attention-link").await?;
    second.wait_for_text("attention-reason", "The first lamp").await?;
    second.open("/stock").await?;
    second.fill("[data-test=search]", "The second lamp").await?;
    second.find("empty-search").await?;
    second.open("/inbox").await?;
    second.click("discard").await?;
    second.click("discard-confirm").await?;
    let settled = "return document.querySelector('[data-test=attention-card]') === null";
    second.wait_for_script("an empty inbox", settled).await?;
    Ok(())
}

async fn fill_new_product(device: &Device, sku: &str, name: &str) -> Result<()> {
    device.open("/product/new").await?;
    for (field, text) in [("sku", sku), ("name", name), ("unit", "each"), ("price", "1.00")] {
        device.fill(&format!("[data-test={field}]"), text).await?;
    }
    device.click("save").await
}

#[tokio::test]
async fn two_tabs_and_the_worker_record_each_mutation_once() -> Result<()> {
    const PICKS_A_TAB: i64 = 4;
    let CutOff { mut server, device, goods, before } = cut_off().await?;
    let driver = device.driver();
    let first = driver.window().await?;
    let second = driver.new_tab().await?;
    for tab in [&first, &second] {
        driver.switch_to_window(tab.clone()).await?;
        for _ in 0..PICKS_A_TAB {
            goods.pick_one(&device).await?;
        }
    }
    server.start()?;
    // All three at once: both tabs, and the worker by message.
    for tab in [&first, &second] {
        driver.switch_to_window(tab.clone()).await?;
        device.script("navigator.serviceWorker.controller.postMessage({ type: 'sync' }); window.dispatchEvent(new Event('online'))").await?;
    }
    wait_until_sent(&device).await?;
    let picks = server.number("SELECT count(*) FROM stock_ledger WHERE movement = 'pick'")?;
    let mutations =
        server.number("SELECT count(DISTINCT mutation_id) FROM stock_ledger WHERE movement = 'pick'")?;
    ensure!(
        (picks, mutations) == (2 * PICKS_A_TAB, 2 * PICKS_A_TAB),
        "{picks} picks of {mutations} mutations"
    );
    ensure!(goods.units_on_server(&server)? == before - 2 * PICKS_A_TAB, "the stock");
    ensure!(goods.units_shown(&device).await? == before - 2 * PICKS_A_TAB, "the stock shown");
    Ok(())
}

/// Lets another window save the same just before this one does, and say nothing of it.
const ANOTHER_SAVES_FIRST: &str = r#"
    const { add } = IDBObjectStore.prototype;
    IDBObjectStore.prototype.add = function (record) {
        IDBObjectStore.prototype.add = add;
        const id = `"id":"${crypto.randomUUID()}"`;
        add.call(this, { ...record, record: record.record.replace(/"id":"[^"]*"/, id) });
        return add.call(this, record);
    };"#;

#[tokio::test]
async fn a_tab_counts_what_another_saved_in_the_moment_before() -> Result<()> {
    let CutOff { device, goods, before, .. } = cut_off().await?;
    network::down()?;
    device.open(&format!("/product/{}/work/pick", goods.id)).await?;
    device.fill("[data-test=quantity]", "1").await?;
    device.script(ANOTHER_SAVES_FIRST).await?;
    device.click("save").await?;
    let shown = device.text("on-hand").await?;
    ensure!(shown == (before - 2).to_string(), "{shown:?} on hand, of {before} before");
    Ok(())
}

/// Notes the rows of the first picture that has some: what each is called, by its product.
const NOTE_FIRST_ROWS: &str = "
    new MutationObserver((_, observer) => {
        const rows = [...document.querySelectorAll('[data-test=product-row]')];
        if (rows.length === 0) return;
        observer.disconnect();
        globalThis.firstRows = rows.map((row) => [row.dataset.id, row.textContent]);
    }).observe(document, { childList: true, subtree: true });";

#[tokio::test]
async fn unsent_work_is_in_the_first_picture() -> Result<()> {
    let CutOff { device, .. } = cut_off().await?;
    device.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": NOTE_FIRST_ROWS })).await?;
    device.open("/stock").await?;
    device.wait_for_script("the first rows", "return Boolean(globalThis.firstRows)").await?;
    let id = device.script("return globalThis.firstRows[0][0]").await?;
    let id = id.as_str().context("the first row has no id")?;
    device.open(&format!("/product/{id}/edit")).await?;
    device.fill("[data-test=name]", "A name from the aisle").await?;
    device.click("save").await?;
    device.wait_for_text("toast", "Saved on this device").await?;
    device.open("/stock").await?;
    device.wait_for_script("the first rows", "return Boolean(globalThis.firstRows)").await?;
    let rows = device.script("return globalThis.firstRows").await?.to_string();
    ensure!(rows.contains("A name from the aisle"), "the first picture shows {rows}");
    Ok(())
}

#[tokio::test]
async fn a_killed_browser_loses_nothing_that_was_saved() -> Result<()> {
    let CutOff { mut server, mut device, goods, before } = cut_off().await?;
    for saved in 1..=3 {
        goods.pick_one(&device).await?;
        device = device.kill_and_restart().await?;
        ensure!(goods.units_shown(&device).await? == before - saved, "after kill {saved}");
    }
    server.start()?;
    // A browser writes cookies to disk some time later: one killed so soon may have to sign in again. The work is there.
    device.enrol(&server).await?;
    wait_until_sent(&device).await?;
    ensure!(goods.units_on_server(&server)? == before - 3, "each pick once");
    Ok(())
}

#[tokio::test]
async fn undone_work_never_counts() -> Result<()> {
    let CutOff { mut server, device, goods, before } = cut_off().await?;
    goods.pick_one(&device).await?;
    goods.pick_one(&device).await?;
    device.click("toast-offer").await?;
    device.wait_for_text("toast", "Undone").await?;
    ensure!(goods.units_shown(&device).await? == before - 1, "what was undone is no longer deducted");
    server.start()?;
    wait_until_sent(&device).await?;
    ensure!(goods.units_on_server(&server)? == before - 1, "one pick is booked");
    Ok(())
}

#[tokio::test]
async fn work_that_was_sent_while_its_toast_offers_to_undo_it_is_reversed_by_the_same_tap() -> Result<()> {
    let CutOff { mut server, device, goods, before } = cut_off().await?;
    server.start()?;
    device.open("/").await?;
    device.wait_for_text("connection", "Online").await?;
    goods.pick_one(&device).await?;
    let begun = Instant::now();
    while server.number("SELECT count(*) FROM stock_ledger WHERE movement = 'pick'")? == 0 {
        ensure!(begun.elapsed() < Duration::from_secs(SEND_SECONDS), "the pick is not booked");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    device.click("toast-offer").await?;
    device.wait_for_text("toast", "Reversed.").await?;
    wait_until_sent(&device).await?;
    ensure!(goods.units_on_server(&server)? == before, "what was undone is back");
    Ok(())
}

#[tokio::test]
async fn an_update_waits_for_consent_and_keeps_the_queue() -> Result<()> {
    let CutOff { mut server, device, goods, before } = cut_off().await?;
    goods.pick_one(&device).await?;
    server.release_another_build()?;
    server.start()?;
    device.script("window.isOldPage = true; (await navigator.serviceWorker.ready).update()").await?;
    // The new build is stored first, as slowly as the machine does.
    let is_ready = "return document.querySelector('[data-test=apply-update]') !== null";
    device.wait_with(HANDOVER_PATIENCE, "the new build", is_ready).await?;
    ensure!(device.script("return window.isOldPage").await? == true, "nothing reloads without consent");
    device.click("apply-update").await?;
    let is_new_page = "return window.isOldPage !== true && document.readyState === 'complete'";
    device.wait_with(HANDOVER_PATIENCE, "the new page", is_new_page).await?;
    let is_new = "return (await caches.keys()).every((name) => name.includes('feed'))";
    device.wait_for_script("only the new build's cache", is_new).await?;
    wait_until_sent(&device).await?;
    ensure!(goods.units_on_server(&server)? == before - 1, "what waited was booked once");
    Ok(())
}
