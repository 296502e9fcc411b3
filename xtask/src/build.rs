//! Builds the app and the server and says where the results are.

use crate::process;
use crate::tools::Tools;
use crate::workspace::Workspace;
use anyhow::Result;
use std::env::consts::EXE_SUFFIX;
use std::path::PathBuf;

/// How a build is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Small and fast, as it is shipped.
    Release,
    /// Quick to build.
    Debug,
}

impl Profile {
    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Release => &["--release"],
            Self::Debug => &[],
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Debug => "debug",
        }
    }
}

/// Builds the app into `dist/`.
pub(crate) fn build_app(tools: &Tools<'_>, profile: Profile) -> Result<()> {
    let mut trunk = tools.command("trunk");
    // Trunk takes NO_COLOR=1, which is how everybody sets it, for an invalid argument.
    process::run(trunk.env_remove("NO_COLOR").args(["build", "--skip-version-check"]).args(profile.flags()))
}

/// Builds the server and returns its program.
pub(crate) fn build_server(workspace: &Workspace, tools: &Tools<'_>, profile: Profile) -> Result<PathBuf> {
    process::run(tools.cargo(&["build", "--package", "server"]).args(profile.flags()))?;
    Ok(workspace.target.join(profile.folder()).join(format!("lotbook-server{EXE_SUFFIX}")))
}
