//! Handhelds, large text and paper: an operation is seen at once, a toast covers no part of it, and nothing is cut off or
//! broken.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::device::{DESKTOP, Device};
use crate::goods::Goods;
use crate::network;
use crate::scanner::scan;
use crate::server::Server;
use crate::targets::set_text;
use crate::touch;

const SCRIPT: &str = include_str!("small_screens.js");
/// A handheld in upright position, a phone, and a handheld on its side.
const HANDHELD: (u32, u32) = (360, 640);
const PHONE: (u32, u32) = (390, 844);
const ON_ITS_SIDE: (u32, u32) = (640, 360);
/// Height of a toast of one line.
const ONE_LINE_PX: f64 = 56.0;
/// Longest time for lots and stock to come from the device into a page that is drawn.
const SETTLING: Duration = Duration::from_secs(3);
/// A code that no product has.
const UNKNOWN: &str = "4006381333931";

async fn begun() -> Result<(Server, Device, Goods)> {
    network::up()?;
    let server = Server::with_demo()?;
    let device = Device::enrolled(&server).await?;
    touch::begin(&device).await?;
    let goods = Goods::stocked(&server, 0)?;
    Ok((server, device, goods))
}

/// Goes to a page as a link in the app does, without loading the app again.
async fn follow(device: &Device, path: &str) -> Result<()> {
    let link = format!(
        "const link = document.createElement('a');
         link.href = '{path}';
         document.querySelector('.shell').append(link);
         link.click();
         link.remove();"
    );
    device.script(&link).await.map(drop)
}

