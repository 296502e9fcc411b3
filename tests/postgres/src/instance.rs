//! The two servers in one folder.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::database::ROLE;
use crate::packages::Packages;

const MAX_STARTS: u32 = 3;
const MAX_LOOKS: u32 = 600;
const LOOK_MILLIS: u64 = 50;
/// Looks for users, and the seconds between them, before shared servers are stopped.
const UNUSED_LOOKS: &str = "4";
const UNUSED_LOOK_SECONDS: &str = "5";
const MAX_CONNECTIONS: u32 = 300;

const QUICK: &[&str] = &["fsync=off", "synchronous_commit=off", "full_page_writes=off"];
const BOTH: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "shared_buffers=128MB",
    "max_wal_size=1GB",
    "timezone=UTC",
    "log_timezone=UTC",
];

/// The files are in the folder of the data.
const TLS: &[&str] = &["ssl=on", "ssl_cert_file=server.crt", "ssl_key_file=server.key"];

/// How far the servers go for their data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settings {
    /// Nothing waits for the disk.
    Quick,
    /// PostgreSQL's own settings.
    Durable,
    /// As [`Self::Quick`], and PostgreSQL speaks TLS.
    Encrypted,
}

/// Running servers.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    folder: PathBuf,
    pub(crate) port: u16,
    pub(crate) pooled_port: u16,
}

impl Instance {
    /// The servers that were started in `folder`, if they answer.
    pub(crate) fn running(folder: &Path) -> Option<Self> {
        let ready = fs::read_to_string(folder.join("ready")).ok()?;
        let (port, pooled_port) = ready.trim().split_once(' ')?;
        let instance = Self {
            folder: folder.to_owned(),
            port: port.parse().ok()?,
            pooled_port: pooled_port.parse().ok()?,
        };
        (instance.psql("postgres", "SELECT 1").is_ok() && answers(instance.pooled_port)).then_some(instance)
    }

    /// Starts the servers, and somebody who stops them when nobody holds the folder's lock any more.
    pub(crate) fn start(packages: &Packages, folder: &Path, settings: Settings) -> Result<Self> {
        for leftover in ["ready", "pgbouncer.pid"] {
            let _ = fs::remove_file(folder.join(leftover));
        }
        let data = folder.join("data");
        let _ = fs::remove_dir_all(&data);
        init(packages, &data)?;
        if settings == Settings::Encrypted {
            make_certificate(packages, &data)?;
        }
        let mut failed = None;
        // Another process may take a port that was free.
        for _ in 0..MAX_STARTS {
            let instance = Self { folder: folder.to_owned(), port: free_port()?, pooled_port: free_port()? };
            match instance.run(packages, settings) {
                Ok(()) => {
                    fs::write(folder.join("ready"), format!("{} {}\n", instance.port, instance.pooled_port))?;
                    return Ok(instance);
                }
                Err(error) => {
                    instance.stop();
                    failed = Some(error);
                }
            }
        }
        Err(failed.unwrap_or_else(|| anyhow::anyhow!("PostgreSQL was not started")))
    }

    fn run(&self, packages: &Packages, settings: Settings) -> Result<()> {
        self.start_postgres(packages, settings)?;
        let mut guardian = packages.command(Path::new("sh"));
        guardian.args(["-c", include_str!("guardian.sh"), "guardian"]).arg(&self.folder);
        guardian.args([UNUSED_LOOKS, UNUSED_LOOK_SECONDS]);
        self.spawn(guardian, "guardian.log")?;
        self.wait_for_postgres()?;
        self.admin(&format!("CREATE ROLE {ROLE} LOGIN"))?;
        self.write_pgbouncer_files()?;
        let mut pgbouncer = packages.command(&packages.pgbouncer);
        pgbouncer.arg(self.folder.join("pgbouncer.ini"));
        self.spawn(pgbouncer, "pgbouncer.log")?;
        self.wait(|| answers(self.pooled_port))
    }

    fn start_postgres(&self, packages: &Packages, settings: Settings) -> Result<()> {
        let mut postgres = packages.command(&packages.bin.join("postgres"));
        postgres.arg("-D").arg(self.folder.join("data")).args(["-p", &self.port.to_string()]);
        let quick = if settings == Settings::Durable { &[] } else { QUICK };
        let tls = if settings == Settings::Encrypted { TLS } else { &[] };
        for setting in BOTH.iter().chain(quick).chain(tls) {
            postgres.args(["-c", setting]);
        }
        postgres.args(["-c", &format!("max_connections={MAX_CONNECTIONS}")]);
        self.spawn(postgres, "postgres.log")
    }

    /// Starts PostgreSQL on the data that [`Instance::stop_postgres`] left, and waits until it has recovered.
    pub(crate) fn start_postgres_again(&self, settings: Settings) -> Result<()> {
        self.start_postgres(&Packages::find()?, settings)?;
        self.wait_for_postgres()
    }

