//! Runs the release binary as a process and reads its CPU time and memory.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tests::Books;
use tests::processes::peak_memory_bytes;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::catalogue::Catalogue;

const START_TIMEOUT_MILLIS: u64 = 30_000;
/// The unit of CPU time in /proc, on every architecture that the bench runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// A running server. It is killed on drop.
#[derive(Debug)]
pub(crate) struct RunningServer {
    child: Child,
    pid: u32,
    /// The base URL, such as `http://127.0.0.1:40123`.
    pub(crate) url: String,
    /// The URL of its figures.
    metrics: String,
}

impl RunningServer {
    /// Starts `program` on a database and waits until it listens.
    pub(crate) async fn start(program: &Path, books: &Books) -> Result<Self> {
        let mut child = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--database"])
            .arg(address(books))
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        let pid = child.id().context("the server ended at once")?;
        let mut lines = BufReader::new(child.stdout.take().context("the server's output is closed")?).lines();
        let mut said = async |start: &str| {
            let line = timeout(Duration::from_millis(START_TIMEOUT_MILLIS), lines.next_line());
            let line =
                line.await.context("the server does not listen")??.context("the server ended at once")?;
            let url = line.strip_prefix(start).with_context(|| format!("the server said: {line}"))?;
            anyhow::Ok(url.to_owned())
        };
        let (url, metrics) = (said("Listening on ").await?, said("Metrics at ").await?);
        Ok(Self { child, pid, url, metrics })
    }

    /// A figure of the server.
    pub(crate) async fn figure(&self, name: &str) -> Result<f64> {
        let page = reqwest::get(&self.metrics).await?.error_for_status()?.text().await?;
        let value = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(value.with_context(|| format!("there is no figure {name}"))?.trim().parse()?)
    }

    /// Peak resident memory, in MB (10^6 bytes).
    pub(crate) fn peak_memory_mb(&self) -> Result<f64> {
        let bytes = peak_memory_bytes(self.pid).context("/proc does not show the server's memory")?;
        Ok(bytes / 1e6)
    }

    /// CPU time used so far, in seconds.
    pub(crate) fn cpu_seconds(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        // The process name, up to the last parenthesis, may contain spaces. User and system time are fields
        // 14 and 15.
        let fields = stat.rsplit_once(')').context("no stat")?.1.split_whitespace();
        let ticks = fields.skip(11).take(2).map(str::parse::<f64>).sum::<Result<f64, _>>()?;
        Ok(ticks / TICKS_PER_SECOND)
    }

    /// Kills the server, as a power cut would.
    pub(crate) async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }
}

/// The value of `--database`.
fn address(books: &Books) -> OsString {
    match books {
        Books::File(file) => file.into(),
        Books::Postgres(database) => database.url().into(),
    }
}

/// Moves a file to the empty database of PostgreSQL at `url`.
pub(super) async fn move_to(program: &Path, file: &Path, url: &str) -> Result<()> {
    let mut command = Command::new(program);
    command.arg("migrate-from").arg(file).args(["--database", url]);
    let output = command.output().await;
    let output = output.with_context(|| format!("{} cannot be started", program.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the catalogue cannot be moved: {said}");
    Ok(())
}

/// Imports a catalogue into a site of a file.
pub(super) async fn import(program: &Path, file: &Path, site: &str, catalogue: &Catalogue) -> Result<()> {
    let mut command = Command::new(program);
    command.arg("import").arg("--database").arg(file).args(["--site", site]);
    command.arg("--products").arg(&catalogue.products).arg("--lots").arg(&catalogue.lots);
    let status = command.stdout(Stdio::null()).status().await;
    let status = status.with_context(|| format!("{} cannot be started", program.display()))?;
    ensure!(status.success(), "the catalogue cannot be imported ({status})");
    Ok(())
}
