//! `cargo xtask test`: every check there is, in order of how soon it tells something; stops at the first failure.

use crate::bench;
use crate::build::{self, Profile};
use crate::process::{self, in_words};
use crate::sim;
use crate::size;
use crate::tools::Tools;
use crate::webdriver::{Browser, ensure_network_tools};
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use std::process::Command;
use std::time::{Duration, Instant};

const WASM_TARGET: [&str; 2] = ["--target", "wasm32-unknown-unknown"];
/// Crates that run in a browser.
const WASM_CRATES: [&str; 8] =
    ["app", "sw", "decoder", "schema", "browser", "sync", "domain", "bench-engine"];
/// Those of them with tests that run there.
const WASM_TESTED: [&str; 3] = ["schema", "browser", "sw"];
/// The runner gives up on a whole suite after this long; its own default is too short for bulk storage tests.
const WASM_SUITE_TIMEOUT_SECONDS: &str = "300";

/// What `test` can be told.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Run one step only
    #[arg(long, value_name = "STEP")]
    only: Option<Step>,
    /// Name the steps and end
    #[arg(long)]
    list: bool,
}

/// The steps, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Step {
    /// rustfmt changes nothing
    Fmt,
    /// No clippy warning in native code
    Clippy,
    /// No clippy warning in browser code
    ClippyWasm,
    /// Unit, integration and HTTP tests, repository laws
    Native,
    /// A thousand simulated warehouses, and every broken variant
    Sim,
    /// Adapter tests in headless Chromium
    Wasm,
    /// The release build of the app
    App,
    /// The app and its worker are within their size limits
    Size,
    /// End-to-end tests of the built app and server in headless Chromium
    Browser,
    /// The built app under every fault of a browser, its network and its server
    Faults,
}

/// A run of the steps.
struct Run<'a> {
    workspace: &'a Workspace,
    tools: Tools<'a>,
    summaries: Vec<String>,
    /// Whether this run has built the app, so that no check looks at an older one.
    app_is_built: bool,
}

/// Runs the steps that `options` choose.
pub(crate) fn test(options: &Options) -> Result<()> {
    if options.list {
        for step in Step::value_variants() {
            println!("{:<12} {}", step.name(), step.about());
        }
        return Ok(());
    }
    let workspace = Workspace::find()?;
    let mut run = Run {
        workspace: &workspace,
        tools: Tools::new(&workspace)?,
        summaries: Vec::new(),
        app_is_built: false,
    };
    let steps = options.only.as_ref().map_or(Step::value_variants(), std::slice::from_ref);
    let mut timed = Vec::new();
    let result = steps.iter().try_for_each(|&step| {
        println!("\n== {}: {}", step.name(), step.about());
        let started = Instant::now();
        let result = run.step(step);
        let verdict = if result.is_ok() { "ok" } else { "FAILED" };
        println!("== {}: {verdict} after {}", step.name(), in_words(started.elapsed()));
        timed.push((step, verdict, started.elapsed()));
        result.with_context(|| {
            format!("step {0} failed; to run it alone: cargo xtask test --only {0}", step.name())
        })
    });
    print_report(&timed, &run.summaries);
    result
}

fn print_report(timed: &[(Step, &str, Duration)], summaries: &[String]) {
    println!("\n{:<12} {:<7} time", "step", "result");
    for (step, verdict, duration) in timed {
        println!("{:<12} {verdict:<7} {}", step.name(), in_words(*duration));
    }
    println!("{:<20} {}\n", "all", in_words(timed.iter().map(|(_, _, duration)| *duration).sum()));
    for summary in summaries {
        println!("{summary}");
    }
}

impl Step {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    fn about(self) -> String {
        let help = self.to_possible_value().and_then(|value| value.get_help().map(ToString::to_string));
        help.unwrap_or_default()
    }
}

