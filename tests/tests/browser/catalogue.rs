//! A real catalogue on a device: 100,000 products and 200,000 lots where `LOTBOOK_DATA` has them, else a smaller one made
//! here. Prints the durations.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::device::{Device, PHONE};
use crate::network;
use crate::server::Server;

const FIRST_SYNC_SECONDS: u64 = 120;
const MADE_PRODUCTS: usize = 20_000;

struct Files {
    products: PathBuf,
    lots: PathBuf,
    _folder: Option<TempDir>,
}

fn files() -> Result<Files> {
    if let Some(folder) = std::env::var_os("LOTBOOK_DATA").map(PathBuf::from) {
        let (products, lots) = (folder.join("products.csv"), folder.join("inventory_lots.csv"));
        if products.exists() && lots.exists() {
            return Ok(Files { products, lots, _folder: None });
        }
    }
    let folder = TempDir::new()?;
    let (products, lots) = (folder.path().join("products.csv"), folder.path().join("lots.csv"));
    let mut text = "sku,barcode,name,unit,price_minor,currency\n".to_owned();
    let mut stock = "sku,lot_code,location,quantity,status,expires_on,received_on\n".to_owned();
    for n in 0..MADE_PRODUCTS {
        writeln!(text, "P{n:06},,Made product {n} crème,each,{},EUR", 100 + n)?;
        writeln!(stock, "P{n:06},L{n},A-01-1,{},available,2030-01-31,2026-01-01", 1 + n % 90)?;
        writeln!(stock, "P{n:06},M{n},B-02-2,5,available,,2026-01-01")?;
    }
    std::fs::write(&products, text)?;
    std::fs::write(&lots, stock)?;
    Ok(Files { products, lots, _folder: Some(folder) })
}

/// Counts rows of the database's pages.
fn rows_script(table: &str) -> String {
    format!(
        "const opened = indexedDB.open('lotbook');
         const database = await new Promise((resolve) => {{ opened.onsuccess = () => resolve(opened.result); }});
         const read = database.transaction('{table}').objectStore('{table}').getAll();
         const pages = await new Promise((resolve) => {{ read.onsuccess = () => resolve(read.result); }});
         database.close();
         let rows = 0;
         for (const page of pages) {{
             const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
             // After the first byte, of each row: its revision, its key and its JSON, both behind their lengths.
             for (let at = 1; at < page.length; rows += 1) {{
                 const json = at + 12 + view.getUint32(at + 8, true);
                 at = json + 4 + view.getUint32(json, true);
             }}
         }}
         return rows;"
    )
}

async fn rows_on(device: &Device, table: &str) -> Result<i64> {
    device.script(&rows_script(table)).await?.as_i64().context("a number of rows")
}

#[tokio::test]
async fn a_whole_catalogue_is_searched_and_scanned_offline() -> Result<()> {
    network::up()?;
    let files = files()?;
    let begun = Instant::now();
    let mut server = Server::with_import(&files.products, &files.lots)?;
    println!("import: {:.1} s", begun.elapsed().as_secs_f64());
    let products = server.number("SELECT count(*) FROM products")?;
    let lots = server.number("SELECT count(*) FROM inventory_lots WHERE status = 'available'")?;

    let device = Device::new(&server.origin()).await?;
    device.resize(PHONE).await?;
    device.driver().goto(server.enrolment_link()?).await?;
    device.find("enrol-submit").await?;
    device.script(
        "window.longest = 0; new PerformanceObserver((list) => list.getEntries()
         .forEach((entry) => { window.longest = Math.max(window.longest, entry.duration); })).observe({ type: 'longtask' })",
    )
    .await?;
    let begun = Instant::now();
    device.click("enrol-submit").await?;
    device.find("welcome-page").await?;
    device.click("nav-stock").await?;
    device.find("product-row").await?;
    println!("first sync: first rows after {:.1} s", begun.elapsed().as_secs_f64());
    let is_live = "const opened = indexedDB.open('lotbook');
        const database = await new Promise((resolve) => { opened.onsuccess = () => resolve(opened.result); });
        const read = database.transaction('meta').objectStore('meta').get('cursor');
        const cursor = await new Promise((resolve) => { read.onsuccess = () => resolve(read.result); });
        database.close();
        return Boolean(cursor) && Boolean(JSON.parse(cursor).live);";
    let deadline = begun + Duration::from_secs(FIRST_SYNC_SECONDS);
    while device.script(is_live).await?.as_bool() != Some(true) {
        ensure!(Instant::now() < deadline, "the first sync takes more than {FIRST_SYNC_SECONDS} s");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!("first sync: all of {} rows after {:.1} s", products + lots, begun.elapsed().as_secs_f64());
    println!("first sync: longest task {} ms", device.script("return Math.round(window.longest)").await?);
    ensure!(rows_on(&device, "products").await? == products, "every product is on the device");
    ensure!(rows_on(&device, "inventory_lots").await? == lots, "every available lot is on the device");
    device.wait_for_worker().await?;

    server.kill()?;
    network::down()?;
    look_up_offline(&device, &server, products).await?;
    Ok(())
}

async fn look_up_offline(device: &Device, server: &Server, products: i64) -> Result<()> {
    let begun = Instant::now();
    device.open("/").await?;
    device.find("home").await?;
    let source = "return performance.getEntriesByType('navigation')[0].workerMatchedSourceType ?? ''";
    let source = device.script(source).await?;
    ensure!(source == "cache", "the browser answers the start from the cache itself, not {source}");
    println!("offline start: start page after {:.2} s", begun.elapsed().as_secs_f64());
    device.open("/stock").await?;
    device.find("product-row").await?;
    let grouped = format!(
        "return document.querySelector('[data-test=stock-count]').innerText.replace(/\\D/g, '') === '{products}'"
    );
    device.wait_for_script("the whole list", &grouped).await?;
    println!("offline start: whole list after {:.2} s", begun.elapsed().as_secs_f64());

    let row = server.query(
        "SELECT barcode, sku, name FROM products WHERE barcode <> '' OR 1 ORDER BY sku DESC LIMIT 1",
    )?;
    let row = row.first().context("a product")?;
    let code = row.split(' ').find(|word| !word.is_empty()).context("a code")?.to_owned();

    // A scanner types fast and ends with Enter, wherever the focus is.
    device.script("document.activeElement && document.activeElement.blur()").await?;
    let begun = Instant::now();
    let scan = format!(
        "for (const key of [...'{code}', 'Enter']) document.dispatchEvent(new KeyboardEvent('keydown', {{ key, bubbles: true }}))"
    );
    device.script(&scan).await?;
    device.find("product-page").await?;
    println!("offline scan of {code}: {:.2} s", begun.elapsed().as_secs_f64());

    device.open("/stock").await?;
    device.wait_for_script("the whole list", &grouped).await?;
    let timed = "const field = document.querySelector('[data-test=search]');
        const type = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;
        const times = [];
        for (const text of ['c', 'cr', 'cre', 'crem', 'creme']) {
            const begun = performance.now();
            type.call(field, text);
            field.dispatchEvent(new InputEvent('input', { bubbles: true }));
            await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
            times.push(Math.round(performance.now() - begun));
        }
        return times.join(' ');";
    println!("offline search, ms a keystroke to the next frame: {}", device.script(timed).await?);
    device.find("product-row").await?;
    let found = device.text("row-name").await?;
    ensure!(found.to_lowercase().contains("cr"), "the first hit for \"creme\" is {found:?}");
    Ok(())
}
