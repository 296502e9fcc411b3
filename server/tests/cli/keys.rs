//! Keys of other systems: made, listed and revoked, and carried over by a restore.

use tempfile::TempDir;

use crate::{run, text};

#[test]
fn a_key_is_made_listed_and_revoked() {
    let dir = TempDir::new().expect("a folder");
    let database = dir.path().join("lotbook.db");
    assert!(run(&database, &["demo"]).status.success());
    let create =
        ["keys", "create", "--name", "ERP", "--scope", "orders:write,products:read", "--scope", "lots:read"];
    let made = keys(&database, &create);
    assert!(made.status.success(), "{}", text(&made.stderr));
    let secret = text(&made.stdout);
    assert!(secret.starts_with("lbk.main.") && !secret.contains('\n'), "the secret alone: {secret}");
    let said = text(&made.stderr);
    assert!(said.contains("\"ERP\"") && said.contains("products:read, lots:read, orders:write"), "{said}");
    let again = keys(&database, &create);
    let said = text(&again.stderr);
    assert!(!again.status.success() && said.contains("has a key \"ERP\" already"), "{said}");
    let bad = keys(&database, &["keys", "create", "--name", "X", "--scope", "orders"]);
    assert!(text(&bad.stderr).contains("there are products:read"), "{}", text(&bad.stderr));
    let nameless = keys(&database, &["keys", "create", "--name", " ", "--scope", "lots:read"]);
    assert!(text(&nameless.stderr).contains("The key needs a name"), "{}", text(&nameless.stderr));

    let list = text(&keys(&database, &["keys", "list"]).stdout);
    assert!(list.contains("ERP  products:read lots:read orders:write  made 20"), "{list}");
    assert!(list.ends_with("never used\n1 key.") && !list.contains(&secret), "{list}");
    let unknown = keys(&database, &["keys", "revoke", "--name", "Shop"]);
    assert!(!unknown.status.success() && text(&unknown.stderr).contains("no key \"Shop\""));
    let revoked = keys(&database, &["keys", "revoke", "--name", "ERP"]);
    assert!(revoked.status.success(), "{}", text(&revoked.stderr));
    assert_eq!(text(&keys(&database, &["keys", "list"]).stdout), "0 keys.");
}

/// Runs a command of `keys` on the database.
fn keys(database: &std::path::Path, args: &[&str]) -> std::process::Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_lotbook-server"));
    command.args(args).arg("--database").arg(database).env("RUST_LOG", "warn");
    command.output().expect("the binary runs")
}

#[test]
fn a_restore_keeps_keys_and_revocations_since_the_backup() {
    let dir = TempDir::new().expect("a folder");
    let (database, backup) = (dir.path().join("lotbook.db"), dir.path().join("backup.db"));
    assert!(run(&database, &["demo"]).status.success());
    let create = |name| keys(&database, &["keys", "create", "--name", name, "--scope", "lots:read"]);
    assert!(create("Old").status.success() && create("Kept").status.success());
    assert!(run(&database, &["backup", "--to", backup.to_str().expect("a path")]).status.success());
    assert!(create("New").status.success());
    assert!(keys(&database, &["keys", "revoke", "--name", "Old"]).status.success());
    let restored = run(&database, &["restore", "--from", backup.to_str().expect("a path")]);
    assert!(restored.status.success(), "{}", text(&restored.stderr));
    let said = text(&restored.stdout);
    assert!(said.contains("And of other systems: 1 revoked key, 1 new key."), "{said}");
    let list = text(&keys(&database, &["keys", "list"]).stdout);
    let names: Vec<&str> = list.lines().filter_map(|line| line.split("  ").next()).collect();
    assert_eq!(names, ["Kept", "New", "2 keys."]);
}
