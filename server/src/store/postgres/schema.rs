//! The migrations of the tables.

use deadpool_postgres::PoolError;
use tokio_postgres::{Client, Error};

use super::super::StoreFault;
use super::fault::described;
use super::policies;
use super::pool::Pool;

/// Each migration upgrades the tables from the version of its index to the next. Released ones never change.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("../../../migrations/postgres/0001_warehouse.sql"),
    include_str!("../../../migrations/postgres/0002_ledger_months.sql"),
    include_str!("../../../migrations/postgres/0003_lighter_writes.sql"),
    include_str!("../../../migrations/postgres/0004_api.sql"),
    include_str!("../../../migrations/postgres/0005_webhooks.sql"),
    include_str!("../../../migrations/postgres/0006_office.sql"),
    include_str!("../../../migrations/postgres/0007_people.sql"),
    include_str!("../../../migrations/postgres/0008_transfers.sql"),
];

/// Held by the transaction that migrates: servers that start at once do it one after the other. Any number will do.
const MIGRATION_LOCK: i64 = 0x6c6f_7462_6f6f_6b00;
/// A large table may take a migration long, and others wait for it.
const BEGIN: &str = "BEGIN; SET LOCAL lock_timeout = '300s'; SET LOCAL statement_timeout = 0";
pub(super) const VERSIONS: &str = "CREATE TABLE IF NOT EXISTS lotbook_schema (version bigint NOT NULL PRIMARY KEY, since timestamptz NOT NULL DEFAULT now())";

/// The treatment of tables of an earlier version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Earlier {
    /// Migrate them.
    Migrate,
    /// Refuse them, but create them in an empty database.
    Refuse,
    /// Refuse them, and an empty database.
    RefuseAll,
}

/// Checks the version of the tables, and migrates them if that is wanted.
pub(super) async fn open(pool: &Pool, earlier: Earlier) -> Result<(), StoreFault> {
    let unusable = |error: &dyn std::fmt::Display| unusable(&pool.name, error);
    let client = pool.connect().await.map_err(|error| match error {
        PoolError::Backend(error) => unusable(&described(&error)),
        PoolError::Timeout(_)
        | PoolError::Closed
        | PoolError::NoRuntimeSpecified
        | PoolError::PostCreateHook(_) => unusable(&error),
    })?;
    let failed = |error: Error| unusable(&described(&error));
    let version = version(&client).await.map_err(failed)?;
    refuse_newer(version, &pool.name)?;
    if version == newest() {
        return Ok(());
    }
    match earlier {
        Earlier::Refuse if version == 0 => {}
        Earlier::Migrate => {}
        Earlier::Refuse | Earlier::RefuseAll => return Err(refused(version, &pool.name)),
    }
    match migrate(&client, earlier, &pool.name).await {
        Ok(()) => Ok(()),
        Err(fault) => {
            // The connection may be in the failed transaction.
            drop(deadpool_postgres::Object::take(client));
            Err(fault)
        }
    }
}

async fn migrate(client: &Client, earlier: Earlier, name: &str) -> Result<(), StoreFault> {
    let failed = |error: Error| unusable(name, &described(&error));
    let lock = format!("{BEGIN}; SELECT pg_advisory_xact_lock({MIGRATION_LOCK}); {VERSIONS}");
    client.batch_execute(&lock).await.map_err(failed)?;
    // Another server may have migrated them meanwhile.
    let from = version(client).await.map_err(failed)?;
    refuse_newer(from, name)?;
    if earlier == Earlier::Refuse && from > 0 && from < newest() {
        return Err(refused(from, name));
    }
    for (migration, to) in MIGRATIONS.iter().zip(1_i64..).filter(|(_, to)| *to > from) {
        client.batch_execute(migration).await.map_err(failed)?;
        let sql = format!("INSERT INTO lotbook_schema (version) VALUES ({to})");
        client.batch_execute(&sql).await.map_err(failed)?;
    }
    client.batch_execute(policies::CLOSED).await.map_err(failed)?;
    client.batch_execute("COMMIT").await.map_err(failed)
}

/// The version of the tables; 0 if there are none.
async fn version(client: &Client) -> Result<i64, Error> {
    let known = client.query_typed("SELECT to_regclass('lotbook_schema') IS NOT NULL", &[]).await?;
    if !known.first().map(|row| row.try_get(0)).transpose()?.unwrap_or(false) {
        return Ok(0);
    }
    let found = client.query_typed("SELECT coalesce(max(version), 0) FROM lotbook_schema", &[]).await?;
    Ok(found.first().map(|row| row.try_get(0)).transpose()?.unwrap_or(0))
}

/// The version that this build writes.
fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

fn refuse_newer(version: i64, name: &str) -> Result<(), StoreFault> {
    if version <= newest() {
        return Ok(());
    }
    let message = format!(
        "The database {name} was written by a newer lotbook-server (version {version} of its tables; this one knows {}). \
         Use the newer one.",
        newest()
    );
    Err(StoreFault::invalid("newer_database", message))
}

fn refused(version: i64, name: &str) -> StoreFault {
    let message = if version == 0 {
        format!(
            "The database {name} is empty. Start `serve` once, or import something: it creates the tables."
        )
    } else {
        format!(
            "The database {name} has the tables of an earlier lotbook-server (version {version}; this one writes {}). Back \
             it up, then start `serve` once: it upgrades the database.",
            newest()
        )
    };
    StoreFault::invalid("earlier_database", message)
}

pub(super) fn unusable(name: &str, error: &dyn std::fmt::Display) -> StoreFault {
    let message = format!(
        "The database {name} cannot be used: {error}. Check the URL, the password, and whether the server runs."
    );
    StoreFault::invalid("bad_database", message)
}
