//! Packages of Debian and Ubuntu.

use crate::process;
use crate::tools::Tools;
use anyhow::Result;
use std::process::Command;

/// Whether packages can be installed.
pub(crate) fn can_install(tools: &Tools<'_>) -> bool {
    tools.find("apt-get").is_some() && is_root(tools)
}

/// Installs packages, once their lists are up to date.
///
/// # Errors
/// When one is unknown, or cannot be installed.
pub(crate) fn install(tools: &Tools<'_>, packages: &[&str]) -> Result<()> {
    process::run(apt(tools).arg("update"))?;
    process::run(apt(tools).args(["install", "-y", "--no-install-recommends"]).args(packages))
}

/// `apt-get` that asks nothing.
fn apt(tools: &Tools<'_>) -> Command {
    let mut command = tools.command("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn is_root(tools: &Tools<'_>) -> bool {
    process::output(tools.command("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}
