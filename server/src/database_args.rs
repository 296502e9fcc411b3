//! The option for the database.

use anyhow::{Context as _, Result};
use clap::Args;
use server::database::Database;

#[derive(Debug, Args)]
pub(crate) struct DatabaseArgs {
    /// The SQLite file, which is created if missing, or the URL of a PostgreSQL database: postgres://user@host/database. The
    /// environment variable DATABASE_URL does as well, and keeps a password out of the list of processes
    #[arg(long, env = "LOTBOOK_DATABASE", hide_env_values = true, value_name = "FILE_OR_URL")]
    database: Option<Database>,
    #[arg(long, env = "DATABASE_URL", hide = true, hide_env_values = true)]
    database_url: Option<Database>,
}

impl DatabaseArgs {
    pub(crate) fn database(&self) -> Result<&Database> {
        self.database.as_ref().or(self.database_url.as_ref()).context(
            "No database is named. Add --database FILE_OR_URL, set LOTBOOK_DATABASE or DATABASE_URL, or name it in the file of \
             --config.",
        )
    }
}
