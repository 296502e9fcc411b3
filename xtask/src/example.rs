//! `cargo xtask example`: an app of its own entities (`examples/`), built and served.

use crate::build::{self, Profile};
use crate::run::{ensure_free, serve};
use crate::tools::Tools;
use crate::workspace::Workspace;
use anyhow::{Context, Result, ensure};
use clap::Args;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

/// The options of `example`.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// The folder below examples/
    #[arg(value_name = "NAME")]
    name: String,
    /// The port on this machine that the server listens on
    #[arg(long, default_value_t = 8080)]
    port: u16,
}

/// Builds the app of an example with the tools it needs, and returns its `dist/`.
///
/// # Errors
/// When there is no such example, or it cannot be built.
pub(crate) fn build_app(workspace: &Workspace, tools: &Tools<'_>, name: &str) -> Result<PathBuf> {
    let folder = workspace.root.join("examples").join(name);
    ensure!(folder.join("Trunk.toml").is_file(), "there is no example {name} in {}", folder.display());
    tools.ensure_wasm_target()?;
    tools.ensure_wasm_bindgen()?;
    tools.ensure_trunk()?;
    // A debug build would not be stamped: its worker caches no files.
    build::build_app(tools, &folder, Profile::Release)?;
    Ok(folder.join("dist"))
}

/// Builds an example and serves it until Ctrl-C.
///
/// # Errors
/// When the port is taken, or the example cannot be built or started.
pub(crate) fn example(options: &Options) -> Result<()> {
    let Options { name, port } = options;
    let address = SocketAddr::from(([127, 0, 0, 1], *port));
    ensure_free(address)?;
    let workspace = Workspace::find()?;
    let tools = Tools::new(&workspace)?;
    let dist = build_app(&workspace, &tools, name)?;
    let server = build::build_example_server(&workspace, &tools, name)?;
    let data = workspace.target.join("examples");
    fs::create_dir_all(&data)
        .with_context(|| format!("the data folder {} cannot be made", data.display()))?;
    let mut command = Command::new(server);
    command.arg("--log").arg(data.join(format!("{name}.log"))).arg("--dist").arg(dist);
    serve(command, address, &format!("Open http://localhost:{port}."))
}
