//! One headless Chromium with a profile of its own, driven over WebDriver and the DevTools protocol.
//!
//! The profile outlives the browser, so that it can be started cold on what an earlier one stored. Long work in a page
//! runs as a job that is polled, so no command exceeds the driver's timeout.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{Launch, processes};
use thirtyfour::prelude::*;

use crate::settings::Settings;

const CRASH_TIMEOUT: Duration = Duration::from_secs(10);
const JOB_TIMEOUT: Duration = Duration::from_secs(30 * 60);
const WAIT_TIMEOUT: Duration = Duration::from_secs(180);
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Interval between two polls of a job, and of its memory use.
const JOB_POLL: Duration = Duration::from_millis(100);

/// A running browser.
pub(crate) struct Chromium {
    chromium: PathBuf,
    chromedriver: PathBuf,
    further_arguments: Vec<String>,
    profile: TempDir,
    running: Option<tests::Chromium>,
}

impl Chromium {
    /// Starts the browser on an empty profile.
    ///
    /// # Errors
    /// When the browser or its driver cannot be started.
    pub(crate) async fn start(settings: &Settings, further_arguments: &[&str]) -> Result<Self> {
        let mut browser = Self {
            chromium: settings.chromium.clone(),
            chromedriver: settings.chromedriver.clone(),
            further_arguments: further_arguments.iter().map(|&argument| argument.to_owned()).collect(),
            profile: TempDir::new().context("no folder for the browser's profile can be made")?,
            running: None,
        };
        browser.restart().await?;
        Ok(browser)
    }

    /// Quits the browser if it runs, and restarts it on the same profile.
    ///
    /// # Errors
    /// When the browser or its driver cannot be started.
    pub(crate) async fn restart(&mut self) -> Result<()> {
        self.quit().await;
        let chromium = Some(self.chromium.as_path()).filter(|chromium| chromium.components().count() > 1);
        let launch = Launch {
            // Only a path can be named to the driver; it finds a program on the PATH by itself.
            chromium,
            chromedriver: &self.chromedriver,
            profile: self.profile.path(),
            arguments: &self.further_arguments,
        };
        self.running = Some(tests::Chromium::start(launch).await?);
        Ok(())
    }

    /// Quits the browser, so that it writes its profile.
    pub(crate) async fn quit(&mut self) {
        if let Some(running) = self.running.take() {
            running.quit().await;
        }
    }

    fn driver(&self) -> Result<&WebDriver> {
        Ok(self.running.as_ref().context("the browser does not run")?.driver())
    }

    /// Goes to an address.
    ///
    /// # Errors
    /// When the page cannot be loaded.
    pub(crate) async fn open(&self, url: &str) -> Result<()> {
        self.driver()?.goto(url).await.with_context(|| format!("{url} cannot be opened"))
    }

    /// Goes to an address in a new tab, which has its own renderer process, and closes the previous tab.
    ///
    /// # Errors
    /// When the page cannot be loaded.
    pub(crate) async fn open_in_new_tab(&self, url: &str) -> Result<()> {
        let driver = self.driver()?;
        let new = driver.new_tab().await?;
        driver.close_window().await?;
        driver.switch_to_window(new).await?;
        self.open(url).await
    }

    /// Opens another tab and switches to it.
    ///
    /// # Errors
    /// When the browser refuses it.
    pub(crate) async fn new_tab(&self) -> Result<WindowHandle> {
        let driver = self.driver()?;
        let tab = driver.new_tab().await.context("no tab can be opened")?;
        driver.switch_to_window(tab.clone()).await?;
        Ok(tab)
    }

    /// The tab that commands go to.
    ///
    /// # Errors
    /// When it is gone.
    pub(crate) async fn tab(&self) -> Result<WindowHandle> {
        Ok(self.driver()?.window().await?)
    }

    /// Switches to another tab.
    ///
    /// # Errors
    /// When it is gone.
    pub(crate) async fn switch_to(&self, tab: &WindowHandle) -> Result<()> {
        Ok(self.driver()?.switch_to_window(tab.clone()).await?)
    }

    /// Crashes the process of the current tab, and switches to a new tab.
    ///
    /// # Errors
    /// When no new tab can be opened.
    pub(crate) async fn crash_tab(&self) -> Result<()> {
        // Opened first, because the driver executes no commands in a crashed tab.
        let doomed = self.tab().await?;
        let next = self.new_tab().await?;
        self.switch_to(&doomed).await?;
        // A crashed tab sends no answer.
        drop(tokio::time::timeout(CRASH_TIMEOUT, self.cdp("Page.crash", json!({}))).await);
        self.switch_to(&next).await
    }

    /// Runs a script's body, which may await, and returns its result.
    ///
    /// # Errors
    /// When the script throws.
    pub(crate) async fn script(&self, body: &str) -> Result<Value> {
        Ok(self.driver()?.execute(body, Vec::new()).await?.json().clone())
    }

    /// Sends a command of the DevTools protocol.
    ///
    /// # Errors
    /// When the browser refuses it.
    pub(crate) async fn cdp(&self, method: &str, parameters: Value) -> Result<Value> {
        self.driver()?.cdp().send_raw(method, parameters).await.with_context(|| format!("{method} failed"))
    }

