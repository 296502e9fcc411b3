//! Sessions and migrations on a server, directly and through a pooler.

mod connections;
mod listening;
mod plans;
mod spread;
mod supabase;
mod writes;

use sync::UnixMillis;
use test_postgres::{Database, Postgres};
use uuid::Uuid;

use super::super::sql::engine::{Decided, Engine as _, Lane};
use super::super::sql::session::{Columns, Insert, Keyed, Param, Session, params};
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
                if seen == 700 { Err(StoreFault::invalid("enough", "Enough.")) } else { Ok(()) }
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
        let versions = "SELECT string_agg(version::text, ' ' ORDER BY version) FROM lotbook_schema";
        let every: Vec<String> = (1..=schema::MIGRATIONS.len()).map(|version| version.to_string()).collect();
        assert_eq!(database.as_superuser(versions).expect("versions"), every.join(" "));
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
    database.as_superuser("INSERT INTO lotbook_schema (version) VALUES (99)").expect("a later version");
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
         AND relname <> 'lotbook_schema' AND relname NOT LIKE 'office%'"
    );
    assert_eq!(database.as_superuser(&without_site).expect("indexes"), "");
    let keys = "SELECT conname FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1] \
                WHERE contype = 'f' AND attname <> 'site' AND conrelid::regclass::text NOT LIKE 'office%'";
    assert_eq!(database.as_superuser(keys).expect("foreign keys"), "");
    let by_language = "SELECT attrelid::regclass, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid \
                       WHERE relnamespace = 'public'::regnamespace AND attcollation <> 0 AND attnum > 0 \
                       AND attcollation <> '\"C\"'::regcollation";
    assert_eq!(database.as_superuser(by_language).expect("columns"), "");
    let triggers = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal";
    assert_eq!(database.as_superuser(triggers).expect("triggers"), "");
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(database.as_superuser(tables).expect("tables"), "31", "the checks see them");
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
    let after_a_year = UnixMillis(500 * 24 * 60 * 60 * 1_000);
    assert_eq!(store.pack_ledger(after_a_year).await.expect("packed"), 1);
    for sql in ["UPDATE stock_ledger SET delta = 2", "DELETE FROM stock_ledger", "TRUNCATE stock_ledger"] {
        let change = move |session: &dyn Session| session.execute(sql, &[]).map(Decided::Keep);
        let refused = store.engine().write(Lane::of("s"), change).await.expect_err(sql).to_string();
        assert!(refused.contains("permission denied"), "{refused}");
    }
}
