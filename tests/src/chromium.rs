//! The launcher of Chromium for browser tests and benches: a driver, a browser on a given profile, and the end of both.

use std::io;
use std::mem::ManuallyDrop;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use thirtyfour::prelude::*;

use crate::processes::descendants;

/// Arguments for every browser, one per line: no other instance, no background requests, no sandbox
/// (containers refuse it) and no first-run pages. `xtask` reads the same file for the tests that wasm-bindgen
/// runs.
const ARGUMENTS: &str = include_str!("chromium-arguments.txt");
const START_TIMEOUT: Duration = Duration::from_secs(30);
const START_POLL: Duration = Duration::from_millis(50);

/// Program paths and profile of a browser.
#[derive(Clone, Copy, Debug)]
pub struct Launch<'a> {
    /// Path of Chromium; if absent, the driver searches for one.
    pub chromium: Option<&'a Path>,
    /// Path of the driver.
    pub chromedriver: &'a Path,
    /// The profile's folder. It outlives the browser, and may be that of an earlier one.
    pub profile: &'a Path,
    /// Arguments in addition to those of every browser.
    pub arguments: &'a [String],
}

/// A running browser and its driver. Drop kills both, because a browser takes up to ten seconds to quit.
#[derive(Debug)]
pub struct Chromium {
    driver_process: Child,
    /// Never dropped: its drop would wait for an answer of the killed driver.
    driver: ManuallyDrop<WebDriver>,
}

impl Chromium {
    /// Starts a driver, and with it a browser.
    ///
    /// # Errors
    /// If one of them does not start within 30 s.
    pub async fn start(launch: Launch<'_>) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut driver_process = Command::new(launch.chromedriver)
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| {
                let program = launch.chromedriver.display();
                format!("{program} cannot be started; install chromium-driver, or name it in CHROMEDRIVER")
            })?;
        match session(port, launch).await {
            Ok(driver) => Ok(Self { driver_process, driver: ManuallyDrop::new(driver) }),
            Err(error) => {
                kill_tree(&mut driver_process)?;
                Err(error)
            }
        }
    }

    /// The session of the browser.
    pub fn driver(&self) -> &WebDriver {
        &self.driver
    }

    /// The id of the driver's process; the browser's processes descend from it.
    pub fn driver_process_id(&self) -> u32 {
        self.driver_process.id()
    }

    /// Quits the browser, so that it writes its profile.
    pub async fn quit(self) {
        // A crashed browser cannot quit; drop kills its processes.
        drop(WebDriver::clone(&self.driver).quit().await);
    }

    /// Kills the browser and all its processes at once, as the system does when memory is short.
    ///
    /// # Errors
    /// If no process of the browser is found, or it cannot be killed.
    pub fn kill(mut self) -> Result<()> {
        let killed = kill_tree(&mut self.driver_process).context("the browser cannot be killed")?;
        ensure!(killed > 0, "no process of the browser is found below its driver");
        Ok(())
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // A drop cannot return an error, and an exited process cannot be killed.
        drop(kill_tree(&mut self.driver_process));
    }
}

async fn session(port: u16, launch: Launch<'_>) -> Result<WebDriver> {
    let mut capabilities = DesiredCapabilities::chrome();
    for argument in ARGUMENTS.lines().chain(launch.arguments.iter().map(String::as_str)) {
        capabilities.add_arg(argument)?;
    }
    capabilities.add_arg(&format!("--user-data-dir={}", launch.profile.display()))?;
    if let Some(chromium) = launch.chromium {
        capabilities.set_binary(&chromium.to_string_lossy())?;
    }
    let address = format!("http://127.0.0.1:{port}");
    let deadline = Instant::now() + START_TIMEOUT;
    loop {
        match WebDriver::new(&address, capabilities.clone()).await {
            Ok(driver) => return Ok(driver),
            Err(error) if Instant::now() > deadline => {
                return Err(error).context("Chromium cannot be started");
            }
            Err(_) => tokio::time::sleep(START_POLL).await,
        }
    }
}

/// Kills a driver and all its descendants, waits for the driver's end, and returns the number of descendants.
fn kill_tree(driver: &mut Child) -> io::Result<usize> {
    let browser = descendants(driver.id());
    // It may have exited already.
    drop(driver.kill());
    if !browser.is_empty() {
        let ids = browser.iter().map(|(id, _)| id.to_string());
        // Some of them exit with their parents before they are killed.
        Command::new("kill").arg("-KILL").args(ids).stderr(Stdio::null()).status()?;
    }
    driver.wait()?;
    Ok(browser.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_argument_has_its_own_line() {
        assert!(ARGUMENTS.lines().count() > 5);
        assert!(ARGUMENTS.lines().all(|line| line.starts_with("--") && line.trim() == line));
    }

    #[test]
    fn killing_a_process_tree_leaves_no_process() -> Result<()> {
        let mut parent = Command::new("sh").args(["-c", "sleep 60 & wait"]).spawn()?;
        let deadline = Instant::now() + Duration::from_secs(10);
        while descendants(parent.id()).is_empty() && Instant::now() < deadline {
            std::thread::sleep(START_POLL);
        }
        let children = descendants(parent.id());
        ensure!(children.len() == 1, "{children:?}");
        ensure!(kill_tree(&mut parent)? == 1);
        let is_gone = || children.iter().all(|(id, _)| !is_running(*id));
        while !is_gone() && Instant::now() < deadline {
            std::thread::sleep(START_POLL);
        }
        ensure!(is_gone(), "{children:?} still run");
        Ok(())
    }

    /// A killed process without a waiting parent stays a zombie, with an empty command line.
    fn is_running(id: u32) -> bool {
        std::fs::read(format!("/proc/{id}/cmdline")).is_ok_and(|line| !line.is_empty())
    }
}
