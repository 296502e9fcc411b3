//! The network of the namespace that the whole test runs in (`tests/isolated-network.sh`).

use std::process::Command;

use anyhow::{Context, Result, ensure};

/// The only interface besides loopback: the browser takes itself to be online while it is up.
const INTERFACE: &str = "lotbook0";

/// Takes the network up.
pub(crate) fn up() -> Result<()> {
    set("up")
}

/// Takes the network down; only loopback, which no browser counts, goes on.
pub(crate) fn down() -> Result<()> {
    set("down")
}

fn set(state: &str) -> Result<()> {
    let done = Command::new("ip").args(["link", "set", INTERFACE, state]).status().context("running `ip`")?;
    ensure!(done.success(), "cannot set {INTERFACE} {state}: run this test through `cargo xtask test`");
    Ok(())
}
