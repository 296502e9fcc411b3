//! Drives a peer's page. Its script sets `subject`: `ready` once started, `save(action)`, `held()` and
//! `signedIn()`.

use std::time::{Duration, Instant};

use anyhow::Result;
use domain::Action;
use serde_json::json;

use super::scene::{Lot, pick};
use super::subject::Word;
use super::verdict::Marker;
use crate::chromium::Chromium;
use crate::stage::enrol_here;

/// Timeout for the subject to say whether a save succeeded.
const WORD_TIMEOUT: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// Script: the mutations that the subject holds.
pub(super) const HELD: &str = "return await subject.held();";

pub(super) async fn install(browser: &Chromium, link: &str, name: &str) -> Result<()> {
    let (origin, code) = link.split_once("/enrol/").unwrap_or((link, ""));
    browser.open(&format!("{origin}/manifest.json")).await?;
    enrol_here(browser, code).await?;
    open(browser, origin, name).await
}

pub(super) async fn open(browser: &Chromium, origin: &str, name: &str) -> Result<()> {
    browser.open(&format!("{origin}/bench/faults-{name}.html")).await?;
    browser.wait_for("the peer's page", "return globalThis.subject?.ready === true").await.map(drop)
}

pub(super) async fn save(browser: &Chromium, lot: &Lot, marker: Marker) -> Result<Word> {
    save_action(browser, &pick(lot, marker)).await
}

/// Lets the subject save an action and returns what it reports.
///
/// # Errors
/// When the page does not answer.
pub(super) async fn save_action(browser: &Chromium, action: &Action) -> Result<Word> {
    let action = json!(action);
    // Not awaited: some peers report a save only once it is sent, which may never happen.
    let script = format!(
        "globalThis.word = null;
         subject.save({action}).then((saved) => {{ word = saved ? 'saved' : 'failed'; }},
             (error) => {{ word = String(error); }});"
    );
    browser.script(&script).await?;
    let deadline = Instant::now() + WORD_TIMEOUT;
    while Instant::now() < deadline {
        let word = browser.script("return globalThis.word").await?;
        if !word.is_null() {
            return Ok(if word == "saved" { Word::Saved } else { Word::NotSaved });
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(Word::Silence)
}

pub(super) async fn sign_in(browser: &Chromium, link: &str) -> Result<()> {
    enrol_here(browser, link.rsplit('/').next().unwrap_or_default()).await?;
    browser.script("await subject.signedIn?.()").await.map(drop)
}

/// Updates the worker, if there is one, and reloads the page.
pub(super) async fn upgrade(browser: &Chromium, origin: &str, name: &str) -> Result<()> {
    browser.script("await (await navigator.serviceWorker.getRegistration())?.update()").await?;
    open(browser, origin, name).await
}
