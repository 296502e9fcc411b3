//! Settings by option, environment and file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::text;

fn file(dir: &Path, settings: &str) -> PathBuf {
    let file = dir.join("lotbook.toml");
    fs::write(&file, settings).expect("a file");
    file
}

fn run(args: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lotbook-server"));
    command
        .args(args)
        .env_remove("RUST_LOG")
        .envs(variables.iter().copied())
        .output()
        .expect("the binary runs")
}

#[test]
fn options_count_before_the_environment_and_that_before_the_file() {
    let dir = TempDir::new().expect("a folder");
    let settings = "database = \"postgres://ada:secret@db.example/stock\"\nlisten = \"127.0.0.1:1\"\ndrain-seconds = 5\n\
                    retention-days = 30\ntrusted-proxy = [\"10.0.0.0/8\", \"fd00::/8\"]\nno-upgrade-copy = true\n";
    let file = file(dir.path(), settings);
    let variables = [
        ("LOTBOOK_CONFIG", file.to_str().expect("a path")),
        ("LOTBOOK_DRAIN_SECONDS", "7"),
        ("LOTBOOK_LISTEN", "127.0.0.1:2"),
    ];
    let said = run(&["check-config", "--listen", "127.0.0.1:3"], &variables);
    let lines = text(&said.stdout);
    assert!(said.status.success(), "{}", text(&said.stderr));
    for line in [
        "listen = 127.0.0.1:3 (option)",
        "drain-seconds = 7 (environment)",
        "retention-days = 30 (file)",
        "trusted-proxy = 10.0.0.0/8, fd00::/8 (file)",
        "no-upgrade-copy = true (file)",
        "database = db.example:5432/stock (file)",
        "backup-every = 1d (default)",
        "log-format = text (default)",
        "The settings can be used.",
    ] {
        assert!(lines.lines().any(|found| found == line), "{line} is not in\n{lines}");
    }
    assert!(!lines.contains("secret"), "{lines}");
}

#[test]
fn every_command_takes_the_database_of_the_file() {
    let dir = TempDir::new().expect("a folder");
    let settings =
        format!("database = '{}'\nlisten = \"127.0.0.1:0\"\n", dir.path().join("stock.db").display());
    let file = file(dir.path(), &settings);
    let config = ["--config", file.to_str().expect("a path")];
    let said = run(&[&["demo"], &config[..]].concat(), &[]);
    assert!(said.status.success(), "{}", text(&said.stderr));
    let said = run(&[&config[..], &["devices"]].concat(), &[]);
    assert_eq!(text(&said.stdout), "0 devices connected.", "{}", text(&said.stderr));
    let other = run(&[&["devices"], &config[..]].concat(), &[("DATABASE_URL", "nowhere.db")]);
    assert_eq!(text(&other.stderr), "There is no database nowhere.db. Check --database.");
    let none = run(&["devices"], &[]);
    assert!(text(&none.stderr).starts_with("No database is named. Add --database"), "{}", text(&none.stderr));
}

#[test]
fn a_wrong_setting_is_told_in_a_sentence_before_anything_is_opened() {
    let dir = TempDir::new().expect("a folder");
    let database = dir.path().join("stock.db");
    let base = ["--database", database.to_str().expect("a path"), "--listen", "127.0.0.1:0"];
    let key = file(dir.path(), "no key");
    let key = key.to_str().expect("a path");
    let cases: [(&[&str], &str); 9] = [
        (&["--tls-cert", "c.pem"], "There is --tls-cert without --tls-key. Give both for HTTPS, or none."),
        (&["--tls-cert", "c.pem", "--tls-key", "k.pem"], "The TLS file c.pem cannot be read"),
        (&["--tls-cert", key, "--tls-key", key], "has no certificate in it."),
        (
            &["--backup-dir", "nowhere"],
            "There is no folder nowhere for backups. Create it, or choose another --backup-dir.",
        ),
        (&["--backup-every", "2w"], "it is a number with d, h, m or s, from 1s to 366d"),
        (&["--webhook-ca", "ca.pem"], "The authorities ca.pem of --webhook-ca cannot be read"),
        (&["--webhook-ca", key], "of --webhook-ca has no certificate in it."),
        (&["--max-waiting-writes", "0"], "number would be zero for non-zero type"),
        (&["--config", "nowhere.toml"], "The settings nowhere.toml cannot be read; check --config"),
    ];
    for (args, sentence) in cases {
        for command in ["serve", "check-config"] {
            let said = run(&[&[command], &base[..], args].concat(), &[]);
            assert!(!said.status.success(), "{args:?}");
            assert!(text(&said.stderr).contains(sentence), "{args:?}: {}", text(&said.stderr));
        }
    }
    let said = run(&["check-config", "--database", "postgres://x@y/z", "--backup-dir", "/tmp"], &[]);
    assert!(
        text(&said.stderr).contains("--backup-dir cannot be used: This command is for SQLite"),
        "{}",
        text(&said.stderr)
    );
    assert!(!database.exists(), "a database was created with wrong settings");
    let unknown = file(dir.path(), "listen = \"127.0.0.1:0\"\nlog_format = \"json\"\n");
    let said = run(&["serve", "--config", unknown.to_str().expect("a path")], &[]);
    let errors = text(&said.stderr);
    assert!(
        errors.contains(
            "lotbook.toml, line 2: there is no setting \"log_format\". The settings are database, database-listen,"
        ),
        "{errors}"
    );
}

/// Whoever runs it in a container has nothing but the environment.
#[test]
fn every_option_of_serve_has_a_variable() {
    let help = text(&run(&["serve", "--help"], &[]).stdout);
    let options: Vec<&str> = help.lines().filter(|line| line.trim_start().starts_with("--")).collect();
    assert!(options.len() >= 17, "{help}");
    for part in help.split("\n      --").skip(1) {
        let name = part.split_whitespace().next().unwrap_or_default();
        let known = part.contains("[env: LOTBOOK_") || name == "log" && part.contains("[env: RUST_LOG");
        assert!(known, "--{name} has no variable: {part}");
    }
}
