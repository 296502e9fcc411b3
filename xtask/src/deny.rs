//! `cargo deny` with `deny.toml`: licences, duplicates and sources of all dependencies, and known
//! vulnerabilities.
//!
//! The list of vulnerabilities is a Git repository that some machines cannot reach. Without it, and without
//! an earlier copy, that one check is skipped, and the output says so.

use crate::process;
use crate::tools::Tools;
use anyhow::{Context, Result};
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const FETCH_TIMEOUT: Duration = Duration::from_secs(60);
const FETCH_POLL: Duration = Duration::from_millis(100);
/// cargo-deny's folder for the list, under cargo's home.
const DATABASES: &str = "advisory-dbs";

/// Runs all checks that are possible on this machine.
///
/// # Errors
/// When a dependency breaks a rule of `deny.toml`.
pub(crate) fn check(tools: &Tools<'_>) -> Result<()> {
    tools.ensure_deny()?;
    process::run(&mut tools.cargo(&["deny", "--all-features", "check", "licenses", "bans", "sources"]))?;
    let databases = cargo_home().map(|home| home.join(DATABASES));
    let is_fresh = is_fetched(tools)?;
    if is_fresh || databases.as_deref().is_some_and(has_database) {
        let age =
            if is_fresh { "fetched just now" } else { "an earlier copy, as no newer one can be fetched" };
        println!("Known vulnerabilities: checked against the RustSec advisory database ({age}).");
        return process::run(&mut tools.cargo(&[
            "deny",
            "--all-features",
            "check",
            "--disable-fetch",
            "advisories",
        ]));
    }
    println!(
        "Known vulnerabilities: NOT checked. The RustSec advisory database on github.com cannot be fetched from this \
         machine, and there is no earlier copy; run `cargo deny check advisories` where it can."
    );
    Ok(())
}

/// Fetches the list of vulnerabilities, with a timeout in case a firewall drops the request.
fn is_fetched(tools: &Tools<'_>) -> Result<bool> {
    let mut fetch = tools.cargo(&["deny", "fetch", "db"]);
    let child = fetch.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    has_succeeded(&mut child.context("cargo deny cannot be started")?, FETCH_TIMEOUT)
}

fn has_succeeded(child: &mut Child, timeout: Duration) -> Result<bool> {
    let deadline = Instant::now() + timeout;
    loop {
        if let Some(status) = child.try_wait().context("a process cannot be waited for")? {
            return Ok(status.success());
        }
        if Instant::now() > deadline {
            child.kill().context("a process cannot be stopped")?;
            child.wait().context("a process cannot be waited for")?;
            return Ok(false);
        }
        thread::sleep(FETCH_POLL);
    }
}

fn cargo_home() -> Option<PathBuf> {
    let named = env::var_os("CARGO_HOME").map(PathBuf::from);
    named.or_else(|| env::home_dir().map(|home| home.join(".cargo")))
}

/// A database is a folder with a checkout of advisories; after an interrupted fetch it has no `crates`.
fn has_database(databases: &Path) -> bool {
    let Ok(entries) = databases.read_dir() else { return false };
    entries.filter_map(Result::ok).any(|entry| entry.path().join("crates").is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::process::Command;

    #[test]
    fn only_a_database_with_advisories_counts() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!has_database(&folder.path().join("missing")));
        let database = folder.path().join("advisory-db-1");
        fs::create_dir(&database).unwrap();
        assert!(!has_database(folder.path()), "it was begun, not fetched");
        fs::create_dir(database.join("crates")).unwrap();
        assert!(has_database(folder.path()));
    }

    #[test]
    fn a_fetch_that_hangs_times_out() {
        let begin = |script: &str| Command::new("sh").args(["-c", script]).spawn().unwrap();
        assert!(has_succeeded(&mut begin("exit 0"), Duration::from_secs(10)).unwrap());
        assert!(!has_succeeded(&mut begin("exit 1"), Duration::from_secs(10)).unwrap());
        assert!(!has_succeeded(&mut begin("exec sleep 60"), Duration::from_millis(200)).unwrap());
    }
}
