//! Sessions, migrations and lanes on a server, directly and through a pooler.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use test_postgres::{Database, Postgres};
use tokio::sync::Notify;
use uuid::Uuid;

use super::super::sql::engine::{Decided, Engine as _, Lane};
use super::super::sql::session::{Columns, Insert, Keyed, Param, Session, params};
use super::super::sql::sites;
use super::super::{Store as _, StoreFault};
use super::schema::{self, Earlier};
use super::{Pool, PostgresStore, Target};

/// An empty database, directly and through the pooler.
fn databases() -> [Database; 2] {
    let postgres = Postgres::shared().expect("PostgreSQL");
    [postgres.database().expect("a database"), postgres.pooled_database().expect("a pooled database")]
}

async fn store(database: &Database) -> PostgresStore {
    PostgresStore::open(database.url()).await.expect("a store")
}

fn broken(reason: impl ToString) -> StoreFault {
    StoreFault::Failed(reason.to_string())
}

/// A sign that a write has begun.
fn begin() -> (Arc<Notify>, Arc<Notify>) {
    let begun = Arc::new(Notify::new());
    (Arc::clone(&begun), begun)
}

type Values = (Option<String>, Option<i64>, Option<Uuid>, bool);

fn values(row: &dyn Columns) -> Result<Values, StoreFault> {
    Ok((row.optional_text(1)?.map(str::to_owned), row.optional_int(2)?, row.optional_id(3)?, row.flag(4)?))
}

const VALUES: Insert<'_> =
    Insert { table: "kinds", columns: "site, text, number, id, flag, bytes", key: "site, bytes", also: "" };

#[tokio::test]
async fn values_come_back_as_they_went_in() {
    for database in databases() {
        let store = store(&database).await;
        database
            .as_superuser(
                "CREATE TABLE kinds (site text, text text, number bigint, id uuid, flag boolean, bytes bytea, \
                 PRIMARY KEY (site, bytes)); GRANT ALL ON kinds TO lotbook",
            )
            .expect("a table");
        let (id, long) = (Uuid::from_u128(7), "\u{1f4e6}'\"\\ $1 ?1".repeat(9_000));
        let work = move |session: &dyn Session| {
            let row = |n: u8, text: Option<&str>, number, id| {
                let bytes = Box::leak(Box::new([n; 4]));
                [
                    "s".into(),
                    Param::from(text.map(str::to_owned)),
                    Param::Int(number),
                    Param::Id(id),
                    Param::Flag(n == 1),
                    Param::Bytes(bytes),
                ]
                .to_vec()
            };
            session.insert(VALUES, &[row(1, Some("one"), Some(-1), None), row(2, None, None, Some(id))])?;
            // The row with the same key is overwritten; one row alone, too.
            session.insert(VALUES, &[row(2, Some(&long), Some(i64::MAX), Some(id))])?;
            session.insert(VALUES, &[])?;
            let of = [1, 2].map(|n| vec![Param::Bytes(Box::leak(Box::new([n; 4])))]);
            let select = "SELECT site, text, number, id, flag FROM kinds WHERE site = ?1";
            let (mut found, mut by_two) = (Vec::new(), Vec::new());
            let keyed = Keyed { select, key: &["bytes"], tail: "" };
            session.query_keys(keyed, "s", &of, &mut |row| {
                found.push(values(row)?);
                Ok(())
            })?;
            let keyed = Keyed { select, key: &["text", "number"], tail: "AND flag" };
            let of = [params!["one", -1_i64].to_vec(), params!["two", 2_i64].to_vec()];
            session.query_keys(keyed, "s", &of, &mut |row| {
                by_two.push(values(row)?);
                Ok(())
            })?;
            found.sort_by_key(|(_, number, ..)| *number);
            let expected: [Values; 2] = [
                (Some("one".to_owned()), Some(-1), None, true),
                (Some(long.clone()), Some(i64::MAX), Some(id), false),
            ];
            assert_eq!(found, expected);
            assert_eq!(by_two, expected[..1]);
            let sql = "SELECT 1 FROM kinds WHERE site = ?1 AND bytes = ?2 AND id = ?3 AND NOT flag";
            assert!(session.exists(sql, &params!["s", &[2, 2, 2, 2], id])?);
            let null = params!["s", None::<Uuid>];
            assert!(!session.exists("SELECT 1 FROM kinds WHERE site = ?1 AND id = ?2", &null)?);
            assert_eq!(
                session.execute("UPDATE kinds SET flag = ?2 WHERE site = ?1", &params!["s", true])?,
                2
            );
            Ok(Decided::Undo(()))
        };
        store.engine().write(Lane::of("s"), work).await.expect("values");
        let left = |session: &dyn Session| session.exists("SELECT 1 FROM kinds", &[]);
        assert!(!store.engine().read(left).await.expect("rows"), "undone");
    }
}

