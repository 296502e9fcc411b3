//! What the clients of Supabase may do with the tables. Roles, privileges and claims are set as Supabase sets them.

use std::collections::BTreeMap;

use test_postgres::{Database, Postgres};

use super::super::PostgresStore;
use crate::store::{Store as _, StoreFault};
use crate::supabase::{ClaimPath, DEFAULT_CLAIM};

/// As in a new project: its clients have all privileges on all tables.
const ROLES: &str = "CREATE ROLE anon NOLOGIN; CREATE ROLE authenticated NOLOGIN; \
     CREATE ROLE service_role NOLOGIN BYPASSRLS";
const DEFAULTS: &str = "GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role; \
     ALTER DEFAULT PRIVILEGES FOR ROLE lotbook IN SCHEMA public GRANT ALL ON TABLES TO anon, authenticated, service_role";
const TABLES: &str = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1";
/// The tables that nobody reads but the server.
const CLOSED: [&str; 16] = [
    "api_keys",
    "api_requests",
    "clients",
    "enrolment_codes",
    "import_rows",
    "imports",
    "lotbook_schema",
    "office_accounts",
    "office_links",
    "office_log",
    "office_roles",
    "office_sessions",
    "people",
    "receipts",
    "site_settings",
    "webhooks",
];

/// Rows as a client of Supabase sees them.
fn as_role(database: &Database, role: &str, claims: &str, sql: &str) -> anyhow::Result<String> {
    let claims = claims.replace('\'', "''");
    database.as_superuser(&format!(
        "BEGIN; SET LOCAL ROLE {role}; SET LOCAL request.jwt.claims = '{claims}'; {sql}; COMMIT"
    ))
}

fn claims(sites: &str) -> String {
    format!(
        r#"{{"sub":"11111111-2222-3333-4444-555555555555","role":"authenticated","app_metadata":{{"sites":{sites}}},
            "user_metadata":{{"sites":["other"]}}}}"#
    )
}

/// A row of the site in each table. Foreign keys are satisfied by the order of the tables.
async fn fill(database: &Database, store: &PostgresStore, site: &str) {
    store.ensure_site(site).await.expect("a site");
    // Values of the right type for columns that must have one, but the site.
    let sql = format!(
        "DO $$ DECLARE name text; sql text; BEGIN \
         SET LOCAL session_replication_role = replica; \
         FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' \
             AND tablename NOT IN ('sites', 'lotbook_schema') AND tablename NOT LIKE 'office%' LOOP \
             SELECT format('INSERT INTO %I (%s) VALUES (%s)', name, string_agg(quote_ident(attname), ', '), \
                 string_agg(CASE WHEN attname = 'site' THEN quote_literal('{site}') \
                     WHEN atttypid = 'text'::regtype THEN quote_literal('x') \
                     WHEN atttypid = 'uuid'::regtype THEN 'gen_random_uuid()' \
                     WHEN atttypid = 'bytea'::regtype THEN quote_literal('x') \
                     WHEN atttypid = 'boolean'::regtype THEN 'true' ELSE '1' END, ', ')) INTO sql \
             FROM pg_attribute WHERE attrelid = name::regclass AND attnum > 0 AND attnotnull; \
             EXECUTE sql; \
         END LOOP; END $$"
    );
    database.as_superuser(&sql).expect("a row in each table");
}

fn tables(database: &Database) -> Vec<String> {
    database.as_superuser(TABLES).expect("tables").lines().map(str::to_owned).collect()
}

/// The sites whose rows a role reads, by table; none of a table that it may not read.
fn readable(database: &Database, role: &str, claims: &str) -> BTreeMap<String, Option<String>> {
    let read = |table: String| {
        let sites = if table == "lotbook_schema" || table.starts_with("office_") {
            "count(*)"
        } else {
            "string_agg(DISTINCT site, ',' ORDER BY site)"
        };
        let found = as_role(database, role, claims, &format!("SELECT {sites} FROM {table}"));
        if let Err(error) = &found {
            assert!(error.to_string().contains("permission denied"), "{table}: {error}");
        }
        (table, found.ok())
    };
    tables(database).into_iter().map(read).collect()
}

async fn project() -> (Postgres, Database, PostgresStore) {
    let postgres = Postgres::start().expect("PostgreSQL");
    let database = postgres.pooled_database().expect("a database");
    database.as_superuser(ROLES).expect("the roles of Supabase");
    database.as_superuser(DEFAULTS).expect("the privileges of Supabase");
    let store = PostgresStore::open(database.url()).await.expect("a store");
    (postgres, database, store)
}

fn claim() -> ClaimPath {
    DEFAULT_CLAIM.parse().expect("a path")
}

