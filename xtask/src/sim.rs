//! `cargo xtask sim`: builds the simulation and runs seeds.

use crate::process;
use crate::tools::Tools;
use crate::workspace::Workspace;
use anyhow::Result;
use clap::Args;
use std::env::consts::EXE_SUFFIX;
use std::process::Command;

/// Seeds of a usual check: about half a minute.
const CHECKED_SEEDS: &str = "1000";
/// Within how many seeds every broken variant has to be caught.
const VARIANT_SEEDS: &str = "2000";

/// What `sim` can be told.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// What the simulation itself understands, such as --seeds 10000; --help tells
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Runs what `options` ask for.
pub(crate) fn sim(options: &Options) -> Result<()> {
    let workspace = Workspace::find()?;
    let tools = Tools::new(&workspace)?;
    process::run(build(&workspace, &tools)?.args(&options.arguments))
}

/// Runs the seeds of a usual check, then every broken variant until it is caught.
pub(crate) fn check(workspace: &Workspace, tools: &Tools<'_>, summaries: &mut Vec<String>) -> Result<()> {
    process::run_tests(build(workspace, tools)?.args(["--seeds", CHECKED_SEEDS]), summaries)?;
    process::run_tests(build(workspace, tools)?.args(["--variants", "--seeds", VARIANT_SEEDS]), summaries)
}

fn build(workspace: &Workspace, tools: &Tools<'_>) -> Result<Command> {
    process::run(&mut tools.cargo(&["build", "--release", "--package", "sim"]))?;
    let program = workspace.target.join("release").join(format!("sim{EXE_SUFFIX}"));
    Ok(tools.command(&program.to_string_lossy()))
}