#[tokio::test]
async fn text_is_ordered_as_bytes() {
    for database in databases() {
        let store = store(&database).await;
        for name in ["b", "B", "a-", "a", "\u{e4}", "A"] {
            store.ensure_site(name).await.expect("a site");
        }
        let names: Vec<String> =
            store.sites().await.expect("sites").into_iter().map(|site| site.site).collect();
        assert_eq!(names, ["A", "B", "a", "a-", "b", "\u{e4}"]);
        let after =
            "SELECT count(*) FROM sites WHERE (site, rev) > (?1, ?2) AND site = ANY (ARRAY['a', 'b'])";
        let after = move |session: &dyn Session| session.first(after, &params!["a", 0_i64], |row| row.int(0));
        assert_eq!(store.engine().read(after).await.expect("a count"), Some(1));
    }
}

#[tokio::test]
async fn a_query_of_many_rows_ends_at_the_first_error() {
    for database in databases() {
        let store = store(&database).await;
        let read = |session: &dyn Session| {
            let (mut sum, mut seen) = (0, 0);
            session.query("SELECT n FROM generate_series(1, ?1) AS n", &params![5_000_i64], &mut |row| {
                sum += row.int(0)?;
                Ok(())
            })?;
            let stopped = session.query("SELECT generate_series(1, ?1)", &params![5_000_i64], &mut |_| {
                seen += 1;
                if seen == 700 { Err(broken("enough")) } else { Ok(()) }
            });
            // The connection goes on.
            let next = session.first("SELECT 1", &[], |_| Ok(()))?;
            Ok((sum, seen, stopped.is_err(), next.is_some()))
        };
        assert_eq!(store.engine().read(read).await.expect("rows"), (5_000 * 5_001 / 2, 700, true, true));
    }
}

#[tokio::test]
async fn servers_that_start_at_once_migrate_once() {
    for database in databases() {
        let url = database.url();
        let opened = futures::future::join_all((0..6).map(|_| PostgresStore::open(url))).await;
        for store in opened {
            store.expect("a store").ensure_site("s").await.expect("a site");
        }
        assert_eq!(database.as_superuser("SELECT version FROM lotbook_schema").expect("versions"), "1");
        let store = PostgresStore::open_existing(url).await.expect("a store");
        assert_eq!(store.sites().await.expect("sites").len(), 1);
    }
}

