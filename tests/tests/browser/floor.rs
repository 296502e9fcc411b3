//! A day on the floor: every kind of work done offline by scans alone, then sent.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::device::Device;
use crate::goods::{Goods, wait_until_sent};
use crate::network;
use crate::scanner::{Label, Stall, TO_THE_SCANNER, scan, scan_quickly, scan_torn, scan_without_key_codes};
use crate::server::Server;

/// Time between two scans of one label by a person.
const SCAN_AGAIN: Duration = Duration::from_millis(400);
/// A scan waits two seconds for a page that does not come.
const NO_WAIT: Duration = Duration::from_millis(1_500);

/// A device whose server has gone, and goods with a barcode.
struct Aisle {
    server: Server,
    device: Device,
    goods: Goods,
    barcode: String,
    /// The lot that expires first, and the bin it lies in.
    lot: String,
    bin: String,
    /// As on labels: the date of that lot, and one after every other's.
    lot_until: String,
    new_until: String,
}

impl Aisle {
    async fn entered() -> Result<Self> {
        network::up()?;
        let mut server = Server::with_demo()?;
        let device = Device::enrolled(&server).await?;
        let goods = Goods::stocked(&server, 0)?;
        let of_goods = format!("WHERE product_id = x'{}'", goods.id.replace('-', ""));
        let one = |sql: String| -> Result<String> {
            server.query(&sql)?.into_iter().next().with_context(|| format!("nothing from {sql}"))
        };
        let barcode = one(format!("SELECT barcode FROM products {of_goods}"))?;
        let first = format!(
            "FROM inventory_lots {of_goods} AND status = 'available' AND quantity > 0
             AND (expires_on IS NULL OR expires_on >= date('now')) ORDER BY expires_on IS NULL, expires_on, received_on, lot_code, location LIMIT 1"
        );
        // After every lot of the catalogue that has a date.
        let new_until = one("SELECT substr(replace(date('now', '+4 years'), '-', ''), 3)".to_owned())?;
        let lot_until = one(format!(
            "SELECT substr(replace(coalesce(expires_on, date('now', '+4 years')), '-', ''), 3) {first}"
        ))?;
        let (lot, bin) = (one(format!("SELECT lot_code {first}"))?, one(format!("SELECT location {first}"))?);
        server.kill()?;
        network::down()?;
        device.open("/").await?;
        device.wait_for_text("connection", "Offline").await?;
        Ok(Self { server, device, goods, barcode, lot, bin, lot_until, new_until })
    }

    /// A label of the goods with a lot.
    fn label(&self, lot: &str) -> String {
        let expires_on = if lot == self.lot { &self.lot_until } else { &self.new_until };
        Label { barcode: &self.barcode, expires_on, lot }.to_string()
    }

    async fn scan(&self, codes: &[&str]) -> Result<()> {
        let mut before = "";
        for code in codes {
            if *code == before {
                tokio::time::sleep(SCAN_AGAIN).await;
            }
            scan(&self.device, code).await?;
            before = code;
        }
        Ok(())
    }

    /// Waits until that much is saved here and not sent.
    async fn saved(&self, pending: usize) -> Result<()> {
        let body = format!(
            "return document.querySelector('[data-test=pending-count]')?.dataset.pending === '{pending}'"
        );
        self.device.wait_for_script(&format!("{pending} saved"), &body).await
    }

    /// Brings the server back and waits until it has everything.
    async fn sent(&mut self) -> Result<()> {
        self.server.start()?;
        network::up()?;
        self.device.open("/").await?;
        wait_until_sent(&self.device).await
    }

    /// The ledger's lines on the goods: lot, bin, movement and thousandths, by rising bin.
    fn ledger(&self) -> Result<Vec<String>> {
        self.server.query(&format!(
            "SELECT lot_code, location, movement, delta FROM stock_ledger WHERE product_id = x'{}' AND mutation_id IS NOT NULL
             ORDER BY rev, line",
            self.goods.id.replace('-', "")
        ))
    }
}

