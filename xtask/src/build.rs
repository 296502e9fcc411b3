//! Builds the app and the programs, and returns the paths of the results.

use crate::process;
use crate::tools::Tools;
use crate::workspace::Workspace;
use anyhow::Result;
use std::env::consts::EXE_SUFFIX;
use std::path::{Path, PathBuf};

const SERVER: &str = "lotbook-server";

/// A build profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Small and fast, as shipped.
    Release,
    /// Nearly as fast, in a third of the build time: for programs that only run checks.
    Checks,
    /// Quick to build.
    Debug,
}

impl Profile {
    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Release => &["--release"],
            Self::Checks => &["--profile", "checks"],
            Self::Debug => &[],
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Checks => "checks",
            Self::Debug => "debug",
        }
    }
}

/// The programs that checks run, built together.
#[derive(Debug)]
pub(crate) struct Checks {
    /// The server.
    pub(crate) server: PathBuf,
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
pub(crate) fn build_example_server(
    workspace: &Workspace,
    tools: &Tools<'_>,
    name: &str,
    profile: Profile,
) -> Result<PathBuf> {
    let package = format!("{name}-server");
    process::run(tools.cargo(&["build", "--package", &package]).args(profile.flags()))?;
    Ok(program(workspace, profile, &package))
}

/// Builds the programs for checks in one call of cargo, so that they share every dependency.
///
/// # Errors
/// When cargo fails.
pub(crate) fn build_checks(workspace: &Workspace, tools: &Tools<'_>) -> Result<Checks> {
    let packages = ["build", "--package", "server", "--package", "sim", "--package", "bench"];
    process::run(tools.cargo(&packages).args(Profile::Checks.flags()))?;
    Ok(Checks {
        server: server_program(workspace, Profile::Checks),
        sim: program(workspace, Profile::Checks, "sim"),
        bench: program(workspace, Profile::Checks, "bench"),
    })
}

/// The path of the server built with this profile.
pub(crate) fn server_program(workspace: &Workspace, profile: Profile) -> PathBuf {
    program(workspace, profile, SERVER)
}

fn program(workspace: &Workspace, profile: Profile, name: &str) -> PathBuf {
    workspace.target.join(profile.folder()).join(format!("{name}{EXE_SUFFIX}"))
}
