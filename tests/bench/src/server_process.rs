//! Runs the release server as a process on a temporary database. It can be stopped and restarted.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use domain::{DeviceAnswer, EnrolRequest};
use rusqlite::{Connection, OpenFlags, Row};
use tempfile::TempDir;

use crate::catalogue::Catalogue;
use crate::settings::{Settings, Size};

const START_TIMEOUT: Duration = Duration::from_secs(30);
const START_POLL: Duration = Duration::from_millis(20);

/// The server process. Its database is deleted on drop.
#[derive(Debug)]
pub(crate) struct ServerProcess {
    folder: TempDir,
    program: PathBuf,
    site: PathBuf,
    port: u16,
    process: Option<Child>,
    catalogue: Catalogue,
}

impl ServerProcess {
    /// Imports a catalogue of this size into a new database and serves it.
    ///
    /// # Errors
    /// When the import or the start fails.
    pub(crate) fn start_with(settings: &Settings, size: Size) -> Result<Self> {
        let folder = TempDir::new().context("no temporary folder can be made")?;
        let catalogue = Catalogue::write(settings, size, folder.path())?;
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|free| free.local_addr())
            .context("no free port")?
            .port();
        let (program, site) = (settings.server.clone(), settings.site.clone());
        let mut server = Self { folder, program, site, port, process: None, catalogue };
        let (products, lots) = (server.catalogue.products.clone(), server.catalogue.lots.clone());
        let said =
            server.run(server.command("import").arg("--products").arg(products).arg("--lots").arg(lots))?;
        println!("server: {}", said.trim());
        server.start()?;
        Ok(server)
    }

    /// Starts the server and waits until it accepts connections.
    ///
    /// # Errors
    /// When it does not answer in time.
    pub(crate) fn start(&mut self) -> Result<()> {
        let listen = format!("127.0.0.1:{}", self.port);
        let mut command = self.command("serve");
        command.args(["--listen", &listen]).arg("--dist").arg(&self.site).stdout(Stdio::null());
        self.process =
            Some(command.spawn().with_context(|| format!("{} cannot be started", self.program.display()))?);
        let deadline = Instant::now() + START_TIMEOUT;
        while std::net::TcpStream::connect(&listen).is_err() {
            ensure!(
                Instant::now() < deadline,
                "the server does not answer on {listen} after {} s",
                START_TIMEOUT.as_secs()
            );
            std::thread::sleep(START_POLL);
        }
        Ok(())
    }

    /// Kills the server, as a power cut would. The database stays.
    ///
    /// # Errors
    /// When the process cannot be killed.
    pub(crate) fn stop(&mut self) -> Result<()> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        process.kill().and_then(|()| process.wait()).context("the server cannot be stopped")?;
        Ok(())
    }

    /// Backs up the database while it is in use. Returns the copy's path.
    ///
    /// # Errors
    /// When the server's command fails.
    pub(crate) fn backup(&self) -> Result<PathBuf> {
        let copy = self.folder.path().join("backup.db");
        self.run(self.command("backup").arg("--to").arg(&copy)).map(|_| copy)
    }

    /// Replaces the database by a backup. The server must be stopped.
    ///
    /// # Errors
    /// When files cannot be replaced.
    pub(crate) fn restore(&self, backup: &Path) -> Result<()> {
        let database = self.database();
        for log in ["lotbook.db-wal", "lotbook.db-shm"] {
            // They do not exist after an orderly shutdown.
            drop(fs::remove_file(self.folder.path().join(log)));
        }
        fs::copy(backup, &database)
            .map(drop)
            .with_context(|| format!("{} cannot be restored", database.display()))
    }

    /// From the next start on, serves a copy of the files whose scripts look like another build.
    ///
    /// # Errors
    /// When the files cannot be copied, or the app's build has no id.
    pub(crate) fn release_another_build(&mut self) -> Result<()> {
        let copy = self.folder.path().join("site");
        let copied =
            Command::new("cp").arg("-r").arg(&self.site).arg(&copy).status().context("running `cp`")?;
        ensure!(copied.success(), "{} cannot be copied", self.site.display());
        mark(&copy.join("sw.js"), |text| text.replacen(r#""id":""#, r#""id":"feed"#, 1))?;
        for script in fs::read_dir(copy.join("bench")).into_iter().flatten().flatten() {
            if script.path().extension().is_some_and(|extension| extension == "js") {
                mark(&script.path(), |text| format!("{text}\n// build feed\n"))?;
            }
        }
        self.site = copy;
        Ok(())
    }

    /// The local port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The app's origin. Its cookies and storage are separate from those of [`Self::origin`].
    pub(crate) fn app_origin(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// The origin of the subjects' pages: `http://127.0.0.1:PORT`.
    pub(crate) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The imported rows.
    pub(crate) fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Path of the database file.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("lotbook.db")
    }

    /// Creates a link that enrols one device under `origin`, once. Its last path segment is the code.
    ///
    /// # Errors
    /// When the server's command fails.
    pub(crate) fn enrolment_link(&self, origin: &str) -> Result<String> {
        let said = self.run(self.command("enrol").args(["--base-url", origin]))?;
        let link = said.split_whitespace().find(|word| word.starts_with("http"));
        link.map(str::to_owned)
            .with_context(|| format!("`lotbook-server enrol` printed no link, but: {said}"))
    }

    /// Enrols a native device and returns its token.
    ///
    /// # Errors
    /// When the server refuses.
    pub(crate) async fn enrol_device(&self, name: &str) -> Result<String> {
        let link = self.enrolment_link(&self.origin())?;
        let code = link.rsplit('/').next().unwrap_or_default().to_owned();
        let request = EnrolRequest { code, site: None, device_name: name.to_owned(), bearer: true };
        let post = reqwest::Client::new()
            .post(format!("{}/api/enrol", self.origin()))
            .header("x-lotbook", "1")
            .json(&request);
        let answer: DeviceAnswer =
            post.send().await?.error_for_status().context("enrolling a device")?.json().await?;
        answer.token.context("the server gave the device no token")
    }

    /// Runs a query on the database and returns its rows, converted by `read`.
    ///
    /// # Errors
    /// When the query fails.
    pub(crate) fn query<T>(
        &self,
        sql: &str,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let database = Connection::open_with_flags(self.database(), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut statement =
            database.prepare(sql).with_context(|| format!("the query cannot be prepared: {sql}"))?;
        let rows = statement.query_map([], read)?.collect::<rusqlite::Result<_>>();
        rows.with_context(|| format!("the query failed: {sql}"))
    }

    /// Runs a query and returns the number in its first row.
    ///
    /// # Errors
    /// When the query fails or finds no row.
    pub(crate) fn number(&self, sql: &str) -> Result<i64> {
        self.query(sql, |row| row.get(0))?.first().copied().with_context(|| format!("no number from: {sql}"))
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(Path::new(&self.program));
        command.arg(name).arg("--database").arg(self.database());
        command
    }

    fn run(&self, command: &mut Command) -> Result<String> {
        let done =
            command.output().with_context(|| format!("{} cannot be started", self.program.display()))?;
        if !done.status.success() {
            bail!(
                "the server's command failed ({}): {}",
                done.status,
                String::from_utf8_lossy(&done.stderr).trim()
            );
        }
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    }
}

fn mark(script: &Path, change: impl Fn(&str) -> String) -> Result<()> {
    let text = fs::read_to_string(script).with_context(|| format!("{} cannot be read", script.display()))?;
    let changed = change(&text);
    ensure!(changed != text, "{} has no build id to change", script.display());
    fs::write(script, changed).with_context(|| format!("{} cannot be written", script.display()))?;
    for compressed in ["js.br", "js.gz"] {
        // Not every script has compressed copies.
        drop(fs::remove_file(script.with_extension(compressed)));
    }
    Ok(())
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // Errors cannot be returned from `drop`.
        drop(self.stop());
    }
}
