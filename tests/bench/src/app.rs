//! Drives the real app in a browser: installs, enrols and fills it, so that it can be measured as people use
//! it.

use anyhow::{Context, Result};
use serde_json::json;

use crate::chromium::Chromium;
use crate::server_process::ServerProcess;

/// Viewport of a phone in portrait, in CSS pixels.
const SCREEN: (u32, u32) = (390, 844);
/// Script: whether the stored cursor says that the snapshot is complete.
const IS_COMPLETE: &str = "
    const opened = indexedDB.open('lotbook');
    const database = await new Promise((resolve) => { opened.onsuccess = () => resolve(opened.result); });
    const read = database.transaction('meta').objectStore('meta').get('cursor');
    const cursor = await new Promise((resolve) => { read.onsuccess = () => resolve(read.result); });
    database.close();
    return Boolean(cursor) && Boolean(JSON.parse(cursor).live);";
/// Script: `painted(isThere, then)` calls `then` with the time of the first frame after `isThere()` is true.
pub(crate) const PAINTED: &str = "
    const painted = (isThere, then) => {
        const look = () => {
            if (!isThere()) return requestAnimationFrame(look);
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = () => then(performance.now());
            port2.postMessage(null);
        };
        requestAnimationFrame(look);
    };
    const reads = (selector, text) => document.querySelector(selector)?.textContent.includes(text);";

/// Sets the size of the page in the browser's tab.
///
/// # Errors
/// When the browser refuses it.
pub(crate) async fn resize(browser: &Chromium) -> Result<()> {
    let (width, height) = SCREEN;
    let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    browser.cdp("Emulation.setDeviceMetricsOverride", size).await.map(drop)
}

/// Opens an enrolment link and waits until every row is stored and the worker can serve the app offline.
///
/// # Errors
/// When one of these takes too long.
pub(crate) async fn install(browser: &Chromium, server: &ServerProcess) -> Result<()> {
    install_from(browser, &server.enrolment_link(&server.app_origin())?).await
}

/// Like [`install`], with a given link.
///
/// # Errors
/// When one of these takes too long.
pub(crate) async fn install_from(browser: &Chromium, link: &str) -> Result<()> {
    resize(browser).await?;
    browser.open(link).await?;
    browser.click("[data-test=enrol-submit]").await?;
    let is_enrolled = "return document.querySelector('[data-test=welcome-page]') !== null";
    browser.wait_for("the first steps", is_enrolled).await?;
    browser.click("[data-test=nav-stock]").await?;
    browser
        .wait_for("the first rows", "return document.querySelector('[data-test=product-row]') !== null")
        .await?;
    browser.wait_for("the whole snapshot", IS_COMPLETE).await?;
    let controlled = "return navigator.serviceWorker.controller !== null";
    browser.wait_for("the service worker", controlled).await.context("installing the app").map(drop)
}

/// Number of rows in the app's default scope: all products, and available lots.
///
/// # Errors
/// When the database cannot be read.
pub(crate) fn rows_in_scope(server: &ServerProcess) -> Result<i64> {
    server.number(
        "SELECT (SELECT count(*) FROM products) + (SELECT count(*) FROM inventory_lots WHERE status = 'available')",
    )
}
