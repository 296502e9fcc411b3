//! Whether sites can be spread over machines, as Citus does by a column: keys, indexes and references begin with the site, and
//! so do the conditions of all statements. The suite of the store runs on tables that are partitioned by a hash of the site.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use test_postgres::{Database, Postgres as TestServers};

use super::super::schema::{self, Earlier};
use super::super::{Postgres, PostgresStore};
use crate::store::conformance::{self, Checked};
use crate::store::sql::engine::{Decided, Engine, Lane, Recorder};
use crate::store::sql::session::{Dialect, EachRow, Insert, Keyed, Param, Session, params};
use crate::store::sql::store::SqlStore;
use crate::store::{Store, StoreFault};

/// The partitions of each table.
const PARTITIONS: u32 = 4;
/// The statements that may look at every site, by their texts: they list sites, find out which one something is of, or change
/// privileges.
const OF_ALL_SITES: [&str; 11] = [
    "FROM sites ORDER BY site",
    "FROM orders WHERE to_site <> '' AND settled_at IS NULL",
    "FROM devices WHERE token_hash = ?1",
    "SELECT device FROM devices WHERE revoked_at IS NOT NULL",
    "FROM enrolment_codes WHERE code_hash = ?1",
    "SELECT site FROM clients WHERE client = ?1",
    "SELECT site FROM sites WHERE epoch = ?1",
    "SELECT pg_advisory_xact_lock",
    "GRANT DELETE ON stock_ledger",
    "REVOKE DELETE ON stock_ledger",
    "FROM webhooks JOIN sites USING (site) WHERE dead_at IS NULL",
];
/// The table of the versions of the tables, which is of no site.
const VERSIONS: &str = "lotbook_schema";

// The tables of the office are of the company: accounts are few, and stay together.

/// Indexes that say what is unique and do not begin with the site.
const UNIQUE_WITHOUT_SITE: &str = "SELECT tables.relname || '.' || indexes.relname FROM pg_index \
     JOIN pg_class AS tables ON tables.oid = indrelid JOIN pg_class AS indexes ON indexes.oid = indexrelid \
     JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0] \
     WHERE indisunique AND tables.relnamespace = 'public'::regnamespace AND attname <> 'site' \
     AND tables.relname NOT LIKE 'office%' ORDER BY 1";
/// Foreign keys of which one end does not begin with the site.
const REFERENCES_WITHOUT_SITE: &str = "SELECT conrelid::regclass || '.' || conname FROM pg_constraint \
     JOIN pg_attribute AS own ON own.attrelid = conrelid AND own.attnum = conkey[1] \
     JOIN pg_attribute AS other ON other.attrelid = confrelid AND other.attnum = confkey[1] \
     WHERE contype = 'f' AND (own.attname <> 'site' OR other.attname <> 'site') \
     AND conrelid::regclass::text NOT LIKE 'office%' ORDER BY 1";
const TABLES_WITHOUT_SITE: &str = "SELECT relname FROM pg_class \
     WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND relname NOT LIKE 'office%' AND NOT EXISTS \
     (SELECT 1 FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'site') ORDER BY 1";
const TRIGGERS: &str = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1";

fn database() -> Database {
    TestServers::shared().expect("PostgreSQL").database().expect("a database")
}

