//! Drives Lotbook's screens as a person uses them, and reads its queue from the database.

use std::time::{Duration, Instant};

use anyhow::Result;
use domain::Product;
use serde_json::Value;

use super::scene::Lot;
use super::subject::Word;
use super::verdict::Marker;
use crate::app;
use crate::chromium::Chromium;

/// Timeout for the app to say whether a save succeeded; longer than another tab's transaction may block it.
const WORD_TIMEOUT: Duration = Duration::from_secs(90);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// Script: the result of the last save as shown on the screen (`saved`, `failed` or null).
const SAID: &str = "
    const saved = [...document.querySelectorAll('[data-test=toast]')]
        .some((toast) => toast.textContent.includes('Saved on this device'));
    return saved ? 'saved' : document.querySelector('[data-test=save-failure]') ? 'failed' : null;";
/// Script: the queue's picks by quantity; 0 for any other mutation.
pub(super) const HELD: &str = "
    const opened = indexedDB.open('lotbook');
    const database = await new Promise((resolve) => { opened.onsuccess = () => resolve(opened.result); });
    const read = database.transaction('mutation_queue').objectStore('mutation_queue').getAll();
    const values = await new Promise((resolve) => { read.onsuccess = () => resolve(read.result); });
    database.close();
    const held = { pending: [], attention: [] };
    for (const { record } of values) {
        const { mutation, state } = JSON.parse(record);
        // Without a reason a person cannot settle it, so it counts as pending.
        const isShown = Boolean(state.attention?.message);
        held[isShown ? 'attention' : 'pending'].push(mutation.action.pick_lot?.quantity ?? 0);
    }
    return held;";

pub(super) async fn install(browser: &Chromium, link: &str) -> Result<()> {
    app::install_from(browser, link).await
}

pub(super) async fn open(browser: &Chromium, origin: &str) -> Result<()> {
    app::resize(browser).await?;
    browser.open(&format!("{origin}/sync")).await?;
    browser
        .wait_for("the app", "return document.querySelector('[data-test=work-offline]') !== null")
        .await
        .map(drop)
}

pub(super) async fn save(browser: &Chromium, origin: &str, lot: &Lot, marker: Marker) -> Result<Word> {
    let product = lot.at.product_id;
    browser.open(&format!("{origin}/product/{product}/work/pick?lot={}", lot.id)).await?;
    browser.fill("[data-test=quantity]", &format!("0.{marker:03}")).await?;
    press_save(browser).await
}

pub(super) async fn save_product(browser: &Chromium, origin: &str, product: &Product) -> Result<Word> {
    browser.open(&format!("{origin}/product/new")).await?;
    let Product { sku, name, unit, .. } = product;
    for (field, text) in [("sku", sku.as_str()), ("name", name), ("unit", unit), ("price", "1.00")] {
        browser.fill(&format!("[data-test={field}]"), text).await?;
    }
    press_save(browser).await
}

/// Presses the save button and waits for the result on the screen.
async fn press_save(browser: &Chromium) -> Result<Word> {
    browser.click("[data-test=save]").await?;
    let deadline = Instant::now() + WORD_TIMEOUT;
    while Instant::now() < deadline {
        let said = browser.script(SAID).await.unwrap_or(Value::Null);
        if !said.is_null() {
            return Ok(if said == "saved" { Word::Saved } else { Word::NotSaved });
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(Word::Silence)
}

pub(super) async fn sign_in(browser: &Chromium, link: &str) -> Result<()> {
    browser.open(link).await?;
    browser.click("[data-test=enrol-submit]").await?;
    let is_enrolled = "return document.querySelector('[data-test=welcome-page]') !== null";
    browser.wait_for("the first steps", is_enrolled).await?;
    browser.click("[data-test=nav-stock]").await?;
    let is_done = "return document.querySelector('[data-test=product-row]') !== null";
    browser.wait_for("the stock list", is_done).await.map(drop)
}

/// Checks for the new build, accepts it, and waits until page and worker run it.
pub(super) async fn upgrade(browser: &Chromium) -> Result<()> {
    browser.script("window.isOldPage = true; (await navigator.serviceWorker.ready).update()").await?;
    browser.click("[data-test=apply-update]").await?;
    let is_loaded = "return window.isOldPage !== true && document.readyState === 'complete'";
    browser.wait_for("the new page", is_loaded).await?;
    let is_new = "return (await caches.keys()).every((name) => name.includes('feed'))";
    browser.wait_for("only the new build's cache", is_new).await.map(drop)
}
