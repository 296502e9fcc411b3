//! Each step: the tools it needs and the commands it runs.

use super::Step;
use super::results::Results;
use crate::bench;
use crate::build::{self, Checks, Profile};
use crate::chromium::{Browser, ensure_network_tools};
use crate::deny;
use crate::example;
use crate::postgres::{ensure_nginx, ensure_postgres};
use crate::process;
use crate::schemathesis::ensure_schemathesis;
use crate::sim;
use crate::size;
use crate::tools::Tools;
use crate::workspace::Workspace;
use anyhow::Result;
use std::process::Command;
use std::thread::available_parallelism;

const WASM_TARGET: [&str; 2] = ["--target", "wasm32-unknown-unknown"];
/// Crates that run in a browser.
const WASM_CRATES: [&str; 12] = [
    "app",
    "sw",
    "worker",
    "client",
    "decoder",
    "schema",
    "browser",
    "sync",
    "domain",
    "bench-engine",
    "courses-app",
    "courses-worker",
];
/// Those of them whose tests run in a browser.
const WASM_TESTED: [&str; 4] = ["schema", "browser", "client", "sw"];
/// The optional half of a tested crate.
const WASM_FEATURES: [&str; 2] = ["--features", "client/yew"];
/// The tests that need a browser, and the others.
const BROWSER_TESTS: &str = "binary_id(tests::browser)";
const NATIVE_TESTS: &str = "not binary_id(tests::browser)";
/// The tests of the server that run on each of its engines, the variable that names one (`tests/src/books.rs`), and the
/// engines beside the default.
const ENGINE_TESTS: &str = "binary_id(tests::http)";
const ENGINE: &str = "LOTBOOK_TEST_ENGINE";
const OTHER_ENGINES: [&str; 2] = ["postgres", "pgbouncer"];
/// The test that runs schemathesis.
const MADE_UP_REQUESTS: &str = "binary_id(tests::http) and test(/^schemathesis::/)";
/// The runner's timeout for a whole suite; its default is too short for bulk storage tests.
const WASM_SUITE_TIMEOUT_SECONDS: &str = "300";
/// The browser story of `--quick`: enrol, work offline, close the app, sync in the background.
const QUICK_STORY: &str = "work_done_offline_reaches_the_server_once";
/// The example app that a browser test drives.
const EXAMPLE: &str = "courses";
/// Each browser test runs a server, a driver and a Chromium with several processes.
const MAX_BROWSER_TESTS_AT_ONCE: usize = 4;
/// A browser test mostly waits for its browser, so one core can run two of them.
const MIN_BROWSER_TESTS_AT_ONCE: usize = 2;

/// A run of the steps.
pub(super) struct Run<'a> {
    workspace: &'a Workspace,
    tools: Tools<'a>,
    /// Whether to run fewer seeds and only one browser story.
    is_quick: bool,
    /// The text that the names of native and browser tests must contain.
    name: Option<&'a str>,
    pub(super) results: Results,
    /// Whether this run has built the app, so that no check uses an older one.
    pub(super) app_is_built: bool,
}

impl<'a> Run<'a> {
    /// A run before its first step.
    ///
    /// # Errors
    /// When the tools' folder cannot be put on the PATH.
    pub(super) fn new(workspace: &'a Workspace, is_quick: bool, name: Option<&'a str>) -> Result<Self> {
        let tools = Tools::new(workspace)?;
        Ok(Self { workspace, tools, is_quick, name, results: Results::default(), app_is_built: false })
    }

