//! Connections that are lost, encrypted or read only.

use test_postgres::Postgres;

use super::super::super::sql::engine::{Decided, Engine as _, Lane};
use super::super::super::sql::session::Session;
use super::super::super::sql::sites;
use super::super::super::{Store as _, StoreFault};
use super::super::PostgresStore;
use super::{databases, store};

#[tokio::test]
async fn a_lost_connection_is_busy_and_replaced() {
    for database in databases() {
        let store = store(&database).await;
        store.ensure_site("s").await.expect("a site");
        let end = "SELECT pg_terminate_backend(pg_backend_pid())";
        let write = move |session: &dyn Session| {
            sites::set_rev(session, "s", 9)?;
            session.execute(end, &[]).map(Decided::Keep)
        };
        let lost = store.engine().write(Lane::of("s"), write).await;
        assert!(matches!(lost, Err(StoreFault::Busy)), "{lost:?}");
        let lost = store.engine().read(move |session| session.exists(end, &[])).await;
        assert!(matches!(lost, Err(StoreFault::Busy)), "{lost:?}");
        assert_eq!(store.sites().await.expect("a new connection")[0].rev, 0);
        // The connections that wait in the pool are lost as well.
        let others = "SELECT count(pg_terminate_backend(pid)) > 0 FROM pg_stat_activity \
                      WHERE datname = current_database() AND pid <> pg_backend_pid()";
        assert_eq!(database.as_superuser(others).expect("ended"), "t");
        store.ensure_site("t").await.expect("a new connection");
        assert_eq!(store.sites().await.expect("a new connection").len(), 2);
    }
}

#[tokio::test]
async fn a_database_that_takes_no_writes_is_not_ready() {
    for database in databases() {
        let store = store(&database).await;
        store.check_writable().await.expect("writable");
        let name = database.url().rsplit('/').next().unwrap_or_default().to_owned();
        let read_only = format!("ALTER DATABASE {name} SET default_transaction_read_only = on");
        database.as_superuser(&read_only).expect("a setting");
        database
            .as_superuser(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .expect("no connection of before");
        let fault = store.check_writable().await.expect_err("read only").to_string();
        assert!(fault.contains("read only"), "{fault}");
        let refused = store.ensure_site("s").await.expect_err("no write").to_string();
        assert!(refused.contains("accepts no writes"), "{refused}");
        assert!(store.sites().await.expect("reads").is_empty());
    }
}

#[tokio::test]
async fn backups_are_left_to_postgres() {
    let [database, _] = databases();
    let refused = store(&database).await.backup(std::path::Path::new("/tmp/none")).await;
    assert!(matches!(refused, Err(StoreFault::Invalid { code: "no_backup", .. })), "{refused:?}");
}

#[tokio::test]
async fn connections_are_encrypted_and_servers_verified_as_the_url_says() {
    let (postgres, certificate) = Postgres::start_encrypted().expect("PostgreSQL");
    let database = postgres.database().expect("a database");
    let url =
        |host: &str, parameters: &str| format!("{}?{parameters}", database.url().replace("127.0.0.1", host));
    let file = certificate.display();
    let is_encrypted = |session: &dyn Session| {
        let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        session.first(sql, &[], |row| row.flag(0))
    };
    for (url, encrypted) in [
        (url("127.0.0.1", ""), true),
        (url("127.0.0.1", "sslmode=disable"), false),
        (url("127.0.0.1", "sslmode=require"), true),
        (url("localhost", &format!("sslmode=verify-full&sslrootcert={file}")), true),
        (url("localhost", &format!("sslmode=require&sslrootcert={file}")), true),
    ] {
        let store = PostgresStore::open(&url).await.unwrap_or_else(|fault| panic!("{url}: {fault}"));
        assert_eq!(store.engine().read(is_encrypted).await.expect("a state"), Some(encrypted), "{url}");
    }
    for url in [
        // It has signed its certificate itself; the certificate has no address.
        url("localhost", "sslmode=verify-full"),
        url("127.0.0.1", &format!("sslmode=verify-full&sslrootcert={file}")),
    ] {
        let message = PostgresStore::open(&url).await.expect_err(&url).to_string();
        assert!(message.contains("TLS") && message.contains("certificate"), "{message}");
    }
    let unencrypted = Postgres::shared().expect("PostgreSQL").database().expect("a database");
    let refused = PostgresStore::open(&format!("{}?sslmode=require", unencrypted.url())).await;
    assert!(refused.expect_err("no TLS").to_string().contains("TLS"));
}
