//! The command `migrate-from`: its options and what it prints.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::Args;
use indicatif::ProgressBar;
use server::database::Database;
use server::database_lock::DatabaseLock;
use server::store::moving::move_to;
use server::store::postgres::PostgresStore;

use crate::database_args::DatabaseArgs;
use crate::grouped;

#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    /// The SQLite file; its server must be stopped
    file: PathBuf,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(crate) async fn run(args: &MigrateArgs) -> Result<()> {
    let MigrateArgs { file, database } = args;
    let Database::Postgres(url) = database.database()? else {
        bail!(
            "{} is a file. Name a PostgreSQL database: --database postgres://user@host/database",
            database.database()?
        );
    };
    Database::File(file.clone()).check_exists()?;
    let _lock = DatabaseLock::take(file)?;
    let store = PostgresStore::open_current(url).await?;
    let progress = ProgressBar::new_spinner();
    let shown = progress.clone();
    let on_table = Arc::new(move |table: &str, rows: u64| {
        shown.set_message(format!("{table}: {} rows", grouped(rows)));
        shown.tick();
    });
    let moved = move_to(&store, file, on_table).await;
    progress.finish_and_clear();
    let rows: u64 = moved?.iter().map(|(_, rows)| rows).sum();
    println!("Moved {} rows of {} and compared each.", grouped(rows), file.display());
    println!(
        "Start `serve` on the new database, under the same address: devices go on as if nothing had happened."
    );
    println!("Keep the file until you have a backup of the new database, and never serve it again.");
    Ok(())
}
