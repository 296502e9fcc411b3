//! Announcements to screen readers: each event is announced once, in a live region that was in the page before.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::device::Device;
use crate::goods::Goods;
use crate::network;
use crate::scanner::scan;
use crate::server::Server;

const SCRIPT: &str = include_str!("spoken.js");
/// A second announcement of the same would have come by then.
const SILENCE_MILLIS: u64 = 600;
/// The app's wait before it leaves a page whose work is done.
const FRAME_MILLIS: u64 = 20;
/// That wait on a busy device.
const SLOW_MILLIS: u64 = 5_000;
/// A page's regions are met before anything happens in them.
const ARRIVAL_MILLIS: u64 = 300;

/// Words below a quantity while it changes.
const NOTES: [&str; 2] = ["here now", "Recorded: "];

/// A device with ears.
struct Listener {
    server: Server,
    device: Device,
    goods: Goods,
    /// Other goods' barcode.
    other: String,
}

async fn rest(millis: u64) {
    tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
}

impl Listener {
    async fn new() -> Result<Self> {
        network::up()?;
        let server = Server::with_demo()?;
        let device = Device::enrolled(&server).await?;
        device.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": SCRIPT })).await?;
        let (goods, other) = (Goods::stocked(&server, 0)?, Goods::stocked(&server, 1)?);
        let barcode = server.query(&format!("SELECT barcode FROM products WHERE sku = '{}'", other.sku))?;
        Ok(Self { server, device, goods, other: barcode.concat() })
    }

    /// Goes to a page and listens from there.
    async fn at(&self, path: &str, shown: &str) -> Result<()> {
        self.device.open(path).await?;
        self.device.find(shown).await?;
        self.listen().await
    }

    /// Goes to work on the goods.
    async fn work(&self, work: &str) -> Result<()> {
        self.at(&format!("/product/{}/work/{work}", self.goods.id), "work-form").await
    }

    /// Forgets what was said, once that has ended.
    async fn listen(&self) -> Result<()> {
        rest(ARRIVAL_MILLIS).await;
        self.device.script("spoken.length = 0; unheard.length = 0").await.map(drop)
    }

    async fn said(&self, list: &str) -> Result<Vec<String>> {
        let said = self.device.script(&format!("return {list}")).await?;
        let texts = said.as_array().into_iter().flatten().filter_map(Value::as_str);
        Ok(texts.map(str::to_owned).collect())
    }

    /// Each of these sentences is said once, nothing else is, and nothing where nobody hears it.
    async fn hears(&self, sentences: &[&str]) -> Result<()> {
        for sentence in sentences {
            let quoted = json!(sentence);
            let is_said = format!("return spoken.concat(unheard).some((said) => said.includes({quoted}))");
            self.device.wait_for_script(&format!("{sentence:?} to be said"), &is_said).await?;
        }
        rest(SILENCE_MILLIS).await;
        let (said, unheard) = (self.said("spoken").await?, self.said("unheard").await?);
        for sentence in sentences {
            let times: usize = said.iter().map(|said| said.matches(sentence).count()).sum();
            ensure!(
                times == 1,
                "{sentence:?} is said {times} times: {said:#?}, and nobody hears {unheard:#?}"
            );
        }
        ensure!(unheard.is_empty(), "nobody hears {unheard:#?}; {said:#?} is said");
        // On a slow machine a scan's first key reaches the quantity before it is known for one, and what that does is said.
        let is_note = |said: &str| NOTES.iter().any(|note| said.contains(note));
        let is_expected = |said: &str| sentences.iter().any(|sentence| said.contains(sentence));
        let more = said.iter().find(|said| !is_expected(said) && !is_note(said));
        ensure!(more.is_none(), "{more:?} is said as well");
        self.listen().await
    }

    /// A field is in error, and its description says why.
    async fn describes(&self, field: &str, sentence: &str) -> Result<()> {
        let body = format!(
            "const field = document.querySelector('[data-test={field}]');
             const ids = (field.getAttribute('aria-describedby') ?? '').split(' ');
             return field.getAttribute('aria-invalid') === 'true'
                 && ids.some((id) => document.getElementById(id)?.innerText.includes({}))",
            json!(sentence)
        );
        self.device.wait_for_script(&format!("{field} to be described as wrong"), &body).await
    }
}

#[tokio::test]
async fn saving_undoing_sending_and_the_connection_are_announced_once() -> Result<()> {
    let mut listener = Listener::new().await?;
    listener.work("pick").await?;
    listener.device.click("save").await?;
    // Not every step of the way there is said.
    listener.hears(&["Saved on this device", "All changes synced"]).await?;
    listener.device.click("primary-pick").await?;
    listener.device.find("work-form").await?;
    // In this order, because a lost server is said too.
    network::down()?;
    listener.hears(&["You are offline. Keep working."]).await?;
    listener.server.kill()?;
    listener.device.click("save").await?;
    listener.hears(&["Saved on this device", "Your changes have been saved and will be synced"]).await?;
    listener.device.click_css("[data-test=toast]:last-child [data-test=toast-offer]").await?;
    listener.hears(&["Undone", "You are offline. Keep working."]).await?;
    listener.server.start()?;
    network::up()?;
    listener.hears(&["Online"]).await?;
    listener.device.click("status-link").await?;
    listener.device.find("sync-now").await?;
    listener.listen().await?;
    listener.server.kill()?;
    listener.device.click("sync-now").await?;
    listener.hears(&["Can't reach the server. Keep working.", "Sync failed"]).await?;
    listener.server.start()?;
    listener.device.click("try-now").await?;
    listener.hears(&["Online"]).await?;
    Ok(())
}