#[tokio::test]
async fn clients_of_supabase_read_their_sites_and_nothing_else() {
    let (_postgres, database, store) = project().await;
    for site in ["mine", "other", "third"] {
        fill(&database, &store, site).await;
    }
    let nobody = "{}";
    // Before the policies, from the first moment on.
    for role in ["anon", "authenticated"] {
        let all = readable(&database, role, &claims(r#"["mine"]"#));
        assert_eq!(all.len(), 31);
        assert!(all.values().all(Option::is_none), "{role}: {all:?}");
    }
    // It can be applied again.
    for _ in 0..2 {
        store.apply_policies(&claim()).await.expect("policies");
    }
    for (sites, expected) in [
        (r#"["mine"]"#, "mine"),
        (r#""mine""#, "mine"),
        (r#"["mine","third","nowhere"]"#, "mine,third"),
        (r#"["mine,other"]"#, ""),
        (r#"[{"site":"mine"},["mine"],1,null]"#, ""),
        ("null", ""),
        (r#"{"mine":true}"#, ""),
        ("[]", ""),
    ] {
        for (table, found) in readable(&database, "authenticated", &claims(sites)) {
            let is_closed = CLOSED.contains(&table.as_str());
            let expected = (!is_closed).then(|| expected.to_owned());
            assert_eq!(found, expected, "{table} with {sites}");
        }
    }
    for claims in [nobody, "", r#"{"app_metadata":"mine"}"#, r#"{"sites":["mine"]}"#] {
        let all = readable(&database, "authenticated", claims);
        assert!(all.values().flatten().all(String::is_empty), "{claims}: {all:?}");
    }
    let all = readable(&database, "anon", &claims(r#"["mine"]"#));
    assert!(all.values().all(Option::is_none), "{all:?}");
    let hash = as_role(&database, "authenticated", &claims(r#"["mine"]"#), "SELECT token_hash FROM devices");
    assert!(hash.expect_err("the hash of a token").to_string().contains("permission denied"));
    assert_eq!(store.sites().await.expect("the server reads all").len(), 3);
}

#[tokio::test]
async fn clients_of_supabase_write_nothing() {
    let (_postgres, database, store) = project().await;
    fill(&database, &store, "mine").await;
    store.apply_policies(&claim()).await.expect("policies");
    for table in tables(&database) {
        let first = "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND ordinal_position = 1";
        let column = database.as_superuser(&format!("{first} AND table_name = '{table}'")).expect("a column");
        for role in ["anon", "authenticated"] {
            for sql in [
                format!("DELETE FROM {table}"),
                format!("TRUNCATE {table} CASCADE"),
                format!("INSERT INTO {table} DEFAULT VALUES"),
                format!("CREATE POLICY mine ON {table} USING (true)"),
                format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"),
                format!("UPDATE {table} SET {column} = DEFAULT"),
            ] {
                let refused =
                    as_role(&database, role, &claims(r#"["mine"]"#), &sql).expect_err(&sql).to_string();
                assert!(
                    refused.contains("permission denied") || refused.contains("must be owner"),
                    "{role}, {sql}: {refused}"
                );
            }
        }
    }
}

#[tokio::test]
async fn another_claim_can_be_named_and_tables_of_later_versions_are_closed() {
    let (_postgres, database, store) = project().await;
    fill(&database, &store, "mine").await;
    store.apply_policies(&claim()).await.expect("policies");
    store.apply_policies(&"app_metadata.lotbook.site".parse().expect("a path")).await.expect("policies");
    let claims = r#"{"app_metadata":{"sites":["mine"],"lotbook":{"site":"mine"}}}"#;
    assert_eq!(
        as_role(&database, "authenticated", claims, "SELECT site FROM products").expect("rows"),
        "mine"
    );
    let old = r#"{"app_metadata":{"sites":["mine"]}}"#;
    assert_eq!(as_role(&database, "authenticated", old, "SELECT site FROM products").expect("rows"), "");
    // Tables that were made before the roles, or by a migration that makes new ones, are closed by the command as well.
    database
        .as_superuser("ALTER TABLE clients DISABLE ROW LEVEL SECURITY; GRANT ALL ON clients TO anon")
        .expect("an open table");
    store.apply_policies(&claim()).await.expect("policies");
    assert_eq!(readable(&database, "anon", old)["clients"], None);
}

#[tokio::test]
async fn other_databases_are_left_alone() {
    let database = Postgres::shared().expect("PostgreSQL").database().expect("a database");
    let store = PostgresStore::open(database.url()).await.expect("a store");
    let secured = "SELECT count(*) FROM pg_class WHERE relrowsecurity";
    assert_eq!(database.as_superuser(secured).expect("a count"), "0");
    let refused = store.apply_policies(&claim()).await.expect_err("no roles");
    assert!(matches!(&refused, StoreFault::Invalid { code: "no_supabase", .. }), "{refused:?}");
    assert_eq!(database.as_superuser(secured).expect("a count"), "0");
}
