//! Wide windows: every page one click away, tables that are sorted and marked by keys, and a pane beside them.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use thirtyfour::prelude::*;

use crate::device::{Device, PHONE};
use crate::network;
use crate::server::Server;

const OFFICE: (u32, u32) = (1440, 900);

async fn at_desk() -> Result<(Server, Device)> {
    network::up()?;
    let server = Server::with_demo()?;
    let device = Device::enrolled(&server).await?;
    device.resize(OFFICE).await?;
    Ok((server, device))
}

async fn numbers(device: &Device, selector: &str) -> Result<Vec<i64>> {
    let body = format!(
        "return [...document.querySelectorAll(\"{selector}\")].map((cell) => Number(cell.dataset.value))"
    );
    let found = device.script(&body).await?;
    Ok(found.as_array().context("a list")?.iter().filter_map(Value::as_i64).collect())
}

/// Presses the heading of a column, by its place after the marks.
async fn sort_by(device: &Device, column: usize) -> Result<()> {
    device.click_css(&format!(".table-head > :nth-child({}) > .sort", column + 1)).await
}

async fn press(device: &Device, keys: impl Into<TypingData>) -> Result<()> {
    device.driver().active_element().await?.send_keys(keys).await.map_err(Into::into)
}

#[tokio::test]
async fn every_page_is_one_click_away() -> Result<()> {
    let (_server, device) = at_desk().await?;
    let pages = [
        ("nav-lots", "lots-page"),
        ("nav-report", "report-page"),
        ("nav-settings", "settings-page"),
        ("nav-transfer", "transfer"),
        ("nav-stock", "product-list"),
        ("nav-inbox", "inbox-page"),
    ];
    device.open("/").await?;
    for (link, page) in pages {
        device.click(link).await?;
        device.find(page).await?;
        let current = format!("return document.querySelector('[data-test={link}]').ariaCurrent");
        ensure!(device.script(&current).await? == "page", "{link} is not the current one");
    }
    device.resize(PHONE).await?;
    let links = "return document.querySelectorAll('.navigation-entry').length === 5";
    device.wait_for_script("a phone's five links", links).await
}

#[tokio::test]
async fn the_stock_table_is_sorted_and_marked_and_a_pane_shows_a_product_beside_it() -> Result<()> {
    const ON_HAND: &str = "[data-test=row-on-hand]";
    let (server, device) = at_desk().await?;
    device.open("/stock").await?;
    device.find("row-on-hand").await?;
    sort_by(&device, 3).await?;
    let sorted = |descending: bool| {
        let order = if descending { "a >= b" } else { "a <= b" };
        format!(
            "const all = [...document.querySelectorAll('{ON_HAND}')].map((cell) => Number(cell.dataset.value));
             return all.length > 10 && all.slice(1).every((b, at) => {{ const a = all[at]; return {order}; }})"
        )
    };
    device.wait_for_script("the least first", &sorted(false)).await?;
    sort_by(&device, 3).await?;
    device.wait_for_script("the most first", &sorted(true)).await?;
    let most = server.number(
        "SELECT max(total) FROM (SELECT sum(quantity) AS total FROM inventory_lots
         WHERE status = 'available' AND (expires_on IS NULL OR expires_on >= date('now')) GROUP BY product_id)",
    )?;
    ensure!(numbers(&device, ON_HAND).await?.first() == Some(&most), "{most} is the most there is");

    // By keys alone: into the table, mark two, open the third.
    device.click("search").await?;
    press(&device, Key::Down + "").await?;
    press(&device, " ").await?;
    press(&device, Key::Down + " ").await?;
    device.wait_for_text("marks-bar", "2 selected").await?;
    press(&device, Key::Down + "").await?;
    press(&device, Key::Enter + "").await?;
    device.find("on-hand").await?;
    device.wait_for_text("marks-bar", "2 selected").await?;
    let beside = "const [table, pane] = ['.product-table', '.detail'].map((part) => document.querySelector(part).getBoundingClientRect());
        return table.right <= pane.left && pane.right <= innerWidth && pane.width > 300
            && document.querySelector('.table-row:nth-child(3) [aria-current]') !== null";
    device.wait_for_script("the third product beside the table", beside).await?;
    // A narrower list has no marks on rows that it does not show.
    device.fill("[data-test=search]", "rice").await?;
    device
        .wait_for_script(
            "no hidden marks",
            "const rows = [...document.querySelectorAll('[data-test=product-row]')];
             const marked = rows.filter((row) => row.ariaSelected === 'true').length;
             return rows.length < 10 && (document.querySelector('[data-test=marks-bar]')?.innerText.includes(`${marked} selected`) ?? marked === 0)",
        )
        .await?;
    device.click_css("[data-test=mark-all]").await?;
    device
        .wait_for_script(
            "all that are shown",
            "const rows = [...document.querySelectorAll('[data-test=product-row]')];
             return rows.length > 0 && rows.every((row) => row.ariaSelected === 'true')",
        )
        .await
}

