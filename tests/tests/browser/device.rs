//! One device: a Chromium with a profile of its own, driven over WebDriver.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{Chromium, Launch};
use thirtyfour::prelude::*;

/// Longest wait for a page. A person would give up by then.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Time between two keys of a person.
const TYPING: Duration = Duration::from_millis(150);
/// A phone in upright position.
pub(crate) const PHONE: (u32, u32) = (390, 844);
/// A desktop window.
pub(crate) const DESKTOP: (u32, u32) = (1280, 800);

/// A running browser. Its profile outlives it, so that it can be killed and started again.
pub(crate) struct Device {
    browser: Chromium,
    profile: TempDir,
    origin: String,
    /// Arguments of this browser besides those of every browser.
    arguments: Vec<String>,
}

impl Device {
    /// A new device with an empty profile, showing nothing.
    pub(crate) async fn new(origin: &str) -> Result<Self> {
        Self::with_arguments(origin, Vec::new()).await
    }

    /// A new device whose browser has further arguments.
    pub(crate) async fn with_arguments(origin: &str, arguments: Vec<String>) -> Result<Self> {
        Self::with_profile(origin, TempDir::new()?, arguments).await
    }

    /// A new device that has been enrolled and has everything on it.
    pub(crate) async fn enrolled(server: &crate::server::Server) -> Result<Self> {
        let device = Self::new(&server.origin()).await?;
        device.resize(PHONE).await?;
        device.enrol(server).await?;
        Ok(device)
    }

    /// Like [`Self::enrolled`], at a site with people: the device asks who works on it.
    pub(crate) async fn enrolled_where_people_are(server: &crate::server::Server) -> Result<Self> {
        let device = Self::new(&server.origin()).await?;
        device.resize(PHONE).await?;
        device.driver().goto(server.enrolment_link()?).await?;
        device.click("enrol-submit").await?;
        device.find("welcome-page").await?;
        device.wait_for_worker().await?;
        device.open("/stock").await?;
        let synced = "return document.querySelector('[data-test=who-page]') !== null
            && document.querySelector('[data-test=last-sync]').innerText.startsWith('Synced')";
        device.wait_for_script("the first sync", synced).await?;
        device.wait_for_worker().await?;
        Ok(device)
    }

    /// Follows a new enrolment link, and waits for the first sync.
    pub(crate) async fn enrol(&self, server: &crate::server::Server) -> Result<()> {
        self.enrol_by(&server.enrolment_link()?).await
    }

    /// Follows an enrolment link, and waits for the first sync.
    pub(crate) async fn enrol_by(&self, link: &str) -> Result<()> {
        self.driver().goto(link).await?;
        self.click("enrol-submit").await?;
        self.find("welcome-page").await?;
        // A page that is loaded while the worker starts may stay without it until the next load.
        self.wait_for_worker().await?;
        self.open("/stock").await?;
        self.wait_for_script(
            "the first sync",
            // Products come before their lots: only a sync that ended has all.
            "return document.querySelectorAll('[data-test=product-row]').length > 3
                && document.querySelector('[data-test=last-sync]').innerText.startsWith('Synced')",
        )
        .await?;
        self.wait_for_worker().await
    }

    async fn with_profile(origin: &str, profile: TempDir, arguments: Vec<String>) -> Result<Self> {
        let chromedriver = std::env::var_os("CHROMEDRIVER").map(PathBuf::from);
        let chromium = std::env::var_os("CHROMIUM").map(PathBuf::from);
        let browser = Chromium::start(Launch {
            chromium: chromium.as_deref(),
            chromedriver: &chromedriver.context("CHROMEDRIVER is not set: use `cargo xtask test`")?,
            profile: profile.path(),
            arguments: &arguments,
        })
        .await?;
        Ok(Self { browser, profile, origin: origin.to_owned(), arguments })
    }

    pub(crate) fn driver(&self) -> &WebDriver {
        self.browser.driver()
    }

    /// Goes to a path of the app.
    pub(crate) async fn open(&self, path: &str) -> Result<()> {
        Ok(self.driver().goto(format!("{}{path}", self.origin)).await?)
    }

    /// Sets the size of the page.
    pub(crate) async fn resize(&self, (width, height): (u32, u32)) -> Result<()> {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.cdp("Emulation.setDeviceMetricsOverride", size).await.map(drop)
    }

    /// Sends a command of the DevTools protocol.
    pub(crate) async fn cdp(&self, method: &str, parameters: Value) -> Result<Value> {
        Ok(self.driver().cdp().send_raw(method, parameters).await?)
    }

    /// Runs a script's body and returns what it returns.
    pub(crate) async fn script(&self, body: &str) -> Result<Value> {
        Ok(self.driver().execute(body, Vec::new()).await?.json().clone())
    }

    /// Waits until a script's body returns something true.
    pub(crate) async fn wait_for_script(&self, what: &str, body: &str) -> Result<()> {
        self.wait_with(PATIENCE, what, body).await
    }

