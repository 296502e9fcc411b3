//! `cargo xtask bench`: builds the server, the app and the pages of all peers, then runs the driver.
//!
//! All pages are in one folder, `target/bench/site`, and are served by one server: same origin, same
//! transfer. The results are written to `target/bench`.

use crate::build::{self, Profile};
use crate::chromium::Browser;
use crate::process;
use crate::tools::Tools;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use clap::Args;
use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The driver's measurements; it describes each one at its start.
const NAMES: [&str; 10] =
    ["first-sync", "delta", "record", "drain", "cold-start", "lookup", "size", "server", "fleet", FAULTS];
/// Need neither the app nor a browser.
const SERVER_ONLY: [&str; 2] = ["server", "fleet"];
/// Runs the app itself; the peers' pages are needed only for the peers.
const FAULTS: &str = "faults";
const APP: &str = "lotbook";
const PEERS: &str = "tests/bench/peers";
const ENGINE_PAGE: &str = "tests/bench/engine/page";
const ENGINE_WASM: &str = "wasm32-unknown-unknown/wasm/bench_engine.wasm";

/// The options of `bench`.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// The bench to run; all of them by default
    #[arg(value_parser = NAMES)]
    name: Option<String>,
    /// Use a tenth of the data, and at most three runs
    #[arg(long)]
    quick: bool,
    /// Number of measured runs of every subject, after one warm-up run
    #[arg(long, default_value_t = 5)]
    runs: u16,
    /// Run only these subjects, such as lotbook,dexie
    #[arg(long, value_name = "NAMES")]
    only: Option<String>,
    /// Seed of the random choices of `faults`
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
    /// Run only these faults, such as F1,F9
    #[arg(long, value_name = "IDS")]
    fault: Option<String>,
}

impl Options {
    fn needs_pages(&self) -> bool {
        self.name.as_deref() != Some(FAULTS) || self.only.as_deref() != Some(APP)
    }
}

/// Builds the programs and pages, and runs the measurements.
pub(crate) fn bench(options: &Options) -> Result<()> {
    let workspace = Workspace::find()?;
    let tools = Tools::new(&workspace)?;
    let (out, site) = (workspace.target.join("bench"), workspace.target.join("bench").join("site"));
    let server = build::build_server(&workspace, &tools, Profile::Release)?;
    let mut driver = tools.command(&build_driver(&workspace, &tools)?.to_string_lossy());
    if !options.name.as_deref().is_some_and(|name| SERVER_ONLY.contains(&name)) {
        let browser = Browser::ensure(&tools)?;
        build_app(&workspace, &tools, &site)?;
        if options.needs_pages() {
            build_pages(&workspace, &tools, &site.join("bench"))?;
        }
        driver.env("CHROMIUM", &browser.chromium).env("CHROMEDRIVER", &browser.driver);
    }
    driver.env("LOTBOOK_SERVER_BIN", server).env("LOTBOOK_BENCH_SITE", &site).env("LOTBOOK_BENCH_OUT", &out);
    pass_on(options, &mut driver);
    process::run(&mut driver)
}

/// Runs every fault against the app in `dist` only. Passes every line of output to `read`.
///
/// # Errors
/// When a program cannot be built, or a fault causes damage.
pub(crate) fn check_faults(
    workspace: &Workspace,
    tools: &Tools<'_>,
    browser: &Browser,
    read: impl FnMut(&str),
) -> Result<()> {
    let out = workspace.target.join("bench");
    let programs = build::build_checks(workspace, tools)?;
    let mut driver = tools.command(&programs.bench.to_string_lossy());
    driver
        .args([FAULTS, "--only", APP])
        .env("CHROMIUM", &browser.chromium)
        .env("CHROMEDRIVER", &browser.driver);
    driver.env("LOTBOOK_SERVER_BIN", programs.server).env("LOTBOOK_BENCH_OUT", &out);
    process::run_lines(driver.env("LOTBOOK_BENCH_SITE", workspace.dist()), read)
}

fn pass_on(options: &Options, driver: &mut Command) {
    let Options { name, quick, runs, only, seed, fault } = options;
    driver.args(name).arg("--runs").arg(runs.to_string()).arg("--seed").arg(seed.to_string());
    if *quick {
        driver.arg("--quick");
    }
    if let Some(only) = only {
        driver.arg("--only").arg(only);
    }
    if let Some(fault) = fault {
        driver.arg("--fault").arg(fault);
    }
}

