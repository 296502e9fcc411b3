//! Scheduled backups.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;

use crate::serving::{Started, wait_for};
use crate::{run, text};

fn backups(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "db")).collect();
    found.sort();
    found
}

#[test]
fn backups_are_made_checked_and_pruned() {
    let dir = TempDir::new().expect("a folder");
    let (database, folder) = (dir.path().join("stock.db"), dir.path().join("backups"));
    fs::create_dir(&folder).expect("a folder");
    let foreign = folder.join("stock-2020-01-01-000000Z.db.keep");
    fs::write(&foreign, "not ours").expect("a file");
    assert!(run(&database, &["demo"]).status.success());
    let [path, to] = [&database, &folder].map(|path| path.to_str().expect("a path"));
    let options = ["--database", path, "--metrics-listen", "127.0.0.1:0"];
    let schedule = ["--backup-dir", to, "--backup-every", "1s", "--backup-keep", "2"];
    let server = Started::new(dir.path(), &[&options[..], &schedule].concat());
    let first = wait_for("backup", || backups(&folder).into_iter().next());
    wait_for("pruned backup", || (!first.exists()).then_some(()));
    let kept = backups(&folder);
    assert!((1..=3).contains(&kept.len()), "{kept:?}");
    assert!(foreign.exists(), "a file of somebody else was deleted");
    assert!(folder.join("stock.db.security").is_file(), "the security log is not beside the backups");
    assert!(server.get("/readyz").contains("\"failed\":false"), "{}", server.get("/readyz"));
    assert!(
        server.metric("lotbook_backup_timestamp_seconds") > 1e9
            && server.metric("lotbook_backup_bytes") > 1e4
    );

    // It can be copied, but a copy of it could not be restored.
    let damaging = Connection::open(&database).expect("the database");
    damaging.execute_batch("PRAGMA foreign_keys = OFF; DROP TABLE stock_ledger").expect("damage");
    drop(damaging);
    wait_for("failed backup", || (server.metric("lotbook_backups_failed_total") >= 1.0).then_some(()));
    let kept = backups(&folder);
    let failed = server.metric("lotbook_backups_failed_total");
    wait_for("second failed backup", || {
        (server.metric("lotbook_backups_failed_total") > failed).then_some(())
    });
    assert_eq!(backups(&folder), kept, "a good backup was deleted, or a bad one kept");
    assert_eq!(kept.len(), 2);
    assert!(server.get("/readyz").contains("\"failed\":true"), "{}", server.get("/readyz"));
    let log = server.log();
    assert!(log.contains("The backup to") && log.contains("is no backup of Lotbook"), "{log}");
    drop(server);

    let newest = kept.last().expect("a backup").to_str().expect("a path");
    let said = run(&database, &["restore", "--from", newest]);
    assert!(said.status.success(), "{}", text(&said.stderr));
    assert_eq!(text(&run(&database, &["devices"]).stdout), "0 devices connected.");
}
