//! `cargo xtask test`: every check, the fastest first; stops at the first failure.
//!
//! The app's release build mostly uses one core, so it runs in parallel with the steps before it, as a process of its
//! own.

mod beside;
mod report;
mod results;
mod steps;

use crate::process::in_words;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use beside::Beside;
use clap::{Args, ValueEnum};
use report::{Report, Verdict};
use std::time::{Duration, Instant};
use steps::Run;

/// A full run that takes longer fails, because people stop running a slow suite.
const DEFAULT_MAX_MINUTES: u64 = 30;

/// The options of `test`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Run only one step
    #[arg(long, value_name = "STEP", conflicts_with = "quick")]
    only: Option<Step>,
    /// Run a subset before a commit: format, lints, native tests, 100 simulated warehouses and one browser test. Takes
    /// minutes with a warm target folder
    #[arg(long)]
    quick: bool,
    /// Run only native and browser tests whose names contain this text
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Time limit of all steps together, without the installation of tools
    #[arg(long, value_name = "MINUTES", default_value_t = DEFAULT_MAX_MINUTES)]
    max_minutes: u64,
    /// List the steps and exit
    #[arg(long)]
    list: bool,
}

/// The steps, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Step {
    /// Installs missing tools for the other steps
    Tools,
    /// Format of all code (rustfmt)
    Fmt,
    /// Licences, sources and duplicates of dependencies; known vulnerabilities if their database is reachable
    Deny,
    /// Build of the native code and its tests, with Clippy warnings
    Build,
    /// Clippy warnings in browser code
    ClippyWasm,
    /// Unit, integration, HTTP and doc tests, repository laws
    Native,
    /// The HTTP tests on PostgreSQL, directly and through PgBouncer, and simulated warehouses on it
    Postgres,
    /// Requests that schemathesis makes up from the API's own description
    Api,
    /// 1,000 simulated warehouses, and every deliberately broken variant
    Sim,
    /// Adapter tests in headless Chromium
    Wasm,
    /// Release build of the app
    App,
    /// Size limits of the app and its worker
    Size,
    /// End-to-end tests of the built app and server in headless Chromium
    Browser,
    /// The built app under faults of browser, network and server
    Faults,
}

/// The steps of `--quick`.
const QUICK: [Step; 8] = [
    Step::Tools,
    Step::Fmt,
    Step::Build,
    Step::ClippyWasm,
    Step::Native,
    Step::Sim,
    Step::App,
    Step::Browser,
];

impl Step {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    fn about(self) -> String {
        let help = self.to_possible_value().and_then(|value| value.get_help().map(ToString::to_string));
        help.unwrap_or_default()
    }
}

impl Options {
    fn steps(&self) -> Vec<Step> {
        match (self.only, self.quick) {
            (Some(only), _) => vec![only],
            (None, true) => QUICK.to_vec(),
            (None, false) => Step::value_variants().to_vec(),
        }
    }

    /// No limit with `--only` and `--quick`, which may have to build everything first.
    fn max_time(&self) -> Option<Duration> {
        let is_full = self.only.is_none() && !self.quick;
        is_full.then(|| Duration::from_secs(self.max_minutes * 60))
    }
}

/// Runs the steps that `options` select.
///
/// # Errors
/// When a step fails, or a full run takes longer than its limit.
pub(crate) fn test(options: &Options) -> Result<()> {
    if options.list {
        for step in Step::value_variants() {
            println!("{:<12} {}", step.name(), step.about());
        }
        return Ok(());
    }
    let workspace = Workspace::find()?;
    let mut run = Run::new(&workspace, options.quick, options.name.as_deref())?;
    let steps = options.steps();
    let mut report = Report::new();
    let mut app = None;
    let result = steps.iter().try_for_each(|&step| {
        if step == Step::Build && steps.contains(&Step::App) {
            app = Some(Beside::begin(&workspace, Step::App)?);
        }
        one(step, &mut run, &mut report, if step == Step::App { app.take() } else { None })
    });
    // An earlier step has failed. Wait for the build all the same: another build in this folder would only
    // wait for its lock.
    if let Some(app) = app {
        println!("The app is still being built; waiting for its end.");
        drop(app.end());
    }
    report.print(&run.results);
    result?;
    report.check_time(options.max_time(), &run.results)
}

/// Runs one step, or waits for the background one, and records its time.
fn one(step: Step, run: &mut Run<'_>, report: &mut Report, beside: Option<Beside>) -> Result<()> {
    println!("\n== {}: {}", step.name(), step.about());
    let started = Instant::now();
    let (result, elapsed) = match beside {
        Some(beside) => {
            let (result, elapsed) = beside.end();
            run.app_is_built = result.is_ok();
            (result, elapsed)
        }
        None => {
            let result = run.step(step);
            (result, started.elapsed())
        }
    };
    let verdict = if result.is_ok() { Verdict::Ok } else { Verdict::Failed };
    println!("== {}: {verdict} after {}", step.name(), in_words(elapsed));
    report.add(step, verdict, elapsed);
    result.with_context(|| {
        format!("step {0} failed; to run it alone: cargo xtask test --only {0}", step.name())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(only: Option<Step>, quick: bool) -> Options {
        Options { only, quick, name: None, max_minutes: 30, list: false }
    }

    #[test]
    fn a_full_run_includes_every_step_and_has_a_limit() {
        let full = options(None, false);
        assert_eq!(full.steps(), Step::value_variants());
        assert_eq!(full.max_time(), Some(Duration::from_secs(1_800)));
    }

    #[test]
    fn partial_runs_have_no_limit() {
        assert_eq!(options(Some(Step::Sim), false).steps(), [Step::Sim]);
        assert!(options(Some(Step::Sim), false).max_time().is_none());
        assert!(options(None, true).max_time().is_none());
    }

    #[test]
    fn the_app_build_starts_before_the_steps_that_need_it() {
        for steps in [options(None, false).steps(), options(None, true).steps()] {
            let at = |step| steps.iter().position(|other| *other == step);
            assert!(at(Step::Build) < at(Step::App) && at(Step::App) < at(Step::Browser));
        }
    }
}
