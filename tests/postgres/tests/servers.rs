//! The servers start, share, and stop.
#![cfg(test)]

use test_postgres::Postgres;

#[test]
fn databases_are_empty_and_separate() {
    let postgres = Postgres::shared().expect("PostgreSQL");
    let (one, two) = (postgres.database().expect("a database"), postgres.pooled_database().expect("another"));
    one.as_superuser("CREATE TABLE numbers (number bigint); INSERT INTO numbers VALUES (7)")
        .expect("a table");
    assert_eq!(one.as_superuser("SELECT * FROM numbers").expect("rows"), "7");
    assert!(two.as_superuser("SELECT * FROM numbers").is_err());
    // By the rules of a language, case comes last.
    assert_eq!(two.as_superuser("SELECT 'a' < 'B', 'a' < 'B' COLLATE \"C\"").expect("an order"), "t|f");
    assert_eq!(one.url(), one.direct_url());
    assert_eq!(two.url(), two.pooled_url());
}

#[test]
fn own_servers_end_with_their_value() {
    let postgres = Postgres::start().expect("PostgreSQL");
    let folder = postgres.logs()[0].parent().expect("a folder").to_owned();
    let database = postgres.database().expect("a database");
    assert_eq!(database.as_superuser("SHOW fsync").expect("a setting"), "off");
    drop(database);
    drop(postgres);
    assert!(!folder.exists(), "{}", folder.display());
}

#[test]
fn durable_servers_wait_for_the_disk() {
    let postgres = Postgres::start_durable().expect("PostgreSQL");
    let database = postgres.database().expect("a database");
    let settings =
        database.as_superuser("SELECT current_setting('fsync'), current_setting('synchronous_commit')");
    assert_eq!(settings.expect("settings"), "on|on");
}
