//! Builds the app and the programs, and returns the paths of the results.

use crate::process;
use crate::tools::Tools;
use crate::workspace::Workspace;
use anyhow::Result;
use std::env::consts::EXE_SUFFIX;
use std::path::{Path, PathBuf};

/// Tells `xtask stamp` to leave the files as large as they are.
pub(crate) const IS_TRIAL: &str = "LOTBOOK_TRIAL_BUILD";
/// Instead of the settings of `[profile.wasm]`.
const TRIAL_BUILD: [(&str, &str); 3] =
    [("CARGO_PROFILE_WASM_LTO", "off"), ("CARGO_PROFILE_WASM_CODEGEN_UNITS", "16"), (IS_TRIAL, "1")];
const SERVER: &str = "lotbook-server";
const EXAMPLE_SERVER: &str = "courses-server";
const SIM: &str = "sim";
const BENCH: &str = "bench";

/// A build profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Small and fast, as shipped.
    Release,
    /// The app as released, but larger and quicker to build: for a first look.
    Trial,
    /// Quick to build, and optimised as far as checks need it.
    Debug,
}

impl Profile {
    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Release | Self::Trial => &["--release"],
            Self::Debug => &[],
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Release | Self::Trial => "release",
            Self::Debug => "debug",
        }
    }
}

/// The packages of every native check. All checks build the same packages with the same features, so that they share every
/// dependency.
pub(crate) const CHECKED: [&str; 3] = ["--workspace", "--features", "tests/browser"];

/// The programs that checks run.
#[derive(Debug)]
pub(crate) struct Checks {
    /// The server.
    pub(crate) server: PathBuf,
    /// The server of the example.
    pub(crate) example_server: PathBuf,
    /// The simulation.
    pub(crate) sim: PathBuf,
    /// The driver of benches and faults.
    pub(crate) bench: PathBuf,
}

/// Builds the app of `folder`, where its `Trunk.toml` is, into the `dist/` there.
///
/// # Errors
/// When Trunk fails.
pub(crate) fn build_app(tools: &Tools<'_>, folder: &Path, profile: Profile) -> Result<()> {
    let mut trunk = tools.command("trunk");
    trunk.current_dir(folder);
    if profile == Profile::Trial {
        trunk.envs(TRIAL_BUILD);
    }
    // Trunk rejects the common value NO_COLOR=1 as an invalid argument.
    process::run(trunk.env_remove("NO_COLOR").args(["build", "--skip-version-check"]).args(profile.flags()))
}

/// Builds the server and returns its program.
///
/// # Errors
/// When cargo fails.
pub(crate) fn build_server(workspace: &Workspace, tools: &Tools<'_>, profile: Profile) -> Result<PathBuf> {
    process::run(tools.cargo(&["build", "--package", "server"]).args(profile.flags()))?;
    Ok(server_program(workspace, profile))
}

/// Builds the server of an example and returns its program.
///
/// # Errors
/// When cargo fails.
pub(crate) fn build_example_server(workspace: &Workspace, tools: &Tools<'_>, name: &str) -> Result<PathBuf> {
    let package = format!("{name}-server");
    process::run(&mut tools.cargo(&["build", "--package", &package]))?;
    Ok(program(workspace, Profile::Debug, &package))
}

/// Builds the native code, tests included, in one call of cargo, and reports Clippy's warnings as errors.
///
/// # Errors
/// When cargo fails.
pub(crate) fn build_checks(workspace: &Workspace, tools: &Tools<'_>) -> Result<Checks> {
    process::run(tools.linting_cargo(&["build", "--all-targets"]).args(CHECKED))?;
    let built = |name| program(workspace, Profile::Debug, name);
    Ok(Checks {
        server: built(SERVER),
        example_server: built(EXAMPLE_SERVER),
        sim: built(SIM),
        bench: built(BENCH),
    })
}

/// The path of the server built with this profile.
fn server_program(workspace: &Workspace, profile: Profile) -> PathBuf {
    program(workspace, profile, SERVER)
}

fn program(workspace: &Workspace, profile: Profile, name: &str) -> PathBuf {
    workspace.target.join(profile.folder()).join(format!("{name}{EXE_SUFFIX}"))
}
