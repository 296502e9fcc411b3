//! One headless Chromium with a profile of its own, driven over WebDriver and the DevTools protocol.
//!
//! The profile outlives the browser, so that it can be started cold on what an earlier one stored. Long work in a page
//! runs as a job that is polled: no answer is ever waited for beyond a driver's patience.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::common::capabilities::chrome::ChromeCapabilities;
use thirtyfour::prelude::*;

use crate::processes;
use crate::settings::Settings;

const ARGUMENTS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
];
const START_TIMEOUT: Duration = Duration::from_secs(30);
const CRASH_TIMEOUT: Duration = Duration::from_secs(10);
const JOB_TIMEOUT: Duration = Duration::from_secs(30 * 60);
const WAIT_TIMEOUT: Duration = Duration::from_secs(180);
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// How far apart a job is looked at, and its memory measured.
const JOB_POLL: Duration = Duration::from_millis(100);

/// A running browser.
pub(crate) struct Chromium {
    chromium: PathBuf,
    chromedriver: PathBuf,
    further_arguments: Vec<String>,
    profile: TempDir,
    running: Option<Running>,
}

struct Running {
    driver_process: Child,
    driver: WebDriver,
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

    /// Ends the browser in order if it runs, and starts it anew on the same profile.
    ///
    /// # Errors
    /// When the browser or its driver cannot be started.
    pub(crate) async fn restart(&mut self) -> Result<()> {
        self.quit().await;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut driver_process = Command::new(&self.chromedriver)
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| {
                format!(
                    "{} cannot be started; install chromium-driver, or name it in CHROMEDRIVER",
                    self.chromedriver.display()
                )
            })?;
        match connected(port, self.capabilities()?).await {
            Ok(driver) => {
                self.running = Some(Running { driver_process, driver });
                Ok(())
            }
            Err(error) => {
                end(&mut driver_process);
                Err(error)
            }
        }
    }

    /// Ends the browser in order, so that everything it holds gets to its profile.
    pub(crate) async fn quit(&mut self) {
        let Some(Running { mut driver_process, driver }) = self.running.take() else { return };
        // A browser that has crashed cannot end in order; its processes are ended below.
        drop(driver.quit().await);
        end(&mut driver_process);
    }

    fn capabilities(&self) -> Result<ChromeCapabilities> {
        let mut capabilities = DesiredCapabilities::chrome();
        for argument in ARGUMENTS.into_iter().chain(self.further_arguments.iter().map(String::as_str)) {
            capabilities.add_arg(argument)?;
        }
        capabilities.add_arg(&format!("--user-data-dir={}", self.profile.path().display()))?;
        if self.chromium.components().count() > 1 {
            capabilities.set_binary(&self.chromium.to_string_lossy())?;
        }
        Ok(capabilities)
    }

    fn driver(&self) -> Result<&WebDriver> {
        Ok(&self.running.as_ref().context("the browser does not run")?.driver)
    }

    /// Goes to an address.
    ///
    /// # Errors
    /// When the page cannot be loaded.
    pub(crate) async fn open(&self, url: &str) -> Result<()> {
        self.driver()?.goto(url).await.with_context(|| format!("{url} cannot be opened"))
    }

    /// Goes to an address in a new tab, which has a renderer process of its own, and closes the one before.
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

    /// Opens a further tab and goes on in it.
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

    /// Goes on in another tab.
    ///
    /// # Errors
    /// When it is gone.
    pub(crate) async fn switch_to(&self, tab: &WindowHandle) -> Result<()> {
        Ok(self.driver()?.switch_to_window(tab.clone()).await?)
    }

    /// Ends the process of the current tab as a crash would, and goes on in a new one.
    ///
    /// # Errors
    /// When no new tab can be opened.
    pub(crate) async fn crash_tab(&self) -> Result<()> {
        // Opened first: the driver does nothing more in a tab that has crashed.
        let doomed = self.tab().await?;
        let next = self.new_tab().await?;
        self.switch_to(&doomed).await?;
        // Nobody is left there to answer.
        drop(tokio::time::timeout(CRASH_TIMEOUT, self.cdp("Page.crash", json!({}))).await);
        self.switch_to(&next).await
    }

    /// Runs a script's body, which may await, and returns what it returns.
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
            // What was found may be drawn anew before it is clicked.
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

    /// Replaces what stands in a field.
    ///
    /// # Errors
    /// When the field is not there.
    pub(crate) async fn fill(&self, selector: &str, text: &str) -> Result<()> {
        self.click(selector).await?;
        let field = self.driver()?.find(By::Css(selector)).await?;
        field.send_keys(Key::Control + "a").await?;
        field.send_keys(text).await.with_context(|| format!("{selector} cannot be filled"))
    }

    /// Waits until a script's body returns something true, and returns that.
    ///
    /// # Errors
    /// When it does not in time; the message ends with what the page reads.
    pub(crate) async fn wait_for(&self, what: &str, body: &str) -> Result<Value> {
        let deadline = Instant::now() + WAIT_TIMEOUT;
        loop {
            // A page on its way to another cannot answer; it is asked again.
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

    /// Runs an async function's body in the page and returns what it returns.
    ///
    /// # Errors
    /// With the message of what it throws, or when it does not end in time.
    pub(crate) async fn job(&self, body: &str) -> Result<Value> {
        Ok(self.observed_job(body, false).await?.0)
    }

    /// As [`Self::job`], with the most memory in bytes that was seen meanwhile: the page's heap and, where its subject
    /// says it, wasm memory.
    ///
    /// # Errors
    /// As [`Self::job`].
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

    /// The most memory that one renderer process has held at once, in bytes, where that can be known.
    pub(crate) fn renderer_peak_bytes(&self) -> Option<f64> {
        let driver = self.running.as_ref()?.driver_process.id();
        let renderers =
            processes::descendants(driver).into_iter().filter(|(_, line)| line.contains("--type=renderer"));
        renderers.filter_map(|(pid, _)| processes::peak_memory_bytes(pid)).reduce(f64::max)
    }
}

async fn connected(port: u16, capabilities: ChromeCapabilities) -> Result<WebDriver> {
    let address = format!("http://127.0.0.1:{port}");
    let deadline = Instant::now() + START_TIMEOUT;
    loop {
        match WebDriver::new(&address, capabilities.clone()).await {
            Ok(driver) => return Ok(driver),
            Err(error) if Instant::now() > deadline => {
                return Err(error).context("the browser cannot be started");
            }
            Err(_) => tokio::time::sleep(LOOK_AGAIN).await,
        }
    }
}

/// Ends a driver and the browser processes that it started and that still run.
fn end(driver_process: &mut Child) {
    let orphans = processes::descendants(driver_process.id());
    // Whoever has ended already cannot be ended again.
    drop(driver_process.kill());
    drop(driver_process.wait());
    for (pid, _) in orphans {
        drop(Command::new("kill").args(["-KILL", &pid.to_string()]).stderr(Stdio::null()).status());
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        if let Some(Running { mut driver_process, driver }) = self.running.take() {
            // Its own drop would wait for an answer that nobody gives.
            std::mem::forget(driver);
            end(&mut driver_process);
        }
    }
}
