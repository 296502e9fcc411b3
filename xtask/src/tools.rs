//! The pinned tools of a build: taken from the PATH when the version matches, else installed under
//! `target/tools`.
//!
//! They come from package registries only, because many build machines cannot reach other hosts. A second run
//! finds everything in place and installs nothing.

use crate::process;
use crate::workspace::Workspace;
use anyhow::{Context, Result, ensure};
use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

const WASM_TARGET: &str = "wasm32-unknown-unknown";
/// Exactly the version in `Trunk.toml`. Without TLS: it serves downloads, and all tools are already
/// installed.
const TRUNK: CargoTool = CargoTool {
    package: "trunk",
    program: "trunk",
    version: "0.21.14",
    is_exact: true,
    features: &["--no-default-features"],
};
/// Exactly the version of the `wasm-bindgen` crate in `Cargo.toml`.
const WASM_BINDGEN: CargoTool = CargoTool {
    package: "wasm-bindgen-cli",
    program: "wasm-bindgen-test-runner",
    version: "0.2.129",
    is_exact: true,
    features: &[],
};
/// The minimum version for `.config/nextest.toml`.
const NEXTEST: CargoTool = CargoTool {
    package: "cargo-nextest",
    program: "cargo-nextest",
    version: "0.9.143",
    is_exact: false,
    features: &["--no-default-features"],
};
const DENY: CargoTool = CargoTool {
    package: "cargo-deny",
    program: "cargo-deny",
    version: "0.20.2",
    is_exact: false,
    features: &[],
};
/// The compiler with Clippy's lints.
const CLIPPY: &str = "clippy-driver";
/// Its arguments, separated as `cargo clippy` does.
const CLIPPY_ARGUMENTS: &str = "-Dwarnings__CLIPPY_HACKERY__";
/// The package of wasm-opt.
pub(crate) const BINARYEN: &str = "binaryen@132.0.0";
const TERSER: &str = "terser@5.51.4";
/// Older releases cannot parse the output of current Rust.
const WASM_OPT_MIN_VERSION: u32 = 120;
/// The folder of the lock file for the browser tests' npm packages.
const BROWSER_NPM: &str = "tests/browser-npm";
/// The path of axe-core in it.
const AXE: &str = "node_modules/axe-core/axe.min.js";
/// The minimum version for the bundler of the benches' peers.
const NODE_MIN_VERSION: u32 = 20;

/// Tools run for seconds but build for minutes: their own release profiles (LTO, one codegen unit) do not pay
/// off.
const QUICK_BUILD: [(&str, &str); 4] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
];

/// A program installed with `cargo install`.
struct CargoTool {
    package: &'static str,
    program: &'static str,
    version: &'static str,
    /// Whether newer versions are not accepted.
    is_exact: bool,
    /// Feature arguments of `cargo install`.
    features: &'static [&'static str],
}

impl CargoTool {
    fn is_met_by(&self, found: &str) -> bool {
        if self.is_exact { found == self.version } else { numbers(found) >= numbers(self.version) }
    }
}

/// Finds and runs the tools.
#[derive(Debug)]
pub(crate) struct Tools<'a> {
    workspace: &'a Workspace,
    search_path: OsString,
}

impl<'a> Tools<'a> {
    /// Searches `target/tools` before the system's PATH.
    pub(crate) fn new(workspace: &'a Workspace) -> Result<Self> {
        let own = [workspace.tools().join("bin"), workspace.tools().join("node_modules").join(".bin")];
        let system = env::var_os("PATH").unwrap_or_default();
        let search_path = env::join_paths(own.into_iter().chain(env::split_paths(&system)))
            .context("the target directory's path has a character that PATH cannot hold")?;
        Ok(Self { workspace, search_path })
    }

    /// A command that runs in the repository's root with the tools on its PATH.
    pub(crate) fn command(&self, program: &str) -> Command {
        // Resolved here, because not every system uses the child's PATH to find a program.
        let mut command = Command::new(self.find(program).unwrap_or_else(|| program.into()));
        command.current_dir(&self.workspace.root).env("PATH", &self.search_path);
        command
    }

