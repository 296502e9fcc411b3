//! The command `webhooks`.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::{Serving, lotbook, run, stock_files, text};

fn webhooks(database: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lotbook-server"));
    command.arg("webhooks").args(args).env("LOTBOOK_DATABASE", database).env("RUST_LOG", "warn");
    command.output().expect("the binary runs")
}

#[test]
fn webhooks_are_created_listed_retried_and_removed() {
    let dir = TempDir::new().expect("a folder");
    let database = dir.path().join("lotbook.db");
    let missing = webhooks(&database, &["list"]);
    assert!(text(&missing.stderr).starts_with("There is no database "), "{}", text(&missing.stderr));
    let (products, lots) = stock_files(dir.path(), "A,L1,R1,2\n");
    assert!(run(&database, &["import", "--products", &products, "--lots", &lots]).status.success());
    // Port 9 of this machine answers nobody.
    let url = "http://127.0.0.1:9/hook";
    let created =
        webhooks(&database, &["create", "--url", url, "--event", "movement.booked,product.changed"]);
    assert!(created.status.success(), "{}", text(&created.stderr));
    let said = text(&created.stdout);
    let lines: Vec<_> = said.lines().collect();
    let (id, told) = lines[0].split_once(' ').expect("an id");
    assert_eq!(
        (id.len(), told),
        (8, "tells http://127.0.0.1:9/hook of product.changed, movement.booked from now on.")
    );
    let secret = lines[1].strip_prefix("Its secret, which is not shown again: ").expect("a secret");
    assert!(secret.starts_with("whsec_"), "{secret}");
    assert_eq!(lines[2], "What is sent to an http URL is signed, but can be read on the way.");
    let listed = text(&webhooks(&database, &["list"]).stdout);
    let expected =
        format!("{id}  active  0 events pending  {url}  product.changed, movement.booked\n1 webhook.");
    assert_eq!(listed, expected);

    let (serving, _) = Serving::start(&database);
    let (products, lots) = stock_files(dir.path(), "A,L1,R1,2\nA,L2,R1,5\n");
    assert!(run(&database, &["import", "--products", &products, "--lots", &lots]).status.success());
    let failing = (0..200).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        Some(text(&webhooks(&database, &["list"]).stdout)).filter(|said| said.contains("failing since"))
    });
    let failing = failing.expect("a failure");
    assert!(failing.contains("  active  1 event pending  "), "{failing}");
    assert!(failing.contains("no connection: "), "{failing}");
    drop(serving);

    let one = ["--webhook", id];
    let said = webhooks(&database, &[&["retry"], &one[..]].concat());
    assert_eq!(text(&said.stdout), format!("{id} is tried again within seconds by the running server."));
    assert!(!text(&webhooks(&database, &["list"]).stdout).contains("failing"));
    let elsewhere = webhooks(&database, &["remove", "--webhook", "zz"]);
    assert_eq!(
        text(&elsewhere.stderr),
        "The site \"main\" has no webhook zz. `lotbook-server webhooks list` lists them."
    );
    let said = webhooks(&database, &[&["remove"], &one[..]].concat());
    assert_eq!(text(&said.stdout), format!("{id} is removed. Nothing more is sent to {url}."));
    assert_eq!(text(&webhooks(&database, &["list"]).stdout), "0 webhooks.");
}

#[test]
fn a_webhook_with_a_wrong_url_or_event_is_refused() {
    let dir = TempDir::new().expect("a folder");
    let database = dir.path().join("lotbook.db");
    assert!(run(&database, &["enrol"]).status.success());
    let refused = webhooks(&database, &["create", "--url", "erp.example/hook", "--event", "order.booked"]);
    assert!(!refused.status.success());
    assert_eq!(
        text(&refused.stderr),
        "The URL \"erp.example/hook\" cannot be used: it must begin with https:// or http://, name a host, have no user, \
         password or fragment, and at most 2000 ASCII characters."
    );
    let refused = webhooks(&database, &["create", "--url", "https://erp.example/", "--event", "lot.changed"]);
    let said = text(&refused.stderr);
    assert!(said.contains("There is no event lot.changed. Choose from product.changed, "), "{said}");
}

#[test]
fn a_webhook_that_was_removed_since_a_backup_stays_removed() {
    let dir = TempDir::new().expect("a folder");
    let (database, backup) = (dir.path().join("lotbook.db"), dir.path().join("backup.db"));
    assert!(run(&database, &["enrol"]).status.success());
    let create = ["create", "--event", "order.booked", "--url"];
    for url in ["https://a.example/", "https://b.example/"] {
        assert!(webhooks(&database, &[&create[..], &[url]].concat()).status.success());
    }
    let to = backup.to_str().expect("a path");
    assert!(run(&database, &["backup", "--to", to]).status.success());
    let listed = text(&webhooks(&database, &["list"]).stdout);
    let line = listed.lines().find(|line| line.contains("https://a.example/")).expect("the first");
    assert!(webhooks(&database, &["remove", "--webhook", &line[..8]]).status.success());
    let restored = lotbook(&database, &["restore", "--from", to]).output().expect("the binary runs");
    let said = text(&restored.stdout);
    assert!(said.contains("1 webhook is removed again."), "{said} {}", text(&restored.stderr));
    let listed = text(&webhooks(&database, &["list"]).stdout);
    assert!(listed.contains("https://b.example/") && listed.ends_with("1 webhook."), "{listed}");
}
