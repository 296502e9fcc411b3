//! schemathesis, which makes up requests from the description of an API, in a virtual environment of Python.

use crate::apt::{can_install, install};
use crate::process;
use crate::tools::Tools;
use crate::workspace::Workspace;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};

/// The pinned packages.
const REQUIREMENTS: &str = "tests/schemathesis/requirements.txt";
/// The packages of Debian and Ubuntu that are needed for an environment.
const PACKAGES: [&str; 2] = ["python3", "python3-venv"];

/// Makes sure that the pinned packages are installed, and returns the path of the program.
///
/// # Errors
/// When Python is missing, or they cannot be installed.
pub(crate) fn ensure_schemathesis(workspace: &Workspace, tools: &Tools<'_>) -> Result<PathBuf> {
    let folder = workspace.tools().join("schemathesis");
    let program = folder.join("bin").join("schemathesis");
    let requirements = workspace.root.join(REQUIREMENTS);
    let wanted = fs::read_to_string(&requirements)
        .with_context(|| format!("{} cannot be read", requirements.display()))?;
    // Written last: an installation that was cut off is made again.
    let installed = folder.join("installed.txt");
    if program.is_file() && fs::read_to_string(&installed).is_ok_and(|found| found == wanted) {
        return Ok(program);
    }
    make_environment(tools, &folder)?;
    let pip = folder.join("bin").join("pip");
    process::run(
        tools
            .command(&pip.to_string_lossy())
            .args(["install", "--quiet", "--requirement"])
            .arg(&requirements),
    )
    .context("schemathesis cannot be installed with pip")?;
    fs::write(&installed, wanted).with_context(|| format!("{} cannot be written", installed.display()))?;
    Ok(program)
}

fn make_environment(tools: &Tools<'_>, folder: &Path) -> Result<()> {
    let make = || process::run(tools.command("python3").args(["-m", "venv", "--clear"]).arg(folder));
    if tools.find("python3").is_some() && make().is_ok() {
        return Ok(());
    }
    ensure!(
        can_install(tools),
        "the test of the API needs Python 3 with venv, for schemathesis. On Debian or Ubuntu: `sudo apt-get install {}`",
        PACKAGES.join(" ")
    );
    println!("Python's venv is not installed; installing it with apt-get, once.");
    install(tools, &PACKAGES)?;
    make()
}
