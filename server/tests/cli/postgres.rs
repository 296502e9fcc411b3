//! The commands on a database of PostgreSQL.

use std::path::Path;
use std::process::Output;

use tempfile::TempDir;
use test_postgres::Postgres;

use crate::{Serving, lotbook, run, stock_files, text};

/// Runs a command whose database is in the environment.
fn run_with_url(url: &str, args: &[&str]) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_lotbook-server"));
    command.args(args).env("RUST_LOG", "warn").env("DATABASE_URL", url).output().expect("the binary runs")
}

#[test]
fn commands_work_on_the_database_of_a_url() {
    let database = Postgres::shared().expect("PostgreSQL").pooled_database().expect("a database");
    let url = Path::new(database.url());
    let empty = run(url, &["devices"]);
    assert!(text(&empty.stderr).contains("is empty. Start `serve` once"), "{}", text(&empty.stderr));
    let dir = TempDir::new().expect("a folder");
    let (products, lots) = stock_files(dir.path(), "A,L1,R1,2\n");
    let said = run(url, &["import", "--products", &products, "--lots", &lots]);
    assert_eq!(
        text(&said.stdout),
        "Imported 2 new and 0 changed rows; 0 were already there.",
        "{}",
        text(&said.stderr)
    );
    let link = run(url, &["enrol", "--name", "Aisle 4"]);
    assert!(text(&link.stdout).contains("/enrol/"), "{}", text(&link.stderr));
    let devices = run_with_url(database.url(), &["devices"]);
    assert_eq!(text(&devices.stdout), "0 devices connected.", "{}", text(&devices.stderr));
    let [p, l] = ["exported-p.csv", "exported-l.csv"].map(|name| dir.path().join(name).display().to_string());
    let files = ["--products", &p, "--lots", &l];
    let said = run_with_url(database.url(), &[&["export"], &files[..]].concat());
    assert_eq!(text(&said.stdout), "Exported 1 product and 1 lot.", "{}", text(&said.stderr));
    let purged = run(url, &["purge"]);
    assert_eq!(text(&purged.stdout), "Purged 0 deleted rows.", "{}", text(&purged.stderr));
    for command in [["backup", "--to"], ["restore", "--from"]] {
        let said = run(url, &[command[0], command[1], "/tmp/no-such-backup"]);
        assert!(!said.status.success());
        assert!(text(&said.stderr).contains("use pg_dump"), "{}", text(&said.stderr));
    }
}

#[test]
fn policies_of_supabase_are_printed_and_refused_elsewhere() {
    let database = Postgres::shared().expect("PostgreSQL").database().expect("a database");
    let url = Path::new(database.url());
    let printed =
        text(&run(url, &["supabase-policies", "--print", "--supabase-claim", "app_metadata.at"]).stdout);
    for part in ["CREATE POLICY", "ENABLE ROW LEVEL SECURITY", "'{app_metadata,at}'"] {
        assert!(printed.contains(part), "{printed}");
    }
    let said = text(&run(url, &["supabase-policies"]).stderr);
    assert!(said.contains("no roles anon and authenticated"), "{said}");
    let said = text(&run(url, &["supabase-policies", "--supabase-claim", "user_metadata.sites"]).stderr);
    assert!(said.contains("People can change user_metadata themselves"), "{said}");
    let said = text(&run(url, &["serve", "--supabase-jwt-secret", "a secret"]).stderr);
    assert!(said.contains("needs --supabase-url"), "{said}");
    let said = text(&run(Path::new("stock.db"), &["supabase-policies"]).stderr);
    assert!(said.contains("Policies are for PostgreSQL"), "{said}");
}

#[test]
fn several_servers_share_a_database() {
    let database = Postgres::shared().expect("PostgreSQL").database().expect("a database");
    let url = Path::new(database.url());
    let servers = [Serving::start(url), Serving::start(url)];
    for (_, said) in &servers {
        assert!(said.starts_with("Listening on http://127.0.0.1:"), "{said}");
    }
}

#[test]
fn a_password_is_never_shown() {
    let url = "postgres://lotbook:sesame@127.0.0.1:1/lotbook";
    for said in [
        run(Path::new(url), &["devices"]),
        run(Path::new(&format!("{url}?sslmode=sometimes")), &["devices"]),
        run_with_url(url, &["serve", "--help"]),
        run_with_url(url, &["serve", "--listen", "127.0.0.1:0"]),
        lotbook(Path::new(url), &["devices"]).env("RUST_LOG", "trace").output().expect("the binary runs"),
    ] {
        let all = text(&said.stdout) + &text(&said.stderr);
        assert!(!all.is_empty() && !all.contains("sesame"), "{all}");
    }
    let refused = text(&run(Path::new(url), &["devices"]).stderr);
    assert!(refused.contains("127.0.0.1:1/lotbook cannot be used"), "{refused}");
}
