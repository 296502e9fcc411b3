//! Runs the commands of docs/operations.md as they stand there, in folders and on ports of the test.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;
use test_postgres::Postgres;

use crate::serving::{Started, exchange, post, wait_for};
use crate::text;
use crate::tls::certificate;

const PAGE: &str = include_str!("../../../docs/operations.md");
/// The folders of the page's commands, and the names of those folders here.
const FOLDERS: [(&str, &str); 4] = [
    ("/var/lib/lotbook", "lib"),
    ("/usr/share/lotbook", "dist"),
    ("/etc/lotbook", "etc"),
    ("/backup", "backup"),
];

/// The blocks of commands, each with the heading it stands under.
fn blocks() -> Vec<(String, String)> {
    let (mut heading, mut blocks, mut open) = (String::new(), Vec::new(), None::<String>);
    for line in PAGE.lines() {
        open = match (open, line) {
            (None, "```sh") => Some(String::new()),
            (Some(block), "```") => {
                blocks.push((heading.clone(), block));
                None
            }
            (Some(block), line) => Some(format!("{block}{line}\n")),
            (None, line) => {
                if line.starts_with('#') {
                    line.trim_start_matches(['#', ' ']).clone_into(&mut heading);
                }
                None
            }
        };
    }
    blocks
}

/// A machine with the page's folders.
struct Machine {
    dir: TempDir,
    ports: [u16; 3],
    /// Runs so far of each block.
    left: Vec<(String, String)>,
}