#[tokio::test]
async fn keys_and_references_begin_with_the_site_and_there_are_no_triggers() {
    let database = database();
    PostgresStore::open(database.url()).await.expect("a store");
    let found = |sql: &str| -> Vec<String> {
        let rows = database.as_superuser(sql).expect(sql);
        rows.lines().map(str::to_owned).filter(|row| !row.is_empty()).collect()
    };
    let versions_key = format!("{VERSIONS}.{VERSIONS}_pkey");
    assert_eq!(found(UNIQUE_WITHOUT_SITE), std::slice::from_ref(&versions_key));
    assert_eq!(found(REFERENCES_WITHOUT_SITE), [""; 0]);
    assert_eq!(found(TABLES_WITHOUT_SITE), [VERSIONS]);
    assert_eq!(found(TRIGGERS), [""; 0]);

    database
        .as_superuser(
            "CREATE TABLE shelves (shelf text PRIMARY KEY, site text);
             CREATE TABLE boards (site text, shelf text REFERENCES shelves, PRIMARY KEY (site, shelf));
             CREATE TABLE nails (nail text);
             CREATE TRIGGER on_nails BEFORE UPDATE ON nails FOR EACH ROW \
             EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        )
        .expect("tables that do not fit");
    assert_eq!(found(UNIQUE_WITHOUT_SITE), [versions_key, "shelves.shelves_pkey".to_owned()]);
    assert_eq!(found(REFERENCES_WITHOUT_SITE), ["boards.boards_shelf_fkey"]);
    assert_eq!(found(TABLES_WITHOUT_SITE), [VERSIONS, "nails"]);
    assert_eq!(found(TRIGGERS), ["on_nails"]);
}

/// The migrations with every table partitioned.
fn partitioned(migrations: &[&str]) -> String {
    let sql = migrations.join("\n").replace(") WITH (fillfactor = 50);", ");");
    let mut changed = String::new();
    let mut table = None;
    for line in sql.lines() {
        if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
            table = rest.split(' ').next().filter(|name| !name.starts_with("office_"));
        }
        match table.filter(|_| line == ");") {
            Some(name) => {
                changed.push_str(") PARTITION BY HASH (site);\n");
                for part in 0..PARTITIONS {
                    changed.push_str(&format!(
                        "CREATE TABLE {name}_hash{part} PARTITION OF {name} \
                         FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {part});\n"
                    ));
                }
                table = None;
            }
            None => changed.extend([line, "\n"]),
        }
    }
    changed
}

/// A database whose tables are partitioned.
struct Spread(Database);

impl Spread {
    fn new() -> Self {
        let database = database();
        let newest = schema::MIGRATIONS.len();
        let sql = format!(
            "SET ROLE lotbook; {} {}; INSERT INTO {VERSIONS} (version) VALUES ({newest});",
            partitioned(schema::MIGRATIONS),
            schema::VERSIONS
        );
        database.as_superuser(&sql).expect("partitioned tables");
        Self(database)
    }

    async fn engine(&self) -> Watched {
        Watched(Postgres::open(self.0.url(), Earlier::RefuseAll).await.expect("a store"))
    }
}

#[async_trait]
impl conformance::Engine for Spread {
    async fn open(&self) -> anyhow::Result<Arc<dyn Store>> {
        Ok(Arc::new(SqlStore::on(self.engine().await)))
    }
}

/// Refuses statements that read more than one partition of a table.
struct Watched(Postgres);

impl Engine for Watched {
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Session) -> Result<T, StoreFault> + Send + 'static,
    ) -> Result<T, StoreFault> {
        self.0.read(|session| work(&WatchedSession(session))).await
    }

    async fn write<T: Send + 'static>(
        &self,
        lane: Lane,
        work: impl Fn(&dyn Session) -> Result<Decided<T>, StoreFault> + Send + 'static,
    ) -> Result<T, StoreFault> {
        self.0.write(lane, move |session| work(&WatchedSession(session))).await
    }

    fn recorder(&self) -> Recorder {
        self.0.recorder()
    }

    fn write_meter(&self) -> crate::store::WriteMeter {
        self.0.write_meter()
    }

    async fn check_writable(&self) -> Result<(), StoreFault> {
        self.0.check_writable().await
    }

    async fn backup(&self, to: &Path) -> Result<(), StoreFault> {
        self.0.backup(to).await
    }
}

struct WatchedSession<'s>(&'s dyn Session);

