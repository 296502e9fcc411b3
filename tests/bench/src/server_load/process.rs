//! The release binary as a process of its own, and what the system says of it.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tests::processes::peak_memory_bytes;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::catalogue::Catalogue;

const START_TIMEOUT_MILLIS: u64 = 30_000;
/// What the kernel counts processor time in for /proc, on every architecture that the bench runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// A server that listens. It dies with the value.
#[derive(Debug)]
pub(super) struct RunningServer {
    child: Child,
    pid: u32,
    /// Its address, such as `http://127.0.0.1:40123`.
    pub(super) url: String,
}

impl RunningServer {
    /// Starts `program` on `database` and waits until it listens.
    pub(super) async fn start(program: &Path, database: &Path) -> Result<Self> {
        let mut child = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--database"])
            .arg(database)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        let pid = child.id().context("the server ended at once")?;
        let mut lines = BufReader::new(child.stdout.take().context("the server's output is closed")?).lines();
        let first = timeout(Duration::from_millis(START_TIMEOUT_MILLIS), lines.next_line());
        let first =
            first.await.context("the server does not listen")??.context("the server ended at once")?;
        let url = first.strip_prefix("Listening on ").with_context(|| format!("the server said: {first}"))?;
        Ok(Self { child, pid, url: url.to_owned() })
    }

    /// The most memory that it has held, in MB (10^6 bytes).
    pub(super) fn peak_memory_mb(&self) -> Result<f64> {
        let bytes = peak_memory_bytes(self.pid).context("the system does not tell the server's memory")?;
        Ok(bytes / 1e6)
    }

    /// Processor time that it has used, in seconds.
    pub(super) fn cpu_seconds(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        // The name before the last parenthesis may hold spaces; user and system time are fields 14 and 15.
        let fields = stat.rsplit_once(')').context("no stat")?.1.split_whitespace();
        let ticks = fields.skip(11).take(2).map(str::parse::<f64>).sum::<Result<f64, _>>()?;
        Ok(ticks / TICKS_PER_SECOND)
    }

    /// Kills it, as a power cut would.
    pub(super) async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }
}

/// Imports a catalogue into a new database.
pub(super) async fn import(program: &Path, database: &Path, catalogue: &Catalogue) -> Result<()> {
    let mut command = Command::new(program);
    command.arg("import").arg("--database").arg(database);
    command.arg("--products").arg(&catalogue.products).arg("--lots").arg(&catalogue.lots);
    let status = command.stdout(Stdio::null()).status().await;
    let status = status.with_context(|| format!("{} cannot be started", program.display()))?;
    ensure!(status.success(), "the catalogue cannot be imported ({status})");
    Ok(())
}