    /// Runs one step to its end.
    ///
    /// # Errors
    /// When the check fails, or a tool it needs is missing and cannot be installed.
    pub(super) fn step(&mut self, step: Step) -> Result<()> {
        match step {
            Step::Tools => self.ensure_tools(),
            Step::Fmt => process::run(&mut self.tools.cargo(&["fmt", "--all", "--check"])),
            Step::Deny => deny::check(&self.tools),
            Step::Build => build::build_checks(self.workspace, &self.tools).map(drop),
            Step::ClippyWasm => self.clippy_wasm(),
            Step::Native => self.native(),
            Step::Postgres => self.postgres(),
            Step::Api => self.api(),
            Step::Sim => {
                sim::check(self.workspace, &self.tools, self.is_quick, |line| self.results.read(line))
            }
            Step::Wasm => self.wasm(),
            Step::App => self.app(),
            Step::Size => self.size(),
            Step::Browser => self.browser(),
            Step::Faults => self.faults(),
        }
    }

    fn ensure_tools(&self) -> Result<()> {
        self.tools.ensure_wasm_target()?;
        self.tools.ensure_wasm_bindgen()?;
        self.tools.ensure_trunk()?;
        self.tools.ensure_shrinkers()?;
        self.tools.ensure_nextest()?;
        ensure_postgres(&self.tools)?;
        ensure_nginx(&self.tools)?;
        ensure_schemathesis(self.workspace, &self.tools)?;
        ensure_network_tools(&self.tools)?;
        Browser::ensure(&self.tools)?;
        self.tools.ensure_axe()?;
        if self.is_quick { Ok(()) } else { self.tools.ensure_deny() }
    }

    fn wasm_cargo(&self, verb: &str, crates: &[&str]) -> Command {
        let mut command = self.tools.cargo(&[verb]);
        command.args(WASM_TARGET).args(crates.iter().flat_map(|name| ["--package", name]));
        command
    }

    fn clippy_wasm(&self) -> Result<()> {
        self.tools.ensure_wasm_target()?;
        process::run(self.wasm_cargo("clippy", &WASM_CRATES).args(["--", "-Dwarnings"]))?;
        process::run(self.wasm_cargo("clippy", &WASM_TESTED).args(WASM_FEATURES).args([
            "--tests",
            "--",
            "-Dwarnings",
        ]))
    }

    /// nextest runs each test in a process of its own, and does not run doc tests.
    fn native(&mut self) -> Result<()> {
        self.tools.ensure_nextest()?;
        ensure_postgres(&self.tools)?;
        ensure_nginx(&self.tools)?;
        let server = build::build_checks(self.workspace, &self.tools)?.server;
        let mut tests = self.tools.linting_cargo(&["nextest", "run", "--filterset", NATIVE_TESTS]);
        tests.args(build::CHECKED).args(self.name).env("LOTBOOK_SERVER_BIN", server);
        process::run_lines(&mut tests, |line| self.results.read(line))?;
        if self.name.is_some() {
            return Ok(());
        }
        let mut doc_tests = self.tools.linting_cargo(&["test", "--doc"]);
        process::run_lines(doc_tests.args(build::CHECKED), |line| self.results.read(line))
    }

    fn postgres(&mut self) -> Result<()> {
        self.tools.ensure_nextest()?;
        ensure_postgres(&self.tools)?;
        build::build_checks(self.workspace, &self.tools)?;
        for engine in OTHER_ENGINES {
            println!("The HTTP tests with {ENGINE}={engine}:");
            let arguments = ["nextest", "run", "--no-tests=pass", "--filterset", ENGINE_TESTS];
            let mut tests = self.tools.linting_cargo(&arguments);
            tests.args(build::CHECKED).args(self.name).env(ENGINE, engine);
            process::run_lines(&mut tests, |line| self.results.read(line))?;
        }
        if self.name.is_some() {
            return Ok(());
        }
        println!("Simulated warehouses with the server's store on PostgreSQL:");
        sim::check_on_postgres(self.workspace, &self.tools, |line| self.results.read(line))
    }

