//! Runs the real server binary on a temporary file, or on a database of PostgreSQL.

use std::cell::RefCell;
use std::env;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use server::DEFAULT_SITE;
use server::clock::Clock;
use server::enrolment::{self, Applicant};
use tempfile::TempDir;
use test_postgres::Database;
use tests::{Books, NativeTransport};

/// The environment variable with the path of the binary to test. If it is not set, the binary is built.
const LOTBOOK_SERVER_BIN: &str = "LOTBOOK_SERVER_BIN";

/// Path of the server binary. Built at most once, in the profile of this test.
fn binary() -> Result<&'static Path> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| match env::var_os(LOTBOOK_SERVER_BIN) {
        Some(given) => Ok(PathBuf::from(given)),
        None => build().map_err(|error| format!("{error:#}")),
    });
    built.as_deref().map_err(|error| anyhow::anyhow!("lotbook-server cannot be built: {error}"))
}

fn build() -> Result<PathBuf> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--package", "server", "--bin", "lotbook-server", "--message-format", "json"]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let done = command.args(["--manifest-path", manifest]).stderr(Stdio::inherit()).output()?;
    ensure!(done.status.success(), "cargo build: {}", done.status);
    let messages = String::from_utf8(done.stdout)?;
    let mut executables = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    executables.next_back().context("cargo names no executable")
}

/// A server that can be killed and restarted. Its files are deleted on drop.
pub(crate) struct Server {
    dir: TempDir,
    books: Books,
    running: RefCell<Option<Running>>,
    /// Port 0 until the first start, then the port the system chose, so that devices reconnect to the same
    /// address.
    address: RefCell<String>,
}

struct Running {
    process: Child,
    /// Kept open, because the server would fail to write to a closed pipe.
    _output: BufReader<ChildStdout>,
}

impl Server {
    /// A server on a file that has not been started yet.
    pub(crate) fn stopped() -> Result<Self> {
        let dir = TempDir::new()?;
        let books = Books::File(dir.path().join("lotbook.db"));
        Ok(Self::new(dir, books))
    }

    /// A server on a database of PostgreSQL that has not been started yet.
    pub(crate) fn stopped_on(database: Arc<Database>) -> Result<Self> {
        Ok(Self::new(TempDir::new()?, Books::Postgres(database)))
    }

    fn new(dir: TempDir, books: Books) -> Self {
        let address = RefCell::new("127.0.0.1:0".to_owned());
        Self { dir, books, running: RefCell::default(), address }
    }

    /// Whether its database can be away while it runs itself.
    pub(crate) fn has_other_process(&self) -> bool {
        self.books.file().is_none()
    }

    /// A path in the server's temporary folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path("lotbook.db")
    }

    /// The database's write-ahead log.
    pub(crate) fn log(&self) -> PathBuf {
        self.path("lotbook.db-wal")
    }

    /// The log's shared-memory index. SQLite recreates it when the database is opened.
    pub(crate) fn log_index(&self) -> PathBuf {
        self.path("lotbook.db-shm")
    }

    /// Enrols devices. Returns their tokens.
    pub(crate) async fn enrol(&self, devices: usize) -> Result<Vec<String>> {
        let store = self.books.database().open_current().await?;
        store.ensure_site(DEFAULT_SITE).await?;
        let now = Clock::default().now();
        let mut tokens = Vec::new();
        for _ in 0..devices {
            let code = enrolment::new_code(&*store, DEFAULT_SITE, "", now).await?;
            let enrolled = enrolment::enrol(&*store, &code, Applicant::default(), now).await?;
            tokens.push(enrolled.ok().context("a fresh code was refused")?.1);
        }
        Ok(tokens)
    }

    /// Starts the server on the files as they are and waits until it listens.
    pub(crate) fn start(&self) -> Result<()> {
        let mut process = self
            .command("serve")?
            .args(["--listen", &self.address.borrow()])
            .stdout(Stdio::piped())
            .spawn()
            .context("starting the server")?;
        let mut output = BufReader::new(process.stdout.take().context("the server's output")?);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let Some(address) = line.trim().strip_prefix("Listening on http://") else {
            bail!("the server ended instead of listening: {}", process.wait()?);
        };
        address.clone_into(&mut self.address.borrow_mut());
        *self.running.borrow_mut() = Some(Running { process, _output: output });
        Ok(())
    }

    /// Kills the server (SIGKILL): no handler runs and nothing is flushed.
    pub(crate) fn kill(&self) -> Result<()> {
        if let Some(mut running) = self.running.borrow_mut().take() {
            running.process.kill()?;
            running.process.wait()?;
        }
        Ok(())
    }

    /// Sends SIGTERM, waits for `patience`, then kills the server.
    pub(crate) fn kill_during_shutdown(&self, patience: Duration) -> Result<()> {
        if let Some(running) = self.running.borrow().as_ref() {
            let id = running.process.id().to_string();
            ensure!(Command::new("kill").args(["-TERM", &id]).status()?.success(), "SIGTERM cannot be sent");
            sleep(patience);
        }
        self.kill()
    }

    /// Prepares a subcommand of the binary on the same database.
    pub(crate) fn command(&self, name: &str) -> Result<Command> {
        let mut command = Command::new(binary()?);
        command.arg(name).arg("--database").env("RUST_LOG", "error");
        match &self.books {
            Books::File(file) => command.arg(file),
            Books::Postgres(database) => command.arg(database.url()),
        };
        Ok(command)
    }

    /// A transport to the server for the device with this token.
    pub(crate) fn transport(&self, token: &str) -> Result<NativeTransport> {
        NativeTransport::new(&format!("http://{}", self.address.borrow()), token)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Errors cannot be returned from `drop`.
        drop(self.kill());
    }
}