    /// Waits for a script's body to return something true, for as long as `patience`.
    pub(crate) async fn wait_with(&self, patience: Duration, what: &str, body: &str) -> Result<()> {
        let deadline = Instant::now() + patience;
        loop {
            let found = self.script(body).await.unwrap_or(Value::Null);
            if !matches!(found, Value::Null | Value::Bool(false)) {
                return Ok(());
            }
            if Instant::now() > deadline {
                let text = self.script("return document.body.innerText").await?;
                let picture = self.screenshot_to(&std::env::temp_dir(), "lotbook-timeout").await?;
                bail!("waited in vain for {what}; see {}; the page reads: {text}", picture.display());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Waits for the first visible element with this `data-test`.
    pub(crate) async fn find(&self, test: &str) -> Result<WebElement> {
        self.find_css(&format!("[data-test='{test}']")).await
    }

    /// Waits for the first element that matches a selector.
    pub(crate) async fn find_css(&self, selector: &str) -> Result<WebElement> {
        let quoted = json!(selector);
        let is_there = format!("return document.querySelector({quoted}) !== null");
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.wait_for_script(selector, &is_there).await?;
            // An element that is being drawn anew is gone for a moment.
            match self.driver().find(By::Css(selector)).await {
                Err(_) if Instant::now() < deadline => {}
                found => return Ok(found?),
            }
        }
    }

    /// Clicks the first element with this `data-test`, once it is there and can be clicked.
    pub(crate) async fn click(&self, test: &str) -> Result<()> {
        self.click_css(&format!("[data-test='{test}']")).await
    }

    /// Clicks the first element that matches a selector. Clicks again where the click did not reach it.
    pub(crate) async fn click_css(&self, selector: &str) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.try_click(selector).await {
                Ok(()) => return Ok(()),
                Err(error) if Instant::now() > deadline => {
                    let picture = self.screenshot_to(&std::env::temp_dir(), "lotbook-click").await?;
                    return Err(error)
                        .with_context(|| format!("clicking {selector}; see {}", picture.display()));
                }
                Err(_) => self.scroll_to(selector).await?,
            }
        }
    }

    /// Clicks once. The driver looks for an element's place first and clicks there afterwards: an element that is drawn
    /// anew or moved in between, as by a notice that appears above it, gets no click.
    async fn try_click(&self, selector: &str) -> Result<()> {
        let element = self.find_css(selector).await?;
        let watch = format!(
            "window.isReached = false;
             addEventListener('click', ({{ target }}) => {{ window.isReached = target.closest?.({}) !== null; }},
                 {{ capture: true, once: true }})",
            json!(selector)
        );
        self.script(&watch).await?;
        element.click().await?;
        // A page that the click has left says nothing.
        let is_reached = self.script("return window.isReached").await.unwrap_or(Value::Null);
        ensure!(is_reached != false, "the click does not reach {selector}");
        Ok(())
    }

    /// Scrolls to an element, which may lie below the page's main button.
    async fn scroll_to(&self, selector: &str) -> Result<()> {
        let quoted = json!(selector);
        let body = format!("document.querySelector({quoted})?.scrollIntoView({{ block: 'center' }})");
        self.script(&body).await?;
        tokio::time::sleep(LOOK_AGAIN).await;
        Ok(())
    }

    /// The text of the first element with this `data-test`.
    pub(crate) async fn text(&self, test: &str) -> Result<String> {
        self.find(test).await?;
        let body = format!("return document.querySelector(\"[data-test='{test}']\").innerText");
        Ok(self.script(&body).await?.as_str().unwrap_or_default().trim().to_owned())
    }

    /// Waits until the first element with this `data-test` contains a text.
    pub(crate) async fn wait_for_text(&self, test: &str, text: &str) -> Result<()> {
        let quoted = json!(text);
        let body = format!(
            "return [...document.querySelectorAll(\"[data-test='{test}']\")].some(e => e.innerText.includes({quoted}))"
        );
        self.wait_for_script(&format!("{text:?} in {test}"), &body).await
    }

    /// Elements with this `data-test`.
    pub(crate) async fn count(&self, test: &str) -> Result<usize> {
        Ok(self.driver().find_all(By::Css(format!("[data-test='{test}']"))).await?.len())
    }

    /// Replaces the text of a field.
    pub(crate) async fn fill(&self, selector: &str, text: &str) -> Result<()> {
        self.click_css(selector).await?;
        let field = self.find_css(selector).await?;
        field.send_keys(Key::Control + "a").await?;
        field.send_keys(text).await?;
        Ok(())
    }

    /// Types into a field as slowly as a person does, so that it is not taken for a scan.
    pub(crate) async fn type_by_hand(&self, selector: &str, text: &str) -> Result<()> {
        self.click_css(selector).await?;
        let field = self.find_css(selector).await?;
        for char in text.chars() {
            field.send_keys(char.to_string()).await?;
            tokio::time::sleep(TYPING).await;
        }
        Ok(())
    }

    /// Waits until the service worker controls the page, so that it works offline.
    pub(crate) async fn wait_for_worker(&self) -> Result<()> {
        self.wait_for_script("the service worker", "return navigator.serviceWorker.controller !== null").await
    }

    /// Writes a picture of the page and returns its path.
    pub(crate) async fn screenshot_to(&self, folder: &Path, name: &str) -> Result<PathBuf> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join(format!("{name}.png"));
        std::fs::write(&path, self.driver().screenshot_as_png().await?)?;
        Ok(path)
    }

    /// Leaves the browser running without any page of the app.
    pub(crate) async fn close_pages(&self) -> Result<()> {
        let driver = self.driver();
        let blank = driver.new_tab().await?;
        for window in driver.windows().await? {
            if window != blank {
                driver.switch_to_window(window).await?;
                driver.close_window().await?;
            }
        }
        driver.switch_to_window(blank).await?;
        self.resize(PHONE).await
    }

    /// Kills the browser with all its processes at once, and starts it again on the same profile.
    pub(crate) async fn kill_and_restart(self) -> Result<Self> {
        let Self { browser, profile, origin, arguments } = self;
        browser.kill()?;
        drop(std::fs::remove_file(profile.path().join("SingletonLock")));
        Self::with_profile(&origin, profile, arguments).await
    }
}