#[tokio::test]
async fn a_slow_next_page_brings_no_warning_of_ones_own_work() -> Result<()> {
    let listener = Listener::new().await?;
    let device = &listener.device;
    let first_lot = format!(
        "SELECT quantity / 1000 FROM inventory_lots WHERE lower(hex(product_id)) = '{}' ORDER BY expires_on LIMIT 1",
        listener.goods.id.replace('-', "")
    );
    let all = listener.server.query(&first_lot)?.concat();
    listener.work("pick").await?;
    device.fill("[data-test=quantity]", &all).await?;
    listener.listen().await?;
    let before = device.text("after").await?;
    // The server's answer comes, and all pages read what is new, before this one is left.
    device
        .script(&format!(
            "const timer = window.setTimeout;
             window.setTimeout = (run, millis, ...rest) => {{
                 if (millis !== {FRAME_MILLIS}) return timer(run, millis, ...rest);
                 window.setTimeout = timer;
                 return timer(run, {SLOW_MILLIS}, ...rest);
             }}"
        ))
        .await?;
    device.click("save").await?;
    listener.hears(&["Saved on this device", "All changes synced"]).await?;
    ensure!(device.text("after").await? == before, "the form follows what it has just saved");
    device.find("product-page").await?;
    Ok(())
}

#[tokio::test]
async fn the_result_of_a_scan_is_announced_once() -> Result<()> {
    let listener = Listener::new().await?;
    let device = &listener.device;
    let barcode = listener
        .server
        .query(&format!("SELECT barcode FROM products WHERE sku = '{}'", listener.goods.sku))?;
    listener.work("pick").await?;
    scan(device, &barcode[0]).await?;
    listener.hears(&["Right item"]).await?;
    scan(device, &listener.other).await?;
    listener.hears(&["Different item"]).await?;
    scan(device, "4006381333931").await?;
    // It is reported to the office.
    listener.hears(&["Unknown code", "All changes synced"]).await?;
    // That notice stays, and is not read again with the next one.
    scan(device, "]d2010").await?;
    listener.hears(&["This label cannot be read"]).await?;
    listener.at("/checkout", "empty-cart").await?;
    scan(device, &barcode[0]).await?;
    // The price comes when the product has been read.
    listener.hears(&["1 product", "€"]).await?;
    Ok(())
}

#[tokio::test]
async fn a_fault_of_a_field_is_announced_once_and_describes_the_field() -> Result<()> {
    const ZERO: &str = "The quantity must be more than zero.";
    const NAME: &str = "Name is missing.";
    const AGAIN: &str = "That doesn't match.";
    const BIN: &str = "Scan or type the destination bin";
    let listener = Listener::new().await?;
    let device = &listener.device;
    listener.work("pick").await?;
    device.fill("[data-test=quantity]", "0").await?;
    listener.listen().await?;
    device.click("save").await?;
    listener.hears(&[ZERO]).await?;
    listener.describes("quantity", ZERO).await?;
    listener.at("/product/new", "product-form").await?;
    device.click("save").await?;
    listener.hears(&[NAME, "SKU is missing.", "Enter a price"]).await?;
    listener.describes("name", NAME).await?;
    // By a scan as by the button.
    listener.work("move").await?;
    scan(device, "LBCMD-SAVE").await?;
    listener.hears(&[BIN, "Something is missing"]).await?;
    listener.describes("to", BIN).await?;
    listener.work("count").await?;
    device.fill("[data-test=quantity]", "7").await?;
    device.click("save").await?;
    listener.hears(&[AGAIN, "Count again"]).await?;
    // In a sheet over the page.
    listener.at("/checkout", "empty-cart").await?;
    device.fill("[data-test=order-search]", &format!("{}\n", listener.goods.sku)).await?;
    device.click("cart-quantity").await?;
    device.fill("[data-test=quantity]", "x").await?;
    listener.listen().await?;
    device.click("quantity-done").await?;
    listener.hears(&["is not a number"]).await?;
    Ok(())
}

#[tokio::test]
async fn the_number_of_matches_is_announced() -> Result<()> {
    let listener = Listener::new().await?;
    let device = &listener.device;
    listener.at("/stock", "product-row").await?;
    let search = device.find("search").await?;
    search.send_keys("zzz").await?;
    device.find("empty-search").await?;
    listener.hears(&["0 of"]).await?;
    listener.at("/work/pick", "start-search").await?;
    device.find("start-search").await?.send_keys(&listener.goods.sku).await?;
    listener.hears(&["1 product"]).await?;
    device.find("start-search").await?.send_keys("zzz").await?;
    listener.hears(&["Nothing on this device matches."]).await?;
    Ok(())
}
