//! Chromium and its driver for the browser tests.

use crate::apt::{can_install, install};
use crate::tools::Tools;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use std::env;
use std::path::PathBuf;

const BROWSER_NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const DRIVER_NAMES: [&str; 2] = ["chromedriver", "chromium.chromedriver"];
/// One argument a line, the same for every browser that a test or bench starts.
const ARGUMENTS: &str = include_str!("../../tests/src/chromium-arguments.txt");

/// The installed pair of browser and driver.
#[derive(Debug)]
pub(crate) struct Browser {
    /// Chromium's program.
    pub(crate) chromium: PathBuf,
    /// The driver's program, of the same major version.
    pub(crate) driver: PathBuf,
}

impl Browser {
    /// Finds the pair, or installs it with apt-get where that is possible.
    pub(crate) fn ensure(tools: &Tools<'_>) -> Result<Self> {
        if let Some(browser) = Self::find(tools) {
            return Ok(browser);
        }
        if can_install(tools) {
            println!("Chromium and its driver are not installed; installing them with apt-get, once.");
            install(tools, &["chromium", "chromium-driver"])?;
        }
        match Self::find(tools) {
            Some(browser) => Ok(browser),
            None => bail!(
                "the browser tests need Chromium and ChromeDriver of the same version, and one of them is missing. \
                 On Debian or Ubuntu: `sudo apt-get install chromium chromium-driver`. Elsewhere, install both and \
                 put them on the PATH, or name their programs in CHROMIUM and CHROMEDRIVER"
            ),
        }
    }

    fn find(tools: &Tools<'_>) -> Option<Self> {
        let look = |variable: &str, names: &[&str]| {
            env::var_os(variable)
                .map(PathBuf::from)
                .or_else(|| names.iter().find_map(|name| tools.find(name)))
        };
        Some(Self {
            chromium: look("CHROMIUM", &BROWSER_NAMES)?,
            driver: look("CHROMEDRIVER", &DRIVER_NAMES)?,
        })
    }

    /// Writes the capabilities for wasm-bindgen's test runner and returns their path.
    pub(crate) fn capabilities(&self, workspace: &Workspace) -> Result<PathBuf> {
        let file = workspace.tools().join("webdriver.json");
        let arguments: Vec<&str> = ARGUMENTS.lines().collect();
        let capabilities = json!({ "goog:chromeOptions": { "binary": self.chromium, "args": arguments } });
        std::fs::create_dir_all(workspace.tools())
            .and_then(|()| std::fs::write(&file, capabilities.to_string()))
            .with_context(|| format!("{} cannot be written", file.display()))?;
        Ok(file)
    }
}

/// Makes sure that the tools exist which give each test a network of its own.
pub(crate) fn ensure_network_tools(tools: &Tools<'_>) -> Result<()> {
    let is_there = || tools.find("ip").is_some() && tools.find("unshare").is_some();
    if !is_there() && can_install(tools) {
        println!("`ip` or `unshare` is not installed; installing them with apt-get, once.");
        install(tools, &["iproute2", "util-linux"])?;
    }
    ensure!(
        is_there(),
        "the end-to-end test needs Linux with `ip` and `unshare` on the PATH, to give the browser a network that it can \
         take down. On Debian or Ubuntu: `sudo apt-get install iproute2 util-linux`"
    );
    Ok(())
}
