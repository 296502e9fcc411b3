//! `cargo xtask sim`: builds the simulation and runs seeds.

use crate::build;
use crate::process;
use crate::tools::Tools;
use crate::workspace::Workspace;
use anyhow::Result;
use clap::Args;

/// Seeds of a full check: about half a minute.
const CHECKED_SEEDS: &str = "1000";
/// Seeds of a quick check, besides those that failed before.
const QUICK_SEEDS: &str = "100";
/// Number of seeds within which every broken variant must be detected.
const VARIANT_SEEDS: &str = "2000";

/// Seeds with the server's store on PostgreSQL; each takes some seconds.
const POSTGRES_SEEDS: &str = "24";
/// Number of seeds within which every broken variant of the server must be detected there.
const POSTGRES_VARIANT_SEEDS: &str = "40";
const ON_POSTGRES: [&str; 2] = ["--database", "postgres"];

/// The options of `sim`.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Options of the simulation, such as --seeds 10000; --help lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Runs the seeds that `options` select.
///
/// # Errors
/// When the simulation cannot be built, or a seed fails.
pub(crate) fn sim(options: &Options) -> Result<()> {
    let workspace = Workspace::find()?;
    let tools = Tools::new(&workspace)?;
    let program = build::build_checks(&workspace, &tools)?.sim;
    process::run(tools.command(&program.to_string_lossy()).args(&options.arguments))
}

/// Runs the seeds of a full check, then every broken variant until it is detected; a quick check runs a few
/// seeds only. Passes every line of output to `read`.
///
/// # Errors
/// When the simulation cannot be built, a seed fails, or a broken variant is not detected.
pub(crate) fn check(
    workspace: &Workspace,
    tools: &Tools<'_>,
    is_quick: bool,
    mut read: impl FnMut(&str),
) -> Result<()> {
    let program = build::build_checks(workspace, tools)?.sim;
    let sim = || tools.command(&program.to_string_lossy());
    if is_quick {
        return process::run_lines(sim().args(["--seeds", QUICK_SEEDS]), read);
    }
    process::run_lines(sim().args(["--seeds", CHECKED_SEEDS]), &mut read)?;
    process::run_lines(sim().args(["--variants", "--seeds", VARIANT_SEEDS]), read)
}

/// Runs some seeds with the server's store on PostgreSQL, then the broken variants of the server. Passes every line of output to
/// `read`.
///
/// # Errors
/// As [`check`].
pub(crate) fn check_on_postgres(
    workspace: &Workspace,
    tools: &Tools<'_>,
    mut read: impl FnMut(&str),
) -> Result<()> {
    let program = build::build_checks(workspace, tools)?.sim;
    let sim = || {
        let mut sim = tools.command(&program.to_string_lossy());
        sim.args(ON_POSTGRES);
        sim
    };
    process::run_lines(sim().args(["--seeds", POSTGRES_SEEDS]), &mut read)?;
    process::run_lines(sim().args(["--variants", "--seeds", POSTGRES_VARIANT_SEEDS]), read)
}
