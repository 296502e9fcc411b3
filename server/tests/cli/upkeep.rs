//! Back up, upgrade and restore: which files are written, and which are left alone.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;

use crate::{Serving, lotbook, run, text};

/// A database as the first release wrote it, with a site.
fn first_release(dir: &Path) -> PathBuf {
    let database = dir.join("lotbook.db");
    let old = Connection::open(&database).expect("a database");
    old.execute_batch(include_str!("../../migrations/sqlite/0001_warehouse.sql")).expect("the first tables");
    old.execute_batch("INSERT INTO sites VALUES ('main', 'main', X'00', 9, 0)").expect("a site");
    old.pragma_update(None, "user_version", 1).expect("a version");
    database
}

fn version(database: &Path) -> u32 {
    let connection = Connection::open(database).expect("a database");
    connection.pragma_query_value(None, "user_version", |row| row.get(0)).expect("a version")
}

fn path(file: &Path) -> &str {
    file.to_str().expect("a path")
}

/// The names of the files in a folder that begin with `start`, sorted.
fn names(dir: &Path, start: &str) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().expect("a name")).collect();
    names.retain(|name| name.starts_with(start));
    names.sort();
    names
}

#[test]
fn only_serve_upgrades_a_database_and_keeps_a_copy_of_it() {
    let dir = TempDir::new().expect("a folder");
    let database = first_release(dir.path());
    let (backup, products) = (dir.path().join("backup.db"), dir.path().join("p.csv"));
    fs::write(&products, "sku,barcode,name,unit,price_minor,currency\n").expect("a file");
    let said = run(&database, &["backup", "--to", path(&backup)]);
    assert!(said.status.success(), "{}", text(&said.stderr));
    assert_eq!((version(&database), version(&backup)), (1, 1), "the backup is of the old version");
    let commands: [&[&str]; 8] = [
        &["devices"],
        &["enrol"],
        &["revoke", "--all"],
        &["demo"],
        &["purge"],
        &["import", "--products", path(&products)],
        &["import", "--products", path(&products), "--dry-run"],
        &["export", "--products", "/dev/null", "--lots", "/dev/null"],
    ];
    for command in commands {
        let said = run(&database, command);
        let errors = text(&said.stderr);
        assert!(
            !said.status.success() && errors.contains("then start `serve` once"),
            "{command:?}: {errors}"
        );
        assert_eq!(version(&database), 1, "{command:?}");
    }
    drop(Serving::start(&database));
    let newest = version(&database);
    assert!(newest > 1);
    let copy = format!("lotbook.db.before-v{newest}");
    assert_eq!(names(dir.path(), "lotbook.db.before"), [copy.as_str()]);
    assert_eq!(version(&dir.path().join(&copy)), 1);
    drop(Serving::start(&database));
    assert_eq!(version(&dir.path().join(&copy)), 1, "a second start copied the new database over it");
}