    fn write_pgbouncer_files(&self) -> Result<()> {
        let folder = self.folder.display();
        let ini = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {}\n\
             unix_socket_dir =\nauth_type = trust\nauth_file = {folder}/pgbouncer.users\npidfile = {folder}/pgbouncer.pid\n\
             pool_mode = transaction\nmax_client_conn = 1000\ndefault_pool_size = 10\nserver_idle_timeout = 10\n",
            self.port, self.pooled_port
        );
        fs::write(self.folder.join("pgbouncer.ini"), ini)?;
        fs::write(self.folder.join("pgbouncer.users"), format!("\"{ROLE}\" \"\"\n"))?;
        Ok(())
    }

    /// In a group of its own: a signal to the tests' group does not reach it.
    fn spawn(&self, mut command: Command, log: &str) -> Result<()> {
        let log = File::options().create(true).append(true).open(self.folder.join(log))?;
        let program = command.get_program().to_owned();
        let child =
            command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0).spawn();
        child.with_context(|| format!("{} cannot be started", program.display()))?;
        Ok(())
    }

    pub(crate) fn wait(&self, is_up: impl Fn() -> bool) -> Result<()> {
        for _ in 0..MAX_LOOKS {
            if is_up() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(LOOK_MILLIS));
        }
        let [postgres, pgbouncer] = ["postgres.log", "pgbouncer.log"]
            .map(|log| fs::read_to_string(self.folder.join(log)).unwrap_or_default());
        bail!(
            "PostgreSQL or PgBouncer does not answer in {}:\n{postgres}\n{pgbouncer}",
            self.folder.display()
        )
    }

    /// Stops both at once; their data is not needed any more.
    pub(crate) fn stop(&self) {
        self.quit("pgbouncer.pid");
        self.stop_postgres();
    }

    /// Stops PostgreSQL at once, as in a failure: it writes nothing more, and recovers when it is started again.
    pub(crate) fn stop_postgres(&self) {
        self.quit("data/postmaster.pid");
        for _ in 0..MAX_LOOKS {
            if !self.folder.join("data/postmaster.pid").exists() {
                return;
            }
            thread::sleep(Duration::from_millis(LOOK_MILLIS));
        }
    }

    fn quit(&self, pid_file: &str) {
        let text = fs::read_to_string(self.folder.join(pid_file)).unwrap_or_default();
        if let Some(pid) = text.lines().next() {
            // It may have ended already.
            let _ = Command::new("kill").args(["-QUIT", pid]).stderr(Stdio::null()).status();
        }
    }

    fn wait_for_postgres(&self) -> Result<()> {
        self.wait(|| self.psql("postgres", "SELECT 1").is_ok())
    }

    /// The certificate of encrypted servers, which they have signed themselves.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.join("data/server.crt")
    }

    pub(crate) fn logs(&self) -> Vec<PathBuf> {
        ["postgres.log", "pgbouncer.log"].map(|log| self.folder.join(log)).to_vec()
    }

    /// Runs a statement outside of the tests' databases.
    pub(crate) fn admin(&self, sql: &str) -> Result<()> {
        self.psql("postgres", sql).map(|_| ())
    }

    /// Runs statements as the superuser.
    pub(crate) fn psql(&self, database: &str, sql: &str) -> Result<String> {
        let done = Command::new("psql")
            .args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-h", "127.0.0.1"])
            .args(["-p", &self.port.to_string(), "-d", database, "-c", sql])
            .env("PGOPTIONS", "-c client_min_messages=warning")
            .stdin(Stdio::null())
            .output()
            .context("psql cannot be run")?;
        if !done.status.success() {
            bail!("{}: {sql}", String::from_utf8_lossy(&done.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&done.stdout).trim_end().to_owned())
    }
}

fn init(packages: &Packages, data: &Path) -> Result<()> {
    let mut initdb = packages.command(&packages.bin.join("initdb"));
    initdb.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--no-instructions"]);
    initdb.args(["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US", "-D"]).arg(data);
    let done = initdb.current_dir("/").output().context("initdb cannot be run")?;
    if !done.status.success() {
        bail!("initdb failed: {}", String::from_utf8_lossy(&done.stderr));
    }
    Ok(())
}

/// For the name `localhost`, not for the address.
fn make_certificate(packages: &Packages, data: &Path) -> Result<()> {
    let mut openssl = packages.command(Path::new("openssl"));
    openssl.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]);
    openssl.args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]);
    openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    openssl.args(["-out", "server.crt", "-keyout", "server.key"]);
    let done = openssl.current_dir(data).output().context("openssl cannot be run")?;
    if !done.status.success() {
        bail!("openssl failed: {}", String::from_utf8_lossy(&done.stderr));
    }
    Ok(())
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn answers(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}