impl Run<'_> {
    fn step(&mut self, step: Step) -> Result<()> {
        match step {
            Step::Fmt => process::run(&mut self.tools.cargo(&["fmt", "--all", "--check"])),
            Step::Clippy => self.clippy(),
            Step::ClippyWasm => self.clippy_wasm(),
            Step::Native => {
                process::run_tests(&mut self.tools.cargo(&["test", "--workspace"]), &mut self.summaries)
            }
            Step::Sim => sim::check(self.workspace, &self.tools, &mut self.summaries),
            Step::Wasm => self.wasm(),
            Step::App => self.app(),
            Step::Size => self.size(),
            Step::Browser => self.browser(),
            Step::Faults => self.faults(),
        }
    }

    fn wasm_cargo(&self, verb: &str, crates: &[&str]) -> Command {
        let mut command = self.tools.cargo(&[verb]);
        command.args(WASM_TARGET).args(crates.iter().flat_map(|name| ["--package", name]));
        command
    }

    fn clippy(&self) -> Result<()> {
        let everything = ["clippy", "--workspace", "--all-targets", "--features", "tests/browser"];
        process::run(self.tools.cargo(&everything).args(["--", "-Dwarnings"]))
    }

    fn clippy_wasm(&self) -> Result<()> {
        self.tools.ensure_wasm_target()?;
        process::run(self.wasm_cargo("clippy", &WASM_CRATES).args(["--", "-Dwarnings"]))?;
        process::run(self.wasm_cargo("clippy", &WASM_TESTED).args(["--tests", "--", "-Dwarnings"]))
    }

    fn wasm(&mut self) -> Result<()> {
        self.tools.ensure_wasm_target()?;
        self.tools.ensure_wasm_bindgen()?;
        let browser = Browser::ensure(&self.tools)?;
        let mut command = self.wasm_cargo("test", &WASM_TESTED);
        command
            .arg("--tests")
            .env("CHROMEDRIVER", &browser.driver)
            .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", browser.capabilities(self.workspace)?)
            .env("WASM_BINDGEN_TEST_TIMEOUT", WASM_SUITE_TIMEOUT_SECONDS);
        process::run_tests(&mut command, &mut self.summaries)
    }

    fn app(&mut self) -> Result<()> {
        if self.app_is_built {
            return Ok(());
        }
        self.tools.ensure_wasm_target()?;
        self.tools.ensure_wasm_bindgen()?;
        self.tools.ensure_trunk()?;
        self.tools.ensure_wasm_opt()?;
        build::build_app(&self.tools, Profile::Release)?;
        self.app_is_built = true;
        Ok(())
    }

    fn size(&mut self) -> Result<()> {
        self.app()?;
        if self.tools.wasm_opt().is_none() {
            println!("Sizes are not compared: they say nothing without wasm-opt, which npm would bring.");
            return Ok(());
        }
        size::check(self.workspace)
    }

    fn faults(&mut self) -> Result<()> {
        let browser = Browser::ensure(&self.tools)?;
        self.app()?;
        bench::check_faults(self.workspace, &self.tools, &browser, &mut self.summaries)
    }

    fn browser(&mut self) -> Result<()> {
        ensure_network_tools(&self.tools)?;
        let browser = Browser::ensure(&self.tools)?;
        let axe = self.tools.ensure_axe()?;
        self.app()?;
        let server = build::build_server(self.workspace, &self.tools, Profile::Release)?;
        let arguments = [
            "test",
            // The tests take the network down, so they get one of their own.
            "--config",
            "target.'cfg(unix)'.runner='tests/isolated-network.sh'",
            "--package",
            "tests",
            "--features",
            "browser",
            "--test",
            "browser",
            "--",
            "--test-threads=1",
        ];
        let mut command = self.tools.cargo(&arguments);
        command
            .env("LOTBOOK_SERVER_BIN", server)
            .env("LOTBOOK_DIST", self.workspace.dist())
            .env("LOTBOOK_AXE", axe)
            .env("CHROMEDRIVER", &browser.driver)
            .env("CHROMIUM", &browser.chromium);
        process::run_tests(&mut command, &mut self.summaries)
    }
}