fn build_driver(workspace: &Workspace, tools: &Tools<'_>) -> Result<PathBuf> {
    process::run(&mut tools.cargo(&["build", "--release", "--package", "bench"]))?;
    Ok(workspace.target.join("release").join(format!("bench{EXE_SUFFIX}")))
}

/// The app, in a folder of its own.
fn build_app(workspace: &Workspace, tools: &Tools<'_>, site: &Path) -> Result<()> {
    tools.ensure_wasm_target()?;
    tools.ensure_wasm_bindgen()?;
    tools.ensure_trunk()?;
    tools.ensure_shrinkers()?;
    build::build_app(tools, &workspace.root, Profile::Release)?;
    if site.exists() {
        fs::remove_dir_all(site).with_context(|| format!("{} cannot be emptied", site.display()))?;
    }
    copy_folder(&workspace.dist(), site)
}

/// The subjects' pages.
fn build_pages(workspace: &Workspace, tools: &Tools<'_>, pages: &Path) -> Result<()> {
    tools.ensure_node()?;
    build_peers(workspace, tools, pages)?;
    build_engine(workspace, tools, pages)
}

fn build_peers(workspace: &Workspace, tools: &Tools<'_>, pages: &Path) -> Result<()> {
    let npm = |arguments: &[&str]| {
        let mut npm = tools.command("npm");
        npm.current_dir(workspace.root.join(PEERS)).args(arguments).env("BENCH_OUT", pages);
        process::run(&mut npm)
    };
    npm(&["ci", "--no-audit", "--no-fund"]).context("the peers cannot be installed from the npm registry")?;
    npm(&["run", "build"])
}

/// Lotbook's own storage and synchronisation as a page like those of its peers, without the app's screens.
fn build_engine(workspace: &Workspace, tools: &Tools<'_>, pages: &Path) -> Result<()> {
    let profile = ["--profile", "wasm", "--target", "wasm32-unknown-unknown"];
    process::run(tools.cargo(&["build", "--package", "bench-engine"]).args(profile))?;
    let mut bindgen = tools.command("wasm-bindgen");
    bindgen.args(["--target", "no-modules", "--no-typescript", "--out-name", "engine", "--out-dir"]);
    process::run(bindgen.arg(pages).arg(workspace.target.join(ENGINE_WASM)))?;
    copy_folder(&workspace.root.join(ENGINE_PAGE), pages)
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("{} cannot be made", to.display()))?;
    let entries = fs::read_dir(from).with_context(|| format!("{} cannot be read", from.display()))?;
    for entry in entries {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy_folder(&source, &target)?;
        } else {
            fs::copy(&source, &target).with_context(|| format!("{} cannot be copied", source.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(name: Option<&str>, only: Option<&str>) -> Options {
        let (name, only) = (name.map(str::to_owned), only.map(str::to_owned));
        Options { name, quick: false, runs: 5, only, seed: 7, fault: None }
    }

    #[test]
    fn faults_of_the_app_alone_need_no_pages_of_peers() {
        assert!(!options(Some(FAULTS), Some(APP)).needs_pages());
        assert!(options(Some(FAULTS), Some("lotbook,rxdb")).needs_pages());
        assert!(options(Some(FAULTS), None).needs_pages());
        assert!(options(None, Some(APP)).needs_pages());
    }

    #[test]
    fn the_seed_is_passed_on() {
        let mut driver = Command::new("bench");
        pass_on(&options(Some(FAULTS), Some(APP)), &mut driver);
        let arguments: Vec<_> = driver.get_args().map(|argument| argument.to_string_lossy()).collect();
        assert_eq!(arguments, [FAULTS, "--runs", "5", "--seed", "7", "--only", APP]);
    }

    #[test]
    fn folders_are_copied_with_their_contents() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("icons")).unwrap();
        fs::write(from.join("icons/lotbook.svg"), "<svg/>").unwrap();
        copy_folder(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(to.join("icons/lotbook.svg")).unwrap(), "<svg/>");
        assert!(copy_folder(&folder.path().join("missing"), &to).is_err());
    }
}