    /// Runs this script before any other in every page that this tab loads.
    ///
    /// # Errors
    /// When the browser refuses it.
    pub(crate) async fn inject(&self, source: &str) -> Result<()> {
        self.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": source })).await.map(drop)
    }

    /// Frees what the page's scripts no longer use.
    ///
    /// # Errors
    /// When the browser refuses it.
    pub(crate) async fn collect_garbage(&self) -> Result<()> {
        self.cdp("HeapProfiler.collectGarbage", json!({})).await.map(drop)
    }

    /// Clicks the first element that a selector finds.
    ///
    /// # Errors
    /// When the element is not there.
    pub(crate) async fn click(&self, selector: &str) -> Result<()> {
        let deadline = Instant::now() + WAIT_TIMEOUT;
        loop {
            // The element may be redrawn before the click.
            let clicked = async {
                self.driver()?.find(By::Css(selector)).await?.click().await.map_err(anyhow::Error::from)
            };
            match clicked.await {
                Ok(()) => return Ok(()),
                Err(error) if Instant::now() > deadline => {
                    return Err(error).with_context(|| format!("{selector} cannot be clicked"));
                }
                Err(_) => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    }

    /// Replaces the value of a field.
    ///
    /// # Errors
    /// When the field is not there.
    pub(crate) async fn fill(&self, selector: &str, text: &str) -> Result<()> {
        self.click(selector).await?;
        let field = self.driver()?.find(By::Css(selector)).await?;
        field.send_keys(Key::Control + "a").await?;
        field.send_keys(text).await.with_context(|| format!("{selector} cannot be filled"))
    }

    /// Polls a script's body until it returns a truthy value, and returns that.
    ///
    /// # Errors
    /// After a timeout; the message ends with the page's text.
    pub(crate) async fn wait_for(&self, what: &str, body: &str) -> Result<Value> {
        let deadline = Instant::now() + WAIT_TIMEOUT;
        loop {
            // A page that is navigating cannot answer; the script is run again.
            let answer = self.script(body).await.unwrap_or(Value::Null);
            if !matches!(answer, Value::Null | Value::Bool(false)) {
                return Ok(answer);
            }
            if Instant::now() > deadline {
                let text =
                    self.script("return document.body.innerText.slice(0, 400)").await.unwrap_or(Value::Null);
                bail!("waited {} s in vain for {what}; the page reads: {text}", WAIT_TIMEOUT.as_secs());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Runs an async function's body in the page and returns its result.
    ///
    /// # Errors
    /// With the message of its exception, or after a timeout.
    pub(crate) async fn job(&self, body: &str) -> Result<Value> {
        Ok(self.observed_job(body, false).await?.0)
    }

    /// Like [`Self::job`], with the peak memory in bytes: the page's heap and, if the subject reports it, wasm
    /// memory.
    ///
    /// # Errors
    /// Like [`Self::job`].
    pub(crate) async fn measured_job(&self, body: &str) -> Result<(Value, f64)> {
        self.cdp("Performance.enable", json!({})).await?;
        self.observed_job(body, true).await
    }

    async fn observed_job(&self, body: &str, is_measured: bool) -> Result<(Value, f64)> {
        let start = format!(
            "globalThis.job = {{}};
             (async () => {{ {body} }})().then(
                 (value) => {{ job.value = value ?? null; }},
                 (error) => {{ job.error = String(error?.stack ?? error); }});"
        );
        self.script(&start).await?;
        let deadline = Instant::now() + JOB_TIMEOUT;
        let mut peak_bytes = 0.0_f64;
        loop {
            let state = self.script("return { job, wasm: await globalThis.subject?.wasmBytes?.() }").await?;
            if is_measured {
                let wasm_bytes = state["wasm"].as_f64().unwrap_or(0.0);
                peak_bytes = peak_bytes.max(self.heap_bytes().await? + wasm_bytes);
            }
            if let Some(error) = state["job"].get("error") {
                bail!("the page threw {}", error.as_str().unwrap_or_default());
            }
            if let Some(value) = state["job"].get("value") {
                return Ok((value.clone(), peak_bytes));
            }
            if Instant::now() > deadline {
                bail!("the page was not done after {} s", JOB_TIMEOUT.as_secs());
            }
            tokio::time::sleep(JOB_POLL).await;
        }
    }

    async fn heap_bytes(&self) -> Result<f64> {
        let answer = self.cdp("Performance.getMetrics", json!({})).await?;
        let metrics = answer["metrics"].as_array().map(Vec::as_slice).unwrap_or_default();
        let heap = metrics.iter().find(|metric| metric["name"] == "JSHeapUsedSize");
        heap.and_then(|heap| heap["value"].as_f64()).context("the browser does not say how large its heap is")
    }

    /// Peak memory of one renderer process in bytes, if available.
    pub(crate) fn renderer_peak_bytes(&self) -> Option<f64> {
        let driver = self.running.as_ref()?.driver_process_id();
        let renderers =
            processes::descendants(driver).into_iter().filter(|(_, line)| line.contains("--type=renderer"));
        renderers.filter_map(|(pid, _)| processes::peak_memory_bytes(pid)).reduce(f64::max)
    }
}