#[tokio::test]
async fn tables_of_other_versions_are_refused() {
    let [database, _] = databases();
    let url = database.url();
    let code = |opened: Result<PostgresStore, StoreFault>| match opened {
        Err(StoreFault::Invalid { code, message })
            if message.contains(&url["postgres://lotbook@".len()..]) =>
        {
            code
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(code(PostgresStore::open_existing(url).await), "earlier_database");
    PostgresStore::open_current(url).await.expect("tables in an empty database");
    database.as_superuser("UPDATE lotbook_schema SET version = 99").expect("a later version");
    assert_eq!(code(PostgresStore::open(url).await), "newer_database");
    assert_eq!(code(PostgresStore::open_current(url).await), "newer_database");
    let missing = format!("{url}_missing");
    let message = PostgresStore::open(&missing).await.expect_err("no database").to_string();
    assert!(message.contains("does not exist") && message.contains("Check the URL"), "{message}");
}

#[tokio::test]
async fn a_migration_that_fails_changes_nothing() {
    let [database, _] = databases();
    // It is in the way of a table.
    database.as_superuser("CREATE TABLE receipts (n bigint)").expect("a table");
    let message = PostgresStore::open(database.url()).await.expect_err("a migration").to_string();
    assert!(message.contains("already exists"), "{message}");
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(database.as_superuser(tables).expect("tables"), "1");
    let pool = Pool::new(Target::parse(database.url()).expect("a target")).expect("a pool");
    assert!(schema::open(&pool, Earlier::Migrate).await.is_err());
    database.as_superuser("DROP TABLE receipts").expect("none in the way");
    schema::open(&pool, Earlier::Migrate).await.expect("the same pool goes on");
}

#[tokio::test]
async fn tables_can_be_spread_by_site() {
    let [database, _] = databases();
    store(&database).await;
    let first = "pg_get_indexdef(indexrelid, 1, true)";
    let without_site = format!(
        "SELECT indexrelid::regclass FROM pg_index JOIN pg_class ON pg_class.oid = indrelid \
         WHERE relnamespace = 'public'::regnamespace AND indisunique AND {first} <> 'site' \
         AND relname <> 'lotbook_schema'"
    );
    assert_eq!(database.as_superuser(&without_site).expect("indexes"), "");
    let keys = "SELECT conname FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1] \
                WHERE contype = 'f' AND attname <> 'site'";
    assert_eq!(database.as_superuser(keys).expect("foreign keys"), "");
    let by_language = "SELECT attrelid::regclass, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid \
                       WHERE relnamespace = 'public'::regnamespace AND attcollation <> 0 AND attnum > 0 \
                       AND attcollation <> '\"C\"'::regcollation";
    assert_eq!(database.as_superuser(by_language).expect("columns"), "");
    let triggers = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal";
    assert_eq!(database.as_superuser(triggers).expect("triggers"), "");
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(database.as_superuser(tables).expect("tables"), "20", "the checks see them");
}

#[tokio::test]
async fn the_ledger_is_append_only() {
    let [database, _] = databases();
    let store = store(&database).await;
    store.ensure_site("s").await.expect("a site");
    let insert = |session: &dyn Session| {
        let sql =
            "INSERT INTO stock_ledger SELECT 's', 1, 0, ?1, ?1, '', '', 1, 'pick', '', NULL, NULL, '', 0, 0";
        session.execute(sql, &params![Uuid::nil()]).map(Decided::Keep)
    };
    assert_eq!(store.engine().write(Lane::of("s"), insert).await.expect("an entry"), 1);
    for sql in ["UPDATE stock_ledger SET delta = 2", "DELETE FROM stock_ledger", "TRUNCATE stock_ledger"] {
        let change = move |session: &dyn Session| session.execute(sql, &[]).map(Decided::Keep);
        let refused = store.engine().write(Lane::of("s"), change).await.expect_err(sql).to_string();
        assert!(refused.contains("permission denied"), "{refused}");
    }
}

#[tokio::test]
async fn a_failing_write_does_not_undo_its_neighbours() {
    for database in databases() {
        let store = store(&database).await;
        store.ensure_site("s").await.expect("a site");
        let add = |number: i64| {
            move |session: &dyn Session| {
                let values = params!["s", number.to_string(), "", number, 0_i64, 0_i64];
                let sql = "INSERT INTO unknown_codes (site, code, devices, times, booked_at, rev) \
                           VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
                session.execute(sql, &values).map(|_| Decided::Keep(number))
            }
        };
        // The first write is alone, and held until the others are in line: they make one group.
        let (go, held) = sync_channel::<()>(1);
        let (begun, has_begun) = begin();
        let first = store.engine().write(Lane::of("s"), move |session| {
            has_begun.notify_one();
            held.recv().map_err(broken)?;
            add(0)(session)
        });
        let others = async {
            begun.notified().await;
            let lane = || Lane::of("s");
            let one = store.engine().write(lane(), add(1));
            let refused = store.engine().write(lane(), move |session| {
                add(2)(session)?;
                Err::<Decided<i64>, _>(StoreFault::invalid("no", "No."))
            });
            let panics = store.engine().write(lane(), move |session| -> Result<Decided<i64>, _> {
                add(3)(session)?;
                panic!("on purpose")
            });
            let twice = store.engine().write(lane(), add(1));
            let undone = store.engine().write(lane(), move |session| {
                add(5)(session)?;
                Ok(Decided::Undo(5))
            });
            let last = store.engine().write(lane(), add(4));
            let release = async { go.send(()).expect("the first write waits") };
            let (one, refused, panics, twice, undone, last, ()) =
                tokio::join!(one, refused, panics, twice, undone, last, release);
            assert_eq!((one.expect("1"), undone.expect("5"), last.expect("4")), (1, 5, 4));
            assert!(matches!(refused, Err(StoreFault::Invalid { code: "no", .. })), "{refused:?}");
            assert!(panics.is_err(), "{panics:?}");
            let twice = twice.expect_err("twice").to_string();
            assert!(twice.contains("unknown_codes_pkey"), "{twice}");
        };
        assert_eq!(tokio::join!(first, others).0.expect("0"), 0);
        let kept =
            "SELECT string_agg(code, ',' ORDER BY code), count(DISTINCT xmin::text) FROM unknown_codes";
        let kept = database.as_superuser(kept).expect("codes");
        // Each savepoint has a number of its own.
        assert_eq!(kept, "0,1,4|3");
    }
}

#[tokio::test]
async fn writes_that_wait_share_a_transaction_and_devices_take_turns() {
    for database in databases() {
        let store = store(&database).await;
        let (go, held) = sync_channel::<()>(1);
        let now = |session: &dyn Session| {
            session.first("SELECT now()::text", &[], |row| row.text(0).map(str::to_owned))
        };
        let (begun, has_begun) = begin();
        let first = store.engine().write(Lane::of("s"), move |session| {
            has_begun.notify_one();
            held.recv().map_err(broken)?;
            now(session).map(Decided::Keep)
        });
        let served = Arc::new(std::sync::Mutex::new(String::new()));
        let write = |device: u128, name: char| {
            let served = Arc::clone(&served);
            let lane = Lane { site: Some("s".to_owned()), device: Some(Uuid::from_u128(device)) };
            store.engine().write(lane, move |session| {
                served.lock().map_err(broken)?.push(name);
                now(session).map(Decided::Keep)
            })
        };
        let others = async {
            begun.notified().await;
            let busy = futures::future::try_join_all((0..5).map(|_| write(1, 'a')));
            let rest = futures::future::try_join(write(2, 'b'), write(3, 'c'));
            let release = async { go.send(()).expect("the first write waits") };
            let (busy, rest, ()) = tokio::join!(busy, rest, release);
            let (busy, rest) = (busy.expect("a"), rest.expect("b and c"));
            assert!(busy.iter().chain([&rest.0, &rest.1]).all(|time| *time == busy[0]), "one transaction");
            busy[0].clone()
        };
        let (first, others) = tokio::join!(first, others);
        assert_ne!(first.expect("alone"), others);
        assert_eq!(*served.lock().expect("turns"), "abcaaaa");
    }
}

/// The site's next revision.
async fn next_rev(store: &PostgresStore, site: &'static str) -> Result<u64, StoreFault> {
    let next = move |session: &dyn Session| {
        let rev = sites::lock(session, site)?.rev + 1;
        sites::set_rev(session, site, rev)?;
        Ok(Decided::Keep(rev))
    };
    store.engine().write(Lane::of(site), next).await
}

#[tokio::test]
async fn sites_are_written_side_by_side_and_one_site_never_is() {
    for database in databases() {
        // Two servers.
        let (one, two) = (store(&database).await, store(&database).await);
        for site in ["s", "t"] {
            one.ensure_site(site).await.expect("a site");
        }
        let (go, held) = sync_channel::<()>(1);
        let (begun, has_begun) = begin();
        let first = one.engine().write(Lane::of("s"), move |session| {
            let rev = sites::lock(session, "s")?.rev;
            has_begun.notify_one();
            held.recv().map_err(broken)?;
            sites::set_rev(session, "s", rev + 1)?;
            Ok(Decided::Keep(rev + 1))
        });
        let others = async {
            begun.notified().await;
            assert_eq!(next_rev(&one, "t").await.expect("another site"), 1);
            let mut same = Box::pin(next_rev(&two, "s"));
            let waited = tokio::time::timeout(Duration::from_millis(300), &mut same).await;
            assert!(waited.is_err(), "the site is locked: {waited:?}");
            assert_eq!(one.sites().await.expect("reads go on")[0].rev, 0);
            go.send(()).expect("the first write waits");
            same.await.expect("after the first")
        };
        let (first, last) = tokio::join!(first, others);
        assert_eq!((first.expect("first"), last), (1, 2));
    }
}

#[tokio::test]
async fn a_transaction_that_was_ended_for_another_one_runs_again() {
    for database in databases() {
        let store = store(&database).await;
        for (state, fault) in [("40001", None), ("40P01", None), ("55P03", None), ("22012", Some("22012"))] {
            let runs = Arc::new(AtomicU32::new(0));
            let count = Arc::clone(&runs);
            let done = store.engine().write(Lane::of("s"), move |session| {
                sites::ensure_site(session, "s")?;
                if count.fetch_add(1, Ordering::Relaxed) < 2 {
                    session.execute(&format!("DO $$BEGIN RAISE SQLSTATE '{state}'; END$$"), &[])?;
                }
                Ok(Decided::Keep(()))
            });
            match (done.await, fault) {
                (Ok(()), None) => assert_eq!(runs.load(Ordering::Relaxed), 3),
                (Err(fault), Some(known)) => assert!(fault.to_string().contains(known), "{fault}"),
                other => panic!("{state}: {other:?}"),
            }
        }
        let always = |session: &dyn Session| {
            session.execute("DO $$BEGIN RAISE SQLSTATE '40001'; END$$", &[]).map(Decided::Keep)
        };
        assert!(matches!(store.engine().write(Lane::of("s"), always).await, Err(StoreFault::Busy)));
    }
}

#[tokio::test]
async fn a_write_that_overlooks_a_fault_is_not_called_kept() {
    for database in databases() {
        let store = store(&database).await;
        let overlook = |session: &dyn Session| {
            sites::ensure_site(session, "s")?;
            let _ = session.execute("SELECT 1 / 0", &[]);
            Ok(Decided::Keep(()))
        };
        let fault = store.engine().write(Lane::of("s"), overlook).await.expect_err("not kept").to_string();
        assert!(fault.contains("division by zero"), "{fault}");
        store.ensure_site("t").await.expect("the line goes on");
        let sites = store.sites().await.expect("sites");
        assert_eq!(sites.iter().map(|site| site.site.as_str()).collect::<Vec<_>>(), ["t"]);
    }
}

#[tokio::test]
async fn writes_that_wait_for_each_other_both_succeed() {
    let [database, _] = databases();
    let (one, two) = (store(&database).await, store(&database).await);
    for site in ["s", "t"] {
        one.ensure_site(site).await.expect("a site");
    }
    let crossed = Arc::new(std::sync::Barrier::new(2));
    let write = |sites: [&'static str; 2]| {
        let (crossed, runs) = (Arc::clone(&crossed), AtomicU32::new(0));
        move |session: &dyn Session| {
            for (at, site) in sites.into_iter().enumerate() {
                let rev = sites::lock(session, site)?.rev;
                sites::set_rev(session, site, rev + 1)?;
                if at == 0 && runs.fetch_add(1, Ordering::Relaxed) == 0 {
                    crossed.wait();
                }
            }
            Ok(Decided::Keep(()))
        }
    };
    let lane = Lane::default;
    let both = tokio::join!(
        one.engine().write(lane(), write(["s", "t"])),
        two.engine().write(lane(), write(["t", "s"]))
    );
    assert!(both.0.is_ok() && both.1.is_ok(), "{both:?}");
    assert_eq!(
        database.as_superuser("SELECT string_agg(rev::text, ',') FROM sites").expect("revisions"),
        "2,2"
    );
}

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