#[tokio::test]
async fn marked_lots_are_transferred_whole() -> Result<()> {
    let (_server, device) = at_desk().await?;
    device.open("/lots").await?;
    device.find("survey-lot").await?;
    sort_by(&device, 6).await?;
    sort_by(&device, 6).await?;
    let descending = "const all = [...document.querySelectorAll('.lot-table .row b')].map((cell) => Number(cell.dataset.value));
        return all.length > 10 && all.slice(1).every((b, at) => all[at] >= b)";
    device.wait_for_script("the most first", descending).await?;
    let here = numbers(&device, ".lot-table .row b").await?;
    for row in [1, 2] {
        device.click_css(&format!(".lot-table .row:nth-child({row}) [data-test=mark]")).await?;
    }
    // A row opens its product beside the table, at that lot.
    device.click_css(".lot-table .row:nth-child(4) .row-link").await?;
    device.find("on-hand").await?;
    ensure!(device.count("lot-list").await? == 1, "the table stays");
    device.click("marked-transfer").await?;
    device.find("transfer-line").await?;
    let whole = "return [...document.querySelectorAll('[data-test=line-quantity] b')].length === 2 && location.search === ''";
    device.wait_for_script("two lines", whole).await?;
    let said = device.script("return [...document.querySelectorAll('[data-test=line-quantity] b')].map((b) => Number(b.innerText.replace(/,/g, '')))").await?;
    let mut said: Vec<i64> = said
        .as_array()
        .context("a list")?
        .iter()
        .filter_map(Value::as_f64)
        .map(|n| (n * 1_000.0) as i64)
        .collect();
    said.sort_unstable_by(|a, b| b.cmp(a));
    ensure!(said == here[..2], "{said:?} instead of {:?}", &here[..2]);
    // The address is short again: a reload adds nothing.
    device.driver().refresh().await?;
    device.find("transfer-line").await?;
    ensure!(device.count("transfer-line").await? == 2);
    Ok(())
}

/// Holds back the timer that the catalogue's load begins with. The clock stands still meanwhile, so that its time is whole.
const CATALOGUE_LOADS_LATE: &str = "
    const [began, now] = [Date.now(), Date.now.bind(Date)];
    Date.now = () => (performance.now() < 3000 ? began : now());
    const real = window.setTimeout;
    window.setTimeout = (callback, delay, ...rest) => real(callback, delay === 400 ? 4400 : delay, ...rest);";

#[tokio::test]
async fn lots_get_their_names_when_the_catalogue_loads_after_them() -> Result<()> {
    network::up()?;
    // More products than are read before the first paint.
    let mut products = "sku,barcode,name,unit,price_minor,currency\n".to_owned();
    let mut lots = "sku,lot_code,location,quantity\n".to_owned();
    for number in 0..300 {
        products += &format!("MANY-{number},,Washer {number},each,5,EUR\n");
        lots += &format!("MANY-{number},L-{number},A-1,5\n");
    }
    let server = Server::with_demo_and(&products, &lots, |_| Ok(()))?;
    let device = Device::enrolled(&server).await?;
    device.resize(OFFICE).await?;
    device.find("product-row").await?;
    device.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": CATALOGUE_LOADS_LATE })).await?;
    device.open("/lots").await?;
    device.find("survey-lot").await?;
    let named = "const names = [...document.querySelectorAll('.lot-table [data-test=row-name]')];
        const nameless = names.filter((name) => name.textContent === '').map((name) => name.closest('a').ariaLabel);";
    let nameless = device.script(&format!("{named} return nameless")).await?;
    let nameless = nameless.as_array().context("a list")?;
    ensure!(!nameless.is_empty(), "the catalogue was not late");
    ensure!(
        nameless.iter().all(|label| label.as_str().is_some_and(|label| !label.is_empty())),
        "{nameless:?}"
    );
    device
        .wait_for_script("the names", &format!("{named} return names.length > 0 && nameless.length === 0"))
        .await
}
