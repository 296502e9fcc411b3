//! The real server binary on a database of its own.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

const START_SECONDS: u64 = 20;

/// A server that can be stopped and started again.
pub(crate) struct Server {
    folder: TempDir,
    port: u16,
    process: Option<Child>,
    dist: PathBuf,
}

fn from_environment(name: &str) -> Result<PathBuf> {
    let path =
        std::env::var_os(name).with_context(|| format!("{name} is not set: use `cargo xtask test`"))?;
    Ok(PathBuf::from(path))
}

impl Server {
    /// Starts a server on the demo warehouse.
    pub(crate) fn with_demo() -> Result<Self> {
        let server = Self::stopped()?;
        server.run(&["demo"])?;
        server.started()
    }

    /// Starts a server on the demo warehouse and further products and lots, as CSV, with a copy of the app that `change`
    /// has changed.
    pub(crate) fn with_demo_and(
        products: &str,
        lots: &str,
        change: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<Self> {
        let mut server = Self::stopped()?;
        server.copy_app("changed")?;
        change(&server.dist)?;
        server.run(&["demo"])?;
        let (products_file, lots_file) =
            (server.folder.path().join("products.csv"), server.folder.path().join("lots.csv"));
        std::fs::write(&products_file, products)?;
        std::fs::write(&lots_file, lots)?;
        server.import(&products_file, &lots_file)?;
        server.started()
    }

    /// Starts a server on products and lots from CSV files.
    pub(crate) fn with_import(products: &Path, lots: &Path) -> Result<Self> {
        let server = Self::stopped()?;
        server.import(products, lots)?;
        server.started()
    }

    fn import(&self, products: &Path, lots: &Path) -> Result<()> {
        let arguments =
            ["import", "--products", &products.to_string_lossy(), "--lots", &lots.to_string_lossy()];
        self.run(&arguments).map(drop)
    }

    fn stopped() -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        Ok(Self { folder: TempDir::new()?, port, process: None, dist: from_environment("LOTBOOK_DIST")? })
    }

    fn started(mut self) -> Result<Self> {
        self.start()?;
        Ok(self)
    }

