//! The people and the settings of a site, from the command line.

use std::fs;
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use crate::{run, text};

fn lotbook(database: &Path, args: &[&str]) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_lotbook-server"));
    command.args(args).arg("--database").arg(database).env("RUST_LOG", "warn");
    command.output().expect("the binary runs")
}

fn done(database: &Path, args: &[&str]) -> String {
    let output = lotbook(database, args);
    assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

fn refused(database: &Path, args: &[&str]) -> String {
    let output = lotbook(database, args);
    assert!(!output.status.success(), "{args:?}: {}", text(&output.stdout));
    text(&output.stderr)
}

#[test]
fn people_are_added_changed_listed_and_forgotten() {
    let dir = TempDir::new().expect("a folder");
    let database = dir.path().join("lotbook.db");
    assert!(run(&database, &["demo"]).status.success());
    assert_eq!(done(&database, &["people", "list"]), "0 people.");
    let ada = [
        "people",
        "add",
        "--name",
        "Ada Lovelace",
        "--role",
        "supervisor",
        "--badge",
        "B-7",
        "--pin",
        "2468",
    ];
    assert_eq!(done(&database, &ada), "Ada Lovelace  AL  supervisor  badge, PIN");
    assert_eq!(
        done(&database, &["people", "add", "--name", "Bea", "--language", "de"]),
        "Bea  B  worker  de"
    );
    let said = refused(&database, &["people", "add", "--name", "Cy", "--badge", "b-7"]);
    assert!(
        said.contains("Ada Lovelace and Cy have the same badge")
            || said.contains("Cy and Ada Lovelace have the same badge"),
        "{said}"
    );
    let said = refused(&database, &["people", "add", "--name", "bea"]);
    assert!(said.contains("two people called"), "{said}");
    let said = refused(&database, &["people", "add", "--name", "Cy", "--pin", "12"]);
    assert!(said.contains("A PIN has 4 to 12 digits"), "{said}");
    let said = refused(&database, &["people", "add", "--name", "Cy", "--role", "boss"]);
    assert!(said.contains("viewer, worker, lead, supervisor, admin"), "{said}");
    let said = refused(&database, &["people", "change", "--name", "Dee", "--role", "lead"]);
    assert!(said.contains("has nobody called \"Dee\""), "{said}");

    let changed = ["people", "change", "--name", "ada lovelace", "--new-name", "Ada King", "--badge", ""];
    assert_eq!(done(&database, &changed), "Ada King  AK  supervisor  PIN");
    assert!(refused(&database, &["people", "forget", "--name", "Bea"]).contains("still works here"));
    assert_eq!(
        done(&database, &["people", "change", "--name", "Bea", "--retired"]),
        "Bea  B  worker  de  retired"
    );
    let said = done(&database, &["people", "forget", "--name", "Bea"]);
    assert_eq!(said, "Bea is \"Person 1\" from now on, in histories as well.");
    let list = done(&database, &["people", "list"]);
    assert_eq!(list, "Ada King  AK  supervisor  PIN\nPerson 1  P1  worker  retired\n2 people.");
    let file = fs::read(&database).expect("the database");
    assert!(!file.windows(4).any(|part| part == b"2468"), "no PIN is stored");
}

#[test]
fn people_come_from_a_file_all_or_none() {
    let dir = TempDir::new().expect("a folder");
    let (database, file) = (dir.path().join("lotbook.db"), dir.path().join("people.csv"));
    assert!(run(&database, &["demo"]).status.success());
    let path = file.to_str().expect("a path");
    let import = |content: &str| {
        fs::write(&file, content).expect("a file");
        lotbook(&database, &["people", "import", path])
    };
    let good = import("\u{feff}Name,Badge,Role,PIN\nAda,7,Supervisor,1234\nBea,,,\n");
    assert_eq!(text(&good.stdout), "2 people added, 0 changed.", "{}", text(&good.stderr));
    let again = import("name,role,active\nBea,lead,yes\nCy,worker,no\n");
    assert_eq!(text(&again.stdout), "1 person added, 1 changed.", "{}", text(&again.stderr));
    for (content, expected) in [
        ("name,role\nDee,worker\nEve,boss\n", "Line 3"),
        ("name,pin\nDee,1\n", "Line 2"),
        ("name,shoe size\nDee,44\n", "There is no column \"shoe size\" of people"),
        ("badge\n7\n", "no column \"name\""),
        ("name,active\nDee,perhaps\n", "neither yes nor no"),
        ("name\n \n", "Name is missing"),
    ] {
        let bad = import(content);
        let said = text(&bad.stderr);
        assert!(!bad.status.success() && said.contains(expected), "{content:?}: {said}");
    }
    let list = done(&database, &["people", "list"]);
    assert_eq!(list, "Ada  A  supervisor  badge, PIN\nBea  B  lead\nCy  C  worker  retired\n3 people.");
}

#[test]
fn settings_are_listed_and_changed() {
    let dir = TempDir::new().expect("a folder");
    let database = dir.path().join("lotbook.db");
    assert!(run(&database, &["demo"]).status.success());
    let unset = "lock_minutes  (not set)\nadjust_limit  (not set)\nbelow_price  (not set)\nblocked_lot  (not set)\nsend_to  (not set)";
    assert_eq!(done(&database, &["settings"]), unset);
    let said = done(&database, &["settings", "adjust_limit", "2.5"]);
    assert!(said.contains("adjust_limit  2.5"), "{said}");
    let said = refused(&database, &["settings", "adjust_limit", "-3"]);
    assert!(said.contains("adjust_limit has to be a quantity"), "{said}");
    assert!(refused(&database, &["settings", "colour", "red"]).contains("There is no setting \"colour\""));
    assert!(refused(&database, &["settings", "badge_key", "x"]).contains("cannot be changed"));
    assert!(done(&database, &["settings", "below_price", "supervisor"]).contains("below_price  supervisor"));
}