/// Fails with the list that a script returns, unless it is empty once the page has settled.
async fn ensure_none(device: &Device, what: &str, body: &str) -> Result<()> {
    let deadline = Instant::now() + SETTLING;
    loop {
        let found = device.script(body).await?;
        let found = found.as_array().with_context(|| format!("{what}: no list"))?;
        if found.is_empty() {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{what}: {found:?}");
        tokio::time::sleep(SETTLING / 10).await;
    }
}

/// Fails if text of this size breaks a word of the page or loses a tab.
async fn ensure_whole(device: &Device, what: &str, text_percent: u32) -> Result<()> {
    set_text(device, text_percent).await?;
    ensure_none(device, what, &format!("{SCRIPT}\nreturn [...lostTabs(), ...brokenWords()]")).await
}

/// The parts of an operation that are not whole on the screen, or that something lies over.
const HIDDEN: &str = "
    const parts = ['.page-head h1', '.lot-banner-text strong, .new-lot', '#to', '#quantity', '.keypad', '[data-test=save]'];
    const shown = parts.map((part) => document.querySelector(part)).filter((part) => part);
    const hidden = (part) => {
        const { left, top, right, bottom } = part.getBoundingClientRect();
        if (left < 0 || top < 0 || right > innerWidth || bottom > innerHeight) return true;
        const middle = (left + right) / 2;
        return [top + 3, bottom - 3].some((y) => {
            const over = document.elementFromPoint(middle, y);
            return !part.contains(over) && !over?.contains(part);
        });
    };
    if (shown.length < 5) return ['parts are missing'];
    return shown.filter(hidden).map((part) => `${part.className || part.id} at ${JSON.stringify(part.getBoundingClientRect())}`);";

#[tokio::test]
async fn a_whole_operation_is_on_a_handheld_at_once() -> Result<()> {
    let (_server, device, goods) = begun().await?;
    for (size, works) in [
        (HANDHELD, &["pick", "move", "put-away", "count", "adjust", "receive"][..]),
        (PHONE, &["pick", "move", "put-away", "count", "adjust", "receive"][..]),
        (ON_ITS_SIDE, &["pick", "move", "count"][..]),
    ] {
        device.resize(size).await?;
        for work in works {
            // From a page that is scrolled, as a person comes.
            device.open(&format!("/product/{}", goods.id)).await?;
            device.find("on-hand").await?;
            device
                .script("document.querySelectorAll('.main, .detail').forEach((part) => part.scrollTop = 400)")
                .await?;
            follow(&device, &format!("/product/{}/work/{work}", goods.id)).await?;
            device.find("work-form").await?;
            ensure_none(&device, &format!("{work} at {size:?}"), HIDDEN).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn one_tap_takes_all_that_is_expected_on_a_handheld() -> Result<()> {
    let (_server, device, _) = begun().await?;
    device.resize(HANDHELD).await?;
    device.open("/work/receive").await?;
    device.click("delivery").await?;
    device.click_css("[data-test=delivery-line] a").await?;
    device.find("work-form").await?;
    let expected = device.text("take-expected").await?;
    let number = expected.strip_suffix(" expected").context("a number and the word")?.to_owned();
    ensure_none(&device, "receiving what is expected", HIDDEN).await?;
    device.click("take-expected").await?;
    let is_taken = format!("return document.querySelector('[data-test=quantity]').value === '{number}'");
    device.wait_for_script("all of it", &is_taken).await
}

#[tokio::test]
async fn a_toast_is_one_line_over_no_part_of_the_page() -> Result<()> {
    let (_server, device, goods) = begun().await?;
    for size in [HANDHELD, PHONE, ON_ITS_SIDE] {
        device.resize(size).await?;
        goods.pick_one(&device).await?;
        follow(&device, "/work/move").await?;
        device.find("start").await?;
        scan(&device, UNKNOWN).await?;
        device.wait_for_text("toast", "Unknown code").await?;
        let boxes = device
            .script(
                "const toasts = [...document.querySelectorAll('.toast')].filter((toast) => toast.checkVisibility());
                 const [toast] = toasts.map((toast) => { toast.getAnimations().forEach((one) => one.finish()); return toast.getBoundingClientRect(); });
                 return { count: toasts.length, height: toast.height, bottom: toast.bottom,
                     page: document.querySelector('.main').getBoundingClientRect().top }",
            )
            .await?;
        let of = |name: &str| boxes.get(name).and_then(Value::as_f64).with_context(|| name.to_owned());
        ensure!(of("count")? == 1.0, "{boxes} at {size:?}");
        ensure!(of("height")? <= ONE_LINE_PX, "more than a line: {boxes} at {size:?}");
        ensure!(of("bottom")? <= of("page")? + 1.0, "it lies over the page: {boxes} at {size:?}");
    }
    Ok(())
}

/// Keeps the shares of the screen that flashes take, in percent: they are gone in a second.
const WATCH_FLASHES: &str = "
    window.flashes = [];
    new MutationObserver(() => {
        const flash = document.querySelector('.flash');
        if (!flash) return;
        const { width, height } = flash.getBoundingClientRect();
        window.flashes.push(100 * width * height / innerWidth / innerHeight);
    }).observe(document.body, { childList: true, subtree: true });";

#[tokio::test]
async fn only_a_small_screen_flashes_as_a_whole() -> Result<()> {
    let (_server, device, goods) = begun().await?;
    for (size, is_whole) in [(HANDHELD, true), (DESKTOP, false)] {
        device.resize(size).await?;
        device.open(&format!("/product/{}/work/move", goods.id)).await?;
        device.find("work-form").await?;
        device.script(WATCH_FLASHES).await?;
        scan(&device, UNKNOWN).await?;
        device.wait_for_script("a flash", "return window.flashes.length > 0").await?;
        let percent =
            device.script("return Math.max(...window.flashes)").await?.as_f64().context("a share")?;
        ensure!((percent > 90.0) == is_whole, "{percent} % at {size:?}");
    }
    Ok(())
}

#[tokio::test]
async fn text_twice_as_large_breaks_no_word_and_loses_no_tab() -> Result<()> {
    let (_server, device, goods) = begun().await?;
    let product = format!("/product/{}", goods.id);
    let paths = ["/", "/stock", "/lots", "/report", "/sync", "/settings", "/inbox"].map(str::to_owned);
    let works = ["move", "receive", "count"].map(|work| format!("{product}/work/{work}"));
    let history = format!("{product}/history");
    for size in [HANDHELD, PHONE] {
        device.resize(size).await?;
        for path in paths.iter().chain(&works).chain([&product, &history]) {
            device.open(path).await?;
            device.find_css("h1").await?;
            ensure_whole(&device, &format!("{path} at {size:?}"), 200).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn german_tiles_and_tabs_are_whole() -> Result<()> {
    let (_server, device, _) = begun().await?;
    device.script("localStorage.setItem('lotbook.language', 'de')").await?;
    for size in [HANDHELD, PHONE] {
        device.resize(size).await?;
        device.open("/").await?;
        device.wait_for_text("tile-receive", "Wareneingang").await?;
        for percent in [100, 200] {
            ensure_whole(&device, &format!("{percent} % at {size:?}"), percent).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn paper_has_all_rows_of_the_long_lists() -> Result<()> {
    let (_server, device, _) = begun().await?;
    device.resize(DESKTOP).await?;
    for (path, row) in [("/stock", "product-row"), ("/lots", "survey-lot")] {
        device.cdp("Emulation.setEmulatedMedia", json!({ "media": "" })).await?;
        device.open(path).await?;
        device.find(row).await?;
        device.cdp("Emulation.setEmulatedMedia", json!({ "media": "print" })).await?;
        let has_all = format!(
            "const rows = [...document.querySelectorAll('[data-test={row}]')];
             const boxes = rows.map((row) => row.getBoundingClientRect());
             const list = document.querySelector('[data-total]');
             return rows.length === Number(list.dataset.total) && rows.length > 30
                 && rows.every((row) => row.checkVisibility() && row.querySelector('.row-quantity b, .number-cell b'))
                 && boxes.every((box, at) => at === 0 || box.top >= boxes[at - 1].bottom - 1)
                 && [list, document.querySelector('.main')].every((part) => part.scrollHeight <= part.clientHeight + 1)"
        );
        device.wait_for_script(&format!("all rows of {path}"), &has_all).await?;
        device.cdp("Emulation.setEmulatedMedia", json!({ "media": "" })).await?;
        let is_back = format!(
            "return document.querySelectorAll('[data-test={row}]').length < Number(document.querySelector('[data-total]').dataset.total)"
        );
        device.wait_for_script("the rows of the screen", &is_back).await?;
    }
    Ok(())
}
