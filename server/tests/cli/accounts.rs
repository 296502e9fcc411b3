//! Accounts of the office: the first one, further ones, lost passwords, and a restore.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::{run, text};

/// Runs a command of `accounts` on the database.
fn accounts(database: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lotbook-server"));
    command.arg("accounts").args(args).arg("--database").arg(database).env("RUST_LOG", "warn");
    command.output().expect("the binary runs")
}

fn said(output: &Output) -> (String, String) {
    (text(&output.stdout), text(&output.stderr))
}

/// Gives the accounts whose link was not used a password, as the page does.
fn set_passwords(database: &Path) {
    let connection = rusqlite::Connection::open(database).expect("the database");
    connection.execute("UPDATE office_accounts SET password_hash = 'x'", []).expect("a password");
}

#[test]
fn the_first_admin_gets_a_link_until_there_is_a_password() {
    let dir = TempDir::new().expect("a folder");
    let database = dir.path().join("lotbook.db");
    assert!(text(&accounts(&database, &["list"]).stderr).contains("There is no database"));
    let mut links = Vec::new();
    for _ in 0..2 {
        let made =
            run(&database, &["init", "--login", "ada@shop.example", "--base-url", "https://stock.example/"]);
        assert!(made.status.success(), "{}", text(&made.stderr));
        let (link, note) = said(&made);
        assert!(link.starts_with("https://stock.example/office/password#") && !link.contains('\n'), "{link}");
        assert!(note.contains("within an hour"), "{note}");
        links.push(link);
    }
    assert_ne!(links[0], links[1]);
    let list = text(&accounts(&database, &["list"]).stdout);
    assert_eq!(list, "ada@shop.example  admin at every site  no password yet\n1 account.");
    set_passwords(&database);
    let again = run(&database, &["init"]);
    assert!(!again.status.success() && text(&again.stderr).contains("There are accounts already"));
    let link = accounts(&database, &["link", "--login", "ADA@shop.example"]);
    assert!(text(&link.stdout).starts_with("http://localhost:8080/office/password#"));
}

#[test]
fn accounts_are_added_listed_and_closed() {
    let dir = TempDir::new().expect("a folder");
    let (database, backup) = (dir.path().join("lotbook.db"), dir.path().join("backup.db"));
    assert!(run(&database, &["demo"]).status.success());
    let add = |args: &[&str]| accounts(&database, &[&["add"][..], args].concat());
    assert!(add(&["--login", "Ben", "--role", "viewer", "--site", "main"]).status.success());
    assert!(add(&["--login", "Cem", "--role", "supervisor"]).status.success());
    for (args, part) in [
        (["--login", "BEN", "--role", "viewer"], "There is an account \"BEN\""),
        (["--login", " ", "--role", "viewer"], "The account needs a login name"),
        (["--login", "Dan", "--role", "boss"], "there are viewer, supervisor, admin"),
    ] {
        let (_, error) = said(&add(&args));
        assert!(error.contains(part), "{error}");
    }
    let moon = add(&["--login", "Dan", "--role", "viewer", "--site", "moon"]);
    assert!(text(&moon.stderr).contains("There is no site \"moon\""), "{}", text(&moon.stderr));
    assert!(run(&database, &["backup", "--to", backup.to_str().expect("a path")]).status.success());
    let closed = accounts(&database, &["close", "--login", "ben"]);
    assert!(text(&closed.stdout).contains("\"Ben\" is closed"), "{}", text(&closed.stderr));
    let unknown = accounts(&database, &["close", "--login", "ben"]);
    assert!(text(&unknown.stderr).contains("There is no account \"ben\""));
    let left = "Cem  supervisor at every site  no password yet\n1 account.";
    assert_eq!(text(&accounts(&database, &["list"]).stdout), left);

    let restored = run(&database, &["restore", "--from", backup.to_str().expect("a path")]);
    assert!(restored.status.success(), "{}", text(&restored.stderr));
    let restored = text(&restored.stdout);
    assert!(restored.contains("1 account of the office is closed again."), "{restored}");
    assert_eq!(text(&accounts(&database, &["list"]).stdout), left);
    let connection = rusqlite::Connection::open(&database).expect("the database");
    let usable = "SELECT count(*) FROM office_links WHERE used_at IS NULL";
    let usable: i64 = connection.query_row(usable, [], |row| row.get(0)).expect("a count");
    assert_eq!(usable, 0, "a link may have been used since the backup");
}