    fn api(&mut self) -> Result<()> {
        self.tools.ensure_nextest()?;
        let program = ensure_schemathesis(self.workspace, &self.tools)?;
        build::build_checks(self.workspace, &self.tools)?;
        let arguments = ["nextest", "run", "--run-ignored", "only", "--filterset", MADE_UP_REQUESTS];
        let mut tests = self.tools.linting_cargo(&arguments);
        tests.args(build::CHECKED).env("LOTBOOK_SCHEMATHESIS", program);
        process::run_lines(&mut tests, |line| self.results.read(line))
    }

    fn wasm(&mut self) -> Result<()> {
        self.tools.ensure_wasm_target()?;
        self.tools.ensure_wasm_bindgen()?;
        let browser = Browser::ensure(&self.tools)?;
        let mut command = self.wasm_cargo("test", &WASM_TESTED);
        command
            .args(WASM_FEATURES)
            .arg("--tests")
            .env("CHROMEDRIVER", &browser.driver)
            .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", browser.capabilities(self.workspace)?)
            .env("WASM_BINDGEN_TEST_TIMEOUT", WASM_SUITE_TIMEOUT_SECONDS);
        process::run_lines(&mut command, |line| self.results.read(line))
    }

    fn app(&mut self) -> Result<()> {
        if self.app_is_built {
            return Ok(());
        }
        self.tools.ensure_wasm_target()?;
        self.tools.ensure_wasm_bindgen()?;
        self.tools.ensure_trunk()?;
        self.tools.ensure_shrinkers()?;
        build::build_app(&self.tools, &self.workspace.root, Profile::Release)?;
        self.app_is_built = true;
        Ok(())
    }

    fn size(&mut self) -> Result<()> {
        self.app()?;
        if self.tools.wasm_opt().is_none() || self.tools.terser().is_none() {
            println!(
                "Sizes are not compared: they say nothing without wasm-opt and terser, which npm would bring."
            );
            return Ok(());
        }
        size::check(self.workspace)
    }

    fn faults(&mut self) -> Result<()> {
        let browser = Browser::ensure(&self.tools)?;
        self.app()?;
        bench::check_faults(self.workspace, &self.tools, &browser, |line| self.results.read(line))
    }

    fn browser(&mut self) -> Result<()> {
        ensure_network_tools(&self.tools)?;
        self.tools.ensure_nextest()?;
        let browser = Browser::ensure(&self.tools)?;
        let axe = self.tools.ensure_axe()?;
        self.app()?;
        let Checks { server, example_server, .. } = build::build_checks(self.workspace, &self.tools)?;
        let arguments = [
            "nextest",
            "run",
            // The tests take the network down, so each runs in its own network namespace.
            "--config",
            "target.'cfg(unix)'.runner='tests/isolated-network.sh'",
            "--profile",
            "browser",
            "--test-threads",
        ];
        let mut command = self.tools.linting_cargo(&arguments);
        command
            .arg(browser_tests_at_once().to_string())
            .args(build::CHECKED)
            .args(["--filterset", BROWSER_TESTS])
            .args(self.name.or(self.is_quick.then_some(QUICK_STORY)))
            .env("LOTBOOK_SERVER_BIN", server)
            .env("LOTBOOK_DIST", self.workspace.dist())
            .env("LOTBOOK_AXE", axe)
            .env("CHROMEDRIVER", &browser.driver)
            .env("CHROMIUM", &browser.chromium);
        // The one story of a quick run needs no example.
        if !self.is_quick {
            let dist = example::build_app(self.workspace, &self.tools, EXAMPLE)?;
            command.env("LOTBOOK_EXAMPLE_DIST", dist).env("LOTBOOK_EXAMPLE_SERVER_BIN", example_server);
        }
        process::run_lines(&mut command, |line| self.results.read(line))
    }
}

fn browser_tests_at_once() -> usize {
    let cores = available_parallelism().map_or(MIN_BROWSER_TESTS_AT_ONCE, usize::from);
    cores.clamp(MIN_BROWSER_TESTS_AT_ONCE, MAX_BROWSER_TESTS_AT_ONCE)
}