#[cfg(unix)]
#[test]
fn files_are_for_the_servers_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = TempDir::new().expect("a folder");
    let database = dir.path().join("lotbook.db");
    let (server, _) = Serving::start(&database);
    let backup = dir.path().join("backup.db");
    assert!(run(&database, &["backup", "--to", path(&backup)]).status.success());
    let found = names(dir.path(), "");
    let expected = [
        "backup.db",
        "lotbook.db",
        "lotbook.db-shm",
        "lotbook.db-wal",
        "lotbook.db.lock",
        "lotbook.db.security",
    ];
    assert_eq!(found, expected);
    for name in found {
        let mode = fs::metadata(dir.path().join(&name)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    drop(server);
}

#[test]
fn a_failed_backup_leaves_nothing_under_its_name() {
    let dir = TempDir::new().expect("a folder");
    let (database, backup) = (dir.path().join("lotbook.db"), dir.path().join("backup.db"));
    fs::write(&database, "no database ".repeat(1_000)).expect("a file");
    for _ in 0..2 {
        let said = run(&database, &["backup", "--to", path(&backup)]);
        let errors = text(&said.stderr);
        assert!(!said.status.success() && errors.contains("not a database"), "{errors}");
        assert_eq!(names(dir.path(), "backup"), [""; 0]);
    }
}

#[cfg(unix)]
#[test]
fn a_link_to_a_served_database_is_locked_too() {
    let dir = TempDir::new().expect("a folder");
    let link = dir.path().join("link.db");
    std::os::unix::fs::symlink(dir.path().join("lotbook.db"), &link).expect("a link");
    let (server, _) = Serving::start(&link);
    let second = run(&dir.path().join("lotbook.db"), &["serve", "--listen", "127.0.0.1:0"]);
    assert!(text(&second.stderr).contains("serves"), "{}", text(&second.stderr));
    assert!(!second.status.success());
    drop(server);
}

#[test]
fn restore_refuses_what_is_no_backup_and_changes_nothing() {
    let dir = TempDir::new().expect("a folder");
    let database = dir.path().join("lotbook.db");
    assert!(run(&database, &["demo"]).status.success());
    drop(Serving::start(&database));
    let good = dir.path().join("good.db");
    assert!(run(&database, &["backup", "--to", path(&good)]).status.success());
    let file = |name: &str, content: &[u8]| {
        let file = dir.path().join(name);
        fs::write(&file, content).expect("a file");
        file
    };
    let bytes = fs::read(&good).expect("the backup");
    let damaged: Vec<u8> =
        bytes.iter().enumerate().map(|(at, byte)| if at / 4_096 % 3 == 2 { 0x5A } else { *byte }).collect();
    let foreign = dir.path().join("foreign.db");
    Connection::open(&foreign).expect("a database").execute_batch("CREATE TABLE t (x)").expect("a table");
    let newer = file("newer.db", &bytes);
    Connection::open(&newer)
        .expect("a database")
        .pragma_update(None, "user_version", 999)
        .expect("a version");
    let before = fs::read(&database).expect("the database");
    for (from, part) in [
        (dir.path().join("nowhere.db"), "cannot be read. Choose another backup; nothing was changed."),
        (file("notes.txt", b"notes"), "is damaged or no database"),
        (file("cut.db", &bytes[..bytes.len() / 2]), "is damaged or no database"),
        (file("damaged.db", &damaged), "is damaged or no database"),
        (foreign, "is no backup of Lotbook"),
        (newer, "was written by a newer lotbook-server"),
        (database.clone(), "is the database itself"),
    ] {
        let said = run(&database, &["restore", "--from", path(&from)]);
        let errors = text(&said.stderr);
        assert!(!said.status.success() && errors.contains(part), "{}: {errors}", from.display());
        assert!(fs::read(&database).expect("the database") == before, "{}", from.display());
    }
    let (server, _) = Serving::start(&database);
    let said = run(&database, &["restore", "--from", path(&good)]);
    assert!(text(&said.stderr).contains("Another lotbook-server serves"), "{}", text(&said.stderr));
    drop(server);
    assert_eq!(names(dir.path(), "lotbook.db.before"), [""; 0]);
    assert_eq!(names(dir.path(), "lotbook.db.restor"), [""; 0]);
    assert!(run(&database, &["restore", "--from", path(&good)]).status.success());
}

#[test]
fn without_a_security_log_restore_asks_first() {
    let dir = TempDir::new().expect("a folder");
    let database = dir.path().join("lotbook.db");
    assert!(run(&database, &["demo"]).status.success());
    let backup = dir.path().join("backup.db");
    assert!(run(&database, &["backup", "--to", path(&backup)]).status.success());
    let said = run(&database, &["restore", "--from", path(&backup)]);
    assert!(text(&said.stderr).contains("restore with --without-security-log"), "{}", text(&said.stderr));
    assert!(!said.status.success());
    let said = run(&database, &["restore", "--from", path(&backup), "--without-security-log"]);
    assert!(said.status.success(), "{}", text(&said.stderr));
    assert!(text(&said.stdout).contains("Without a security log"), "{}", text(&said.stdout));
}

#[test]
fn a_server_does_not_start_beside_a_restore_that_was_interrupted() {
    let dir = TempDir::new().expect("a folder");
    let database = dir.path().join("lotbook.db");
    assert!(run(&database, &["demo"]).status.success());
    let backup = dir.path().join("backup.db");
    assert!(run(&database, &["backup", "--to", path(&backup)]).status.success());
    // As between the two renames.
    fs::rename(&database, dir.path().join("lotbook.db.before-restore")).expect("a rename");
    fs::copy(&backup, dir.path().join("lotbook.db.restoring")).expect("a copy");
    let said = lotbook(&database, &["serve", "--listen", "127.0.0.1:0"]).output().expect("the binary runs");
    assert!(text(&said.stderr).contains("Run `lotbook-server restore` again"), "{}", text(&said.stderr));
    assert!(!database.exists(), "an empty database was created");
    let said = run(&database, &["restore", "--from", path(&backup), "--without-security-log"]);
    assert!(said.status.success(), "{}", text(&said.stderr));
    drop(Serving::start(&database));
}

#[test]
fn all_devices_can_be_revoked_or_those_enrolled_lately() {
    let dir = TempDir::new().expect("a folder");
    let database = dir.path().join("lotbook.db");
    assert!(run(&database, &["demo"]).status.success());
    let connection = Connection::open(&database).expect("the database");
    let day = 86_400_000_i64;
    for (number, enrolled_at) in [(1, 0), (2, 20_000 * day - 1), (3, 20_000 * day), (4, 20_001 * day)] {
        let sql = "INSERT INTO devices (site, device, name, prefix, token_hash, enrolled_at, last_seen_at) \
                   VALUES ('main', ?1, 'Phone', ?2, ?1, ?3, 0)";
        let device = [number; 16];
        connection.execute(sql, (device, format!("D0{number}"), enrolled_at)).expect("a device");
    }
    let said = run(&database, &["revoke", "--enrolled-since", "2024-10-04"]);
    assert_eq!(text(&said.stdout), "2 devices are disconnected. Unsynced work stays on the devices.");
    let said = run(&database, &["devices"]);
    assert!(
        text(&said.stdout).contains("D02") && !text(&said.stdout).contains("D03"),
        "{}",
        text(&said.stdout)
    );
    let said = run(&database, &["revoke", "--all"]);
    assert_eq!(text(&said.stdout), "2 devices are disconnected. Unsynced work stays on the devices.");
    for wrong in [&["revoke"][..], &["revoke", "--all", "--device", "D01"]] {
        assert!(!run(&database, wrong).status.success(), "{wrong:?}");
    }
}