impl Machine {
    fn new() -> Self {
        let dir = TempDir::new().expect("a folder");
        for (_, name) in FOLDERS {
            fs::create_dir(dir.path().join(name)).expect("a folder");
        }
        let bin = dir.path().join("bin");
        fs::create_dir(&bin).expect("a folder");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_lotbook-server"), bin.join("lotbook-server"))
            .expect("a link");
        fs::write(dir.path().join("dist/index.html"), "<!doctype html><title>Lotbook</title>")
            .expect("a page");
        certificate(&dir.path().join("etc/server.crt"), &dir.path().join("etc/server.key"));
        let ports = [(); 3].map(|()| {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
            listener.local_addr().expect("an address").port()
        });
        Self { dir, ports, left: blocks() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The text with the folders and ports of this machine.
    fn here(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (folder, name) in FOLDERS {
            text = text.replace(folder, self.path(name).to_str().expect("a path"));
        }
        for (address, port) in [
            ("127.0.0.1:8080", self.ports[0]),
            ("127.0.0.1:9090", self.ports[1]),
            ("0.0.0.0:443", self.ports[2]),
        ] {
            text = text.replace(address, &format!("127.0.0.1:{port}"));
        }
        text
    }

    /// The next block of a heading; each is run once.
    fn block(&mut self, heading: &str) -> String {
        let at = self.left.iter().position(|(found, _)| found == heading);
        let (_, block) = self.left.remove(at.unwrap_or_else(|| panic!("no block is left under {heading}")));
        self.here(&block)
    }

    fn shell(&self, commands: &str) -> Command {
        let mut shell = Command::new("sh");
        let path = format!("{}:{}", self.path("bin").display(), env::var("PATH").unwrap_or_default());
        shell.arg("-euc").arg(commands).env("PATH", path).env("LOTBOOK_DATABASE", self.path("lib/stock.db"));
        shell.env("RUST_LOG", "info").stdin(Stdio::null());
        shell
    }

    /// Runs a block to its end.
    fn run(&mut self, heading: &str) -> String {
        let block = self.block(heading);
        self.say(&block)
    }

    fn say(&self, commands: &str) -> String {
        let said = self.shell(commands).output().expect("a shell");
        assert!(said.status.success(), "{commands}: {}{}", text(&said.stdout), text(&said.stderr));
        text(&said.stdout)
    }

    /// Starts a block that ends in a server. `more` is added to its options.
    fn serve(&mut self, heading: &str, more: &str) -> Started {
        let block = self.block(heading);
        self.serve_by(&block, more)
    }

    fn serve_by(&self, block: &str, more: &str) -> Started {
        let block = block.trim_end().replace("lotbook-server serve", "exec lotbook-server serve");
        Started::run(self.dir.path(), self.shell(&format!("{block}{more}")))
    }

    /// Connects a device.
    fn connect(&self, server: &Started) {
        let link = self.say("lotbook-server enrol");
        let code = link.rsplit('/').next().expect("a code");
        let stream = std::net::TcpStream::connect(&server.address).expect("a connection");
        let answer = exchange(stream, &post("/api/enrol", &format!("{{\"code\":\"{code}\"}}")));
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

fn stop(mut server: Started) {
    server.signal("-TERM");
    assert!(wait_for("end", || server.ended()), "{}", server.log());
}

fn backups(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| entry.path().to_string_lossy().ends_with("Z.db")).count()
}

#[test]
fn every_command_of_the_page_for_operators_works() {
    let mut machine = Machine::new();
    let start = machine.here(&blocks()[0].1);
    let server = machine.serve(
        "Start",
        " --metrics-listen 127.0.0.1:9090".replace("9090", &machine.ports[1].to_string()).as_str(),
    );
    machine.connect(&server);
    let devices = "lotbook-server devices";
    assert!(machine.say(devices).ends_with("1 device connected."));
    let office = machine.run("The office");
    assert!(office.contains("/office/password#"), "{office}");
    fs::write(machine.path("people.csv"), "name,role\nBen,lead\n").expect("a file");
    let people =
        machine.block("People").replace("people.csv", machine.path("people.csv").to_str().expect("a path"));
    let people = machine.say(&people);
    assert!(people.contains("Ada Lovelace  AL  supervisor  badge, PIN, retired"), "{people}");
    let watched = machine.run("What to watch");
    assert!(watched.contains("{\"status\":\"ok\"}") && watched.contains("lotbook_connections "), "{watched}");
    let settings = include_str!("../../../deploy/lotbook.toml").replace("/var/backups/lotbook", "/backup");
    fs::write(machine.path("etc/lotbook.toml"), machine.here(&settings)).expect("a file");
    assert!(machine.run("Settings").ends_with("The settings can be used."));
    assert!(machine.run("Back up").starts_with("Copied the database to "));
    // A device that connects after the backup is carried over, one that is revoked stays out.
    machine.connect(&server);
    machine.connect(&server);
    let lost = machine.block("Lost devices").replace("D07", "D01");
    let (one, rest) = lost.split_once('\n').expect("several commands");
    machine.say(one);
    stop(server);
    let restored = machine.run("Restore");
    assert!(restored.ends_with("2 devices connected."), "{restored}");
    let server = machine.serve_by(&start, "");
    machine.say(rest);
    assert!(machine.say(devices).ends_with("0 devices connected."));
    stop(server);
    let server = machine.serve("Scheduled backups", "");
    wait_for("scheduled backup", || (backups(&machine.path("backup")) > 0).then_some(()));
    stop(server);
    let server = machine.serve("HTTPS", "");
    assert!(server.said.starts_with("Listening on https://"), "{}", server.said);
    stop(server);
    on_postgres(&mut machine);
    assert!(machine.left.is_empty(), "not run: {:?}", machine.left);
}

fn on_postgres(machine: &mut Machine) {
    let postgres = Postgres::shared().expect("PostgreSQL");
    let (database, empty) =
        (postgres.database().expect("a database"), postgres.database().expect("a database"));
    let with_url = |block: String, url: &str| {
        let lines: String = block
            .lines()
            .filter(|line| !line.starts_with("export DATABASE_URL"))
            .map(|line| format!("{line}\n"))
            .collect();
        format!("unset LOTBOOK_DATABASE; export DATABASE_URL='{url}'\n{lines}")
    };
    let serve = machine.block("PostgreSQL");
    let any = format!(" --listen 127.0.0.1:{}", machine.ports[0]);
    let server = machine.serve_by(&with_url(serve.clone(), database.url()), &any);
    stop(server);
    machine.say(&with_url("lotbook-server demo\n".to_owned(), database.url()));
    let dump = machine.block("PostgreSQL");
    machine.say(&with_url(dump, database.url()));
    let restore = machine.block("PostgreSQL");
    machine.say(&with_url(restore, empty.url()));
    let count = "SELECT count(*) FROM inventory_lots";
    let lots = empty.as_superuser(count).expect("a count");
    assert!(lots == database.as_superuser(count).expect("a count") && lots != "0", "{lots}");
    stop(machine.serve_by(&with_url(serve, empty.url()), &any));
}
