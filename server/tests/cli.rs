//! Tests the binary: its output, its refusals, and its exit.

#![expect(clippy::expect_used, reason = "a test that cannot set itself up has failed")]

#[path = "cli/accounts.rs"]
mod accounts;
#[path = "cli/backups.rs"]
mod backups;
#[path = "cli/deploy.rs"]
mod deploy;
#[path = "cli/keys.rs"]
mod keys;
#[path = "cli/operations.rs"]
mod operations;
#[path = "cli/people.rs"]
mod people;
#[path = "cli/postgres.rs"]
mod postgres;
#[path = "cli/replicas.rs"]
mod replicas;
#[path = "cli/serving.rs"]
mod serving;
#[path = "cli/settings.rs"]
mod settings;
#[path = "cli/tls.rs"]
mod tls;
#[path = "cli/upkeep.rs"]
mod upkeep;
#[path = "cli/watching.rs"]
mod watching;
#[path = "cli/webhooks.rs"]
mod webhooks;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

fn lotbook(database: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lotbook-server"));
    let (name, rest) = args.split_first().expect("a command");
    command.arg(name).arg("--database").arg(database).args(rest).env("RUST_LOG", "warn");
    command
}

fn run(database: &Path, args: &[&str]) -> Output {
    lotbook(database, args).stdin(Stdio::null()).output().expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

/// Files of one product and its lots.
fn stock_files(dir: &Path, lots: &str) -> (String, String) {
    let (products_file, lots_file) = (dir.join("p.csv"), dir.join("l.csv"));
    let products = "sku,barcode,name,unit,price_minor,currency\nA,,Apple,kg,100,EUR\n";
    fs::write(&products_file, products).expect("a file");
    fs::write(&lots_file, format!("sku,lot_code,location,quantity\n{lots}")).expect("a file");
    let path = |file: &Path| file.to_str().expect("a path").to_owned();
    (path(&products_file), path(&lots_file))
}

/// The sum of all lots.
fn stock(database: &Path) -> i64 {
    let connection = rusqlite::Connection::open(database).expect("the database");
    let sql = "SELECT coalesce(sum(quantity), 0) FROM inventory_lots";
    connection.query_row(sql, [], |row| row.get(0)).expect("a sum")
}

/// A running server that is killed on drop.
struct Serving(Child);

impl Serving {
    fn start(database: &Path) -> (Self, String) {
        let mut child = lotbook(database, &["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let stdout = child.stdout.take().expect("its output");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("its first line");
        (Self(child), line.trim().to_owned())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Fails only if it has exited already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn an_enrolment_link_has_the_address_that_devices_use() {
    let dir = TempDir::new().expect("a folder");
    let database = dir.path().join("lotbook.db");
    let said = run(&database, &["enrol", "--base-url", "https://stock.example/", "--name", "Aisle 4"]);
    assert!(said.status.success(), "{}", text(&said.stderr));
    let link = text(&said.stdout);
    let code = link.strip_prefix("https://stock.example/enrol/").expect("a link");
    let (code, name) = code.split_once('?').expect("a name");
    assert_eq!((code.len(), name), (10, "name=Aisle%204"), "{link}");
    let unknown = run(&database, &["enrol", "--site", "moon"]);
    assert!(!unknown.status.success());
    assert_eq!(text(&unknown.stderr), "There is no site \"moon\". Import something into it first.");
}

#[test]
fn a_second_server_on_one_file_is_refused_and_the_first_keeps_running() {
    let dir = TempDir::new().expect("a folder");
    let database = dir.path().join("lotbook.db");
    let (mut first, said) = Serving::start(&database);
    assert!(said.starts_with("Listening on http://127.0.0.1:"), "{said}");
    let second = run(&database, &["serve", "--listen", "127.0.0.1:0"]);
    assert!(!second.status.success());
    let expected = format!(
        "Another lotbook-server serves {} already. Stop it first, or choose another --database.",
        database.display()
    );
    assert_eq!(text(&second.stderr), expected);
    assert!(first.0.try_wait().expect("its state").is_none(), "the first server has ended");
    let said = run(&database, &["enrol"]);
    assert!(said.status.success(), "codes are made while it serves: {}", text(&said.stderr));
}

#[cfg(unix)]
#[test]
fn sigterm_stops_the_server_cleanly() {
    let dir = TempDir::new().expect("a folder");
    let database = dir.path().join("lotbook.db");
    let (mut server, _) = Serving::start(&database);
    let id = server.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill").success());
    assert!(server.0.wait().expect("its end").success());
    assert!(!dir.path().join("lotbook.db-wal").exists(), "the WAL was not folded into the database");
}

#[test]
fn bad_lines_fail_the_import_and_skip_bad_lists_them() {
    let dir = TempDir::new().expect("a folder");
    let (database, file) = (dir.path().join("lotbook.db"), dir.path().join("p.csv"));
    let lines: String = (0..60).map(|at| format!("S{at},,,each,1,EUR\n")).collect();
    let good = "A,,Apple,each,100,EUR\n";
    fs::write(&file, format!("sku,barcode,name,unit,price_minor,currency\n{good}{lines}")).expect("a file");
    let products = file.to_str().expect("a path");
    let said = run(&database, &["import", "--products", products]);
    let errors = text(&said.stderr);
    assert!(!said.status.success());
    assert!(errors.starts_with("Nothing was imported."), "{errors}");
    assert_eq!(errors.lines().filter(|line| line.contains("p.csv, line ")).count(), 50, "{errors}");
    assert!(errors.contains("and 10 more") && errors.ends_with("60 bad lines in all"), "{errors}");
    let said = run(&database, &["import", "--products", products, "--skip-bad"]);
    assert!(said.status.success());
    assert_eq!(text(&said.stdout), "Imported 1 new and 0 changed rows; 0 were already there.");
    assert!(text(&said.stderr).starts_with("Skipped:"), "{}", text(&said.stderr));
}

#[test]
fn the_decimal_sign_of_a_file_can_be_given() {
    let dir = TempDir::new().expect("a folder");
    let database = dir.path().join("lotbook.db");
    let (products, lots) = stock_files(dir.path(), "A,L1,A-1,1.250\n");
    let files = ["import", "--products", &products, "--lots", &lots];
    let said = run(&database, &files);
    assert!(!said.status.success());
    assert!(text(&said.stderr).contains("\"1.250\" may be 1250 or 1.25"), "{}", text(&said.stderr));
    let said = run(&database, &[&files[..], &["--decimal", "comma"]].concat());
    assert!(said.status.success(), "{}", text(&said.stderr));
    assert_eq!(stock(&database), 1_250_000);
}

#[test]
fn a_dry_run_writes_nothing_and_says_what_would_change() {
    let dir = TempDir::new().expect("a folder");
    let database = dir.path().join("lotbook.db");
    let lots: String = (0..12).map(|at| format!("A,L{at:02},A-1,10\n")).collect();
    let (products, file) = stock_files(dir.path(), &lots);
    let files = ["import", "--products", &products, "--lots", &file];
    let dry = [&files[..], &["--dry-run"]].concat();
    let said = run(&database, &dry);
    assert!(said.status.success(), "{}", text(&said.stderr));
    let would = "Nothing was written. The import would add 13 and change 0 rows; 0 are already there.";
    assert_eq!(text(&said.stdout), would);
    assert!(!database.exists(), "a dry run created the database");
    assert!(run(&database, &files).status.success());
    stock_files(dir.path(), &lots.replace(",10\n", ",12.5\n"));
    let said = run(&database, &dry);
    let lines: Vec<String> = text(&said.stdout).lines().map(str::to_owned).collect();
    let would = "Nothing was written. The import would add 0 and change 12 rows; 1 are already there.";
    assert_eq!(lines[0], would);
    assert_eq!(lines[1], "The stock of 12 lots would change:");
    assert_eq!(lines[2], "  A L00 at A-1: 10 -> 12.5");
    assert_eq!((lines.len(), lines[12].as_str()), (13, "  and 2 more"));
    assert_eq!(stock(&database), 120_000);
}

#[test]
fn stock_changes_only_after_a_yes() {
    let dir = TempDir::new().expect("a folder");
    let database = dir.path().join("lotbook.db");
    let (products, lots) = stock_files(dir.path(), "A,L1,A-1,10\n");
    let files = ["import", "--products", &products, "--lots", &lots];
    assert!(run(&database, &files).status.success());
    let said = run(&database, &files);
    assert_eq!(text(&said.stdout), "Imported 0 new and 0 changed rows; 2 were already there.");
    stock_files(dir.path(), "A,L1,A-1,8\nA,L2,A-1,1\n");
    let said = run(&database, &files);
    assert!(!said.status.success());
    assert_eq!(
        text(&said.stderr),
        "The stock of 1 lot would change:\n  A L1 at A-1: 10 -> 8\nNothing was imported: the stock of \
         1 lot would change. Add --yes if the quantities in the file are right."
    );
    assert_eq!(stock(&database), 10_000);
    let said = run(&database, &[&files[..], &["--yes"]].concat());
    assert_eq!(
        text(&said.stdout),
        "Imported 1 new and 1 changed rows; 1 were already there.\nThe stock of 1 lot was changed."
    );
    assert_eq!(stock(&database), 9_000);
}

#[test]
fn errors_are_sentences() {
    let dir = TempDir::new().expect("a folder");
    let database = dir.path().join("lotbook.db");
    let text_file = dir.path().join("notes.txt");
    fs::write(&text_file, "These are notes and no database at all, not even nearly one. ".repeat(40))
        .expect("a file");
    let nowhere = dir.path().join("nowhere/lotbook.db");
    let cases: [(&Path, &[&str], &str); 5] = [
        (&database, &["purge"], "There is no database"),
        (&text_file, &["demo"], "cannot be used: file is not a database. Check the path"),
        (&nowhere, &["serve"], "cannot be written. Check the path"),
        (&database, &["import", "--products", "nowhere.csv"], "nowhere.csv cannot be read"),
        (&database, &["serve", "--dist", "nowhere"], "nowhere holds no index.html. Build the app first"),
    ];
    for (database, args, part) in cases {
        let said = run(database, args);
        let errors = text(&said.stderr);
        assert!(!said.status.success() && errors.contains(part), "{args:?}: {errors}");
        assert!(!errors.contains("panicked"), "{errors}");
    }
}

#[test]
fn a_database_of_a_newer_server_is_not_changed() {
    let dir = TempDir::new().expect("a folder");
    let database = dir.path().join("lotbook.db");
    assert!(run(&database, &["demo"]).status.success());
    let connection = rusqlite::Connection::open(&database).expect("the database");
    connection.pragma_update(None, "user_version", 999).expect("a version");
    drop(connection);
    let said = run(&database, &["demo"]);
    assert!(text(&said.stderr).contains("was written by a newer lotbook-server"), "{}", text(&said.stderr));
}