#[tokio::test]
async fn goods_come_in_are_put_away_and_picked_by_scans_alone() -> Result<()> {
    let mut aisle = Aisle::entered().await?;
    let label = aisle.label("LNEW");
    aisle.scan(&["LBCMD-RECEIVE", &label, &label, &label, "LBCMD-SAVE"]).await?;
    aisle.saved(1).await?;
    aisle.scan(&["LBCMD-PUT-AWAY", &label, &label, "Z-77-1", "LBCMD-SAVE", "Z-77-1"]).await?;
    aisle.saved(2).await?;
    // Another lot than the first to expire is taken only with a reason.
    aisle.scan(&["LBCMD-PICK", &label]).await?;
    aisle.device.find("fefo-advice").await?;
    aisle.scan(&["LBCMD-SAVE"]).await?;
    aisle.device.wait_for_text("reason-fault", "reason").await?;
    aisle.scan(&["LBCMD-WHY-NOT-FOUND", "LBCMD-SAVE"]).await?;
    aisle.saved(3).await?;
    aisle.sent().await?;
    let expected =
        ["LNEW RECEIVING receive 3000", "LNEW RECEIVING put_away -2000", "LNEW Z-77-1 put_away 2000"];
    let ledger = aisle.ledger()?;
    ensure!(ledger[..3] == expected, "the ledger has {ledger:?}");
    ensure!(ledger.len() == 4 && ledger[3].ends_with("pick -1000"), "the ledger has {ledger:?}");
    let note = aisle.server.query("SELECT note FROM stock_ledger WHERE movement = 'pick'")?;
    ensure!(note == ["not-found"], "the reason is {note:?}");
    let expiry = aisle.server.query(
        "SELECT DISTINCT substr(replace(expires_on, '-', ''), 3) FROM inventory_lots WHERE lot_code = 'LNEW'",
    )?;
    ensure!(expiry == [aisle.new_until.as_str()], "the label's date is {expiry:?}");
    Ok(())
}

#[tokio::test]
async fn a_put_away_takes_what_waits_in_the_receiving_bin_and_all_of_it() -> Result<()> {
    let mut aisle = Aisle::entered().await?;
    let label = aisle.label("LNEW");
    aisle.scan(&["LBCMD-RECEIVE", &label, &label, &label, "LBCMD-SAVE"]).await?;
    aisle.saved(1).await?;
    let (barcode, bin) = (aisle.barcode.clone(), aisle.bin.clone());
    // Neither the barcode nor a code of other goods, scanned twice, says which lot or where.
    aisle.scan(&["LBCMD-PUT-AWAY", &barcode]).await?;
    aisle.device.wait_for_text("lot-banner-code", "LNEW").await?;
    aisle.scan(&["04252614", "04252614"]).await?;
    ensure!(value(&aisle.device, "to").await?.is_empty(), "goods are no bin");
    aisle.scan(&[&bin, &bin]).await?;
    // The receipt, both scans of an unknown code, and the put-away.
    aisle.saved(4).await?;
    // Nothing of it waits any more, although there is stock elsewhere.
    aisle.scan(&["LBCMD-PUT-AWAY", &barcode]).await?;
    aisle.device.wait_for_text("no-lot-chosen", "Nothing to put away").await?;
    aisle.sent().await?;
    let expected = [
        "LNEW RECEIVING receive 3000".to_owned(),
        "LNEW RECEIVING put_away -3000".to_owned(),
        format!("LNEW {bin} put_away 3000"),
    ];
    let ledger = aisle.ledger()?;
    ensure!(ledger == expected, "the ledger has {ledger:?} instead of {expected:?}");
    Ok(())
}

#[tokio::test]
async fn goods_are_moved_counted_and_adjusted_by_scans_alone() -> Result<()> {
    let mut aisle = Aisle::entered().await?;
    let label = aisle.label(&aisle.lot);
    aisle.scan(&["LBCMD-MOVE", &label, "Z-88-1", "LBCMD-SAVE", "Z-88-1"]).await?;
    aisle.saved(1).await?;
    aisle
        .scan(&["LBCMD-ADJUST", &label, "LBCMD-CLEAR", "LBCMD-2", "LBCMD-WHY-DAMAGED", "LBCMD-SAVE"])
        .await?;
    aisle.saved(2).await?;
    // A count that is not what the book says has to be done twice, and nobody is told what the book says.
    aisle.scan(&["LBCMD-HOME", "LBCMD-COUNT", "Z-88-1"]).await?;
    aisle.device.find("bin-lot").await?;
    aisle.scan(&[&label, &label, &label, "LBCMD-SAVE"]).await?;
    aisle.device.wait_for_text("toast", "Count again").await?;
    let said = aisle.device.text("after").await?;
    ensure!(!said.chars().any(|char| char.is_ascii_digit()), "a blind count says {said:?}");
    aisle.scan(&[&label, &label, &label, "LBCMD-SAVE"]).await?;
    aisle.saved(3).await?;
    aisle.sent().await?;
    let (lot, bin) = (&aisle.lot, &aisle.bin);
    let expected = [
        format!("{lot} {bin} move -1000"),
        format!("{lot} Z-88-1 move 1000"),
        format!("{lot} {bin} adjust -2000"),
        format!("{lot} Z-88-1 count 2000"),
    ];
    let ledger = aisle.ledger()?;
    ensure!(ledger == expected, "the ledger has {ledger:?} instead of {expected:?}");
    Ok(())
}