    /// `cargo` with these arguments.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = self.command("cargo");
        command.args(arguments);
        command
    }

    /// `cargo` with these arguments, which reports Clippy's warnings about the workspace as errors while it builds. A
    /// separate run of Clippy would compile every dependency a second time.
    pub(crate) fn linting_cargo(&self, arguments: &[&str]) -> Command {
        let mut command = self.cargo(arguments);
        command.env("RUSTC_WORKSPACE_WRAPPER", CLIPPY).env("CLIPPY_ARGS", CLIPPY_ARGUMENTS);
        command
    }

    /// The path of a program.
    pub(crate) fn find(&self, program: &str) -> Option<PathBuf> {
        which::which_in(program, Some(&self.search_path), &self.workspace.root).ok()
    }

    /// Adds the wasm target to the toolchain.
    pub(crate) fn ensure_wasm_target(&self) -> Result<()> {
        let missing = "Rust's wasm target is needed; install Rust with rustup, then run this again";
        let installed = process::output(self.command("rustup").args(["target", "list", "--installed"]));
        if installed.context(missing)?.lines().any(|line| line == WASM_TARGET) {
            return Ok(());
        }
        process::run(self.command("rustup").args(["target", "add", WASM_TARGET])).context(missing)
    }

    /// Installs Trunk, if needed.
    pub(crate) fn ensure_trunk(&self) -> Result<()> {
        self.ensure_cargo_tool(&TRUNK)
    }

    /// Installs wasm-bindgen and its test runner, if needed.
    pub(crate) fn ensure_wasm_bindgen(&self) -> Result<()> {
        self.ensure_cargo_tool(&WASM_BINDGEN)
    }

    /// Installs the runner of native and browser tests, if needed.
    pub(crate) fn ensure_nextest(&self) -> Result<()> {
        self.ensure_cargo_tool(&NEXTEST)
    }

    /// Installs the check of licences, sources and advisories, if needed.
    pub(crate) fn ensure_deny(&self) -> Result<()> {
        self.ensure_cargo_tool(&DENY)
    }

    fn ensure_cargo_tool(&self, tool: &CargoTool) -> Result<()> {
        if self.version_of(tool.program).is_some_and(|version| tool.is_met_by(&version)) {
            return Ok(());
        }
        println!("{} {} is not installed; building it takes some minutes, once.", tool.package, tool.version);
        let root = self.workspace.tools();
        process::run(
            self.cargo(&["install", "--locked", "--version", tool.version, tool.package])
                .args(tool.features)
                .arg("--root")
                .arg(&root)
                .envs(QUICK_BUILD),
        )
        .with_context(|| format!("{} {} cannot be installed", tool.package, tool.version))
    }

    /// Installs wasm-opt and terser if npm is available. Without them a build works, but is larger.
    pub(crate) fn ensure_shrinkers(&self) -> Result<()> {
        if self.wasm_opt().is_some() && self.terser().is_some() {
            return Ok(());
        }
        if self.find("npm").is_none() {
            println!(
                "npm is not installed, nor are wasm-opt and terser: the app is built without them and is larger."
            );
            return Ok(());
        }
        // Together: npm removes packages that an earlier call without --save has installed.
        let arguments = ["install", "--no-save", "--no-audit", "--no-fund", BINARYEN, TERSER, "--prefix"];
        process::run(self.command("npm").args(arguments).arg(self.workspace.tools()))
            .with_context(|| format!("{BINARYEN} (wasm-opt) and {TERSER} cannot be installed with npm"))
    }

    /// Installs axe-core, the accessibility rules for the browser tests, and returns its path.
    pub(crate) fn ensure_axe(&self) -> Result<PathBuf> {
        let folder = self.workspace.root.join(BROWSER_NPM);
        ensure!(
            self.find("npm").is_some(),
            "the browser tests need npm for axe-core. On Debian or Ubuntu: `sudo apt-get install npm`. Elsewhere, install \
             Node.js and put it on the PATH"
        );
        let mut npm = self.command("npm");
        npm.current_dir(&folder).args(["ci", "--no-audit", "--no-fund"]);
        process::run(&mut npm).context("axe-core cannot be installed from the npm registry")?;
        Ok(folder.join(AXE))
    }

    /// Checks for Node.js and npm, which bundle the peers for the benches.
    pub(crate) fn ensure_node(&self) -> Result<()> {
        let major = self.version_of("node").and_then(|version| major_version(&version));
        ensure!(
            major.is_some_and(|major| major >= NODE_MIN_VERSION) && self.find("npm").is_some(),
            "the benches need Node.js {NODE_MIN_VERSION} or newer with npm, to bundle the peers. On Debian or Ubuntu: \
             `sudo apt-get install nodejs npm`. Elsewhere, install both and put them on the PATH"
        );
        Ok(())
    }

    /// A wasm-opt of at least the minimum version.
    pub(crate) fn wasm_opt(&self) -> Option<PathBuf> {
        let version: u32 = self.version_of("wasm-opt")?.parse().ok()?;
        if version < WASM_OPT_MIN_VERSION { None } else { self.find("wasm-opt") }
    }

    /// The minifier of JavaScript.
    pub(crate) fn terser(&self) -> Option<PathBuf> {
        self.find("terser")
    }

    /// The first word in the output of `--version` that is a number, or a `v` with a number.
    fn version_of(&self, program: &str) -> Option<String> {
        self.find(program)?;
        let answer = process::output(self.command(program).arg("--version")).ok()?;
        first_version(&answer)
    }
}

fn first_version(answer: &str) -> Option<String> {
    let is_version = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit());
    answer.split_whitespace().map(|word| word.trim_start_matches('v')).find(is_version).map(str::to_owned)
}

/// `1.20.3` as numbers, for comparisons.
fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map_while(|number| number.parse().ok()).collect()
}

fn major_version(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{CargoTool, first_version, major_version};

    #[test]
    fn versions_are_found_in_the_output_of_tools() {
        assert_eq!(first_version("trunk 0.21.14\n").as_deref(), Some("0.21.14"));
        assert_eq!(first_version("wasm-opt version 132 (version_132)").as_deref(), Some("132"));
        assert_eq!(first_version("v20.19.2\n").as_deref(), Some("20.19.2"));
        assert_eq!(major_version("20.19.2"), Some(20));
        assert_eq!(first_version("usage: tool"), None);
    }

    #[test]
    fn a_newer_tool_is_accepted_unless_the_version_is_exact() {
        let tool = |is_exact| CargoTool {
            package: "tool",
            program: "tool",
            version: "0.9.143",
            is_exact,
            features: &[],
        };
        assert!(tool(false).is_met_by("0.9.143") && tool(false).is_met_by("0.10.2"));
        assert!(!tool(false).is_met_by("0.9.99") && !tool(false).is_met_by("0.9"));
        assert!(tool(true).is_met_by("0.9.143") && !tool(true).is_met_by("0.9.144"));
    }
}
