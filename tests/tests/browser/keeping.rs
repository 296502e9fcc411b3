//! Data on a device: unsent work is saved as a file, damaged and lost data is noticed, signing out keeps unsent work, and a
//! full device still saves.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::device::Device;
use crate::goods::{Goods, wait_until_sent};
use crate::network;
use crate::server::Server;

const DOWNLOAD_SECONDS: u64 = 10;
const PICKS: &str = "SELECT count(*) FROM stock_ledger WHERE movement = 'pick'";

/// The file with this extension among a device's downloads.
async fn downloaded(folder: &Path, extension: &str) -> Result<PathBuf> {
    let deadline = Instant::now() + Duration::from_secs(DOWNLOAD_SECONDS);
    loop {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|found| found == extension) {
                return Ok(path);
            }
        }
        ensure!(Instant::now() < deadline, "no .{extension} file was downloaded");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn take_in(device: &Device, file: &Path) -> Result<()> {
    device.open("/sync").await?;
    Ok(device.find("take-in").await?.send_keys(file.to_string_lossy()).await?)
}

#[tokio::test]
async fn unsent_work_saved_as_a_file_is_booked_once_by_two_devices() -> Result<()> {
    network::up()?;
    let mut server = Server::with_demo()?;
    let (first, second) = (Device::enrolled(&server).await?, Device::enrolled(&server).await?);
    let goods = Goods::stocked(&server, 0)?;
    let before = goods.units_on_server(&server)?;
    server.kill()?;
    for _ in 0..2 {
        goods.pick_one(&first).await?;
    }
    let folder = TempDir::new()?;
    let allowed = json!({ "behavior": "allow", "downloadPath": folder.path() });
    first.cdp("Browser.setDownloadBehavior", allowed).await?;
    first.open("/sync").await?;
    first.click("save-unsent").await?;
    for (kind, extension) in [("save-json", "json"), ("save-csv", "csv")] {
        first.click(kind).await?;
        first.wait_for_text("unsent-saved", extension).await?;
    }
    let table = std::fs::read_to_string(downloaded(folder.path(), "csv").await?)?;
    let row = format!("Picked 1,{},{},", goods.name, goods.sku);
    ensure!(table.matches(&row).count() == 2 && table.contains(",-1,Waiting to sync"), "{table}");

    let file = downloaded(folder.path(), "json").await?;
    let name = file.file_name().context("a name")?.to_string_lossy().into_owned();
    ensure!(name.starts_with("lotbook-unsent-D"), "the file is called {name}");
    take_in(&second, &file).await?;
    second.wait_for_text("taken-in", "2 changes were added").await?;
    take_in(&second, &file).await?;
    second.wait_for_text("taken-in", "Nothing was added: 2 changes were already here.").await?;
    let torn = folder.path().join("torn.json");
    std::fs::write(&torn, &std::fs::read(&file)?[..200])?;
    take_in(&second, &torn).await?;
    second.wait_for_text("take-in-failure", "This isn't a complete backup of unsent work").await?;

    server.start()?;
    wait_until_sent(&second).await?;
    wait_until_sent(&first).await?;
    ensure!(server.number(PICKS)? == 2, "each pick is booked once");
    ensure!(goods.units_on_server(&server)? == before - 2, "the stock");
    let by_both = server.number(&format!("{PICKS} AND author IN ('Device 1', 'Device 1 (Device 2)')"))?;
    ensure!(by_both == 2, "under the name of who did it, with that of who brought it");
    Ok(())
}