impl WatchedSession<'_> {
    /// Refuses a statement whose plan reads several partitions of a table.
    fn check(&self, sql: &str, params: &[Param<'_>]) -> Result<(), StoreFault> {
        if OF_ALL_SITES.iter().any(|known| sql.contains(known)) {
            return Ok(());
        }
        let mut read: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        self.0.query(&format!("EXPLAIN (COSTS OFF) {sql}"), params, &mut |row| {
            for word in row.text(0)?.split(|c: char| !(c.is_alphanumeric() || c == '_')) {
                let Some((table, part)) = word.split_once("_hash") else { continue };
                let part = part.chars().take_while(char::is_ascii_digit).collect();
                read.entry(table.to_owned()).or_default().insert(part);
            }
            Ok(())
        })?;
        match read.into_iter().find(|(_, parts)| parts.len() > 1) {
            Some((table, _)) => {
                Err(StoreFault::Failed(format!("a statement reads {table} of every site: {sql}")))
            }
            None => Ok(()),
        }
    }
}

impl Session for WatchedSession<'_> {
    fn dialect(&self) -> &'static Dialect {
        self.0.dialect()
    }

    fn query(&self, sql: &str, params: &[Param<'_>], each_row: EachRow<'_>) -> Result<(), StoreFault> {
        self.check(sql, params)?;
        self.0.query(sql, params, each_row)
    }

    fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreFault> {
        self.check(sql, params)?;
        self.0.execute(sql, params)
    }

    fn query_keys(
        &self,
        query: Keyed<'_>,
        site: &str,
        keys: &[Vec<Param<'_>>],
        each_row: EachRow<'_>,
    ) -> Result<(), StoreFault> {
        self.check(query.select, &params![site])?;
        self.0.query_keys(query, site, keys, each_row)
    }

    fn insert(&self, insert: Insert<'_>, rows: &[Vec<Param<'_>>]) -> Result<(), StoreFault> {
        let begins = |columns: &str| columns.split(", ").next() == Some("site");
        if !begins(insert.columns) || !(insert.key.is_empty() || begins(insert.key)) {
            return Err(StoreFault::Failed(format!("rows of {} do not begin with a site", insert.table)));
        }
        self.0.insert(insert, rows)
    }

    fn announce(&self, site: &str, rev: u64) {
        self.0.announce(site, rev);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_without_a_site_is_refused() {
    let spread = Spread::new();
    let engine = spread.engine().await;
    let refused = |work: fn(&dyn Session) -> Result<(), StoreFault>| engine.read(work);
    let rev = |row: &dyn crate::store::sql::session::Columns| row.int(0);
    assert_eq!(PARTITIONS, 4, "the partitions of both tables below");
    for work in [
        |session: &dyn Session| {
            session.query("SELECT rev FROM products WHERE rev > ?1", &params![1_i64], &mut |_| Ok(()))
        },
        |session: &dyn Session| session.execute("UPDATE sites SET rev = ?1", &params![1_i64]).map(drop),
        |session: &dyn Session| {
            let sql = "SELECT lots.rev FROM inventory_lots AS lots JOIN products USING (product_id) WHERE lots.site = ?1";
            session.query(sql, &params!["a"], &mut |_| Ok(()))
        },
        |session: &dyn Session| {
            let query =
                Keyed { select: "SELECT rev FROM products WHERE ?1 <> ''", key: &["product_id"], tail: "" };
            session.query_keys(query, "a", &[], &mut |_| Ok(()))
        },
        |session: &dyn Session| {
            session.insert(Insert { table: "sites", columns: "rev, site", key: "", also: "" }, &[])
        },
    ] {
        let fault = refused(work).await.expect_err("refused");
        assert!(fault.to_string().contains("site"), "{fault}");
    }
    let of_one = engine.read(move |session| {
        session.all("SELECT rev FROM products WHERE site = ?1 AND rev > ?2", &params!["a", 1_i64], rev)
    });
    assert_eq!(of_one.await.expect("a statement of one site"), Vec::<i64>::new());
}

macro_rules! case {
    ($name:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() -> Checked {
            conformance::$name(&Spread::new()).await
        }
    };
}

mod on_partitioned_tables {
    use super::*;

    crate::for_each_server_store_case!(case);
}
