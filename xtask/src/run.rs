//! `cargo xtask run`: from a fresh clone to the link of a running app.

use crate::build::{self, Profile};
use crate::process;
use crate::tools::Tools;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail, ensure};
use clap::{ArgAction, Args};
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

const START_TIMEOUT: Duration = Duration::from_secs(30);
/// What `lotbook-server accounts list` prints without an account.
const NO_ACCOUNTS: &str = "0 accounts.";
const START_POLL: Duration = Duration::from_millis(50);

/// The options of `run`.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// The server's port on this machine
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The folder of the database; created if missing
    #[arg(long, value_name = "DIR", default_value = "target/lotbook")]
    data: PathBuf,
    /// Fill a new database with a small demo warehouse (default)
    #[arg(long, overrides_with = "no_demo")]
    demo: bool,
    /// Leave a new database empty
    #[arg(long, action = ArgAction::SetTrue)]
    no_demo: bool,
    /// Build in debug mode, whose app works only while the server is reachable
    #[arg(long, conflicts_with = "release")]
    debug: bool,
    /// Build the programs as shipped: smaller and faster, but slower to build
    #[arg(long)]
    release: bool,
}

/// Builds, creates the database, and serves until Ctrl-C.
pub(crate) fn run(options: &Options) -> Result<()> {
    let address = SocketAddr::from(([127, 0, 0, 1], options.port));
    ensure_free(address)?;
    let workspace = Workspace::find()?;
    let server = match (options.debug, options.release) {
        (true, _) => built(&workspace, Profile::Debug, Profile::Debug),
        (_, true) => built(&workspace, Profile::Release, Profile::Release),
        (false, false) => built(&workspace, Profile::Trial, Profile::Debug),
    }?;
    let data = workspace.root.join(&options.data);
    fs::create_dir_all(&data)
        .with_context(|| format!("the data folder {} cannot be made", data.display()))?;
    let database = data.join("lotbook.db");
    if !database.exists() && !options.no_demo {
        process::run(&mut subcommand(&server, "demo", &database))?;
    }
    let link = enrolment_link(&server, &database, options.port)?;
    let office = office_link(&server, &database, options.port)?;
    let mut command = subcommand(&server, "serve", &database);
    command.arg("--dist").arg(workspace.dist());
    serve(command, address, &format!("Open {link}\n  The link enrols one device, once.\n{office}\n "))
}

/// Builds the shipped programs and prints their paths.
pub(crate) fn build() -> Result<()> {
    let workspace = Workspace::find()?;
    let server = built(&workspace, Profile::Release, Profile::Release)?;
    println!("\n  The app:    {}\n  The server: {}\n", workspace.dist().display(), server.display());
    Ok(())
}

/// Builds the app and the server, with the tools they need. Returns the path of the server.
fn built(workspace: &Workspace, app: Profile, server: Profile) -> Result<PathBuf> {
    let tools = Tools::new(workspace)?;
    tools.ensure_wasm_target()?;
    tools.ensure_wasm_bindgen()?;
    tools.ensure_trunk()?;
    if app == Profile::Release {
        tools.ensure_shrinkers()?;
    }
    build::build_app(&tools, &workspace.root, app)?;
    build::build_server(workspace, &tools, server)
}

pub(crate) fn ensure_free(address: SocketAddr) -> Result<()> {
    let port = address.port();
    match TcpListener::bind(address) {
        Ok(_) => Ok(()),
        Err(error) => bail!(
            "port {port} cannot be used ({error}); stop what uses it, or choose another: --port {}",
            port.checked_add(1).unwrap_or(8080)
        ),
    }
}

fn subcommand(server: &Path, name: &str, database: &Path) -> Command {
    let mut command = Command::new(server);
    command.arg(name).arg("--database").arg(database);
    command
}

fn enrolment_link(server: &Path, database: &Path, port: u16) -> Result<String> {
    let base_url = format!("http://localhost:{port}");
    let said = process::output(subcommand(server, "enrol", database).args(["--base-url", &base_url]))?;
    let link = said.split_whitespace().find(|word| word.starts_with(&base_url));
    link.map(str::to_owned).with_context(|| format!("`lotbook-server enrol` printed no link, but: {said}"))
}

/// What to say of the office: at the first start a link that sets the password of its first admin.
fn office_link(server: &Path, database: &Path, port: u16) -> Result<String> {
    let base_url = format!("http://localhost:{port}");
    let mut list = Command::new(server);
    list.args(["accounts", "list", "--database"]).arg(database);
    if process::output(&mut list)?.trim() != NO_ACCOUNTS {
        return Ok(format!("\n  The office: {base_url}/office"));
    }
    let said = process::output(subcommand(server, "init", database).args(["--base-url", &base_url]))?;
    let link = said.split_whitespace().find(|word| word.starts_with(&base_url));
    let link = link.with_context(|| format!("`lotbook-server init` printed no link, but: {said}"))?;
    Ok(format!(
        "\n  The office: {link}\n  The link sets the password of the account \"admin\", once, within an hour."
    ))
}

/// Starts a server on `address`, prints `message` once it answers, and waits for its end.
///
/// # Errors
/// When it cannot be started, does not answer, or fails.
pub(crate) fn serve(mut server: Command, address: SocketAddr, message: &str) -> Result<()> {
    // Ctrl-C also reaches the server, which shuts down cleanly; this program waits for it.
    ctrlc::set_handler(|| {}).context("Ctrl-C cannot be watched for")?;
    let mut child =
        server.arg("--listen").arg(address.to_string()).spawn().context("the server cannot be started")?;
    wait_until_up(&mut child, address)?;
    println!("\n  {message} Ctrl-C stops the server.\n");
    let status = child.wait().context("the server cannot be waited for")?;
    // After a signal there is no exit code: that was Ctrl-C.
    ensure!(status.success() || status.code().is_none(), "the server ended with {status}");
    Ok(())
}

fn wait_until_up(child: &mut Child, address: SocketAddr) -> Result<()> {
    let deadline = Instant::now() + START_TIMEOUT;
    while TcpStream::connect(address).is_err() {
        if let Some(status) = child.try_wait().context("the server cannot be watched")? {
            bail!("the server ended at its start with {status}; its message is above");
        }
        if Instant::now() > deadline {
            child.kill().context("the server cannot be stopped")?;
            bail!("the server does not answer on {address} after {} s", START_TIMEOUT.as_secs());
        }
        thread::sleep(START_POLL);
    }
    Ok(())
}