#[tokio::test]
async fn several_lots_are_transferred_and_goods_are_sold_by_scans_alone() -> Result<()> {
    let mut aisle = Aisle::entered().await?;
    let label = aisle.label(&aisle.lot);
    aisle.scan(&["LBCMD-TRANSFER", &label, &label, "Y-1", "LBCMD-SAVE", "Y-1"]).await?;
    aisle.saved(1).await?;
    let barcode = aisle.barcode.clone();
    aisle.scan(&["LBCMD-SELL", &barcode, &barcode]).await?;
    let is_ready = "return !document.querySelector('[data-test=place-order]').disabled";
    aisle.device.wait_for_script("the order's total", is_ready).await?;
    aisle.scan(&["LBCMD-SAVE"]).await?;
    aisle.saved(2).await?;
    aisle.sent().await?;
    let ledger = aisle.ledger()?;
    let (lot, bin) = (&aisle.lot, &aisle.bin);
    ensure!(ledger[..2] == [format!("{lot} {bin} move -2000"), format!("{lot} Y-1 move 2000")], "{ledger:?}");
    let sold: i64 = aisle.server.number("SELECT -sum(delta) FROM stock_ledger WHERE movement = 'sale'")?;
    ensure!(sold == 2_000 && aisle.server.number("SELECT count(*) FROM orders")? == 1, "{ledger:?}");
    Ok(())
}

#[tokio::test]
async fn an_expected_delivery_is_received_scan_by_scan() -> Result<()> {
    let mut aisle = Aisle::entered().await?;
    let number = aisle.server.query("SELECT number FROM deliveries ORDER BY number LIMIT 1")?;
    let number = number.first().context("a delivery")?.clone();
    aisle.scan(&[&number]).await?;
    aisle.device.find("delivery-line").await?;
    let line = aisle
        .device
        .script("return document.querySelector('[data-test=delivery-line] .row-sub').innerText")
        .await?;
    let sku = line.as_str().context("a SKU")?.to_owned();
    let barcode = aisle.server.query(&format!("SELECT barcode FROM products WHERE sku = '{sku}'"))?;
    let label = Label { barcode: &barcode[0], expires_on: "280229", lot: "LDEL" }.to_string();
    aisle.scan(&[&label, &label]).await?;
    aisle.device.find("work-form").await?;
    aisle.scan(&["LBCMD-SAVE"]).await?;
    aisle.saved(1).await?;
    // Back at the delivery, which shows what has come at once.
    let shown = "return document.querySelector('[data-test=delivery-line][data-received=\"2000\"]') !== null";
    aisle.device.wait_for_script("two received", shown).await?;
    // The rest of the delivery is reported missing.
    aisle.device.click("delivery-close").await?;
    aisle.device.find("delivery-missing").await?;
    aisle.device.click("reason-confirm").await?;
    aisle.device.find("delivery-done").await?;
    aisle.sent().await?;
    let closed = aisle.server.number("SELECT count(*) FROM deliveries WHERE closed")?;
    let short = aisle.server.number("SELECT count(*) FROM shortages WHERE received < expected")?;
    ensure!(closed == 1 && short > 0, "{closed} closed, {short} products short");
    let received = aisle.server.number("SELECT sum(delta) FROM stock_ledger WHERE lot_code = 'LDEL'")?;
    ensure!(received == 2_000, "{received} thousandths came in");
    Ok(())
}

#[tokio::test]
async fn an_unknown_code_is_kept_in_the_inbox() -> Result<()> {
    let aisle = Aisle::entered().await?;
    // The code appears in an inbox that is open and empty.
    aisle.device.open("/inbox").await?;
    aisle.device.find("inbox-empty").await?;
    aisle.scan(&["4006381333931"]).await?;
    aisle.device.wait_for_text("toast", "Unknown code").await?;
    aisle.device.find_css("[data-test=unknown-code-card][data-code='4006381333931']").await?;
    Ok(())
}