/// Changes the first page of the lots: `edit` is a script's expression over its `text`, a character for a byte.
async fn damage(device: &Device, edit: &str) -> Result<()> {
    let script = format!(
        "const opened = indexedDB.open('lotbook');
         const database = await new Promise((resolve) => {{ opened.onsuccess = () => resolve(opened.result); }});
         const store = database.transaction('inventory_lots', 'readwrite').objectStore('inventory_lots');
         const cursor = await new Promise((resolve) => {{ store.openCursor().onsuccess = (event) => resolve(event.target.result); }});
         const text = String.fromCharCode(...cursor.value);
         const damaged = {edit};
         const put = cursor.update(Uint8Array.from(damaged, (char) => char.charCodeAt(0)));
         await new Promise((resolve) => {{ put.onsuccess = resolve; }});
         database.close();
         return damaged !== text;"
    );
    ensure!(device.script(&script).await? == true, "nothing was damaged");
    Ok(())
}

#[tokio::test]
async fn data_that_differs_or_cannot_be_read_is_found_and_fetched_again() -> Result<()> {
    network::up()?;
    let mut server = Server::with_demo()?;
    let device = Device::enrolled(&server).await?;
    let goods = Goods::stocked(&server, 0)?;
    device.open("/sync").await?;
    device.click("check-data").await?;
    device.wait_for_text("check-result", "rows match the server").await?;

    damage(&device, r#"text.replace(/"quantity":\d/, '"quantity":9')"#).await?;
    device.click("check-data").await?;
    device.wait_for_text("check-result", "differed and was downloaded again").await?;
    device.click("check-data").await?;
    device.wait_for_text("check-result", "rows match the server").await?;

    damage(&device, "text.slice(0, 90)").await?;
    device.click("check-data").await?;
    device.find("damage").await?;
    device.find("damage-notice").await?;
    server.kill()?;
    device.click("sync-now").await?;
    device.wait_for_text("connection", "No server").await?;
    device.click("repair").await?;
    device.wait_for_text("check-failure", "needs a connection").await?;
    server.start()?;
    device.click("sync-now").await?;
    device.wait_for_text("connection", "Online").await?;
    device.click("repair").await?;
    let is_mended = "return document.querySelector('[data-test=damage], [data-test=damage-notice]') === null";
    device.wait_for_script("no damage", is_mended).await?;
    device.wait_for_text("sync-catalogue", "Complete").await?;
    device.click("check-data").await?;
    device.wait_for_text("check-result", "rows match the server").await?;
    let shown = goods.units_shown(&device).await?;
    ensure!(shown == goods.units_on_server(&server)?, "the stock shown is {shown}");
    Ok(())
}

#[tokio::test]
async fn signing_out_keeps_unsent_work_under_the_name_of_who_did_it() -> Result<()> {
    network::up()?;
    let mut server = Server::with_demo()?;
    let device = Device::enrolled(&server).await?;
    let goods = Goods::stocked(&server, 0)?;
    // While somebody else holds the turn, nothing is sent, by page or worker.
    let driver = device.driver();
    let app = driver.window().await?;
    let holder = driver.new_tab().await?;
    driver.switch_to_window(holder.clone()).await?;
    device.open("/manifest.json").await?;
    device.script("navigator.locks.request('lotbook-sync-round', () => new Promise(() => {}))").await?;
    driver.switch_to_window(app.clone()).await?;
    goods.pick_one(&device).await?;

    server.kill()?;
    device.open("/sync").await?;
    device.click("sign-out").await?;
    device.wait_for_text("sign-out-words", "1 unsynced change stays on this device").await?;
    device.click("sign-out-confirm").await?;
    device.wait_for_text("save-failure", "Disconnecting needs the server").await?;
    server.start()?;
    device.click("sign-out-confirm").await?;
    device.wait_for_text("toast", "Disconnected").await?;
    driver.switch_to_window(holder).await?;
    driver.close_window().await?;
    driver.switch_to_window(app).await?;
    device.click("sync-now").await?;
    device.wait_for_text("device-state", "Disconnected").await?;
    device.wait_for_text("connection", "Connect").await?;
    ensure!(server.number(PICKS)? == 0, "a device that is signed out sends nothing");
    ensure!(device.count("queue-row").await? == 1, "the change is still here");

    driver.goto(server.enrolment_link()?).await?;
    device.fill("#device-name", "Night shift").await?;
    device.click("enrol-submit").await?;
    device.wait_for_text("toast", "Device connected").await?;
    wait_until_sent(&device).await?;
    device.wait_for_text("device", "Night shift").await?;
    goods.pick_one(&device).await?;
    wait_until_sent(&device).await?;
    let by = |name: &str| server.number(&format!("{PICKS} AND author = '{name}'"));
    let names = (by("Device 1 (Night shift)")?, by("Night shift")?);
    ensure!(names == (1, 1), "what was recorded under the old name keeps it, beside the new one");
    Ok(())
}

#[tokio::test]
async fn data_that_the_browser_removed_is_noticed() -> Result<()> {
    network::up()?;
    let server = Server::with_demo()?;
    let device = Device::enrolled(&server).await?;
    let goods = Goods::stocked(&server, 0)?;
    goods.pick_one(&device).await?;
    wait_until_sent(&device).await?;
    ensure!(device.count("data-lost-notice").await? == 0, "nothing is lost yet");

    device.driver().goto("about:blank").await?;
    let everything_but_cookies = json!({ "origin": server.origin(), "storageTypes": "indexeddb" });
    device.cdp("Storage.clearDataForOrigin", everything_but_cookies).await?;
    device.open("/sync").await?;
    device.wait_for_text("data-lost-notice", "The browser deleted Lotbook's data.").await?;
    device.wait_for_text("device", "Device 1").await?;
    device.open("/stock").await?;
    device.find("data-lost-notice").await?;
    device.click("dismiss-data-lost").await?;
    let is_gone = "return document.querySelector('[data-test=data-lost-notice]') === null";
    device.wait_for_script("no notice", is_gone).await?;
    goods.pick_one(&device).await?;
    wait_until_sent(&device).await?;
    ensure!(device.count("data-lost-notice").await? == 0, "a notice that was dismissed stays away");
    ensure!(server.number(&format!("{PICKS} AND author = 'Device 1'"))? == 2, "it knows its name again");

    let nearly_full = "navigator.storage.estimate = async () => ({ usage: 970e6, quota: 1e9 })";
    device.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": nearly_full })).await?;
    device.open("/sync").await?;
    device.wait_for_text("storage-notice", "30 MB left").await?;
    device.wait_for_text("storage-used", "970 MB of 1 GB").await?;
    Ok(())
}

/// Exchanges that this page has begun.
const EXCHANGES: &str =
    "performance.getEntriesByType('resource').filter((entry) => entry.name.endsWith('/api/sync')).length";

#[tokio::test]
async fn a_page_that_comes_back_from_a_sleep_syncs_at_once() -> Result<()> {
    network::up()?;
    let server = Server::with_demo()?;
    let device = Device::enrolled(&server).await?;
    wait_until_sent(&device).await?;
    let is_resting = "return document.querySelector('[data-test=sync-next]').innerText.includes(' s')";
    let asleep = "document.dispatchEvent(new Event('resume'))";
    let cached = "window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))";
    for wakes in [asleep, cached] {
        device.wait_for_script("the end of the round before", is_resting).await?;
        let before = device.script(&format!("return {EXCHANGES}")).await?;
        device.script(wakes).await?;
        device.wait_for_script(wakes, &format!("return {EXCHANGES} > {before}")).await?;
    }
    Ok(())
}

/// Fills the origin's storage to the last: another database takes what there is.
const FILL: &str = "
    const opened = indexedDB.open('filler');
    opened.onupgradeneeded = () => opened.result.createObjectStore('filler', { autoIncrement: true });
    const database = await new Promise((resolve) => { opened.onsuccess = () => resolve(opened.result); });
    const add = (bytes) => new Promise((resolve) => {
        const noise = crypto.getRandomValues(new Uint8Array(bytes));
        const writing = database.transaction('filler', 'readwrite');
        writing.objectStore('filler').add(noise);
        writing.oncomplete = () => resolve(true);
        writing.onabort = () => resolve(false);
    });
    for (const bytes of [60000, 8000, 300, 20]) {
        for (let added = 0; added < 4000 && await add(bytes); added++);
    }
    database.close();";

/// Whether the used storage has not changed for some seconds.
const AT_REST: &str = "
    const used = async () => (await navigator.storage.estimate()).usage;
    const before = await used();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    return await used() === before;";

const QUEUED: &str = "
    const opened = indexedDB.open('lotbook');
    const database = await new Promise((resolve) => { opened.onsuccess = () => resolve(opened.result); });
    const counted = database.transaction('mutation_queue').objectStore('mutation_queue').count();
    const count = await new Promise((resolve) => { counted.onsuccess = () => resolve(counted.result); });
    database.close();
    return count;";

async fn set_quota(device: &Device, origin: &str, bytes: Option<i64>) -> Result<()> {
    let quota = bytes.map_or(Value::Null, Value::from);
    let mut parameters = json!({ "origin": origin, "quotaSize": quota });
    if bytes.is_none() {
        parameters = json!({ "origin": origin });
    }
    device.cdp("Storage.overrideQuotaForOrigin", parameters).await.map(drop)
}

#[tokio::test]
async fn a_full_device_saves_work_from_its_reserve_and_reports_a_refusal() -> Result<()> {
    network::up()?;
    let mut server = Server::with_demo()?;
    let mut device = Device::enrolled(&server).await?;
    let goods = Goods::stocked(&server, 0)?;
    let before = goods.units_on_server(&server)?;
    server.kill()?;
    // At its second and third start the browser keeps the compiled app, which counts.
    for _ in 0..2 {
        device = device.kill_and_restart().await?;
        device.open("/stock").await?;
        device.find("product-row").await?;
        device.wait_for_script("storage at rest", AT_REST).await?;
    }
    let usage = device.script("return (await navigator.storage.estimate()).usage").await?;
    let usage = usage.as_i64().context("a number of bytes")?;
    println!("{usage} bytes are used");
    // A running browser takes no notice of a new quota for half a minute.
    device = device.kill_and_restart().await?;
    set_quota(&device, &server.origin(), Some(usage + 400_000)).await?;
    device.open("/stock").await?;
    device.find("product-row").await?;
    device.script(FILL).await?;

    goods.pick_one(&device).await?;
    device.wait_for_text("reserve-notice", "Your work is still saved").await?;
    device = device.kill_and_restart().await?;
    set_quota(&device, &server.origin(), Some(usage + 400_000)).await?;
    ensure!(
        goods.units_shown(&device).await? == before - 1,
        "what was saved on a full device survives a kill"
    );
    device.find("reserve-notice").await?;

    device.script(FILL).await?;
    device.open(&format!("/product/{}/work/pick", goods.id)).await?;
    device.fill("[data-test=quantity]", "3").await?;
    device.click("save").await?;
    device.find("storage-full").await?;
    ensure!(device.script(QUEUED).await? == 1, "what is refused is not in the queue");
    device.click("full-close").await?;
    device.wait_for_text("save-failure", "Storage is full").await?;
    let typed = device.script("return document.querySelector('[data-test=quantity]').value").await?;
    ensure!(typed == "3", "what was typed stays");

    device.script("indexedDB.deleteDatabase('filler')").await?;
    set_quota(&device, &server.origin(), None).await?;
    device.click("save").await?;
    device.wait_for_text("toast", "Saved on this device").await?;
    let is_gone = "return document.querySelector('[data-test=reserve-notice]') === null";
    device.wait_for_script("the space put by again, without a server", is_gone).await?;
    server.start()?;
    device.enrol(&server).await?;
    wait_until_sent(&device).await?;
    ensure!(goods.units_on_server(&server)? == before - 4, "everything that was saved is booked, once");
    Ok(())
}