    /// The address of the app.
    pub(crate) fn origin(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Starts the server and waits until it answers.
    pub(crate) fn start(&mut self) -> Result<()> {
        let listen = format!("127.0.0.1:{}", self.port);
        let process = self
            .command("serve")?
            .args(["--listen", &listen])
            .arg("--dist")
            .arg(&self.dist)
            .stdout(Stdio::null())
            .spawn()
            .context("starting the server")?;
        self.process = Some(process);
        let deadline = Instant::now() + Duration::from_secs(START_SECONDS);
        while std::net::TcpStream::connect(&listen).is_err() {
            ensure!(Instant::now() < deadline, "the server does not answer after {START_SECONDS} s");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Kills the server, as a power cut would.
    pub(crate) fn kill(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
            process.wait()?;
        }
        Ok(())
    }

    /// Adds a site with the demo warehouse, while the server runs or not.
    pub(crate) fn add_demo_site(&self, site: &str) -> Result<()> {
        self.run(&["demo", "--site", site]).map(drop)
    }

    /// A one-time link that makes a device known at a site.
    pub(crate) fn enrolment_link_at(&self, site: &str) -> Result<String> {
        let printed = self.run(&["enrol", "--base-url", &self.origin(), "--site", site])?;
        let link = printed.split_whitespace().find(|word| word.starts_with("http"));
        link.map(str::to_owned).with_context(|| format!("no link in {printed:?}"))
    }

    /// A one-time link that makes a device known.
    pub(crate) fn enrolment_link(&self) -> Result<String> {
        self.enrolment_link_at("main")
    }

    /// A link that sets the password of the first admin of the office.
    pub(crate) fn office_link(&self) -> Result<String> {
        Ok(self.run(&["init", "--base-url", &self.origin()])?.trim().to_owned())
    }

    /// A link that sets the password of a new account with a role at a site.
    pub(crate) fn account_link(&self, login: &str, role: &str, site: &str) -> Result<String> {
        let mut command = Command::new(from_environment("LOTBOOK_SERVER_BIN")?);
        command.args(["accounts", "add", "--login", login, "--role", role, "--site", site]);
        let done =
            command.args(["--base-url", &self.origin(), "--database"]).arg(self.database()).output()?;
        ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        Ok(String::from_utf8(done.stdout)?.trim().to_owned())
    }

    /// The list of devices that `lotbook-server devices` prints.
    pub(crate) fn devices(&self) -> Result<String> {
        self.run(&["devices"])
    }

    /// Like [`Self::enrolment_link`], for a device with a name.
    pub(crate) fn enrolment_link_for(&self, name: &str) -> Result<String> {
        let printed = self.run(&["enrol", "--base-url", &self.origin(), "--name", name])?;
        let link = printed.split_whitespace().find(|word| word.starts_with("http"));
        link.map(str::to_owned).with_context(|| format!("no link in {printed:?}"))
    }

    /// The result of a query on the database: each row's columns as text, joined by a space.
    pub(crate) fn query(&self, sql: &str) -> Result<Vec<String>> {
        let database = Connection::open_with_flags(self.database(), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut statement = database.prepare(sql)?;
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            let texts: rusqlite::Result<Vec<String>> = (0..columns)
                .map(|at| {
                    Ok(match row.get_ref(at)? {
                        rusqlite::types::ValueRef::Null => String::new(),
                        rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                        rusqlite::types::ValueRef::Real(number) => number.to_string(),
                        rusqlite::types::ValueRef::Text(text) | rusqlite::types::ValueRef::Blob(text) => {
                            String::from_utf8_lossy(text).into_owned()
                        }
                    })
                })
                .collect();
            Ok(texts?.join(" "))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The one number that a query returns.
    pub(crate) fn number(&self, sql: &str) -> Result<i64> {
        let rows = self.query(sql)?;
        let row = rows.first().with_context(|| format!("no row from {sql}"))?;
        row.parse().with_context(|| format!("{row:?} from {sql}"))
    }

    /// Serves another build of the app from now on: the same files under another build id. The server has to be stopped.
    pub(crate) fn release_another_build(&mut self) -> Result<()> {
        self.copy_app("another")?;
        let script = self.dist.join("sw.js");
        let text = std::fs::read_to_string(&script)?;
        let changed = text.replacen(r#""id":""#, r#""id":"feed"#, 1);
        ensure!(changed != text, "no build id in sw.js");
        std::fs::write(&script, changed)?;
        for compressed in ["sw.js.br", "sw.js.gz"] {
            drop(std::fs::remove_file(self.dist.join(compressed)));
        }
        Ok(())
    }

    /// Serves a copy of the app from now on, in a folder of this name.
    fn copy_app(&mut self, name: &str) -> Result<()> {
        let copy = self.folder.path().join(name);
        let copied =
            Command::new("cp").arg("-r").arg(&self.dist).arg(&copy).status().context("running `cp`")?;
        ensure!(copied.success(), "the build cannot be copied");
        self.dist = copy;
        Ok(())
    }

    /// Adds or changes a person, while the server runs or not: `add` or `change`, and the command's options.
    pub(crate) fn people(&self, what: &str, options: &[&str]) -> Result<()> {
        self.of_site("people", &[what], options)
    }

    /// Changes a setting of the site.
    pub(crate) fn set(&self, name: &str, value: &str) -> Result<()> {
        self.of_site("settings", &[], &[name, value])
    }

    /// Runs a command whose database is an option of its last word.
    fn of_site(&self, command: &str, words: &[&str], options: &[&str]) -> Result<()> {
        let done = Command::new(from_environment("LOTBOOK_SERVER_BIN")?)
            .arg(command)
            .args(words)
            .arg("--database")
            .arg(self.database())
            .args(options)
            .output()?;
        ensure!(done.status.success(), "`{command}` failed: {}", String::from_utf8_lossy(&done.stderr));
        Ok(())
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("lotbook.db")
    }

    fn command(&self, name: &str) -> Result<Command> {
        let mut command = Command::new(from_environment("LOTBOOK_SERVER_BIN")?);
        command.arg(name).arg("--database").arg(self.database());
        Ok(command)
    }

    fn run(&self, arguments: &[&str]) -> Result<String> {
        let (name, rest) = arguments.split_first().context("no subcommand")?;
        let done = self.command(name)?.args(rest).output()?;
        if !done.status.success() {
            bail!("`{name}` failed: {}", String::from_utf8_lossy(&done.stderr));
        }
        Ok(String::from_utf8(done.stdout)?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.kill());
    }
}