#[tokio::test]
async fn sent_work_is_reversed_and_unsent_work_is_undone() -> Result<()> {
    let mut aisle = Aisle::entered().await?;
    let label = aisle.label(&aisle.lot);
    aisle.scan(&["LBCMD-PICK", &label, "LBCMD-SAVE"]).await?;
    aisle.saved(1).await?;
    aisle.scan(&["LBCMD-UNDO"]).await?;
    aisle.device.wait_for_text("toast", "Undone").await?;
    aisle.scan(&["LBCMD-HOME", "LBCMD-PICK", &label, "LBCMD-SAVE"]).await?;
    aisle.saved(1).await?;
    aisle.sent().await?;
    ensure!(
        aisle.server.number("SELECT count(*) FROM stock_ledger WHERE movement = 'pick'")? == 1,
        "one pick"
    );
    aisle.device.click("recent-reverse").await?;
    aisle.device.find("reversed").await?;
    wait_until_sent(&aisle.device).await?;
    let ledger = aisle.ledger()?;
    let (lot, bin) = (&aisle.lot, &aisle.bin);
    ensure!(
        ledger == [format!("{lot} {bin} pick -1000"), format!("{lot} {bin} adjust 1000")],
        "the ledger has {ledger:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_label_that_may_mean_two_things_is_asked_about() -> Result<()> {
    let aisle = Aisle::entered().await?;
    // Lot "AB" and serial number "17", or lot "AB2117": the separator between them would tell.
    let code = format!("010{}10AB2117", aisle.barcode);
    aisle.scan(&["LBCMD-RECEIVE", &code]).await?;
    aisle.device.find("scan-reading").await?;
    let readings = aisle.device.count("scan-reading").await?;
    ensure!(readings == 2, "{readings} readings are offered");
    aisle.device.click("scan-reading").await?;
    aisle.device.find("work-form").await?;
    let lot = aisle.device.script("return document.querySelector('[data-test=lot-code]').value").await?;
    ensure!(lot == "AB2117", "the first reading is that nothing was lost, not {lot}");
    Ok(())
}

#[tokio::test]
async fn twenty_scans_in_two_seconds_on_a_slow_device_all_count() -> Result<()> {
    const SCANS: usize = 20;
    const MILLIS: u32 = 2_000;
    let mut aisle = Aisle::entered().await?;
    let label = aisle.label(&aisle.lot);
    aisle.scan(&["LBCMD-PICK", &label]).await?;
    aisle.device.find("work-form").await?;
    aisle.device.cdp("Emulation.setCPUThrottlingRate", serde_json::json!({ "rate": 4 })).await?;
    // The focus is in the quantity, which no scan may be typed into.
    aisle.device.script("document.querySelector('[data-test=quantity]').focus()").await?;
    scan_quickly(&aisle.device, &[label.as_str(); SCANS - 1], MILLIS / u32::try_from(SCANS)?).await?;
    aisle
        .device
        .wait_for_script(
            "twenty",
            &format!("return document.querySelector('[data-test=quantity]').value === '{SCANS}'"),
        )
        .await?;
    // None of them comes late and counts once more.
    tokio::time::sleep(SCAN_AGAIN).await;
    aisle.scan(&["LBCMD-SAVE"]).await?;
    aisle.saved(1).await?;
    aisle.sent().await?;
    let (lot, bin) = (&aisle.lot, &aisle.bin);
    let ledger = aisle.ledger()?;
    ensure!(ledger == [format!("{lot} {bin} pick -{SCANS}000")], "the ledger has {ledger:?}");
    Ok(())
}

#[tokio::test]
async fn scans_wait_for_the_page_they_are_for() -> Result<()> {
    let aisle = Aisle::entered().await?;
    aisle.device.open("/work/pick").await?;
    aisle.device.find("start-search").await?;
    // The goods are scanned before the bin's contents are known.
    scan_quickly(&aisle.device, &[&aisle.bin, &aisle.barcode], 0).await?;
    aisle.device.find("work-form").await?;
    // The product's page that has been left is not the one that comes now.
    aisle.device.open(&format!("/product/{}", aisle.goods.id)).await?;
    aisle.device.find("product-page").await?;
    aisle.scan(&["LBCMD-HOME"]).await?;
    aisle.device.find("home").await?;
    scan_quickly(&aisle.device, &[&aisle.barcode, "LBCMD-COUNT"], 0).await?;
    aisle.device.find_css("[data-test=work-form][data-work=count]").await?;
    // A scan does not wait on a page without a use for scans.
    aisle.device.open("/product/00000000-0000-0000-0000-000000000001").await?;
    aisle.device.find("unknown-product").await?;
    let begun = Instant::now();
    scan(&aisle.device, &aisle.barcode).await?;
    aisle.device.find("product-page").await?;
    ensure!(begun.elapsed() < NO_WAIT, "the scan waited {:?}", begun.elapsed());
    Ok(())
}

#[tokio::test]
async fn a_torn_scan_is_one_scan() -> Result<()> {
    let mut aisle = Aisle::entered().await?;
    let (device, label) = (&aisle.device, aisle.label("LNEW"));
    device.open(&format!("/product/{}/work/receive", aisle.goods.id)).await?;
    // The field takes codes, and no part of this one.
    device.click_css("#location").await?;
    let before = value(device, "location").await?;
    let link = |millis| Stall::Link(Duration::from_millis(millis));
    let page = Stall::Page(Duration::from_millis(500));
    for (times, stall) in [(1, link(110)), (2, link(400)), (3, page)] {
        scan_torn(device, &label, 9, stall).await?;
        let body = format!("return document.querySelector('[data-test=quantity]').value === '{times}'");
        device.wait_for_script(&format!("scan {times}"), &body).await?;
    }
    ensure!(value(device, "lot-code").await? == "LNEW", "the lot is {:?}", value(device, "lot-code").await?);
    ensure!(value(device, "location").await? == before, "the bin is {:?}", value(device, "location").await?);
    scan_torn(device, "]C0W-01", 4, link(300)).await?;
    device.find("new-bin").await?;
    scan_torn(device, "LBCMD-SAVE", 6, link(300)).await?;
    device.wait_for_script("the bin", "return document.querySelector('#location').value === 'W-01'").await?;
    scan_torn(device, "LBCMD-SAVE", 6, page).await?;
    aisle.saved(1).await?;
    aisle.sent().await?;
    let ledger = aisle.ledger()?;
    ensure!(ledger == ["LNEW W-01 receive 3000"], "the ledger has {ledger:?}");
    Ok(())
}

#[tokio::test]
async fn keys_without_codes_are_heard_where_no_field_has_the_focus() -> Result<()> {
    let aisle = Aisle::entered().await?;
    let device = &aisle.device;
    device.open(&format!("/product/{}", aisle.goods.id)).await?;
    device.find("product-page").await?;
    device.script("document.activeElement.blur()").await?;
    scan_without_key_codes(device, "LBCMD-COUNT").await?;
    device.find_css("[data-test=work-form][data-work=count]").await.map(drop)
}

/// The text of a field.
async fn value(device: &Device, test: &str) -> Result<String> {
    let value = device.script(&format!("return document.querySelector('[data-test={test}]').value")).await?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_scan_leaves_what_somebody_types_alone_and_fills_only_fields_that_are_for_it() -> Result<()> {
    let aisle = Aisle::entered().await?;
    let (device, label) = (&aisle.device, aisle.label(&aisle.lot));
    aisle.scan(&["LBCMD-ADJUST", &label]).await?;
    device.type_by_hand("[data-test=reason]", "wet").await?;
    let before = value(device, "quantity").await?;
    tokio::time::sleep(TO_THE_SCANNER).await;
    aisle.scan(&[&label]).await?;
    device
        .wait_for_script(
            "one more",
            &format!("return document.querySelector('[data-test=quantity]').value !== '{before}'"),
        )
        .await?;
    tokio::time::sleep(SCAN_AGAIN).await;
    ensure!(value(device, "reason").await? == "wet", "the note is {:?}", value(device, "reason").await?);
    ensure!(device.count("work-form").await? == 1, "Enter at the end of the scan did not send the form");

    // A page that is drawn anew between a key and the word of it takes no letter away.
    device
        .script(
            "const field = document.querySelector('[data-test=reason]');
             field.addEventListener('keydown', () => {
                 const before = field.value;
                 setTimeout(() => { field.value = before; }, 15);
             }, { once: true });",
        )
        .await?;
    device.click("reason").await?;
    device.find("reason").await?.send_keys("x").await?;
    tokio::time::sleep(SCAN_AGAIN).await;
    let note = value(device, "reason").await?;
    ensure!(note.contains('x'), "the note is {note:?}");

    // A label says more than the lot, so the page takes it whole; a bin is for the field.
    let label = aisle.label("LNEW");
    device.open(&format!("/product/{}/work/receive", aisle.goods.id)).await?;
    device.click_css("#lot-code").await?;
    aisle.scan(&[&label, &label]).await?;
    device
        .wait_for_script("two", "return document.querySelector('[data-test=quantity]').value === '2'")
        .await?;
    ensure!(value(device, "lot-code").await? == "LNEW", "the lot is {:?}", value(device, "lot-code").await?);
    device.click_css("#location").await?;
    aisle.scan(&["]C0W-01"]).await?;
    device.click("new-bin").await?;
    device.wait_for_script("the bin", "return document.querySelector('#location').value === 'W-01'").await?;
    aisle.scan(&["LBCMD-SAVE"]).await?;
    aisle.saved(1).await?;
    Ok(())
}
